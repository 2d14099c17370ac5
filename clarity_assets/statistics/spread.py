"""Residuals of many series of days in; how much wider than chance their days spread, and how sure that is, out.

Two things make days spread wider than counting alone: days differ (dispersion), and a day is like the one before it
(autocorrelation). Both are estimated from the days themselves, and steadied by the other series of the same kind.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import digamma, polygamma

AUTOCORRELATIONS = np.round(np.arange(-0.5, 0.901, 0.1), 1)  # of one day with the next; tried on a grid
MOST_AUTOCORRELATION = 0.9  # beyond, five weeks hold hardly more than one independent day
MOST_PRIOR_DF = 200.0  # t with more differs from a normal by nothing that matters
MIN_SERIES_TO_STEADY = 10  # fewer tell too little of what is usual
UNUSUAL = 0.01  # a series whose spread is that unlikely among the others keeps its own


@dataclass(frozen=True, eq=False)
class Calendar:
    """The days of a comparison: their numbers in the calendar, weekdays 0-6, and whether they are after."""

    days: np.ndarray
    weekdays: np.ndarray
    is_after: np.ndarray


@dataclass(frozen=True, eq=False)
class Spread:
    """By series: `dispersion` of a day (variance / mean), the part of it that is `chance`, `inflation`, freedom.

    `inflation`: variance of the ratio, against days without memory. `df`: degrees of freedom behind the dispersion.
    """

    dispersion: np.ndarray
    chance: np.ndarray
    inflation: np.ndarray
    df: np.ndarray

    @property
    def scale(self) -> np.ndarray:
        """What a deviance is divided by, without a change."""
        return self.dispersion * self.inflation

    def scale_at(self, ratio: np.ndarray, *, share_after: np.ndarray, days_share_after: np.ndarray) -> np.ndarray:
        """The same if values after are `ratio` times those before: what is beyond chance grows with the level.

        Days differ by factors, so variance / mean - chance is x before and ratio times x after. The dispersion seen is
        the mean over all days; the log ratio's variance is (1 - share_after) times that of after + share_after that of
        before.
        """
        before = (self.dispersion - self.chance) / (days_share_after * ratio + 1 - days_share_after)
        return self.inflation * (self.chance + before * (ratio * (1 - share_after) + share_after))


@dataclass(frozen=True, eq=False)
class Design:
    """What the fit (weekdays and one step) does to residuals of known days, for each of `AUTOCORRELATIONS`.

    `lag_1`: the autocorrelation that residuals show. `kept`: their mean square. `inflation`: variance of the step,
    against independent days. `df`: Satterthwaite's degrees of freedom. All are expectations, for days of equal weight.
    """

    lag_1: np.ndarray
    kept: np.ndarray
    inflation: np.ndarray
    df: np.ndarray


def estimate_spread(
    residuals: np.ndarray, is_used: np.ndarray, calendar: Calendar, *, floor: np.ndarray, groups: np.ndarray
) -> Spread:
    """Spread by series from Pearson residuals (series x days; 0 where not used); each group is steadied by itself.

    Autocorrelation: the lag-1 value that would show as the one seen, given the fit; steadied, and never below 0.
    Dispersion: sum of squares / degrees of freedom (McCullagh & Nelder 1989, section 4.5.2), corrected for what
    autocorrelated days lose to the fit; steadied, at least `floor`.
    """
    designs = _Designs(is_used, calendar)
    own_df = designs.told("df", np.zeros(len(residuals)))
    squares = np.maximum(np.sum(residuals**2, axis=1), 1e-12)
    correlation = designs.correlation(_lag_1_products(residuals, calendar.days) / squares)
    for rows in _by_group(groups):
        correlation[rows] = steady_correlation(correlation[rows], own_df[rows])
    # chance itself has no memory: only the part beyond it can be like the day before
    most = np.clip(1 - floor * own_df / squares, 0.0, MOST_AUTOCORRELATION)
    correlation = np.clip(correlation, 0.0, most)
    df = designs.told("df", correlation)
    dispersion = squares / own_df / designs.told("kept", correlation)
    for rows in _by_group(groups):
        dispersion[rows], df[rows] = steady_dispersion(dispersion[rows], df[rows])
    return Spread(np.maximum(dispersion, floor), floor, designs.told("inflation", correlation), df)


class _Designs:
    """The design of each series, by its pattern of used days; a few patterns come again in all series."""

    def __init__(self, is_used: np.ndarray, calendar: Calendar) -> None:
        patterns, self.pattern = np.unique(is_used, axis=0, return_inverse=True)
        days = [
            np.ascontiguousarray(x, np.int64).tobytes() for x in (calendar.days, calendar.weekdays, calendar.is_after)
        ]
        self.designs = [_design(used.tobytes(), *days) for used in patterns]

    def correlation(self, lag_1: np.ndarray) -> np.ndarray:
        """By series, the autocorrelation of days that residuals show as `lag_1`."""
        each = zip(lag_1, self.pattern, strict=True)
        return np.array([np.interp(r, self.designs[p].lag_1, AUTOCORRELATIONS) for r, p in each])

    def told(self, name: str, correlation: np.ndarray) -> np.ndarray:
        """By series, what its design tells of that autocorrelation."""
        each = zip(correlation, self.pattern, strict=True)
        return np.array([np.interp(c, AUTOCORRELATIONS, getattr(self.designs[p], name)) for c, p in each])


def _by_group(groups: np.ndarray) -> list[np.ndarray]:
    """The rows of each group that has enough of them."""
    rows = [groups == group for group in np.unique(groups)]
    return [some for some in rows if some.sum() >= MIN_SERIES_TO_STEADY]


def _lag_1_products(residuals: np.ndarray, days: np.ndarray) -> np.ndarray:
    follows = np.diff(days) == 1
    return np.sum((residuals[:, 1:] * residuals[:, :-1])[:, follows], axis=1)


@lru_cache(maxsize=4096)
def _design(used: bytes, days: bytes, weekdays: bytes, is_after: bytes) -> Design:
    """Kept from call to call: a report of next week has the same patterns."""
    is_used = np.frombuffer(used, bool)
    day, weekday, after = (np.frombuffer(x, np.int64)[is_used] for x in (days, weekdays, is_after))
    return design_of(Calendar(day, weekday, after == 1))


def design_of(calendar: Calendar) -> Design:
    """The design of days that are all used.

    Q: orthonormal columns of the fit; V: correlations of days. Residuals have covariance R = M V M, M = 1 - Q Q', and
    trace R = trace V - trace Q'VQ, and so on: R itself is never made (hundreds of patterns, each of many days).
    """
    columns = np.column_stack([np.eye(7)[:, np.unique(calendar.weekdays)][calendar.weekdays], calendar.is_after])
    q = np.linalg.qr(columns)[0]
    days, step = len(columns), np.linalg.pinv(columns)[-1]
    apart = np.abs(calendar.days[:, None] - calendar.days[None, :])
    v = (AUTOCORRELATIONS[:, None] ** np.arange(apart.max() + 1))[:, apart]
    next_q = (apart == 1) @ q
    vq = v @ q
    qvq = q.T @ vq
    squares = days - np.trace(qvq, axis1=1, axis2=2)
    of_next = (
        AUTOCORRELATIONS * (apart == 1).sum()
        - 2 * np.sum(vq * next_q, axis=(1, 2))
        + np.sum(qvq * (q.T @ next_q), axis=(1, 2))
    )
    squared = np.sum(v**2, axis=(1, 2)) - 2 * np.sum(vq**2, axis=(1, 2)) + np.sum(qvq**2, axis=(1, 2))
    return Design(
        lag_1=of_next / 2 / squares,
        kept=squares / (days - q.shape[1]),
        inflation=(v @ step @ step) / (step @ step),
        df=squares**2 / squared,
    )


def steady_correlation(correlation: np.ndarray, df: np.ndarray) -> np.ndarray:
    """Each series' autocorrelation drawn towards the mean of all, as far as they differ by no more than chance.

    Empirical Bayes for a normal mean: share kept = 1 - (1 / df) / variance seen; Efron & Morris (1975), J. Am. Stat.
    Assoc. 70.
    """
    varies = np.var(correlation, ddof=1)
    kept = np.clip(1 - np.mean(1 / df) / varies, 0.0, 1.0) if varies > 0 else 0.0
    return correlation.mean() + kept * (correlation - correlation.mean())


def steady_dispersion(dispersion: np.ndarray, df: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each series' dispersion drawn towards what is usual among all, and the degrees of freedom that it then has.

    Dispersions are taken as usual x F(df, d0); usual and d0 come from mean and variance of log dispersion; the steadied
    one is (d0 usual + df own) / (d0 + df) on df + d0 degrees of freedom. Smyth (2004), Stat. Appl. Genet. Mol. Biol. 3,
    art. 3; for counts: Lund et al. (2012), ibid. 11, art. 8. A series too wide to be one of them (upper 1 %) keeps its
    own.
    """
    from scipy.stats import f as f_distribution

    log_f = np.log(np.maximum(dispersion, np.finfo(float).tiny)) - digamma(df / 2) + np.log(df / 2)
    excess = np.var(log_f, ddof=1) - np.mean(polygamma(1, df / 2))
    if excess <= 0:
        usual, prior_df = np.exp(log_f.mean()), MOST_PRIOR_DF
    else:
        prior_df = min(MOST_PRIOR_DF, 2 * _trigamma_inverse(excess))
        usual = np.exp(log_f.mean() + digamma(prior_df / 2) - np.log(prior_df / 2))
    steadied = (prior_df * usual + df * dispersion) / (prior_df + df)
    is_unusual = f_distribution.sf(dispersion / usual, df, prior_df) < UNUSUAL
    return np.where(is_unusual, dispersion, steadied), np.where(is_unusual, df, df + prior_df)


def _trigamma_inverse(value: float) -> float:
    return brentq(lambda x: polygamma(1, x) - value, 1e-8, 1e8)
