"""A daily series and columns in; what a unit of each column multiplies the series by, and how sure that is, out."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from clarity_assets.statistics.series import DailySeries

WEEK_DAYS = 7
MIN_WEEK_DAYS = 4  # known days of a week whose mean says how weeks spread
AUTOCORRELATIONS = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98])  # of a week with the next
FOLDS = 5
SMALL_WEEK = 0.1  # of the mean week's expected value: weeks much below it say little about how weeks spread
MAX_STEPS, MAX_STEP, MAX_LOG = 100, 2.0, 60.0  # of Fisher scoring, in logs


@dataclass(frozen=True, eq=False)
class LogLinear:
    """`effects`: the log of the factor for one unit of each column; `errors` its standard error, on `df` each.

    `expected`: the series' value on every day, by the fit (NaN only where the exposure is unknown or zero).
    `level`: the value of a mean weekday where all columns are 0, as a count, or by unit of exposure.
    """

    effects: np.ndarray
    errors: np.ndarray
    df: np.ndarray
    expected: np.ndarray
    level: float

    @property
    def p(self) -> np.ndarray:
        """Two-sided p of "no effect" for each column."""
        from scipy.stats import t

        return 2 * t.sf(np.abs(self.effects) / self.errors, self.df)

    def bounds(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Low and high of each effect, in logs."""
        from scipy.stats import t

        half = t.ppf((1 + level) / 2, self.df) * self.errors
        return self.effects - half, self.effects + half


def fit_log_linear(series: DailySeries, columns: np.ndarray) -> LogLinear:
    """log E(value) = log(exposure) + weekday + sum of effect x column; quasi-Poisson, on the known days alone.

    Estimates: Poisson likelihood (McCullagh & Nelder 1989, Generalized Linear Models, 9.2), right for any spread as
    long as the mean is, with Firth's correction (1993, Biometrika 80:27): a weekday or a period without any event then
    has a large effect, not an infinite one. Unknown days take no part. `columns`: a row a day, a column an effect.
    Errors: from weeks, not days. The days' residuals make one relative residual a week, (sum of values - sum of
    expected) / sum of expected. Their autocorrelation r and variance are estimated with what the fit takes out of
    both corrected for (traces of M S(r) M, M = 1 - X X+, S(r) = r^|i - j|); t has Satterthwaite's degrees of freedom
    (1946, Biometrics Bull. 2:110). For counts and rates never less than Poisson's own error.
    Why weeks: days are a slow wave and noise at once. In simulations of that (42 to 182 days), nominal 5 % tests on
    days became 15-33 % with Newey-West or cosine (EWC) errors, 28-50 % with a daily AR(1), and 8-16 % so (3-11 % for
    a plain AR(1)).
    Assumes that weeks follow an AR(1) around the fit. A season of a year is not in the fit.
    """
    used = usable_days(series)
    full = np.column_stack([np.eye(WEEK_DAYS)[series.weekdays], columns])
    fit = _poisson(series, full, used)
    with np.errstate(invalid="ignore"):
        expected = np.exp(full @ fit.params) * (1.0 if series.exposure is None else series.exposure)
    errors, df = _weekly_errors(series.values, expected, columns, used)
    if series.kind != "mean":
        errors, df = _at_least(np.sqrt(np.diag(fit.cov))[WEEK_DAYS:], errors, df)
    level = float(np.exp(fit.params[:WEEK_DAYS]).mean())
    return LogLinear(fit.params[WEEK_DAYS:], errors, df, expected, level)


def usable_days(series: DailySeries) -> np.ndarray:
    """Where the day can take part: known, and with exposure."""
    return series.is_known & (True if series.exposure is None else np.nan_to_num(series.exposure) > 0)


