-- Grain: one row per date (UTC day), from the year of the first collected day to the end of the year after the last.
with span as (
    select
        make_date(year(min(date)), 1, 1) as first_date,
        make_date(year(max(date)) + 1, 12, 31) as last_date,
    from ops.clarity_day
),

days as (
    select cast(unnest(generate_series(first_date, last_date, interval 1 day)) as date) as date,
    from span
)

select
    date,
    cast(isodow(date) as integer) as weekday,
    dayname(date) as weekday_name,
    isodow(date) >= 6 as is_weekend,
    cast(date_trunc('week', date) as date) as week_start_date,
    cast(weekofyear(date) as integer) as iso_week,
    cast(date_trunc('month', date) as date) as month_start_date,
    cast(quarter(date) as integer) as quarter,
    cast(year(date) as integer) as year,
from days
