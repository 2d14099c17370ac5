"""Sessions by both engines: the rule by hand, and on random streams against plain Python."""

from datetime import date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings

from clarity_assets.clickstream.engines.duckdb_engine import DuckDBEngine
from clarity_assets.clickstream.sessions.channels import Channels
from clarity_assets.clickstream.sessions.compute import forget, gather
from clarity_assets.clickstream.sessions.writing import SESSION, STEP
from clarity_assets.settings import Settings
from clarity_assets_tests.fixtures.clickstream import event_rows
from clarity_assets_tests.fixtures.engines import SPARK_MARKS, assert_same
from clarity_assets_tests.unit.clickstream.sessions.reference import of_days, sessions_of
from clarity_assets_tests.unit.clickstream.sessions.streams import FIRST, visits

OURS = Settings(_env_file=None)
CHANNELS = Channels(OURS)
NOON = datetime(2026, 10, 2, 12)
START, END = date(2026, 10, 1), date(2026, 10, 5)
MINUTE, US = timedelta(minutes=1), timedelta(microseconds=1)
MIDNIGHT = datetime(2026, 10, 3)


def computed(engine, events: pa.Table, start: date, end: date, *, ours: Settings = OURS) -> tuple[pa.Table, pa.Table]:
    """Sessions and steps that began in [start, end); the events come in no order that would help."""
    engine.take("event", pa.Table.from_pylist(events.to_pylist()[::-1], schema=events.schema))
    gather(engine, start=start, end=end, settings=ours, channels=CHANNELS)
    days = {"first": start, "last": end}
    rows = engine.rows(SESSION, days), engine.rows(STEP, days)
    forget(engine)
    return rows


def assert_as_by_hand(engine, events: pa.Table, start: date, end: date) -> None:
    """`computed` equals the reference, of any range of days that has a day more on each side."""
    sessions, steps = computed(engine, events, start, end)
    their_sessions, their_steps = (of_days(rows, start, end) for rows in sessions_of(events))
    assert_same(sessions, their_sessions, keys=["session_key"], tolerance=0)
    assert_same(steps, their_steps, keys=["session_key", "step"], tolerance=0)


HALF = timedelta(minutes=30)
DAY_BEFORE = MIDNIGHT - timedelta(days=1)
ALL_DAY = [DAY_BEFORE + i * HALF for i in range(48)]
EVENING, EARLY = MIDNIGHT - 20 * MINUTE, MIDNIGHT + 10 * MINUTE
BY_HAND = {  # what is shown: whether the source tells the session, when its events are, and when sessions begin with how many
    "half an hour exactly is the same session": (False, [NOON, NOON + HALF], [(NOON, 2)]),
    "a microsecond more is another": (False, [NOON, NOON + HALF + US], [(NOON, 1), (NOON + HALF + US, 1)]),
    "a session across midnight belongs to the day it began": (False, [EVENING, EARLY, EARLY + HALF], [(EVENING, 3)]),
    "half an hour exactly across midnight too": (False, [MIDNIGHT - HALF, MIDNIGHT], [(MIDNIGHT - HALF, 2)]),
    "a pause across midnight ends it": (False, [EVENING, EARLY + US], [(EVENING, 1), (EARLY + US, 1)]),
    "midnight ends what has gone on since the day's first half hour": (
        False, [*ALL_DAY[1:], MIDNIGHT], [(ALL_DAY[1], 47), (MIDNIGHT, 1)],
    ),
    "but not what began a microsecond later": (
        False, [ALL_DAY[1] + US, *ALL_DAY[2:], MIDNIGHT], [(ALL_DAY[1] + US, 48)],
    ),
    "what the source tells is one session all day and across midnight": (
        True, [MIDNIGHT - 16 * 2 * HALF, EVENING, EARLY], [(MIDNIGHT - 16 * 2 * HALF, 3)],
    ),
    "a pause across midnight ends what the source tells too": (
        True, [EVENING, EARLY + US, NOON + 24 * 2 * HALF], [(EVENING, 1), (EARLY + US, 2)],
    ),
    "two midnights are never in one session": (
        True, [DAY_BEFORE - US, DAY_BEFORE, EVENING, MIDNIGHT], [(DAY_BEFORE - US, 3), (MIDNIGHT, 1)],
    ),
}  # fmt: skip


