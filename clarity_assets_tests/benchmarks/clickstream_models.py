"""Likings and baskets of a made-up shop in; our ALS beside `implicit` called bare, our FP-Growth beside `mlxtend`, out.

python -m clarity_assets_tests.benchmarks.clickstream_models
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from clarity_assets.clickstream.engines.duckdb_engine import DuckDBEngine
from clarity_assets.clickstream.modules.patterns.growth import itemsets_of_duckdb
from clarity_assets.clickstream.modules.recommendations.implicit_als import (
    ITERATIONS,
    REGULARIZATION,
    SEED,
    Likings,
    factorize,
    likings_of,
    noise,
)
from clarity_assets_tests.benchmarks.measure import Result, clocked, machine, table

SLOWER_AT_MOST = 1.1
FACTORS = 64
PERSONS, PRODUCTS, LIKINGS_A_PERSON = 30_000, 5_000, 20
BASKETS, GOODS, MIN_SUPPORT = 50_000, 300, 0.005
REPEATS = 9


@dataclass(frozen=True)
class Pair:
    """Seconds of ours and of the library, run by turns."""

    ours: list[float]
    bare: list[float]

    @property
    def ratios(self) -> list[float]:
        return [ours / bare for ours, bare in zip(self.ours, self.bare, strict=True)]


def results(*, repeats: int = REPEATS) -> list[Result]:
    """Both models: seconds of ours, of the library, and the ratio turn by turn."""
    rows = liking_rows()
    likings = likings_of(rows)
    als = by_turns(lambda: factorize(likings_of(rows), factors=FACTORS), lambda: bare_als(likings), repeats=repeats)
    patterns, itemsets = growths(repeats=repeats)
    pairs = f"{rows.num_rows:,} pairs of {PERSONS:,} persons, {FACTORS} factors"
    found = f"{BASKETS:,} baskets, {MIN_SUPPORT:.1%} of them, {itemsets:,} itemsets"
    return [
        Result("ALS, rows of likings to factors", als.ours, note=pairs),
        Result("beside it: `implicit` bare, its matrix given", als.bare, note="the same matrix and numbers"),
        Result("**ALS: ours / `implicit`**", als.ratios, "x", SLOWER_AT_MOST, "turn by turn"),
        Result("FP-Growth, the engine's view of baskets to itemsets", patterns.ours, note=found),
        Result("beside it: `mlxtend.fpgrowth` bare, its frame given", patterns.bare, note="a sparse frame"),
        Result("**FP-Growth: ours / `mlxtend`**", patterns.ratios, "x", SLOWER_AT_MOST, "turn by turn"),
    ]


def growths(*, repeats: int) -> tuple[Pair, int]:
    """Ours from the engine's view on, the library from a frame on; and how many itemsets both find."""
    shopping = shopping_rows()
    frame, least = sparse_frame(shopping), round(MIN_SUPPORT * BASKETS)
    counts = [int(count) for count in frame.sum() if count >= least]
    with DuckDBEngine(threads=2) as engine:
        held = [(basket, str(place)) for basket, row in enumerate(shopping) for place in row]
        baskets, products = zip(*held, strict=True)
        engine.take("basket_item", pa.table({"basket": pa.array(baskets).cast(pa.string()), "product_id": products}))
        places = range(len(counts))
        engine.take("frequent", pa.table({"product_id": [str(place) for place in places], "place": list(places)}))
        ours = lambda: itemsets_of_duckdb(engine, counts, least, 600.0)  # noqa: E731
        assert len(ours()) == bare_growth(frame), "both find the same"
        return by_turns(ours, lambda: bare_growth(frame), repeats=repeats), len(ours())


def by_turns(ours: Callable[[], object], bare: Callable[[], object], *, repeats: int) -> Pair:
    """One run of each warms up and is not counted."""
    ours(), bare()
    told = Pair([], [])
    for _ in range(repeats):
        for work, samples in ((ours, told.ours), (bare, told.bare)):
            with clocked() as clock:
                work()
            samples.append(clock.seconds)
    return told


def liking_rows() -> pa.Table:
    """Rows as the engine gives them: in no order, products by name, some liked much more than others."""
    chance = np.random.default_rng(1)
    person = np.repeat(np.arange(PERSONS), LIKINGS_A_PERSON)
    product = (PRODUCTS * chance.random(len(person)) ** 2).astype(np.int64)
    pairs = chance.permutation(np.unique(person * PRODUCTS + product))
    return pa.table({
        "person_id": pairs // PRODUCTS * 7_919,
        "product_id": np.char.add("product-", (pairs % PRODUCTS).astype(str)),
        "points": chance.integers(1, 9_000_000, len(pairs)),
    })  # fmt: skip


def bare_als(likings: Likings) -> None:
    import threadpoolctl
    from implicit.cpu.als import AlternatingLeastSquares

    with threadpoolctl.threadpool_limits(1, user_api="blas"):  # as its own warning asks
        AlternatingLeastSquares(
            factors=FACTORS, regularization=REGULARIZATION * noise(likings), iterations=ITERATIONS, random_state=SEED
        ).fit(likings.matrix, show_progress=False)


def shopping_rows() -> list[list[int]]:
    """Places of the goods of each basket, the commonest first."""
    chance = np.random.default_rng(2)
    likely = 0.25 / np.arange(1, GOODS + 1) ** 0.7
    held = chance.random((BASKETS, GOODS)) < likely * chance.uniform(0.3, 1.7, (BASKETS, 1))
    order = np.argsort(-held.sum(axis=0), kind="stable")
    return [np.flatnonzero(row).tolist() for row in held[:, order]]


def sparse_frame(rows: list[list[int]]):
    import pandas as pd
    from scipy.sparse import csr_matrix

    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    places = np.fromiter(itertools.chain.from_iterable(rows), dtype=np.int32)
    held = csr_matrix((np.ones(len(places), dtype=bool), places, starts), shape=(len(rows), GOODS))
    return pd.DataFrame.sparse.from_spmatrix(held)


def bare_growth(frame) -> int:
    from mlxtend.frequent_patterns import fpgrowth

    return len(fpgrowth(frame, min_support=MIN_SUPPORT))


if __name__ == "__main__":
    told = results()
    print(f"{machine()}\n\n{table(told)}")
