"""What sessions were made of, in and out of the warehouse: which days are behind, and which files hold them."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from clarity_assets.clickstream.ingest.ledger import need_file, opened
from clarity_assets.clickstream.sessions.channels import rules_version
from clarity_assets.clickstream.tables import CLICKSTREAM_TABLES, SESSION_DAY, SESSION_DAY_TABLE
from clarity_assets.settings import Settings
from clarity_assets.warehouse.columns import ARROW_TYPES
from clarity_assets.warehouse.tables import ensure_tables, insert_rows, transaction

DAY = timedelta(days=1)
RULES = "1"  # of the sessions themselves: the queries beside this file; another number makes all days anew


@dataclass(frozen=True)
class EventDay:
    """A UTC day that has events."""

    file: Path
    content_hash: str
    events: int


@dataclass(frozen=True)
class BuiltDay:
    """A row of ops.clickstream_session_day, without project and time."""

    date: date
    session_files: list[str]
    step_files: list[str]
    sessions: int
    steps: int
    made_of: str
    engine: str


def event_days(con: duckdb.DuckDBPyConnection, settings: Settings) -> dict[date, EventDay]:
    """Every UTC day that has events, in order."""
    rows = con.execute(
        "select date, file, content_hash, events from ops.clickstream_day where project_id = ? order by date",
        [settings.need_project()],
    ).fetchall()
    return {day: EventDay(settings.events_folder / file, told, events) for day, file, told, events in rows}


def made_of_now(day: date, events: Mapping[date, EventDay], version: str) -> str:
    """Hash of all that the sessions of the day follow from: events of three days, and `version`."""
    if day not in events:
        return ""  # no sessions begin on it, whatever the days beside hold
    told = [events[near].content_hash if near in events else "" for near in (day - DAY, day, day + DAY)]
    return hashlib.sha256(repr((version, told)).encode()).hexdigest()[:16]


def version_of(settings: Settings) -> str:
    """Of everything besides events that sessions follow from."""
    numbers = (settings.clickstream_session_timeout_min, settings.clickstream_bot_events)
    return repr((RULES, *numbers, rules_version(settings)))


def session_days_behind(con: duckdb.DuckDBPyConnection, settings: Settings) -> list[date]:
    """The UTC days whose sessions are not made of the events, settings and rules of now, or whose files are gone."""
    ensure_tables(con, CLICKSTREAM_TABLES)
    events, version = event_days(con, settings), version_of(settings)
    rows = con.execute(
        "select date, made_of, session_files || step_files from ops.clickstream_session_day where project_id = ?",
        [settings.need_project()],
    ).fetchall()
    whole = {
        day: made_of for day, made_of, files in rows if all((settings.events_folder / file).exists() for file in files)
    }
    days = sorted({*events, *(day for day, *_ in rows)})
    return [day for day in days if whole.get(day) != made_of_now(day, events, version)]


def record(settings: Settings, days: Collection[BuiltDay], *, now: datetime) -> list[Path]:
    """Replace the days' rows in one transaction; the files that they named before."""
    project_id = settings.need_project()
    schema = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in SESSION_DAY])
    told = {"project_id": project_id, "built_at": now.replace(tzinfo=None)}
    rows = pa.Table.from_pylist([vars(day) | told for day in days], schema=schema)
    wanted = [project_id, [day.date for day in days]]
    with opened(settings, "clickstream sessions") as con, transaction(con):
        condition = "project_id = ? and date in (select unnest(?::date[]))"
        before = con.execute(
            f"select unnest(session_files || step_files) from {SESSION_DAY_TABLE} where {condition}",  # noqa: S608
            wanted,
        ).fetchall()
        con.execute(f"delete from {SESSION_DAY_TABLE} where {condition}", wanted)  # noqa: S608 - constants
        insert_rows(con, SESSION_DAY_TABLE, rows)
    return [settings.events_folder / file for (file,) in before]


def named_files(settings: Settings) -> set[str]:
    """All files of sessions and steps that the warehouse names, below the folder of events; of all projects."""
    with opened(settings, "clickstream sessions: files") as con:
        rows = con.execute(f"select unnest(session_files || step_files) from {SESSION_DAY_TABLE}").fetchall()  # noqa: S608
    return {file for (file,) in rows}


def files_of(events: Mapping[date, EventDay], *, start: date, end: date) -> list[Path]:
    """The events' files of the UTC days [start, end). Raises EventsMissing where one is gone."""
    files = [told.file for day, told in events.items() if start <= day < end]
    for file in files:
        need_file(file)
    return files
