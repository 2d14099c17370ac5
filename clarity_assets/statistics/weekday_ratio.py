"""Daily values of many series on two sides in, one ratio each with its likelihood out: Mondays against Mondays.

Model: E[value of day d] = exposure(d) x level(weekday of d) x ratio^(d is after); a log-linear quasi-Poisson regression
with weekday effects and offset log(exposure). Given a weekday's sum, its part after is binomial, so the levels drop out
and one equation a series is left: thousands of series are solved at once. The same as a Poisson GLM of statsmodels (a
test says so).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import betainc, expit

MOST_EVENTS = 1e6  # a ratio of 1.005 is beyond chance then
FARTHEST_LOG_RATIO = 40.0  # stands for a ratio of 0 or infinity: e^40 is beyond any site
STEPS = 40  # halvings: 80 / 2^40 is less than 1e-10


@dataclass(frozen=True, eq=False)
class WeekdayRatio:
    """Series x days in, ratios out. Days that say nothing have exposure and value 0; results are by series."""

    values: np.ndarray  # series x days
    exposure: np.ndarray  # series x days
    weekdays: np.ndarray  # days; 0-6
    is_after: np.ndarray  # days

    @cached_property
    def _by_weekday(self) -> tuple[np.ndarray, ...]:
        """Value and exposure after, value and exposure before: series x 7."""
        of_weekday = np.eye(7)[self.weekdays]
        after, before = of_weekday * self.is_after[:, None], of_weekday * ~self.is_after[:, None]
        return self.values @ after, self.exposure @ after, self.values @ before, self.exposure @ before

    @cached_property
    def is_shared(self) -> np.ndarray:
        """Series x 7: weekdays with exposure on both sides and any value; only they say something about the ratio."""
        value_after, after, value_before, before = self._by_weekday
        return (after > 0) & (before > 0) & (value_after + value_before > 0)

    @cached_property
    def fitted_weekdays(self) -> np.ndarray:
        """Series x 7: weekdays on which anything happened; the others are fitted without residual."""
        value_after, _, value_before, _ = self._by_weekday
        return value_after + value_before > 0

    @property
    def leaves_residual(self) -> np.ndarray:
        """Series x days that tell how days differ: with exposure, on a weekday on which anything happened."""
        return (self.exposure > 0) & self.fitted_weekdays[:, self.weekdays]

    @property
    def residual_df(self) -> np.ndarray:
        """Such days, less a level for each of their weekdays and the ratio."""
        return self.leaves_residual.sum(axis=1) - self.fitted_weekdays.sum(axis=1) - self.is_shared.any(axis=1)

    @cached_property
    def after(self) -> np.ndarray:
        """Sum of the values after, over shared weekdays (series x 7)."""
        return np.where(self.is_shared, self._by_weekday[0], 0.0)

    @cached_property
    def before(self) -> np.ndarray:
        return np.where(self.is_shared, self._by_weekday[2], 0.0)

    @cached_property
    def _log_exposures(self) -> np.ndarray:
        """log(exposure after / before), series x 7; 0 where not shared."""
        _, after, _, before = self._by_weekday
        return np.log(np.where(self.is_shared, after, 1.0) / np.where(self.is_shared, before, 1.0))

    @cached_property
    def total(self) -> np.ndarray:
        return (self.after + self.before).sum(axis=1)

    @cached_property
    def expected_after(self) -> np.ndarray:
        """What `after` would be, had nothing changed."""
        return self.total * self.share_after(np.zeros(len(self.total)))

    @cached_property
    def log_ratio(self) -> np.ndarray:
        """The most likely log ratio; -40 or 40 where one side has nothing."""
        far = np.full(len(self.total), FARTHEST_LOG_RATIO)
        best = halve(self._score, -far, far)
        return np.select([self.before.sum(axis=1) == 0, self.after.sum(axis=1) == 0], [far, -far], best)

    def _score(self, log_ratio: np.ndarray) -> np.ndarray:
        share = expit(log_ratio[:, None] + self._log_exposures)
        return (self.after - (self.after + self.before) * share).sum(axis=1)

    def _log_likelihood(self, log_ratio: np.ndarray) -> np.ndarray:
        odds = log_ratio[:, None] + self._log_exposures
        return -(self.after * np.logaddexp(0, -odds) + self.before * np.logaddexp(0, odds)).sum(axis=1)

    def deviance(self, log_ratio: np.ndarray) -> np.ndarray:
        """How much worse than the most likely one: 2 (l(best) - l(this)), 0 or more; divide it by the spread."""
        return np.maximum(0.0, 2 * (self._best_log_likelihood - self._log_likelihood(log_ratio)))

    @cached_property
    def _best_log_likelihood(self) -> np.ndarray:
        return self._log_likelihood(self.log_ratio)

    def share_after(self, log_ratio: np.ndarray) -> np.ndarray:
        """The share of the sum that lies after, if that is the ratio (0.5 where the sum is zero)."""
        after = ((self.after + self.before) * expit(log_ratio[:, None] + self._log_exposures)).sum(axis=1)
        return np.divide(after, self.total, out=np.full(len(self.total), 0.5), where=self.total > 0)

    def profile_limits(self, allowed: Callable[[np.ndarray], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """The lowest and the highest log ratio whose deviance is at most what is `allowed` at it."""
        best = self.log_ratio
        far = np.full(len(best), FARTHEST_LOG_RATIO)
        low = halve(lambda x: self.deviance(x) - allowed(x), -far, best)
        high = halve(lambda x: allowed(x) - self.deviance(x), best, far)
        return np.where(best == -far, -far, low), np.where(best == far, far, high)

    def exact_p(self, spread: np.ndarray) -> np.ndarray:
        """Twice the smaller tail of the binomial that the split of the sum follows without a change.

        Values are counted in independent events: value / spread, for events that come in clumps of that size; above
        MOST_EVENTS as so many, since the tails of seconds by the billion take seconds themselves (p is then larger).
        Weekdays with shares of their own make the true split narrower than this binomial: Hoeffding (1956), Ann. Math.
        Stat. 27.
        """
        spread = np.maximum(spread, self.total / MOST_EVENTS)
        total, after = self.total / spread, self.after.sum(axis=1) / spread
        before = total - after
        share = self.share_after(np.zeros(len(total)))
        at_least = np.where(after > 0, betainc(np.maximum(after, 1e-9), before + 1, share), 1.0)
        at_most = np.where(before > 0, betainc(np.maximum(before, 1e-9), after + 1, 1 - share), 1.0)
        return np.minimum(1.0, 2 * np.minimum(at_least, at_most))

    @cached_property
    def fitted(self) -> np.ndarray:
        """Series x days: the value that the model expects; weekdays of one side only are fitted by themselves."""
        value_after, after, value_before, before = self._by_weekday
        shared, total = self.is_shared, self.after + self.before
        with np.errstate(divide="ignore", invalid="ignore"):
            share = expit(self.log_ratio[:, None] + self._log_exposures)
            rate_after = np.where(shared, total * share, value_after) / after
            rate_before = np.where(shared, total * (1 - share), value_before) / before
        rate = np.where(self.is_after, rate_after[:, self.weekdays], rate_before[:, self.weekdays])
        return np.where(self.exposure > 0, self.exposure * np.nan_to_num(rate, posinf=0.0), 0.0)

    def values_beside(self) -> tuple[np.ndarray, np.ndarray]:
        """Value / exposure before and after, the one before weighted by the exposures after.

        On all weekdays with exposure on both sides: one on which nothing happened says nothing about the ratio, but its
        zeros are days. NaN without such a weekday.
        """
        value_after, after, value_before, before = self._by_weekday
        is_on_both = (after > 0) & (before > 0)
        exposure = np.where(is_on_both, after, 0.0)
        expected = value_before * exposure / np.where(is_on_both, before, 1.0)
        happened = np.where(is_on_both, value_after, 0.0)
        with np.errstate(invalid="ignore"):
            return expected.sum(axis=1) / exposure.sum(axis=1), happened.sum(axis=1) / exposure.sum(axis=1)


def halve(falling: Callable[[np.ndarray], np.ndarray], low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Where each function falls through zero between `low` and `high`, all at once, by halving."""
    for _ in range(STEPS):
        middle = (low + high) / 2
        is_above = falling(middle) > 0
        low, high = np.where(is_above, middle, low), np.where(is_above, high, middle)
    return (low + high) / 2
