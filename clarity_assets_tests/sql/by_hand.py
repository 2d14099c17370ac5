"""A warehouse in memory with landing rows written by hand, and the real models run on them."""

from datetime import date
from pathlib import Path

import duckdb

from clarity_assets.clarity.columns import SIGNALS
from clarity_assets.clarity.requests import STANDARD_REQUESTS
from clarity_assets.project_models import ROOT, ensure_sources, source_tables
from clarity_assets.warehouse.models.load import load_models
from clarity_assets.warehouse.models.run import ensure_models, run_model

PROJECT = "shop"
MODELS = load_models(ROOT, sources=source_tables(STANDARD_REQUESTS))


def warehouse() -> duckdb.DuckDBPyConnection:
    """Empty, with every table of `ops` and `landing`."""
    return with_tables(duckdb.connect())


def with_tables(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    ensure_sources(con, STANDARD_REQUESTS)
    return con


def insert(con: duckdb.DuckDBPyConnection, table: str, **values: object) -> None:
    """One row; columns that are not given are NULL."""
    named = ", ".join(f"${name} as {name}" for name in values)
    con.execute(f"insert into {table} by name select {named}", values)


def day(con, when: date, *, request: str = "base", status: str = "measured", **values: object) -> None:
    """What is known of a request's day."""
    known = status in ("measured", "derived")
    method = {"measured": "window", "derived": "difference"}.get(status)
    values = {"coverage": float(known), "method": method, "is_truncated": False, "row_count": int(known)} | values
    insert(con, "ops.clarity_day", project_id=PROJECT, request=request, date=when, status=status, **values)


def landed(con, table: str, when: date, *, status: str = "measured", **values: object) -> None:
    """A landing row; signals that are not given were looked for and not there (0)."""
    none = {f"{signal}_{suffix}": 0 for signal in SIGNALS for suffix in ("count", "pageviews", "sessions")}
    state = {"status": status, "is_truncated": False, "sessions_is_upper_bound": False}
    insert(con, f"landing.{table}", **({"project_id": PROJECT, "date": when} | none | state | values))


def site_day(con, when: date, *, status: str = "measured", coverage: float = 1.0, **values: object) -> None:
    """A known day of the whole site, and that its page figures are known too."""
    day(con, when, status=status, coverage=coverage)
    day(con, when, request="url_device", status=status, coverage=coverage)
    landed(con, "clarity_base", when, status=status, **values)


def page_day(con, when: date, page: str | None, device: str, **values: object) -> None:
    landed(con, "clarity_url_device", when, page=page, device=device, **values)


def build(con, start: date, end: date) -> dict[str, int]:
    """Run every model that the warehouse itself makes, for the days [start, end); the rows written, by table."""
    by_engine = {table for table, model in MODELS.items() if model.is_by_engine}
    ensure_models(con, by_engine, models=MODELS)
    return {
        table: run_model(con, model, start=start, end=end) for table, model in MODELS.items() if table not in by_engine
    }


def rows(con, sql: str, **parameters: object) -> list[dict]:
    """A query's rows by column."""
    result = con.execute(sql, parameters or None)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def sql_files() -> list[Path]:
    return sorted(ROOT.rglob("*.sql"))
