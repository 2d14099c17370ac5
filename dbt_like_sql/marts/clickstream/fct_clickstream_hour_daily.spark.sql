-- Grain: one row per date, clock and hour in which sessions began.
with starts as (
    select date, 'utc' as clock, started_at, is_bot, is_converted
    from clickstream_session
    where date >= :start and date < :end
    union all
    select date, 'visitor' as clock, started_local_at as started_at, is_bot, is_converted
    from clickstream_session
    where date >= :start and date < :end and started_local_at is not null
)

select
    date,
    clock,
    cast(extract(hour from started_at) as integer) as hour,
    count(*) filter (where not is_bot) as sessions,
    count(*) filter (where not is_bot and is_converted) as conversions,
    count(*) filter (where is_bot) as bot_sessions
from starts
group by date, clock, extract(hour from started_at)
