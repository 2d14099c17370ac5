"""SQL files, seeds and their contracts in, checked models out, upstream first."""

import csv
import io
import re
from collections.abc import Mapping
from datetime import date
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import duckdb

from clarity_assets.warehouse.models import sql_text
from clarity_assets.warehouse.models.contract import (
    ENGINE,
    NAME,
    SHARED_FILE,
    Contract,
    Shared,
    SqlModelError,
    read_contract,
    read_shared,
    read_text,
)
from clarity_assets.warehouse.models.model import PARTITION_COLUMN, PROJECT_COLUMN, Model, Tables
from clarity_assets.warehouse.tables import literal

SPARK_ENDING = ".spark.sql"
ENGINE_SCHEMA = "clickstream"  # of the views that engines have: events, sessions, steps


def load_models(root: Path, *, sources: Tables) -> dict[str, Model]:
    """Every model under `root` by table, upstream first. `sources` are the tables that models may read besides.

    Raises SqlModelError, with file and line, for a syntax error, an unknown upstream, a cycle, and wherever SQL (or
    a seed's rows) and contract disagree: columns and their types, both ways.
    """
    models: dict[str, Model] = {}
    shared = read_shared(root)
    with duckdb.connect() as scratch:
        for path in _stems(root):
            model = _read_model(scratch, path, layer=path.relative_to(root).parts[0], shared=shared)
            if model.table in models:
                raise SqlModelError.at(model.path, 1, f"{models[model.table].path} makes {model.table} too; rename one")
            models[model.table] = model
        models = {table: models[table] for table in _ordered(models, sources)}
        _create_empty(scratch, sources)
        for model in models.values():
            _create_contract(scratch, model)
            check_columns(scratch, model)
            if model.is_seed:
                _read_rows(scratch, model)
    return models


def _stems(root: Path) -> list[Path]:
    """The path of every model without its ending."""
    files = [p for p in root.rglob("*") if p.suffix in (".sql", ".csv", ".yml") and p != root / SHARED_FILE]
    return sorted({p.with_name(p.name.removesuffix(SPARK_ENDING)).with_suffix("") for p in files})


def _read_model(scratch: duckdb.DuckDBPyConnection, stem: Path, *, layer: str, shared: Shared) -> Model:
    yml_path = stem.with_suffix(".yml")
    if not re.fullmatch(NAME, layer):
        raise SqlModelError.at(stem, 1, f"its folder {layer!r} is to be a schema: lower case, digits and _ alone")
    path = stem.with_suffix(".csv") if stem.with_suffix(".csv").exists() else stem.with_suffix(".sql")
    contract = read_contract(yml_path, shared) if yml_path.exists() else None
    if contract and contract.meta.materialized == ENGINE:
        return _read_engine_model(scratch, stem, layer=layer, contract=contract)
    for mine, other in ((path, yml_path), (yml_path, path)):
        if not mine.exists():
            raise SqlModelError.at(other, 1, f"{mine.name} is missing beside it: a model has its SQL and its contract")
    if contract.name != stem.name:
        raise SqlModelError.at(yml_path, contract.line, f"the file is {stem.name!r}, its model {contract.name!r}")
    if path.suffix == ".csv":
        return Model(_seed_query(path, contract.columns), path, yml_path, layer, contract, {})
    sql = read_text(path).rstrip().removesuffix(";")
    parameters = _parameters_of(scratch, sql, path)
    model = Model(sql, path, yml_path, layer, contract, sql_text.upstream_of(sql, path))
    if model.is_seed:
        raise SqlModelError.at(yml_path, contract.line, "a seed has its rows in a .csv file; this one has a .sql file")
    if model.takes_range and PARTITION_COLUMN not in model.column_types:
        raise SqlModelError.at(yml_path, contract.line, f"an incremental model needs the column {PARTITION_COLUMN!r}")
    if parameters != ({"start", "end"} if model.takes_range else set()):
        rule = "$start and $end" if model.takes_range else "no parameters"
        problem = f"its model is {contract.meta.materialized}, so the SQL reads {rule}"
        raise SqlModelError.at(path, 1, f"{problem}; it reads {', '.join(sorted(parameters)) or 'none'}")
    return model


def _read_engine_model(scratch: duckdb.DuckDBPyConnection, stem: Path, *, layer: str, contract: Contract) -> Model:
    """A model that an engine computes: both engines' queries, or none where Python makes the rows."""
    path, spark_path, yml_path = (stem.with_suffix(ending) for ending in (".sql", SPARK_ENDING, ".yml"))
    if contract.name != stem.name:
        raise SqlModelError.at(yml_path, contract.line, f"the file is {stem.name!r}, its model {contract.name!r}")
    names = [column.name for column in contract.columns]
    if names[:2] != [PROJECT_COLUMN, PARTITION_COLUMN]:
        problem = f"an engine's table begins with {PROJECT_COLUMN}, {PARTITION_COLUMN}; here {', '.join(names[:2])}"
        raise SqlModelError.at(yml_path, contract.line, problem)
    if path.exists() != spark_path.exists():
        mine, other = (path, spark_path) if spark_path.exists() else (spark_path, path)
        raise SqlModelError.at(other, 1, f"{mine.name} is missing beside it: each engine has a query of its own")
    if not path.exists():
        return Model("", yml_path, yml_path, layer, contract, {})
    sql, spark_sql = (read_text(p).rstrip().removesuffix(";") for p in (path, spark_path))
    if unknown := _parameters_of(scratch, sql, path) - {"start", "end"}:
        raise SqlModelError.at(
            path, 1, f"an engine's query reads $start and $end; unknown: {', '.join(sorted(unknown))}"
        )
    upstream = sql_text.upstream_of(sql, path)
    if strange := [table for table in upstream if not table.startswith(f"{ENGINE_SCHEMA}.")]:
        problem = f"an engine reads {ENGINE_SCHEMA}.* alone, no table of the warehouse such as {strange[0]}"
        raise SqlModelError.at(path, upstream[strange[0]], problem)
    return Model(sql, path, yml_path, layer, contract, upstream, spark_sql)


