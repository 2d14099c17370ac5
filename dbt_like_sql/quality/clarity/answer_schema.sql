-- Grain: one row per project_id, date (UTC day that was to become known) and answer_id.
with answers as (
    select
        answer.project_id,
        coalesce(asked.for_date, cast(answer.window_end - interval 12 hours as date)) as date,
        answer.answer_id,
        answer.request,
        answer.quarantine_reason,
        coalesce(answer.warnings, []) as warnings,
    from ops.clarity_answer as answer
    left join ops.api_request as asked on asked.request_id = answer.request_id
)

select
    project_id,
    date,
    answer_id,
    request,
    quarantine_reason,
    len(list_filter(warnings, lambda w: starts_with(w, 'unknown'))) as unknown_name_count,
    len(list_filter(warnings, lambda w: starts_with(w, 'missing'))) as missing_metric_count,
    array_to_string(warnings, '; ') as warnings,
from answers
