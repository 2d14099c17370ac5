"""Who likes what how much in, as a view of Spark; the lists that its ALS makes out. Ratings likewise.

The same model as that of `implicit` (Hu, Koren & Volinsky 2008), with the same confidences; but Spark solves it
exactly, begins with other factors, and multiplies the regularization by a person's products (Zhou et al. 2008). So
factors and lists differ from those of the DuckDB engine; how good they are is alike (docs/metrics.md).
"""

from functools import reduce
from typing import TYPE_CHECKING

import pyarrow as pa

from clarity_assets.clickstream.engines.engine import EngineSql
from clarity_assets.clickstream.engines.results import plain
from clarity_assets.clickstream.modules.recommendations.explicit_als import ITERATIONS as EXPLICIT_ITERATIONS
from clarity_assets.clickstream.modules.recommendations.explicit_als import RANK, REGULARIZATION
from clarity_assets.clickstream.modules.recommendations.implicit_als import CONFIDENCE, ITERATIONS, SEED

if TYPE_CHECKING:
    from pyspark.ml.recommendation import ALSModel
    from pyspark.sql import DataFrame

    from clarity_assets.clickstream.engines.spark_engine import SparkEngine

REGULARIZATION_A_PRODUCT = 1.0  # a compromise as REGULARIZATION of `implicit`: news would have more, a shop less
PAIRS_A_BLOCK, FEWEST_BLOCKS, MOST_BLOCKS = 500_000, 2, 200  # blocks are what Spark's ALS shares out among workers
FIRST_HISTORY, WIDER = 16, 4  # products of the shortest histories, and how many times as many the next have

# Grain: one row per person or product: Spark's ALS counts them by INTEGER.
CODES = "select {id}, cast(row_number() over (order by {id}) as int) as {code} from (select distinct {id} from {view})"
PAIRS = "select count(*) as pairs from {view}"
# Grain: one row per person and product.
CODED = """
select person, product, cast({value} as float) as rating
from {view} as told
inner join clickstream_person_code as person_code on told.person_id = person_code.person_id
inner join clickstream_product_code as product_code on told.product_id = product_code.product_id
"""
LIKING = "points / (select avg(points) from clickstream_interaction)"

# Grain: one row per person.
ASKED = """
select person_code.person
from clickstream_asked as asked
inner join clickstream_person_code as person_code on asked.person_id = person_code.person_id
inner join clickstream_history as history on asked.person_id = history.person_id
where history.products > :above and history.products <= :up_to
"""

# Grain: one row per person_id and rank.
LISTS = """
with offered as (
    select person, explode(recommendations) as offer from {scored}
),
ranked as (
    select
        person_code.person_id,
        row_number() over (partition by person_code.person_id order by offer.rating desc, offer.product) as rank,
        product_code.product_id,
        cast(offer.rating as double) as score
    from offered
    inner join clickstream_person_code as person_code on offered.person = person_code.person
    inner join clickstream_product_code as product_code on offered.offer.product = product_code.product
    where not exists (
        select 1
        from clickstream_interaction as interaction
        where interaction.person_id = person_code.person_id and interaction.product_id = product_code.product_id
    )
)
select person_id, cast(rank as int) as rank, product_id, score from ranked where rank <= :most
"""

# Grain: one row per rating; without a prediction where person or product are new.
PREDICTED = """
select told.person_id, told.rating, cast(predicted.prediction as double) as predicted
from clickstream_new_rating as told
left join clickstream_person_code as person_code on told.person_id = person_code.person_id
left join clickstream_product_code as product_code on told.product_id = product_code.product_id
left join {predicted} as predicted
    on person_code.person = predicted.person and product_code.product = predicted.product
"""


def lists_of_spark(engine: "SparkEngine", *, most: int, factors: int) -> pa.Table:
    """As `lists_of_duckdb`: Spark learns, scores and ranks; only the lists come here."""
    from pyspark.ml.recommendation import ALS

    blocks = _prepare(engine, "clickstream_interaction")
    rows = engine.spark.sql(CODED.format(view="clickstream_interaction", value=LIKING))
    learner = ALS(
        rank=factors, maxIter=ITERATIONS, regParam=REGULARIZATION_A_PRODUCT, implicitPrefs=True, alpha=CONFIDENCE,
        userCol="person", itemCol="product", ratingCol="rating", seed=SEED, numUserBlocks=blocks, numItemBlocks=blocks,
    )  # fmt: skip
    scored = _scored(engine, learner.fit(rows), most=most)
    return plain(engine.spark.sql(LISTS, args={"most": most}, scored=scored).toArrow())


def _scored(engine: "SparkEngine", model: "ALSModel", *, most: int) -> "DataFrame":
    """As many products a person as the list and the longest history of its like are long: Spark leaves none out."""
    sql = EngineSql("", "select max(products) as longest from clickstream_history")
    longest = engine.rows(sql)["longest"][0].as_py()
    above, up_to, parts = 0, FIRST_HISTORY, []
    while above < longest:
        persons = engine.spark.sql(ASKED, args={"above": above, "up_to": up_to})
        parts.append(model.recommendForUserSubset(persons, most + min(up_to, longest)))
        above, up_to = up_to, up_to * WIDER
    return reduce(lambda one, other: one.unionAll(other), parts)


def predicted_by_spark(engine: "SparkEngine") -> pa.Table:
    """As `predicted_by_duckdb`: Spark learns and predicts."""
    from pyspark.ml.recommendation import ALS

    blocks = _prepare(engine, "clickstream_rating")
    rows = engine.spark.sql(CODED.format(view="clickstream_rating", value="told.rating"))
    learner = ALS(
        rank=RANK, maxIter=EXPLICIT_ITERATIONS, regParam=REGULARIZATION,
        userCol="person", itemCol="product", ratingCol="rating", seed=SEED, numUserBlocks=blocks, numItemBlocks=blocks,
    )  # fmt: skip
    asked = engine.spark.sql(CODED.format(view="clickstream_new_rating", value="told.rating"))
    predicted = learner.fit(rows).transform(asked)
    return plain(engine.spark.sql(PREDICTED, predicted=predicted).toArrow())


def _prepare(engine: "SparkEngine", view: str) -> int:
    """Number the persons and products of the view; the blocks that its pairs are to be cut into."""
    for code in ("person", "product"):
        engine.keep(f"{code}_code", EngineSql("", CODES.format(id=f"{code}_id", code=code, view=view)))
    pairs = engine.rows(EngineSql("", PAIRS.format(view=view)))["pairs"][0].as_py()
    return min(MOST_BLOCKS, max(FEWEST_BLOCKS, pairs // PAIRS_A_BLOCK))
