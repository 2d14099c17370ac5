"""Features and labels in, a decision tree or a logistic regression out, by scikit-learn."""

from dataclasses import dataclass, replace
from itertools import product
from typing import Self

import numpy as np

from clarity_assets.clickstream.modules.prediction.learners import SEED, STRENGTH, FittedLogistic, Scale
from clarity_assets.clickstream.modules.prediction.scores import auc

DEPTHS = (2, 3, 4, 6)  # 6: 64 leaves, the most that a person still reads
LEAF_SHARES = (0.002, 0.02)  # of all rows in a leaf, at least
LEAST_LEAF = 20  # persons: a rate of fewer is a guess
FOLDS = 5


@dataclass(frozen=True)
class TreeShape:
    """How large a decision tree may grow. Shallow first: of equals the smallest is taken."""

    depth: int = DEPTHS[0]
    leaf_share: float = LEAF_SHARES[-1]

    def least_leaf(self, rows: int) -> int:
        return max(LEAST_LEAF, round(self.leaf_share * rows))


SMALLEST = TreeShape()


@dataclass(frozen=True, eq=False)
class SklearnTree:
    """CART with Gini impurity; depth and least leaf by FOLDS-fold AUC inside what is learnt from."""

    shape: TreeShape = SMALLEST

    def tuned(self, x: np.ndarray, is_buyer: np.ndarray) -> Self:
        return replace(self, shape=best_shape(x, is_buyer))

    def in_process(self) -> Self:
        return self

    def fit(self, x: np.ndarray, is_buyer: np.ndarray) -> "FittedSklearnTree":
        from sklearn.tree import DecisionTreeClassifier

        leaf = self.shape.least_leaf(len(x))
        tree = DecisionTreeClassifier(max_depth=self.shape.depth, min_samples_leaf=leaf, random_state=SEED)
        return FittedSklearnTree(tree.fit(x, is_buyer))


@dataclass(frozen=True, eq=False)
class FittedSklearnTree:
    tree: object

    @property
    def importances(self) -> np.ndarray:
        return self.tree.feature_importances_

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        return self.tree.predict_proba(x)[:, 1]


@dataclass(frozen=True)
class SklearnLogistic:
    """Maximum likelihood with an L2 penalty, by Newton's method."""

    def tuned(self, x: np.ndarray, is_buyer: np.ndarray) -> Self:
        return self

    def in_process(self) -> Self:
        return self

    def fit(self, x: np.ndarray, is_buyer: np.ndarray) -> FittedLogistic:
        from sklearn.linear_model import LogisticRegression
        from threadpoolctl import threadpool_limits

        scale = Scale.of(x)
        model = LogisticRegression(C=STRENGTH, solver="newton-cholesky", tol=1e-8, max_iter=200)
        with threadpool_limits(1):  # few columns: threads would wait for each other longer than they work
            model.fit(scale.apply(x), is_buyer)
        return FittedLogistic(scale, model.coef_[0], float(model.intercept_[0]))


def best_shape(x: np.ndarray, is_buyer: np.ndarray) -> TreeShape:
    """The shape with the highest mean AUC over the folds; the smallest of equals."""
    from sklearn.model_selection import StratifiedKFold

    folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(x, is_buyer))
    shapes = [TreeShape(depth, share) for depth, share in product(DEPTHS, reversed(LEAF_SHARES))]

    def mean_auc(shape: TreeShape) -> float:
        learner = SklearnTree(shape)
        return float(np.mean([auc(is_buyer[t], learner.fit(x[f], is_buyer[f]).probabilities(x[t])) for f, t in folds]))

    return max(shapes, key=mean_auc)
