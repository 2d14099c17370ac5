"""Contracts written by hand and their rows in, models and tables to be checked out."""

from pathlib import Path

import duckdb

from clarity_assets.quality.checking import CheckResult, check_model
from clarity_assets.warehouse.models.contract import Shared, read_contract
from clarity_assets.warehouse.models.model import Model

INDENT = " " * 10


def make_model(
    folder: Path, *, columns: dict[str, str], tests: str = "", grain: str | None = None, materialized: str = "table"
) -> Model:
    """A model `marts.fct` of these columns. `tests` is YAML: data tests under the model, or `column: tests` lines.

    A test of a column is written as `column| - expect_…`; one of the table without a column.
    """
    by_column: dict[str, list[str]] = {}
    for line in filter(None, tests.split("\n")):
        column, bar, test = line.partition("|")
        by_column.setdefault(column.strip() if bar else "", []).append(test if bar else line)
    listed = "".join(
        f"      - name: {name}\n        data_type: {type_}\n        description: d\n"
        + _tests(by_column.get(name), "        ")
        for name, type_ in columns.items()
    )
    text = (
        "version: 2\nmodels:\n  - name: fct\n    description: what it is\n"
        f"    meta: {{grain: [{grain or next(iter(columns))}], materialized: {materialized}, owners: ['team:a']}}\n"
        f"{_tests(by_column.get(''), '    ')}    columns:\n{listed}"
    )
    path = folder / "fct.yml"
    path.write_text(text, encoding="utf-8")
    contract = read_contract(path, Shared((), {}))
    return Model("select 1", folder / "fct.sql", path, "marts", contract, {})


def _tests(tests: list[str] | None, indent: str) -> str:
    return f"{indent}data_tests:\n" + "".join(f"{indent}  {test.strip()}\n" for test in tests) if tests else ""


def fill(con: duckdb.DuckDBPyConnection, model: Model, rows: list[tuple]) -> None:
    """The model's table, made anew with these rows."""
    columns = ", ".join(f'"{name}" {type_}' for name, type_ in model.column_types.items())
    con.execute(f"create schema if not exists {model.layer}")
    con.execute(f"create or replace table {model.table} ({columns})")
    if rows:
        marks = ", ".join("?" * len(model.column_types))
        con.executemany(f"insert into {model.table} values ({marks})", rows)


def checked(con: duckdb.DuckDBPyConnection, model: Model, **options) -> dict[str, CheckResult]:
    """The results by the checks' names."""
    return {result.check.name: result for result in check_model(con, model, **options)}
