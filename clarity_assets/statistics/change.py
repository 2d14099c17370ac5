"""Daily series and two periods in, for each what changed (or that nothing shows, or too little is known) out."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from clarity_assets.statistics.aligned import Aligned, Period, align
from clarity_assets.statistics.enough import least_expected, missing_minimums, too_clumped
from clarity_assets.statistics.intervals import LEVEL, Interval
from clarity_assets.statistics.multiple import false_discovery_adjusted
from clarity_assets.statistics.series import DailySeries
from clarity_assets.statistics.shares import need_share
from clarity_assets.statistics.spread import Spread, estimate_spread
from clarity_assets.statistics.weekday_ratio import FARTHEST_LOG_RATIO, WeekdayRatio

FALSE_NAME_SHARE = 0.05  # of the changes that a report names, at most this share is expected to be none


class Outcome(StrEnum):
    """What a comparison says."""

    INCREASE = "increase"
    DECREASE = "decrease"
    NO_CHANGE_SHOWN = "no_change_shown"
    TOO_FEW = "too_few"


@dataclass(frozen=True)
class Change:
    """One series compared.

    `before`, `after`: value a day (kind "count") or value / exposure (the others), on weekdays known on both sides,
    those on which nothing happened included;
    `before` is what the period under test would have had at the baseline's level of each weekday (NaN: no such
    weekday).
    `ratio`: after / before by the model, 1 = the same, with its `interval` (for this series alone, not corrected for
    many).
    `p`: chance of a ratio at least this far from 1 without a change. `p_adjusted`: after Benjamini-Hochberg.
    `spread`: variance of the ratio against that of independent Poisson events (kind "mean": in the value's own unit).
    With TOO_FEW, ratio, interval, p, p_adjusted and spread are None and `reason` says what is missing.
    """

    outcome: Outcome
    before: float
    after: float
    days_before: int
    days_after: int
    ratio: float | None = None
    interval: Interval | None = None
    p: float | None = None
    p_adjusted: float | None = None
    spread: float | None = None
    reason: str = ""

    @property
    def is_named(self) -> bool:
        """Whether a report may call it a change."""
        return self.outcome in (Outcome.INCREASE, Outcome.DECREASE)


def compare(series: DailySeries, *, period: Period, baseline: Period, level: float = LEVEL) -> Change:
    """The change of one series that is looked at alone; a report calls `compare_all` over all it looks at."""
    return compare_all({None: series}, period=period, baseline=baseline, level=level)[None]


def compare_all(
    series: Mapping[Hashable, DailySeries],
    *,
    period: Period,
    baseline: Period,
    level: float = LEVEL,
    false_name_share: float = FALSE_NAME_SHARE,
    alike: Callable[[Hashable], Hashable] | None = None,
) -> dict[Hashable, Change]:
    """The change of each series from `baseline` to `period` (both [start, end), UTC days), same weekdays compared.

    Model: E[value] = exposure x level of the weekday x ratio^(in the period); variance = spread x E[value]:
    quasi-Poisson, McCullagh & Nelder (1989), Generalized Linear Models, chapters 6 and 9. Spread: from the days' own
    scatter around the model, autocorrelation included, steadied by the other series of the same kind, and of the same
    `alike(key)` if given (such as one signal: click counts of different signals clump differently); see
    `spread.estimate_spread`. It is never below chance: 1 for a count, 1 - share for a share of sessions.
    Test: profile deviance / spread against F(1, df), but never a p below the exact binomial one for as many independent
    events as value / spread. Interval: all ratios that the deviance does not reject, where days spread in proportion
    to the level (`Spread.scale_at`).
    Decision: named where p after Benjamini-Hochberg over all tested series is at most `false_name_share`.
    Too few: the stated minimums of `enough`; such a series has no p and does not count in Benjamini-Hochberg.
    Unknown days and days without exposure drop out; a weekday known on one side only tells the spread alone.
    Assumptions: days are not unknown because of their values; a change is one factor for all weekdays; the level stands
    still within each period (steady growth is a change, and shows as one).
    Raises RequestRefused for periods that are empty or overlap, and for a level or share outside of 0-1.
    """
    need_share("level", level, such_as=LEVEL)
    need_share("false_name_share", false_name_share, such_as=FALSE_NAME_SHARE)
    keys = list(series)
    aligned = align([series[key] for key in keys], period=period, baseline=baseline)
    groups = np.array([f"{one.kind} {alike(key) if alike else ''}" for key, one in series.items()])
    fit = aligned.fit
    reasons = missing_minimums(aligned, fit)
    tests = np.full((4, len(keys)), np.nan)
    rows = np.array([not reason for reason in reasons], bool)
    if rows.any():
        tests[:, rows] = _tests(aligned.only(rows), groups[rows], level)
    for i in np.flatnonzero(rows & (aligned.kinds == "rate")):
        reasons[i] = too_clumped(least_expected(fit)[i], tests[3, i])
    tests[:, [bool(reason) for reason in reasons]] = np.nan
    adjusted = false_discovery_adjusted(tests[2])
    told = zip(*fit.values_beside(), aligned.days_before, aligned.days_after, strict=True)
    changes = [Change(Outcome.TOO_FEW, float(b), float(a), int(n), int(m)) for b, a, n, m in told]
    return {
        key: replace(changes[i], reason=reasons[i])
        if reasons[i]
        else _told(changes[i], fit.log_ratio[i], tests[:, i], adjusted[i], level=level, named=false_name_share)
        for i, key in enumerate(keys)
    }


def _told(change: Change, log_ratio: float, test: np.ndarray, adjusted: float, *, level: float, named: float) -> Change:
    """A comparison that was tested, with its decision."""
    low, high, p, spread = test
    outcome = Outcome.NO_CHANGE_SHOWN
    if adjusted <= named:
        outcome = Outcome.INCREASE if log_ratio > 0 else Outcome.DECREASE
    interval = Interval(_ratio(low), _ratio(high), level)
    return replace(
        change, outcome=outcome, ratio=_ratio(log_ratio), interval=interval, p=float(p), p_adjusted=float(adjusted),
        spread=float(spread),
    )  # fmt: skip


def _tests(aligned: Aligned, groups: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Low and high of the log ratio, p, and spread, by series."""
    from scipy.stats import t as t_distribution

    fit = aligned.fit
    spread = _spread(aligned, fit, groups)
    far = np.sqrt(fit.deviance(np.zeros(len(spread.df))) / spread.scale)
    p = np.maximum(2 * t_distribution.sf(far, spread.df), fit.exact_p(spread.scale))
    days_share_after = fit.leaves_residual[:, fit.is_after].sum(axis=1) / fit.leaves_residual.sum(axis=1)
    t_squared = t_distribution.ppf((1 + level) / 2, spread.df) ** 2

    def allowed(log_ratio: np.ndarray) -> np.ndarray:
        shares = {"share_after": fit.share_after(log_ratio), "days_share_after": days_share_after}
        return t_squared * spread.scale_at(np.exp(log_ratio), **shares)

    low, high = fit.profile_limits(allowed)
    return low, high, p, spread.scale


def _spread(aligned: Aligned, fit: WeekdayRatio, groups: np.ndarray) -> Spread:
    """How much wider than chance the days of each series are."""
    expected = fit.fitted
    residuals = np.divide(fit.values - expected, np.sqrt(expected), out=np.zeros_like(expected), where=expected > 0)
    return estimate_spread(
        residuals,
        fit.leaves_residual,
        aligned.calendar,
        floor=_least_dispersion(aligned),
        groups=groups,
    )


def _least_dispersion(aligned: Aligned) -> np.ndarray:
    """What chance alone makes: 1 for counts, 1 - share for a share of sessions (binomial), nothing known for means.

    A rate with more events than sessions on any day is of occurrences (clicks), and has 1 as counts have.
    """
    is_share = (aligned.kinds == "rate") & np.all(aligned.values <= aligned.exposure, axis=1)
    rate = aligned.values.sum(axis=1) / aligned.exposure.sum(axis=1)
    least = np.select([is_share, aligned.kinds != "mean"], [1 - rate, 1.0], 0.0)
    return np.maximum(least, np.finfo(float).eps)


def _ratio(log_ratio: float) -> float:
    """e^log_ratio; 0 or infinity at the farthest."""
    if abs(log_ratio) >= FARTHEST_LOG_RATIO - 1:
        return float("inf") if log_ratio > 0 else 0.0
    return float(np.exp(log_ratio))