def full_weeks(series: DailySeries) -> int:
    """Weeks (of 7 days from the series' first) with enough known days to count among others."""
    return int((np.bincount(np.flatnonzero(usable_days(series)) // WEEK_DAYS) >= MIN_WEEK_DAYS).sum())


def lack_of_weeks(series: DailySeries, *, weeks: int, events: int) -> str:
    """What is missing for a fit, or nothing: known weeks, each weekday twice, and events (counts and rates)."""
    used = usable_days(series)
    seen = np.bincount(series.weekdays[used], minlength=WEEK_DAYS)
    total = series.values[used].sum()
    if full_weeks(series) < weeks:
        return f"{full_weeks(series)} weeks with {MIN_WEEK_DAYS} known days or more; {weeks} are needed"
    if seen.min() < 2:
        return "a weekday is known less than twice; each is needed twice"
    if series.kind != "mean" and total < events:
        return f"{total:g} events in all; {events} are needed"
    if total == 0:
        return "all known days are zero; there is no size to compare"
    return ""


def left_out_error(series: DailySeries, columns: np.ndarray) -> float:
    """Mean absolute error on weeks left out of the fit, as a share of the mean: what the columns are worth beyond them.

    Every fifth week is left out in turn, so each day is forecast once from weeks before and after it.
    """
    used = usable_days(series)
    week = np.arange(len(used)) // WEEK_DAYS
    folds = np.searchsorted(np.unique(week[used]), week) % FOLDS  # of weeks that have days
    full = np.column_stack([np.eye(WEEK_DAYS)[series.weekdays], columns])
    exposure = np.ones(len(used)) if series.exposure is None else series.exposure
    missed = np.full(len(used), np.nan)
    for fold in range(FOLDS):
        judged = used & (folds == fold)
        learnt = used & ~judged
        fit = _poisson(series, full, learnt)
        missed[judged] = np.abs(series.values[judged] - np.exp(full[judged] @ fit.params) * exposure[judged])
    return float(np.nansum(missed) / series.values[used].sum())


@dataclass(frozen=True, eq=False)
class _Poisson:
    """Coefficients, and their covariance as far as counting alone goes."""

    params: np.ndarray
    cov: np.ndarray


def _poisson(series: DailySeries, full: np.ndarray, used: np.ndarray) -> _Poisson:
    """Fisher scoring of sum (y + h / 2 - mu) x = 0, h the leverage of each day (Firth 1993; no library here has it)."""
    x, y = full[used], series.values[used]
    offset = np.zeros(len(y)) if series.exposure is None else np.log(series.exposure[used])
    params = np.zeros(full.shape[1])
    params[:WEEK_DAYS] = np.log(y.sum() / np.exp(offset).sum())
    for _ in range(MAX_STEPS):
        mu = np.exp(np.clip(x @ params + offset, -MAX_LOG, MAX_LOG))
        cov = np.linalg.pinv(x.T @ (x * mu[:, None]), hermitian=True)
        leverage = mu * np.einsum("tk,kl,tl->t", x, cov, x)
        step = cov @ (x.T @ (y + leverage / 2 - mu))
        params = params + step / max(1.0, np.abs(step).max() / MAX_STEP)
        if np.abs(step).max() < 1e-9:
            break
    return _Poisson(params, cov)


def _weekly_errors(
    values: np.ndarray, expected: np.ndarray, columns: np.ndarray, used: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Standard error and degrees of freedom of each column's effect, from the weeks' relative residuals."""
    place = np.flatnonzero(used) // WEEK_DAYS
    known = np.bincount(place)
    kept = np.flatnonzero(known >= MIN_WEEK_DAYS)

    def weekly(daily: np.ndarray) -> np.ndarray:
        return np.bincount(place, weights=daily[used])[kept]

    weight = weekly(expected)
    regressors = np.column_stack([np.ones(len(kept)), *(weekly(expected * column) / weight for column in columns.T)])
    small = SMALL_WEEK * weight.mean()
    residuals = (weekly(values) - weight) / (weight + small) * (1 + SMALL_WEEK)
    designs = _designs(regressors.tobytes(), regressors.shape[1], tuple(kept))
    residuals = residuals - regressors @ np.linalg.lstsq(regressors, residuals)[0]
    squares = max(float(residuals @ residuals), np.finfo(float).tiny)
    follows = np.diff(kept) == 1
    seen = float((residuals[1:] * residuals[:-1])[follows].sum()) / squares
    correlation = np.interp(seen, np.maximum.accumulate(designs.lag_1), AUTOCORRELATIONS)

    def at(table: np.ndarray) -> float:
        return float(np.interp(correlation, AUTOCORRELATIONS, table))

    variance = squares / at(designs.square)
    errors = np.sqrt([variance * at(column) for column in designs.variance.T])
    return errors, np.full(columns.shape[1], at(designs.df))


def _at_least(floor: np.ndarray, errors: np.ndarray, df: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Error and df of whichever makes the wider 95 % interval; the floor is known, so its degrees are without end."""
    from scipy.stats import norm, t

    is_floor = norm.ppf(0.975) * floor > t.ppf(0.975, df) * errors
    return np.where(is_floor, floor, errors), np.where(is_floor, np.inf, df)


@dataclass(frozen=True, eq=False)
class _Designs:
    """For each of AUTOCORRELATIONS, errors of variance 1: what residuals show of them, and the effects' variances."""

    lag_1: np.ndarray
    square: np.ndarray
    df: np.ndarray
    variance: np.ndarray


@lru_cache(maxsize=256)
def _designs(regressors: bytes, size: int, weeks: tuple[int, ...]) -> _Designs:
    """Expectations under AR(1) errors: of the residuals' lag-1 products, squares and their df, and of each effect."""
    x = np.frombuffer(regressors).reshape(-1, size)
    left, sizes, right = np.linalg.svd(x, full_matrices=False)
    is_kept = sizes > sizes[0] * 1e-10
    left, inverse = left[:, is_kept], (right[is_kept].T / sizes[is_kept]) @ left[:, is_kept].T
    apart = np.abs(np.subtract.outer(weeks, weeks))
    rows = []
    for correlation in AUTOCORRELATIONS:
        errors = correlation ** apart.astype(float)
        taken = errors @ left  # what residuals show is (1 - L L') errors (1 - L L'); so it takes n^2 k steps, not n^3
        shown = errors - left @ taken.T - taken @ left.T + left @ (left.T @ taken) @ left.T
        square = np.trace(shown)
        variances = np.diag(inverse @ errors @ inverse.T)[1:]
        rows.append([(shown * (apart == 1)).sum() / 2 / square, square, square**2 / (shown**2).sum(), *variances])
    table = np.array(rows)
    return _Designs(table[:, 0], table[:, 1], table[:, 2], table[:, 3:])
