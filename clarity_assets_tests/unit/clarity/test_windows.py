"""The window algebra, on windows worked out by hand and on random ones."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarity_assets.clarity.windows import DAY_S, HOUR_S, Arc, Windows, day_bounds, last_chance, plan

MINUTE_S = 60


def at(day: int, hour: float = 1.0) -> int:
    """Epoch seconds of an hour of a day in October 2026."""
    return int((datetime(2026, 10, day, tzinfo=UTC) + timedelta(hours=hour)).timestamp())


def arc(end: int, days: int = 1, name: str = "", **flags) -> Arc:
    return Arc(end - days * DAY_S, end, name or f"{days}d@{end}", **flags)


def windows(*arcs: Arc, tolerance_min: float = 15, max_arcs: int = 50, min_coverage: float = 0.5) -> Windows:
    return Windows(arcs, skew_tolerance_s=tolerance_min * MINUTE_S, max_arcs=max_arcs, min_coverage=min_coverage)


def test_one_window_at_one_oclock_measures_23_of_24_hours():
    path = windows(arc(at(5), name="a")).best_path(date(2026, 10, 4))
    assert path.signed_ids == ("+a",)
    assert path.is_measured
    assert path.coverage(date(2026, 10, 4)) == pytest.approx(23 / 24)


def test_48_hours_minus_24_is_the_day_before_the_last():
    path = windows(arc(at(6), 2, "two"), arc(at(6), 1, "one")).best_path(date(2026, 10, 4))
    assert path.signed_ids == ("+two", "-one")
    assert (path.start, path.end, path.skew_s) == (at(4), at(5), 0)


def test_72_hours_minus_two_stored_days_is_the_first_of_three():
    path = windows(arc(at(7), 3, "three"), arc(at(7), 1, "late"), arc(at(6), 1, "middle")).best_path(date(2026, 10, 4))
    assert path.signed_ids == ("+three", "-late", "-middle")


def test_skew_between_edges_adds_up_and_is_told():
    path = windows(arc(at(6) + 7, 2, "two"), arc(at(6), 1, "one")).best_path(date(2026, 10, 4))
    assert path.skew_s == 7


def test_edges_further_apart_than_the_tolerance_do_not_meet():
    two, one = arc(at(6) + 16 * MINUTE_S, 2, "two"), arc(at(6), 1, "one")
    assert windows(two, one).best_path(date(2026, 10, 4)) is None
    assert windows(two, one, tolerance_min=17).best_path(date(2026, 10, 4)).skew_s == 16 * MINUTE_S


def test_a_truncated_answer_measures_but_is_never_subtracted():
    cut = arc(at(6), 1, "cut", is_truncated=True)
    known = windows(arc(at(6), 2, "two"), cut)
    assert known.best_path(date(2026, 10, 5)).signed_ids == ("+cut",)
    assert known.best_path(date(2026, 10, 5)).is_truncated
    assert known.best_path(date(2026, 10, 4)) is None


def test_a_complete_path_is_taken_before_a_truncated_window():
    cut = arc(at(6), 1, "cut", is_truncated=True)
    path = windows(cut, arc(at(7), 2, "two"), arc(at(7), 1, "one")).best_path(date(2026, 10, 5))
    assert path.signed_ids == ("+two", "-one")


def test_a_straight_window_is_not_traded_for_arithmetic_that_is_an_hour_nearer():
    day = date(2026, 10, 4)
    near = [arc(at(6, 0.5), 2, "two"), arc(at(6, 0.5), 1, "one")]
    assert windows(arc(at(5), name="a"), *near).best_path(day).signed_ids == ("+a",)


def test_arithmetic_replaces_a_window_that_misses_the_day_by_hours():
    day = date(2026, 10, 4)
    late = arc(at(5, 9), name="late")
    near = [arc(at(6), 2, "two"), arc(at(6), 1, "one")]
    assert windows(late).best_path(day).signed_ids == ("+late",)
    assert windows(late, *near).best_path(day).signed_ids == ("+two", "-one")


def test_a_window_that_covers_less_than_the_minimum_tells_no_day():
    assert windows(arc(at(5, 13))).best_path(date(2026, 10, 4)) is None
    assert windows(arc(at(5, 11))).best_path(date(2026, 10, 4)) is not None
    assert windows(arc(at(5, 11)), min_coverage=0.9).best_path(date(2026, 10, 4)) is None


def test_48_hours_alone_are_no_day_although_they_cover_it():
    assert windows(arc(at(6), 2)).best_path(date(2026, 10, 4)) is None
    assert windows(arc(at(6), 2)).best_path(date(2026, 10, 5)) is None


def test_a_path_is_no_longer_than_the_setting_allows():
    arcs = [arc(at(7), 3, "three"), arc(at(7), 1, "late"), arc(at(6), 1, "middle")]
    assert windows(*arcs, max_arcs=3).best_path(date(2026, 10, 4)) is not None
    assert windows(*arcs, max_arcs=2).best_path(date(2026, 10, 4)) is None


def archive(*extra_days: int) -> tuple[Windows, list[date]]:
    """66 daily answers of 72 h, and answers of other lengths at the last one's end."""
    first = int(datetime(2026, 5, 23, 3, 30, tzinfo=UTC).timestamp())
    kept = [arc(first + i * DAY_S, 3, f"a{i:02}") for i in range(66)]
    days = [date(2026, 5, 20) + timedelta(days=i) for i in range(68)]
    return windows(*kept, *(arc(kept[-1].end, n, f"x{n}") for n in extra_days)), days


