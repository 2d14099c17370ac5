"""A daily series in; the days from which on its level was another, with size and interval, out."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

import numpy as np

from clarity_assets.statistics.intervals import LEVEL, Interval
from clarity_assets.statistics.log_linear import (
    WEEK_DAYS,
    LogLinear,
    fit_log_linear,
    full_weeks,
    lack_of_weeks,
    left_out_error,
    usable_days,
)
from clarity_assets.statistics.log_scale import log_scale
from clarity_assets.statistics.series import DailySeries
from clarity_assets.statistics.shares import need_share

MIN_WEEKS = 8  # a level before and one after, of four weeks each on average
MIN_EVENTS = 100  # counts and rates
MIN_SEGMENT_DAYS = 14  # known days of one level; shorter is an anomaly, not a level
MAX_POINTS = 10
ODD_DAY = 5.0  # robust standard deviations: a day that far out is an anomaly and tells of no level
MIN_VARIANCE = 1e-6  # of a log: a thousandth of the value; less is rounding in the source
FALSE_ALARM_RATE = 0.05  # of a series without any change, over all of its days together


@dataclass(frozen=True)
class ChangePoint:
    """From `first_date` on the level is `after`, before it was `before` (a mean weekday's value, in the series' unit).

    `ratio` = after / before, with the interval for a change at a date known beforehand. `p` is for that date alone.
    """

    first_date: date
    before: float
    after: float
    ratio: float
    interval: Interval
    p: float


@dataclass(frozen=True)
class ChangePoints:
    """`points` in calendar order; empty where none is shown (the naive answer) or where there are too few days.

    `error` and `naive_error`: mean absolute error on weeks left out, as a share of the mean (0-1), with these points
    and with none; equal where there are none.
    """

    outcome: Literal["changes_shown", "no_change_shown", "too_few"]
    reason: str
    points: tuple[ChangePoint, ...] = ()
    error: float | None = None
    naive_error: float | None = None


def change_points(series: DailySeries, *, level: float = LEVEL) -> ChangePoints:
    """The days at which the level changed for two weeks or longer, each confirmed by a test.

    Candidates: PELT (Killick, Fearnhead & Eckley 2012, JASA 107:1590; ruptures, Truong et al. 2020) on log values less
    weekday means, cost = squared deviations from each segment's mean, penalty 2 s2 log(n): BIC for two parameters a
    change, position and level (Yao 1988). s2 = 7 x variance of weekly means, from their differences by the median (so
    that changes do not inflate it): the long-run variance, as autocorrelated days need it (Lavielle & Moulines 2000).
    Confirmation: all candidates are steps in one quasi-Poisson model (`log_linear.fit_log_linear`: errors from weeks).
    While the least sure step has p > FALSE_ALARM_RATE / known weeks (Bonferroni for the places where it could be), it
    goes.
    Assumptions: levels are constant between changes. Where one straight trend explains the days better than all steps
    (BIC of weekly sums), none is told: see `trend`. Lost days and single odd days take no part; a change inside a
    gap is dated at its end. Raises RequestRefused for a level outside of 0-1.
    """
    need_share("level", level, such_as=LEVEL)
    lack = lack_of_weeks(series, weeks=MIN_WEEKS, events=MIN_EVENTS)
    if lack:
        return ChangePoints("too_few", lack)
    series = _without_odd_days(series)
    starts, fit = _confirmed(series, _candidates(series), p_limit=FALSE_ALARM_RATE / full_weeks(series))
    naive_error = left_out_error(series, _steps(series, []))
    if not starts:
        return ChangePoints("no_change_shown", "", error=naive_error, naive_error=naive_error)
    if _is_rather_a_trend(series, starts, fit):
        reason = f"a straight trend explains the days better than {len(starts)} change(s) of level"
        return ChangePoints("no_change_shown", reason, error=naive_error, naive_error=naive_error)
    error = left_out_error(series, _steps(series, starts))
    return ChangePoints("changes_shown", "", _points(series, starts, fit, level), error, naive_error)


def _level_logs(series: DailySeries, used: np.ndarray) -> np.ndarray:
    """Log values of the places `used`, less what their weekday is above its weeks on average."""
    logs = log_scale(series).log(series.ratio)[used]
    for _ in range(3):  # where days are lost, weeks and weekdays are not told apart at once
        logs = logs - _mean_by(series.weekdays[used], logs - _mean_by(used // WEEK_DAYS, logs))
    return logs


def _without_odd_days(series: DailySeries) -> DailySeries:
    """The series with single days unknown that lie ODD_DAY robust standard deviations from the 15 days around them."""
    from scipy.ndimage import median_filter

    used = np.flatnonzero(usable_days(series))
    logs = _level_logs(series, used)
    apart = np.abs(logs - median_filter(logs, size=MIN_SEGMENT_DAYS + 1, mode="nearest"))
    usual = max(1.4826 * float(np.median(apart)), np.sqrt(_counting_variance(series, used)))
    values = series.values.copy()
    values[used[apart > ODD_DAY * usual]] = np.nan
    return replace(series, values=values)


def _candidates(series: DailySeries) -> list[int]:
    """Places of days (in the series) from which a new level may hold."""
    import ruptures

    used = np.flatnonzero(usable_days(series))
    logs, weeks = _level_logs(series, used), used // WEEK_DAYS
    known = np.bincount(weeks)
    weekly = np.bincount(weeks, logs)[known > 0] / known[known > 0]
    differences = np.median(np.abs(np.diff(weekly))) / 0.6745  # 0.6745: the quartile of a normal
    long_run = max(WEEK_DAYS * differences**2 / 2, _counting_variance(series, used))
    search = ruptures.KernelCPD(kernel="linear", min_size=MIN_SEGMENT_DAYS).fit(logs[:, None])
    found = search.predict(pen=2 * long_run * np.log(len(logs)))
    return [int(used[place]) for place in found[:-1]]


def _counting_variance(series: DailySeries, used: np.ndarray) -> float:
    """What chance alone does to the log of a day: 1 / events a day; for means there is only a bound of rounding."""
    return MIN_VARIANCE if series.kind == "mean" else max(1 / float(series.values[used].mean()), MIN_VARIANCE)


def _mean_by(groups: np.ndarray, values: np.ndarray) -> np.ndarray:
    sums, known = np.bincount(groups, values), np.bincount(groups)
    return (sums / np.maximum(known, 1))[groups]


def _steps(series: DailySeries, starts: list[int]) -> np.ndarray:
    """One column a change: 0 before it, 1 from it on."""
    days = np.arange(len(series.values))
    return np.column_stack([days >= start for start in starts]).astype(float) if starts else np.empty((len(days), 0))


def _confirmed(series: DailySeries, starts: list[int], *, p_limit: float) -> tuple[list[int], LogLinear | None]:
    """Backward elimination: drop the least sure one until all that are left are sure."""
    starts = list(starts)
    while starts:
        fit = fit_log_linear(series, _steps(series, starts))
        worst = int(np.argmax(fit.p))
        if fit.p[worst] <= p_limit and len(starts) <= MAX_POINTS:
            return starts, fit
        starts.pop(worst)
    return [], None


def _is_rather_a_trend(series: DailySeries, starts: list[int], fit: LogLinear) -> bool:
    trend = fit_log_linear(series, np.arange(len(series.values), dtype=float)[:, None] / WEEK_DAYS)
    return _weekly_bic(series, trend, 1) < _weekly_bic(series, fit, 2 * len(starts))


def _weekly_bic(series: DailySeries, fit: LogLinear, parameters: int) -> float:
    used = np.flatnonzero(usable_days(series))
    seen, expected = (np.bincount(used // WEEK_DAYS, values[used]) for values in (series.values, fit.expected))
    relative = (seen[expected > 0] / expected[expected > 0] - 1) ** 2
    weeks, square = len(relative), max(float(relative.mean()), np.finfo(float).tiny)
    return float(weeks * np.log(square) + parameters * np.log(weeks))


def _points(series: DailySeries, starts: list[int], fit: LogLinear, level: float) -> tuple[ChangePoint, ...]:
    lows, highs = np.exp(fit.bounds(level))
    levels = fit.level * np.exp(np.concatenate([[0.0], np.cumsum(fit.effects)]))
    return tuple(
        ChangePoint(
            first_date=series.first + timedelta(days=start),
            before=float(levels[i]),
            after=float(levels[i + 1]),
            ratio=float(np.exp(fit.effects[i])),
            interval=Interval(float(lows[i]), float(highs[i]), level),
            p=float(fit.p[i]),
        )
        for i, start in enumerate(starts)
    )
