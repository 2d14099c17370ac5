"""Baskets of a Spark engine in, frequent itemsets out: Spark's FP-Growth, stopped where its time is over."""

import math
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TimeIsOver
from typing import TYPE_CHECKING
from uuid import uuid4

from clarity_assets.clickstream.modules.patterns.search import MOST_ITEMSETS, Itemsets

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

    from clarity_assets.clickstream.engines.spark_engine import SparkEngine

STOPS_WITHIN_S = 30.0  # that Spark may take to end what it was asked to end

# Grain: one row per basket that holds a frequent product.
BASKETS = """
select collect_list(frequent.place) as items
from clickstream_basket_item as basket_item
inner join clickstream_frequent as frequent on basket_item.product_id = frequent.product_id
where frequent.place < :products
group by basket_item.basket
"""


def itemsets_of_spark(engine: "SparkEngine", counts: list[int], least: int, seconds: float) -> Itemsets | None:
    """Every itemset of the views `basket_item` and `frequent` in `least` baskets; None where that is too much."""
    products = sum(count >= least for count in counts)
    frame = engine.spark.sql(BASKETS, args={"products": products})
    tag = f"patterns-{uuid4().hex}"
    pool = ThreadPoolExecutor(max_workers=1)
    work = pool.submit(_grown, engine, frame, least, tag)
    try:
        rows = work.result(timeout=seconds)
    except TimeIsOver:
        _stop(engine, work, tag)
        return None
    finally:
        pool.shutdown(wait=False)
    if rows.num_rows > MOST_ITEMSETS:
        return None
    places, baskets = rows["items"].to_pylist(), rows["freq"].to_pylist()
    return [(tuple(sorted(items)), count) for items, count in zip(places, baskets, strict=True)]


def _grown(engine: "SparkEngine", frame: "DataFrame", least: int, tag: str) -> "pa.Table":
    from pyspark.ml.fpm import FPGrowth

    engine.spark.addTag(tag)  # of this thread's work alone
    baskets = frame.persist()
    try:
        share = (least - 0.5) / max(baskets.count(), 1)  # Spark rounds share x baskets up
        model = FPGrowth(itemsCol="items", minSupport=share, minConfidence=1.0).fit(baskets)
        return model.freqItemsets.limit(MOST_ITEMSETS + 1).toArrow()
    finally:
        baskets.unpersist()


def _stop(engine: "SparkEngine", work: Future, tag: str) -> None:
    """Have Spark end the work; what it raises then is the end that was asked for."""
    waited = 0
    while not work.done() and waited < math.ceil(STOPS_WITHIN_S):
        engine.spark.interruptTag(tag)  # again: the next of its jobs may have begun meanwhile
        try:
            work.exception(timeout=1)
        except TimeIsOver:
            waited += 1
