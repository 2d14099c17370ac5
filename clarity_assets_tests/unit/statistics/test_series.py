"""Rows into a daily series: what is unknown, what is none, and what is refused at the border."""

from datetime import date, timedelta

import numpy as np
import pytest

from clarity_assets.errors import RequestRefused
from clarity_assets.statistics.anomalies import anomalies
from clarity_assets.statistics.change import Outcome, compare, compare_all
from clarity_assets.statistics.change_points import change_points
from clarity_assets.statistics.forecast import forecast
from clarity_assets.statistics.series import DailySeries, daily_series
from clarity_assets.statistics.trend import weekly_trend
from clarity_assets.statistics.weekdays import weekday_pattern
from clarity_assets_tests.fixtures.waves import MONDAY, counts


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def days(*numbers: int) -> set[date]:
    return {day(number) for number in numbers}


def of_week(rows: list[tuple], **options) -> DailySeries:
    return daily_series(rows, start=MONDAY, end=day(7), **options)


def same(values: np.ndarray, expected: list[float]) -> bool:
    return np.array_equal(values, expected, equal_nan=True)


NAN = float("nan")
TWO_ROWS = [(day(1), 3, 30), (day(4), 5, 50)]


# --- days without a row -----------------------------------------------------------------------------------------------


def test_days_without_a_row_are_unknown_where_nothing_is_said_of_them():
    assert same(of_week(TWO_ROWS).values, [NAN, 3, NAN, NAN, 5, NAN, NAN])


def test_a_known_day_without_a_row_had_none_and_every_other_one_stays_unknown():
    told = of_week(TWO_ROWS, known_dates=days(0, 1, 2, 4, 6))
    assert same(told.values, [0, 3, 0, NAN, 5, NAN, 0])
    assert told.exposure is None


@pytest.mark.parametrize("kind", ["rate", "mean"])
def test_the_exposure_of_a_known_day_without_a_row_is_none_too_and_the_ratio_unknown(kind):
    told = of_week(TWO_ROWS, kind=kind, known_dates=days(0, 1, 4))
    assert same(told.values, [0, 3, NAN, NAN, 5, NAN, NAN])
    assert same(told.exposure, [0, 30, NAN, NAN, 50, NAN, NAN])
    assert same(told.ratio, [NAN, 0.1, NAN, NAN, 0.1, NAN, NAN])


def test_a_row_says_more_than_that_its_day_is_known():
    rows = [(day(0), None, None, 1.0), (day(1), 3, 30, 0.5), (day(2), 4, 40, 1.0), (day(3), 2, 20, None)]
    told = of_week(rows, known_dates=days(0, 1, 2, 3, 4))
    assert same(told.values, [NAN, NAN, 4, NAN, 0, NAN, NAN])  # not known, half a day, whole, coverage not known


def test_a_rate_of_half_a_day_stays_beside_known_days():
    told = of_week([(day(1), 3, 30, 0.5)], kind="rate", known_dates=days(0))
    assert same(told.exposure, [0, 30, NAN, NAN, NAN, NAN, NAN])


def test_known_days_outside_of_the_range_change_nothing():
    assert same(of_week(TWO_ROWS, known_dates=days(-1, 7, 100)).values, of_week(TWO_ROWS).values)


def test_no_known_day_at_all_leaves_every_day_without_a_row_unknown():
    assert same(of_week(TWO_ROWS, known_dates=[]).values, of_week(TWO_ROWS).values)


def test_a_part_of_a_series_keeps_what_is_none_and_what_is_unknown():
    part = of_week(TWO_ROWS, known_dates=days(0, 1, 2)).between(day(2), day(9))
    assert same(part.values, [0, NAN, 5, NAN, NAN, NAN, NAN])


# --- rates on days without sessions -----------------------------------------------------------------------------------


def on_visited_days(kind: str) -> DailySeries:
    """26 weeks of clicks on 200 sessions a day; on every ninth day nobody came."""
    rng = np.random.default_rng(12)
    sessions = np.where(np.arange(182) % 9 == 4, 0.0, 200.0)
    return DailySeries(MONDAY, rng.poisson(0.1 * sessions), sessions, kind)


@pytest.mark.parametrize("kind", ["rate", "mean"])
def test_every_statistic_takes_days_without_sessions_as_days_that_say_nothing(kind):
    series = on_visited_days(kind)
    unknown = np.where(series.exposure > 0, 1.0, NAN)
    without = DailySeries(MONDAY, series.values * unknown, series.exposure * unknown, kind)
    periods = {"period": (day(161), day(182)), "baseline": (day(98), day(161))}

    change, of_without = compare(series, **periods), compare(without, **periods)
    assert change.outcome is Outcome.NO_CHANGE_SHOWN
    assert (change.days_before, change.days_after) == (63, 21)
    assert (of_without.days_before, of_without.days_after) == (56, 19)
    assert (change.ratio, change.p, change.interval) == (of_without.ratio, of_without.p, of_without.interval)
    assert weekly_trend(series).pct_per_week == weekly_trend(without).pct_per_week
    assert weekday_pattern(series).factors == weekday_pattern(without).factors
    assert change_points(series) == change_points(without)
    assert anomalies(series) == anomalies(without)
    assert np.array_equal(forecast(series).median, forecast(without).median)


