"""The warehouse in; the days whose marts do not tell what is known of them (any more) out."""

import hashlib
from dataclasses import dataclass
from datetime import date

import duckdb

from clarity_assets.clarity.kept import closed_before
from clarity_assets.clarity.tables import OPS_TABLES
from clarity_assets.clarity.windows import newest_complete_day
from clarity_assets.settings import Settings
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.query import one
from clarity_assets.warehouse.tables import ensure_tables

MART = "marts.fct_collection_daily"  # says of each day and request how it is known, as of when the marts were made
COMPARED = ("status", "method", "coverage", "window_start", "window_end", "row_count", "refused_keys")


@dataclass(frozen=True)
class Behind:
    """Days whose marts are behind, and what is known of them as a hash: the same until an answer or time changes it."""

    days: tuple[date, ...]
    state: str


def days_behind(settings: Settings) -> Behind:
    """The UTC days from CLARITY_FIRST_DATE on that must be built anew, in calendar order. Raises WarehouseError."""
    opened = open_warehouse(settings.warehouse, timeout_s=settings.warehouse_timeout_s, label="days behind")
    with opened as con:
        ensure_tables(con, OPS_TABLES)
        last = newest_complete_day(settings.clock())
        project = settings.need_project()
        first = max(settings.first_date, closed_before(con, project) or settings.first_date)
        rows = _rows(con, project_id=project, first=first, last=last)
    days = tuple(sorted({row[0] for row in rows}))
    return Behind(days, hashlib.sha256(repr(rows).encode()).hexdigest()[:12])


def _rows(con: duckdb.DuckDBPyConnection, *, project_id: str, first: date, last: date) -> list[tuple]:
    columns = ", ".join(f"d.{name}" for name in COMPARED)
    is_there = one(con, "select 1 from duckdb_tables() where schema_name || '.' || table_name = ?", [MART])
    made = MART if is_there else "(select * from ops.clarity_day limit 0)"
    differs = " or ".join(f"d.{name} is distinct from m.{name}" for name in COMPARED)
    return con.execute(
        f"""select d.date, d.request, {columns}
            from ops.clarity_day d left join {made} m
              on m.project_id = d.project_id and m.date = d.date and m.request = d.request
            where d.project_id = ? and d.date between ? and ? and (m.date is null or {differs})
            order by d.date, d.request""",  # noqa: S608 - constants
        [project_id, first, last],
    ).fetchall()
