"""Two groups of the same days in, for each pair how many times as much one has as the other (or too few) out."""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from clarity_assets.statistics.intervals import (
    LEVEL,
    Interval,
    ratio_interval,
    weighted_mean_error,
    wilson,
)
from clarity_assets.statistics.multiple import false_discovery_adjusted
from clarity_assets.statistics.series import DailySeries
from clarity_assets.statistics.shares import need_share

FALSE_NAME_SHARE = 0.05  # of the differences that a report names, at most this share is expected to be none
MIN_SESSIONS = 30.0  # of either group: a share or a mean of fewer says little of the next ones
MIN_EVENTS = (
    10.0  # independent ones in both groups together; the test is exact, and says so where they are all on one side
)
MIN_DAYS_OF_MEAN = 4  # the days alone tell how far a mean scatters
PRIOR_DF = 10.0  # days' worth of what all pairs of one kind say about the scatter of each


@dataclass(frozen=True)
class Contrast:
    """`ratio`: (own rate or mean) / (the other's), 1 = the same, with `interval` (for this pair alone).

    `own`, `other`: value / exposure of either group; NaN without exposure. `p_adjusted`: after Benjamini-Hochberg over
    all pairs tested together. `is_named`: whether it may be called a difference. With too few, ratio, interval, p and
    p_adjusted are None and `reason` says what is missing.
    """

    own: float
    other: float
    ratio: float | None = None
    interval: Interval | None = None
    p: float | None = None
    p_adjusted: float | None = None
    is_named: bool = False
    reason: str = ""


@dataclass(frozen=True)
class _Sums:
    """Value and exposure of one pair on the days that count; `scatter` and `df` of its own days.

    `is_rest`: the values are exposure less value, each value being a part of its exposure, and the rest the rarer.
    """

    own: float
    own_exposure: float
    other: float
    other_exposure: float
    scatter: float
    df: int
    is_rest: bool = False


def contrast_all(
    pairs: Mapping[Hashable, tuple[DailySeries, DailySeries]],
    *,
    level: float = LEVEL,
    false_name_share: float = FALSE_NAME_SHARE,
    alike=lambda key: None,
) -> dict[Hashable, Contrast]:
    """How each pair's first series differs from its second; kinds "rate" and "mean".

    Both are taken over the same days: those that both know and on which the first has exposure. A day without any
    says nothing of the difference, and would set a short campaign beside good or bad days that it never had.
    Rates (events on sessions): given their sum, the own events are binomial (`intervals.ratio_interval`), the counts
    divided by the dispersion of days: Pearson's chi-square of the own days around the own rate over its degrees of
    freedom, steadied by the pairs that are `alike` (PRIOR_DF days' worth of their pooled one), at least 1.
    Source: Przyborowski & Wilenski (1940); McCullagh & Nelder (1989), sections 4.5 and 9.2 (quasi-likelihood).
    Shares (rates whose every value is a part of its exposure) above one half, both groups pooled: the rest of the
    exposure is tested in their place, since Poisson events of more than one half scatter far more than shares do;
    value, ratio and interval remain those of the share itself. Such an interval is made of both shares' Wilson limits
    (`_share_ratio_interval`), so that it never holds a share above 1.
    Means (seconds): the difference of the logs of two weighted means over days, each with its own error (Cochran 1977,
    section 6.4; delta method), against t with the smaller number of days less one. The days of both groups are taken
    as independent of one another: good and bad days, which both have in common, make the interval too wide, never too
    short.
    Decision: named where p after Benjamini-Hochberg over all pairs is at most `false_name_share`.
    Assumption: the pairs were not chosen by what they show; a session counts once a day.
    Raises RequestRefused for a level or share outside of 0-1.
    """
    need_share("level", level, such_as=LEVEL)
    need_share("false_name_share", false_name_share, such_as=FALSE_NAME_SHARE)
    sums = {key: _sums(*pair) for key, pair in pairs.items()}
    pooled = _pooled_scatter(sums, pairs, alike)
    found = {
        key: _of_means(*pair, sums[key], level)
        if pair[0].kind == "mean"
        else _of_rates(sums[key], _dispersion(sums[key], pooled[alike(key)]), level)
        for key, pair in pairs.items()
    }
    adjusted = false_discovery_adjusted(np.array([np.nan if c.p is None else c.p for c in found.values()], float))
    return {
        key: contrast
        if contrast.p is None
        else replace(contrast, p_adjusted=float(p), is_named=bool(p <= false_name_share))
        for (key, contrast), p in zip(found.items(), adjusted, strict=True)
    }


