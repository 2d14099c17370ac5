"""Daily logs in; out, what each forecasting model said from every single day of the history for the days after it."""

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np

WEEK_DAYS = 7
YEAR_DAYS = 364  # 52 weeks: the same weekday, and most moving holidays
YEARS_BACK = 3
MIN_YEAR_DAYS = YEAR_DAYS + 91  # a year to look back on, and a quarter to learn how much it says
MAX_DAYS = 3 * 365  # older days no longer change the fit, only its time
MIN_SPREAD = 0.01  # of the value: steadier weeks are rounding in the source
WARM_UP_DAYS = 28  # a model's first days, which it needs to find its level and its weekdays

Method = Literal["local_level", "local_level_and_year", "seasonal_naive", "none"]


@dataclass(frozen=True, eq=False)
class Paths:
    """`middle[t, h - 1]`: the log of day t + h as forecast from the days up to t; `sd` its standard error.

    NaN where the model has not begun. The last row is the forecast from the whole history.
    """

    method: Method
    middle: np.ndarray
    sd: np.ndarray

    def errors(self, values: np.ndarray) -> np.ndarray:
        """What the days were (given as the paths are, in logs) minus what was forecast; NaN where one is unknown."""
        return ahead(values, self.middle.shape[1]) - self.middle


def ahead(values: np.ndarray, horizon: int) -> np.ndarray:
    """`[t, h - 1]`: the value of day t + h; NaN past the end."""
    padded = np.concatenate([values, np.full(horizon, np.nan)])
    return np.lib.stride_tricks.sliding_window_view(padded[1:], horizon)


def naive_paths(logs: np.ndarray, horizon: int) -> Paths:
    """The last known value of the same weekday (Hyndman & Athanasopoulos 2021, Forecasting, 5.2: seasonal naive).

    Standard error: the spread of changes over a week, times the root of the weeks ahead (ibid. 5.5).
    """
    last = logs.copy()
    for day in range(WEEK_DAYS, len(last)):
        if np.isnan(last[day]):
            last[day] = last[day - WEEK_DAYS]
    steps = np.arange(1, horizon + 1)
    places = np.arange(len(logs))[:, None] - (-steps) % WEEK_DAYS
    middle = np.where(places >= 0, last[np.maximum(places, 0)], np.nan)
    changes = logs[WEEK_DAYS:] - logs[:-WEEK_DAYS]
    spread = max(np.sqrt(np.nanmean(changes**2)), MIN_SPREAD) if np.isfinite(changes).any() else np.nan
    return Paths("seasonal_naive", middle, np.broadcast_to(spread * np.sqrt(-(-steps // WEEK_DAYS)), middle.shape))


def level_paths(logs: np.ndarray, horizon: int) -> Paths | None:
    """Local level and weekdays alone; None if its likelihood could not be maximised."""
    return _state_space("local_level", logs, horizon, start=max(0, len(logs) - MAX_DAYS))


def year_paths(logs: np.ndarray, horizon: int) -> Paths | None:
    """With the former years' same days as a regressor; None below MIN_YEAR_DAYS or if it could not be fitted."""
    if len(logs) < MIN_YEAR_DAYS:
        return None
    start = max(YEAR_DAYS, len(logs) - MAX_DAYS)
    former = former_years(logs, horizon)
    if np.isfinite(former[start:]).mean() < 0.5:  # more than half made up: no year to learn from
        return None
    return _state_space("local_level_and_year", logs, horizon, start=start, former=_without_holes(former[start:]))


def former_years(logs: np.ndarray, horizon: int) -> np.ndarray:
    """For each day, and `horizon` more: the mean log of the days 364, 728 and 1,092 days before, of those known."""
    days = np.arange(len(logs) + horizon)
    known: list[np.ndarray] = []
    for year in range(1, YEARS_BACK + 1):
        places = days - year * YEAR_DAYS
        is_there = (places >= 0) & (places < len(logs))
        known.append(np.where(is_there, logs[np.clip(places, 0, len(logs) - 1)], np.nan))
    told = np.isfinite(known)
    return np.where(told.any(axis=0), np.nansum(known, axis=0) / np.maximum(told.sum(axis=0), 1), np.nan)


def _without_holes(former: np.ndarray) -> np.ndarray:
    """A regressor must be known: where no former year is, the mean of the same weekday 1 and 2 weeks around, or of all.

    This is inside the model only. It is no value of any day, and nothing shows it.
    """
    filled = former.copy()
    for place in np.flatnonzero(np.isnan(former)):
        near = [place + shift for shift in (-14, -7, 7, 14) if 0 <= place + shift < len(former)]
        known = former[near][np.isfinite(former[near])]
        if not known.size:
            same = former[place % WEEK_DAYS :: WEEK_DAYS]
            known = same[np.isfinite(same)] if np.isfinite(same).any() else former[np.isfinite(former)]
        filled[place] = known.mean()
    return filled


def _state_space(
    method: Method, logs: np.ndarray, horizon: int, *, start: int, former: np.ndarray | None = None
) -> Paths | None:
    """Fit logs[start:], then forecast from every day by the filter's state of that day."""
    from statsmodels.tools.sm_exceptions import ConvergenceWarning
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    used = logs[start:]
    regressor = {} if former is None else {"exog": former[: len(used), None], "mle_regression": False}
    model = UnobservedComponents(used, level="local level", seasonal=WEEK_DAYS, **regressor)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # asked for just below
        fit = model.fit(disp=0, method="lbfgs", maxiter=200)
    if not fit.mle_retvals["converged"] or not np.isfinite(fit.llf):
        return None
    middle, sd = _from_every_day(fit.filter_results, former, horizon)
    hidden = np.full((start + WARM_UP_DAYS, horizon), np.nan)
    return Paths(method, np.vstack([hidden, middle[WARM_UP_DAYS:]]), np.vstack([hidden, sd[WARM_UP_DAYS:]]))


def _from_every_day(filtered, former: np.ndarray | None, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """Forecasts and standard errors from each filtered state: a(t+h) = T a(t+h-1), P(t+h) = T P(t+h-1) T' + R Q R'."""
    transition, selection = filtered.transition[:, :, -1], filtered.selection[:, :, -1]
    noise = selection @ filtered.state_cov[:, :, -1] @ selection.T
    seen_noise = filtered.obs_cov[0, 0, -1]
    states, covs = filtered.filtered_state.T, filtered.filtered_state_cov.transpose(2, 0, 1)
    days, size = states.shape
    design = np.broadcast_to(filtered.design[0, :, -1], (days, size)).copy()
    middle, sd = np.empty((days, horizon)), np.empty((days, horizon))
    for step in range(1, horizon + 1):
        states = states @ transition.T
        covs = transition @ covs @ transition.T + noise
        if former is not None:
            design[:, -1] = former[step : step + days]
        middle[:, step - 1] = np.einsum("tk,tk->t", design, states)
        sd[:, step - 1] = np.sqrt(np.einsum("tk,tkl,tl->t", design, covs, design) + seen_noise)
    return middle, sd
