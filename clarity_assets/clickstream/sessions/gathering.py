"""Events and their sessions in; a row a session out, without its channel: for DuckDB and, below it, for Spark."""

from clarity_assets.clickstream.engines.engine import EngineSql

FACT_VIEW = "fact"

# One row a session, without its channel. Purchases are few, so what must be distinct or in order (a sum of floats, so
# that it comes out the same every time) is worked out of them alone.
FACT = EngineSql(
    duckdb="""
with told as (
    select event.*, placed.session_key, placed.step, placed.started_date, placed.started_us,
    from clickstream.event as event
    join clickstream.placed as placed using (date, seq)
),

bought as (
    select
        session_key,
        count(distinct order_id) as orders,
        sum(coalesce(price, 0) * coalesce(quantity, 1) order by step) as revenue,
    from told
    where event_type = 'purchase'
    group by session_key
),

gathered as (
    select
        session_key,
        any_value(started_date) as started_date,
        any_value(started_us) as started_us,
        max(event_at) as ended_at,
        arg_min(visitor_id, step) as visitor_id,
        arg_min(user_id, step) as user_id,
        arg_min_null(event_local_at, step) as started_local_at,
        count(*) as events,
        count(*) filter (where event_type = 'pageview') as pageviews,
        count(*) filter (where event_type = 'view') as product_views,
        count(*) filter (where event_type = 'cart') as cart_adds,
        count(*) filter (where event_type = 'remove') as cart_removes,
        count(*) filter (where event_type = 'checkout') as checkouts,
        count(*) filter (where event_type = 'purchase') as purchases,
        arg_min(page, step) as landing_page,
        arg_max(page, step) as exit_page,
        arg_min_null(source, step) filter (where coalesce(source, medium, campaign) is not null) as source,
        arg_min_null(medium, step) filter (where coalesce(source, medium, campaign) is not null) as medium,
        arg_min_null(campaign, step) filter (where coalesce(source, medium, campaign) is not null) as campaign,
        arg_min(device, step) as device,
        arg_min(browser, step) as browser,
        arg_min(os, step) as os,
        arg_min(country, step) as country,
        bool_or(is_bot) as has_bot,
    from told
    group by session_key
)

select
    started_date as date,
    session_key,
    visitor_id,
    coalesce(user_id, visitor_id) as person_id,
    user_id is not null as is_known_user,
    make_timestamp(started_us) as started_at,
    ended_at,
    started_local_at,
    (epoch_us(ended_at) - started_us) / 1000000 as duration_s,
    events,
    pageviews,
    product_views,
    cart_adds,
    cart_removes,
    checkouts,
    purchases,
    if(purchases = 0, 0, greatest(bought.orders, 1)) as orders,
    coalesce(bought.revenue, 0) as revenue,
    landing_page,
    exit_page,
    source,
    medium,
    campaign,
    device,
    browser,
    os,
    country,
    coalesce(has_bot, false) or events >= $bot_events as is_bot,
    if(pageviews = 0, events, pageviews) <= 1 and cart_adds + checkouts + purchases = 0 as is_bounce,
    purchases > 0 as is_converted,
from gathered
left join bought using (session_key)
""",
    spark="""
with bought as (
    select
        stream,
        is_told,
        session_key,
        count(distinct order_id) as orders,
        aggregate(
            array_sort(collect_list(struct(step, coalesce(price, 0D) * coalesce(quantity, 1D) as value))),
            0D,
            (total, bought_one) -> total + bought_one.value
        ) as revenue
    from clickstream_placed
    where event_type = 'purchase'
    group by stream, is_told, session_key
),

gathered as (
    select
        stream,
        is_told,
        session_key,
        min(started_date) as started_date,
        min(started_us) as started_us,
        max(event_at) as ended_at,
        min_by(visitor_id, step) as visitor_id,
        min_by(user_id, step) filter (where user_id is not null) as user_id,
        min_by(event_local_at, step) as started_local_at,
        count(*) as events,
        count(*) filter (where event_type = 'pageview') as pageviews,
        count(*) filter (where event_type = 'view') as product_views,
        count(*) filter (where event_type = 'cart') as cart_adds,
        count(*) filter (where event_type = 'remove') as cart_removes,
        count(*) filter (where event_type = 'checkout') as checkouts,
        count(*) filter (where event_type = 'purchase') as purchases,
        min_by(page, step) filter (where page is not null) as landing_page,
        max_by(page, step) filter (where page is not null) as exit_page,
        min_by(struct(source, medium, campaign), step)
            filter (where coalesce(source, medium, campaign) is not null) as told_source,
        min_by(device, step) filter (where device is not null) as device,
        min_by(browser, step) filter (where browser is not null) as browser,
        min_by(os, step) filter (where os is not null) as os,
        min_by(country, step) filter (where country is not null) as country,
        bool_or(is_bot) as has_bot
    from clickstream_placed
    group by stream, is_told, session_key
)

select
    started_date as date,
    gathered.stream,
    gathered.is_told,
    gathered.session_key,
    visitor_id,
    coalesce(user_id, visitor_id) as person_id,
    user_id is not null as is_known_user,
    cast(timestamp_micros(started_us) as timestamp_ntz) as started_at,
    ended_at,
    started_local_at,
    (unix_micros(cast(ended_at as timestamp)) - started_us) / 1000000D as duration_s,
    events,
    pageviews,
    product_views,
    cart_adds,
    cart_removes,
    checkouts,
    purchases,
    if(purchases = 0, 0, greatest(bought.orders, 1)) as orders,
    coalesce(bought.revenue, 0D) as revenue,
    landing_page,
    exit_page,
    told_source.source as source,
    told_source.medium as medium,
    told_source.campaign as campaign,
    device,
    browser,
    os,
    country,
    coalesce(has_bot, false) or events >= :bot_events as is_bot,
    if(pageviews = 0, events, pageviews) <= 1 and cart_adds + checkouts + purchases = 0 as is_bounce,
    purchases > 0 as is_converted
from gathered
left join bought
    on gathered.stream = bought.stream
    and gathered.is_told = bought.is_told
    and gathered.session_key = bought.session_key
""",
)
