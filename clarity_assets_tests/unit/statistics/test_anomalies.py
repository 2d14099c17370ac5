"""Anomalies: scores worked by hand, what must not be one, and the plain z-score beside them."""

from datetime import timedelta

import numpy as np
import pytest

from clarity_assets.errors import RequestRefused
from clarity_assets.statistics.anomalies import HISTORY, anomalies, deviations, z_scores
from clarity_assets.statistics.series import DailySeries
from clarity_assets_tests.fixtures.waves import MONDAY, WEEKDAY_FACTORS, counted, counts


def day(number: int):
    return MONDAY + timedelta(days=number)


def alternating(days: int, *, size: float = 0.1) -> np.ndarray:
    """Logs +size, -size, +size ... from day to day: the eight of any weekday are four of each, so their median is 0."""
    return size * (-1.0) ** np.arange(days)


def test_the_score_is_the_one_worked_by_hand():
    """The last day would be +0.1 and is 1.0. Its weekday's median is 0; of the seven days before it, four are -0.1, so the
    median of the recent shift is -0.1 and the deviation 1.1. All other days deviate by 0.2, so the spread is 1.4826 x 0.2.
    """
    logs = alternating(141)
    logs[-1] = 1.0

    found = deviations(logs)

    assert found.expected[-1] == pytest.approx(-0.1)
    assert found.deviation[-1] == pytest.approx(1.1)
    assert found.spread[-1] == pytest.approx(1.4826 * 0.2)
    assert found.score[-1] == pytest.approx(3.7097, abs=1e-4)
    assert abs(found.score[-2]) == pytest.approx(0.6745, abs=1e-4)


def test_only_days_before_a_day_judge_it():
    values = counts(np.random.default_rng(1), 140)
    changed = values.copy()
    changed[100:] *= 5

    before, after = deviations(np.log(values)), deviations(np.log(changed))

    assert np.array_equal(before.score[:100], after.score[:100], equal_nan=True)


def test_a_busy_saturday_is_odd_where_a_busy_monday_is_not():
    values = np.tile(WEEKDAY_FACTORS * 1000, 15) * np.exp(0.02 * (-1.0) ** np.arange(105))
    values[103] = 1200  # a Saturday

    [found] = anomalies(counted(values)).found

    assert (found.date, found.direction) == (day(103), "high")
    assert found.expected == pytest.approx(700, rel=0.05)
    assert abs(found.naive_score) < 1.5  # 1,200 is a usual Monday


def test_half_a_day_is_found_low():
    values = np.tile(WEEKDAY_FACTORS * 1000, 15) * np.exp(0.02 * (-1.0) ** np.arange(105))
    values[98] *= 0.5

    [found] = anomalies(counted(values)).found

    assert (found.date, found.direction, found.value) == (day(98), "low", values[98])
    assert found.score < -3.5


def test_a_rare_event_coming_a_few_times_is_no_anomaly_but_a_burst_is():
    """Counts of 0 and 1: their deviations are mostly 0, so that only counting noise keeps 2 and 3 from standing out."""
    values = np.random.default_rng(2).poisson(0.3, 140).astype(float)
    values[-2:] = [3, 20]

    assert [found.date for found in anomalies(counted(values)).found] == [day(139)]


def test_the_counting_noise_of_a_rate_is_that_of_its_events():
    """No click in 40 sessions, where 4 are usual: twice the root of 4.375 less that of 0.375, 2.7 at most. In 4,000: odd."""

    def told(sessions: float):
        exposure = np.full(140, sessions)
        events = np.round(0.1 * exposure * (1 + 0.02 * (-1.0) ** np.arange(140)))
        events[-1] = 0
        return anomalies(DailySeries(MONDAY, events, exposure, "rate"))

    assert told(40).found == ()
    [found] = told(4000).found
    assert (found.date, found.value) == (day(139), 0.0)


