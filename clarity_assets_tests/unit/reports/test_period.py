"""Periods of reports: weeks from Monday, months, any days; what they are compared with; the newest that are over."""

from datetime import date

import pytest

from clarity_assets.errors import RequestRefused
from clarity_assets.reports.period import Period, newest_month, newest_week


def test_a_week_is_compared_with_the_week_before_and_with_28_days():
    week = Period.week(date(2026, 10, 5))
    assert (week.start, week.last, week.day_count, week.kind) == (date(2026, 10, 5), date(2026, 10, 11), 7, "week")
    assert week.before == Period.week(date(2026, 9, 28))
    assert (week.four_weeks_before.start, week.four_weeks_before.last) == (date(2026, 9, 7), date(2026, 10, 4))
    assert (week.name, week.slug) == ("Mon 5 Oct – Sun 11 Oct 2026", "2026-10-05")


@pytest.mark.parametrize(
    ("first", "last", "before"),
    [
        (date(2026, 2, 1), date(2026, 2, 28), date(2026, 1, 1)),
        (date(2028, 2, 1), date(2028, 2, 29), date(2028, 1, 1)),
        (date(2026, 1, 1), date(2026, 1, 31), date(2025, 12, 1)),
        (date(2026, 12, 1), date(2026, 12, 31), date(2026, 11, 1)),
    ],
)
def test_a_month_has_its_own_length_and_is_compared_with_the_month_before(first, last, before):
    month = Period.month(first)
    assert (month.last, month.before.start, month.before.end) == (last, before, first)
    assert month.slug == f"{first:%Y-%m}"


def test_days_that_are_just_a_week_or_a_month_are_one():
    assert Period.span(date(2026, 10, 5), date(2026, 10, 11)).kind == "week"
    assert Period.span(date(2026, 9, 1), date(2026, 9, 30)).kind == "month"
    assert Period.span(date(2026, 9, 2), date(2026, 9, 30)).kind == "range"
    assert Period.span(date(2026, 10, 6), date(2026, 10, 12)).kind == "range"  # seven days from a Tuesday


def test_any_other_days_are_compared_with_as_many_before():
    span = Period.span(date(2025, 12, 30), date(2026, 1, 1))
    assert (span.before.start, span.before.end) == (date(2025, 12, 27), date(2025, 12, 30))
    assert (span.name, span.slug) == ("Tue 30 Dec 2025 – Thu 1 Jan 2026", "2025-12-30_2026-01-01")
    assert Period.span(date(2026, 1, 1), date(2026, 1, 1)).name == "Thu 1 Jan 2026"


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (lambda: Period.week(date(2026, 10, 6)), "2026-10-06 is a Tue; a week begins on Monday"),
        (lambda: Period.month(date(2026, 10, 6)), "give 2026-10-01"),
        (lambda: Period.span(date(2026, 10, 6), date(2026, 10, 5)), "2026-10-06 lies after 2026-10-05"),
    ],
)
def test_a_wrong_first_day_is_refused(made, says):
    with pytest.raises(RequestRefused, match=says):
        made()


@pytest.mark.parametrize(
    ("newest", "monday", "month"),
    [
        (date(2026, 10, 11), date(2026, 10, 5), date(2026, 9, 1)),  # a Sunday ends its week
        (date(2026, 10, 10), date(2026, 9, 28), date(2026, 9, 1)),
        (date(2026, 10, 12), date(2026, 10, 5), date(2026, 9, 1)),
        (date(2026, 10, 31), date(2026, 10, 19), date(2026, 10, 1)),  # the last day ends its month
        (date(2026, 1, 30), date(2026, 1, 19), date(2025, 12, 1)),
    ],
)
def test_the_newest_week_and_month_are_those_that_are_over(newest, monday, month):
    assert newest_week(newest).start == monday
    assert newest_month(newest).start == month
