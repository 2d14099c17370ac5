"""The real marts on landing rows written by hand: the numbers are worked out here."""

import random
from datetime import date, timedelta
from itertools import product

import pytest

from clarity_assets.clarity.columns import SIGNALS
from clarity_assets.clarity.requests import STANDARD_REQUESTS
from clarity_assets.project_models import ROOT, read_requests
from clarity_assets_tests.sql.by_hand import (
    MODELS,
    PROJECT,
    build,
    day,
    landed,
    page_day,
    rows,
    site_day,
    sql_files,
    warehouse,
)

DAY = date(2026, 10, 5)
NEXT = DAY + timedelta(days=1)
END = DAY + timedelta(days=7)


@pytest.fixture
def con():
    with warehouse() as con:
        yield con


def test_every_mart_begins_with_its_grain_and_lists_its_columns():
    for file in sql_files():
        text = file.read_text()
        assert text.startswith("-- Grain: one row per ")
        if file.is_relative_to(ROOT / "marts"):
            assert "select *" not in text[text.rindex("\nselect") :]


def test_an_empty_warehouse_gives_empty_marts(con):
    written = build(con, DAY, END)
    of_rules = {table for table in written if table.startswith("seeds.")} | {"marts.dim_channel"}
    assert {table for table, count in written.items() if count} == of_rules


