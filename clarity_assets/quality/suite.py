"""A model's contract in, its checks out: named, worded, and held against the contract's columns."""

import math
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property

import duckdb

from clarity_assets.quality.expectations import EXPECTATIONS, Argument, Expectation
from clarity_assets.quality.row_sql import DATE, OTHER, TIMESTAMP, kind_of, kind_of_value
from clarity_assets.quality.wording import Values
from clarity_assets.warehouse.models.contract import DataTest, SqlModelError
from clarity_assets.warehouse.models.model import Model
from clarity_assets.warehouse.tables import identifier

GRAIN_CHECK = "grain_is_unique"
ERROR, WARN = "error", "warn"
HINTS = {DATE: ": write 2026-01-31 without quotes", TIMESTAMP: ": write 2026-01-31 00:00:00 without quotes"}


@dataclass(frozen=True)
class Check:
    """One expectation on one model. `values` are its arguments, the column's name among them."""

    name: str
    expectation_name: str
    values: Values
    severity: str
    where: str | None = None
    description: str | None = None
    line: int = 1

    @property
    def expectation(self) -> Expectation:
        return EXPECTATIONS[self.expectation_name]

    @property
    def is_blocking(self) -> bool:
        return self.severity == ERROR

    @property
    def column(self) -> str | None:
        """The column it stands at; None where it is the table's."""
        return self.values.get("column")

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns that are tested."""
        return self.expectation.columns(self.values)

    @property
    def arguments(self) -> dict[str, object]:
        """All that Great Expectations is to be told."""
        return {**self.values, **self.expectation.fixed}

    @property
    def words(self) -> str:
        """The rule as a sentence."""
        looked_at = f", looked at where {self.where}" if self.where else ""
        return f"{self.expectation.words(self.values)}{looked_at}."


def checks_of(model: Model, *, scratch: duckdb.DuckDBPyConnection | None = None) -> tuple[Check, ...]:
    """The model's checks: its grain, then its data tests as they stand in the contract. SQL is tried in `scratch`.

    Raises SqlModelError, with file and line, for an expectation that is not supported, an argument that is unknown,
    missing or of another kind than its column, a column that the contract does not have, SQL that DuckDB refuses, and
    two checks of one name.
    """
    checks: dict[str, Check] = {GRAIN_CHECK: _grain_check(model)}
    for column, test in model.contract.tests:
        check = _check(model, column, test)
        if check.name in checks:
            problem = f"check {check.name!r} stands on line {checks[check.name].line} too; give one another `name`"
            raise SqlModelError.at(model.yml_path, check.line, problem)
        checks[check.name] = check
    tried = [check for check in checks.values() if check.where or "regex" in check.values]
    if tried:
        with nullcontext(scratch) if scratch else duckdb.connect() as con:
            _try_sql(con, model, tried)
    return tuple(checks.values())


def _grain_check(model: Model) -> Check:
    grain = model.contract.meta.grain
    # Great Expectations wants two columns; its check of one ignores NULL, which is a value of a key here
    columns = grain if len(grain) > 1 else grain * 2
    values = {"column_list": columns}
    words = "The grain: keys that stand twice would count twice."
    return Check(GRAIN_CHECK, "expect_compound_columns_to_be_unique", values, ERROR, None, words, model.contract.line)


def _check(model: Model, column: str | None, test: DataTest) -> Check:
    line = _line(model, column, test)

    def refuse(problem: str) -> SqlModelError:
        return SqlModelError.at(model.yml_path, line, f"{test.expectation}: {problem}")

    expectation = EXPECTATIONS.get(test.expectation)
    if expectation is None:
        raise refuse(f"is not supported; known are {', '.join(EXPECTATIONS)}")
    if expectation.has_column != (column is not None):
        raise refuse("belongs under a column" if expectation.has_column else "belongs under the model, not a column")
    values = ({"column": column} if column else {}) | test.arguments
    if problem := _problem(expectation, values, model.column_types):
        raise refuse(problem)
    values = {name: value for name, value in values.items() if name not in expectation.fixed}
    name = test.name or expectation.name(values)
    return Check(name, test.expectation, values, test.config.severity, test.config.where, test.description, line)


def _line(model: Model, column: str | None, test: DataTest) -> int:
    """The test's line; its column's where the test is a bare name, which YAML gives no line."""
    if test.line > 1:
        return test.line
    return next((c.line for c in model.contract.columns if c.name == column), model.contract.line)


# --- arguments ----------------------------------------------------------------------------------------------------


def _problem(expectation: Expectation, values: Values, types: Mapping[str, str]) -> str | None:
    """What is wrong with the arguments, or None."""
    for name, value in values.items():
        if name in expectation.fixed:
            if value != expectation.fixed[name]:
                return f"{name} is always {expectation.fixed[name]!r} here; leave it out"
        elif name not in expectation.arguments:
            known = ", ".join(n for n in expectation.arguments if n != "column") or "none"
            return f"unknown argument {name!r}; known are {known}"
    for name, argument in expectation.arguments.items():
        if argument.required and name not in values:
            return f"argument {name!r} is missing"
    if problem := _columns_problem(expectation, values, types):
        return problem
    kind = next((kind_of(types[c]) for c in expectation.columns(values)), OTHER)
    problems = (_value_problem(n, a, values[n], kind) for n, a in expectation.arguments.items() if n in values)
    return next(filter(None, problems), None) or _range_problem(expectation, values)


def _columns_problem(expectation: Expectation, values: Values, types: Mapping[str, str]) -> str | None:
    """What is wrong with the columns that are named, or None."""
    for name, argument in expectation.arguments.items():
        listed = values.get(name) if argument.role == "columns" else None
        if argument.role == "columns" and not (isinstance(listed, list) and len(set(map(str, listed))) > 1):
            return f"{name} is {listed!r}; write a list of at least two columns"
    columns = expectation.columns(values)
    if unknown := [c for c in columns if c not in types]:
        return f"column {unknown[0]!r} is none of the contract's"
    kinds = {kind_of(types[c]) for c in columns}
    if strange := kinds - set(expectation.kinds):
        return f"takes columns of kind {', '.join(expectation.kinds)}; this one is {', '.join(strange)}"
    if "column_A" in expectation.arguments and (len(kinds) > 1 or len(columns) < 2):
        return f"compares two columns of one kind; these are {', '.join(columns)}, of {', '.join(sorted(kinds))}"
    return None


def _value_problem(name: str, argument: Argument, value: object, kind: str) -> str | None:
    """What is wrong with one argument's value, or None."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"{name} is {value!r}; write a number, or leave it out"
    if argument.role == "bound" and kind_of_value(value) != kind:
        return f"{name} is {value!r}, the column is of kind {kind}{HINTS.get(kind, '')}"
    if argument.role == "values":
        if not isinstance(value, list) or not value:
            return f"{name} is {value!r}; write a list of values"
        if strange := [v for v in value if kind_of_value(v) != kind]:
            return f"{name} has {strange[0]!r}, the column is of kind {kind}{HINTS.get(kind, '')}"
    if argument.role == "whole" and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        return f"{name} is {value!r}; write a whole number"
    if argument.role == "flag" and not isinstance(value, bool):
        return f"{name} is {value!r}; write true or false"
    if argument.role == "regex" and not isinstance(value, str):
        return f"{name} is {value!r}; write a pattern"
    if argument.role == "names" and not isinstance(value, list):
        return f"{name} is {value!r}; write a list of names"
    return None


