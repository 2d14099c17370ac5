"""The weekly trend: a published fit, hand-worked errors, and how often its interval holds in simulated histories."""

import numpy as np
import pytest

from clarity_assets.statistics.log_linear import AUTOCORRELATIONS, _designs, fit_log_linear, left_out_error
from clarity_assets.statistics.series import DailySeries
from clarity_assets.statistics.trend import MIN_EVENTS, MIN_WEEKS, weekly_trend
from clarity_assets_tests.fixtures.waves import MONDAY, WEEKDAY_FACTORS, counted, counts

# Quarterly deaths by AIDS in Australia, 1983-1986 (Dobson & Barnett 2008, An Introduction to Generalized Linear Models,
# 3rd ed., exercise 4.1); log-linear fit of R's glm(y ~ t, poisson): intercept 0.3396, slope 0.2565.
AIDS = np.array([0, 1, 2, 3, 1, 4, 9, 18, 23, 31, 20, 25, 37, 45])


def growing(pct_per_week: float, *, days: int = 84) -> np.ndarray:
    """A curve without any noise."""
    return 1000 * WEEKDAY_FACTORS[np.arange(days) % 7] * (1 + pct_per_week / 100) ** (np.arange(days) / 7)


def weekly_design(weeks: int):
    regressors = np.column_stack([np.ones(weeks), np.arange(weeks)]).astype(float)
    return _designs(regressors.tobytes(), 2, tuple(range(weeks)))


def test_the_slope_is_that_of_a_published_poisson_fit():
    """A quarter is a week of seven equal days here, and each death a thousand: the likelihood has its maximum at the same slope."""
    trend = weekly_trend(counted(1000 * np.repeat(AIDS, 7)))

    assert trend.pct_per_week == pytest.approx(100 * np.expm1(0.2565), abs=0.02)
    assert trend.outcome == "no_trend_shown"  # they bend: a straight line is off by whole months on end


def test_a_curve_without_noise_gives_back_its_rate_and_poissons_own_error():
    trend = weekly_trend(counted(growing(2.0)))

    assert trend.pct_per_week == pytest.approx(2.0, abs=1e-4)
    # Poisson's error of a log-linear slope: 1 / sqrt(sum of expected x (week - weighted mean)^2)
    # 84,000 days' events, spread evenly over 12 weeks: variance of the place about (12^2 - 1/49) / 12 = 12.0 weeks^2
    half_pct = 100 * 1.96 * 1.02 / np.sqrt(84_000 * 1.12 * 12.0)
    assert trend.interval.high - trend.pct_per_week == pytest.approx(half_pct, rel=0.02)
    assert trend.outcome == "rising"
    assert weekly_trend(counted(growing(-2.0))).outcome == "falling"


def test_lost_days_take_no_part():
    values = growing(2.0)
    values[[3, 4, 5, 20, 41, 42, 60]] = np.nan

    trend = weekly_trend(counted(values))

    assert trend.pct_per_week == pytest.approx(2.0, abs=1e-4)
    assert trend.known_days == 77


def test_a_rate_is_followed_on_its_exposure_and_not_by_its_events_alone():
    """Twice the sessions, twice the rage clicks: the events rise, the rate does not."""
    sessions = growing(6.0)
    series = DailySeries(MONDAY, np.round(sessions * 0.05), sessions, "rate")

    assert weekly_trend(series).outcome == "no_trend_shown"
    assert weekly_trend(counted(series.values)).outcome == "rising"


def test_a_mean_has_no_floor_of_counting_noise():
    """40 seconds rising by 1 % a week without noise: as a count of 40 a day that would be within chance."""
    sessions = np.full(84, 10.0)
    seconds = 40 * 1.01 ** (np.arange(84) / 7)

    assert weekly_trend(DailySeries(MONDAY, seconds * sessions, sessions, "mean")).outcome == "rising"
    assert weekly_trend(counted(seconds / 40)).outcome == "no_trend_shown"


def test_the_fit_is_that_of_statsmodels_where_there_are_events_enough():
    import statsmodels.api as sm

    values = counts(np.random.default_rng(5), 84)
    weeks = (np.arange(84) / 7)[:, None]
    design = np.column_stack([np.eye(7)[np.arange(84) % 7], weeks])
    reference = sm.GLM(values, design, family=sm.families.Poisson()).fit()

    ours = fit_log_linear(counted(values), weeks)

    assert ours.effects[0] == pytest.approx(reference.params[-1], abs=1e-5)
    assert ours.expected == pytest.approx(reference.fittedvalues, rel=1e-3)
    assert ours.level == pytest.approx(np.exp(reference.params[:7]).mean(), rel=1e-3)


def test_a_period_without_any_event_counts_as_half_an_event():
    """Firth's correction of one cell: 1/2 event in all (the mean of Jeffreys' posterior); 140 days of 10 beside 70 of none."""
    values = np.where(np.arange(210) < 70, 0.0, 10.0)
    step = (np.arange(210) >= 70).astype(float)[:, None]

    fit = fit_log_linear(counted(values), step)

    assert fit.expected[:70].sum() == pytest.approx(0.5, rel=0.05)
    assert fit.effects[0] == pytest.approx(np.log(10 / (0.5 / 70)), rel=0.01)
    assert fit.p[0] < 0.001


