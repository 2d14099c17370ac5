-- Grain: one row per date and product that was put in, taken out or bought in sessions that began then.
with handled as (
    select
        date,
        session_key,
        product_id,
        count(*) filter (where event_type = 'cart') as puts,
        sum(quantity) filter (where event_type = 'cart') as quantity_in,
        sum(quantity) filter (where event_type = 'remove') as quantity_out,
        sum(quantity) filter (where event_type = 'cart' and price >= 0) as quantity_priced,
        sum(price * quantity) filter (where event_type = 'cart' and price >= 0) as value_in,
        count(*) filter (where event_type = 'remove') as removals,
        count(*) filter (where event_type = 'purchase') as purchases,
    from clickstream.step
    where
        date >= $start and date < $end
        and event_type in ('cart', 'remove', 'purchase') and product_id is not null and not is_bot
    group by date, session_key, product_id
),

counted as (
    select
        date,
        product_id,
        count(*) filter (where puts > 0) as carted_sessions,
        count(*) filter (where purchases > 0) as bought_sessions,
        count(*) filter (where puts > 0 and purchases = 0) as abandoned_sessions,
        count(*) filter (where removals > 0) as removed_sessions,
        -- what is left, at the mean price it was put in at
        sum(greatest(quantity_in - coalesce(quantity_out, 0), 0) * value_in / nullif(quantity_priced, 0))
            filter (where puts > 0 and purchases = 0) as abandoned_value,
    from handled
    group by date, product_id
)

select
    date,
    product_id,
    carted_sessions,
    bought_sessions,
    abandoned_sessions,
    removed_sessions,
    case when abandoned_sessions = 0 then 0 else abandoned_value end as abandoned_value,
from counted
