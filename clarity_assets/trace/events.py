"""A number of the clickstream's marts in; the analysis, the sessions and the event files below it, checked, out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from clarity_assets.clickstream.computing import reads
from clarity_assets.clickstream.ingest.shaping import content_hash
from clarity_assets.clickstream.modules.module import Module
from clarity_assets.clickstream.modules.registry import MODULE_OF
from clarity_assets.clickstream.tables import BUILT_TABLE, DAY_TABLE, SESSION_DAY_TABLE
from clarity_assets.settings import Settings
from clarity_assets.warehouse.models.model import Model

DAY = timedelta(days=1)
MAX_BYTES = 50_000_000  # of event files to read again for one number, newest first: about two seconds


@dataclass(frozen=True)
class BuiltTold:
    """When an analysis was made of one day, or of the week from one Monday, and by which engine."""

    date: date
    engine: str
    built_at: datetime


@dataclass(frozen=True)
class SessionDayTold:
    """The sessions that began on one UTC day."""

    date: date
    sessions: int
    steps: int
    engine: str
    built_at: datetime


@dataclass(frozen=True)
class EventFileTold:
    """The file of one UTC day's events. `damage`: what is wrong with it; `is_read`: its events were hashed again."""

    date: date
    file: str
    content_hash: str
    events: int
    byte_count: int
    changed_at: datetime
    damage: str | None = None
    is_read: bool = False


@dataclass(frozen=True)
class EventsTold:
    """What stands behind a number of events: analysis, sessions by day, files by day; each newest first."""

    module: str
    title: str
    built: tuple[BuiltTold, ...]
    session_days: tuple[SessionDayTold, ...]
    files: tuple[EventFileTold, ...]

    @property
    def damaged(self) -> tuple[EventFileTold, ...]:
        return tuple(file for file in self.files if file.damage)


@dataclass(frozen=True)
class VerifiedEvents:
    """Every event file of a project hashed again: how many, their bytes and events, and those that are damaged."""

    files: int
    byte_count: int
    events: int
    damaged: tuple[EventFileTold, ...] = ()

    def as_json(self) -> dict:
        """Plain values; each damage in words."""
        return {"files": self.files, "byte_count": self.byte_count, "events": self.events,
                "damaged": [file.damage for file in self.damaged]}  # fmt: skip


def is_of_events(table: str) -> bool:
    """Whether an analysis of events makes the table."""
    return table in MODULE_OF


def events_behind(
    con: duckdb.DuckDBPyConnection, table: str, spans: Sequence[tuple[date, date]], *, settings: Settings
) -> EventsTold:
    """What the rows of a mart over these spans [start, end) of days rest on. The newest files are read again.

    Sessions of a day rest on the events of the day before and after, too.
    """
    module, project_id = MODULE_OF[table], settings.need_project()
    days = [span for start, end in spans for span in [reads(module, start, end, settings)]]
    near = [(first if first == date.min else first - DAY, last + DAY) for first, last in days]
    return EventsTold(
        module.name, module.title,
        tuple(BuiltTold(day, engine, _utc(at))
              for day, engine, at in _rows(con, BUILT_TABLE, "date, engine, built_at", project_id, spans, module)),
        tuple(SessionDayTold(*row[:4], _utc(row[4])) for row in
              _rows(con, SESSION_DAY_TABLE, "date, sessions, steps, engine, built_at", project_id, days)),
        _files(con, project_id, near, folder=settings.events_folder, max_bytes=MAX_BYTES),
    )  # fmt: skip


def verify_events(con: duckdb.DuckDBPyConnection, *, settings: Settings) -> VerifiedEvents:
    """Read and hash the events of every file of the project."""
    whole = [(date.min, date.max)]
    files = _files(con, settings.need_project(), whole, folder=settings.events_folder, max_bytes=None)
    return VerifiedEvents(
        len(files), sum(file.byte_count for file in files), sum(file.events for file in files),
        tuple(file for file in files if file.damage),
    )  # fmt: skip