def _parameters_of(scratch: duckdb.DuckDBPyConnection, sql: str, path: Path) -> set[str]:
    """The names of the query's parameters. Raises SqlModelError for a syntax error and for anything but one select."""
    try:
        statements = scratch.extract_statements(sql)
    except duckdb.Error as error:
        raise sql_text.located(path, error) from error
    if [s.type for s in statements] != [duckdb.StatementType.SELECT]:
        kinds = ", ".join(s.type.name for s in statements) or "nothing"
        raise SqlModelError.at(path, 1, f"a model is one select; this is {kinds}")
    return set(statements[0].named_parameters)


def _ordered(models: Mapping[str, Model], sources: Tables) -> list[str]:
    """The models' tables, upstream first. Raises SqlModelError for an unknown upstream and for a cycle."""
    for model in models.values():
        for table, line in model.upstream.items():
            is_hidden = table.startswith(f"{ENGINE_SCHEMA}.") and not model.is_by_engine
            if is_hidden or (table not in models and table not in sources):
                known = ", ".join(sorted([*models, *sources]))
                raise SqlModelError.at(model.path, line, f"unknown upstream {table!r}; known are {known}")
    graph = {table: [up for up in model.upstream if up in models] for table, model in models.items()}
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        upstream, table = error.args[1][:2]
        model, way = models[table], " -> ".join(error.args[1])
        line = model.upstream[upstream]
        raise SqlModelError.at(model.path, line, f"the models read one another: {way}") from error


# --- seeds --------------------------------------------------------------------------------------------------------


def _seed_query(path: Path, columns: list) -> str:
    """The rows of a CSV file as a query. Raises SqlModelError where they have other columns than the contract."""
    names = [column.name for column in columns]
    rows = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    try:
        header = next(rows, [])
        if header != names:
            problem = f"the header is {', '.join(header)}; the contract's columns {', '.join(names)}"
            raise SqlModelError.at(path, 1, problem)
        for row in rows:
            if len(row) != len(names):
                raise SqlModelError.at(path, rows.line_num, f"{len(row)} fields; the header has {len(names)}")
    except csv.Error as error:
        raise SqlModelError.at(path, rows.line_num, f"no CSV: {error}") from error
    types = ", ".join(f"{literal(c.name)}: {literal(c.type)}" for c in columns)
    how = "header = true, delim = ',', quote = '\"'"
    return f"select * from read_csv({literal(str(path))}, {how}, columns = {{{types}}})"  # noqa: S608 - quoted


def _read_rows(scratch: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Raises SqlModelError, with the line, for a row that does not fit the contract's types."""
    try:
        scratch.execute(model.sql).fetchall()
    except duckdb.Error as error:
        raise sql_text.located(model.path, error) from error


# --- columns and types --------------------------------------------------------------------------------------------


def _create_empty(scratch: duckdb.DuckDBPyConnection, tables: Tables) -> None:
    for table, columns in tables.items():
        scratch.execute(f"create schema if not exists {table.partition('.')[0]}")
        named = ", ".join(f'"{name}" {type_}' for name, type_ in columns.items())
        scratch.execute(f"create table {table} ({named})")


def _create_contract(scratch: duckdb.DuckDBPyConnection, model: Model) -> None:
    """The model's table as its contract has it. Raises SqlModelError for a type that DuckDB does not know."""
    for column in model.contract.columns:
        try:
            [(known,)] = scratch.execute(f"select typeof(cast(null as {column.type}))").fetchall()
        except duckdb.Error as error:
            raise SqlModelError.at(model.yml_path, column.line, f"{column.type!r} is no type of DuckDB") from error
        if known != column.type:
            raise SqlModelError.at(model.yml_path, column.line, f"write {known} for {column.type}: DuckDB's own name")
    _create_empty(scratch, {model.table: model.column_types})


def check_columns(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Raises SqlModelError where the columns that the query gives are not the contract's, in name or type."""
    if not model.sql:
        return
    parameters = dict.fromkeys(("start", "end"), date.min) if model.takes_range else {}
    if model.is_by_engine:
        parameters = {name: date.min for name in ("start", "end") if f"${name}" in model.sql}
    try:
        rows = con.execute(f"describe {model.sql}", parameters).fetchall()
    except duckdb.Error as error:
        raise sql_text.located(model.path, error) from error
    given: dict[str, str] = {}
    for name, type_, *_ in rows:
        if name in given or name not in model.column_types:
            problem = f"column {name!r} is given twice" if name in given else f"column {name!r} is not in the contract"
            raise SqlModelError.at(model.path, sql_text.line_of_column(model.sql, name), problem)
        given[name] = type_
    for column in model.contract.columns[1 if model.is_by_engine else 0 :]:  # the project is added where rows land
        if column.name not in given:
            raise SqlModelError.at(model.yml_path, column.line, f"column {column.name!r} is not given by the query")
        if given[column.name] != column.type:
            problem = f"{column.name!r} is {column.type} in the contract and {given[column.name]} in the query"
            raise SqlModelError.at(model.yml_path, column.line, problem)
