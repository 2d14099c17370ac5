"""A fitted model and persons in, what each feature says in it out: the tree's importances, the logistic's odds."""

from dataclasses import dataclass

import numpy as np

from clarity_assets.clickstream.modules.prediction.learners import SEED, STRENGTH, FittedLogistic, FittedTree
from clarity_assets.clickstream.modules.prediction.samples import Samples
from clarity_assets.clickstream.modules.prediction.scores import auc
from clarity_assets.statistics.intervals import LEVEL

REPEATS = 5
MOST_PERMUTED = 20_000  # persons tested on
LEAST_BUYERS = 500


@dataclass(frozen=True)
class Importance:
    """Share of the impurity taken away; AUC lost where the feature's values are mixed up among persons."""

    feature: str
    importance: float
    permutation_importance: float


@dataclass(frozen=True)
class Odds:
    """`coefficient`: log odds a standard deviation of the (log scaled) feature; odds ratio with its interval."""

    feature: str
    coefficient: float
    odds_ratio: float
    low: float
    high: float


def importances(fitted: FittedTree, test: Samples) -> list[Importance]:
    """Every feature, the most important first; one that the tree does not use loses nothing.

    Permutation: Breiman (2001), Mach. Learn. 45, 5-32; mean of REPEATS orders, on persons that it was not learnt from.
    """
    some = test.part(MOST_PERMUTED, least_buyers=LEAST_BUYERS, seed=SEED)
    shares = np.asarray(fitted.importances)
    used = np.flatnonzero(shares > 0)
    lost = dict(zip(used.tolist(), _auc_lost(fitted, some, used), strict=True))
    found = [Importance(name, float(shares[i]), lost.get(i, 0.0)) for i, name in enumerate(test.names)]
    return sorted(found, key=lambda each: (-each.importance, -each.permutation_importance, each.feature))


def _auc_lost(fitted: FittedTree, test: Samples, features: np.ndarray) -> list[float]:
    """All features of a repeat are asked at once: a question to Spark costs as much as its rows."""
    chance = np.random.default_rng(SEED)
    before = auc(test.is_buyer, fitted.probabilities(test.x))
    lost = np.zeros(len(features))
    for _ in range(REPEATS if len(features) else 0):
        mixed = np.tile(test.x, (len(features), 1, 1))
        for place, feature in enumerate(features):
            mixed[place, :, feature] = chance.permutation(test.x[:, feature])
        told = fitted.probabilities(mixed.reshape(-1, test.x.shape[1])).reshape(len(features), -1)
        lost += [before - auc(test.is_buyer, each) for each in told]
    return (lost / REPEATS).tolist()


def odds(fitted: FittedLogistic, train: Samples, *, level: float = LEVEL) -> list[Odds]:
    """Every feature that differs between persons, the furthest from 0 first, with Wald's interval.

    Variance: inverse of the penalised information X'WX + 1 / STRENGTH, which the penalty widens where features say the
    same. Source: McCullagh & Nelder (1989), section 4.4; penalised: le Cessie & van Houwelingen (1992), Appl. Stat. 41.
    """
    from scipy.stats import norm

    scaled = fitted.scale.apply(train.x)
    p = fitted.probabilities(train.x)
    design = np.column_stack([np.ones(len(p)), scaled])
    penalty = np.diag([0.0] + [1 / STRENGTH] * scaled.shape[1])
    information = design.T @ (design * (p * (1 - p))[:, None]) + penalty
    half = norm.ppf((1 + level) / 2) * np.sqrt(np.diag(np.linalg.inv(information)))[1:]
    found = [
        Odds(name, float(c), float(np.exp(c)), float(np.exp(c - h)), float(np.exp(c + h)))
        for name, c, h, differs in zip(train.names, fitted.coefficients, half, fitted.scale.differs, strict=True)
        if differs
    ]
    return sorted(found, key=lambda each: (-abs(each.coefficient), each.feature))