def _range_problem(expectation: Expectation, values: Values) -> str | None:
    if "min_value" not in expectation.arguments:
        return None
    low, high = values.get("min_value"), values.get("max_value")
    if low is None and high is None:
        return "min_value or max_value is missing"
    if low is not None and high is not None and low > high:
        return f"min_value {low} lies above max_value {high}"
    if low == high and (values.get("strict_min") or values.get("strict_max")):
        return f"nothing lies strictly between {low} and {high}"
    for side in ("min", "max"):
        if values.get(f"strict_{side}") and values.get(f"{side}_value") is None:
            return f"strict_{side} stands without {side}_value"
    return None


# --- SQL ----------------------------------------------------------------------------------------------------------


def condition(check: Check, types: Mapping[str, str]) -> str | None:
    """The SQL condition of a row that fails, `where` included; None where no condition of a single row tells."""
    if check.expectation.failing is None:
        return None
    failing = f"({check.expectation.failing(check.values, types)})"
    return f"({check.where}) and {failing}" if check.where else failing


def _try_sql(con: duckdb.DuckDBPyConnection, model: Model, checks: list[Check]) -> None:
    """Raises SqlModelError for a `where` or a pattern that DuckDB refuses."""
    columns = ", ".join(f"cast(null as {type_}) as {identifier(name)}" for name, type_ in model.column_types.items())
    for check in checks:
        told = condition(check, model.column_types) or check.where
        try:
            if check.where:  # by itself: within brackets, one that closes them would pass
                con.execute(f"select {check.where} from (select {columns})").fetchall()  # noqa: S608
            con.execute(f"select count(*) filter (where {told}) from (select {columns})").fetchall()  # noqa: S608
            if "regex" in check.values:
                con.execute("select regexp_matches('', ?)", [check.values["regex"]]).fetchall()
        except duckdb.Error as error:
            message = str(error).split("\n\nLINE")[0]
            raise SqlModelError.at(model.yml_path, check.line, f"check {check.name!r}: {message}") from error
