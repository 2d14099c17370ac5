"""Probabilities and what came true in, how well they tell buyers from others out; the same for both engines."""

import math
from dataclasses import dataclass

import numpy as np

from clarity_assets.statistics.intervals import LEVEL

CHANCE_AUC = 0.5


@dataclass(frozen=True)
class Auc:
    """Chance (0-1) that a buyer is put above another person, ties half; `low` to `high` its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Feature:
    """One feature alone as a ranking; `sign` -1 where less of it means a purchase."""

    name: str
    column: int
    sign: int

    @property
    def title(self) -> str:
        return f"{self.name} ({'more' if self.sign > 0 else 'less'})"


def auc(is_buyer: np.ndarray, scores: np.ndarray) -> float:
    """Area under the ROC curve: Mann-Whitney U / (buyers x others). Both kinds are needed."""
    from scipy.stats import rankdata

    buyers = int(is_buyer.sum())
    ranks = rankdata(scores)[is_buyer].sum()
    return float((ranks - buyers * (buyers + 1) / 2) / (buyers * (len(is_buyer) - buyers)))


def auc_interval(is_buyer: np.ndarray, scores: np.ndarray, *, level: float = LEVEL) -> Auc:
    """AUC with DeLong's interval, on the logit scale, so that it stays in 0-1. Two of both kinds are needed.

    Where every pair is in one order, DeLong's has no width: `_of_one_order`.

    Source: DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44, 837-845, by midranks: Sun & Xu (2014), IEEE Signal
    Process. Lett. 21, 1389-1393; logit: Pepe (2003), section 5.2.
    Assumptions: persons are independent of each other.
    """
    from scipy.special import expit, logit
    from scipy.stats import norm, rankdata

    theirs, others = scores[is_buyer], scores[~is_buyer]
    ranks = rankdata(np.concatenate([theirs, others]))
    above = (ranks[: len(theirs)] - rankdata(theirs)) / len(others)
    below = 1 - (ranks[len(theirs) :] - rankdata(others)) / len(theirs)
    value = float(above.mean())
    variance = above.var(ddof=1) / len(theirs) + below.var(ddof=1) / len(others)
    if not 0 < value < 1:
        return _of_one_order(value, pairs=min(len(theirs), len(others)), level=level)
    half = norm.ppf((1 + level) / 2) * math.sqrt(variance) / (value * (1 - value))
    return Auc(value, float(expit(logit(value) - half)), float(expit(logit(value) + half)))


def _of_one_order(value: float, *, pairs: int, level: float) -> Auc:
    """An AUC of 0 or 1 with the exact limit of as many `pairs` in one order as can be had without a person in common.

    Source: Clopper & Pearson (1934), Biometrika 26, 404-413, of all of n; the other end is the value itself.
    """
    least = ((1 - level) / 2) ** (1 / pairs)
    return Auc(value, least, value) if value else Auc(value, value, 1 - least)


def best_feature(x: np.ndarray, is_buyer: np.ndarray, names: tuple[str, ...]) -> Feature:
    """The feature that alone ranks best, up or down; the first of equals. Chosen on what is learnt from."""
    values = [auc(is_buyer, column) for column in x.T]
    best = max(range(len(values)), key=lambda i: abs(values[i] - CHANCE_AUC))
    return Feature(names[best], best, 1 if values[best] >= CHANCE_AUC else -1)


def brier(is_buyer: np.ndarray, probabilities: np.ndarray | float) -> float:
    """Mean squared distance of probability and what came true (0 is best). Brier (1950), Mon. Weather Rev. 78, 1-3."""
    return float(np.mean((is_buyer - probabilities) ** 2))