def test_a_weekday_without_any_event_does_no_harm():
    """Closed on Sundays."""
    trend = weekly_trend(counted(growing(2.0) * (np.arange(84) % 7 < 6)))

    assert trend.pct_per_week == pytest.approx(2.0, abs=0.01)
    assert trend.outcome == "rising"


def test_independent_weeks_have_the_textbook_error_of_a_slope():
    """Variance of a least-squares slope over places 0 ... n - 1 is s^2 x 12 / (n (n^2 - 1)), on n - 2 degrees of freedom."""
    design = weekly_design(10)

    assert AUTOCORRELATIONS[0] == 0
    assert design.variance[0, 0] == pytest.approx(12 / (10 * 99))
    assert design.square[0] == pytest.approx(8)
    assert design.df[0] == pytest.approx(8)


def test_residuals_of_independent_weeks_look_negatively_correlated_and_that_is_allowed_for():
    """E(sum e_t e_(t+1)) / E(sum e_t^2) for two fitted columns is close to -(2 - 1/n ...) / n, not 0."""
    rng = np.random.default_rng(3)
    x = np.column_stack([np.ones(10), np.arange(10)])
    errors = rng.standard_normal((20_000, 10))
    residuals = errors - errors @ (x @ np.linalg.pinv(x))
    seen = (residuals[:, 1:] * residuals[:, :-1]).sum() / (residuals**2).sum()

    assert weekly_design(10).lag_1[0] == pytest.approx(seen, abs=0.005)
    assert seen < -0.1


@pytest.mark.parametrize(
    ("wander", "least"),
    [
        ({"autocorrelation": 0.6}, 0.92),
        ({"autocorrelation": 0.9, "noise": 1.0}, 0.88),
        ({"mean": 5, "sd": 0.2, "lost": 0.1}, 0.93),
    ],
)
def test_the_interval_holds_in_simulated_histories(wander, least):
    rng = np.random.default_rng(17)
    trends = [weekly_trend(counted(counts(rng, 91, growth_a_week=0.01, **wander))) for _ in range(200)]
    known = [trend for trend in trends if trend.outcome != "too_few"]

    assert len(known) >= 190
    assert least <= np.mean([trend.interval.low <= 1.0 <= trend.interval.high for trend in known]) <= 0.995


def test_newey_west_errors_on_days_would_not_hold_there():
    """Why errors come from weeks: the usual remedy, on the same days, with its usual number of lags."""
    import statsmodels.api as sm

    rng = np.random.default_rng(17)
    held = []
    for _ in range(200):
        values = counts(rng, 91, autocorrelation=0.9, noise=1.0)
        design = np.column_stack([np.eye(7)[np.arange(91) % 7], (np.arange(91) - 45) / 7])
        fit = sm.OLS(np.log(values), design).fit(
            cov_type="HAC", cov_kwds={"maxlags": 7, "use_correction": True}, use_t=True
        )
        held.append(fit.pvalues[-1] > 0.05)

    assert np.mean(held) < 0.8


def test_the_error_on_left_out_weeks_stands_beside_that_of_no_trend():
    trend = weekly_trend(counted(growing(3.0)))

    assert trend.error == pytest.approx(0, abs=1e-4)
    assert trend.naive_error > 0.05
    assert trend.naive_pct_per_week == 0.0


def test_each_left_out_week_is_forecast_from_the_others():
    """Two levels of 100 and 200 by turns of five weeks: the week left out is always the one level nobody else has."""
    values = np.repeat([200.0 if week % 5 == 0 else 100.0 for week in range(10)], 7)

    # without columns, the fold of the 200s is told as 100 (off by 100, twice); the others as (6 x 100 + 2 x 200) / 8 = 125
    expected = (2 * 100 + 8 * 25) / (2 * 200 + 8 * 100)
    assert left_out_error(counted(values), np.empty((70, 0))) == pytest.approx(expected, rel=0.002)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (growing(2.0, days=7 * (MIN_WEEKS - 1)), "5 weeks with 4 known days or more; 6 are needed"),
        (np.where(np.arange(84) % 2, 1.0, 0.0), f"42 events in all; {MIN_EVENTS} are needed"),
        (np.where(np.arange(84) % 7 == 2, np.nan, growing(2.0)), "a weekday is known less than twice"),
    ],
)
def test_too_few_is_said_with_its_reason_and_no_number(values, reason):
    trend = weekly_trend(counted(values))

    assert trend.outcome == "too_few"
    assert reason in trend.reason
    assert trend.pct_per_week is None
    assert trend.interval is None
    assert trend.p is None


def test_a_mean_that_is_always_zero_has_no_trend_to_tell():
    zero = np.zeros(84)

    assert "zero" in weekly_trend(DailySeries(MONDAY, zero, zero + 5, "mean")).reason
