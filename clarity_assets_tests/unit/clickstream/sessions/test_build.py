"""Sessions in the warehouse: which days are behind, what is written and removed, and late events against all anew."""

import os
from datetime import date, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from clarity_assets.clickstream.engines.engine import EngineSql
from clarity_assets.clickstream.ingest.troubles import EventsMissing
from clarity_assets.clickstream.sessions import build
from clarity_assets.clickstream.sessions.build import BuiltSessions, build_sessions, session_days_behind
from clarity_assets.clickstream.sessions.files import open_with_sessions, session_files, step_files
from clarity_assets.clickstream.sessions.ledger import opened
from clarity_assets.clickstream.tables import SESSION_DAY_TABLE
from clarity_assets.errors import SessionsMissing
from clarity_assets.settings import Settings
from clarity_assets_tests.fixtures.clickstream import event_rows, land
from clarity_assets_tests.fixtures.engines import ENGINES
from clarity_assets_tests.unit.clickstream.sessions.streams import FIRST, visits

DAY = timedelta(days=1)
NOON = datetime(2026, 10, 2, 12)
START, END = date(2026, 10, 1), date(2026, 10, 4)


def settings_in(folder, **values) -> Settings:
    given = {"warehouse": folder / "clarity.duckdb", "project_id": "shop", "now": datetime(2026, 11, 1)}
    return Settings(_env_file=None).model_copy(update=given | values)


@pytest.fixture
def ours(tmp_path) -> Settings:
    return settings_in(tmp_path)


def behind(settings: Settings) -> list[date]:
    with opened(settings, "test") as con:
        return session_days_behind(con, settings)


def rows_of(settings: Settings, start: date = START, end: date = END) -> dict[str, list[dict]]:
    """Sessions and steps of the days, in order, as the files hold them."""
    with opened(settings, "test") as con:
        files = {of.__name__: of(con, settings, start=start, end=end) for of in (session_files, step_files)}
    return {
        kind: sorted((row for file in of_kind for row in pq.ParquetFile(file).read().to_pylist()), key=repr)
        for kind, of_kind in files.items()
    }


def recorded(settings: Settings) -> list[tuple]:
    with opened(settings, "test") as con:
        return con.execute(
            f"select date, len(session_files), len(step_files), sessions, steps, engine from {SESSION_DAY_TABLE} order by date"
        ).fetchall()


@pytest.mark.parametrize("kind", ENGINES)
def test_days_are_written_and_recorded_and_days_without_sessions_are_empty(ours, engines, kind):
    land(ours, event_rows([{"event_at": NOON, "visitor_id": n} for n in (1, 2)] + [{"event_at": NOON - DAY}] * 3))
    made = build_sessions(ours, start=START, end=END, engine=engines(kind))
    assert made == BuiltSessions(days=3, sessions=3, steps=5)
    assert recorded(ours) == [
        (date(2026, 10, 1), 1, 1, 1, 3, kind), (date(2026, 10, 2), 1, 1, 2, 2, kind), (date(2026, 10, 3), 0, 0, 0, 0, kind),
    ]  # fmt: skip
    assert behind(ours) == []


def test_the_settings_engine_is_opened_where_none_is_given_and_reads_what_was_written(ours):
    land(ours, event_rows([{"event_at": NOON, "visitor_id": n} for n in (1, 2)]))
    build_sessions(ours, start=START, end=END)
    counts = EngineSql(
        "select (select count(*) from clickstream.session) as sessions, (select count(*) from clickstream.step) as steps,"
        " (select count(*) from clickstream.event) as events",
        "",
    )
    with open_with_sessions(ours) as engine:
        assert engine.rows(counts).to_pylist() == [{"sessions": 2, "steps": 2, "events": 2}]
    with open_with_sessions(ours, start=date(2026, 10, 3), end=END) as engine:
        assert engine.rows(counts).to_pylist() == [{"sessions": 0, "steps": 0, "events": 0}]


def test_a_changed_day_leaves_itself_and_the_days_beside_it_behind(ours):
    days = [NOON + n * DAY for n in range(5)]
    land(ours, event_rows([{"event_at": at} for at in days]))
    assert behind(ours) == [at.date() for at in days]
    build_sessions(ours, start=START, end=date(2026, 10, 8))
    assert behind(ours) == []
    land(ours, event_rows([{"event_at": days[2]}, {"event_at": days[2], "visitor_id": 2}]))
    assert behind(ours) == [days[1].date(), days[2].date(), days[3].date()]


