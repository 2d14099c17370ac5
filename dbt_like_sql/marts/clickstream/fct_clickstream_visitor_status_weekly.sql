-- Grain: one row per date (Monday of the week) and status at the week's end.
with judged as (
    select
        person.person_id,
        person.sessions,
        person.is_buyer,
        person.revenue,
        case
            when $end - 1 - person.last_date <= status_limit.active_days then 'active'
            when $end - 1 - person.last_date <= status_limit.churned_days then 'at_risk'
            else 'churned'
        end as status,
    from clickstream.person as person
    cross join clickstream.status_limit as status_limit
),

status as (
    select unnest(['active', 'at_risk', 'churned']) as status,
    where exists (select 1 from judged)
)

select
    cast($start as date) as date,
    status.status,
    count(judged.person_id) as visitors,
    count(judged.person_id) filter (where judged.is_buyer) as buyers,
    cast(coalesce(sum(judged.sessions), 0) as bigint) as sessions,
    coalesce(sum(judged.revenue), 0) as revenue,
from status
left join judged on judged.status = status.status
group by status.status
