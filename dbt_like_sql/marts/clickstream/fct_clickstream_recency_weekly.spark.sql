-- Grain: one row per date (Monday of the week) and days since the last visit, counted from the week's last day.
with last_visit as (
    select date_diff(date_sub(:end, 1), last_date) as days_since_last_visit
    from clickstream_person
)

select
    cast(:start as date) as date,
    days_since_last_visit,
    count(*) as visitors
from last_visit
group by days_since_last_visit
