-- Grain: one row per date (UTC day of the first step), device and step of the funnel.
with recursive event as (
    select
        step.person_id,
        cast(step.event_at as date) as day,
        coalesce(step.device, '') as device,
        funnel_step.step_number,
        -- microseconds of the day, place in the session and step of the funnel in one number, which is the events' order
        ((epoch_us(step.event_at) % 86400000000) << 24) | (least(step.step, 524287) << 5) | funnel_step.step_number as code,
    from clickstream.step as step
    inner join clickstream.funnel_step as funnel_step on funnel_step.step = step.event_type
    where step.event_at >= $start and step.event_at < $end + 1 and not step.is_bot
),

visit as materialized (
    select
        person_id,
        day,
        -- the first event of the first step, else the first of any
        min({'is_later_step': step_number > 1, 'code': code, 'device': device}) as first_event,
        list(code) filter (where step_number > 1) as codes,
        bit_or(1 << step_number) as did,
    from event
    group by person_id, day
),

attempt as (
    select
        today.day,
        today.first_event.device as device,
        today.did,
        today.first_event.code as first_code,
        today.first_event.code + (funnel_step.window_us << 24) as last_code,
        list_concat(today.codes, list_transform(tomorrow.codes, lambda code: code + (86400000000 << 24))) as codes,
    from visit as today
    inner join clickstream.funnel_step as funnel_step on funnel_step.step_number = 1
    left join visit as tomorrow
        on tomorrow.person_id = today.person_id and tomorrow.day = today.day + 1 and tomorrow.codes is not null
    where today.day >= $start and today.day < $end and not today.first_event.is_later_step
),

reached as (
    select day, device, did, 1 as step_number, first_code as code, cast(null as bigint) as code_before, codes, last_code,
    from attempt
    union all
    select day, device, did, step_number + 1, next_code, code, codes, last_code,
    from (
        select
            day,
            device,
            did,
            step_number,
            code,
            last_code,
            codes,
            list_min(
                list_filter(
                    codes,
                    lambda other: (other & 31) = step_number + 1 and other > code and (other >> 24) <= (last_code >> 24)
                )
            ) as next_code,
        from reached
    )
    where next_code is not null
),

in_order as (
    select
        day,
        device,
        step_number,
        count(*) as persons,
        sum((code >> 24) - (code_before >> 24)) / 1000000 as seconds_sum,
        count(*) filter (where (did >> step_number) & 1 = 0) as persons_of_next_day,
    from reached
    group by day, device, step_number
),

device_day as (
    select day, first_event.device as device, did, count(*) as persons,
    from visit
    where day >= $start and day < $end
    group by day, first_event.device, did
),

that_day as (
    select
        device_day.day,
        device_day.device,
        funnel_step.step_number,
        funnel_step.step,
        coalesce(sum(device_day.persons) filter (where (device_day.did >> funnel_step.step_number) & 1 = 1), 0) as persons,
    from device_day
    cross join clickstream.funnel_step as funnel_step
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
    cast(that_day.persons + coalesce(in_order.persons_of_next_day, 0) as bigint) as persons_any_order,
from that_day
left join in_order
    on in_order.day = that_day.day
    and in_order.device = that_day.device
    and in_order.step_number = that_day.step_number
