"""Ratings in stars in; what persons would give to other products out: ALS with weighted regularization (ALS-WR).

Zhou, Wilkinson, Schreiber & Pan 2008, Large-scale Parallel Collaborative Filtering for the Netflix Prize, 3.1:
u_i = (M_i M_i' + lambda n_i E)^-1 M_i r_i, with n_i ratings of the person, and likewise for products.
"""

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clarity_assets.clickstream.engines.engine import Engine, EngineSql
from clarity_assets.clickstream.modules.recommendations.implicit_als import SEED

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

RANK, REGULARIZATION = 10, 0.12  # RMSE on MovieLens u1 .923 to .937, wherever it begins; with 0.1 .927 to .941
ITERATIONS = 10  # Spark's ALS ends in a stack overflow after 20, unless the cluster has a folder for checkpoints
SOLVED_AT_A_TIME = 50_000  # systems of RANK x RANK: 40 MB

RATINGS = EngineSql("select person_id, product_id, rating from clickstream.rating", "")
NEW_RATINGS = EngineSql("select person_id, product_id, rating from clickstream.new_rating", "")


def predicted_by_duckdb(engine: Engine) -> pa.Table:
    """Rows `person_id`, `rating`, `predicted` (NULL: person or product are new) of view `new_rating`, learnt from view
    `rating`."""
    from scipy.sparse import csr_matrix

    known, asked = engine.rows(RATINGS), engine.rows(NEW_RATINGS)
    persons, person = _coded(known["person_id"].combine_chunks())
    products, product = _coded(known["product_id"].combine_chunks())
    shape = (len(persons), len(products))
    stars = csr_matrix((known["rating"].to_numpy(), (person, product)), shape=shape)
    ones = csr_matrix((np.ones(known.num_rows), (person, product)), shape=shape)
    of_person, of_product = als_wr(stars, ones)
    one, other = _places(persons, asked["person_id"]), _places(products, asked["product_id"])
    is_known = (one >= 0) & (other >= 0)
    predicted = np.einsum("ij,ij->i", of_person[one], of_product[other])
    return asked.select(["person_id", "rating"]).append_column("predicted", [pa.array(predicted, mask=~is_known)])


def als_wr(stars: "csr_matrix", ones: "csr_matrix") -> tuple[np.ndarray, np.ndarray]:
    """Factors of persons and products. `ones` is 1 where `stars` has a rating (of 0 stars too)."""
    start = np.abs(np.random.default_rng(SEED).normal(size=(stars.shape[0], RANK)))
    persons = start / np.linalg.norm(start, axis=1, keepdims=True)  # as Spark begins
    stars_of_product, ones_of_product = stars.T.tocsr(), ones.T.tocsr()
    for _ in range(ITERATIONS):
        products = _solved(stars_of_product, ones_of_product, persons)
        persons = _solved(stars, ones, products)
    return persons, products


def _solved(stars: "csr_matrix", ones: "csr_matrix", other: np.ndarray) -> np.ndarray:
    """Factors of the rows, given those of the columns: all normal equations of a block at once."""
    squares = (other[:, :, None] * other[:, None, :]).reshape(len(other), -1)
    found = np.empty((stars.shape[0], RANK))
    for start in range(0, stars.shape[0], SOLVED_AT_A_TIME):
        rows = slice(start, start + SOLVED_AT_A_TIME)
        left = (ones[rows] @ squares).reshape(-1, RANK, RANK)
        left += REGULARIZATION * np.diff(ones[rows].indptr)[:, None, None] * np.eye(RANK)
        found[rows] = np.linalg.solve(left, (stars[rows] @ other)[:, :, None])[:, :, 0]
    return found


def _coded(ids: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """The ids sorted, each once, and the place of each of the given ones among them."""
    unique = ids.unique()
    unique = unique.take(pc.sort_indices(unique))
    return unique, pc.index_in(ids, unique).to_numpy()


def _places(unique: pa.Array, ids: pa.ChunkedArray) -> np.ndarray:
    return pc.fill_null(pc.index_in(ids, unique), -1).to_numpy()
