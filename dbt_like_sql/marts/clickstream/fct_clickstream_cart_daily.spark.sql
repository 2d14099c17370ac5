-- Grain: one row per date on which sessions began, be they bots' or without a cart.
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
        count(*) filter (where event_type = 'purchase') as purchases
    from clickstream_step
    where date >= :start and date < :end and event_type in ('cart', 'remove', 'purchase') and not is_bot
    group by date, session_key, product_id
),

cart as (
    select
        date,
        session_key,
        sum(purchases) = 0 as is_abandoned,
        -- what is left of each product, at the mean price it was put in at
        sum(greatest(quantity_in - coalesce(quantity_out, 0), 0) * value_in / nullif(quantity_priced, 0)) as value
    from handled
    group by date, session_key
    having sum(puts) > 0
),

value_left as (
    select
        date,
        sum(value) filter (where is_abandoned) as abandoned_value,
        sum(value) filter (where not is_abandoned) as completed_value
    from cart
    group by date
),

counted as (
    select
        date,
        count(*) filter (where not is_bot and cart_adds > 0) as cart_sessions,
        count(*) filter (where not is_bot and cart_adds > 0 and purchases > 0) as completed_carts,
        count(*) filter (where not is_bot and cart_adds > 0 and purchases = 0) as abandoned_carts,
        sum(cart_removes) filter (where not is_bot) as removed_events,
        sum(cart_adds) filter (where not is_bot) as cart_events,
        sum(purchases) filter (where not is_bot) as purchase_events,
        count(*) filter (where not is_bot and purchases > 0) as purchase_sessions,
        count(*) filter (where not is_bot and purchases > 0 and cart_adds = 0) as purchases_without_cart
    from clickstream_session
    where date >= :start and date < :end
    group by date
)

select
    counted.date,
    counted.cart_sessions,
    counted.completed_carts,
    counted.abandoned_carts,
    case when counted.abandoned_carts = 0 then 0 else value_left.abandoned_value end as abandoned_value,
    case when counted.completed_carts = 0 then 0 else value_left.completed_value end as completed_value,
    cast(coalesce(counted.removed_events, 0) as bigint) as removed_events,
    cast(coalesce(counted.cart_events, 0) as bigint) as cart_events,
    cast(coalesce(counted.purchase_events, 0) as bigint) as purchase_events,
    counted.purchase_sessions,
    counted.purchases_without_cart
from counted
left join value_left on value_left.date = counted.date
