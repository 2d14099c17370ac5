"""Baskets of a DuckDB engine in, frequent itemsets out: mlxtend's FP-Growth on what DuckDB counted beforehand.

`mlxtend.fpgrowth` itself takes a table of all baskets times all products, makes a dense one of it, and cannot be
stopped (0.25). So its tree is filled here, with equal baskets as one and without products that can be part of no
itemset, and its search is asked for one itemset after the other. A test holds the result against `mlxtend.fpgrowth`.
"""

import time
import warnings
from collections.abc import Callable, Iterable, Iterator

from clarity_assets.clickstream.engines.engine import Engine, EngineSql
from clarity_assets.clickstream.modules.patterns.search import MOST_ITEMSETS, Itemsets

LOOKS_EVERY = 1_000  # baskets or itemsets between two looks at the clock: less than 50 ms

Baskets = Iterable[tuple[list[int], int]]
"""Places of a basket's products, ascending, and how many baskets hold these."""

# Grain: one row per set of frequent products that are a basket's; the commonest product first.
DISTINCT = """
with basket as (
    select list(frequent.place order by frequent.place) as places
    from clickstream.basket_item as basket_item
    inner join clickstream.frequent as frequent on basket_item.product_id = frequent.product_id
    where frequent.place < $products
    group by basket_item.basket
)
select places, count(*) as baskets from basket group by places order by places
"""


class TooMuch(Exception):
    """More itemsets than are told, or the time is over."""


def itemsets_of_duckdb(engine: Engine, counts: list[int], least: int, seconds: float) -> Itemsets | None:
    """Every itemset of the views `basket_item` and `frequent` in `least` baskets; None where that is too much."""
    end = time.monotonic() + seconds
    products = sum(count >= least for count in counts)
    rows = engine.rows(EngineSql(duckdb=DISTINCT, spark=""), {"products": products})
    baskets = zip(rows["places"].to_pylist(), rows["baskets"].to_pylist(), strict=True)
    return grow(baskets, least, is_over=lambda: time.monotonic() > end)


def grow(baskets: Baskets, least: int, *, is_over: Callable[[], bool] = lambda: False) -> Itemsets | None:
    """Every itemset in `least` baskets or more; None where they are more than MOST_ITEMSETS, or `is_over` says so.

    Products that fewer baskets hold are to be left out beforehand: they are not looked for.
    """
    with warnings.catch_warnings():  # mlxtend changes how the process treats warnings as it is imported
        from mlxtend.frequent_patterns.fpcommon import FPTree
        from mlxtend.frequent_patterns.fpgrowth import fpg_step

    tree = FPTree({})  # it reads the order of no more than its own subtrees
    try:
        for places, count in _watched(baskets, is_over):
            tree.insert_itemset(places, count)
        found = [(tuple(sorted(places)), int(count)) for count, places in _found(tree, least, fpg_step, is_over)]
    except TooMuch:
        return None
    return found


def _found(tree, least: int, fpg_step, is_over: Callable[[], bool]) -> Iterator[tuple[int, list[int]]]:
    steps = fpg_step(tree, least, None, None, 0)
    for number, found in enumerate(_watched(steps, is_over), start=1):
        if number > MOST_ITEMSETS:
            raise TooMuch
        yield found


def _watched(things: Iterable, is_over: Callable[[], bool]) -> Iterator:
    for number, thing in enumerate(things):
        if number % LOOKS_EVERY == 0 and is_over():
            raise TooMuch
        yield thing
