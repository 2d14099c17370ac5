"""Events in; the session and the place in it of each, out: one query for DuckDB and, below it, the same for Spark.

A stream is the source's session where it tells one, else the visitor. Within a UTC day its events fall into islands:
without a told session, more than the timeout without an event begins a new one; a told session's day is one island.
Across midnight the last island of a day and the first of the next are one session if no more than the timeout lies
between them and the former began more than the timeout after its own midnight. So a session lies on two days at most,
and the sessions of a day follow from the events of that day, the day before and the day after.

Parameters: `start`, `end` (UTC days that the sessions begin on, half-open), `timeout_us`. The view `event` holds
the days from the one before `start` to the one at `end`.
"""

from clarity_assets.clickstream.engines.engine import EngineSql

PLACED_VIEW = "placed"

# One row an event of the sessions that began in [start, end): date, seq, session_key, step, started_date, started_us.
# - Of the days beside, only streams that were there in the last minutes before midnight can matter.
# - `begun_*` is the last start so far, where an island that follows closely on the day before counts as its
#   continuation. It is none if that start lies too early on the day before, or before it: then it begins with the
#   stream's first event of the day (`opened_*`).
# - The key's remainder (2^51) keeps the product within BIGINT after 2041.
# DuckDB joins the few `ended` islands, which is faster than two more windows; Spark would compute `reached` twice.
# For DuckDB the rows are narrow, and joined back to the events. Spark's hold all columns, and the stream by which they
# are partitioned, so that they need not be moved again.
PLACED = EngineSql(
    duckdb="""
with told as not materialized (
    select
        coalesce(session_id, visitor_id) as stream,
        session_id is not null as is_told,
        date,
        seq,
        event_at,
        epoch_us(event_at) as at_us,
    from clickstream.event
),

late as (
    select distinct stream, is_told, date
    from told
    where (event_at >= $start::timestamp - to_microseconds($timeout_us) and event_at < $start::timestamp)
        or (event_at >= $end::timestamp - to_microseconds($timeout_us) and event_at < $end::timestamp)
),

crossing as (
    select stream, is_told, date from late where date = $start - 1
    union all
    select stream, is_told, date + 1 as date from late where date = $end - 1
),

needed as (
    select stream, is_told, date, seq, at_us from told where date >= $start and date < $end
    union all
    select stream, is_told, date, seq, at_us
    from told
    semi join crossing using (stream, is_told, date)
    where date = $start - 1
    union all
    select stream, is_told, date, seq, at_us
    from told
    semi join crossing using (stream, is_told, date)
    where date = $end
),

ordered as (
    select
        *,
        lag(date) over stream_order as before_date,
        lag(at_us) over stream_order as before_us,
        row_number() over stream_order as place,
    from needed
    window stream_order as (partition by stream, is_told order by date, seq)
),

marked as (
    select
        *,
        before_us is null or (at_us - before_us > $timeout_us and (not is_told or before_date <> date)) as is_begin,
        before_date is distinct from date as is_opening,
    from ordered
),

reached as (
    select
        stream,
        is_told,
        date,
        seq,
        at_us,
        place,
        is_opening and not is_begin as is_near,
        max(case when is_begin then at_us end) over so_far as begun_us,
        max(case when is_begin then place end) over so_far as begun_place,
    from marked
    window so_far as (partition by stream, is_told order by place rows between unbounded preceding and current row)
),

ended as (
    select stream, is_told, date, at_us as opened_us, place as opened_place,
    from reached
    where is_near and begun_us <= at_us - at_us % 86400000000 - 86400000000 + $timeout_us
),

placed as (
    select
        stream,
        date,
        seq,
        greatest(begun_us, opened_us) as started_us,
        place - greatest(begun_place, opened_place) + 1 as step,
    from reached
    left join ended using (stream, is_told, date)
)

select
    date,
    seq,
    xor(stream, (started_us % 2251799813685248) * 4001) as session_key,
    step::integer as step,
    make_timestamp(started_us)::date as started_date,
    started_us,
from placed
where started_us >= epoch_us($start::timestamp) and started_us < epoch_us($end::timestamp)
""",
    spark="""
with told as (
    select
        *,
        coalesce(session_id, visitor_id) as stream,
        session_id is not null as is_told,
        unix_micros(cast(event_at as timestamp)) as at_us
    from clickstream_event
),

late as (
    select distinct stream, is_told, date
    from told
    where (date = date_sub(:start, 1) or date = date_sub(:end, 1))
        and at_us % 86400000000 >= 86400000000 - :timeout_us
),

crossing as (
    select stream, is_told, date from late where date = date_sub(:start, 1)
    union all
    select stream, is_told, date_add(date, 1) as date from late where date = date_sub(:end, 1)
),

needed as (
    select * from told where date >= :start and date < :end
    union all
    select told.*
    from told
    left semi join crossing
        on told.stream = crossing.stream and told.is_told = crossing.is_told and told.date = crossing.date
    where told.date = date_sub(:start, 1) or told.date = :end
),

ordered as (
    select
        *,
        lag(date) over stream_order as before_date,
        lag(at_us) over stream_order as before_us,
        row_number() over stream_order as place
    from needed
    window stream_order as (partition by stream, is_told order by date, seq)
),

marked as (
    select
        *,
        before_us is null or (at_us - before_us > :timeout_us and (not is_told or before_date <> date)) as is_begin,
        before_date is distinct from date as is_opening
    from ordered
),

reached as (
    select
        *,
        max(case when is_begin then at_us end) over so_far as begun_us,
        max(case when is_begin then place end) over so_far as begun_place,
        max(case when is_opening then at_us end) over so_far as opened_us,
        max(case when is_opening then place end) over so_far as opened_place
    from marked
    window so_far as (
        partition by stream, is_told order by date, seq rows between unbounded preceding and current row
    )
),

placed as (
    select
        *,
        if(is_one, begun_us, opened_us) as started_us,
        place - if(is_one, begun_place, opened_place) + 1 as step
    from (
        select *, begun_us > at_us - at_us % 86400000000 - 86400000000 + :timeout_us as is_one
        from reached
    ) as reached
)

select
    stream,
    is_told,
    stream ^ ((started_us % 2251799813685248) * 4001) as session_key,
    cast(step as int) as step,
    cast(timestamp_micros(started_us) as date) as started_date,
    started_us,
    event_at,
    event_local_at,
    event_type,
    visitor_id,
    user_id,
    page,
    source,
    medium,
    campaign,
    product_id,
    category,
    price,
    quantity,
    order_id,
    rating,
    device,
    browser,
    os,
    country,
    is_bot
from placed
where started_us >= unix_date(:start) * 86400000000 and started_us < unix_date(:end) * 86400000000
""",
)
