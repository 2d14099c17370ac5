"""What was ingested, in and out of the warehouse: files, days and rejected rows, in one transaction."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from clarity_assets.clickstream.ingest.troubles import EventsMissing
from clarity_assets.clickstream.tables import (
    CLICKSTREAM_TABLES,
    DAY,
    DAY_TABLE,
    FILE,
    FILE_TABLE,
    REJECTED_TABLE,
)
from clarity_assets.settings import Settings
from clarity_assets.warehouse.columns import ARROW_TYPES, Column
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.tables import ensure_tables, insert_rows, literal, transaction


@dataclass(frozen=True)
class Day:
    """A UTC day's file, as ops.clickstream_day names it."""

    date: date
    file: str
    content_hash: str
    events: int
    bot_events: int
    byte_count: int


@dataclass(frozen=True)
class FileEntry:
    """A row of ops.clickstream_file, without project and time."""

    file_hash: str
    mapping: str
    name: str
    rows_read: int
    events_new: int
    events_known: int
    rows_rejected: int
    days: int
    first_date: date | None
    last_date: date | None
    mapping_hash: str | None


@dataclass(frozen=True)
class Present:
    """What the warehouse knows. `hashes`: of files that came through the mapping; `named`: files of all projects."""

    days: Mapping[date, Day]
    hashes: Mapping[str, FileEntry]
    named: Collection[str]


def read_present(settings: Settings, mapping: str) -> Present:
    """Days, and files that came through this mapping."""
    project_id = settings.need_project()
    with opened(settings, "ingest: what is known") as con:
        days = con.execute(
            """select date, file, content_hash, events, bot_events, byte_count from ops.clickstream_day
               where project_id = ?""",
            [project_id],
        ).fetchall()
        files = con.execute(
            """select file_hash, mapping, name, rows_read, events_new, events_known, rows_rejected, days, first_date,
                      last_date, mapping_hash
               from ops.clickstream_file where project_id = ? and mapping = ?""",
            [project_id, mapping],
        ).fetchall()
        named = {name for (name,) in con.execute("select file from ops.clickstream_day").fetchall()}
    return Present({row[0]: Day(*row) for row in days}, {row[0]: FileEntry(*row) for row in files}, named)


def record(
    settings: Settings,
    *,
    mapping: str,
    files: Collection[FileEntry],
    days: Collection[Day],
    rejected: Path | None,
    now: datetime,
) -> None:
    """Write files, days and rejected rows (Parquet of file_hash, name, row_number, reason, row) in one transaction.

    What was rejected of these files before, through this mapping, is replaced.
    """
    project_id, at = settings.need_project(), now.replace(tzinfo=None)
    with opened(settings, "ingest") as con, transaction(con):
        for table, columns, entries, key in (
            (FILE_TABLE, FILE, files, ("file_hash", "mapping")),
            (DAY_TABLE, DAY, days, ("date",)),
        ):
            rows = _rows(((project_id, *astuple(entry), at) for entry in entries), columns)
            _replace(con, table, rows, key=("project_id", *key))
        con.execute(
            f"""delete from {REJECTED_TABLE}
                where project_id = ? and mapping = ? and file_hash in (select unnest(?::varchar[]))""",  # noqa: S608
            [project_id, mapping, [entry.file_hash for entry in files]],
        )
        if rejected is not None:
            con.execute(
                f"""insert into {REJECTED_TABLE} by name
                    select $project_id as project_id, $mapping as mapping, *, $at::timestamp as rejected_at
                    from read_parquet({literal(str(rejected))})""",  # noqa: S608 - a name that we gave
                {"project_id": project_id, "mapping": mapping, "at": at},
            )


def event_files(con: duckdb.DuckDBPyConnection, settings: Settings, *, start: date, end: date) -> list[Path]:
    """The Parquet files of the events of the UTC days [start, end), in their order; days without events have none.

    `con`: the warehouse. Raises EventsMissing where a file is gone.
    """
    rows = con.execute(
        "select file from ops.clickstream_day where project_id = ? and date >= ? and date < ? order by date",
        [settings.need_project(), start, end],
    ).fetchall()
    files = [settings.events_folder / name for (name,) in rows]
    for file in files:
        need_file(file)
    return files


def need_file(file: Path) -> None:
    """Raises EventsMissing where a day's file is not there."""
    if not file.exists():
        raise EventsMissing(
            f"{file} is missing, and the warehouse names it; bring it back from a backup of the folder. Without one, "
            f"delete the day from {DAY_TABLE} and the files that told of it from {FILE_TABLE}, and ingest them anew"
        )


@contextmanager
def opened(settings: Settings, label: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse with our tables."""
    with open_warehouse(settings.warehouse, timeout_s=settings.warehouse_timeout_s, label=label) as con:
        ensure_tables(con, CLICKSTREAM_TABLES)
        yield con


def _rows(entries: Iterable[tuple], columns: tuple[Column, ...]) -> pa.Table:
    schema = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in columns])
    names = schema.names
    return pa.Table.from_pylist([dict(zip(names, entry, strict=True)) for entry in entries], schema=schema)


def _replace(con, table: str, clickstream_rows: pa.Table, *, key: tuple[str, ...]) -> None:
    same = " and ".join(f"old.{name} = new.{name}" for name in key)
    con.execute(f"delete from {table} old using clickstream_rows new where {same}")  # noqa: S608 - names of ours
    insert_rows(con, table, clickstream_rows)
