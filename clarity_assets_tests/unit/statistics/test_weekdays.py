"""The weekday pattern: closed forms worked by hand, scipy as reference, and its test on histories without a pattern."""

import numpy as np
import pytest
from scipy.stats import chi2_contingency, f, power_divergence, t

from clarity_assets.statistics.series import DailySeries
from clarity_assets.statistics.weekdays import MIN_EVENTS, weekday_pattern
from clarity_assets_tests.fixtures.waves import MONDAY, WEEKDAY_FACTORS, counted, counts

# Four whole weeks of counts, Monday first; column totals 480 520 440 400 360 180 220, in all 2,600
WEEKS = np.array([
    [130, 125, 110, 100, 95, 40, 60],
    [110, 135, 105, 95, 85, 50, 50],
    [125, 120, 115, 110, 90, 45, 55],
    [115, 140, 110, 95, 90, 45, 55],
])  # fmt: skip


def test_the_factor_is_the_weekdays_share_of_all_events_where_no_day_is_lost():
    """Closed form of the two-way fit: 480 / 2,600 x 7 = 1.2923 for Mondays."""
    pattern = weekday_pattern(counted(WEEKS.ravel()))

    assert pattern.factors == pytest.approx(
        [480 / 2600 * 7, 1.4, 440 / 2600 * 7, 400 / 2600 * 7, 360 / 2600 * 7, 180 / 2600 * 7, 220 / 2600 * 7]
    )
    assert np.mean(pattern.factors) == pytest.approx(1.0)


def test_p_is_the_f_test_of_the_textbook_on_scipys_deviance_and_chi_square():
    """Deviance of equal weekdays: log-likelihood ratio of the totals; dispersion: Pearson's chi-square of the table / 18."""
    dispersion = max(chi2_contingency(WEEKS, correction=False).statistic / 18, 1.0)
    deviance = power_divergence(WEEKS.sum(axis=0), lambda_="log-likelihood").statistic

    pattern = weekday_pattern(counted(WEEKS.ravel()))

    assert pattern.p == pytest.approx(f.sf(deviance / 6 / dispersion, 6, 18), rel=1e-6)
    assert pattern.outcome == "pattern_shown"


def test_the_interval_is_that_of_a_share_where_counting_is_the_only_noise():
    """log of a multinomial share p of n: variance (1 - p) / (n p); here times dispersion 1 (chi-square 13.8 < 18)."""
    chi_square = chi2_contingency(WEEKS, correction=False).statistic
    assert chi_square < 18
    share = 180 / 2600
    half = t.ppf(0.975, 18) * np.sqrt((1 - share) / 180)

    saturday = weekday_pattern(counted(WEEKS.ravel())).intervals[5]

    assert saturday.low == pytest.approx(7 * share * np.exp(-half), rel=1e-6)
    assert saturday.high == pytest.approx(7 * share * np.exp(half), rel=1e-6)


def test_the_level_of_a_week_does_not_count_only_its_shape():
    """Each week ten times the one before: the factors are of shapes alone."""
    shape = np.array([120, 120, 110, 110, 100, 70, 70])
    values = np.concatenate([shape * 10.0**week for week in range(5)])

    assert weekday_pattern(counted(values)).factors == pytest.approx(WEEKDAY_FACTORS, rel=1e-4)


def test_lost_days_take_no_part_and_weeks_need_not_be_whole():
    shape = np.array([1200, 1200, 1100, 1100, 1000, 700, 700.0])
    values = np.tile(shape, 6) * np.repeat([1, 2, 1, 3, 1, 2.0], 7)
    values[[0, 8, 13, 20, 30, 31, 32]] = np.nan

    pattern = weekday_pattern(counted(values))

    assert pattern.factors == pytest.approx(WEEKDAY_FACTORS, rel=1e-6)
    assert pattern.known_days == 35


def test_with_lost_days_it_is_the_fit_that_statsmodels_makes():
    import statsmodels.api as sm

    values = counts(np.random.default_rng(9), 70, lost=0.15)
    known, week, weekday = np.isfinite(values), np.arange(70) // 7, np.arange(70) % 7
    design = np.column_stack([np.eye(7)[weekday], np.eye(10)[week][:, 1:]])[known]
    reference = sm.GLM(values[known], design, family=sm.families.Poisson()).fit(scale="X2")
    sizes = np.exp(reference.params[:7])
    slopes = np.eye(7) - sizes / sizes.sum()
    errors = np.sqrt(np.diag(slopes @ reference.cov_params()[:7, :7] @ slopes.T))

    pattern = weekday_pattern(counted(values))

    assert pattern.factors == pytest.approx(sizes / sizes.mean(), rel=1e-6)
    half = [np.log(interval.high / interval.low) / 2 for interval in pattern.intervals]
    assert half == pytest.approx(t.ppf(0.975, reference.df_resid) * errors, rel=1e-6)


