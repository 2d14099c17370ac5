-- Grain: one row per date (day on which the sessions began), step 0 to 5 and the nodes that it leads from and to.
with place as (
    select date, nodes, sessions, unnest(range(0, least(len(nodes), 5) + 1)) as step_from,
    from clickstream.journey
    where date >= $start and date < $end
),

pair as (
    select
        date,
        case when step_from = 0 then '(start)' else nodes[step_from] end as from_node,
        case when step_from = len(nodes) then '(exit)' else nodes[step_from + 1] end as to_node,
        cast(step_from as integer) as step_from,
        sum(sessions) as transitions,
    from place
    group by date, from_node, to_node, step_from
),

ranked as (
    select date, to_node as node, row_number() over (partition by date order by sum(transitions) desc, to_node) as place,
    from pair
    where to_node <> '(exit)'
    group by date, to_node
),

common as (
    select date, node from ranked where place <= 50
),

named as (
    select
        pair.date,
        case when pair.step_from > 0 and came.node is null then '(other)' else pair.from_node end as from_node,
        case when pair.to_node <> '(exit)' and went.node is null then '(other)' else pair.to_node end as to_node,
        pair.step_from,
        pair.transitions,
    from pair
    left join common as came on came.date = pair.date and came.node = pair.from_node
    left join common as went on went.date = pair.date and went.node = pair.to_node
)

select
    date,
    from_node,
    to_node,
    step_from,
    cast(sum(transitions) as bigint) as transitions,
from named
group by date, from_node, to_node, step_from
