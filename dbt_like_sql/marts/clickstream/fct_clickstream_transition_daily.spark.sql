-- Grain: one row per date (day on which the sessions began), step 0 to 5 and the nodes that it leads from and to.
with place as (
    select date, nodes, sessions, explode(sequence(0, least(size(nodes), 5))) as step_from
    from clickstream_journey
    where date >= :start and date < :end
),

pair as (
    select
        date,
        case when step_from = 0 then '(start)' else try_element_at(nodes, nullif(step_from, 0)) end as from_node,
        coalesce(get(nodes, step_from), '(exit)') as to_node,
        step_from,
        sum(sessions) as transitions
    from place
    group by 1, 2, 3, 4
),

ranked as (
    select date, to_node as node, row_number() over (partition by date order by sum(transitions) desc, to_node) as place
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
        pair.transitions
    from pair
    left join common as came on came.date = pair.date and came.node = pair.from_node
    left join common as went on went.date = pair.date and went.node = pair.to_node
)

select
    date,
    from_node,
    to_node,
    step_from,
    sum(transitions) as transitions
from named
group by date, from_node, to_node, step_from
