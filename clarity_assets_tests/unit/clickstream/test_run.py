"""From landed events to marts: what is behind is made, late events remake what rests on them, one failure stays alone."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from click.testing import CliRunner

from clarity_assets.cli.clickstream import clickstream
from clarity_assets.clickstream import run as running
from clarity_assets.clickstream.behind import find_behind
from clarity_assets.clickstream.computing import compute
from clarity_assets.clickstream.engines.choose import open_engine
from clarity_assets.clickstream.modules.registry import MODULES
from clarity_assets.clickstream.run import run_clickstream
from clarity_assets.clickstream.sessions.build import build_sessions, build_sessions_before, session_days_behind
from clarity_assets.clickstream.status import read_clickstream_status
from clarity_assets.errors import RequestRefused
from clarity_assets.settings import Settings, load_settings
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets_tests.fixtures.clickstream import event_rows, land

MONDAY = date(2026, 10, 5)
DAILY = [name for name, module in MODULES.items() if module.every == "day"]
SITE = "marts.fct_clickstream_site_daily"


@pytest.fixture
def settings(tmp_path) -> Settings:
    return load_settings(
        warehouse=tmp_path / "clarity.duckdb", project_id="shop", now=datetime(2026, 11, 2, 6, tzinfo=UTC),
        first_date=date(2026, 10, 1),
    )  # fmt: skip


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 10, 5, hour, minute) + timedelta(days=day)


def visit(visitor: int, day: int, hour: int) -> list[dict]:
    """A look, a cart, a purchase within ten minutes."""
    shared = {"visitor_id": visitor, "product_id": "lamp", "price": 20.0}
    return [
        {"visitor_id": visitor, "event_at": at(day, hour), "page": "shop.example/"},
        {"event_at": at(day, hour, 2), "event_type": "view"} | shared,
        {"event_at": at(day, hour, 4), "event_type": "cart"} | shared,
        {"event_at": at(day, hour, 8), "event_type": "purchase", "order_id": f"o{visitor}{day}"} | shared,
    ]


def days_of_visits(days: int) -> list[dict]:
    return [row for day in range(days) for visitor in range(1, 4) for row in visit(visitor, day, 8 + visitor)]


def tables(settings: Settings) -> dict[str, list[tuple]]:
    """Every row of every mart of the clickstream."""
    with open_warehouse(settings.warehouse) as con:
        return {
            table: con.execute(f"from {table} order by all").fetchall()
            for module in MODULES.values()
            for table in module.models
            if con.execute(
                "select 1 from duckdb_tables() where schema_name || '.' || table_name = ?", [table]
            ).fetchall()
        }


def behind(settings: Settings) -> tuple[list[date], list[date]]:
    found = find_behind(settings, first=settings.first_date)
    return list(found.days), list(found.weeks)


def test_without_events_nothing_is_behind_and_a_run_says_what_to_do(settings):
    assert behind(settings) == ([], [])
    with pytest.raises(RequestRefused, match="clarity-assets ingest"):
        run_clickstream(settings)


def test_an_unknown_analysis_is_refused_with_the_names_of_all(settings):
    land(settings, event_rows(days_of_visits(1)))
    with pytest.raises(RequestRefused, match="'cart' is no analysis; there are traffic, carts"):
        run_clickstream(settings, modules=["cart"])


def test_a_run_makes_what_is_behind_and_the_next_one_nothing(settings):
    land(settings, event_rows(days_of_visits(2)))
    assert behind(settings)[0] == [MONDAY, date(2026, 10, 6)]
    done = run_clickstream(settings, modules=DAILY)
    assert {result.module.name: (result.error, result.days) for result in done.results} == {
        name: ("", 2) for name in DAILY
    }
    with open_warehouse(settings.warehouse) as con:
        rows = con.execute(f"select date, sessions, conversions, revenue from {SITE} order by date").fetchall()
    assert rows == [(MONDAY, 3, 3, 60.0), (date(2026, 10, 6), 3, 3, 60.0)]
    assert [result.days for result in run_clickstream(settings, modules=DAILY).results] == [0, 0, 0]
    assert behind(settings)[0] == []


def test_weeks_are_told_once_the_days_are_made_and_only_whole_ones(settings):
    land(settings, event_rows(days_of_visits(9)))  # a week and two days
    assert behind(settings)[1] == []
    run_clickstream(settings, modules=DAILY)
    assert behind(settings) == ([], [MONDAY, date(2026, 10, 12)])
    running_week = replace_clock(settings, datetime(2026, 10, 9, tzinfo=UTC))
    assert MONDAY not in behind(running_week)[1]


def replace_clock(settings: Settings, now: datetime) -> Settings:
    return settings.model_copy(update={"now": now})


def test_the_day_that_is_not_over_is_left_to_the_next_one(settings):
    land(settings, event_rows(days_of_visits(2)))
    today = replace_clock(settings, datetime(2026, 10, 6, 12, tzinfo=UTC))
    assert behind(today)[0] == [MONDAY]


def test_events_before_the_first_partition_are_named_and_left(settings):
    land(settings, event_rows(days_of_visits(1)))
    assert behind(settings)[0] == [MONDAY]
    later = settings.model_copy(update={"first_date": date(2026, 10, 20)})
    found = find_behind(later, first=later.first_date)
    assert found.days == ()
    assert "2026-10-20 are left to `clickstream run`" in found.told


def test_sessions_before_the_first_partition_are_made_with_it_and_weeks_wait_for_them(settings):
    land(settings, event_rows(days_of_visits(9)))
    first = date(2026, 10, 12)
    later = settings.model_copy(update={"first_date": first})
    run_clickstream(later, modules=DAILY)
    assert behind(later) == ([], [first])
    with open_warehouse(later.warehouse) as con:
        con.execute("delete from ops.clickstream_session_day where date < ?", [first])
    assert behind(later) == ([first], [])
    build_sessions_before(later, first)
    with open_warehouse(later.warehouse) as con:
        assert session_days_behind(con, later) == []
    build_sessions_before(later, first)  # nothing is behind: nothing is done


def test_a_week_that_is_made_by_its_days_rests_on_all_its_sessions(settings):
    """A visitor of the Monday and the Saturday, and only the Thursday is asked for."""
    land(settings, event_rows([*visit(1, 0, 9), *visit(2, 3, 9), *visit(1, 5, 9)]))
    run_clickstream(settings, modules=["cohorts"], start=date(2026, 10, 8), end=date(2026, 10, 9))
    asked = tables(settings)
    run_clickstream(settings, modules=["cohorts"])
    assert tables(settings) == asked
    with open_warehouse(settings.warehouse) as con:
        recency = con.execute("select days_since_last_visit from marts.fct_clickstream_recency_weekly order by all")
        assert recency.fetchall() == [(1,), (3,)]


def test_late_events_remake_their_days_and_end_as_if_they_had_been_there_at_once(settings, tmp_path):
    rows = days_of_visits(3)
    late = [{"visitor_id": 9, "event_at": at(1, 23, 50)}, {"visitor_id": 1, "event_at": at(1, 9, 30)}]
    land(settings, event_rows(rows))
    run_clickstream(settings, modules=DAILY)
    land(settings, event_rows(rows + late))
    assert behind(settings)[0] == [MONDAY, date(2026, 10, 6), date(2026, 10, 7)]
    run_clickstream(settings, modules=DAILY)
    whole = settings.model_copy(update={"warehouse": tmp_path / "whole" / "clarity.duckdb"})
    whole.warehouse.parent.mkdir()
    land(whole, event_rows(rows + late))
    run_clickstream(whole, modules=DAILY)
    assert tables(settings) == tables(whole)
    assert any(row[2] == 4 for row in tables(settings)[SITE])


def test_given_days_are_made_again_behind_or_not(settings):
    land(settings, event_rows(days_of_visits(2)))
    run_clickstream(settings, modules=["traffic"])
    done = run_clickstream(settings, modules=["traffic"], start=MONDAY, end=MONDAY + timedelta(days=1))
    assert [result.days for result in done.results] == [1]


def test_a_week_that_is_not_over_is_left_though_it_is_asked_for(settings):
    land(settings, event_rows(days_of_visits(9)))
    midweek = replace_clock(settings, datetime(2026, 10, 13, 12, tzinfo=UTC))
    days = {"start": MONDAY, "end": date(2026, 10, 14)}
    done = run_clickstream(midweek, modules=["traffic", "segments"], **days)
    assert [(result.days, result.left_week) for result in done.results] == [(9, None), (1, date(2026, 10, 12))]
    with open_warehouse(settings.warehouse) as con:
        weeks = con.execute("select date from ops.clickstream_built where module = 'segments'").fetchall()
    assert weeks == [(MONDAY,)]
    [over] = run_clickstream(settings, modules=["segments"], **days).results
    assert (over.days, over.left_week) == (2, None)


def test_the_command_says_which_week_is_left(settings):
    land(settings, event_rows(days_of_visits(9)))
    environment = {
        "CLARITY_PROJECT_ID": "shop", "CLARITY_WAREHOUSE": f"{settings.warehouse}",
        "CLICKSTREAM_FOLDER": f"{settings.events_folder}", "CLARITY_NOW": "2026-10-13T12:00:00Z",
    }  # fmt: skip

    def said(first: str) -> str:
        arguments = ["run", "--module", "segments", "--from", first, "--to", "2026-10-13"]
        found = CliRunner().invoke(clickstream, arguments, env=environment, catch_exceptions=False)
        assert found.exit_code == 0
        return " ".join(found.output.split())

    left = "the week of 2026-10-12 is left: it is not over"
    assert said("2026-10-05").endswith(f"done; {left}")
    nothing = said("2026-10-12")
    assert nothing.endswith(left)
    assert "done" not in nothing


def test_one_analysis_that_fails_is_told_and_the_others_are_made(settings):
    land(settings, event_rows(days_of_visits(1)))

    def breaks(run):
        raise ValueError("no such thing")

    build_sessions(settings, start=MONDAY, end=MONDAY + timedelta(days=1))
    days = ([MONDAY], MONDAY, MONDAY + timedelta(days=1), settings)
    with open_engine(settings) as engine:
        broken = running._result(engine, replace(MODULES["carts"], compute=breaks), *days)
        whole = running._result(engine, MODULES["traffic"], *days)
    assert (broken.error, broken.rows) == ("ValueError: no such thing", {})
    assert (whole.error, whole.rows[SITE]) == ("", 1)


def test_what_failed_half_way_is_still_behind(settings):
    land(settings, event_rows(days_of_visits(1)))
    build_sessions(settings, start=MONDAY - timedelta(days=1), end=MONDAY + timedelta(days=2))

    def wrong_columns(run):
        rows = MODULES["traffic"].compute(run)
        rows[SITE] = rows[SITE].drop(["events"])
        return rows

    with open_engine(settings) as engine, pytest.raises(Exception, match="the contract has"):
        compute(engine, replace(MODULES["traffic"], compute=wrong_columns), start=MONDAY,
                end=MONDAY + timedelta(days=1), settings=settings)  # fmt: skip
    assert MONDAY in behind(settings)[0]


def test_every_analysis_runs_on_one_event_of_one_visitor(settings):
    land(settings, event_rows([{"visitor_id": 1, "event_at": at(0, 10)}]))
    done = run_clickstream(settings)
    assert [(result.module.name, result.error) for result in done.results] == [(name, "") for name in MODULES]


def test_every_analysis_runs_where_all_are_bots(settings):
    rows = [row | {"is_bot": True} for row in days_of_visits(7)]
    land(settings, event_rows(rows))
    done = run_clickstream(settings)
    assert [(result.module.name, result.error) for result in done.results] == [(name, "") for name in MODULES]
    with open_warehouse(settings.warehouse) as con:
        [(people, bots)] = con.execute(f"select sum(sessions), sum(bot_sessions) from {SITE}").fetchall()
    assert (people, bots) == (0, 21)


def test_the_state_tells_events_sessions_and_how_far_each_analysis_is(settings):
    assert read_clickstream_status(settings).first is None
    land(settings, event_rows(days_of_visits(2)))
    run_clickstream(settings, modules=["traffic"])
    known = read_clickstream_status(settings)
    assert (known.first, known.last, known.days, known.events, known.sessions) == (
        MONDAY, date(2026, 10, 6), 2, 24, 6,
    )  # fmt: skip
    states = {state.name: state for state in known.modules}
    assert (states["traffic"].newest, states["traffic"].behind, states["traffic"].engine) == (
        date(2026, 10, 6), 0, "duckdb",
    )  # fmt: skip
    assert (states["carts"].newest, states["carts"].behind) == (None, 2)


def test_a_changed_setting_of_an_analysis_makes_its_days_behind(settings):
    land(settings, event_rows(days_of_visits(1)))
    run_clickstream(settings, modules=DAILY)
    other = settings.model_copy(update={"clickstream_funnel_window_h": 12.0})
    assert MONDAY in behind(other)[0]
    where = settings.model_copy(update={"clickstream_spark_url": "local[1]"})  # says where, not what
    assert behind(where)[0] == []
