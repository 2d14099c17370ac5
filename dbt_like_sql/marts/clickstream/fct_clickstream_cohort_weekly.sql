-- Grain: one row per date (Monday of the week), kind and start of a cohort, and period since.
with newcomer as (
    -- the longest kind of cohorts is kept for 24 months
    select person_id, first_date,
    from clickstream.person
    where first_date >= date_trunc('month', $end - 1) - interval 23 months
),

visit as (
    select distinct newcomer.person_id, newcomer.first_date, session.date,
    from clickstream.session as session
    inner join newcomer on newcomer.person_id = session.person_id
    where session.date < $end and not session.is_bot
),

place as (
    select 'day' as cohort_kind, person_id, first_date as cohort_start, date - first_date as period,
    from visit
    where first_date >= $end - 28
    union all
    select distinct
        'week' as cohort_kind,
        person_id,
        cast(date_trunc('week', first_date) as date) as cohort_start,
        (date - cast(date_trunc('week', first_date) as date)) // 7 as period,
    from visit
    where first_date >= $end - 26 * 7
    union all
    select distinct
        'month' as cohort_kind,
        person_id,
        cast(date_trunc('month', first_date) as date) as cohort_start,
        12 * (year(date) - year(first_date)) + month(date) - month(first_date) as period,
    from visit
),

seen as (
    select cohort_kind, cohort_start, period, count(*) as persons,
    from place
    group by cohort_kind, cohort_start, period
),

cohort as (
    select
        cohort_kind,
        cohort_start,
        persons as visitors,
        unnest(
            range(
                0,
                1 + case cohort_kind
                    when 'day' then $end - 1 - cohort_start
                    when 'week' then ($end - 1 - cohort_start) // 7
                    else 12 * (year($end - 1) - year(cohort_start)) + month($end - 1) - month(cohort_start)
                end
            )
        ) as period,
    from seen
    where period = 0
)

select
    cast($start as date) as date,
    cohort.cohort_kind,
    cohort.cohort_start,
    cast(cohort.period as integer) as period,
    cohort.visitors,
    coalesce(seen.persons, 0) as retained,
    case cohort.cohort_kind
        when 'day' then true
        when 'week' then true
        else cohort.cohort_start + to_months(cast(cohort.period as integer) + 1) <= $end
    end as is_complete,
from cohort
left join seen
    on seen.cohort_kind = cohort.cohort_kind
    and seen.cohort_start = cohort.cohort_start
    and seen.period = cohort.period
