-- Grain: one row per project_id, request and first_date: a run of UTC days that are not known.
with days as (
    select
        project_id,
        request,
        date,
        status,
        cause,
        date - cast(row_number() over (partition by project_id, request, status order by date) as integer) as run,
    from marts.fct_collection_daily
    where is_gap
)

select
    project_id,
    request,
    min(date) as first_date,
    max(date) as last_date,
    count(*) as day_count,
    status,
    arg_min(cause, date) as cause,
from days
group by project_id, request, status, run
