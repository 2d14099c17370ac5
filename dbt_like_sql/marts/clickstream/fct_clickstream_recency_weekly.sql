-- Grain: one row per date (Monday of the week) and days since the last visit, counted from the week's last day.
with last_visit as (
    select cast($end - 1 - last_date as integer) as days_since_last_visit,
    from clickstream.person
)

select
    cast($start as date) as date,
    days_since_last_visit,
    count(*) as visitors,
from last_visit
group by days_since_last_visit
