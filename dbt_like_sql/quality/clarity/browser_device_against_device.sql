-- Grain: one row per project_id, date (UTC day) and device that both requests tell sessions of.
with finer as (
    select
        project_id,
        date,
        device,
        sum(sessions)::bigint as browser_device_sessions,
    from staging.stg_clarity__browser_device
    group by project_id, date, device
    having count(sessions) = count(*)
),

window_of as (
    select project_id, date, request, window_start, window_end,
    from ops.clarity_day
    where request in ('browser_device', 'device')
)

select
    device.project_id,
    device.date,
    device.device,
    device.sessions as device_sessions,
    finer.browser_device_sessions,
    finer.browser_device_sessions - device.sessions as difference_sessions,
    abs(finer.browser_device_sessions - device.sessions) / nullif(device.sessions, 0) as difference_share,
    greatest(
        abs(epoch(of_device.window_start) - epoch(of_finer.window_start)),
        abs(epoch(of_device.window_end) - epoch(of_finer.window_end))
    ) as window_difference_s,
from staging.stg_clarity__device as device
join finer
    on finer.project_id = device.project_id
    and finer.date = device.date
    and finer.device is not distinct from device.device
left join window_of as of_device
    on of_device.project_id = device.project_id and of_device.date = device.date and of_device.request = 'device'
left join window_of as of_finer
    on of_finer.project_id = device.project_id
    and of_finer.date = device.date
    and of_finer.request = 'browser_device'
where device.sessions is not null
