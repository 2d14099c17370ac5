"""A model and, where it has days, a range of them in; its rows replaced, or its view made anew, out."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date, timedelta

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from clarity_assets.warehouse.models.contract import SqlModelError
from clarity_assets.warehouse.models.load import check_columns
from clarity_assets.warehouse.models.model import PARTITION_COLUMN, PROJECT_COLUMN, Model
from clarity_assets.warehouse.query import one
from clarity_assets.warehouse.tables import (
    comment_columns,
    ensure_table,
    identifier,
    insert_rows,
    literal,
    quoted,
    transaction,
)

IN_RANGE = f"where {PARTITION_COLUMN} >= $start and {PARTITION_COLUMN} < $end"
CHUNK_DAYS = 92  # a long range goes in by quarters: bounded memory, and rows of a day lie close together


def run_model(
    con: duckdb.DuckDBPyConnection, model: Model, *, start: date | None = None, end: date | None = None
) -> int:
    """Replace the model's rows of the UTC days [start, end), or all of them if it takes no range; how many now.

    Delete and insert are one transaction; of a view, the days' rows are counted. Raises SqlModelError where the
    query's columns are not the contract's, where it gives rows outside the range, or where a model of days gets none.
    """
    if model.is_daily and (start is None or end is None):
        raise SqlModelError.at(model.yml_path, model.contract.line, "a model of days runs for a range of days")
    if model.is_by_engine:
        raise SqlModelError.at(model.path, 1, "an engine computes its rows: clarity-assets clickstream run")
    with transaction(con):
        if model.is_view:
            create_view(con, model)
            return _count(con, model, start, end)
        _ensure(con, model)
        check_columns(con, model)
        if not model.takes_range:
            con.execute(f"delete from {model.table}")  # noqa: S608 - names of checked models
            return _insert(con, model, {})
        con.execute(f"delete from {model.table} {IN_RANGE}", {"start": start, "end": end})  # noqa: S608
        return sum(_insert_days(con, model, chunk) for chunk in _chunks(start, end))


def replace_rows(
    con: duckdb.DuckDBPyConnection, model: Model, rows: pa.Table, *, project_id: str, start: date, end: date
) -> int:
    """Replace the project's rows of an engine's model of the UTC days [start, end) by `rows`, which lack the project.

    One transaction; how many rows now. Raises SqlModelError, before anything is written, where columns are missing or
    unknown, and where rows lie outside of the days.
    """
    wanted = [column.name for column in model.contract.columns if column.name != PROJECT_COLUMN]
    if sorted(rows.column_names) != sorted(wanted):
        problem = f"the engine gave {', '.join(rows.column_names)}; the contract has {', '.join(wanted)}"
        raise SqlModelError.at(model.yml_path, model.contract.line, problem)
    days = rows[PARTITION_COLUMN]
    outside = pc.sum(pc.or_(pc.less(days, pa.scalar(start)), pc.greater_equal(days, pa.scalar(end)))).as_py()
    if outside or days.null_count:
        problem = f"{(outside or 0) + days.null_count} of {rows.num_rows} rows lie outside [{start}, {end})"
        raise SqlModelError.at(model.path, 1, f"{problem}; nothing was written")
    with transaction(con):
        _ensure(con, model)
        con.execute(
            f"delete from {model.table} where {PROJECT_COLUMN} = $project_id and {IN_RANGE.removeprefix('where ')}",  # noqa: S608
            {"project_id": project_id, "start": start, "end": end},
        )
        named = rows.append_column(PROJECT_COLUMN, pa.array([project_id] * rows.num_rows, pa.string()))
        return insert_rows(con, model.table, named)


def _insert_days(con: duckdb.DuckDBPyConnection, model: Model, days: dict[str, date]) -> int:
    """Insert the rows of [start, end). Raises SqlModelError where the query gives others."""
    inserted, found = _insert(con, model, days), _count(con, model, **days)
    if found != inserted:
        problem = f"{inserted - found} of {inserted} rows lie outside [{days['start']}, {days['end']})"
        raise SqlModelError.at(
            model.path, 1, f"{problem}; nothing was written: filter {PARTITION_COLUMN} by $start and $end"
        )
    return inserted


def _insert(con: duckdb.DuckDBPyConnection, model: Model, parameters: dict[str, date]) -> int:
    return one(con, f"insert into {model.table} by name {model.sql}", parameters)[0]


def _count(con: duckdb.DuckDBPyConnection, model: Model, start: date | None, end: date | None) -> int:
    """Rows of the days, or all of them where the model has no days."""
    if not model.is_daily:
        return one(con, f"select count(*) from {model.table}")[0]  # noqa: S608
    return one(con, f"select count(*) from {model.table} {IN_RANGE}", {"start": start, "end": end})[0]  # noqa: S608


def _chunks(start: date, end: date) -> Iterator[dict[str, date]]:
    """[start, end) in ranges of at most CHUNK_DAYS."""
    while start < end:
        until = min(end, start + timedelta(days=CHUNK_DAYS))
        yield {"start": start, "end": until}
        start = until


def ensure_upstream(con: duckdb.DuckDBPyConnection, model: Model, *, models: Mapping[str, Model]) -> None:
    """Make every model that this one reads, by whatever way: an empty table if there is none, views and seeds as now.

    What was never materialized is empty then, not an error. `models` come upstream first.
    """
    ensure_models(con, upstream_models(model, models=models), models=models)


def ensure_models(con: duckdb.DuckDBPyConnection, wanted: Collection[str], *, models: Mapping[str, Model]) -> None:
    """Make the wanted tables and views of `models` (upstream first) as their contracts are now; kept rows stay."""
    made = comments(con)
    for table, other in models.items():
        if table in wanted and made.get(table) != other.comment:
            if other.is_seed:
                run_model(con, other)
            else:
                (create_view if other.is_view else _ensure)(con, other)


def comments(con: duckdb.DuckDBPyConnection) -> dict[str, str | None]:
    """What is said of every table and view; a model's says which version of its contract it was made by."""
    rows = con.execute(
        """select schema_name || '.' || table_name, comment from duckdb_tables()
           where database_name = current_database()
           union all select schema_name || '.' || view_name, comment from duckdb_views()
           where database_name = current_database() and not internal"""
    ).fetchall()
    return dict(rows)


