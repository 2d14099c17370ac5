"""A change between two periods: hand-worked, against statsmodels, and at every edge of what is known."""

import math
from datetime import date, timedelta

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from clarity_assets.errors import RequestRefused
from clarity_assets.statistics.aligned import align
from clarity_assets.statistics.change import Change, Outcome, compare, compare_all
from clarity_assets.statistics.series import DailySeries

MONDAY = date(2026, 8, 3)
BASELINE = (MONDAY, MONDAY + timedelta(days=28))
PERIOD = (BASELINE[1], BASELINE[1] + timedelta(days=7))
WEEK = np.array([130.0, 120, 110, 100, 90, 60, 80])


def changed(values, exposure=None, kind="count") -> Change:
    values = np.asarray(values, float)
    exposure = None if exposure is None else np.asarray(exposure, float)
    return compare(DailySeries(MONDAY, values, exposure, kind), period=PERIOD, baseline=BASELINE)


def weeks(*factors: float, week: np.ndarray = WEEK) -> np.ndarray:
    return np.concatenate([factor * week for factor in factors])


# --- the numbers ------------------------------------------------------------------------------------------------------


def test_a_change_by_hand():
    # 690 a week, then 828: ratio 1.2. Given the sum 3,588 a fifth, 717.6, is expected in the last week. Deviance:
    # 2 (828 ln(828 / 717.6) + 2760 ln(2760 / 2870.4)) = 2 (118.4875 - 108.2492) = 20.4766. The days follow the
    # model exactly, so chance alone is left (spread 1), on 35 - 8 = 27 degrees of freedom: p = 2 P(t > 4.5251) = 1.09e-4
    change = changed(weeks(1, 1, 1, 1, 1.2))
    assert change.ratio == pytest.approx(1.2)
    assert change.spread == pytest.approx(1.0)
    assert change.p == pytest.approx(2 * stats.t.sf(math.sqrt(20.4766), 27), rel=1e-3)
    assert change.p == pytest.approx(1.09e-4, rel=0.01)
    assert (change.outcome, change.before, change.after) == (
        Outcome.INCREASE,
        pytest.approx(690 / 7),
        pytest.approx(828 / 7),
    )


def test_the_interval_is_where_the_deviance_reaches_t_squared():
    # near exp(ln 1.2 -+ 2.0518 sqrt(1/828 + 1/2760)), whose root is 0.039624: 1.1063 to 1.3016 (Wald's approximation)
    interval = changed(weeks(1, 1, 1, 1, 1.2)).interval
    assert (interval.low, interval.high) == pytest.approx((1.1063, 1.3016), abs=0.001)
    deviance = [2 * (828 * math.log(0.23076923 / p) + 2760 * math.log(0.76923077 / (1 - p)))
                for p in (r / (4 + r) for r in (interval.low, interval.high))]  # fmt: skip
    assert deviance == pytest.approx([stats.t.ppf(0.975, 27) ** 2] * 2, rel=1e-4)


def test_p_is_never_below_the_exact_binomial_one():
    # 2 a day for four weeks, then nothing: 56 events, none in the fifth of the days. Exact: 2 x 0.8^56 = 7.5e-6
    change = changed(weeks(1, 1, 1, 1, 0, week=np.full(7, 2.0)))
    assert change.p >= 2 * 0.8**56
    assert change.outcome is Outcome.DECREASE


@pytest.mark.parametrize(("before", "after"), [(56, 0), (0, 20), (48, 2), (40, 24), (80, 20)])
def test_the_exact_p_is_twice_the_smaller_binomial_tail(before, after):
    values = np.zeros(35)
    values[0], values[28] = before, after  # Mondays; the other three before have none: a fifth is expected after
    fit = align([DailySeries(MONDAY, values)], period=PERIOD, baseline=BASELINE).fit
    split = stats.binom(before + after, 0.2)
    expected = min(1.0, 2 * min(split.cdf(after), split.sf(after - 1)))
    assert fit.exact_p(np.ones(1)) == pytest.approx(expected)


