"""Six years of real visitors a day: forecasts of two weeks against the seasonal naive one, from many days on."""

from datetime import date

import numpy as np
import pytest

from clarity_assets.statistics.change_points import change_points
from clarity_assets.statistics.forecast import forecast
from clarity_assets.statistics.trend import weekly_trend
from clarity_assets.statistics.weekdays import weekday_pattern
from clarity_assets_tests.benchmarks.forecasts import (
    DATA,
    FIRST_ORIGIN,
    MOST_OF_NAIVE,
    YEAR,
    back_test,
    visitors,
    without,
)

STEP = 25  # days from origin to origin; without a common factor with 364, so that all weeks of the year come


@pytest.fixture(scope="module")
def series():
    """Skips where the real series is not there."""
    if not DATA.is_file():
        pytest.skip(f"{DATA} is not there: real data are not part of the project")
    return visitors()


@pytest.fixture(scope="module")
def tested(series):
    return back_test(series, range(FIRST_ORIGIN, len(series.values) - 13, STEP))


def test_forecasts_are_a_tenth_better_than_the_seasonal_naive(tested):
    assert len(tested.origins) == 83
    assert tested.mase <= MOST_OF_NAIVE * tested.naive_mase


def test_with_the_year_before_they_are_a_fifth_better(tested):
    late = tested.where(tested.origins >= YEAR)

    assert late.mase <= 0.8 * late.naive_mase
    assert tested.methods["local_level_and_year"] > 55


def test_intervals_hold_as_often_as_they_say(tested):
    assert 0.90 <= tested.coverage <= 0.98
    first_week, second_week = np.nanmean(tested.held[:, :7]), np.nanmean(tested.held[:, 7:])
    assert abs(first_week - second_week) < 0.04


def test_a_tenth_of_the_days_lost_costs_little(series):
    origins = range(FIRST_ORIGIN, len(series.values) - 13, 201)
    holed = back_test(without(series, share=0.1), origins, truth=series)

    assert holed.mase <= 1.15 * back_test(series, origins).mase
    assert holed.coverage >= 0.88


def test_three_years_of_days_take_less_than_two_seconds(series, tested):
    assert np.median(tested.seconds) < 2
    assert forecast(series).method == "local_level_and_year"


def test_statistics_of_the_same_days_say_what_they_show_to_the_eye(series):
    """Busy from Monday to Thursday, least on Saturdays; terms come and go like waves, which are no levels."""
    years = series.between(date(2017, 1, 1), date(2020, 1, 1))
    pattern, trend = weekday_pattern(years), weekly_trend(years)

    assert pattern.outcome == "pattern_shown"
    assert min(pattern.factors[:4]) > 1.1
    assert max(pattern.factors[4:]) < 0.95
    assert int(np.argmin(pattern.factors)) == 5
    assert pattern.error < 0.3 * pattern.naive_error
    assert change_points(years).outcome == "no_change_shown"
    assert abs(trend.pct_per_week) < 0.3
