"""Steps in; who likes which product how much, what is popular, what was rated, out: views, alike on both engines.

Likings are whole millionths, so that sums are exact whatever their order, and both engines rank products alike.
"""

from collections.abc import Mapping
from datetime import date, timedelta

import pyarrow as pa

from clarity_assets.clickstream.engines.engine import Engine, EngineSql

POINTS = 1_000_000
"""Points of a weight of 1, on the newest day."""
HALF_LIFE_DAYS = 14
"""Days after which an event says half as much. Better than 28, 56 and none on both real sources tried (Deskdrop, Online
Retail II, 2026-11), for ALS as for popularity, which is not given an old bestseller to be beaten by."""

# Grain: one row per person_id and product_id.
INTERACTION = """
select step.person_id, step.product_id, cast(sum(liking.points) as bigint) as points
from {schema}step as step
inner join {schema}liking as liking on step.event_type = liking.event_type and step.date = liking.date
where step.date >= {mark}start and step.date < {mark}end and not step.is_bot and step.product_id is not null
group by step.person_id, step.product_id
"""

# Grain: one row per product_id; place 1 is liked most.
POPULAR = """
with product as (
    select product_id, cast(sum(points) as bigint) as points from {schema}interaction group by product_id
)
select
    product_id,
    cast(row_number() over (order by points desc, product_id) as bigint) as place,
    cast(points as double) / cast(sum(points) over () as double) as score
from product
"""

# Grain: one row per person_id.
HISTORY = """
select person_id, count(*) as products from {schema}interaction group by person_id
"""

# Grain: one row per person_id and product_id that the person took to from $start on, and that was new to them then.
RELEVANT = """
select distinct step.person_id, step.product_id
from {schema}step as step
where
    step.date >= {mark}start and step.date < {mark}end and not step.is_bot and step.product_id is not null
    and exists (select 1 from {schema}liking as liking where liking.event_type = step.event_type)
    and exists (select 1 from {schema}history as history where history.person_id = step.person_id)
    and not exists (
        select 1
        from {schema}interaction as interaction
        where interaction.person_id = step.person_id and interaction.product_id = step.product_id
    )
"""

# Grain: one row per person_id and rank: the products that are liked most, without those of the person's own history.
# As many places as the list and the history are long hold enough: their sum grows with the rows, not with the square.
POPULAR_LISTS = """
with offered as (
    select asked.person_id, {places} as place
    from {schema}asked as asked
    inner join {schema}history as history on asked.person_id = history.person_id
),
ranked as (
    select
        offered.person_id,
        cast(row_number() over (partition by offered.person_id order by popular.place) as integer) as rank,
        popular.product_id,
        popular.score
    from offered
    inner join {schema}popular as popular on offered.place = popular.place
    where not exists (
        select 1
        from {schema}interaction as interaction
        where interaction.person_id = offered.person_id and interaction.product_id = popular.product_id
    )
)
select person_id, rank, product_id, score from ranked where rank <= {mark}most
"""
PLACES_OF_DUCKDB = "unnest(range(1, $most + history.products + 1))"
PLACES_OF_SPARK = "explode(sequence(1, :most + history.products))"

# Grain: one row per person_id and product_id; the last rating of several.
RATING = """
with placed as (
    select
        person_id,
        product_id,
        rating,
        row_number() over (
            partition by person_id, product_id order by event_at desc, session_key desc, step desc
        ) as place
    from {schema}step
    where date >= {mark}start and date < {mark}end and not is_bot and product_id is not null and rating is not null
)
select person_id, product_id, rating from placed where place = 1
"""

# Grain: one row per person_id and product_id that was not rated before.
NEW_RATING = """
select later.person_id, later.product_id, later.rating
from {schema}later_rating as later
where not exists (
    select 1
    from {schema}rating as rating
    where rating.person_id = later.person_id and rating.product_id = later.product_id
)
"""


def both(text: str) -> EngineSql:
    """A query that both engines read alike, but for how they name views and parameters and count up."""
    return EngineSql(
        text.format(schema="clickstream.", mark="$", places=PLACES_OF_DUCKDB),
        text.format(schema="clickstream_", mark=":", places=PLACES_OF_SPARK),
    )


def take_likings(engine: Engine, weights: Mapping[str, float], start: date, end: date) -> None:
    """View `liking`: what an event of a type says on each day of [start, end), in points; none without a weight."""
    days = [start + timedelta(days=number) for number in range((end - start).days)]
    rows = [
        (event_type, day, max(1, round(POINTS * weight * 0.5 ** (((end - day).days - 1) / HALF_LIFE_DAYS))))
        for event_type, weight in weights.items()
        for day in days
        if weight > 0
    ]
    types, dates, points = zip(*rows, strict=True) if rows else ((), (), ())
    columns = {"event_type": (types, pa.string()), "date": (dates, pa.date32()), "points": (points, pa.int64())}
    engine.take("liking", pa.table({name: pa.array(values, type_) for name, (values, type_) in columns.items()}))


def keep_interactions(engine: Engine, weights: Mapping[str, float], start: date, end: date) -> None:
    """Views `interaction`, `history` and `popular` of what happened on [start, end)."""
    take_likings(engine, weights, start, end)
    engine.keep("interaction", both(INTERACTION), {"start": start, "end": end})
    engine.keep("history", both(HISTORY))
    engine.keep("popular", both(POPULAR))


def keep_ratings(engine: Engine, start: date, split: date, end: date) -> None:
    """Views `rating` (before the split) and `new_rating` (from it on, of what the person had not rated before)."""
    engine.keep("rating", both(RATING), {"start": start, "end": split})
    engine.keep("later_rating", both(RATING), {"start": split, "end": end})
    engine.keep("new_rating", both(NEW_RATING))