def _counted(own: DailySeries, other: DailySeries) -> np.ndarray:
    """The days that both know and on which the own group has exposure, by place."""
    return own.is_known & other.is_known & (np.nan_to_num(own.exposure) > 0)


def _sums(own: DailySeries, other: DailySeries) -> _Sums:
    counted = _counted(own, other)
    values, exposure = own.values[counted], own.exposure[counted]
    other_values, other_exposure = other.values[counted], other.exposure[counted]
    is_parts = own.kind == "rate" and _are_parts(values, exposure) and _are_parts(other_values, other_exposure)
    is_rest = is_parts and 2 * (values.sum() + other_values.sum()) > exposure.sum() + other_exposure.sum()
    if is_rest:
        values, other_values = (exposure - values).clip(min=0), (other_exposure - other_values).clip(min=0)
    total = exposure.sum()
    rate = values.sum() / total if total else 0.0
    expected = rate * exposure
    scatter = float(np.sum((values - expected) ** 2 / expected)) if rate > 0 else 0.0
    df = max(0, int(counted.sum()) - 1) if rate > 0 else 0
    return _Sums(float(values.sum()), float(total), float(other_values.sum()), float(other_exposure.sum()),
                 scatter, df, is_rest)  # fmt: skip


def _are_parts(values: np.ndarray, exposure: np.ndarray) -> bool:
    """Whether no value is above its exposure, by more than rounding."""
    return bool(np.all(values <= exposure * (1 + 1e-9)))


def _pooled_scatter(sums: Mapping, pairs: Mapping, alike) -> dict[Hashable, float]:
    """Chi-square / degrees of freedom over all pairs that are alike; 1 where no day tells."""
    scatter: dict[Hashable, list[float]] = {}
    for key, one in sums.items():
        group = scatter.setdefault(alike(key), [0.0, 0.0])
        if pairs[key][0].kind == "rate":
            group[0] += one.scatter
            group[1] += one.df
    return {group: chi / df if df else 1.0 for group, (chi, df) in scatter.items()}


def _dispersion(one: _Sums, pooled: float) -> float:
    return max(1.0, (one.scatter + PRIOR_DF * pooled) / (one.df + PRIOR_DF))


def _rates(one: _Sums) -> tuple[float, float]:
    """Of the values themselves, whichever side of them is tested."""
    sides = ((one.own, one.own_exposure), (one.other, one.other_exposure))
    own, other = (((size - value if one.is_rest else value) / size) if size else math.nan for value, size in sides)
    return own, other


def _of_rates(one: _Sums, dispersion: float, level: float) -> Contrast:
    from scipy.stats import binom

    own, other = _rates(one)
    reason = _too_few(one)
    events = one.own + one.other
    if not reason:
        share = one.own_exposure / (one.own_exposure + one.other_exposure)
        if events < MIN_EVENTS * dispersion:
            what = "not part of the share" if one.is_rest else "or events"
            reason = f"{events:.0f} sessions {what} in both groups; {MIN_EVENTS * dispersion:.0f} are needed"
    if reason:
        return Contrast(own, other, reason=reason)
    independent, all_of = one.own / dispersion, round(events / dispersion)
    low_tail = binom.cdf(math.floor(independent), all_of, share)
    high_tail = binom.sf(math.ceil(independent) - 1, all_of, share)
    interval = _interval(one, dispersion, level)
    ratio = own / other if other else math.inf
    return Contrast(own, other, ratio, interval, p=float(min(1.0, 2 * min(low_tail, high_tail))))