def glm(values, exposure, *, with_period=True):
    """Poisson regression with weekdays and offset by statsmodels, on the days with both known."""
    known = np.isfinite(values) & np.isfinite(exposure) & (np.nan_to_num(exposure) > 0)
    place = np.arange(35)[known]
    columns = [np.eye(7)[place % 7]] + ([place >= 28] if with_period else [])
    model = sm.GLM(
        values[known],
        np.column_stack(columns).astype(float),
        family=sm.families.Poisson(),
        offset=np.log(exposure[known]),
    )
    return model.fit(scale="X2")


@pytest.mark.parametrize("seed", range(12))
def test_ratio_deviance_and_residuals_are_those_of_statsmodels(seed):
    rng = np.random.default_rng(seed)
    exposure = rng.poisson(weeks(*rng.uniform(0.5, 2, 5))).astype(float)
    values = rng.negative_binomial(3, 0.2, 35).astype(float)
    values[rng.random(35) < 0.1] = np.nan
    fit = align([DailySeries(MONDAY, values, exposure, "rate")], period=PERIOD, baseline=BASELINE).fit
    full, without = glm(values, exposure), glm(values, exposure, with_period=False)
    assert fit.log_ratio == pytest.approx(full.params[-1], abs=1e-6)
    assert fit.deviance(np.zeros(1)) == pytest.approx(without.deviance - full.deviance, rel=1e-5, abs=1e-7)
    assert fit.fitted[0][np.isfinite(values)] == pytest.approx(full.fittedvalues, rel=1e-5)
    assert fit.residual_df == full.df_resid


def test_dispersion_and_p_are_those_of_statsmodels_where_days_have_no_memory():
    rng = np.random.default_rng(1)
    seeds = (rng.negative_binomial(8, 8 / (8 + weeks(1, 1, 1, 1, 1.3))).astype(float) for _ in range(200))
    compared = 0
    for values in seeds:
        full, without = glm(values, np.ones(35)), glm(values, np.ones(35), with_period=False)
        change = changed(values)
        if change.spread == pytest.approx(full.scale, rel=1e-6):  # no autocorrelation was seen in about half of them
            f = (without.deviance - full.deviance) / full.scale
            fit = align([DailySeries(MONDAY, values)], period=PERIOD, baseline=BASELINE).fit
            exact = fit.exact_p(np.array([full.scale]))[0]
            assert change.p == pytest.approx(max(exact, stats.f.sf(f, 1, 27)), rel=1e-5)
            compared += 1
    assert compared > 60


def test_the_same_weekdays_are_compared():
    # a week of which only the five busiest days are known is no rise: its Mondays are like all Mondays
    values = weeks(1, 1, 1, 1, 1)
    values[[33, 34]] = np.nan
    change = changed(values)
    assert change.ratio == pytest.approx(1.0)
    assert change.before == change.after == pytest.approx(WEEK[:5].mean())


def test_a_weekday_on_which_nothing_ever_happens_is_a_day_all_the_same():
    # 510 in a week of seven days, none of it on the weekend: 72.857 a day, not 102
    change = changed(weeks(1, 1, 1, 1, 1.2, week=np.array([100.0, 110, 105, 95, 100, 0, 0])))
    assert (change.before, change.after) == (pytest.approx(510 / 7), pytest.approx(1.2 * 510 / 7))
    assert change.ratio == pytest.approx(1.2)
    rate = changed(weeks(1, 1, 1, 1, 1, week=np.array([10.0] * 5 + [0, 0])), weeks(1, 1, 1, 1, 1), "rate")
    assert rate.before == rate.after == pytest.approx(50 / 690)


