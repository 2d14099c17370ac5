-- Grain: one row per date and landing page of the sessions that began then.
select
    date,
    landing_page,
    count(*) as sessions,
    count(*) filter (where is_bounce) as bounces,
    count(*) filter (where is_converted) as conversions,
    sum(revenue) as revenue,
    sum(duration_s) as duration_sum_s,
    cast(sum(pageviews) as bigint) as pageviews
from clickstream_session
where date >= :start and date < :end and not is_bot
group by date, landing_page