def test_a_known_day_has_its_status_and_all_figures_of_the_site(con):
    day(con, DAY, status="derived", coverage=0.96, method="rolled_up", cause="own request: never asked")
    day(con, DAY, request="url_device", status="lost", cause="never asked")
    landed(con, "clarity_base", DAY, status="derived", sessions=200, bot_sessions=20, total_time_s=90.5,
           active_time_s=40.0, scroll_depth_pct=55.0, pages_per_session=2.5,
           rage_click_count=12, rage_click_pageviews=6, rage_click_sessions=5)  # fmt: skip
    build(con, DAY, NEXT)
    [row] = rows(con, "select * from marts.fct_site_daily")
    expected = {
        "project_id": PROJECT, "date": DAY, "status": "derived", "method": "rolled_up", "coverage": 0.96,
        "cause": "own request: never asked", "is_truncated": False, "sessions": 200, "bot_sessions": 20,
        "visitors": None, "pages_per_session": 2.5, "total_time_s": 90.5, "active_time_s": 40.0,
        "scroll_depth_pct": 55.0, "rage_click_count": 12, "rage_click_pageviews": 6, "rage_click_sessions": 5,
        "dead_click_count": 0, "page_status": "lost", "page_coverage": 0.0, "page_cause": "never asked",
        "page_row_count": 0,
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


def test_lost_and_pending_days_have_a_row_with_their_cause_and_no_figures(con):
    day(con, DAY, status="lost", cause="ServerFailed: HTTP 500")
    day(con, NEXT, status="pending", cause="not asked yet")
    build(con, DAY, END)
    found = rows(con, "select * from marts.fct_site_daily order by date")
    assert [(r["date"], r["status"], r["cause"], r["coverage"]) for r in found] == [
        (DAY, "lost", "ServerFailed: HTTP 500", 0.0),
        (NEXT, "pending", "not asked yet", 0.0),
    ]
    figures = [n for n in found[0] if n.endswith(("sessions", "count", "pageviews")) and n != "page_row_count"]
    assert {row[name] for row in found for name in [*figures, "visitors", "total_time_s"]} == {None}


def test_other_requests_days_make_no_row_of_the_site(con):
    day(con, DAY, request="url_device")
    day(con, DAY, request="country")
    assert build(con, DAY, NEXT)["marts.fct_site_daily"] == 0


def test_projects_are_kept_apart(con):
    site_day(con, DAY, sessions=10)
    other = {"project_id": "other", "date": DAY, "status": "measured"}
    con.execute("insert into ops.clarity_day by name select $project_id as project_id, 'base' as request, "
                "$date as date, $status as status", other)  # fmt: skip
    landed(con, "clarity_base", DAY, project_id="other", sessions=3)
    build(con, DAY, NEXT)
    assert rows(con, "select project_id, sessions from marts.fct_site_daily order by sessions") == [
        {"project_id": "other", "sessions": 3},
        {"project_id": PROJECT, "sessions": 10},
    ]


def test_each_page_and_device_has_one_row_a_signal_with_its_own_figures(con):
    figures = {}
    for i, signal in enumerate(SIGNALS, start=1):
        figures |= {f"{signal}_count": 100 * i, f"{signal}_pageviews": 10 * i, f"{signal}_sessions": i}
    page_day(con, DAY, "/checkout", "Mobile", sessions=50, **figures)
    build(con, DAY, NEXT)
    found = rows(
        con, "select signal, count, signal_pageviews, affected_sessions, sessions from marts.fct_frustration_daily"
    )
    assert {tuple(row.values()) for row in found} == {
        ("dead_click", 100, 10, 1, 50),
        ("rage_click", 200, 20, 2, 50),
        ("quick_back", 300, 30, 3, 50),
        ("excessive_scroll", 400, 40, 4, 50),
        ("script_error", 500, 50, 5, 50),
        ("error_click", 600, 60, 6, 50),
    }


def test_none_is_zero_unknown_is_null_and_flags_are_carried(con):
    page_day(con, DAY, None, "PC", sessions=None, dead_click_count=None, status="derived", is_truncated=True,
             sessions_is_upper_bound=True)  # fmt: skip
    build(con, DAY, NEXT)
    found = {r["signal"]: r for r in rows(con, "select * from marts.fct_frustration_daily where not is_remainder")}
    assert (found["dead_click"]["count"], found["rage_click"]["count"]) == (None, 0)
    expected = {"page": None, "device": "PC", "sessions": None, "status": "derived", "is_truncated": True,
                "sessions_is_upper_bound": True}  # fmt: skip
    assert {name: found["rage_click"][name] for name in expected} == expected


SOME_VALUES = {  # of each dimension; combinations of them are the keys
    "page": ("/", "/a", None), "device": ("PC", "Mobile"), "browser": ("Chrome", "Edge"), "country": ("Spain", None),
    "source": ("google", "", None), "medium": ("organic", "cpc"), "campaign": ("spring", ""), "channel": ("Direct",),
    "os": ("IOS",),
}  # fmt: skip


def _random_day(con, when: date, draw: random.Random) -> None:
    """Replace a day of every request in ops and landing, as a late answer does."""
    for request in read_requests(STANDARD_REQUESTS):
        con.execute("delete from ops.clarity_day where date = ? and request = ?", [when, request.name])
        con.execute(f"delete from {request.table} where date = ?", [when])
        status = draw.choice(["measured", "measured", "derived", "pending", "lost"])
        is_cut = bool(request.dimensions) and draw.random() < 0.3
        day(con, when, request=request.name, status=status, cause=draw.choice([None, "cut"]), is_truncated=is_cut)
        if status in ("pending", "lost"):
            continue
        for key in product(*(SOME_VALUES[column] for column in request.columns)):
            if draw.random() < 0.7 or not key:
                state = {"status": status, "is_truncated": is_cut}
                landed(con, f"clarity_{request.name}", when, **dict(zip(request.columns, key, strict=True)),
                       **_random_figures(draw), **state)  # fmt: skip


def _random_figures(draw: random.Random) -> dict:
    """Figures that are sums of halves, so that they add up exactly in any order."""
    return {
        "sessions": draw.choice([None, draw.randint(0, 99)]), "bot_sessions": draw.randint(0, 9),
        "total_time_s": draw.randint(0, 60) / 2, "pages_per_session": draw.randint(2, 8) / 2,
        "scroll_depth_pct": float(draw.randint(0, 100)), "rage_click_count": draw.choice([None, draw.randint(0, 9)]),
    }  # fmt: skip


def _tables(con) -> dict[str, list]:
    """All rows of every mart that is a table of the warehouse's own making."""
    tables = [
        table
        for table, model in MODELS.items()
        if model.layer == "marts" and not model.is_view and not model.is_by_engine
    ]
    return {table: con.execute(f"select * from {table} order by all").fetchall() for table in tables}


@pytest.mark.parametrize("seed", range(3))
def test_ranges_with_late_backfills_end_in_the_same_marts_as_one_full_run(con, seed):
    draw = random.Random(seed)
    for _ in range(8):
        start = draw.randint(0, 6)
        end = draw.randint(start + 1, 7)
        for i in range(start, end):
            _random_day(con, DAY + timedelta(days=i), draw)
        build(con, DAY + timedelta(days=start), DAY + timedelta(days=end))
    piecewise = _tables(con)
    con.execute("drop schema marts cascade")
    build(con, DAY, END)
    assert _tables(con) == piecewise
    assert all(piecewise.values())
