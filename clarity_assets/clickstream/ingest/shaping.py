"""Rows as text in; events with typed columns out, and for each row that is none the rule that it breaks."""

from datetime import datetime
from pathlib import Path

import duckdb

from clarity_assets.clarity.pages import PageRule
from clarity_assets.clickstream.ingest import sources
from clarity_assets.clickstream.ingest.mapping import DEVICES, FIELDS, IDENTIFIERS, NUMBERS, Mapping
from clarity_assets.clickstream.ingest.reading import Raw
from clarity_assets.clickstream.ingest.rules import (
    ABOUT,
    HIDDEN,
    earliest,
    first_broken,
    is_private,
    latest,
    our_type,
    row_as_json,
)
from clarity_assets.clickstream.ingest.urls import UTM, in_steps, page_steps, taken_steps, utm_steps, without_query
from clarity_assets.clickstream.pseudonyms import add_macro as add_pseudonyms
from clarity_assets.clickstream.schema import EVENT
from clarity_assets.clickstream.user_agents import agent_rows
from clarity_assets.settings import Settings
from clarity_assets.warehouse.tables import insert_rows, literal

EPOCH_US = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}
ORDER_OF_TYPES = ("pageview", "view", "search", "cart", "remove", "checkout", "purchase")
COUNTED = ("cart", "remove", "purchase")  # types of which `quantity` tells how many
LOOKED_UP_AT_ONCE = 20_000
DAY, CLOCK = r"\d{4}-\d\d?-\d\d?", r"[ T]\d\d?:\d\d(?::\d\d(?:\.\d+)?)?"
PLAIN_TIME = f"{DAY}(?:{CLOCK})?"
ZONED_TIME = rf"(?i){DAY}{CLOCK}(?:z|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?| utc| gmt| [a-z]+(?:/[a-z_-]+)+)"
GROUPED = r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?"  # 1.234,50
CONTENT = tuple(column.name for column in EVENT if column.name != "seq")
"""The columns of an event that do not depend on the other events of its day."""


def prepare(con: duckdb.DuckDBPyConnection, settings: Settings, *, key: bytes) -> None:
    """Give the connection what `stage_events` needs, once."""
    add_pseudonyms(con, key=key)
    con.execute("create or replace temp table zone as select name from pg_timezone_names()")


def stage_events(
    con: duckdb.DuckDBPyConnection, raw: Raw, mapping: Mapping, *, settings: Settings, now: datetime, folder: Path
) -> None:
    """Write the rows under `folder/day=YYYY-MM-DD/` (events) and `folder/day=rejected/` as Parquet.

    Besides the columns of an event they have `row_number`, `content` (a hash of the event), and of rejected rows
    `rule` (without the value), `reason` and `row`.
    """
    source = f"read_parquet({literal(str(raw.file))})"
    _look_up(con, source)
    con.execute(f"""
        copy ({_shaped(source, raw, mapping, settings=settings, now=now)}) to {literal(str(folder))}
        (format parquet, compression lz4, partition_by (day), overwrite_or_ignore)""")


def _look_up(con: duckdb.DuckDBPyConnection, source: str) -> None:
    """What is worked out once for each user agent and each host that links here: tables `agent` and `link`."""
    con.execute("""
        create or replace table agent (
            user_agent varchar, device varchar, browser varchar, os varchar, is_bot boolean)""")
    con.execute("create or replace table link (host varchar, source varchar, medium varchar)")
    with con.cursor() as reader:
        reader.execute(f"select distinct user_agent from {source} where user_agent is not null")  # noqa: S608
        while batch := reader.fetchmany(LOOKED_UP_AT_ONCE):
            insert_rows(con, "agent", agent_rows(name for (name,) in batch))
        reader.execute(f"select distinct told_host from {source} where told_host is not null")  # noqa: S608
        while batch := reader.fetchmany(LOOKED_UP_AT_ONCE):
            insert_rows(con, "link", sources.host_rows(host for (host,) in batch))


