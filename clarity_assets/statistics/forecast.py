"""A daily series in; the next days, with calibrated intervals and beside a seasonal naive forecast, out."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np

from clarity_assets.errors import RequestRefused
from clarity_assets.statistics.forecast_paths import (
    WEEK_DAYS,
    Method,
    Paths,
    ahead,
    level_paths,
    naive_paths,
    year_paths,
)
from clarity_assets.statistics.log_scale import LogScale, log_scale
from clarity_assets.statistics.series import DailySeries

MIN_KNOWN_DAYS = 35  # five weeks: below, weekday, level and spread cannot be told apart
RECENT_DAYS = 28
MIN_RECENT_DAYS = 7  # known among RECENT_DAYS: a forecast from an older level would be a guess
MIN_ORIGINS = 28  # days to forecast from in the own back-test: four of each weekday
MAX_ORIGINS = 364  # a full year, so that quiet and busy seasons both count
MAX_DAYS_AHEAD = 56


@dataclass(frozen=True, eq=False)
class Forecast:
    """The next days. `median`, `low`, `high` and `naive` are in the series' unit, one place a date of `dates`.

    `naive` is the last known value of the same weekday. `mase` and `naive_mase` are the mean absolute scaled errors of
    `method` and of the naive forecast on this very history, from `origins` days on; None where it is too short.
    `method` is what `median` was made by; `reason` says why it is the naive forecast, or why there is none.
    """

    outcome: Literal["forecast", "too_few"]
    method: Method
    reason: str
    level: float
    dates: list[date]
    median: np.ndarray
    low: np.ndarray
    high: np.ndarray
    naive: np.ndarray
    mase: float | None = None
    naive_mase: float | None = None
    origins: int = 0


def forecast(series: DailySeries, *, days: int = 14, level: float = 0.95) -> Forecast:
    """The `days` after the series' last place, with intervals of `level` for each single day (not for their sum).

    Model: log(value) = local level (random walk) + weekday pattern that may drift + noise, and from 455 days
    of history on + b x the mean log of the same days 364, 728 and 1,092 days before. Gaussian state space by maximum
    likelihood, so an unknown day is passed over and never filled in (Harvey 1989, Forecasting, Structural Time Series
    Models and the Kalman Filter, chapters 3-4; statsmodels' UnobservedComponents).
    Intervals: the model's standard errors times the `level` quantile of |error| / standard error in the own history
    at that horizon (split conformal, Lei et al. 2018, JASA 113:1094), or times the normal quantile if that is larger.
    Errors: MASE = mean |error| / mean |y(t) - y(t - 7)| (Hyndman & Koehler 2006, Int. J. Forecasting 22:679). The
    model's variances are of the whole history; all else that the own back-test uses is of the days before.
    A model that is not better than the naive forecast on its own history is not used, and `method` says so.
    `median`: half of the outcomes lie above it. Medians do not add up to the median of a sum.
    Assumes that the days to come vary as the past ones did. Raises RequestRefused for a span or level out of range.
    """
    if not 1 <= days <= MAX_DAYS_AHEAD or not 0.5 <= level < 1:
        raise RequestRefused(
            f"days={days}, level={level}; give 1 to {MAX_DAYS_AHEAD} days and a level of at least 0.5 and below 1"
        )
    values = series.ratio
    lack = _lack(values)
    if lack:
        none = np.array([])
        return Forecast("too_few", "none", lack, level, [], none, none, none, none)
    scale = log_scale(series)
    logs = scale.log(values)
    naive = naive_paths(logs, days)
    models = [paths for paths in (level_paths(logs, days), year_paths(logs, days)) if paths is not None]
    origins, mases = own_mase([naive, *models], values, scale=scale)
    chosen, reason = _choose([naive, *models], mases)
    middle, half = chosen.middle[-1], _half_widths(chosen, logs, level)
    return Forecast(
        outcome="forecast",
        method=chosen.method,
        reason=reason,
        level=level,
        dates=[series.first + timedelta(days=len(values) + i) for i in range(days)],
        median=scale.value(middle),
        low=scale.value(middle - half),
        high=scale.value(middle + half),
        naive=scale.value(naive.middle[-1]),
        mase=mases.get(chosen.method),
        naive_mase=mases.get(naive.method),
        origins=origins,
    )


def own_mase(tried: list[Paths], values: np.ndarray, *, scale: LogScale) -> tuple[int, dict[Method, float]]:
    """From how many days, and each one's MASE over the very same days; (0, {}) below MIN_ORIGINS."""
    horizon = tried[0].middle.shape[1]
    happened = ahead(values, horizon)
    errors = [np.abs(happened - scale.value(paths.middle)) for paths in tried]
    is_judged = np.isfinite(errors).all(axis=0)
    is_judged[: -MAX_ORIGINS - horizon] = False
    is_judged[len(values) - horizon :] = False  # the whole horizon must have happened
    origins = int(is_judged.any(axis=1).sum())
    weekly = np.abs(values[WEEK_DAYS:] - values[:-WEEK_DAYS])
    unit = np.nanmean(weekly) if np.isfinite(weekly).any() else 0.0
    if origins < MIN_ORIGINS or unit == 0:
        return 0, {}
    return origins, {paths.method: float(e[is_judged].mean() / unit) for paths, e in zip(tried, errors, strict=True)}


def _lack(values: np.ndarray) -> str:
    """What is missing for a forecast, or nothing."""
    known = np.isfinite(values)
    recent = known[-RECENT_DAYS:].sum()
    if known.sum() < MIN_KNOWN_DAYS:
        return f"{known.sum()} days are known; a forecast needs {MIN_KNOWN_DAYS}"
    if recent < MIN_RECENT_DAYS:
        return f"{recent} of the last {RECENT_DAYS} days are known; a forecast needs {MIN_RECENT_DAYS}"
    if not all(known[weekday::WEEK_DAYS].any() for weekday in range(WEEK_DAYS)):
        return "one weekday was never known; a forecast needs each at least once"
    if np.ptp(values[known]) == 0:
        return f"every known day is {values[known][0]:g}; where nothing varies, no interval can be told"
    return ""


def _choose(tried: list[Paths], mases: dict[Method, float]) -> tuple[Paths, str]:
    """The one with the smallest error, and why if it is the naive one. Without a back-test: the plainest model."""
    naive, *models = tried
    if not models:
        return naive, "the models could not be fitted to this history"
    if not mases:
        return models[
            0
        ], f"not back-tested: fewer than {MIN_ORIGINS} days to forecast from, or none differs from its week before"
    best = min(tried, key=lambda paths: mases[paths.method])
    if best is naive:
        other = min(models, key=lambda paths: mases[paths.method])
        return naive, f"{other.method} was not better here (MASE {mases[other.method]:.2f})"
    return best, ""


def _half_widths(paths: Paths, logs: np.ndarray, level: float) -> np.ndarray:
    """Half the interval at each horizon, in logs."""
    from scipy.stats import norm

    scores = np.abs(paths.errors(logs)) / paths.sd
    normal = norm.ppf((1 + level) / 2)
    factors = [max(_quantile(column[np.isfinite(column)], level), normal) for column in scores.T]
    return np.array(factors) * paths.sd[-1]


def _quantile(scores: np.ndarray, level: float) -> float:
    """Of n scores the ceil((n + 1) level)-th smallest; 0 where n is too small to have it."""
    rank = int(np.ceil((len(scores) + 1) * level))
    return float(np.sort(scores)[rank - 1]) if len(scores) >= MIN_ORIGINS and rank <= len(scores) else 0.0
