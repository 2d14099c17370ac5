"""Which backups stay: by hand, and what holds for any instants."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_assets.backups.retention import kept

START = datetime(2025, 1, 1, 2, 30, tzinfo=UTC)
INSTANTS = st.lists(st.integers(0, 500 * 24).map(lambda hours: START + timedelta(hours=hours)), min_size=0, max_size=60)
COUNTS = st.fixed_dictionaries(
    {"daily": st.integers(1, 10), "weekly": st.integers(0, 6), "monthly": st.integers(0, 14)}
)


def nightly(count: int) -> list[datetime]:
    return [START + timedelta(days=n) for n in range(count)]


def shown(instants) -> list[str]:
    return [f"{instant:%Y-%m-%d}" for instant in sorted(instants)]


def test_a_year_of_nights_leaves_seven_days_four_weeks_and_twelve_months():
    stay = kept(nightly(400), daily=7, weekly=4, monthly=12)  # the last one is of Wednesday 2026-02-04
    assert shown(stay) == [
        "2025-03-31", "2025-04-30", "2025-05-31", "2025-06-30", "2025-07-31", "2025-08-31", "2025-09-30", "2025-10-31",
        "2025-11-30", "2025-12-31",                                            # the newest of its month; January's is below
        "2026-01-18", "2026-01-25",                                            # Sundays: the newest of their weeks
        "2026-01-29", "2026-01-30", "2026-01-31", "2026-02-01", "2026-02-02", "2026-02-03", "2026-02-04",
    ]  # fmt: skip


def test_of_several_backups_of_a_day_the_newest_stays():
    made = [START.replace(hour=hour) for hour in (1, 9, 17)]
    assert kept(made, daily=7, weekly=4, monthly=12) == {made[-1]}


def test_days_without_a_backup_do_not_count_so_that_a_pause_deletes_hardly_anything():
    before = kept(nightly(30), daily=7, weekly=4, monthly=12)
    assert shown(before) == [
        "2025-01-12", "2025-01-19", "2025-01-24", "2025-01-25", "2025-01-26", "2025-01-27", "2025-01-28", "2025-01-29",
        "2025-01-30",
    ]  # fmt: skip
    late = START + timedelta(days=300)
    gone = before - kept(before | {late}, daily=7, weekly=4, monthly=12)
    assert shown(gone) == ["2025-01-12", "2025-01-24"]  # the oldest week and the oldest day make room


def test_no_backups_leave_none():
    assert kept([], daily=7, weekly=4, monthly=12) == set()


@given(INSTANTS, COUNTS)
def test_the_newest_always_stays_and_no_more_than_the_sum_does(made, counts):
    stay = kept(made, **counts)
    assert stay <= set(made)
    assert len(stay) <= sum(counts.values())
    assert not made or max(made) in stay


@given(INSTANTS, COUNTS)
def test_thinning_twice_is_thinning_once(made, counts):
    stay = kept(made, **counts)
    assert kept(stay, **counts) == stay


@given(INSTANTS, COUNTS)
def test_thinning_after_every_backup_keeps_what_thinning_all_at_once_keeps(made, counts):
    there: set[datetime] = set()
    for instant in sorted(made):
        there = kept(there | {instant}, **counts)
    assert there == kept(made, **counts)


@given(INSTANTS.filter(bool), COUNTS)
def test_every_one_of_the_newest_days_has_a_backup(made, counts):
    days = sorted({instant.date() for instant in made})[-counts["daily"] :]
    assert set(days) <= {instant.date() for instant in kept(made, **counts)}


@pytest.mark.parametrize("daily", [1, 7])
def test_without_weeks_and_months_only_days_stay(daily):
    assert len(kept(nightly(100), daily=daily, weekly=0, monthly=0)) == daily
