"""Events of persons in; how far they came through the funnel out, worked out by hand and by plain loops."""

from collections import defaultdict
from datetime import date, datetime, timedelta

import pytest

from clarity_assets.clickstream.modules.journeys import funnel_steps
from clarity_assets.clickstream.modules.module import Rows
from clarity_assets.errors import SettingsError
from clarity_assets.settings import load_settings
from clarity_assets_tests.unit.clickstream.modules.walks import (
    DAY,
    FUNNEL,
    FUNNEL_OF_THREE,
    KEYS,
    NOON,
    PATH,
    random_walks,
    run,
    told,
    walk,
)


def funnel(rows: Rows) -> list[tuple]:
    """(persons, dropped, seconds_sum, persons_any_order) of each step, of the only day and device."""
    assert len({(row[0], row[1]) for row in told(rows, FUNNEL, "date", "device")}) <= 1
    return told(rows, FUNNEL, "persons", "dropped", "seconds_sum", "persons_any_order")


def test_the_funnel_is_worked_out_by_hand(engine, tmp_path):
    rows = run(
        engine,
        tmp_path,
        walk(1, "view cart purchase"),
        walk(2, "view view search cart"),  # the attempt begins with the first view: 30 s to the cart
        walk(3, "cart view purchase"),  # the cart came before
        walk(4, "view"),
        walk(5, "purchase"),  # nothing before it
        walk(6, "view cart purchase", is_bot=True),
        walk(7, "search"),
        **FUNNEL_OF_THREE,
    )
    assert told(rows, FUNNEL) == [
        (DAY, None, 1, "view", 4, 2, None, 4),
        (DAY, None, 2, "cart", 2, 1, 10.0 + 30.0, 3),
        (DAY, None, 3, "purchase", 1, None, 10.0, 3),
    ]


def test_the_default_funnel_has_every_step_also_where_nobody_did_it(engines, tmp_path):
    rows = run(engines("duckdb"), tmp_path, walk(1, "view cart"))
    assert told(rows, FUNNEL, "step", "persons", "dropped", "seconds_sum", "persons_any_order") == [
        ("pageview", 0, 0, None, 0),
        ("view", 0, 0, 0.0, 1),
        ("cart", 0, 0, 0.0, 1),
        ("checkout", 0, 0, 0.0, 0),
        ("purchase", 0, None, 0.0, 0),
    ]


def test_a_person_is_followed_through_all_sessions_and_over_midnight(engine, tmp_path):
    late = datetime(2026, 10, 5, 23, 59)
    rows = run(
        engine,
        tmp_path,
        walk(1, "view", person_id=7),
        walk(2, "cart", at=late, person_id=7),
        walk(3, "purchase", at=datetime(2026, 10, 6, 11, 59, 59), person_id=7),
        **FUNNEL_OF_THREE,
    )
    whole = 24 * 3600.0 - 1
    first = (late - NOON).total_seconds()
    assert funnel(rows) == [(1, 0, None, 1), (1, 0, first, 1), (1, None, whole - first, 1)]


def test_a_session_that_began_the_day_before_begins_the_funnel_after_midnight(engines, tmp_path):
    before = datetime(2026, 10, 4, 23, 59, 50)
    rows = run(engines("duckdb"), tmp_path, walk(1, "view view cart", at=before, seconds=10), **FUNNEL_OF_THREE)
    assert funnel(rows) == [(1, 0, None, 1), (1, 1, 10.0, 1), (0, None, 0.0, 0)]
    assert told(rows, PATH) == []  # the session is of the day before


@pytest.mark.parametrize(("late_us", "persons"), [(-1, 1), (0, 1), (1, 0)])
def test_the_window_ends_with_its_last_microsecond(engines, tmp_path, late_us, persons):
    at_limit = NOON + timedelta(hours=1.5, microseconds=late_us)
    rows = run(
        engines("duckdb"),
        tmp_path,
        walk(1, "view", person_id=7),
        walk(2, "purchase", at=at_limit, person_id=7),
        clickstream_funnel="view, purchase",
        clickstream_funnel_window_h=1.5,
    )
    assert [row[0] for row in funnel(rows)] == [1, persons]
    assert funnel(rows)[1][3] == 1  # in any order, and at any time of the day


def test_the_window_counts_from_the_first_step_not_from_the_one_before(engines, tmp_path):
    steps = [
        walk(n, kind, at=NOON + timedelta(hours=n), person_id=7) for n, kind in enumerate(["view", "cart", "purchase"])
    ]
    for hours, persons in {0.5: [1, 0, 0], 1.0: [1, 1, 0], 1.5: [1, 1, 0], 2.0: [1, 1, 1]}.items():
        settings = FUNNEL_OF_THREE | {"clickstream_funnel_window_h": hours}
        rows = run(engines("duckdb"), tmp_path / f"{hours}", *steps, **settings)
        assert [row[0] for row in funnel(rows)] == persons


