"""The warehouse in; the days whose marts do not tell what is known of them (any more) out."""

import hashlib
from dataclasses import dataclass
from datetime import date

import duckdb

from clarity_assets.clarity.kept import closed_before
from clarity_assets.clarity.tables import OPS_TABLES
from clarity_assets.clarity.windows import newest_complete_day
from clarity_assets.settings import Settings
from clarity_assets.warehouse.columns import Column
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.query import one
from clarity_assets.warehouse.tables import ensure_tables, transaction

TABLE = "ops.built_day"
MART = "marts.fct_collection_daily"  # says of each day and request how it was known when its marts were made

BUILT_DAY = (
    Column("project_id", "VARCHAR", "Clarity project."),
    Column("request", "VARCHAR", "Name of the request."),
    Column("date", "DATE", "UTC day."),
    Column("status", "VARCHAR", "measured, derived, pending or lost: when the marts were made. So are all below."),
    Column("method", "VARCHAR", "How the day was known."),
    Column("coverage", "DOUBLE", "Share (0-1) of the day inside the windows used."),
    Column("window_start", "TIMESTAMP", "Start of the hours that the rows tell of (UTC)."),
    Column("window_end", "TIMESTAMP", "End of the hours that the rows tell of (UTC)."),
    Column("row_count", "BIGINT", "Rows in the landing table."),
    Column("refused_keys", "BIGINT", "Keys whose difference was below zero."),
)
KEY = ("project_id", "request", "date")
COMPARED = tuple(column.name for column in BUILT_DAY if column.name not in KEY)
TABLES = {TABLE: (BUILT_DAY, "What was known of a day when its marts were last made whole, and checked.")}


@dataclass(frozen=True)
class Behind:
    """Days whose marts are behind, and what is known of them as a hash: the same until an answer or time changes it."""

    days: tuple[date, ...]
    state: str


def days_behind(settings: Settings) -> Behind:
    """The UTC days from CLARITY_FIRST_DATE on that must be built anew, in calendar order. Raises WarehouseError."""
    opened = open_warehouse(settings.warehouse, timeout_s=settings.warehouse_timeout_s, label="days behind")
    with opened as con:
        ensure_tables(con, OPS_TABLES | TABLES)
        project = settings.need_project()
        first = max(settings.first_date, closed_before(con, project) or settings.first_date)
        rows = _rows(con, project_id=project, first=first, last=newest_complete_day(settings.clock()))
    days = tuple(sorted({row[0] for row in rows}))
    return Behind(days, hashlib.sha256(repr(rows).encode()).hexdigest()[:12])


def mark_built(settings: Settings, *, start: date, end: date) -> int:
    """Remember of the days [start, end) what their marts tell, once all of them are made; how many rows."""
    opened = open_warehouse(settings.warehouse, timeout_s=settings.warehouse_timeout_s, label="built days")
    columns = ", ".join(column.name for column in BUILT_DAY)
    with opened as con, transaction(con):
        ensure_tables(con, TABLES)
        con.execute(f"delete from {TABLE} where date >= ? and date < ?", [start, end])  # noqa: S608 - constants
        con.execute(
            f"insert into {TABLE} select {columns} from {MART} where date >= ? and date < ?",  # noqa: S608 - constants
            [start, end],
        )
        [count] = one(con, f"select count(*) from {TABLE} where date >= ? and date < ?", [start, end])  # noqa: S608
    return count


def built_hash(con: duckdb.DuckDBPyConnection) -> int | None:
    """A hash of which days are built and what was known of them; None where none ever was."""
    if not one(con, "select 1 from duckdb_tables() where schema_name || '.' || table_name = ?", [TABLE]):
        return None
    return one(con, f"select bit_xor(hash(b)) from {TABLE} b")[0]  # noqa: S608 - a constant


def _rows(con: duckdb.DuckDBPyConnection, *, project_id: str, first: date, last: date) -> list[tuple]:
    columns = ", ".join(f"d.{name}" for name in COMPARED)
    differs = " or ".join(f"d.{name} is distinct from b.{name}" for name in COMPARED)
    return con.execute(
        f"""select d.date, d.request, {columns}
            from ops.clarity_day d left join {TABLE} b
              on b.project_id = d.project_id and b.date = d.date and b.request = d.request
            where d.project_id = ? and d.date between ? and ? and (b.date is null or {differs})
            order by d.date, d.request""",  # noqa: S608 - constants
        [project_id, first, last],
    ).fetchall()
