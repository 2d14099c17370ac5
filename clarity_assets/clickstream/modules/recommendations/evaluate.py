"""A window of steps in; how good ALS and popularity would have been on its newest days, and which to use, out."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from clarity_assets.clickstream.engines.engine import Engine
from clarity_assets.clickstream.modules.recommendations.explicit_als import predicted_by_duckdb
from clarity_assets.clickstream.modules.recommendations.implicit_als import lists_of_duckdb
from clarity_assets.clickstream.modules.recommendations.queries import (
    POPULAR_LISTS,
    RELEVANT,
    both,
    keep_interactions,
    keep_ratings,
)
from clarity_assets.clickstream.modules.recommendations.ranking import PERSON_METRICS, Relevant, mean_interval
from clarity_assets.clickstream.modules.recommendations.spark_als import lists_of_spark, predicted_by_spark
from clarity_assets.settings import Settings

DECIDES = "ndcg"
"""The metric that chooses the method: it counts what is hit, and how far up."""
LEAST_PERSONS = 30
"""Persons below which an average says nothing; what is popular is recommended then."""
SHORTER_LISTS = (5,)  # told besides CLICKSTREAM_TOP_N

ASKED = """
select distinct person_id from {schema}relevant
"""
PAIRS = """
select person_id, product_id from {schema}relevant
"""
PRODUCTS = """
select count(*) as products from {schema}popular
"""
SPREAD = """
select count(*) as ratings, avg(rating) as mean, min(rating) as least, max(rating) as most from {schema}rating
"""


@dataclass(frozen=True)
class Evaluation:
    """Rows of fct_clickstream_recommender_weekly (without date), and whether ALS was shown to be better."""

    rows: list[dict[str, object]]
    is_als_better: bool


def als_lists(engine: Engine, *, most: int, factors: int) -> pa.Table:
    """Rows `person_id`, `rank`, `product_id`, `score` for the persons of view `asked`, by the engine's own ALS."""
    of_engine = lists_of_duckdb if engine.name == "duckdb" else lists_of_spark
    return of_engine(engine, most=most, factors=factors)


def evaluate(engine: Engine, settings: Settings, start: date, split: date, end: date) -> Evaluation:
    """Lists learnt from [start, split), held against [split, end), on persons with a history and something new."""
    most = settings.clickstream_top_n
    keep_interactions(engine, settings.weights, start, split)
    engine.keep("relevant", both(RELEVANT), {"start": split, "end": end})
    relevant = Relevant.of(engine.rows(both(PAIRS)))
    if not len(relevant.persons):
        return Evaluation([], is_als_better=False)
    engine.keep("asked", both(ASKED))
    products = engine.rows(both(PRODUCTS))["products"][0].as_py()
    als = relevant.lists(als_lists(engine, most=most, factors=settings.clickstream_factors), most=most)
    popular = relevant.lists(engine.rows(both(POPULAR_LISTS), {"most": most}), most=most)
    rows = []
    for k in sorted({k for k in SHORTER_LISTS if k < most} | {most}):
        scores, baseline = relevant.scores(als, k), relevant.scores(popular, k)
        rows += [_row(metric, k, scores[metric], baseline[metric]) for metric in PERSON_METRICS]
        covered = als.coverage(k, products=products), popular.coverage(k, products=products)
        rows.append({"metric": "coverage", "k": k, "value": covered[0], "baseline": covered[1]})
    [deciding] = [row for row in rows if row["metric"] == DECIDES and row["k"] == most]
    persons = len(relevant.persons)
    is_better = persons >= LEAST_PERSONS and deciding["difference_low"] > 0
    told = {"evaluated_persons": persons, "train_end": split, "note": _note(deciding, persons)}
    return Evaluation([EMPTY | row | told for row in rows], is_better)


EMPTY = {"difference_low": None, "difference_high": None, "note": None}


def _row(metric: str, k: int, scores: np.ndarray, baseline: np.ndarray) -> dict[str, object]:
    low, high = mean_interval(scores - baseline) if len(scores) >= LEAST_PERSONS else (None, None)
    return {
        "metric": metric, "k": k, "value": float(scores.mean()), "baseline": float(baseline.mean()),
        "difference_low": low, "difference_high": high,
    }  # fmt: skip


def _note(deciding: dict[str, object], persons: int) -> str:
    if persons < LEAST_PERSONS:
        return f"popularity is recommended: {persons} persons are too few to judge by, {LEAST_PERSONS} are needed"
    name, low, high = f"{DECIDES}@{deciding['k']}", deciding["difference_low"], deciding["difference_high"]
    told = f"{name} {deciding['value']:.3f} against {deciding['baseline']:.3f}, difference {low:+.3f} to {high:+.3f}"
    if low > 0:
        return f"als is recommended: better than popularity ({told})"
    is_worse = "worse than" if high < 0 else "not shown to be better than"
    return f"popularity is recommended: als is {is_worse} popularity ({told})"


def evaluate_ratings(engine: Engine, start: date, split: date, end: date) -> list[dict[str, object]]:
    """RMSE of predicted stars beside that of the mean: learnt from [start, split), held against [split, end)."""
    keep_ratings(engine, start, split, end)
    [known] = engine.rows(both(SPREAD)).to_pylist()
    if not known["ratings"]:
        return []
    rows = predicted_by_duckdb(engine) if engine.name == "duckdb" else predicted_by_spark(engine)
    if not rows.num_rows:
        return []
    stars = rows["rating"].to_numpy()
    predicted = rows["predicted"].fill_null(known["mean"]).to_numpy().clip(known["least"], known["most"])
    told = {
        "metric": "rmse", "k": None, "value": _rmse(predicted, stars), "baseline": _rmse(known["mean"], stars),
        "evaluated_persons": len(rows["person_id"].unique()), "train_end": split,
    }  # fmt: skip
    return [EMPTY | told]


def _rmse(predicted: np.ndarray | float, stars: np.ndarray) -> float:
    return float(np.sqrt(np.mean((predicted - stars) ** 2)))
