"""Persons x behaviour in, a number of groups and everyone's group out: k-means, by either library."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from clarity_assets.clickstream.modules.prediction.learners import SEED, Scale

LEAST_PERSONS = 30  # below, a group is a handful of persons
DEFAULT_K = 3
MOST_K = 8
LEAST_SILHOUETTE = 0.25  # below: "no substantial structure", Kaufman & Rousseeuw (1990), table 4
CHEAP_PERSONS = 20_000  # on which the number of groups is chosen
SILHOUETTE_PERSONS = 4_000  # every pair of them is measured
STARTS = 10
ROUNDS = 100

Cluster = Callable[[np.ndarray, int, np.ndarray], np.ndarray]
"""Scaled rows, the number of groups and centres to begin with in, centres (groups x features) out."""


@dataclass(frozen=True, eq=False)
class Clustering:
    """`labels` by person, 0 the largest group; `centres` in standard deviations of log scaled features.

    `silhouette` (-1 to 1) is None with one group. `is_default_k`: none of 2 to MOST_K stood out.
    """

    labels: np.ndarray
    centres: np.ndarray
    silhouette: float | None
    is_default_k: bool
    note: str

    @property
    def k(self) -> int:
        return len(self.centres)


def cluster_persons(values: np.ndarray, cluster: Cluster, *, k: int = 0) -> Clustering:
    """Groups of the rows of `values` (persons x features, unscaled, one or more); `k` 0: the best by silhouette.

    Euclidean distance of log scaled, standardised features; features that are the same for all count for nothing.
    """
    scaled = Scale.of(values).apply(values)
    sample = scaled[_some(len(scaled), CHEAP_PERSONS)]
    kinds = len(np.unique(sample, axis=0))
    chosen, tried = min(k, kinds), {}
    if not k:
        tried = {each: _tried(sample, each) for each in range(2, min(MOST_K, kinds, len(sample) - 1) + 1)}
        chosen = _best({each: told for each, (_, told) in tried.items()}, kinds)
    if chosen < 2:
        return _one_group(scaled, "all persons behave alike" if kinds < 2 else "")
    start, silhouette = tried.get(chosen) or _tried(sample, chosen)
    centres = cluster(scaled, chosen, start)
    is_default = not k and silhouette < LEAST_SILHOUETTE
    return _ordered(scaled, centres, silhouette, is_default, _note(k, chosen, silhouette, is_default))


def _best(silhouettes: dict[int, float], kinds: int) -> int:
    """The number with the highest silhouette, the smallest of equals; the default where none stands out."""
    best = max(silhouettes, key=silhouettes.__getitem__, default=1)
    return best if silhouettes.get(best, 1) >= LEAST_SILHOUETTE else min(DEFAULT_K, kinds)


def _note(asked: int, chosen: int, silhouette: float, is_default: bool) -> str:
    if is_default:
        return f"no number of groups from 2 to {MOST_K} stands out (silhouette below {LEAST_SILHOUETTE}): {chosen}"
    if asked > chosen:
        return f"{asked} groups were asked for; persons behave in {chosen} ways only"
    if silhouette < LEAST_SILHOUETTE:
        return f"the groups run into one another (silhouette below {LEAST_SILHOUETTE})"
    return ""


def _one_group(scaled: np.ndarray, note: str) -> Clustering:
    return Clustering(np.zeros(len(scaled), int), scaled.mean(axis=0, keepdims=True), None, False, note)


def _tried(sample: np.ndarray, k: int) -> tuple[np.ndarray, float]:
    """Centres of k groups of few rows, and their silhouette. Rousseeuw (1987), J. Comput. Appl. Math. 20, 53-65."""
    from sklearn.metrics import silhouette_score

    centres = _fitted(sample, k, start="k-means++", starts=STARTS)
    rows = _some(len(sample), SILHOUETTE_PERSONS)
    labels = nearest(sample[rows], centres)
    if not 2 <= len(np.unique(labels)) < len(labels):
        return centres, -1.0
    return centres, float(silhouette_score(sample[rows], labels))


def _some(count: int, most: int) -> np.ndarray:
    """All row numbers, or `most` by chance, ascending."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(SEED).choice(count, most, replace=False))


def _ordered(scaled: np.ndarray, centres: np.ndarray, silhouette: float, is_default: bool, note: str) -> Clustering:
    """Groups by size, ties by centre: the same groups have the same numbers, wherever k-means began."""
    labels = nearest(scaled, centres)
    found = [group for group in range(len(centres)) if (labels == group).any()]
    sizes = {group: int((labels == group).sum()) for group in found}
    order = sorted(found, key=lambda group: (-sizes[group], *np.round(centres[group], 6).tolist()))
    numbers = np.zeros(len(centres), int)
    numbers[order] = np.arange(len(order))
    return Clustering(numbers[labels], centres[order], silhouette, is_default, note)


def nearest(scaled: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The nearest centre of every row; the first of equals."""
    distances = (centres**2).sum(axis=1) - 2 * scaled @ centres.T
    return distances.argmin(axis=1)


def by_sklearn(scaled: np.ndarray, k: int, start: np.ndarray) -> np.ndarray:
    return _fitted(scaled, k, start=start, starts=1)


def _fitted(scaled: np.ndarray, k: int, *, start: np.ndarray | str, starts: int) -> np.ndarray:
    """The best centres of some starts. One thread: several add in no fixed order, and wait for each other in vain."""
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        model = KMeans(k, init=start, n_init=starts, max_iter=ROUNDS, random_state=SEED).fit(scaled)
    return model.cluster_centers_


def agreement(labels: np.ndarray, others: np.ndarray) -> float | None:
    """Adjusted Rand index (1: the same groups, 0: as by chance) of two groupings of the same persons; None of none.

    Source: Hubert & Arabie (1985), J. Classif. 2, 193-218.
    """
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(labels, others)) if len(labels) > 1 else None