def test_days_of_zero_are_a_level_of_zero_and_a_weekday_of_one_side_is_none():
    nothing = changed(np.zeros(35))
    assert (nothing.outcome, nothing.before, nothing.after) == (Outcome.TOO_FEW, 0.0, 0.0)
    weekend = np.array([100.0] * 5 + [0, 0])
    values = weeks(1, 1, 1, 1, 1, week=weekend)
    values[[33, 34]] = np.nan  # the period's weekend is lost: five weekdays are left on both sides
    change = changed(values)
    assert change.before == change.after == pytest.approx(100.0)


def test_a_mean_has_no_least_spread():
    rng = np.random.default_rng(2)
    sessions = np.full(35, 400.0)
    seconds = sessions * (60 + rng.normal(0, 0.5, 35))
    steady = changed(seconds, sessions, "mean")
    assert steady.outcome is Outcome.NO_CHANGE_SHOWN
    assert steady.after == pytest.approx(60, abs=1)
    seconds[28:] *= 1.05
    assert changed(seconds, sessions, "mean").outcome is Outcome.INCREASE


def test_days_that_resemble_the_day_before_are_worth_less():
    rng = np.random.default_rng(8)
    wandering = np.cumsum(rng.normal(0, 0.08, 35))
    values = np.round(1_000 * np.exp(wandering - wandering.mean()))
    shuffled = np.round(1_000 * np.exp(rng.permutation(wandering) - wandering.mean()))
    assert changed(values).spread > 2 * changed(shuffled).spread


# --- nothing on one side ----------------------------------------------------------------------------------------------


def test_what_is_new_has_an_infinite_ratio_and_a_finite_lower_limit():
    change = changed(weeks(0, 0, 0, 0, 0.2), weeks(1, 1, 1, 1, 1), "rate")
    assert change.outcome is Outcome.INCREASE
    assert (change.ratio, change.interval.high) == (math.inf, math.inf)
    assert 10 < change.interval.low < math.inf
    assert (change.before, change.after) == (0, pytest.approx(0.2))


def test_what_ended_has_ratio_zero_and_a_finite_upper_limit():
    change = changed(weeks(0.2, 0.2, 0.2, 0.2, 0), weeks(1, 1, 1, 1, 1), "rate")
    assert change.outcome is Outcome.DECREASE
    assert (change.ratio, change.interval.low) == (0.0, 0.0)
    assert 0 < change.interval.high < 0.1


# --- too few ----------------------------------------------------------------------------------------------------------


def lost(*places: int, values=None) -> np.ndarray:
    values = weeks(1, 1, 1, 1, 1.5) if values is None else values
    values[list(places)] = np.nan
    return values


def test_four_known_days_of_a_week_are_enough_and_three_are_not():
    assert changed(lost(28, 29, 30)).outcome is Outcome.INCREASE
    few = changed(lost(28, 29, 30, 31))
    assert few.outcome is Outcome.TOO_FEW
    assert few.reason == "3 of 7 days of the period are known; 4 are needed"
    assert (few.days_before, few.days_after) == (28, 3)


def test_half_of_the_baseline_is_enough_and_less_is_not():
    assert changed(lost(*range(14))).outcome is Outcome.INCREASE
    assert changed(lost(*range(15))).reason == "13 of 28 days of the baseline are known; 14 are needed"


def test_ten_expected_events_are_enough_and_fewer_are_not():
    # 50 events, a fifth of the days: 10 expected. One less: 9.8
    values = np.zeros(35)
    values[:25] = 2
    assert changed(values).outcome is not Outcome.TOO_FEW
    values[0] = 1
    assert changed(values).reason == "9.8 events expected in the smaller period; 10 are needed"


def test_thirty_sessions_behind_a_mean_are_enough_and_fewer_are_not():
    def mean_of(sessions: float) -> Change:
        exposure = np.full(35, 40.0)
        exposure[28:] = sessions / 7
        return changed(60 * exposure + np.arange(35) % 3, exposure, "mean")

    assert mean_of(30.01).outcome is not Outcome.TOO_FEW
    assert mean_of(29).reason == "29 sessions in the smaller period; 30 are needed"


