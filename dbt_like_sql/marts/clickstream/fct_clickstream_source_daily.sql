-- Grain: one row per date, source, medium, campaign and channel of the sessions that began then.
select
    date,
    source,
    medium,
    campaign,
    channel,
    count(*) as sessions,
    count(distinct visitor_id) as visitors,
    cast(sum(events) as bigint) as events,
    cast(sum(pageviews) as bigint) as pageviews,
    count(*) filter (where is_bounce) as bounces,
    count(*) filter (where is_converted) as conversions,
    cast(sum(orders) as bigint) as orders,
    sum(revenue) as revenue,
    sum(duration_s) as duration_sum_s,
from clickstream.session
where date >= $start and date < $end and not is_bot
group by date, source, medium, campaign, channel
