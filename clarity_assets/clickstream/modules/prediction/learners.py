"""What a model is to the evaluation, whichever library fits it; and what both libraries share of a logistic one."""

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np

from clarity_assets.clickstream.modules.prediction.features import log_scaled

SEED = 20_240_601  # any number; one, so that the same events give the same tables
STRENGTH = 1.0  # L2 as of one standard normal prior a coefficient: keeps collinear and separable features finite


class Fitted(Protocol):
    """A model that has learnt."""

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        """Of a purchase, 0-1, by row."""
        ...


class Learner(Protocol):
    """A way to learn from persons x features and whether each bought; both kinds are there, 30 or more of each."""

    def tuned(self, x: np.ndarray, is_buyer: np.ndarray) -> Self:
        """Itself with whatever it chooses by cross-validation inside these rows."""
        ...

    def in_process(self) -> "Learner":
        """The same way to learn without a cluster: for few rows, many times."""
        ...

    def fit(self, x: np.ndarray, is_buyer: np.ndarray) -> Fitted: ...


class FittedTree(Fitted, Protocol):
    @property
    def importances(self) -> np.ndarray:
        """By feature: share (0-1) of the impurity that its splits take away. Breiman et al. (1984), section 5.3."""
        ...


@dataclass(frozen=True, eq=False)
class Scale:
    """log_scaled features less their mean, over their standard deviation; 0 where a feature is the same for all."""

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray) -> "Scale":
        values = log_scaled(x)
        return cls(values.mean(axis=0), values.std(axis=0))

    @property
    def differs(self) -> np.ndarray:
        """By feature: whether it differs between rows by more than rounding."""
        return self.deviation > 1e-9 * (1 + np.abs(self.mean))

    def apply(self, x: np.ndarray) -> np.ndarray:
        deviation = np.where(self.differs, self.deviation, np.inf)
        return (log_scaled(x) - self.mean) / deviation


@dataclass(frozen=True, eq=False)
class FittedLogistic:
    """Logistic regression on scaled features: log odds = intercept + scaled x coefficients."""

    scale: Scale
    coefficients: np.ndarray
    intercept: float

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        from scipy.special import expit

        return expit(self.scale.apply(x) @ self.coefficients + self.intercept)