def test_an_archive_of_daily_72_hour_answers_alone_tells_no_day():
    known, days = archive()
    assert [known.best_path(day) for day in days] == [None] * 68


def test_one_24_hour_answer_at_its_end_joins_two_of_the_three_chains_and_tells_every_third_day():
    known, days = archive(1)
    told = [day for day in days if known.best_path(day)]
    assert len(told) == 23
    assert {(b - a).days for a, b in pairwise(told)} == {3}


def test_a_24_and_a_48_hour_answer_join_all_three_chains_and_tell_every_day():
    known, days = archive(1, 2)
    paths = [known.best_path(day) for day in days]
    assert None not in paths
    assert max(len(path.steps) for path in paths) == 46


@st.composite
def random_arcs(draw) -> list[Arc]:
    count = draw(st.integers(1, 14))
    arcs = []
    for i in range(count):
        end = at(draw(st.integers(3, 12)), 1) + draw(st.sampled_from([0, 0, 0, 5, 40, 600, 3 * HOUR_S, -2 * HOUR_S]))
        arcs.append(
            arc(end, draw(st.integers(1, 3)), f"r{i}", is_truncated=draw(st.sampled_from([False] * 5 + [True])))
        )
    return arcs


@settings(max_examples=150, deadline=None)
@given(random_arcs(), st.integers(1, 12))
def test_a_path_adds_up_to_its_window_once_and_to_nothing_outside(arcs, day_of_month):
    day = date(2026, 10, day_of_month)
    path = windows(*arcs).best_path(day)
    if path is None:
        return
    assert max(Counter(step[1].answer_id for step in path.steps).values()) == 1
    if len(path.steps) > 1:
        assert not any(step[1].is_truncated for step in path.steps)
    # Walk the edges: between any two neighbouring instants the signed windows cover [start, end) once, but for skew.
    edges = sorted({t for _, a in path.steps for t in (a.start, a.end)} | {path.start, path.end})
    wrong_s = 0
    for low, high in pairwise(edges):
        covered = sum(sign for sign, a in path.steps if a.start <= low and high <= a.end)
        wrong_s += abs(covered - (1 if path.start <= low and high <= path.end else 0)) * (high - low)
    assert wrong_s == path.skew_s
    start, end = day_bounds(day)
    assert max(0, path.start - start) + max(0, end - path.end) <= DAY_S / 2


@settings(max_examples=60, deadline=None)
@given(random_arcs(), st.integers(1, 12), st.randoms())
def test_the_best_path_does_not_depend_on_the_order_of_arrival(arcs, day_of_month, random):
    day = date(2026, 10, day_of_month)
    shuffled = list(arcs)
    random.shuffle(shuffled)
    assert windows(*arcs).best_path(day) == windows(*shuffled).best_path(day)


def test_the_newest_day_needs_one_request():
    chosen = plan(windows(), date(2026, 10, 4), now=datetime(2026, 10, 5, 1, tzinfo=UTC))
    assert chosen.num_of_days == (1,)


def test_a_missed_day_needs_one_wider_window_beside_the_day_just_measured():
    known = windows(arc(at(6)))
    chosen = plan(known, date(2026, 10, 4), now=datetime(2026, 10, 6, 1, 0, 20, tzinfo=UTC))
    assert chosen.num_of_days == (2,)
    known = windows(arc(at(6)), arc(at(7)))
    chosen = plan(known, date(2026, 10, 4), now=datetime(2026, 10, 7, 1, 0, 20, tzinfo=UTC))
    assert chosen.num_of_days == (3,)


def test_in_the_afternoon_yesterday_needs_two_windows():
    chosen = plan(windows(), date(2026, 10, 4), now=datetime(2026, 10, 5, 15, tzinfo=UTC))
    assert chosen.num_of_days == (1, 2)
    assert chosen.path.coverage(date(2026, 10, 4)) == pytest.approx(15 / 24)


def test_what_was_answered_a_moment_ago_is_not_asked_again():
    now = datetime(2026, 10, 6, 1, tzinfo=UTC)
    assert plan(windows(arc(at(6))), date(2026, 10, 4), now=now, without={2}) is None


def test_a_day_cannot_be_asked_once_its_hours_have_left_the_72():
    day = date(2026, 10, 4)
    chance = last_chance(day, min_coverage=0.5)
    assert chance == datetime(2026, 10, 7, 12, tzinfo=UTC)
    assert plan(windows(), day, now=chance) is not None
    assert plan(windows(), day, now=chance + timedelta(minutes=1)) is None