def test_at_one_instant_the_place_in_the_session_decides(engine, tmp_path):
    rows = run(
        engine,
        tmp_path,
        walk(1, "view cart purchase", seconds=0),
        walk(2, "purchase cart view", seconds=0),
        **FUNNEL_OF_THREE,
    )
    assert funnel(rows) == [(2, 1, None, 2), (1, 0, 0.0, 2), (1, None, 0.0, 2)]


def test_the_device_is_that_of_the_first_step_else_of_the_first_event(engine, tmp_path):
    rows = run(
        engine,
        tmp_path,
        walk(1, "cart", person_id=7, device="Tablet"),
        walk(2, "view", at=NOON + timedelta(minutes=5), person_id=7, device="PC"),
        walk(3, "cart", at=NOON + timedelta(minutes=9), person_id=7, device="Mobile"),
        walk(4, "cart", person_id=8, device="Mobile"),
        walk(5, "purchase", at=NOON + timedelta(minutes=5), person_id=8, device="Tablet"),
        **FUNNEL_OF_THREE,
    )
    assert told(rows, FUNNEL, "device", "step", "persons", "persons_any_order") == [
        ("Mobile", "view", 0, 0),
        ("Mobile", "cart", 0, 1),
        ("Mobile", "purchase", 0, 1),
        ("PC", "view", 1, 1),
        ("PC", "cart", 1, 1),
        ("PC", "purchase", 0, 0),
    ]


def test_a_funnel_of_too_many_steps_is_refused_before_anything_is_computed():
    steps = ", ".join(f"s{number}" for number in range(31))
    with pytest.raises(SettingsError, match="CLICKSTREAM_FUNNEL has 31 steps; a funnel has 30 at most"):
        funnel_steps(load_settings(clickstream_funnel=steps))


def test_a_funnel_of_the_most_steps_is_followed_to_its_end(engine, tmp_path):
    steps = [f"s{number}" for number in range(30)]
    rows = run(engine, tmp_path, walk(1, " ".join(steps)), clickstream_funnel=", ".join(steps))
    assert [row[0] for row in funnel(rows)] == [1] * 30


def funnel_by_loops(walks: list[list[dict]], steps: tuple[str, ...], window: timedelta, days: list[date]) -> dict:
    """(day, device, step) -> persons, seconds, persons in any order: each person's events, one after the other."""
    events = defaultdict(list)
    for step in (step for steps_ in walks for step in steps_ if step["event_type"] in steps and not step["is_bot"]):
        number = steps.index(step["event_type"]) + 1
        events[step["person_id"]].append((step["event_at"], step["step"], number, step["device"] or ""))
    found = defaultdict(lambda: [0, timedelta(0), 0])
    for own in events.values():
        own.sort()
        for day in days:
            of_day = [event for event in own if event[0].date() == day]
            if not of_day:
                continue
            first = next((event for event in of_day if event[2] == 1), None)
            reached = {1: first[0]} if first else {}
            for event in own[own.index(first) + 1 :] if first else []:
                if event[2] == len(reached) + 1 and event[0] - first[0] <= window:
                    reached[event[2]] = event[0]
            did = {event[2] for event in of_day} | set(reached)
            for number in range(1, len(steps) + 1):
                row = found[day, (first or of_day[0])[3] or None, number]
                row[0] += number in reached
                row[1] += reached[number] - reached[number - 1] if number > 1 and number in reached else timedelta(0)
                row[2] += number in did
    return {key: [persons, took.total_seconds(), any_order] for key, (persons, took, any_order) in found.items()}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("hours", [24.0, 3.1])
def test_the_funnel_of_random_streams_is_that_of_plain_loops(engines, tmp_path, seed, hours):
    walks, days = random_walks(seed, count=500, days=3), [DAY + timedelta(days=n) for n in range(3)]
    rows = run(engines("duckdb"), tmp_path, *walks, end=days[-1] + timedelta(days=1), clickstream_funnel_window_h=hours)
    names = ("persons", "seconds_sum", "persons_any_order")
    found = {row[:3]: [row[3], row[4] or 0.0, row[5]] for row in told(rows, FUNNEL, *KEYS[FUNNEL], *names)}
    assert found == funnel_by_loops(walks, load_settings().funnel, timedelta(hours=hours), days)
    assert max(row[0] for key, row in found.items() if key[2] == 4) > 0
