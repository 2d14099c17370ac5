-- Grain: one row per date (day on which the sessions began), n (2 or 3) and nodes that came one after the other.
with journey as (
    select
        date,
        is_converted,
        sessions,
        transform(
            sequence(1, size(nodes) - 1),
            place -> struct(
                element_at(nodes, place) as first, element_at(nodes, place + 1) as second, get(nodes, place + 1) as third
            )
        ) as triples
    from clickstream_journey
    where date >= :start and date < :end and size(nodes) >= 2
),

gram as (
    -- pairs, then those of three: the last place has two nodes alone
    select
        date,
        is_converted,
        sessions,
        concat(
            transform(triples, t -> struct(2 as n, concat_ws(' > ', t.first, t.second) as ngram)),
            transform(
                filter(triples, t -> t.third is not null),
                t -> struct(3 as n, concat_ws(' > ', t.first, t.second, t.third) as ngram)
            )
        ) as grams
    from journey
),

told as (
    select
        date,
        is_converted,
        sessions,
        explode(
            transform(array_distinct(grams), g -> struct(g.n, g.ngram, size(filter(grams, other -> other = g)) as times))
        ) as gram
    from gram
),

counted as (
    select
        date,
        gram.n,
        gram.ngram,
        sum(gram.times * sessions) as occurrences,
        sum(sessions) as sessions,
        coalesce(sum(sessions) filter (where is_converted), 0) as conversions
    from told
    group by date, gram.n, gram.ngram
),

ranked as (
    select
        date,
        n,
        ngram,
        occurrences,
        sessions,
        conversions,
        row_number() over (partition by date, n order by occurrences desc, ngram) as place
    from counted
)

select
    date,
    n,
    ngram,
    occurrences,
    sessions,
    conversions
from ranked
where place <= 500
