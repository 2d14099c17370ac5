"""A daily series in; how much each weekday is above or below its week, with intervals, out."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from clarity_assets.statistics.intervals import LEVEL, Interval, count_interval
from clarity_assets.statistics.log_linear import FOLDS, WEEK_DAYS, lack_of_weeks, usable_days
from clarity_assets.statistics.series import DailySeries
from clarity_assets.statistics.shares import need_share

MIN_WEEKS = 4  # three others beside each week, to see how weeks differ
MAX_TURNS = 500
MIN_EVENTS = 70  # counts and rates: ten a weekday; with fewer every factor's interval is wider than a factor of 3


@dataclass(frozen=True)
class WeekdayPattern:
    """`factors[0]` is Monday's: its value / the mean of the seven weekdays. Empty where `outcome` is "too_few".

    `error` and `naive_error`: mean absolute error of a day, given its week's total, with factors learnt from other
    weeks and with the naive factor 1.0 for all; as a share of the mean (0-1).
    """

    outcome: Literal["pattern_shown", "no_pattern_shown", "too_few"]
    reason: str
    factors: tuple[float, ...] = ()
    intervals: tuple[Interval, ...] = ()
    p: float | None = None
    known_days: int = 0
    error: float | None = None
    naive_error: float | None = None
    naive_factor: float = 1.0


@dataclass(frozen=True, eq=False)
class _Days:
    """The days that take part: numbers of week and weekday, value, exposure (1 for a count)."""

    week: np.ndarray
    weekday: np.ndarray
    value: np.ndarray
    exposure: np.ndarray

    def where(self, chosen: np.ndarray) -> "_Days":
        return _Days(self.week[chosen], self.weekday[chosen], self.value[chosen], self.exposure[chosen])


def weekday_pattern(series: DailySeries, *, level: float = LEVEL) -> WeekdayPattern:
    """Each weekday's factor on its week's level, and whether the weekdays differ at all.

    Formula: log E(value) = log(exposure) + week + weekday; factor = exp(weekday) / mean of the seven; interval by the
    delta method on its log, with t. Test: F = (deviance without - with weekdays) / 6 / dispersion, dispersion =
    Pearson's chi-square / residual degrees of freedom, at least 1 for counts and rates. A pattern is shown if p < 1 -
    level.
    Source: McCullagh & Nelder (1989), Generalized Linear Models, 2nd ed., 2.3 (deviance), 4.5, 6.2 (quasi-Poisson).
    Assumptions: each week (from Monday) has its own level, so trends and steps between weeks do no harm; one pattern
    in all weeks. A day may resemble the one before it: nominal 5 % are then 1-6 % in simulations. Lost days take no
    part: the model needs no full weeks. A weekday without any event has the factor 0 and an upper bound only. Raises
    RequestRefused for a level outside of 0-1.
    """
    need_share("level", level, such_as=LEVEL)
    known = int(series.is_known.sum())
    lack = lack_of_weeks(series, weeks=MIN_WEEKS, events=MIN_EVENTS)
    if lack:
        return WeekdayPattern("too_few", lack, known_days=known)
    days = _days(series)
    floor = 0.0 if series.kind == "mean" else 1.0
    logs, cov, dispersion, df = _two_way(days, floor)
    p = _p_of_pattern(days, logs, dispersion, df)
    return WeekdayPattern(
        outcome="pattern_shown" if p < 1 - level else "no_pattern_shown",
        reason="",
        factors=tuple(float(factor) for factor in _factors(logs)),
        intervals=_intervals(days, logs, cov, dispersion=dispersion, df=df, level=level),
        p=p,
        known_days=known,
        error=_error(days, floor=floor, with_pattern=True),
        naive_error=_error(days, floor=floor, with_pattern=False),
    )


def _days(series: DailySeries) -> _Days:
    """Days of weeks (from Monday) that have two known days and an event at least: the others tell of no pattern."""
    used = usable_days(series)
    week = (series.first.weekday() + np.arange(len(used))) // WEEK_DAYS
    exposure = np.ones(len(used)) if series.exposure is None else series.exposure
    tells = (np.bincount(week, used) >= 2) & (np.bincount(week, np.where(used, series.values, 0)) > 0)
    return _Days(week, series.weekdays, series.values, exposure).where(used & tells[week])


def _two_way(days: _Days, floor: float) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Logs of the weekdays (-inf: never an event), their covariance, the dispersion and its degrees of freedom.

    Weeks and weekdays are fitted by turns (Deming & Stephan 1940, Ann. Math. Stat. 11:427; the Poisson maximum), and
    the weeks taken out of the information matrix: a general solver takes a thousand times as long with 150 weeks.
    """
    events = np.bincount(days.weekday, days.value, minlength=WEEK_DAYS)
    factors = np.where(events > 0, 1.0, 0.0)
    for _ in range(MAX_TURNS):
        usual = np.bincount(days.weekday, _at_factor_1(days, factors), minlength=WEEK_DAYS)
        new = np.where(events > 0, events / np.where(usual > 0, usual, 1), 0.0)
        new = new / new.mean()
        if np.abs(new - factors).max() < 1e-12:
            break
        factors = new
    expected = _expected(days, factors)
    fits = expected > 0
    weeks, week = np.unique(days.week[fits], return_inverse=True)
    table = np.zeros((len(weeks), WEEK_DAYS))
    np.add.at(table, (week, days.weekday[fits]), expected[fits])
    information = np.diag(table.sum(axis=0)) - table.T @ (table / table.sum(axis=1, keepdims=True))
    df = float(fits.sum() - len(weeks) - ((events > 0).sum() - 1))
    chi_square = float(((days.value[fits] - expected[fits]) ** 2 / expected[fits]).sum())
    dispersion = max(chi_square / df, floor)
    with np.errstate(divide="ignore"):
        return np.log(factors), np.linalg.pinv(information, hermitian=True) * dispersion, dispersion, df


