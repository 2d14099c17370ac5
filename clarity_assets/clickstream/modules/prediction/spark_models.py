"""Features and labels in, a decision tree or a logistic regression out, by Spark; the matrix goes there and back.

Agreement with scikit-learn (held by tests): a logistic regression's coefficients within 0.01; a tree's AUC within 0.02,
because Spark looks at BINS candidate splits of a feature, scikit-learn at all. What needs few rows many times (a tree's
shape, shuffled labels) is done by scikit-learn here too: a job of Spark's costs more than such a fit.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
import pyarrow as pa

from clarity_assets.clickstream.modules.prediction.learners import SEED, STRENGTH, FittedLogistic, Scale
from clarity_assets.clickstream.modules.prediction.sklearn_models import (
    SMALLEST,
    SklearnLogistic,
    SklearnTree,
    TreeShape,
    best_shape,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

BINS = 255


@dataclass(frozen=True, eq=False)
class SparkTree:
    """CART, as a regression on 0 and 1: its variance is half of Gini's impurity, so the splits are the same.

    Spark's DecisionTreeClassifier merges leaves that say the same class, and so loses their probabilities (Spark 4.3,
    LearningNode.toNode: of rare buyers, all leaves say "does not buy").
    """

    spark: "SparkSession"
    shape: TreeShape = SMALLEST

    def tuned(self, x: np.ndarray, is_buyer: np.ndarray) -> Self:
        return replace(self, shape=best_shape(x, is_buyer))

    def in_process(self) -> SklearnTree:
        return SklearnTree(self.shape)

    def fit(self, x: np.ndarray, is_buyer: np.ndarray) -> "FittedSparkTree":
        from pyspark.ml.regression import DecisionTreeRegressor

        leaf = self.shape.least_leaf(len(x))
        tree = DecisionTreeRegressor(maxDepth=self.shape.depth, minInstancesPerNode=leaf, maxBins=BINS, seed=SEED)
        return FittedSparkTree(self.spark, tree.fit(frame_of(self.spark, x, is_buyer)))


@dataclass(frozen=True, eq=False)
class FittedSparkTree:
    spark: "SparkSession"
    model: object

    @property
    def importances(self) -> np.ndarray:
        return self.model.featureImportances.toArray()

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        told = self.model.transform(frame_of(self.spark, x)).select("row", "prediction").toArrow()
        rows, found = (column.to_numpy() for column in told.columns)
        probabilities = np.empty(len(x))
        probabilities[rows] = found
        return probabilities


@dataclass(frozen=True, eq=False)
class SparkLogistic:
    """The same likelihood and penalty as scikit-learn's; Spark means over rows where scikit-learn sums."""

    spark: "SparkSession"

    def tuned(self, x: np.ndarray, is_buyer: np.ndarray) -> Self:
        return self

    def in_process(self) -> SklearnLogistic:
        return SklearnLogistic()

    def fit(self, x: np.ndarray, is_buyer: np.ndarray) -> FittedLogistic:
        from pyspark.ml.classification import LogisticRegression

        scale = Scale.of(x)
        penalty = 1 / (STRENGTH * len(x))
        regression = LogisticRegression(regParam=penalty, standardization=False, tol=1e-7, maxIter=100)
        model = regression.fit(frame_of(self.spark, scale.apply(x), is_buyer))
        return FittedLogistic(scale, model.coefficients.toArray(), float(model.intercept))


def frame_of(spark: "SparkSession", x: np.ndarray, is_buyer: np.ndarray | None = None) -> "DataFrame":
    """Columns `row` (its place), `features` (vector) and, where given, `label` (0 or 1)."""
    from pyspark.ml.feature import VectorAssembler

    names = [f"x{i}" for i in range(x.shape[1])]
    columns = {"row": np.arange(len(x))} | {name: x[:, i] for i, name in enumerate(names)}
    if is_buyer is not None:
        columns["label"] = is_buyer.astype(float)
    assembled = VectorAssembler(inputCols=names, outputCol="features").transform(
        spark.createDataFrame(pa.table(columns))
    )
    return assembled.drop(*names)