def test_a_mean_that_is_always_the_same_may_move_by_rounding_alone():
    """Spread 0 is taken as a hundredth of the value: 3.5 % is the least that is named."""
    sessions = np.full(140, 50.0)

    def told(last: float):
        seconds = np.full(140, 40.0)
        seconds[-1] = last
        return anomalies(DailySeries(MONDAY, seconds * sessions, sessions, "mean")).found

    assert told(41) == ()
    assert [found.date for found in told(42)] == [day(139)]


def test_lost_days_neither_judge_nor_are_judged():
    values = counts(np.random.default_rng(3), 140)
    values[60:75] = np.nan
    values[-1] *= 3

    told = anomalies(counted(values))

    assert day(139) in [found.date for found in told.found]
    assert told.judged_days + told.unjudged_days == 125


def test_days_without_sessions_have_no_rate_to_judge():
    sessions, clicks = np.full(140, 1000.0), np.full(140, 100.0)
    sessions[-1] = clicks[-1] = 0

    told = anomalies(DailySeries(MONDAY, clicks, sessions, "rate"))

    assert told.found == ()
    assert told.judged_days + told.unjudged_days == 139


def test_a_steady_rise_of_three_percent_a_week_is_no_anomaly():
    rng = np.random.default_rng(4)
    told = [anomalies(counted(counts(rng, 365, growth_a_week=0.03, lost=0.05))) for _ in range(10)]

    assert sum(len(one.found) for one in told) / sum(one.judged_days for one in told) <= 0.005


def test_too_little_history_is_said():
    told = anomalies(counted(counts(np.random.default_rng(5), 40)))

    assert (told.outcome, told.found, told.judged_days, told.unjudged_days) == ("too_few", (), 0, 40)
    assert "weekday" in told.reason


def test_since_leaves_the_days_before_out_of_the_answer_and_in_the_history():
    values = counts(np.random.default_rng(6), 140)
    values[[100, 139]] *= 4

    told = anomalies(counted(values), since=day(133))

    assert [found.date for found in told.found] == [day(139)]
    assert told.judged_days == 7
    assert all(named >= day(133) for named in told.naive_dates)


def test_an_hour_is_held_against_its_hour_of_day():
    """The same rule with another season: a quiet night is usual, a quiet noon is not."""
    hours = 1000 * (1.2 + np.sin(np.arange(24 * 20) / 24 * 2 * np.pi)) * np.exp(0.02 * (-1.0) ** np.arange(24 * 20))
    hours[24 * 18 + 6] = hours[18]

    scores = deviations(np.log(hours), season=24).score

    assert np.flatnonzero(np.abs(np.nan_to_num(scores)) > 3.5).tolist() == [24 * 18 + 6]


def test_the_plain_z_score_is_the_textbooks():
    """30 days of 90 and 110 by turns: mean 100, standard deviation sqrt(30 x 100 / 29) = 10.171; then 150."""
    values = np.array([90.0, 110.0] * 15 + [150.0])

    assert z_scores(values)[-1] == pytest.approx(50 / np.sqrt(3000 / 29))
    assert np.isnan(z_scores(values)[:28]).all()
    assert anomalies(counted(values)).naive_dates == (day(30),)


def test_eight_values_alone_would_tell_their_spread_too_badly():
    """Why all weekdays share one spread: 3.5 times the median deviation of eight own values, on pure normal noise."""
    rng = np.random.default_rng(7)
    past, new = rng.standard_normal((20_000, HISTORY)), rng.standard_normal(20_000)
    middle = np.median(past, axis=1)
    own_spread = 1.4826 * np.median(np.abs(past - middle[:, None]), axis=1)

    assert np.mean(np.abs(new - middle) > 3.5 * own_spread) > 0.02


def test_a_threshold_of_zero_is_refused():
    with pytest.raises(RequestRefused, match="above 0"):
        anomalies(counted(np.ones(140)), threshold=0)
