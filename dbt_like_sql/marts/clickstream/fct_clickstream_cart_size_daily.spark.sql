-- Grain: one row per date and number of distinct products put in, of sessions that began then.
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
        -- what tells no product counts as one
        cast(least(count(*) filter (where puts > 0), 6) as integer) as cart_size,
        sum(purchases) = 0 as is_abandoned,
        -- what is left of each product, at the mean price it was put in at
        sum(greatest(quantity_in - coalesce(quantity_out, 0), 0) * value_in / nullif(quantity_priced, 0)) as value
    from handled
    group by date, session_key
    having count(*) filter (where puts > 0) > 0
)

select
    date,
    cart_size,
    count(*) as carts,
    count(*) filter (where is_abandoned) as abandoned_carts,
    sum(value) as value
from cart
group by date, cart_size
