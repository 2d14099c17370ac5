"""Facts in, the summary out: what it says where nothing is known, where all are bots, of gaps, checks and the forecast."""

from datetime import UTC, date, datetime, timedelta

import pytest

from clarity_assets.project_models import ensure_project
from clarity_assets.quality.results import TABLE, ensure_results
from clarity_assets.reports.changes import ENGAGED, WIDE
from clarity_assets.reports.document import Report, Table
from clarity_assets.reports.figures import Figure
from clarity_assets.reports.make import make_reports
from clarity_assets.reports.measures import MEASURES
from clarity_assets.reports.period import Period
from clarity_assets.reports.rendering.text import render_text
from clarity_assets.reports.rendering.texts import sentence_text
from clarity_assets.reports.ux.findings import MEANS
from clarity_assets.settings import load_settings
from clarity_assets_tests.sql.by_hand import PROJECT, build, day, insert, page_day, site_day, warehouse

MONDAY = date(2026, 10, 5)
WEEK = Period.week(MONDAY)


def summary(con, *, period: Period = WEEK, now: datetime = datetime(2026, 10, 12, 8, tzinfo=UTC), **settings) -> Report:
    settings = load_settings(project_id=PROJECT, now=now, first_date=date(2026, 1, 1), **settings)
    ensure_project(con, settings)
    build(con, period.start - timedelta(days=28), period.end)
    return make_reports(con, settings=settings, period=period, kinds=("summary",))["summary"]


def said(report: Report) -> str:
    return " ".join(sentence_text(sentence) for sentence in report.lead)


def table(report: Report, name: str) -> Table:
    [found] = [b for section in report.sections for b in section.blocks if isinstance(b, Table) and b.name == name]
    return found


@pytest.fixture
def con():
    with warehouse() as con:
        yield con


def test_where_nothing_is_known_nothing_is_claimed(con):
    report = summary(con)
    assert said(report) == "Nothing is known of this week: 0 of 7 days have figures."
    text = render_text(report)
    assert "Nothing can be told" in text
    for claim in ("Nothing stands out", "No page", "No day is missing"):
        assert claim not in text


def test_a_single_day_is_told_as_one(con):
    one = Period.span(MONDAY, MONDAY)
    assert said(summary(con, period=one)) == "Nothing is known of this day."
    site_day(con, MONDAY, sessions=120)
    assert said(summary(con, period=one)) == "120 sessions on 1 day. Nothing stands out that would call for action."


def test_lost_days_are_named_first_and_in_the_table_of_gaps(con):
    for i in range(7):
        if i == 2:
            day(con, MONDAY + timedelta(days=2), status="lost", cause="500 on every call")
        else:
            site_day(con, MONDAY + timedelta(days=i), sessions=100)
    report = summary(con)
    assert "600 sessions on 6 of 7 days." in said(report)
    assert "Wed 7 Oct is missing from every number here." in said(report)
    [gap] = [row for row in table(report, "data_gaps").rows if row[0] == "base"]
    assert (gap[1].text, gap[3], gap[4].text) == ("Wed 7 Oct", "lost", "500 on every call")


def test_a_week_of_bots_says_so_first(con):
    for i in range(7):
        site_day(con, MONDAY + timedelta(days=i), sessions=0, bot_sessions=40)
    report = summary(con)
    assert "0 sessions on 7 of 7 days; 100.0 % (" in said(report)
    assert "of all sessions were bots." in said(report)
    assert "HIGH" not in said(report)


def test_the_newest_day_is_fresh_only_beside_the_hour_of_the_report(con):
    for i in range(7):
        site_day(con, MONDAY + timedelta(days=i), sessions=100)

    def told(now: datetime) -> tuple[str, str]:
        [row] = [r for r in table(summary(con, now=now), "data_measures").rows if r[0] == "Newest day known"]
        return row[1].text, row[2]

    assert told(datetime(2026, 10, 12, 8, tzinfo=UTC)) == ("Sun 11 Oct 2026", "as of this report, up to date")
    assert told(datetime(2026, 11, 20, 8, tzinfo=UTC))[1] == "not up to date: see clarity-assets status"


def failed(con, *, examples: str, failing_rows: int) -> None:
    ensure_results(con)
    insert(con, TABLE, checked_at=datetime(2026, 10, 12), table_name="marts.fct_site_daily", check_name="day_is_known",
           severity="warn", outcome="failed", partition_start=date(2026, 9, 1), partition_end=date(2026, 10, 12),
           rows_checked=41, failing_rows=failing_rows, examples=examples)  # fmt: skip


@pytest.mark.parametrize(
    ("examples", "failing_rows", "is_shown"),
    [
        ('[{"project_id": "shop", "date": "2026-10-07"}]', 1, True),
        ('[{"project_id": "shop", "date": "2026-09-07"}]', 1, False),  # another week's
        ('[{"project_id": "other", "date": "2026-10-07"}]', 1, False),
        ('[{"project_id": "shop", "date": "2026-09-07"}]', 9, True),  # the other eight may be this week's
    ],
)
def test_a_failed_check_is_shown_unless_its_rows_are_of_other_days_or_projects(con, examples, failing_rows, is_shown):
    failed(con, examples=examples, failing_rows=failing_rows)
    rows = table(summary(con), "data_checks").rows
    assert [row[1] for row in rows] == (["day_is_known"] if is_shown else [])


def test_a_number_has_one_value_however_often_it_is_told(con):
    for i in range(-28, 7):
        site_day(con, MONDAY + timedelta(days=i), sessions=900 + 30 * (i % 7), bot_sessions=20, total_time_s=60.0)
        page_day(con, MONDAY + timedelta(days=i), "shop.example/", "PC", sessions=500)
    report = summary(con)
    values: dict[str, set] = {}
    for figure in _all_figures(report):
        if figure.source:
            values.setdefault(figure.id, set()).add(figure.value)
    assert {number: found for number, found in values.items() if len(found) > 1} == {}
    [days] = [b for section in report.sections for b in section.blocks if b.name == "outlook_days"]
    assert len(days.rows) == 14
    assert all(row[1].low < row[1].value < row[1].high for row in days.rows)


def _all_figures(thing: object) -> list[Figure]:
    if isinstance(thing, Figure):
        return [thing]
    if isinstance(thing, dict):
        return [figure for value in thing.values() for figure in _all_figures(value)]
    if isinstance(thing, tuple):
        return [figure for value in thing for figure in _all_figures(value)]
    if hasattr(thing, "__dataclass_fields__"):
        return [figure for name in thing.__dataclass_fields__ for figure in _all_figures(getattr(thing, name))]
    return []


def test_every_mean_that_is_compared_has_words_for_its_changes():
    means = {name for name in (*WIDE, *ENGAGED) if MEASURES[name].kind == "mean"}
    assert means <= set(MEANS)
