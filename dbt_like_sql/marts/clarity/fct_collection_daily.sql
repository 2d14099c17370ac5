-- Grain: one row per project_id, date (UTC day) and request.
with days as (
    select *
    from ops.clarity_day
    where date >= $start and date < $end
),

asked as (
    select
        project_id,
        request,
        for_date as date,
        count(*) filter (outcome <> 'not_sent') as requests_for_day,
        count(*) filter (outcome = 'answered') as requests_answered,
        arg_max(error, reserved_at) filter (error is not null) as last_error,
    from ops.api_request
    where for_date >= $start and for_date < $end
    group by project_id, request, for_date
),

spent as (
    select
        project_id,
        request,
        cast(reserved_at as date) as date,
        count(*) as requests_spent_on_day,
    from ops.api_request
    where reserved_at >= $start and reserved_at < $end and outcome <> 'not_sent'
    group by project_id, request, cast(reserved_at as date)
),

refused as (
    select
        project_id,
        request,
        for_date as date,
        count(*) as requests_refused,
    from ops.clarity_refusal
    where for_date >= $start and for_date < $end
    group by project_id, request, for_date
)

select
    days.project_id,
    days.date,
    days.request,
    days.status,
    days.method,
    days.coverage,
    days.status in ('pending', 'lost') as is_gap,
    days.cause,
    days.window_start,
    days.window_end,
    days.skew_s,
    coalesce(days.is_truncated, false) as is_truncated,
    days.is_final,
    days.row_count,
    days.refused_keys,
    coalesce(asked.requests_for_day, 0) as requests_for_day,
    coalesce(asked.requests_answered, 0) as requests_answered,
    coalesce(refused.requests_refused, 0) as requests_refused,
    coalesce(spent.requests_spent_on_day, 0) as requests_spent_on_day,
    asked.last_error,
from days
left join asked
    on asked.project_id = days.project_id and asked.request = days.request and asked.date = days.date
left join spent
    on spent.project_id = days.project_id and spent.request = days.request and spent.date = days.date
left join refused
    on refused.project_id = days.project_id and refused.request = days.request and refused.date = days.date