@pytest.mark.parametrize("kind", ["rate", "mean"])
def test_a_rate_of_a_page_without_any_session_is_too_few_everywhere(kind):
    nothing = daily_series([], start=MONDAY, end=day(140), kind=kind, known_dates=days(*range(140)))
    change = compare(nothing, period=(day(133), day(140)), baseline=(day(105), day(133)))
    told = (change, weekly_trend(nothing), weekday_pattern(nothing), change_points(nothing), anomalies(nothing))
    assert [one.outcome for one in (*told, forecast(nothing))] == ["too_few"] * 6
    assert change.reason == "0 of 7 days of the period are known and have sessions; 4 are needed"


def test_a_rate_of_three_days_with_sessions_is_too_few_though_all_seven_are_known():
    sessions = np.full(35, 400.0)
    sessions[[28, 29, 30, 31]] = 0
    rate = DailySeries(MONDAY, 0.1 * sessions, sessions, "rate")
    few = compare(rate, period=(day(28), day(35)), baseline=(MONDAY, day(28)))
    assert few.reason == "3 of 7 days of the period are known and have sessions; 4 are needed"
    assert few.days_after == 7


# --- what is refused --------------------------------------------------------------------------------------------------


def test_lists_become_arrays():
    told = DailySeries(MONDAY, [1, 2, None], [10, 20, 30], "rate")
    assert same(told.ratio, [0.1, 0.1, NAN])
    assert told.values.dtype == told.exposure.dtype == float


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1, -3, 2], "values has -3 on 2026-01-06; .* 0 or more"),
        ([1, 2, float("inf")], "values has inf on 2026-01-07; .* finite"),
        ([[1, 2], [3, 4]], r"values of shape \(2, 2\); .* one series at a time"),
        (5.0, r"values of shape \(\)"),
        ([1, "many"], "values: could not convert .* no number"),
        ([[1], [2, 3]], "values: .* one list"),
    ],
)
def test_values_that_no_day_can_have_are_refused(values, words):
    with pytest.raises(RequestRefused, match=words):
        DailySeries(MONDAY, values)


def test_an_exposure_below_zero_or_without_end_is_refused():
    for wrong in (-1, float("inf")):
        with pytest.raises(RequestRefused, match=f"exposure has {wrong} on 2026-01-05"):
            DailySeries(MONDAY, [0, 1], [wrong, 1], "rate")


def test_exposures_of_other_days_than_the_values_are_refused():
    with pytest.raises(RequestRefused, match="2 values on 3 exposures"):
        DailySeries(MONDAY, [0, 1], [1, 1, 1], "rate")


def test_a_negative_number_in_the_rows_is_refused_with_its_day():
    with pytest.raises(RequestRefused, match="values has -2 on 2026-01-07"):
        of_week([(day(2), -2, None)])


@pytest.mark.parametrize("end", [MONDAY, day(-1)])
def test_a_range_without_a_day_is_refused(end):
    with pytest.raises(RequestRefused, match=rf"\[2026-01-05, {end}\) has no day; give the first day"):
        daily_series([], start=MONDAY, end=end)
    with pytest.raises(RequestRefused, match="has no day"):
        of_week(TWO_ROWS).between(MONDAY, end)


def test_a_day_that_comes_twice_is_refused():
    with pytest.raises(RequestRefused, match="2026-01-06 comes twice"):
        of_week([*TWO_ROWS, (day(1), 1, 1)])


LEVELS = [0, 1, 1.5, 95, -0.5, NAN, float("inf")]
SERIES = DailySeries(MONDAY, counts(np.random.default_rng(13), 140))
PERIODS = {"period": (day(133), day(140)), "baseline": (day(105), day(133))}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("told", [weekly_trend, weekday_pattern, change_points, forecast])
def test_a_level_that_is_no_share_is_refused_whether_or_not_there_is_enough_to_tell(told, level):
    for series in (SERIES, SERIES.between(MONDAY, day(3))):
        with pytest.raises(RequestRefused, match=f"level.{level}.* below 1"):
            told(series, level=level)


@pytest.mark.parametrize("share", LEVELS)
def test_a_comparison_refuses_a_level_or_a_share_of_false_names_that_is_none(share):
    with pytest.raises(RequestRefused, match=f"level {share}; .* give 0.95 for 95 %"):
        compare(SERIES, level=share, **PERIODS)
    with pytest.raises(RequestRefused, match=f"false_name_share {share}; .* give 0.05 for 5 %"):
        compare_all({"a": SERIES}, false_name_share=share, **PERIODS)


@pytest.mark.parametrize("threshold", [0, -1, NAN, float("inf")])
def test_a_threshold_of_anomalies_that_no_day_can_pass_or_all_do_is_refused(threshold):
    with pytest.raises(RequestRefused, match=f"threshold={threshold}; .* above 0"):
        anomalies(SERIES, threshold=threshold)
