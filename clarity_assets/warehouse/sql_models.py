"""SQL files and their contracts in, checked models out; a model and a range of days in, replaced rows out."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Literal

import duckdb
import yaml
from pydantic import BaseModel, Field, ValidationError

from clarity_assets.errors import ClarityAssetsError
from clarity_assets.warehouse.tables import ensure_table, transaction

INCREMENTAL = "incremental"  # replaced by ranges of UTC days; the other kind, "table", is replaced whole
PARTITION_COLUMN = "date"
NAME = r"^[a-z][a-z0-9_]*$"

Tables = Mapping[str, Mapping[str, str]]
"""Table -> column -> DuckDB type."""


class SqlModelError(ClarityAssetsError):
    """A model or its contract is wrong; the message begins with file and line."""

    @classmethod
    def at(cls, path: Path, line: int, message: str) -> "SqlModelError":
        return cls(f"{path}:{line}: {message}")


# --- the contract: dbt's property syntax --------------------------------------------------------------------------


class ModelColumn(BaseModel, frozen=True):
    name: str = Field(pattern=NAME)
    type: str = Field(alias="data_type")
    meaning: str = Field(alias="description")
    line: int


class Meta(BaseModel):
    grain: list[str] = Field(min_length=1)
    materialized: Literal["incremental", "table"]
    schema_: str = Field(alias="schema", pattern=NAME)
    owners: list[str] = Field(min_length=1)


class Contract(BaseModel):
    name: str = Field(pattern=NAME)
    description: str
    meta: Meta
    columns: list[ModelColumn] = Field(min_length=1)
    line: int


class _ContractFile(BaseModel):
    models: list[Contract] = Field(min_length=1, max_length=1)


class _LinedLoader(yaml.SafeLoader):
    """Safe YAML whose mappings know their line, under the key `line`."""

    def construct_mapping(self, node, deep=False):
        return super().construct_mapping(node, deep=True) | {"line": node.start_mark.line + 1}


def _read_contract(path: Path) -> Contract:
    """The contract in a file. Raises SqlModelError where it is no YAML, or lacks something, or names a column twice."""
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_LinedLoader)
        contract = _ContractFile.model_validate(raw).models[0]
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SqlModelError.at(path, line, f"no YAML: {error.problem}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise SqlModelError.at(path, _line_at(raw, first["loc"]), f"{where}: {first['msg']}") from error
    seen: dict[str, int] = {}
    for column in contract.columns:
        if column.name in seen:
            raise SqlModelError.at(path, column.line, f"column {column.name!r} stands on line {seen[column.name]} too")
        seen[column.name] = column.line
    if unknown := [name for name in contract.meta.grain if name not in seen]:
        raise SqlModelError.at(path, contract.line, f"the grain names {unknown[0]!r}, which is none of the columns")
    return contract


def _line_at(raw: object, place: tuple) -> int:
    """The line of the innermost mapping on the way to a place in the contract."""
    line = 1
    for step in (*place, None):
        if isinstance(raw, dict):
            line = raw.get("line", line)
        try:
            raw = raw[step]
        except (KeyError, IndexError, TypeError):
            break
    return line


# --- the model ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SqlModel:
    """One file, one table, one asset. `upstream` are the tables it reads, each with the first line that names it."""

    sql: str
    sql_path: Path
    yml_path: Path
    layer: str
    contract: Contract
    upstream: Mapping[str, int]

    @property
    def name(self) -> str:
        return self.sql_path.stem

    @property
    def key(self) -> tuple[str, str]:
        """Layer and name, such as ("marts", "fct_site_daily"): the asset's key."""
        return self.layer, self.name

    @property
    def table(self) -> str:
        return f"{self.contract.meta.schema_}.{self.name}"

    @property
    def column_types(self) -> dict[str, str]:
        return {column.name: column.type for column in self.contract.columns}

    @property
    def is_partitioned(self) -> bool:
        return self.contract.meta.materialized == INCREMENTAL

    @property
    def code_version(self) -> str:
        """Hash of the SQL."""
        return hashlib.sha256(self.sql.encode()).hexdigest()[:16]


def load_models(root: Path, *, sources: Tables) -> dict[str, SqlModel]:
    """Every model under `root` by table, upstream first. `sources` are the tables that models may read besides.

    Raises SqlModelError, with file and line, for a syntax error, an unknown upstream, a cycle, and wherever SQL and
    contract disagree (columns and their types, both ways).
    """
    models: dict[str, SqlModel] = {}
    with duckdb.connect() as scratch:
        for path in sorted({p.with_suffix(".sql") for p in root.rglob("*") if p.suffix in (".sql", ".yml")}):
            model = _read_model(scratch, path, layer=path.relative_to(root).parts[0])
            if model.table in models:
                raise SqlModelError.at(path, 1, f"{models[model.table].sql_path} makes {model.table} too; rename one")
            models[model.table] = model
        models = {table: models[table] for table in _ordered(models, sources)}
        _create_empty(scratch, sources)
        for model in models.values():
            _create_contract(scratch, model)
            _check_columns(scratch, model)
    return models


