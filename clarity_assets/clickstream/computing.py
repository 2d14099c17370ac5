"""Sessions of some days in; the rows of an analysis in the warehouse, and what they were made of, out."""

import hashlib
import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import duckdb

from clarity_assets.clickstream.engines.engine import Engine
from clarity_assets.clickstream.modules.module import Module, Run
from clarity_assets.clickstream.schema import SESSION, STEP
from clarity_assets.clickstream.sessions.files import session_files, step_files
from clarity_assets.clickstream.tables import BUILT, BUILT_TABLE, CLICKSTREAM_TABLES, SESSION_DAY_TABLE
from clarity_assets.project_models import project_models
from clarity_assets.settings import Settings
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.models.run import replace_rows
from clarity_assets.warehouse.query import one
from clarity_assets.warehouse.tables import ensure_tables, transaction

DAY = timedelta(days=1)
PERIOD = {"day": DAY, "week": timedelta(days=7)}


def monday_of(day: date) -> date:
    """The Monday of the day's week."""
    return day - timedelta(days=day.weekday())


def monday_from(day: date) -> date:
    """The day itself, if it is a Monday, else the next one."""
    return day + timedelta(days=-day.weekday() % 7)


@dataclass(frozen=True)
class Computed:
    """What one analysis came to: rows now, by table, of the UTC days [start, end)."""

    module: str
    start: date
    end: date
    rows: dict[str, int]
    took_s: float


def compute(engine: Engine, module: Module, *, start: date, end: date, settings: Settings) -> Computed:
    """Compute the module's rows of the UTC days (or weeks) [start, end) and replace them in the warehouse.

    The warehouse is open before and after, not while the engine works. Raises what the engine, the module and the
    warehouse raise; rows are replaced table by table, and counted as made (`ops.clickstream_built`) after the last.
    """
    began_s = time.monotonic()
    models = project_models(settings)
    made_of = _read(engine, module, start=start, end=end, settings=settings)
    rows: dict[str, list] = {table: [] for table in module.models}
    for first, last in _runs(module, start, end):
        run = Run(engine=engine, start=first, end=last, settings=settings, models=models)
        for table, found in module.compute(run).items():
            rows[table].append((first, last, found))
        engine.forget_made()  # a year of weeks would keep a year of them
    project_id, now = settings.need_project(), settings.clock()
    with _warehouse(settings, f"clickstream {module.name}") as con:
        counts = {
            table: sum(
                replace_rows(con, models[table], found, project_id=project_id, start=first, end=last)
                for first, last, found in parts
            )
            for table, parts in rows.items()
        }
        _mark(con, module, made_of, project_id=project_id, engine=engine.name, now=now)
    return Computed(module.name, start, end, counts, time.monotonic() - began_s)


def _runs(module: Module, start: date, end: date) -> list[tuple[date, date]]:
    """A daily module computes all days at once, a weekly one week after week."""
    if module.every == "day":
        return [(start, end)]
    return [(day, day + PERIOD["week"]) for day in periods(module, start, end)]


def periods(module: Module, start: date, end: date) -> list[date]:
    """The days, or the Mondays, of [start, end) that the module has rows for."""
    step = PERIOD[module.every]
    return [start + i * step for i in range((end - start) // step)]


def _read(engine: Engine, module: Module, *, start: date, end: date, settings: Settings) -> dict[date, str]:
    """Give the engine the sessions and steps that the module reads; what each day's (week's) rows will be made of."""
    first, last = reads(module, start, end, settings)
    with _warehouse(settings, f"clickstream {module.name}: files") as con:
        ensure_tables(con, CLICKSTREAM_TABLES)
        project_id = settings.need_project()
        made_of = made_of_now(con, module, project_id=project_id, settings=settings, days=periods(module, start, end))
        sessions = session_files(con, settings, start=first, end=last)
        steps = step_files(con, settings, start=first, end=last)
    engine.read("session", sessions, columns=SESSION)
    engine.read("step", steps, columns=STEP)
    return made_of


def reads(module: Module, start: date, end: date, settings: Settings) -> tuple[date, date]:
    """The days [first, last) of sessions that the module's rows of [start, end) rest on."""
    days_back = module.days_back(settings)
    first = date.min if days_back is None else start - days_back * DAY
    return first, end + DAY if module.looks_ahead else end


def made_of_now(
    con: duckdb.DuckDBPyConnection,
    module: Module,
    *,
    project_id: str,
    settings: Settings,
    days: list[date],
) -> dict[date, str]:
    """Day (or Monday) -> hash of the sessions that its rows rest on, of the queries and of the settings."""
    rows = con.execute(
        f"select date, made_of from {SESSION_DAY_TABLE} where project_id = ? order by date",  # noqa: S608 - a constant
        [project_id],
    ).fetchall()
    code = code_of(module, settings)
    found = {}
    for day in days:
        first, last = reads(module, day, day + PERIOD[module.every], settings)
        told = repr([row for row in rows if first <= row[0] < last])
        found[day] = hashlib.sha256((code + told).encode()).hexdigest()[:16]
    return found


def code_of(module: Module, settings: Settings) -> str:
    """All that the module's rows follow from besides sessions: settings, version, queries."""
    models = project_models(settings)
    ours = {name: value for name, value in settings if name.startswith("clickstream_") and name not in ELSEWHERE}
    return repr((sorted(ours.items()), module.version, [models[table].code_version for table in module.models]))


ELSEWHERE = frozenset(
    f"clickstream_{name}"
    for name in ("engine", "spark_url", "folder", "drop", "mappings", "key", "hosts", "timezone", "session_timeout_min")
)
"""Settings that say where and how, or that stand in the sessions already."""


def days_behind(
    con: duckdb.DuckDBPyConnection, module: Module, *, settings: Settings, start: date, end: date
) -> list[date]:
    """The days (or Mondays of whole weeks) of [start, end) whose rows are not made of the sessions as they are now."""
    project_id = settings.need_project()
    if module.every == "week":
        start = monday_from(start)
    if start >= end:
        return []
    days = periods(module, start, end)
    now = made_of_now(con, module, project_id=project_id, settings=settings, days=days)
    built = dict(
        con.execute(
            f"select date, made_of from {BUILT_TABLE} where project_id = ? and module = ?",  # noqa: S608 - a constant
            [project_id, module.name],
        ).fetchall()
    )
    return [day for day in days if built.get(day) != now[day]]


def days_with_events(con: duckdb.DuckDBPyConnection, project_id: str) -> tuple[date, date] | None:
    """The first and the last UTC day that has sessions or events; None: none has."""
    ensure_tables(con, CLICKSTREAM_TABLES)
    first, last = one(con, "select min(date), max(date) from ops.clickstream_day where project_id = ?", [project_id])
    return (first, last) if first else None


def _mark(con, module: Module, made_of: dict[date, str], *, project_id: str, engine: str, now: datetime) -> None:
    with transaction(con):
        con.execute(
            f"delete from {BUILT_TABLE} where project_id = ? and module = ? and date in (select unnest(?))",  # noqa: S608
            [project_id, module.name, list(made_of)],
        )
        rows = [(project_id, module.name, day, told, engine, now.replace(tzinfo=None)) for day, told in made_of.items()]
        places = ", ".join("?" * len(BUILT))
        con.executemany(f"insert into {BUILT_TABLE} values ({places})", rows)  # noqa: S608 - a constant


def _warehouse(settings: Settings, label: str):
    return open_warehouse(settings.warehouse, timeout_s=settings.warehouse_timeout_s, label=label)
