-- Grain: one row per date (UTC day of the first step), device and step of the funnel.
with event as (
    select
        step.person_id,
        cast(step.event_at as date) as day,
        coalesce(step.device, '') as device,
        step.event_at,
        step.step as place,
        funnel_step.step_number
    from clickstream_step as step
    inner join clickstream_funnel_step as funnel_step on funnel_step.step = step.event_type
    where step.event_at >= :start and step.event_at < date_add(:end, 1) and not step.is_bot
),

visit as (
    select
        person_id,
        day,
        -- the first event of the first step, else the first of any
        min(struct(step_number > 1 as is_later_step, event_at, place, step_number, device)) as first_event,
        collect_list(struct(event_at, place, step_number)) filter (where step_number > 1) as events,
        collect_set(step_number) as did
    from event
    group by person_id, day
),

followed as (
    select
        day,
        first_event,
        did,
        events,
        lead(day) over (partition by person_id order by day) as next_day,
        lead(events) over (partition by person_id order by day) as next_events
    from visit
),

attempt as (
    select
        followed.day,
        followed.first_event.device as device,
        followed.did,
        aggregate(
            array_sort(
                filter(
                    concat(events, case when next_day = date_add(day, 1) then next_events else array() end),
                    e -> timestampdiff(microsecond, followed.first_event.event_at, e.event_at) <= funnel_step.window_us
                )
            ),
            array(struct(first_event.event_at, first_event.place, first_event.step_number)),
            (matched, e) -> case
                when e.step_number = size(matched) + 1 and e > element_at(matched, -1) then concat(matched, array(e))
                else matched
            end
        ) as matched
    from followed
    inner join clickstream_funnel_step as funnel_step on funnel_step.step_number = 1
    where followed.day >= :start and followed.day < :end and not followed.first_event.is_later_step
),

reached as (
    select day, device, did, explode(
        transform(
            matched,
            (e, i) -> struct(
                e.step_number,
                timestampdiff(microsecond, element_at(matched, greatest(i, 1)).event_at, e.event_at) as microseconds
            )
        )
    ) as step
    from attempt
),

in_order as (
    select
        day,
        device,
        step.step_number,
        count(*) as persons,
        sum(step.microseconds) / 1000000 as seconds_sum,
        count(*) filter (where not array_contains(did, step.step_number)) as persons_of_next_day
    from reached
    group by day, device, step.step_number
),

device_day as (
    select day, first_event.device, array_sort(did) as did, count(*) as persons
    from visit
    where day >= :start and day < :end
    group by day, first_event.device, array_sort(did)
),

that_day as (
    select
        device_day.day,
        device_day.device,
        funnel_step.step_number,
        funnel_step.step,
        coalesce(sum(device_day.persons) filter (where array_contains(device_day.did, funnel_step.step_number)), 0) as persons
    from device_day
    cross join clickstream_funnel_step as funnel_step
    group by device_day.day, device_day.device, funnel_step.step_number, funnel_step.step
)

select
    that_day.day as date,
    nullif(that_day.device, '') as device,
    that_day.step_number,
    that_day.step,
    coalesce(in_order.persons, 0) as persons,
    coalesce(in_order.persons, 0) - lead(coalesce(in_order.persons, 0)) over (
        partition by that_day.day, that_day.device order by that_day.step_number
    ) as dropped,
    case when that_day.step_number > 1 then coalesce(in_order.seconds_sum, 0) end as seconds_sum,
    that_day.persons + coalesce(in_order.persons_of_next_day, 0) as persons_any_order
from that_day
left join in_order
    on in_order.day = that_day.day
    and in_order.device = that_day.device
    and in_order.step_number = that_day.step_number
