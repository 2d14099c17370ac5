-- Grain: one row per project_id and date (UTC day) whose window both Clarity and the events tell whole.
with told as (
    select
        site.project_id,
        site.date,
        site.status,
        site.sessions,
        site.bot_sessions,
        known.window_start,
        known.window_end,
        date_trunc('hour', known.window_start + interval 30 minutes) as hours_start,
        date_trunc('hour', known.window_end + interval 30 minutes) as hours_end,
    from staging.stg_clarity__base as site
    join ops.clarity_day as known
        on known.project_id = site.project_id and known.date = site.date and known.request = 'base'
    where site.sessions is not null
),

event_hours as (
    select
        project_id,
        date::timestamp + to_hours(hour) as hour_start,
        sessions,
        bot_sessions,
    from marts.fct_clickstream_hour_daily
    where clock = 'utc'
),

-- between the first and the last day with events, an hour without a row had no session
event_days as (
    select project_id, min(hour_start)::date as first_date, max(hour_start)::date as last_date,
    from event_hours
    group by project_id
),

compared as (
    select
        told.project_id,
        told.date,
        told.status,
        told.hours_start,
        told.hours_end,
        told.sessions as clarity_sessions,
        coalesce(sum(event_hours.sessions), 0)::bigint as clickstream_sessions,
        told.bot_sessions as clarity_bot_sessions,
        coalesce(sum(event_hours.bot_sessions), 0)::bigint as clickstream_bot_sessions,
        greatest(
            abs(epoch(told.window_start) - epoch(told.hours_start)),
            abs(epoch(told.window_end) - epoch(told.hours_end))
        ) as window_difference_s,
    from told
    join event_days
        on event_days.project_id = told.project_id
        and event_days.first_date <= told.hours_start
        and event_days.last_date >= (told.hours_end - interval 1 microsecond)::date
    left join event_hours
        on event_hours.project_id = told.project_id
        and event_hours.hour_start >= told.hours_start
        and event_hours.hour_start < told.hours_end
    group by all
)

select
    project_id,
    date,
    status,
    hours_start,
    hours_end,
    clarity_sessions,
    clickstream_sessions,
    clickstream_sessions - clarity_sessions as difference_sessions,
    abs(clickstream_sessions - clarity_sessions)
        / nullif(greatest(clickstream_sessions, clarity_sessions), 0) as difference_share,
    clarity_bot_sessions,
    clickstream_bot_sessions,
    clickstream_bot_sessions - clarity_bot_sessions as difference_bot_sessions,
    window_difference_s,
from compared