def _interval(one: _Sums, dispersion: float, level: float) -> Interval | None:
    if one.is_rest:
        return _share_ratio_interval(one, dispersion, level)
    return ratio_interval(one.own, one.own_exposure, one.other, one.other_exposure, dispersion=dispersion, level=level)


def _share_ratio_interval(one: _Sums, dispersion: float, level: float) -> Interval:
    """Interval of a ratio of two shares of which the rest was counted, without unit; 1 is "the same".

    Formula: the roots of (p - r q)^2 = (p - l)^2 + r^2 (u - q)^2 for the low end, with l, u the Wilson limits of either
    share, of exposure / dispersion sessions; the high end with the other limits. It ends at (1 / q's lower limit).
    Source: Donner & Zou (2012), Stat. Methods Med. Res. 21, 347-359 (variance estimates recovered from limits).
    """
    p, q = _rates(one)
    of_own, of_other = (
        wilson((size - rest) / dispersion, size / dispersion, level=level)
        for rest, size in ((one.own, one.own_exposure), (one.other, one.other_exposure))
    )
    low = _root(p, q, p - of_own.low, of_other.high - q, sign=-1)
    high = _root(p, q, of_own.high - p, q - of_other.low, sign=1)
    return Interval(low, high, level)


def _root(p: float, q: float, of_p: float, of_q: float, *, sign: int) -> float:
    """r with (p - r q)^2 = of_p^2 + r^2 of_q^2, below (sign -1) or above p / q."""
    a = q * q - of_q * of_q
    if a <= 0:
        return math.inf if sign > 0 else 0.0
    c = max(0.0, p * p - of_p * of_p)
    return (p * q + sign * math.sqrt(max(0.0, p * p * q * q - a * c))) / a


def _of_means(own: DailySeries, other: DailySeries, one: _Sums, level: float) -> Contrast:
    from scipy.stats import t as t_distribution

    values = _rates(one)
    reason = _too_few(one)
    errors = [_relative_error(series, _counted(own, other)) for series in (own, other)]
    if not reason and min(days for _, days in errors) < MIN_DAYS_OF_MEAN:
        reason = f"{min(days for _, days in errors)} days with sessions; {MIN_DAYS_OF_MEAN} are needed"
    if not reason and not min(values) > 0:
        reason = "a mean of zero has no ratio"
    if reason:
        return Contrast(*values, reason=reason)
    error = math.hypot(*(e for e, _ in errors))
    df = min(days for _, days in errors) - 1
    log_ratio = math.log(values[0] / values[1])
    half = float(t_distribution.ppf((1 + level) / 2, df)) * error
    interval = Interval(math.exp(log_ratio - half), math.exp(log_ratio + half), level)
    p = 2 * float(t_distribution.sf(abs(log_ratio) / error, df)) if error > 0 else float(log_ratio == 0)
    return Contrast(*values, math.exp(log_ratio), interval, p=p)


def _relative_error(series: DailySeries, counted: np.ndarray) -> tuple[float, int]:
    """Standard error of the weighted mean over days, as a share of it; and how many days tell."""
    told = counted & (np.nan_to_num(series.exposure) > 0)
    w, n = series.exposure[told], int(told.sum())
    if n < 2:
        return math.inf, n
    mean, error = weighted_mean_error(series.values[told] / w, w)
    return (error / mean if mean > 0 else math.inf), n


def _too_few(one: _Sums) -> str:
    sessions = min(one.own_exposure, one.other_exposure)
    return (
        f"{sessions:.0f} sessions in the smaller group; {MIN_SESSIONS:.0f} are needed"
        if sessions < MIN_SESSIONS
        else ""
    )
