"""A number of events in; thirty days of a shop's events, landed as Parquet by UTC day and recorded, out. Seeded by hashes.

A session has 1 to 40 events, 4 on average, about a minute apart; a visitor has 1.7 sessions; the evening is busiest.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from clarity_assets.clickstream.schema import EVENT, FILE_OF_EVENTS
from clarity_assets.clickstream.tables import CLICKSTREAM_TABLES, DAY, DAY_TABLE
from clarity_assets.settings import Settings
from clarity_assets.warehouse.columns import ARROW_TYPES
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.tables import ensure_tables, insert_rows

FIRST, DAYS = date(2026, 9, 1), 30
EVENTS_A_SESSION = 4.02  # what SESSIONS comes to
SESSIONS_A_VISITOR = 1.7
PRODUCTS, CATEGORIES = 5_000, 60

# Sessions that begin on the day $day. Draws are hashes of the session's number: the same whatever the machine.
SESSIONS = """
create or replace temp table session as
with drawn as (
    select
        number,
        hash(number, 1) % 1000000 / 1e6 as u1,
        hash(number, 2) % 1000000 / 1e6 as u2,
        hash(number, 3) % 1000000 / 1e6 as u3,
        hash(number, 4) % $visitors as visitor,
        (hash(number, 5) % 100)::integer as kind,
    from range($first_number, $last_number) as numbers (number)
)

select
    number,
    kind,
    (hash(visitor, 7) >> 1)::bigint as visitor_id,
    if(visitor % 20 = 0, (hash(visitor, 8) >> 1)::bigint, null) as user_id,
    $day::timestamp + to_microseconds(((u1 + u2) / 2 * 86400e6)::bigint) as started_at,
    least(1 + floor(-ln(1 - u3) * 3.55)::integer, 40) as events,
from drawn
"""
EVENTS = f"""
insert into event
with made as (
    select
        session.*,
        place,
        hash(number, place, 9) as draw,
        started_at + to_microseconds((place * (20e6 + hash(number, place, 6) % 80000000))::bigint) as event_at,
    from session, range(session.events) as places (place)
),

typed as (
    select
        *,
        case
            when place = 0 or draw % 100 < 45 then 'pageview' when draw % 100 < 78 then 'view'
            when draw % 100 < 82 then 'search' when draw % 100 < 92 then 'cart' when draw % 100 < 94 then 'remove'
            when draw % 100 < 97 then 'checkout' else 'purchase'
        end as event_type,
        floor({PRODUCTS} * pow((draw >> 8) % 1000000 / 1e6, 2))::integer as product,
    from made
),

told as (
    select
        *,
        event_type in ('view', 'cart', 'remove', 'purchase') as has_product,
        place = 0 and kind < 40 as is_search,
        place = 0 and kind between 40 and 54 as is_mail,
    from typed
)

select
    event_at::date as date,
    md5(number || '-' || place) as event_id,
    event_at,
    0 as seq,
    event_at + interval 2 hours as event_local_at,
    event_type,
    visitor_id,
    user_id,
    null as session_id,
    'https://shop.example/' || case
        when has_product then 'products/' || product
        when event_type = 'pageview' then 'c/' || product % {CATEGORIES} else event_type
    end as page,
    if(is_search, 'www.google.com', null) as referrer_host,
    case when is_search then 'google' when is_mail then 'newsletter' end as source,
    case when is_search then 'organic' when is_mail then 'email' end as medium,
    if(is_mail, 'autumn', null) as campaign,
    if(has_product, 'p' || product, null) as product_id,
    if(has_product, 'c' || product % {CATEGORIES}, null) as category,
    null as brand,
    if(has_product, 5 + product % 200 / 2.0, null) as price,
    if(event_type in ('cart', 'remove', 'purchase'), 1.0, null) as quantity,
    if(event_type = 'purchase', 'o' || number, null) as order_id,
    null as rating,
    case when kind % 10 < 4 then 'PC' when kind % 10 < 9 then 'Mobile' else 'Tablet' end as device,
    'Chrome' as browser,
    'Android' as os,
    'DE' as country,
    kind = 99 as is_bot,
    'benchmark' as origin,
from told
"""
DAY_ROWS = """
select event.* replace (row_number() over (order by event_at, event_id)::integer as seq)
from event
where date = $day
order by event_at, event_id
"""


@dataclass(frozen=True)
class Landed:
    """How many events there are, of the UTC days [start, end), and what their files weigh."""

    events: int
    start: date
    end: date
    byte_count: int


def land_events(settings: Settings, *, events: int) -> Landed:
    """Make about as many events and record them in the warehouse, as if they had been ingested."""
    schema = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in DAY])
    made = list(_days(settings, sessions=round(events / EVENTS_A_SESSION)))
    with open_warehouse(settings.warehouse) as con:
        ensure_tables(con, CLICKSTREAM_TABLES)
        con.execute(f"delete from {DAY_TABLE}")
        insert_rows(con, DAY_TABLE, pa.Table.from_pylist(made, schema=schema))
    days = [row["date"] for row in made]
    counts = (sum(row[name] for row in made) for name in ("events", "byte_count"))
    counted, byte_count = counts
    return Landed(counted, min(days), max(days) + timedelta(days=1), byte_count)


def _days(settings: Settings, *, sessions: int) -> Iterator[dict[str, object]]:
    """One day's file after the other; a row of ops.clickstream_day each. What crosses midnight waits for the next day."""
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        columns = ", ".join(f'"{column.name}" {column.type}' for column in EVENT)
        con.execute(f"create temp table event ({columns})")
        for number in range(DAYS):
            day = FIRST + timedelta(days=number)
            first, last = sessions * number // DAYS, sessions * (number + 1) // DAYS
            visitors = max(1, round(sessions / SESSIONS_A_VISITOR))
            con.execute(SESSIONS, {"day": day, "first_number": first, "last_number": last, "visitors": visitors})
            con.execute(EVENTS)
            yield _write(con, settings, day)
            con.execute("delete from event where date <= $day", {"day": day})


def _write(con: duckdb.DuckDBPyConnection, settings: Settings, day: date) -> dict[str, object]:
    name = Path(FILE_OF_EVENTS) / f"date={day}" / "benchmark.parquet"
    file = settings.events_folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    con.execute(f"copy ({DAY_ROWS}) to '{file}' (format parquet, compression zstd)", {"day": day})
    counted = "select count(*), count(*) filter (where is_bot) from event where date = $day"
    ((events, bots),) = con.execute(counted, {"day": day}).fetchall()
    return {
        "project_id": settings.need_project(), "date": day, "file": str(name), "content_hash": f"{day} {events}",
        "events": events, "bot_events": bots, "byte_count": file.stat().st_size, "changed_at": datetime(2026, 11, 1),
    }  # fmt: skip