def _read_model(scratch: duckdb.DuckDBPyConnection, sql_path: Path, *, layer: str) -> SqlModel:
    yml_path = sql_path.with_suffix(".yml")
    for path, other in ((sql_path, yml_path), (yml_path, sql_path)):
        if not path.exists():
            raise SqlModelError.at(other, 1, f"{path.name} is missing beside it: a model has its SQL and its contract")
    contract = _read_contract(yml_path)
    if contract.name != sql_path.stem:
        raise SqlModelError.at(yml_path, contract.line, f"the file is {sql_path.stem!r}, its model {contract.name!r}")
    sql = sql_path.read_text(encoding="utf-8").rstrip().removesuffix(";")
    parameters = _parameters_of(scratch, sql, sql_path)
    model = SqlModel(sql, sql_path, yml_path, layer, contract, _upstream(sql, sql_path))
    if model.is_partitioned and PARTITION_COLUMN not in model.column_types:
        raise SqlModelError.at(yml_path, contract.line, f"an incremental model needs the column {PARTITION_COLUMN!r}")
    if parameters != ({"start", "end"} if model.is_partitioned else set()):
        rule = "$start and $end" if model.is_partitioned else "no parameters"
        problem = f"its model is {contract.meta.materialized}, so the SQL reads {rule}"
        raise SqlModelError.at(sql_path, 1, f"{problem}; it reads {', '.join(sorted(parameters)) or 'none'}")
    return model


def _parameters_of(scratch: duckdb.DuckDBPyConnection, sql: str, path: Path) -> set[str]:
    """The names of the query's parameters. Raises SqlModelError for a syntax error and for anything but one select."""
    try:
        statements = scratch.extract_statements(sql)
    except duckdb.Error as error:
        raise _located(path, error) from error
    if [s.type for s in statements] != [duckdb.StatementType.SELECT]:
        kinds = ", ".join(s.type.name for s in statements) or "nothing"
        raise SqlModelError.at(path, 1, f"a model is one select; this is {kinds}")
    return set(statements[0].named_parameters)


def _upstream(sql: str, path: Path) -> dict[str, int]:
    """The tables that the query reads, CTEs excluded, each with the first line that names it."""
    import sqlglot
    from sqlglot import exp

    try:
        query = sqlglot.parse_one(sql, dialect="duckdb")
    except sqlglot.errors.SqlglotError as error:
        first = next(iter(getattr(error, "errors", [])), {"description": str(error), "start_context": ""})
        line = sql.count("\n", 0, sql.find(first["start_context"]) + len(first["start_context"])) + 1
        problem = f"DuckDB reads this, but sqlglot does not, so its upstream is unknown: {first['description']}"
        raise SqlModelError.at(path, line, problem) from error
    ctes = {cte.alias for cte in query.find_all(exp.CTE)}
    upstream: dict[str, int] = {}
    for table in query.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier) and (table.db or table.name not in ctes):
            name = ".".join(filter(None, (table.db, table.name)))
            line = _line_of(sql, table.this)
            upstream[name] = min(line, upstream.get(name, line))
    return dict(sorted(upstream.items()))


def _line_of(sql: str, identifier) -> int:
    """By the offset: sqlglot's own line numbers are too high behind a CTE (30.30, measured)."""
    return sql.count("\n", 0, identifier.meta["start"]) + 1


def _ordered(models: Mapping[str, SqlModel], sources: Tables) -> list[str]:
    """The models' tables, upstream first. Raises SqlModelError for an unknown upstream and for a cycle."""
    for model in models.values():
        for table, line in model.upstream.items():
            if table not in models and table not in sources:
                known = ", ".join(sorted([*models, *sources]))
                raise SqlModelError.at(model.sql_path, line, f"unknown upstream {table!r}; known are {known}")
    graph = {table: [up for up in model.upstream if up in models] for table, model in models.items()}
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        upstream, table = error.args[1][:2]
        model, way = models[table], " -> ".join(error.args[1])
        line = model.upstream[upstream]
        raise SqlModelError.at(model.sql_path, line, f"the models read one another: {way}") from error


# --- columns and types --------------------------------------------------------------------------------------------


def _create_empty(scratch: duckdb.DuckDBPyConnection, tables: Tables) -> None:
    for table, columns in tables.items():
        scratch.execute(f"create schema if not exists {table.partition('.')[0]}")
        named = ", ".join(f'"{name}" {type_}' for name, type_ in columns.items())
        scratch.execute(f"create table {table} ({named})")


