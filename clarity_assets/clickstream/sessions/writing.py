"""What was gathered in; rows of sessions and steps, as they are written, out: for DuckDB and for Spark.

Parameters: `first`, `last`: UTC days [first, last) that the sessions began on, some or all of those that were gathered.
(A step lies on the day of its session or on the next one.)
"""

from clarity_assets.clickstream.engines.engine import EngineSql

SESSION = EngineSql(
    duckdb="""
select
    fact.date,
    fact.session_key,
    fact.visitor_id,
    fact.person_id,
    fact.is_known_user,
    fact.started_at,
    fact.ended_at,
    fact.started_local_at,
    fact.duration_s,
    fact.events,
    fact.pageviews,
    fact.product_views,
    fact.cart_adds,
    fact.cart_removes,
    fact.checkouts,
    fact.purchases,
    fact.orders,
    fact.revenue,
    fact.landing_page,
    fact.exit_page,
    fact.source,
    fact.medium,
    fact.campaign,
    channel_of.channel,
    fact.device,
    fact.browser,
    fact.os,
    fact.country,
    fact.is_bot,
    fact.is_bounce,
    fact.is_converted,
from clickstream.fact as fact
join clickstream.channel_of as channel_of
    on fact.source is not distinct from channel_of.source
    and fact.medium is not distinct from channel_of.medium
    and fact.campaign is not distinct from channel_of.campaign
where fact.date >= $first and fact.date < $last
""",
    spark="""
select
    fact.date,
    fact.session_key,
    fact.visitor_id,
    fact.person_id,
    fact.is_known_user,
    fact.started_at,
    fact.ended_at,
    fact.started_local_at,
    fact.duration_s,
    fact.events,
    fact.pageviews,
    fact.product_views,
    fact.cart_adds,
    fact.cart_removes,
    fact.checkouts,
    fact.purchases,
    fact.orders,
    fact.revenue,
    fact.landing_page,
    fact.exit_page,
    fact.source,
    fact.medium,
    fact.campaign,
    channel_of.channel,
    fact.device,
    fact.browser,
    fact.os,
    fact.country,
    fact.is_bot,
    fact.is_bounce,
    fact.is_converted
from clickstream_fact as fact
join clickstream_channel_of as channel_of
    on fact.source is not distinct from channel_of.source
    and fact.medium is not distinct from channel_of.medium
    and fact.campaign is not distinct from channel_of.campaign
where fact.date >= :first and fact.date < :last
""",
)

STEP = EngineSql(
    duckdb="""
select
    fact.date,
    placed.session_key,
    placed.step,
    event.event_at,
    event.event_type,
    event.page,
    event.product_id,
    event.category,
    event.price,
    event.quantity,
    event.order_id,
    event.rating,
    fact.person_id,
    fact.device,
    fact.is_bot,
from clickstream.event as event
join clickstream.placed as placed on event.date = placed.date and event.seq = placed.seq
join clickstream.fact as fact on placed.session_key = fact.session_key
where fact.date >= $first
    and fact.date < $last
    and placed.started_date >= $first
    and placed.started_date < $last
    and event.date >= $first
    and event.date <= $last
""",
    spark="""
select
    fact.date,
    placed.session_key,
    placed.step,
    placed.event_at,
    placed.event_type,
    placed.page,
    placed.product_id,
    placed.category,
    placed.price,
    placed.quantity,
    placed.order_id,
    placed.rating,
    fact.person_id,
    fact.device,
    fact.is_bot
from clickstream_placed as placed
join clickstream_fact as fact
    on placed.stream = fact.stream
    and placed.is_told = fact.is_told
    and placed.session_key = fact.session_key
where fact.date >= :first and fact.date < :last
""",
)