def test_events_on_four_days_are_a_burst_and_on_five_are_tested():
    values = np.zeros(35)
    values[28:32] = 30
    assert changed(values).reason == "all of it fell on 4 days; 5 are needed, or it is a burst"
    values[32] = 30
    assert changed(values).outcome is not Outcome.TOO_FEW


def test_clicks_in_clumps_are_counted_as_independent_events():
    # all of a day's 40 clicks are one session's, on every fifth day: 280 clicks are about 7 events
    clicks = np.where(np.arange(35) % 5 == 0, 40.0, 0.0)
    few = changed(clicks, np.full(35, 100.0), "rate")
    assert few.outcome is Outcome.TOO_FEW
    assert "come in clumps" in few.reason


def test_a_week_against_the_week_before_is_compared_and_less_leaves_too_few_days():
    series = DailySeries(MONDAY, weeks(1, 1.5))
    before, after = (MONDAY, MONDAY + timedelta(days=7)), (MONDAY + timedelta(days=7), MONDAY + timedelta(days=14))
    assert compare(series, period=after, baseline=before).ratio == pytest.approx(1.5)
    values = weeks(1, 1.5)
    values[[7, 8]] = np.nan
    few = compare(DailySeries(MONDAY, values), period=after, baseline=before)
    assert few.reason == "4 days left to tell how days differ; 5 are needed"


def test_no_data_at_all_is_too_few():
    few = changed(np.full(35, np.nan))
    assert (few.outcome, few.p, few.ratio, few.interval) == (Outcome.TOO_FEW, None, None, None)
    assert changed(np.zeros(35)).outcome is Outcome.TOO_FEW
    assert changed(np.zeros(35), np.zeros(35), "rate").outcome is Outcome.TOO_FEW


def test_what_is_too_few_does_not_count_among_the_tested():
    clear = DailySeries(MONDAY, weeks(1, 1, 1, 1, 1.15))
    empty = {f"empty {i}": DailySeries(MONDAY, np.zeros(35)) for i in range(500)}
    alone = compare(clear, period=PERIOD, baseline=BASELINE)
    among = compare_all({"clear": clear} | empty, period=PERIOD, baseline=BASELINE)["clear"]
    assert (among.p, among.p_adjusted) == (alone.p, alone.p)


# --- many at once -----------------------------------------------------------------------------------------------------


def test_one_of_many_needs_a_smaller_p():
    rng = np.random.default_rng(4)
    many = {i: DailySeries(MONDAY, rng.poisson(weeks(1, 1, 1, 1, 1)).astype(float)) for i in range(300)}
    small = DailySeries(MONDAY, weeks(1, 1, 1, 1, 1.1))
    assert compare(small, period=PERIOD, baseline=BASELINE).p < 0.05
    changes = compare_all(many | {"small": small}, period=PERIOD, baseline=BASELINE)
    assert changes["small"].outcome is Outcome.NO_CHANGE_SHOWN
    assert changes["small"].p_adjusted > 0.05


def test_nothing_looked_at_gives_nothing():
    assert compare_all({}, period=PERIOD, baseline=BASELINE) == {}


# --- what is refused --------------------------------------------------------------------------------------------------


def test_periods_that_share_days_are_refused():
    with pytest.raises(RequestRefused, match="share days"):
        compare(DailySeries(MONDAY, weeks(1)), period=PERIOD, baseline=(MONDAY, PERIOD[1]))


def test_an_empty_period_is_refused():
    with pytest.raises(RequestRefused, match="has no day"):
        compare(DailySeries(MONDAY, weeks(1)), period=(PERIOD[0], PERIOD[0]), baseline=BASELINE)


def test_negative_values_are_refused():
    with pytest.raises(RequestRefused, match="values has -120 on 2026-08-04"):
        changed(lost(0) * -1)
