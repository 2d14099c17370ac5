-- Grain: one row per project_id and date (UTC day) of which both the device and the no-dimension request tell sessions.
with device as (
    select
        project_id,
        date,
        sum(sessions)::bigint as device_sessions,
    from staging.stg_clarity__device
    group by project_id, date
    having count(sessions) = count(*)
),

window_of as (
    select project_id, date, request, window_start, window_end,
    from ops.clarity_day
    where request in ('base', 'device')
)

select
    site.project_id,
    site.date,
    site.sessions as site_sessions,
    device.device_sessions,
    device.device_sessions - site.sessions as difference_sessions,
    abs(device.device_sessions - site.sessions)
        / nullif(greatest(device.device_sessions, site.sessions), 0) as difference_share,
    greatest(
        abs(epoch(of_site.window_start) - epoch(of_device.window_start)),
        abs(epoch(of_site.window_end) - epoch(of_device.window_end))
    ) as window_difference_s,
from staging.stg_clarity__base as site
join device on device.project_id = site.project_id and device.date = site.date
left join window_of as of_site
    on of_site.project_id = site.project_id and of_site.date = site.date and of_site.request = 'base'
left join window_of as of_device
    on of_device.project_id = site.project_id and of_device.date = site.date and of_device.request = 'device'
where site.sessions is not null
