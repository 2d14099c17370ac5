-- Grain: one row per project_id, date (UTC day) and device, for days that both requests tell whole.
with window_of as (
    select project_id, date, request, window_start, window_end,
    from ops.clarity_day
    where request in ('browser_device', 'device') and status in ('measured', 'derived') and not is_truncated
),

days as (
    select
        of_device.project_id,
        of_device.date,
        greatest(
            abs(epoch(of_device.window_start) - epoch(of_finer.window_start)),
            abs(epoch(of_device.window_end) - epoch(of_finer.window_end))
        ) as window_difference_s,
    from window_of as of_device
    join window_of as of_finer
        on of_finer.project_id = of_device.project_id
        and of_finer.date = of_device.date
        and of_finer.request = 'browser_device'
    where of_device.request = 'device'
),

told as (
    select project_id, date, device, 'device' as request, sessions,
    from staging.stg_clarity__device
    union all
    select project_id, date, device, 'browser_device' as request, sessions,
    from staging.stg_clarity__browser_device
),

-- a device that one of the two does not list had no sessions there
sums as (
    select
        project_id,
        date,
        device,
        coalesce(sum(sessions) filter (request = 'device'), 0)::bigint as device_sessions,
        coalesce(sum(sessions) filter (request = 'browser_device'), 0)::bigint as browser_device_sessions,
    from told
    group by project_id, date, device
    having count(sessions) = count(*)
)

select
    sums.project_id,
    sums.date,
    sums.device,
    sums.device_sessions,
    sums.browser_device_sessions,
    sums.browser_device_sessions - sums.device_sessions as difference_sessions,
    abs(sums.browser_device_sessions - sums.device_sessions)
        / nullif(greatest(sums.browser_device_sessions, sums.device_sessions), 0) as difference_share,
    days.window_difference_s,
from sums
join days on days.project_id = sums.project_id and days.date = sums.date
