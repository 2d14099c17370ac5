"""Scaled persons x behaviour in, centres of k groups out, by Spark's k-means.

Agreement with scikit-learn (held by a test): adjusted Rand index of the two groupings of groups that lie apart >= 0.95.
"""

from typing import TYPE_CHECKING

import numpy as np

from clarity_assets.clickstream.modules.prediction.learners import SEED
from clarity_assets.clickstream.modules.prediction.spark_models import frame_of
from clarity_assets.clickstream.modules.segments.clustering import ROUNDS, Cluster

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

STARTS = 3  # Spark's k-means begins by chance, and cannot be told where


def by_spark(spark: "SparkSession") -> Cluster:
    """The best of STARTS runs by its cost; `start` is not used."""

    def cluster(scaled: np.ndarray, k: int, start: np.ndarray) -> np.ndarray:
        from pyspark.ml.clustering import KMeans

        rows = frame_of(spark, scaled).cache()
        try:
            models = [KMeans(k=k, seed=SEED + i, maxIter=ROUNDS).fit(rows) for i in range(STARTS)]
        finally:
            rows.unpersist()
        best = min(models, key=lambda model: model.summary.trainingCost)
        return np.array(best.clusterCenters())

    return cluster
