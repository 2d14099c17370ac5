"""Each interval against hand-worked numbers, published examples, a reference implementation, and its true coverage."""

import math
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats
from statsmodels.api import WLS
from statsmodels.stats.rates import confint_poisson_2indep

from clarity_assets.errors import RequestRefused
from clarity_assets.statistics.intervals import Interval, count_interval, ratio_interval, weighted_mean_interval, wilson


def limits(interval: Interval) -> tuple[float, float]:
    return (interval.low, interval.high)


# --- a share ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_newcombes_published_limits(successes, trials, low, high):
    # Newcombe (1998), Stat. Med. 17, 857-872, table I, method 3 (score, no continuity correction)
    assert limits(wilson(successes, trials)) == pytest.approx((low, high), abs=5e-5)


def test_wilson_by_hand():
    # 4 of 10, z = 1.959964: centre (4 + z2/2) / (10 + z2) = 5.920729 / 13.841459 = 0.427753,
    # half = z sqrt(4 x 6 / 10 + z2/4) / (10 + z2) = 1.959964 x sqrt(3.360365) / 13.841459 = 0.259573
    assert limits(wilson(4, 10)) == pytest.approx((0.168180, 0.687326), abs=1e-6)


def test_no_trials_have_no_interval():
    assert wilson(0, 0) is None


def test_more_successes_than_trials_are_refused():
    with pytest.raises(RequestRefused, match="11 of 10"):
        wilson(11, 10)


def test_wilson_covers_the_truth_at_93_to_97_percent_on_average():
    # exactly: the chance of every count x whether its interval holds the truth, mean over shares 2 % to 98 %
    for trials in (20, 50, 200, 1_000):
        counts = np.arange(trials + 1)
        intervals = np.array([limits(wilson(k, trials)) for k in counts])
        shares = np.linspace(0.02, 0.98, 97)
        covers = (intervals[:, :1] <= shares) & (shares <= intervals[:, 1:])
        coverage = (stats.binom.pmf(counts[:, None], trials, shares) * covers).sum(axis=0)
        assert 0.945 < coverage.mean() < 0.96


# --- a count ----------------------------------------------------------------------------------------------------------


def test_a_count_by_hand():
    # 10: 10 + z2/2 = 11.920729; z sqrt(10 + z2/4) = 1.959964 x sqrt(10.960365) = 6.488743
    assert limits(count_interval(10)) == pytest.approx((5.431986, 18.409472), abs=1e-6)


def test_nothing_counted_still_has_an_upper_limit():
    assert limits(count_interval(0)) == pytest.approx((0.0, 3.841459), abs=1e-6)  # z2


def test_clumps_of_four_are_a_quarter_as_many_events():
    alone = count_interval(10)
    assert limits(count_interval(40, dispersion=4)) == pytest.approx((4 * alone.low, 4 * alone.high))


def test_a_negative_count_is_refused():
    with pytest.raises(RequestRefused, match="count -1"):
        count_interval(-1)


@pytest.mark.parametrize("mean", [3, 5, 7, 10, 20, 50, 100, 500])
def test_the_interval_of_a_count_covers_the_truth_at_93_to_97_percent(mean):
    counts = np.arange(int(mean + 12 * math.sqrt(mean) + 20))
    covers = [interval.low <= mean <= interval.high for interval in map(count_interval, counts)]
    assert 0.93 < stats.poisson.pmf(counts, mean)[covers].sum() < 0.97


# --- a ratio ----------------------------------------------------------------------------------------------------------


def test_a_ratio_is_the_score_interval_of_statsmodels():
    # 41 cases in 28,010 person-years against 15 in 19,017 (Rothman & Greenland, Modern Epidemiology): ratio 1.8558
    expected = confint_poisson_2indep(41, 28_010, 15, 19_017, method="score", compare="ratio")
    assert limits(ratio_interval(41, 28_010, 15, 19_017)) == pytest.approx(expected, rel=1e-6)


def test_a_ratio_by_hand():
    # 30 against 10 on the same exposure: Wilson of 30 of 40 is (0.598067, 0.858129); p / (1 - p) of both
    assert limits(ratio_interval(30, 1, 10, 1)) == pytest.approx((1.487965, 6.048735), abs=1e-4)


def test_nothing_before_has_a_lower_limit_alone():
    interval = ratio_interval(20, 1, 0, 1)
    assert interval.low > 1
    assert interval.high == math.inf


def test_nothing_after_has_an_upper_limit_alone():
    interval = ratio_interval(0, 1, 20, 1)
    assert interval.low == 0
    assert interval.high < 1


def test_nothing_at_all_has_no_ratio():
    assert ratio_interval(0, 1, 0, 1) is None


def test_clumps_widen_a_ratio():
    assert limits(ratio_interval(90, 1, 30, 1, dispersion=3)) == pytest.approx(limits(ratio_interval(30, 1, 10, 1)))


def test_a_ratio_without_exposure_is_refused():
    with pytest.raises(RequestRefused, match="exposures and dispersion above 0"):
        ratio_interval(1, 0, 1, 1)


