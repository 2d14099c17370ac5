"""Counts, rates, ratios and weighted means in, intervals that say how well they are known out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clarity_assets.errors import RequestRefused
from clarity_assets.statistics.shares import need_share

LEVEL = 0.95  # one level for all reports, so that intervals compare


@dataclass(frozen=True)
class Interval:
    """`low` to `high`, in the unit of the estimate; over many uses a share `level` of them holds the true value."""

    low: float
    high: float
    level: float = LEVEL


def wilson(successes: float, trials: float, *, level: float = LEVEL) -> Interval | None:
    """Interval of a share (0-1): `successes` of `trials`, such as sessions with a rage click of sessions.

    Formula: all p with |successes - trials p| <= z sqrt(trials p (1 - p)).
    Source: Wilson (1927), J. Am. Stat. Assoc. 22, 209-212; Brown, Cai & DasGupta (2001), Stat. Sci. 16, 101-133.
    Assumptions: each trial succeeds independently with the same chance. Days that differ by more than chance make it
    too short: for those compare daily values (`change.compare`). None without trials.
    """
    from statsmodels.stats.proportion import proportion_confint

    need_share("level", level, such_as=LEVEL)
    if not 0 <= successes <= trials < math.inf:
        raise RequestRefused(
            f"{successes} of {trials}; a share needs finite numbers, 0 <= successes <= trials: are they of the same "
            "rows, and known?"
        )
    if trials == 0:
        return None
    low, high = proportion_confint(successes, trials, alpha=1 - level, method="wilson")
    return Interval(float(low), float(high), level)


def count_interval(count: float, *, dispersion: float = 1.0, level: float = LEVEL) -> Interval:
    """Interval of the expected number behind a counted one (same unit), such as rage clicks of a week.

    Formula: all m with |count - m| <= z sqrt(dispersion m), that is x + z^2/2 -+ z sqrt(x + z^2/4) in x = count /
    dispersion, the number of independent events, times dispersion.
    Source: score interval, Rao (1948); Barker (2002), Am. Stat. 56, 85-89 (closest to nominal of nine for small
    counts).
    `dispersion` = variance / mean of such counts (1: Poisson); quasi-Poisson, McCullagh & Nelder (1989), section 6.2.
    Assumptions: events come independently, or in independent clumps of about `dispersion`.
    """
    from statsmodels.stats.rates import confint_poisson

    need_share("level", level, such_as=LEVEL)
    if not (0 <= count < math.inf and 0 < dispersion < math.inf):
        raise RequestRefused(
            f"count {count}, dispersion {dispersion}; a count is 0 or more, a dispersion above 0, both finite: "
            "leave out what is unknown"
        )
    low, high = confint_poisson(count / dispersion, 1, method="score", alpha=1 - level)
    return Interval(max(0.0, float(low)) * dispersion, float(high) * dispersion, level)


def ratio_interval(
    after: float,
    exposure_after: float,
    before: float,
    exposure_before: float,
    *,
    dispersion: float = 1.0,
    level: float = LEVEL,
) -> Interval | None:
    """Interval of (after / exposure_after) / (before / exposure_before), without unit; 1 is "the same".

    Formula: given their sum n, `after` is binomial with p = r e / (1 + r e), e = exposure_after / exposure_before; the
    Wilson limits of after / n, turned into r = p / (1 - p) / e. Nothing before: high is infinite; nothing after: low is
    0.
    Source: Przyborowski & Wilenski (1940), Biometrika 31, 313-323 (conditioning); the same as the score interval of
    `statsmodels.stats.rates.confint_poisson_2indep`; Ng & Tang (2005), Stat. Med. 24, 955-965.
    Assumptions: both are Poisson around rate x exposure, or `dispersion` times as variable. None if nothing was
    counted.
    """
    are_counts = all(0 <= count < math.inf for count in (after, before))
    if not are_counts or not all(0 < size < math.inf for size in (exposure_after, exposure_before, dispersion)):
        raise RequestRefused(
            f"{after} on {exposure_after} against {before} on {exposure_before}, dispersion {dispersion}; "
            "counts are 0 or more, exposures and dispersion above 0, all finite: leave out what is unknown"
        )
    share = wilson(after / dispersion, (after + before) / dispersion, level=level)
    if share is None:
        return None
    exposures = exposure_after / exposure_before
    low = 0.0 if after == 0 else share.low / (1 - share.low) / exposures
    high = math.inf if before == 0 else share.high / (1 - share.high) / exposures
    return Interval(low, high, level)


def weighted_mean_interval(
    values: Sequence[float] | np.ndarray, weights: Sequence[float] | np.ndarray, *, level: float = LEVEL
) -> Interval | None:
    """Interval of a mean of daily means, weighted by what each is a mean over (seconds a session, by sessions).

    Formula: m = sum w x / sum w; variance = n / (n - 1) x sum w^2 (x - m)^2 / (sum w)^2; m -+ t(n - 1) sqrt(variance).
    Source: Cochran (1977), Sampling Techniques, section 6.4 (ratio estimator); equals weighted least squares on a
    constant with HC1 errors in statsmodels. In the unit of `values`.
    Assumptions: the days are independent draws; weights are known numbers above 0; no weekday pattern beyond chance (it
    widens the interval). Pairs with an unknown value or weight, or weight 0, are left out. None with fewer than two
    left.
    """
    from scipy.stats import t as t_distribution

    need_share("level", level, such_as=LEVEL)
    x, w = np.asarray(values, float), np.asarray(weights, float)
    if x.ndim != 1 or x.shape != w.shape:
        raise RequestRefused(f"{x.shape} values with {w.shape} weights; give one weight for each value of one list")
    for name, numbers in (("value", x), ("weight", w)):
        wrong = numbers[np.isinf(numbers) | (numbers < 0)]
        if wrong.size:
            raise RequestRefused(f"{name} {wrong[0]:g}; give finite numbers of 0 or more, NaN for what is unknown")
    told = np.isfinite(x) & np.isfinite(w) & (w > 0)
    x, w = x[told], w[told]
    n = len(x)
    if n < 2:
        return None
    mean, error = weighted_mean_error(x, w)
    half = t_distribution.ppf((1 + level) / 2, n - 1) * error
    return Interval(float(mean - half), float(mean + half), level)


def weighted_mean_error(values: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Weighted mean of two or more values, and its standard error as in `weighted_mean_interval`; weights above 0."""
    n = len(values)
    mean = np.average(values, weights=weights)
    variance = n / (n - 1) * np.sum(weights**2 * (values - mean) ** 2) / weights.sum() ** 2
    return float(mean), math.sqrt(variance)
