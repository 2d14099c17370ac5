-- Grain: one row per date (day on which the sessions began), n (2 or 3) and nodes that came one after the other.
with numbered as (
    select row_number() over () as journey_number, date, is_converted, nodes, sessions,
    from clickstream.journey
    where date >= $start and date < $end and len(nodes) >= 2
),

place as (
    select journey_number, nodes, unnest(range(1, len(nodes))) as place,
    from numbered
),

triple as (
    -- how often in one journey; the last place has two nodes alone
    select journey_number, nodes[place] as first, nodes[place + 1] as second, nodes[place + 2] as third, count(*) as times,
    from place
    group by journey_number, first, second, third
),

gram as (
    select journey_number, 3 as n, first, second, third, times from triple where third is not null
    union all
    select journey_number, 2 as n, first, second, null as third, sum(times) as times from triple
    group by journey_number, first, second
),

counted as (
    select
        numbered.date,
        gram.n,
        gram.first || ' > ' || gram.second || coalesce(' > ' || gram.third, '') as ngram,
        sum(gram.times * numbered.sessions) as occurrences,
        sum(numbered.sessions) as sessions,
        coalesce(sum(numbered.sessions) filter (where numbered.is_converted), 0) as conversions,
    from gram
    inner join numbered on numbered.journey_number = gram.journey_number
    group by numbered.date, gram.n, gram.first, gram.second, gram.third
),

ranked as (
    select
        date,
        n,
        ngram,
        occurrences,
        sessions,
        conversions,
        row_number() over (partition by date, n order by occurrences desc, ngram) as place,
    from counted
)

select
    date,
    n,
    ngram,
    cast(occurrences as bigint) as occurrences,
    cast(sessions as bigint) as sessions,
    cast(conversions as bigint) as conversions,
from ranked
where place <= 500