@pytest.mark.parametrize(("mean_after", "mean_before"), [(10, 40), (25, 25), (60, 200), (30, 15)])
def test_the_interval_of_a_ratio_covers_the_truth_at_93_to_97_percent(mean_after, mean_before):
    after, before = (np.arange(1, int(m + 6 * math.sqrt(m))) for m in (mean_after, mean_before))
    truth, covered = mean_after / mean_before, 0.0
    for k in after:
        chance = stats.poisson.pmf(k, mean_after) * stats.poisson.pmf(before, mean_before)
        intervals = [ratio_interval(k, 1, n, 1) for n in before]
        covered += chance[[i.low <= truth <= i.high for i in intervals]].sum()
    assert 0.93 < covered < 0.97


# --- a weighted mean --------------------------------------------------------------------------------------------------


def test_a_weighted_mean_by_hand():
    # 10, 20, 30 with weights 1, 1, 2: mean 22.5; w2 (x - m)2 = 156.25 + 6.25 + 225 = 387.5; x 3/2 / 16 = 36.328125;
    # root 6.027282; t(2) = 4.302653: half = 25.933303
    assert limits(weighted_mean_interval([10, 20, 30], [1, 1, 2])) == pytest.approx((-3.433303, 48.433303), abs=1e-5)


def test_a_weighted_mean_is_weighted_least_squares_with_robust_errors():
    rng = np.random.default_rng(5)
    weights, values = rng.integers(50, 500, 28), rng.normal(60, 9, 28)
    fit = WLS(values, np.ones(28), weights=weights).fit(cov_type="HC1", use_t=True)
    assert limits(weighted_mean_interval(values, weights)) == pytest.approx(tuple(fit.conf_int()[0]))


def test_unknown_days_and_days_without_weight_are_left_out():
    told = weighted_mean_interval([10, 20, 30], [1, 1, 2])
    assert weighted_mean_interval([10, np.nan, 20, 99, 30, 5], [1, 4, 1, 0, 2, np.nan]) == told


def test_one_day_alone_tells_no_interval():
    assert weighted_mean_interval([10.0], [5]) is None


def test_the_interval_of_a_weighted_mean_covers_the_truth_at_93_to_97_percent():
    rng = np.random.default_rng(11)
    weights = rng.integers(200, 600, 28)
    draws = 55 + rng.normal(0, 40 / np.sqrt(weights), (4_000, 28))  # means of so many sessions a day
    intervals = [weighted_mean_interval(values, weights) for values in draws]
    assert 0.93 < np.mean([i.low <= 55 <= i.high for i in intervals]) < 0.97


# --- what is refused --------------------------------------------------------------------------------------------------

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(("successes", "trials"), [(1, INF), (INF, INF), (NAN, 10), (1, NAN), (-1, 10), (-2, -1)])
def test_a_share_of_what_is_not_known_or_not_counted_is_refused(successes, trials):
    with pytest.raises(RequestRefused, match=f"{successes} of {trials}; .* 0 <= successes <= trials"):
        wilson(successes, trials)


@pytest.mark.parametrize(("count", "dispersion"), [(NAN, 1), (INF, 1), (-1, 1), (5, NAN), (5, INF), (5, 0), (5, -1)])
def test_a_count_that_is_not_known_is_refused(count, dispersion):
    with pytest.raises(RequestRefused, match=f"count {count}, dispersion {dispersion}; .* leave out"):
        count_interval(count, dispersion=dispersion)


@pytest.mark.parametrize("wrong", [NAN, INF, -1])
@pytest.mark.parametrize("place", range(5))
def test_a_ratio_of_what_is_not_known_is_refused(place, wrong):
    *numbers, dispersion = [wrong if i == place else 2.0 for i in range(5)]
    with pytest.raises(RequestRefused, match=f"{wrong}.* all finite: leave out"):
        ratio_interval(*numbers, dispersion=dispersion)


@pytest.mark.parametrize(
    ("values", "weights", "words"),
    [
        ([1, INF], [1, 1], "value inf; .* NaN for what is unknown"),
        ([1, -2], [1, 1], "value -2; .* 0 or more"),
        ([1, 2], [1, -3], "weight -3"),
        ([1, 2], [1, INF], "weight inf"),
        ([1, 2], [1], r"\(2,\) values with \(1,\) weights"),
        ([[1, 2]], [[1, 1]], r"\(1, 2\) values"),
    ],
)
def test_a_weighted_mean_of_what_no_day_can_have_is_refused(values, weights, words):
    with pytest.raises(RequestRefused, match=words):
        weighted_mean_interval(values, weights)


@pytest.mark.parametrize("level", [0, 1, 95, NAN])
def test_every_interval_refuses_a_level_that_is_no_share(level):
    calls = (
        lambda: wilson(0, 0, level=level),
        lambda: count_interval(1, level=level),
        lambda: ratio_interval(0, 1, 0, 1, level=level),
        lambda: weighted_mean_interval([], [], level=level),
    )
    for call in calls:
        with pytest.raises(RequestRefused, match=f"level {level}; .* give 0.95 for 95 %"):
            call()


def test_the_package_is_there_before_scipys_and_statsmodels_statistics_are():
    """They take a second to import; nobody who only reads an Interval should wait for them."""
    modules = ("intervals", "series", "change", "trend", "weekdays", "change_points", "anomalies", "forecast")
    code = "; ".join(f"import clarity_assets.statistics.{module}" for module in modules)
    code += "; import sys; print([name for name in ('scipy.stats', 'statsmodels', 'ruptures') if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"