def upstream_models(model: Model, *, models: Mapping[str, Model]) -> set[str]:
    """The tables of all models that this one reads, directly or through others."""
    found: set[str] = set()
    waiting = [t for t in model.upstream if t in models]
    while waiting:
        table = waiting.pop()
        if table not in found:
            found.add(table)
            waiting += [t for t in models[table].upstream if t in models]
    return found


def create_view(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Make the view as its SQL is now, in place of what has its name. Raises SqlModelError as `run_model`."""
    con.execute(f"create schema if not exists {identifier(model.layer)}")
    if _kind_of(con, model) == "BASE TABLE":
        con.execute(f"drop table {quoted(model.table)}")  # it was a table once; its rows can be made anew
    check_columns(con, model)
    con.execute(f"create or replace view {quoted(model.table)} as {model.sql}")
    con.execute(f"comment on view {quoted(model.table)} is {literal(model.comment)}")
    comment_columns(con, model.table, model.contract.columns)


def _ensure(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    """The model's table with exactly its contract's columns; others go, as does a view of its name."""
    if comments(con).get(model.table) == model.comment:
        return
    if _kind_of(con, model) == "VIEW":
        con.execute(f"drop view {quoted(model.table)}")
    ensure_table(con, model.table, model.contract.columns)
    for column, *_ in con.execute(f"describe {quoted(model.table)}").fetchall():
        if column not in model.column_types:
            con.execute(f"alter table {quoted(model.table)} drop column {identifier(column)}")
    con.execute(f"comment on table {quoted(model.table)} is {literal(model.comment)}")


def _kind_of(con: duckdb.DuckDBPyConnection, model: Model) -> str | None:
    """BASE TABLE or VIEW: what has the model's name now; None where nothing has."""
    found = one(
        con,
        """select table_type from information_schema.tables
           where table_catalog = current_database() and table_schema = ? and table_name = ?""",
        list(model.key),
    )
    return found[0] if found else None
