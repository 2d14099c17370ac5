-- Grain: one row per date on which sessions began, be they bots' alone.
select
    date,
    count(*) filter (where not is_bot) as sessions,
    count(*) filter (where is_bot) as bot_sessions,
    count(distinct visitor_id) filter (where not is_bot) as visitors,
    count(distinct person_id) filter (where not is_bot and is_known_user) as users,
    cast(coalesce(sum(events) filter (where not is_bot), 0) as bigint) as events,
    cast(coalesce(sum(pageviews) filter (where not is_bot), 0) as bigint) as pageviews,
    count(*) filter (where not is_bot and is_bounce) as bounces,
    count(*) filter (where not is_bot and is_converted) as conversions,
    cast(coalesce(sum(orders) filter (where not is_bot), 0) as bigint) as orders,
    coalesce(sum(revenue) filter (where not is_bot), 0) as revenue,
    coalesce(sum(duration_s) filter (where not is_bot), 0) as duration_sum_s,
    count(*) filter (where not is_bot and started_local_at is not null) as local_time_sessions
from clickstream_session
where date >= :start and date < :end
group by date
