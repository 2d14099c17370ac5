-- Grain: one row per date (Monday of the week), kind and start of a cohort, and period since.
with newcomer as (
    -- the longest kind of cohorts is kept for 24 months
    select person_id, first_date
    from clickstream_person
    where first_date >= add_months(trunc(date_sub(:end, 1), 'month'), -23)
),

visit as (
    select distinct newcomer.person_id, newcomer.first_date, session.date
    from clickstream_session as session
    inner join newcomer on newcomer.person_id = session.person_id
    where session.date < :end and not session.is_bot
),

place as (
    select 'day' as cohort_kind, person_id, first_date as cohort_start, date_diff(date, first_date) as period
    from visit
    where first_date >= date_sub(:end, 28)
    union all
    select distinct
        'week' as cohort_kind,
        person_id,
        trunc(first_date, 'week') as cohort_start,
        cast(date_diff(date, trunc(first_date, 'week')) div 7 as int) as period
    from visit
    where first_date >= date_sub(:end, 26 * 7)
    union all
    select distinct
        'month' as cohort_kind,
        person_id,
        trunc(first_date, 'month') as cohort_start,
        12 * (year(date) - year(first_date)) + month(date) - month(first_date) as period
    from visit
),

seen as (
    select cohort_kind, cohort_start, period, count(*) as persons
    from place
    group by cohort_kind, cohort_start, period
),

cohort as (
    select
        cohort_kind,
        cohort_start,
        persons as visitors,
        explode(
            sequence(
                0,
                case cohort_kind
                    when 'day' then date_diff(date_sub(:end, 1), cohort_start)
                    when 'week' then cast(date_diff(date_sub(:end, 1), cohort_start) div 7 as int)
                    else 12 * (year(date_sub(:end, 1)) - year(cohort_start))
                        + month(date_sub(:end, 1)) - month(cohort_start)
                end
            )
        ) as period
    from seen
    where period = 0
)

select
    cast(:start as date) as date,
    cohort.cohort_kind,
    cohort.cohort_start,
    cohort.period,
    cohort.visitors,
    coalesce(seen.persons, 0) as retained,
    case cohort.cohort_kind
        when 'day' then true
        when 'week' then true
        else add_months(cohort.cohort_start, cohort.period + 1) <= :end
    end as is_complete
from cohort
left join seen
    on seen.cohort_kind = cohort.cohort_kind
    and seen.cohort_start = cohort.cohort_start
    and seen.period = cohort.period
