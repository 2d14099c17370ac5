-- Grain: one row per date (day on which the sessions began), number of nodes and whether they ended in a purchase.
with length as (
    select date, cast(len(nodes) as integer) as path_length, is_converted, sessions,
    from clickstream.journey
    where date >= $start and date < $end
)

select
    date,
    path_length,
    is_converted,
    cast(sum(sessions) as bigint) as sessions,
from length
group by date, path_length, is_converted