def _shaped(source: str, raw: Raw, mapping: Mapping, *, settings: Settings, now: datetime) -> str:
    """The query of all rows. Each step names what the next ones use."""
    texts = ", ".join(
        f"{without_query(f'raw.{name}') if name in ABOUT else f'raw.{name}'} as {name}"
        for name in FIELDS
        if name not in ("device", "browser", "os", *NUMBERS)
    )
    ids = {name: f"pseudonym_of('{name.removesuffix('_id')}', {_identifier(name, mapping)})" for name in IDENTIFIERS}
    columns = ", ".join(name for name in CONTENT if name != "event_id")
    rule = PageRule(keep_scheme=settings.page_keep_scheme, keep_host=settings.page_keep_host)
    given = (
        taken_steps("", "given_") if {*UTM} & _told_fields(mapping) else [{f"given_{n}": "null::varchar" for n in UTM}]
    )
    said = ", ".join(f"{_without_persons(f'coalesce(utm_{n}, given_{n})')} as said_{n}" for n in UTM)
    read = in_steps(source, [*page_steps("url", rule), *utm_steps("url"), *given])
    is_own, usual_zone = _is_own("told_host", settings), _zone_of_settings(settings)  # both quoted as literals
    return f"""
        with raw as (select * from {read}),
        typed as (
            select row_number, item_number, broken, told_host, {texts}, {_numbers(raw, mapping)},
                {_time(raw, mapping)} as event_at,
                {our_type(mapping, "raw.event_type")} as our_type,
                page, own_host, {said},
                {sources.click_id("url")} as click,
                coalesce({_device(mapping)}, agent.device) as device,
                coalesce(raw.browser, agent.browser) as browser,
                coalesce(raw.os, agent.os) as os,
                coalesce(agent.is_bot, false) as is_bot,
                link.source as link_source, link.medium as link_medium,
                keyed_hash({_content(mapping)}) as content_id
            from raw
            left join agent using (user_agent)
            left join link on link.host = raw.told_host
        ),
        placed as (
            select typed.*,
                case when not ({is_own}) then told_host end as referrer_host,
                case when event_at between {earliest()} and {latest(now)} then timezone(
                    case when typed.timezone is null then {usual_zone} else zone.name end,
                    event_at::timestamptz) end as event_local_at
            from typed left join zone on zone.name = typed.timezone
        ),
        sourced as (
            select placed.* exclude (source, medium, campaign), {_source()},
                {first_broken(mapping, now=now)} as broken_rule
            from placed
        ),
        renamed as (
            select sourced.* exclude (visitor_id, user_id, session_id, event_type, quantity, rating),
                event_at::date as date,
                broken_rule.rule as rule, broken_rule.reason as reason,
                our_type as event_type, {", ".join(f"{sql} as {name}" for name, sql in ids.items())},
                case when our_type in {COUNTED} then coalesce(sourced.quantity, 1) end as quantity,
                case when our_type = 'rating' then sourced.rating end as rating,
                {literal(mapping.name)} as origin,
                case when broken_rule.rule is not null and broken is null then {row_as_json(ids)} end as row
            from sourced
        ),
        identified as (
            select * exclude (event_id), {_event_id(mapping)} as event_id from renamed
        )
        select row_number, rule, reason, row, event_id, {columns},
            case when rule is null then {content_hash()} end as content,
            case when rule is null then date::varchar else 'rejected' end as day
        from identified"""  # noqa: S608


def _zone_of_settings(settings: Settings) -> str:
    return literal(settings.clickstream_timezone) if settings.clickstream_timezone else "null::varchar"


def content_hash() -> str:
    """SQL of the hash of an event's columns: of what a day's content_hash is made."""
    hashed = ", ".join(f"coalesce({name}::varchar, e'\\x1e')" for name in CONTENT)
    return f"md5(concat_ws(e'\\x1f', {hashed}))"


def _content(mapping: Mapping) -> str:
    """All that the source told of the event, as one text: what its id is a hash of."""
    told = [f"coalesce('{name}=' || raw.{name} || e'\\x1f', '')" for name in FIELDS if name in _told_fields(mapping)]
    number = "case when item_number > 0 then 'item=' || item_number else '' end"
    return f"{literal(mapping.name)} || e'\\x1f' || {' || '.join(told)} || {number}"


def _told_fields(mapping: Mapping) -> set[str]:
    return set(mapping.fields) | set(mapping.constants) | set(mapping.each.fields if mapping.each else ())


def _event_id(mapping: Mapping) -> str:
    """The given id, else the hash; equal rows that are kept are told apart by their number in the file."""
    made = "content_id"
    if mapping.identical_rows == "keep":
        number = "row_number() over (partition by content_id order by row_number)"
        made = f"case when {number} > 1 then keyed_hash(content_id || ' ' || {number}) else content_id end"
    given = f"case when {is_private('event_id')} then keyed_hash(event_id) else event_id end"
    return f"coalesce({given} || case when item_number > 1 then '.' || item_number else '' end, {made})"


