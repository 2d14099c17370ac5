"""A daily series in; whether and how fast it rises or falls, in percent per week with interval, out."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from clarity_assets.statistics.intervals import LEVEL, Interval
from clarity_assets.statistics.log_linear import WEEK_DAYS, fit_log_linear, lack_of_weeks, left_out_error
from clarity_assets.statistics.series import DailySeries
from clarity_assets.statistics.shares import need_share

MIN_WEEKS = 6  # with fewer, slow waves and a trend look the same, and t has hardly any degrees of freedom
MIN_EVENTS = 50  # counts and rates: with fewer, even a doubling over the period is within chance


@dataclass(frozen=True)
class Trend:
    """`pct_per_week`: each week is that many percent above the one before. None where `outcome` is "too_few".

    `error` and `naive_error`: mean absolute error on weeks left out, as a share of the mean (0-1), with the trend and
    with the naive "no trend" (weekdays alone).
    """

    outcome: Literal["rising", "falling", "no_trend_shown", "too_few"]
    reason: str
    pct_per_week: float | None = None
    interval: Interval | None = None
    p: float | None = None
    known_days: int = 0
    error: float | None = None
    naive_error: float | None = None
    naive_pct_per_week: float = 0.0


def weekly_trend(series: DailySeries, *, level: float = LEVEL) -> Trend:
    """Direction and size of a steady change over the whole series, in percent per week.

    Formula: log E(value) = log(exposure) + weekday + b x (days since the middle) / 7; 100 (exp(b) - 1) percent per
    week, interval 100 (exp(b -+ t se) - 1). Estimates and standard error (robust to days and weeks that resemble the
    ones before them): see `log_linear.fit_log_linear`. Rising or falling if the interval excludes 0.
    Source: McCullagh & Nelder (1989), Generalized Linear Models, 2nd ed., chapters 6 and 9 (quasi-Poisson, log link).
    Assumptions: one constant rate of change, one weekday pattern; in less than two years a season counts as trend. Lost
    days take no part. For many series of one report, correct `p` for how many were looked at. Raises
    RequestRefused for a level outside of 0-1.
    """
    need_share("level", level, such_as=LEVEL)
    known = int(series.is_known.sum())
    lack = lack_of_weeks(series, weeks=MIN_WEEKS, events=MIN_EVENTS)
    if lack:
        return Trend("too_few", lack, known_days=known)
    days = np.arange(len(series.values), dtype=float)
    weeks = ((days - days.mean()) / WEEK_DAYS)[:, None]
    fit = fit_log_linear(series, weeks)
    [effect], [low], [high] = fit.effects, *fit.bounds(level)
    is_shown = low > 0 or high < 0
    return Trend(
        outcome="no_trend_shown" if not is_shown else "rising" if effect > 0 else "falling",
        reason="",
        pct_per_week=_percent(effect),
        interval=Interval(_percent(low), _percent(high), level),
        p=float(fit.p[0]),
        known_days=known,
        error=left_out_error(series, weeks),
        naive_error=left_out_error(series, weeks[:, :0]),
    )


def _percent(effect: float) -> float:
    return float(100 * np.expm1(effect))