def _factors(logs: np.ndarray) -> np.ndarray:
    sizes = np.exp(logs - logs.max())
    return sizes / sizes.mean()


def _expected(days: _Days, factors: np.ndarray) -> np.ndarray:
    """Each week's own total, shared among its days by factor x exposure (the two-way fit, given the factors)."""
    return factors[days.weekday] * _at_factor_1(days, factors)


def _at_factor_1(days: _Days, factors: np.ndarray) -> np.ndarray:
    """What each day would have if its weekday were an average one."""
    totals = np.bincount(days.week, days.value)
    shares = np.bincount(days.week, factors[days.weekday] * days.exposure)
    return days.exposure * (totals / np.where(shares > 0, shares, 1))[days.week]


def _p_of_pattern(days: _Days, logs: np.ndarray, dispersion: float, df: float) -> float:
    from scipy.stats import f

    def deviance(factors: np.ndarray) -> float:
        expected = _expected(days, factors)
        ratio = np.where(days.value > 0, days.value / np.maximum(expected, np.finfo(float).tiny), 1.0)
        return float(2 * np.sum(days.value * np.log(ratio) - (days.value - expected)))

    fall = max(deviance(np.ones(WEEK_DAYS)) - deviance(_factors(logs)), 0.0)
    if dispersion == 0:  # a mean that every week repeats exactly
        return 0.0 if fall > 0 else 1.0
    return float(f.sf(fall / (WEEK_DAYS - 1) / dispersion, WEEK_DAYS - 1, df))


def _intervals(
    days: _Days, logs: np.ndarray, cov: np.ndarray, *, dispersion: float, df: float, level: float
) -> tuple[Interval, ...]:
    from scipy.stats import t

    factors = _factors(logs)
    slopes = np.eye(WEEK_DAYS) - factors / WEEK_DAYS  # of log factor by each weekday's log
    half = t.ppf((1 + level) / 2, df) * np.sqrt(np.maximum(np.diag(slopes @ cov @ slopes.T), 0))
    lows, highs = factors * np.exp(-half), factors * np.exp(half)
    intervals = [Interval(float(low), float(high), level) for low, high in zip(lows, highs, strict=True)]
    for weekday in np.flatnonzero(factors == 0):
        usual = _at_factor_1(days, factors)[days.weekday == weekday].sum()
        most = count_interval(0, dispersion=max(dispersion, 1.0), level=level).high
        intervals[weekday] = Interval(0.0, float(most / usual), level)
    return tuple(intervals)


def _error(days: _Days, *, floor: float, with_pattern: bool) -> float:
    """Every fifth week is left out in turn; its days are then told from its total and the other weeks' factors."""
    missed = np.zeros(len(days.value))
    folds = np.unique(days.week, return_inverse=True)[1] % FOLDS
    for fold in np.unique(folds):
        judged, factors = folds == fold, np.ones(WEEK_DAYS)
        if with_pattern:
            learnt = days.where(~judged)
            is_seen = np.bincount(learnt.weekday, minlength=WEEK_DAYS) > 0
            factors = np.where(is_seen, _factors(_two_way(learnt, floor)[0]), 1.0)
        missed[judged] = np.abs(days.where(judged).value - _expected(days.where(judged), factors))
    return float(missed.sum() / days.value.sum())