def test_the_rule_holds_by_hand_wherever_a_range_of_days_begins(engine):
    events = event_rows(
        {"event_at": at, "visitor_id": number, "session_id": 1000 + number if is_told else None}
        for number, (is_told, instants, _) in enumerate(BY_HAND.values())
        for at in instants
    )
    ranges = [(START, MIDNIGHT.date()), (MIDNIGHT.date(), END)]
    sessions, steps = (
        pa.concat_tables(rows) for rows in zip(*(computed(engine, events, *r) for r in ranges), strict=True)
    )
    found = sessions.select(["visitor_id", "started_at", "events"]).sort_by("started_at").to_pylist()
    told = {
        what: [(row["started_at"], row["events"]) for row in found if row["visitor_id"] == number]
        for number, what in enumerate(BY_HAND)
    }
    assert told == {what: begins for what, (*_, begins) in BY_HAND.items()}
    their_sessions, their_steps = sessions_of(events)
    assert_same(sessions, their_sessions, keys=["session_key"], tolerance=0)
    assert_same(steps, their_steps, keys=["session_key", "step"], tolerance=0)


def test_ties_bots_and_sources_are_told_as_the_columns_say(engine):
    ours = OURS.model_copy(update={"clickstream_bot_events": 10})
    kinds = ("pageview", "view", "cart", "purchase")
    tied, many, few, searched, mailed = 1, 2, 3, 4, 5
    told = (
        [{"visitor_id": tied, "event_type": kind} for kind in kinds]
        + [{"visitor_id": many} for _ in range(10)]
        + [{"visitor_id": few} for _ in range(9)]
        + [{"visitor_id": searched}, {"visitor_id": searched, "source": "google", "medium": "organic"}]
        + [{"visitor_id": searched, "source": "newsletter", "medium": "email"}]
        + [{"visitor_id": mailed, "medium": "email", "campaign": "autumn"}]
    )
    sessions, steps = computed(engine, event_rows([{"event_at": NOON} | row for row in told]), START, END, ours=ours)
    rows = {row["visitor_id"]: row for row in sessions.to_pylist()}
    in_order = sorted((row["step"], row["event_type"]) for row in steps.to_pylist() if row["person_id"] == tied)
    assert in_order == list(enumerate(kinds, start=1))
    assert {visitor: row["is_bot"] for visitor, row in rows.items()} == {
        tied: False,
        many: True,
        few: False,
        searched: False,
        mailed: False,
    }
    assert {row["is_bot"] for row in steps.to_pylist() if row["person_id"] == many} == {True}
    names = ("source", "medium", "campaign", "channel")
    assert {visitor: tuple(rows[visitor][name] for name in names) for visitor in (few, searched, mailed)} == {
        few: (None, None, None, "Direct"),
        searched: ("google", "organic", None, "Organic Search"),
        mailed: (None, "email", "autumn", "Email"),
    }


@pytest.mark.parametrize("events", [[], [{}], [{"is_bot": True}] * 3], ids=["nothing", "one event", "only bots"])
def test_nothing_one_event_and_only_bots_give_what_plain_python_gives(engine, events):
    assert_as_by_hand(engine, event_rows([{"event_at": NOON} | row for row in events]), START, END)


DAY_ONE = FIRST.date() + timedelta(days=1)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(visits(12))
def test_duckdb_equals_plain_python_on_random_streams(rows):
    with DuckDBEngine(threads=1) as engine:
        for start, end in ((DAY_ONE, DAY_ONE + timedelta(days=1)), (DAY_ONE, DAY_ONE + timedelta(days=2))):
            assert_as_by_hand(engine, event_rows(rows), start, end)


@pytest.mark.parametrize("kind", [pytest.param("spark", marks=SPARK_MARKS)])
def test_spark_equals_plain_python_on_random_streams(engines, kind):
    engine = engines(kind)

    @settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
    @given(visits(40))
    def holds(rows):
        assert_as_by_hand(engine, event_rows(rows), DAY_ONE, DAY_ONE + timedelta(days=2))

    holds()