def test_factors_begin_with_monday_whatever_day_the_series_begins_with():
    values = np.tile(WEEKDAY_FACTORS, 6) * 100

    assert weekday_pattern(counted(values[3:], first=MONDAY.replace(day=8))).factors == pytest.approx(WEEKDAY_FACTORS)


def test_the_factor_of_a_rate_is_on_exposure():
    """Twice the sessions on Mondays and twice the clicks: no pattern in the rate. A higher rate on Sundays: one."""
    sessions = np.tile([2000.0, 1000, 1000, 1000, 1000, 1000, 1000], 8)
    even, sundays = 0.05 * sessions, np.where(np.arange(56) % 7 == 6, 0.1, 0.05) * sessions

    assert weekday_pattern(DailySeries(MONDAY, even, sessions, "rate")).outcome == "no_pattern_shown"
    pattern = weekday_pattern(DailySeries(MONDAY, sundays, sessions, "rate"))
    assert pattern.outcome == "pattern_shown"
    assert pattern.factors == pytest.approx([7 / 8] * 6 + [14 / 8], rel=1e-6)


def test_a_weekday_without_any_event_has_an_upper_bound_and_no_lower_one():
    """Closed on Sundays: 8 Sundays, 600 / 7 would be average; upper bound of a count of 0 is 3.84 (score interval)."""
    values = np.tile([100.0] * 6 + [0.0], 8)

    pattern = weekday_pattern(counted(values))

    assert pattern.factors == pytest.approx([7 / 6] * 6 + [0.0])
    assert pattern.intervals[6].low == 0
    assert pattern.intervals[6].high == pytest.approx(3.84 / (8 * 600 / 7), rel=0.001)


@pytest.mark.parametrize("wander", [{}, {"autocorrelation": 0.9, "noise": 1.0, "lost": 0.1}, {"mean": 10, "sd": 0.3}])
def test_a_pattern_is_rarely_shown_where_there_is_none_and_intervals_hold(wander):
    rng = np.random.default_rng(23)
    flat = [weekday_pattern(counted(counts(rng, 84, weekdays=np.ones(7), **wander))) for _ in range(150)]
    real = [weekday_pattern(counted(counts(rng, 84, **wander))) for _ in range(80)]

    assert np.mean([pattern.outcome == "pattern_shown" for pattern in flat]) <= 0.09
    assert np.mean([pattern.outcome == "pattern_shown" for pattern in real]) >= 0.9
    held = [i.low <= factor <= i.high for p in real for i, factor in zip(p.intervals, WEEKDAY_FACTORS, strict=True)]
    assert 0.92 <= np.mean(held) <= 0.98


def test_errors_on_other_weeks_stand_beside_those_of_the_naive_factor():
    """Exact shapes: none with the factors; with 1.0 each day is off by |factor - 1|, on average 0.1714 of the mean."""
    pattern = weekday_pattern(counted(np.tile(WEEKDAY_FACTORS, 6) * 100))

    assert pattern.error == pytest.approx(0, abs=1e-9)
    assert pattern.naive_error == pytest.approx((0.2 + 0.2 + 0.1 + 0.1 + 0 + 0.3 + 0.3) / 7)
    assert pattern.naive_factor == 1.0


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (WEEKS[:3].ravel(), "3 weeks with 4 known days or more; 4 are needed"),
        (np.where(np.arange(84) % 2, 1.0, 0.0)[:56], f"28 events in all; {MIN_EVENTS} are needed"),
        (np.where(np.arange(56) % 7 == 6, np.nan, 100.0), "a weekday is known less than twice"),
    ],
)
def test_too_few_is_said_with_its_reason_and_no_number(values, reason):
    pattern = weekday_pattern(counted(values))

    assert pattern.outcome == "too_few"
    assert reason in pattern.reason
    assert pattern.factors == ()
    assert pattern.p is None