def _create_contract(scratch: duckdb.DuckDBPyConnection, model: SqlModel) -> None:
    """The model's table as its contract has it. Raises SqlModelError for a type that DuckDB does not know."""
    for column in model.contract.columns:
        try:
            [(known,)] = scratch.execute(f"select typeof(cast(null as {column.type}))").fetchall()
        except duckdb.Error as error:
            raise SqlModelError.at(model.yml_path, column.line, f"{column.type!r} is no type of DuckDB") from error
        if known != column.type:
            raise SqlModelError.at(model.yml_path, column.line, f"write {known} for {column.type}: DuckDB's own name")
    _create_empty(scratch, {model.table: model.column_types})


def _check_columns(con: duckdb.DuckDBPyConnection, model: SqlModel) -> None:
    """Raises SqlModelError where the columns that the query gives are not the contract's, in name or type."""
    parameters = {"start": date.min, "end": date.min} if model.is_partitioned else {}
    try:
        rows = con.execute(f"describe {model.sql}", parameters).fetchall()
    except duckdb.Error as error:
        raise _located(model.sql_path, error) from error
    given: dict[str, str] = {}
    for name, type_, *_ in rows:
        if name in given or name not in model.column_types:
            problem = f"column {name!r} is given twice" if name in given else f"column {name!r} is not in the contract"
            raise SqlModelError.at(model.sql_path, _line_of_column(model.sql, name), problem)
        given[name] = type_
    for column in model.contract.columns:
        if column.name not in given:
            raise SqlModelError.at(model.yml_path, column.line, f"column {column.name!r} is not given by the query")
        if given[column.name] != column.type:
            problem = f"{column.name!r} is {column.type} in the contract and {given[column.name]} in the query"
            raise SqlModelError.at(model.yml_path, column.line, problem)


def _line_of_column(sql: str, name: str) -> int:
    """The line where the last select names a column last; its first line where a star brings the column."""
    import sqlglot
    from sqlglot import exp

    query = sqlglot.parse_one(sql, dialect="duckdb")
    named = [i for s in query.selects for i in s.find_all(exp.Identifier) if i.name == name and "start" in i.meta]
    return _line_of(sql, named[-1]) if named else 1


def _located(path: Path, error: duckdb.Error) -> SqlModelError:
    """DuckDB's error with our file and its line."""
    found = re.search(r"^LINE (\d+):", str(error), re.MULTILINE)
    return SqlModelError.at(path, int(found[1]) if found else 1, str(error).split("\n\nLINE")[0])


# --- running ------------------------------------------------------------------------------------------------------


def run_model(
    con: duckdb.DuckDBPyConnection, model: SqlModel, *, start: date | None = None, end: date | None = None
) -> int:
    """Replace the model's rows of the UTC days [start, end), or all of them if it is not partitioned; how many now.

    Delete and insert are one transaction. Raises SqlModelError where the query's columns are not the contract's,
    where it gives rows outside the range, or where a partitioned model gets no range.
    """
    if model.is_partitioned and (start is None or end is None):
        raise SqlModelError.at(model.yml_path, model.contract.line, "an incremental model runs for a range of days")
    parameters = {"start": start, "end": end} if model.is_partitioned else {}
    in_range = f"where {PARTITION_COLUMN} >= $start and {PARTITION_COLUMN} < $end" if model.is_partitioned else ""
    with transaction(con):
        ensure_table(con, model.table, model.contract.columns, model.contract.description)
        _check_columns(con, model)
        con.execute(f"delete from {model.table} {in_range}", parameters)  # noqa: S608 - names of checked models
        [(inserted,)] = con.execute(f"insert into {model.table} by name {model.sql}", parameters).fetchall()
        [(found,)] = con.execute(f"select count(*) from {model.table} {in_range}", parameters).fetchall()  # noqa: S608
        if found != inserted:
            problem = f"{inserted - found} of {inserted} rows lie outside [{start}, {end}); nothing was written"
            raise SqlModelError.at(model.sql_path, 1, f"{problem}: filter {PARTITION_COLUMN} by $start and $end")
    return inserted


def column_lineage(model: SqlModel, *, tables: Tables) -> dict[str, list[tuple[str, str]]]:
    """Column -> the (table, column) pairs that it is made of; `tables` must hold all upstream tables."""
    from sqlglot import exp
    from sqlglot.lineage import lineage

    schema: dict[str, dict] = {}
    for table in model.upstream:
        schema_name, _, table_name = table.partition(".")
        schema.setdefault(schema_name, {})[table_name] = dict(tables[table])
    found = {}
    for column in model.column_types:
        nodes = lineage(column, model.sql, schema=schema, dialect="duckdb").walk()
        leaves = [node for node in nodes if isinstance(node.source, exp.Table)]
        found[column] = sorted({(f"{n.source.db}.{n.source.name}", exp.to_column(n.name).name) for n in leaves})
    return found