def model_paths(model: Model, root: Path) -> str:
    """Where the rows' queries stand: both engines' files, or the module that makes them."""
    if not model.sql:
        made = MODULE_OF[model.table].compute
        return f"{getattr(made, '__module__', type(made).__module__).replace('.', '/')}.py (Python, either engine)"
    path = model.path.relative_to(root)
    return f"{path} (DuckDB) and {path.with_suffix('.spark.sql').name} (Spark)"


def _rows(
    con: duckdb.DuckDBPyConnection, table: str, columns: str, project_id: str, spans: Sequence[tuple[date, date]],
    module: Module | None = None,
) -> list[tuple]:  # fmt: skip
    """Rows of the project on any of the spans' days, newest first."""
    where, values = _on_days(spans)
    if module:
        where, values = f"{where} and module = $module", values | {"module": module.name}
    sql = f"select {columns} from {table} where project_id = $project and {where} order by date desc"  # noqa: S608
    return con.execute(sql, {"project": project_id} | values).fetchall()


def _on_days(spans: Sequence[tuple[date, date]]) -> tuple[str, dict]:
    parts = [f"(date >= $from_{i} and date < $to_{i})" for i in range(len(spans))]
    values = {
        f"{name}_{i}": day for i, span in enumerate(spans) for name, day in zip(("from", "to"), span, strict=True)
    }
    return f"({' or '.join(parts)})", values


def _files(
    con: duckdb.DuckDBPyConnection, project_id: str, spans: Sequence[tuple[date, date]], *, folder: Path,
    max_bytes: int | None,
) -> tuple[EventFileTold, ...]:  # fmt: skip
    """The files of the spans' days, newest first; every size is looked at, and events are hashed up to `max_bytes`."""
    columns = "date, file, content_hash, events, byte_count, changed_at"
    found, spent = [], 0
    for row in _rows(con, DAY_TABLE, columns, project_id, spans):
        file = EventFileTold(*row[:5], _utc(row[5]))
        is_read = max_bytes is None or not found or spent + file.byte_count <= max_bytes
        spent += file.byte_count if is_read else 0
        found.append(_checked(con, file, folder=folder, is_read=is_read))
    return tuple(found)


def _checked(con: duckdb.DuckDBPyConnection, file: EventFileTold, *, folder: Path, is_read: bool) -> EventFileTold:
    """The file with what is wrong with it: gone, of another size, or with other events than were landed."""
    path = folder / file.file
    named = f"the events of {file.date} ({file.file})"
    again = "restore a backup, or deliver that day's files again: clarity-assets ingest … --again"
    if not path.is_file():
        return replace(file, damage=f"MISSING: {named} are not there; {again}")
    size = path.stat().st_size
    if size != file.byte_count:
        damage = f"DAMAGED: {named}: {file.byte_count:,} bytes were landed, the file has {size:,}; {again}"
        return replace(file, damage=damage)
    if not is_read:
        return file
    problem = _problem(con, path, file)
    damage = f"{problem[0]}: {named}: {problem[1]}; {again}" if problem else None
    return replace(file, is_read=True, damage=damage)


def _problem(con: duckdb.DuckDBPyConnection, path: Path, file: EventFileTold) -> tuple[str, str] | None:
    sql = f"""select bit_xor(('0x' || {content_hash()})::uhugeint), count(*)
              from read_parquet($file, hive_partitioning = false)"""  # noqa: S608 - columns of ours
    try:
        [(content, events)] = con.execute(sql, {"file": str(path)}).fetchall()
    except duckdb.Error as error:
        return "DAMAGED", f"it cannot be read ({str(error).splitlines()[0]})"
    found = f"{content or 0:032x}"
    if found != file.content_hash or events != file.events:
        landed = f"{file.events:,} events with hash {file.content_hash} were landed"
        return "TAMPERED", f"{landed}, it has {events:,} with {found}"
    return None


def _utc(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC)


def changed_since(told: EventsTold | None, reported_at: datetime) -> tuple[date, ...]:
    """Days whose events changed after a report."""
    return tuple(sorted(file.date for file in told.files if file.changed_at > reported_at)) if told else ()
