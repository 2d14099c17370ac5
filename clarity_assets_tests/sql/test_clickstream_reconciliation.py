"""Sessions of events against Clarity's, on rows by hand, and from the simulated site's own events: no session apart."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta

import pyarrow as pa
import pytest

from clarity_assets.demo.event_catalogue import BOT_AGENTS
from clarity_assets.demo.events import site_events
from clarity_assets.demo.site import SimulatedSite
from clarity_assets.warehouse.models.run import replace_rows, run_model
from clarity_assets_tests.sql.by_hand import MODELS, PROJECT, day, landed, rows, warehouse

DAY = date(2026, 10, 5)
VIEW = "quality.clickstream_sessions_against_clarity"
HOURS = MODELS["marts.fct_clickstream_hour_daily"]
IDLE = timedelta(minutes=30)


@pytest.fixture
def con():
    with warehouse() as con:
        yield con


def hour(at: datetime, sessions: int, *, bots: int = 0, clock: str = "utc") -> dict:
    told = {"date": at.date(), "clock": clock, "hour": at.hour, "sessions": sessions, "conversions": 0}
    return told | {"bot_sessions": bots}


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-10-{text}")


def events_tell(con, *hours: dict) -> None:
    schema = pa.schema({"date": pa.date32(), "clock": pa.string(), "hour": pa.int32(), "sessions": pa.int64(),
                        "conversions": pa.int64(), "bot_sessions": pa.int64()})  # fmt: skip
    table = pa.Table.from_pylist(list(hours), schema=schema)
    replace_rows(con, HOURS, table, project_id=PROJECT, start=date(2026, 1, 1), end=date(2027, 1, 1))


def clarity_tells(con, when: date, start: datetime, end: datetime, *, status: str = "measured", **counts: int) -> None:
    day(con, when, status=status, window_start=start, window_end=end)
    landed(con, "clarity_base", when, status=status, **counts)


def compared(con) -> list[dict]:
    for name in ("staging.stg_clarity__base", VIEW):
        run_model(con, MODELS[name], start=DAY, end=DAY + timedelta(days=1))
    return rows(con, f"select * from {VIEW} order by date")


# --- by hand ------------------------------------------------------------------------------------------------------


def test_the_hours_of_claritys_window_are_compared_and_no_others(con):
    clarity_tells(con, DAY, at("05 01:10"), at("06 01:10"), sessions=101, bot_sessions=7)
    events_tell(
        con, hour(at("05 00:00"), 1_000), hour(at("05 01:00"), 40), hour(at("05 23:00"), 50, bots=6),
        hour(at("06 00:00"), 9, bots=2), hour(at("06 01:00"), 1_000), hour(at("05 12:00"), 1_000, clock="visitor"),
    )  # fmt: skip
    [row] = compared(con)
    assert (row["hours_start"], row["hours_end"]) == (at("05 01:00"), at("06 01:00"))
    assert (row["clarity_sessions"], row["clickstream_sessions"]) == (101, 99)
    assert (row["difference_sessions"], row["difference_share"]) == (-2, 2 / 101)
    assert (row["clickstream_bot_sessions"], row["difference_bot_sessions"]) == (8, 1)
    assert (row["status"], row["window_difference_s"]) == ("measured", 600.0)


def test_a_window_from_midnight_to_midnight_needs_its_own_day_alone(con):
    clarity_tells(con, DAY, at("05 00:00"), at("06 00:00"), sessions=40, bot_sessions=0)
    events_tell(con, hour(at("05 07:00"), 40))
    [row] = compared(con)
    assert (row["difference_sessions"], row["difference_share"]) == (0, 0.0)


@pytest.mark.parametrize("known", ["05 07:00", "06 00:00"])
def test_a_window_that_reaches_before_the_first_or_after_the_last_day_with_events_is_left_out(con, known):
    clarity_tells(con, DAY, at("05 01:00"), at("06 01:00"), sessions=40, bot_sessions=0)
    events_tell(con, hour(at(known), 40))
    assert compared(con) == []


def test_a_day_without_events_between_others_is_a_difference_and_not_left_out(con):
    clarity_tells(con, DAY, at("05 01:00"), at("06 01:00"), sessions=40, bot_sessions=3)
    events_tell(con, hour(at("04 12:00"), 40), hour(at("07 12:00"), 40))
    [row] = compared(con)
    assert (row["clickstream_sessions"], row["difference_share"], row["difference_bot_sessions"]) == (0, 1.0, -3)


def test_a_day_that_clarity_does_not_know_is_left_out(con):
    day(con, DAY, status="lost")
    landed(con, "clarity_base", DAY, status="lost")
    events_tell(con, hour(at("05 07:00"), 40), hour(at("06 07:00"), 40))
    assert compared(con) == []


def test_without_any_events_there_is_nothing_to_compare(con):
    clarity_tells(con, DAY, at("05 01:00"), at("06 01:00"), sessions=40, bot_sessions=0)
    events_tell(con)
    assert compared(con) == []


# --- end to end ---------------------------------------------------------------------------------------------------


def sessions_by_the_plain_rule(events) -> list[tuple[datetime, bool]]:
    """Start of each session, and whether it is a bot's: the source's own id, and a new one after 30 idle minutes."""
    bots = {agent for agents in BOT_AGENTS for agent in agents}
    last, found = {}, []
    for event in events:
        moment, stream = datetime.fromisoformat(event["event_time"]), event["session_id"]
        if stream not in last or moment - last[stream] > IDLE:
            found.append((moment.replace(tzinfo=None), event["user_agent"] in bots))
        last[stream] = moment
    return found


@pytest.mark.parametrize("planted", [True, False])
def test_the_simulated_sites_events_and_clarity_tell_the_same_sessions_in_every_window(con, planted):
    site = SimulatedSite.generate(first_day=DAY, days=9, sessions_per_day=300, planted=planted)
    events = site_events(site, first=DAY, last=DAY + timedelta(days=8))
    people, bots = Counter(), Counter()
    for start, is_bot in sessions_by_the_plain_rule(events):
        (bots if is_bot else people)[start.replace(minute=0, second=0, microsecond=0)] += 1
    events_tell(con, *(hour(h, people[h], bots=bots[h]) for h in people | bots))
    windows = {DAY + timedelta(days=i): datetime.combine(DAY + timedelta(days=i), time(i, 0)) for i in range(8)}
    for when, start in windows.items():  # another hour every day
        end = start + timedelta(days=1)
        truth = site.truth(start.replace(tzinfo=UTC), end.replace(tzinfo=UTC))[()]
        counts = {name: truth[name] for name in ("sessions", "bot_sessions")}
        clarity_tells(con, when, start, end, **counts)
    found = compared(con)
    assert [row["date"] for row in found] == list(windows)
    assert {(row["difference_sessions"], row["difference_bot_sessions"]) for row in found} == {(0, 0)}
    assert min(row["clickstream_sessions"] for row in found) > 200
    assert min(row["clickstream_bot_sessions"] for row in found) > 5
