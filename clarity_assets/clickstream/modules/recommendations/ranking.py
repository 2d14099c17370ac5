"""Lists of products and what persons then took to in; precision, recall, ndcg, map, hit rate and coverage out."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

PERSON_METRICS = ("precision", "recall", "ndcg", "map", "hit_rate")
LEVEL = 0.95


@dataclass(frozen=True)
class Lists:
    """What was recommended to the persons of `Relevant`: whether each place was a hit, and the product there."""

    is_hit: np.ndarray
    ranks: np.ndarray
    products: pa.Array

    def coverage(self, k: int, *, products: int) -> float:
        """Share of all products that stand in the first k of any list."""
        return len(self.products.filter(pa.array(self.ranks <= k)).unique()) / products


@dataclass(frozen=True)
class Relevant:
    """Products (`pairs`: person_id, product_id) that persons took to; `counts` of them by person."""

    pairs: pa.Table
    persons: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, pairs: pa.Table) -> "Relevant":
        persons, counts = np.unique(pairs["person_id"].to_numpy(), return_counts=True)
        return cls(pairs, persons, counts)

    def lists(self, rows: pa.Table, *, most: int) -> Lists:
        """Rows `person_id`, `rank` (from 1), `product_id` of these persons, held against what they took to."""
        found = rows.select(["person_id", "rank", "product_id"]).join(
            self.pairs, keys=["person_id", "product_id"], join_type="inner"
        )
        is_hit = np.zeros((len(self.persons), most), dtype=bool)
        is_hit[np.searchsorted(self.persons, found["person_id"].to_numpy()), found["rank"].to_numpy() - 1] = True
        return Lists(is_hit, rows["rank"].to_numpy(), pc.cast(rows["product_id"], pa.string()).combine_chunks())

    def scores(self, lists: Lists, k: int) -> dict[str, np.ndarray]:
        """Each metric by person, of the first k places. `ndcg`, `map`: the best list has min(k, relevant) hits, and 1.

        Precision divides by k, also where a list is shorter. Jarvelin & Kekalainen 2002 (ndcg with 0 or 1 as gain);
        Manning, Raghavan & Schutze 2008, 8.4 (average precision).
        """
        hits = lists.is_hit[:, :k]
        places = np.arange(1, hits.shape[1] + 1)
        best = np.minimum(self.counts, k)
        gains = 1 / np.log2(places + 1)
        ideal = np.cumsum(1 / np.log2(np.arange(1, k + 1) + 1))[best - 1]
        return {
            "precision": hits.sum(axis=1) / k,
            "recall": hits.sum(axis=1) / self.counts,
            "ndcg": np.cumsum(hits * gains, axis=1)[:, -1] / ideal,  # added up as ideal is: at most 1, also in floats
            "map": (hits * (np.cumsum(hits, axis=1) / places)).sum(axis=1) / best,
            "hit_rate": hits.any(axis=1).astype(float),
        }


def mean_interval(differences: np.ndarray) -> tuple[float, float]:
    """95 % interval of the mean of one difference a person: Student's t (Cochran 1977, 2.8)."""
    from scipy.stats import t as student  # a second, and every start of Dagster would pay it

    mean, error = differences.mean(), differences.std(ddof=1) / np.sqrt(len(differences))
    reach = student.ppf((1 + LEVEL) / 2, len(differences) - 1) * error
    return float(mean - reach), float(mean + reach)