def _without_persons(value: str) -> str:
    """A campaign's text, hidden where it could say who somebody is: newsletters put addresses there."""
    return f"case when {is_private(value)} then {HIDDEN} else {value} end"


def _identifier(name: str, mapping: Mapping) -> str:
    """What the pseudonym is made of: the visitor is the user where the source names no browser."""
    if name == "visitor_id":
        return "coalesce(visitor_id, user_id)"
    if name == "session_id" and mapping.session_of_visitor:
        return "coalesce(visitor_id, user_id) || ' ' || session_id"
    return name


def _time(raw: Raw, mapping: Mapping) -> str:
    """event_time in UTC, NULL where it is none. A cast alone passes over words and offsets that it cannot read."""
    zone, told = literal(mapping.time.zone), "raw.event_time"
    # ICU reads offsets and names of zones; without one the time is of the mapping's zone
    capital = f"case when ends_with({told}, 'z') then rtrim({told}, 'z') || 'Z' else {told} end"
    with_zone = f"timezone('UTC', try_cast({capital} as timestamptz))"
    naive = f"try_cast({told} as timestamp)"
    if mapping.time.zone != "UTC":
        naive = f"timezone('UTC', timezone({zone}, {naive}))"
    iso = f"""case when regexp_full_match({told}, {literal(PLAIN_TIME)}) then {naive}
        when regexp_full_match({told}, {literal(ZONED_TIME)}) then {with_zone} end"""
    if mapping.time.format in EPOCH_US:
        number = f"round(try_cast({told} as double) * {EPOCH_US[mapping.time.format]})"
        epoch = f"case when abs({number}) < 2.5e17 then make_timestamp({number}::bigint) end"
        return f"coalesce({epoch}, {iso})" if raw.is_typed else epoch
    if mapping.time.format == "iso8601":
        return iso
    parsed = f"try_strptime({told}, {literal(mapping.time.format)})::timestamp"
    if mapping.time.zone != "UTC" and "%z" not in mapping.time.format.lower():
        parsed = f"timezone('UTC', timezone({zone}, {parsed}))"
    return f"coalesce({parsed}, {iso})" if raw.is_typed else parsed


def _device(mapping: Mapping) -> str:
    cases = " ".join(f"when {literal(name.lower())} then '{ours}'" for name, ours in mapping.devices.items())
    own = " ".join(f"when '{name.lower()}' then '{name}'" for name in DEVICES)
    return f"case lower(raw.device) {cases} {own} else case when raw.device is not null then 'Other' end end"


def _numbers(raw: Raw, mapping: Mapping) -> str:
    """price, quantity, rating as numbers, and their texts as told_price and the like."""
    listed = []
    for name in NUMBERS:
        told = f"raw.{name}"
        if mapping.csv.decimal == "," and raw.is_csv:  # elsewhere a point is a point
            is_grouped = f"regexp_full_match({told}, {literal(GROUPED)})"
            told = f"case when {is_grouped} then replace({told}, '.', '') else {told} end"
        if mapping.csv.decimal == ",":
            told = f"replace({told}, ',', '.')"
        listed.append(f"try_cast({told} as double) as {name}, raw.{name} as told_{name}")
    return ", ".join(listed)


def _is_own(host: str, settings: Settings) -> str:
    """Whether a link from that host is none from elsewhere: the page's own host, or one of CLICKSTREAM_HOSTS."""
    same = f"regexp_replace({host}, '^www\\.', '') = regexp_replace(own_host, '^www\\.', '')"
    ours = [f"{host} = {literal(own)} or ends_with({host}, {literal('.' + own)})" for own in sorted(settings.own_hosts)]
    return " or ".join([f"coalesce({same}, false)", *ours])


def _source() -> str:
    """source, medium, campaign: what the campaign's parameters say, else the click id, else the referrer."""
    is_said = "(said_source is not null or said_medium is not null)"
    return f"""case when {is_said} then said_source when click <> '' then {sources.source_of_click("click")}
                when referrer_host is not null then link_source end as source,
            case when {is_said} then said_medium when click <> '' then {sources.medium_of_click("click")}
                when referrer_host is not null then link_medium end as medium,
            said_campaign as campaign"""
