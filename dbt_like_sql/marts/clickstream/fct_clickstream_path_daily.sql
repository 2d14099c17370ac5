-- Grain: one row per date (day on which the sessions began), path and whether they ended in a purchase.
with path as (
    select
        date,
        is_converted,
        array_to_string(nodes[1:8], ' > ') || case when len(nodes) > 8 then ' > …' else '' end as path,
        sum(sessions) as sessions,
    from clickstream.journey
    where date >= $start and date < $end
    group by date, is_converted, path
),

ranked as (
    select date, path, row_number() over (partition by date order by sum(sessions) desc, path) as place,
    from path
    group by date, path
),

common as (
    select date, path from ranked where place <= 500
),

named as (
    select
        path.date,
        case when common.path is null then '(other)' else path.path end as path,
        path.is_converted,
        path.sessions,
    from path
    left join common on common.date = path.date and common.path = path.path
)

select
    date,
    path,
    is_converted,
    cast(sum(sessions) as bigint) as sessions,
from named
group by date, path, is_converted
