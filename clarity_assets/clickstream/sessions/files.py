"""The warehouse and days in; the Parquet files of their sessions and steps out, and an engine that reads them."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb

from clarity_assets.clickstream.engines.choose import open_engine
from clarity_assets.clickstream.engines.engine import Engine
from clarity_assets.clickstream.ingest.ledger import event_files
from clarity_assets.clickstream.schema import EVENT, FILE_OF_SESSIONS, FILE_OF_STEPS, SESSION, STEP
from clarity_assets.clickstream.tables import CLICKSTREAM_TABLES
from clarity_assets.errors import SessionsMissing
from clarity_assets.settings import Settings
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.tables import ensure_tables

UNUSED_S = 600.0  # what began to read a file before it was replaced has read it by then


def session_files(con: duckdb.DuckDBPyConnection, settings: Settings, *, start: date, end: date) -> list[Path]:
    """Files of the sessions that began on the UTC days [start, end). Raises SessionsMissing where one is gone."""
    return _files(con, settings, "session_files", start, end)


def step_files(con: duckdb.DuckDBPyConnection, settings: Settings, *, start: date, end: date) -> list[Path]:
    """Files of their steps."""
    return _files(con, settings, "step_files", start, end)


def _files(con: duckdb.DuckDBPyConnection, settings: Settings, column: str, start: date, end: date) -> list[Path]:
    rows = con.execute(
        f"""select date, unnest({column}) from ops.clickstream_session_day
            where project_id = ? and date >= ? and date < ? order by date""",  # noqa: S608 - a column of ours
        [settings.need_project(), start, end],
    ).fetchall()
    for day, name in rows:
        if not (settings.events_folder / name).exists():
            raise SessionsMissing(
                f"{settings.events_folder / name} is missing; make the sessions of {day} anew: "
                "`clarity-assets clickstream run` does where a file is missing"
            )
    return [settings.events_folder / name for _, name in rows]


@contextmanager
def open_with_sessions(settings: Settings, *, start: date = date.min, end: date = date.max) -> Iterator[Engine]:
    """The settings' engine with the views `session`, `step` and `event` of the UTC days [start, end)."""
    opened = open_warehouse(settings.warehouse, timeout_s=settings.warehouse_timeout_s, label="clickstream files")
    with opened as con:
        ensure_tables(con, CLICKSTREAM_TABLES)
        sessions = session_files(con, settings, start=start, end=end)
        steps = step_files(con, settings, start=start, end=end)
        events = event_files(con, settings, start=start, end=end)
    with open_engine(settings) as engine:
        engine.read("session", sessions, columns=SESSION)
        engine.read("step", steps, columns=STEP)
        engine.read("event", events, columns=EVENT)
        yield engine


def mark_replaced(file: Path) -> None:
    """From now on nobody names the file: its time tells since when."""
    if file.exists():
        os.utime(file)


def remove_unused(settings: Settings, *, named: set[str], clock: Callable[[], float] = time.time) -> list[Path]:
    """Remove files of sessions and steps that the warehouse does not name and that are older than 10 minutes.

    `named`: below the folder of events, of all projects. `clock`: the one of the files' times.
    """
    removed = []
    for kind in (FILE_OF_SESSIONS, FILE_OF_STEPS):
        for file in sorted((settings.events_folder / kind).glob("date=*/*.parquet")):
            is_named = str(file.relative_to(settings.events_folder)) in named
            if not is_named and clock() - file.stat().st_mtime > UNUSED_S:
                file.unlink(missing_ok=True)
                removed.append(file)
    return removed
