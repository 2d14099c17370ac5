"""Steps of a window in; baskets out, as views of the engine and as few numbers: how many, of what, and what was cut.

A basket are the products of an order; where purchases name none, of a session's purchases; where too few such baskets
hold two products, of what a session put into the cart; else of what it viewed. Bots have none.
"""

from dataclasses import dataclass
from datetime import date

from clarity_assets.clickstream.engines.engine import Engine, EngineSql

KINDS = ("purchase", "cart", "view")
LEAST_BASKETS = 50
"""Baskets of two products or more, below which nothing is told of them: 1 % of fewer is not one whole basket."""

# Grain: one row per basket and product. An order's letter keeps its id apart from the sessions' numbers.
PRODUCTS = """
select {basket} as basket, product_id
from {schema}step
where date >= {mark}start and date < {mark}end and not is_bot and product_id is not null and event_type = {mark}kind
group by 1, 2
"""
KEY = "coalesce('o' || order_id, 's' || cast(session_key as {text}))"

# Grain: one row per basket and product, the products that most baskets hold alone where a basket has too many.
CAPPED = """
with product as (
    select product_id, count(*) as baskets from {schema}basket_product group by product_id
),
placed as (
    select
        basket_product.basket,
        basket_product.product_id,
        row_number() over (
            partition by basket_product.basket order by product.baskets desc, basket_product.product_id
        ) as place
    from {schema}basket_product as basket_product
    inner join product on basket_product.product_id = product.product_id
)
select basket, product_id from placed where place <= {mark}most
"""

# Grain: one row.
NUMBERS = """
with basket as (
    select basket, count(*) as products from {schema}basket_product group by basket
)
select
    count(*) as baskets,
    coalesce(sum(case when products >= 2 then 1 else 0 end), 0) as of_two,
    coalesce(sum(case when products > {mark}most then 1 else 0 end), 0) as cut,
    coalesce(sum(case when products > {mark}most then products - {mark}most else 0 end), 0) as items_cut,
    (select count(distinct product_id) from {schema}basket_product) as products
from basket
"""


@dataclass(frozen=True)
class Baskets:
    """`kind`: of purchases, carts or views. `cut`: baskets of more than `most` products, which lost `items_cut`."""

    kind: str
    baskets: int
    of_two: int
    products: int
    cut: int
    items_cut: int
    most: int

    @property
    def is_enough(self) -> bool:
        return self.of_two >= LEAST_BASKETS


def both(text: str) -> EngineSql:
    """A query that both engines read alike, but for their names of views, parameters and text."""
    return EngineSql(
        text.format(schema="clickstream.", mark="$", text="varchar", basket=KEY.format(text="varchar")),
        text.format(schema="clickstream_", mark=":", text="string", basket=KEY.format(text="string")),
    )


def make_baskets(engine: Engine, start: date, end: date, *, most: int) -> Baskets | None:
    """The first kind that has enough baskets, else the one with most, as the view `basket_item`; None: no basket."""
    found = []
    for kind in KINDS:
        found.append(_of_kind(engine, kind, start, end, most=most))
        if found[-1].is_enough:
            break
    best = max(found, key=lambda baskets: (baskets.is_enough, baskets.of_two, baskets.baskets))
    if not best.baskets:
        return None
    if best is not found[-1]:
        _of_kind(engine, best.kind, start, end, most=most)
    engine.keep("basket_item", both(CAPPED), {"most": most})
    return best


def _of_kind(engine: Engine, kind: str, start: date, end: date, *, most: int) -> Baskets:
    engine.keep("basket_product", both(PRODUCTS), {"start": start, "end": end, "kind": kind})
    [told] = engine.rows(both(NUMBERS), {"most": most}).to_pylist()
    return Baskets(kind=kind, most=most, **{name: int(value) for name, value in told.items()})
