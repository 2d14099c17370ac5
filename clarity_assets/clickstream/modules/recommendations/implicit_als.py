"""Who likes what how much in; factors of persons and products, and the lists that they make, out: by `implicit`.

Alternating least squares on implicit feedback: Hu, Koren & Volinsky 2008; solved by conjugate gradients as in Takacs,
Pilaszy & Tikk 2011. The same rows give the same factors, in whatever order they come.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clarity_assets.clickstream.engines.engine import Engine, EngineSql

if TYPE_CHECKING:
    from implicit.cpu.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix

ITERATIONS = 10
CONFIDENCE = 4.0
"""Of a mean liking, above the 1 of a product that the person had nothing to do with. Divided by the mean, so that
weights say how event types compare, and their scale, or how old events are, says nothing."""
REGULARIZATION = 0.85
"""Of what the strongest direction would be worth if the same likings were scattered without any pattern (`noise`):
directions that are weaker vanish. A fixed number would be too much for a small shop, too little for a large one. Chosen
with CONFIDENCE on Deskdrop and Online Retail II (docs/metrics.md)."""
SEED = 20_261_121
BATCH_SCORES = 50_000_000  # products x persons that are scored at a time: 200 MB
NO_PRODUCT = -1e30  # score of the places that are left where a person knows almost everything

INTERACTIONS = EngineSql("select person_id, product_id, points from clickstream.interaction", "")
ASKED = EngineSql("select person_id from clickstream.asked order by person_id", "")


@dataclass(frozen=True)
class Likings:
    """`matrix`: confidence of persons (ids ascending) by products (ids ascending)."""

    persons: np.ndarray
    products: pa.Array
    matrix: "csr_matrix"


def likings_of(rows: pa.Table) -> Likings:
    """Rows `person_id`, `product_id`, `points` (each pair once) as a matrix."""
    from scipy.sparse import csr_matrix

    persons, person = np.unique(rows["person_id"].to_numpy(), return_inverse=True)
    named = rows["product_id"].combine_chunks().dictionary_encode()
    order = pc.sort_indices(named.dictionary)
    place = np.empty(len(order), dtype=np.int32)
    place[order.to_numpy()] = np.arange(len(order), dtype=np.int32)
    points = rows["points"].to_numpy()
    confidence = (1 + points * (CONFIDENCE / points.mean())).astype(np.float32)
    pairs = (confidence, (person.astype(np.int32), place[named.indices.to_numpy()]))
    return Likings(persons, named.dictionary.take(order), csr_matrix(pairs, shape=(len(persons), len(order))))


def factorize(likings: Likings, *, factors: int) -> "AlternatingLeastSquares":
    """The model with its factors. OpenBLAS' own threads are held off: with them it is up to ten times slower."""
    import threadpoolctl
    from implicit.cpu.als import AlternatingLeastSquares

    with threadpoolctl.threadpool_limits(1, user_api="blas"):
        model = AlternatingLeastSquares(
            factors=factors, regularization=REGULARIZATION * noise(likings), iterations=ITERATIONS, random_state=SEED
        )
        model.fit(likings.matrix, show_progress=False)
    return model


def noise(likings: Likings) -> float:
    """Largest singular value of a matrix of independent entries with as large a sum of squares, for n persons and m
    products: sd (sqrt(n) + sqrt(m)), the edge of Marchenko & Pastur 1967; cf. Gavish & Donoho 2014."""
    persons, products = likings.matrix.shape
    deviation = np.linalg.norm(likings.matrix.data.astype(float)) / np.sqrt(persons * products)
    return float(deviation * (np.sqrt(persons) + np.sqrt(products)))


def lists_of_duckdb(engine: Engine, *, most: int, factors: int) -> pa.Table:
    """Rows `person_id`, `rank`, `product_id`, `score`: the best products for the persons of view `asked`, learnt from
    view `interaction`, without those of the person's own history."""
    likings = likings_of(engine.rows(INTERACTIONS))
    model = factorize(likings, factors=factors)
    asked = np.searchsorted(likings.persons, engine.rows(ASKED)["person_id"].to_numpy())
    return pa.concat_tables([_lists(likings, model, batch, most=most) for batch in _batches(asked, likings)])


def _batches(asked: np.ndarray, likings: Likings) -> Iterator[np.ndarray]:
    size = max(1, BATCH_SCORES // len(likings.products))
    return (asked[start : start + size] for start in range(0, max(len(asked), 1), size))


def _lists(likings: Likings, model: "AlternatingLeastSquares", persons: np.ndarray, *, most: int) -> pa.Table:
    import threadpoolctl

    length = min(most, len(likings.products))
    with threadpoolctl.threadpool_limits(1, user_api="blas"):
        places, scores = model.recommend(persons, likings.matrix[persons], N=length)
    is_told = (scores > NO_PRODUCT) & (places >= 0)
    row, column = np.nonzero(is_told)
    return pa.table({
        "person_id": pa.array(likings.persons[persons][row], pa.int64()),
        "rank": pa.array((column + 1).astype(np.int32)),
        "product_id": likings.products.take(pa.array(places[is_told])),
        "score": pa.array(scores[is_told].astype(np.float64)),
    })  # fmt: skip
