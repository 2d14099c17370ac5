"""A week's run in; lists of products for every person, and how good such lists would have been, out: two tables.

Both engines give the same interactions, popular lists and metrics of them. ALS differs between `implicit` and Spark
(spark_als.py): its metrics are alike, so where both are near the border one engine may recommend ALS and the other not.
"""

from datetime import timedelta

import pyarrow as pa

from clarity_assets.clickstream.modules.module import Rows, Run
from clarity_assets.clickstream.modules.recommendations.evaluate import als_lists, evaluate, evaluate_ratings
from clarity_assets.clickstream.modules.recommendations.queries import POPULAR_LISTS, both, keep_interactions
from clarity_assets.clickstream.modules.typed_rows import columns_of, typed_rows

RECOMMENDATION, RECOMMENDER = "fct_clickstream_recommendation_weekly", "fct_clickstream_recommender_weekly"
TABLES = (RECOMMENDATION, RECOMMENDER)

ASKED = """
select person_id from {schema}history
"""
# Grain: one row per rank: what strangers are offered.
COLD_START = """
select cast(place as integer) as rank, product_id, score from {schema}popular where place <= {mark}most
"""


def compute(run: Run) -> Rows:
    """The two tables' rows of the run's week, learnt from CLICKSTREAM_WINDOW_WEEKS weeks; nothing liked: no rows.

    The last CLICKSTREAM_HORIZON_DAYS days are first kept apart to choose the method; lists are learnt from all days.
    """
    settings = run.settings
    start = run.end - timedelta(weeks=settings.clickstream_window_weeks)
    split = max(start, run.end - timedelta(days=settings.clickstream_horizon_days))
    evaluation = evaluate(run.engine, settings, start, split, run.end)
    rated = evaluate_ratings(run.engine, start, split, run.end)
    keep_interactions(run.engine, settings.weights, start, run.end)
    lists = _lists(run, is_als=evaluation.is_als_better)
    judged = columns_of(evaluation.rows + rated)
    return {
        f"marts.{RECOMMENDATION}": typed_rows(run, RECOMMENDATION, lists),
        f"marts.{RECOMMENDER}": typed_rows(run, RECOMMENDER, judged),
    }


def _lists(run: Run, *, is_als: bool) -> dict[str, pa.Array]:
    """The lists of all persons, and the one of nobody, as columns."""
    engine, settings, most = run.engine, run.settings, run.settings.clickstream_top_n
    engine.keep("asked", both(ASKED))
    if is_als:
        lists = als_lists(engine, most=most, factors=settings.clickstream_factors)
    else:
        lists = engine.rows(both(POPULAR_LISTS), {"most": most})
    strangers = engine.rows(both(COLD_START), {"most": most})
    methods = pa.repeat("als" if is_als else "popularity", lists.num_rows)
    nobody = pa.nulls(strangers.num_rows, pa.int64())
    popularity = pa.repeat("popularity", strangers.num_rows)
    told = pa.concat_tables([
        lists.append_column("method", methods),
        strangers.append_column("person_id", nobody).append_column("method", popularity).select(
            [*lists.column_names, "method"]
        ),
    ])  # fmt: skip
    return {name: told[name].combine_chunks() for name in told.column_names}