@pytest.mark.parametrize("name", ["clickstream_session_timeout_min", "clickstream_bot_events"])
def test_settings_that_sessions_follow_from_leave_all_days_behind(ours, name):
    land(ours, event_rows([{"event_at": NOON}]))
    build_sessions(ours, start=START, end=END)
    assert behind(ours.model_copy(update={name: 20})) == [NOON.date()]
    assert behind(ours.model_copy(update={"clickstream_top_n": 20})) == []


def test_a_day_whose_events_are_gone_is_behind_until_it_is_made_empty(ours):
    land(ours, event_rows([{"event_at": NOON}]))
    build_sessions(ours, start=START, end=END)
    with opened(ours, "test") as con:
        con.execute("delete from ops.clickstream_day")
    assert behind(ours) == [NOON.date()]
    build_sessions(ours, start=START, end=END)
    assert behind(ours) == []
    assert rows_of(ours) == {"session_files": [], "step_files": []}


def test_a_missing_file_is_named_and_its_day_is_behind(ours):
    land(ours, event_rows([{"event_at": NOON}]))
    build_sessions(ours, start=START, end=END)
    with opened(ours, "test") as con:
        (file,) = step_files(con, ours, start=START, end=END)
        file.unlink()
        with pytest.raises(SessionsMissing, match=file.name):
            step_files(con, ours, start=START, end=END)
    assert behind(ours) == [NOON.date()]


def test_a_missing_file_of_events_is_told_before_anything_is_recorded(ours):
    land(ours, event_rows([{"event_at": NOON}]))
    (file,) = (ours.events_folder / "events").rglob("*.parquet")
    file.unlink()
    with pytest.raises(EventsMissing, match=file.name):
        build_sessions(ours, start=START, end=END)
    assert recorded(ours) == []


def test_replaced_files_stay_ten_minutes_for_those_who_read_them(ours):
    land(ours, event_rows([{"event_at": NOON}]))
    build_sessions(ours, start=START, end=END)
    first = set(ours.events_folder.glob("s*/date=*/*.parquet"))
    for file in first:
        os.utime(file, (0, 0))
    build_sessions(ours, start=START, end=END)
    assert len(first) == 2
    assert all(file.exists() for file in first)
    for file in first:
        os.utime(file, (0, 0))
    build_sessions(ours, start=START, end=END)
    assert not any(file.exists() for file in first)
    assert len(set(ours.events_folder.glob("s*/date=*/*.parquet"))) == 4


def test_the_days_of_a_range_may_be_computed_one_by_one_or_at_once(tmp_path):
    events = event_rows(
        [
            {"event_at": datetime(2026, 10, 1, 23, 50) + n * DAY + k * DAY / 100, "visitor_id": k % 3}
            for n in range(3)
            for k in range(4)
        ]
    )
    found = {}
    for most in (1, 5, 1_000):
        folder = tmp_path / str(most)
        folder.mkdir()
        land(settings_in(folder), events)
        by_most = build.build_sessions(settings_in(folder), start=START, end=END + DAY, events_at_once=most)
        assert by_most.days == 4
        found[most] = rows_of(settings_in(folder), START, END + DAY)
    assert found[1] == found[5] == found[1_000]
    assert found[1]["session_files"]


@example_settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(visits(5), st.integers(0, 4), st.data())
def test_late_events_of_a_day_and_three_days_anew_give_what_all_days_anew_give(tmp_path_factory, rows, late, data):
    folder = tmp_path_factory.mktemp("late")
    all_events = event_rows([row | {"event_id": f"e{n}"} for n, row in enumerate(rows)])
    day = FIRST.date() + late * DAY
    of_day = pa.array([told == day for told in all_events["date"].to_pylist()], pa.bool_())
    is_late = pa.array([told and data.draw(st.booleans()) for told in of_day.to_pylist()], pa.bool_())
    start, end = FIRST.date() - DAY, FIRST.date() + 12 * DAY
    for name in ("in parts", "at once"):
        (folder / name).mkdir()
    parts, whole = settings_in(folder / "in parts"), settings_in(folder / "at once")
    land(parts, all_events.filter(pa.compute.invert(is_late)))
    build_sessions(parts, start=start, end=end)
    land(parts, all_events.filter(of_day))
    for late_day in behind(parts):
        assert abs(late_day - day) <= DAY
        build_sessions(parts, start=late_day, end=late_day + DAY)
    land(whole, all_events)
    build_sessions(whole, start=start, end=end)
    assert rows_of(parts, start, end) == rows_of(whole, start, end)
