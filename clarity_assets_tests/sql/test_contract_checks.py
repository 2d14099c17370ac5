"""Every check of every real contract, seen passing on a row that keeps it and failing on rows that break it."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import product

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from clarity_assets.project_models import project_models
from clarity_assets.quality.checking import check_model
from clarity_assets.quality.row_sql import BOOLEAN, DATE, NUMBER, TEXT, TIMESTAMP, kind_of
from clarity_assets.quality.suite import Check, checks_of
from clarity_assets.settings import load_settings
from clarity_assets.warehouse.models.model import Model
from clarity_assets_tests.unit.quality.by_hand import fill

MODELS = project_models(load_settings())
CHECKS = [(model, check) for model in MODELS.values() for check in checks_of(model)]
DAY, NOON = date(2026, 10, 5), datetime(2026, 10, 5, 12)
PLAUSIBLE = {NUMBER: 1, TEXT: "PC", BOOLEAN: True, DATE: DAY, TIMESTAMP: NOON}
STEP = {NUMBER: 1, DATE: timedelta(days=1), TIMESTAMP: timedelta(days=1)}
Row = dict[str, object]


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as con:
        yield con


def kinds(model: Model) -> dict[str, str]:
    return {name: kind_of(type_) for name, type_ in model.column_types.items()}


def candidates(model: Model, condition: str) -> Iterator[Row]:
    """Rows around the literals of a condition: each column that it names takes each of them, and its neighbours.

    NULL too, where the condition asks for it.
    """
    tree = sqlglot.parse_one(condition, dialect="duckdb")
    named = [c for c in model.column_types if c in {column.name for column in tree.find_all(exp.Column)}]
    numbers = [float(n.this) for n in tree.find_all(exp.Literal) if not n.is_string]
    texts = [n.this for n in tree.find_all(exp.Literal) if n.is_string]
    values = {
        NUMBER: [n + step for n in numbers for step in (0, 1, -1)], TEXT: texts, BOOLEAN: [True, False],
    }  # fmt: skip
    nulls = [None] if tree.find(exp.Null) else []
    for chosen in product(*([PLAUSIBLE.get(kinds(model)[c]), *values.get(kinds(model)[c], []), *nulls] for c in named)):
        yield dict(zip(named, chosen, strict=True))


def is_looked_at(con: duckdb.DuckDBPyConnection, model: Model, check: Check, row: Row) -> bool:
    fill(con, model, [tuple(row.values())])
    return con.execute(f"select count(*) from {model.table} where {check.where}").fetchall() == [(1,)]


def row_looked_at(con: duckdb.DuckDBPyConnection, model: Model, check: Check, changes: Row) -> Row:
    """A plausible row with these changes that the check looks at. Fails where there is none: the check is idle."""
    row = {name: PLAUSIBLE.get(kind) for name, kind in kinds(model).items()}
    if check.where is None:
        return row | changes
    for candidate in candidates(model, check.where):
        if is_looked_at(con, model, check, row | candidate | changes):
            return row | candidate | changes
    raise AssertionError(f"no row with {changes} is looked at where {check.where}")


def keeping(check: Check) -> Row:
    """What the tested columns have in a row that keeps the rule."""
    values, column = check.values, check.column
    match check.expectation_name:
        case "expect_column_values_to_be_between":
            low, high = values.get("min_value"), values.get("max_value")
            if low is None or high is None:
                return {column: high if low is None else low}
            return {column: low + (high - low) / 2 if low != high else low}
        case "expect_column_values_to_be_in_set":
            return {column: values["value_set"][0]}
        case "expect_column_values_to_be_null":
            return {column: None}
        case "expect_column_pair_values_to_be_equal" | "expect_column_pair_values_a_to_be_greater_than_b":
            return {values["column_A"]: 1000, values["column_B"]: 1000 if values.get("or_equal") else 999}
    return {}


def breaking(model: Model, check: Check) -> list[Row]:
    """What the tested columns have in rows that break the rule, one way a row."""
    values, column = check.values, check.column
    kind = kinds(model).get(column)
    match check.expectation_name:
        case "expect_column_values_to_not_be_null":
            return [{column: None}]
        case "expect_column_values_to_be_null":
            return [{column: PLAUSIBLE[kind]}]
        case "expect_column_values_to_be_between":
            low, high = values.get("min_value"), values.get("max_value")
            below = [{column: low - STEP[kind]}] if low is not None else []
            return below + ([{column: high + STEP[kind]}] if high is not None else [])
        case "expect_column_values_to_be_in_set":
            others = {BOOLEAN: [True, False], TEXT: ["none of these"], NUMBER: [-987654]}[kind]
            return [{column: value} for value in others if value not in values["value_set"]]
        case "expect_column_values_to_not_be_in_set":
            return [{column: value} for value in values["value_set"]]
        case "expect_column_values_to_match_regex":
            return [{column: "\x01"}]
        case "expect_column_pair_values_to_be_equal" | "expect_column_pair_values_a_to_be_greater_than_b":
            return [{values["column_A"]: 1000, values["column_B"]: 1001}]
    raise NotImplementedError(f"teach this test how rows break {check.expectation_name}")


def outcome(con: duckdb.DuckDBPyConnection, model: Model, check: Check, rows: list[Row]) -> tuple[str, str | None]:
    """Of all rows and of the few that stand for them; both must be the same."""
    fill(con, model, [tuple(row.values()) for row in rows])
    found = {
        (result.outcome, result.error)
        for whole_rows in (1000, -1)
        for result in check_model(con, model, checks=[check], whole_rows=whole_rows)
    }
    [one] = found
    return one


def number_of_rows(check: Check) -> tuple[int, int]:
    """Row counts that keep and break a rule about their number."""
    low, high = check.values.get("min_value"), check.values.get("max_value")
    if low is not None:
        return low + bool(check.values.get("strict_min")), low - 1 + bool(check.values.get("strict_min"))
    return high - bool(check.values.get("strict_max")), high + 1 - bool(check.values.get("strict_max"))


def checks(chosen) -> pytest.MarkDecorator:
    """The test runs for each check of which `chosen` is true."""
    found = [(model, check) for model, check in CHECKS if chosen(check)]
    return pytest.mark.parametrize(("model", "check"), found, ids=[f"{m.name}-{c.name}" for m, c in found])


def is_of_number(check: Check) -> bool:
    return check.expectation_name == "expect_table_row_count_to_be_between"


def is_of_keys(check: Check) -> bool:
    return check.expectation.is_of_keys


@checks(is_of_keys)
def test_a_check_of_keys_is_seen_passing_and_failing(con, model, check):
    row = row_looked_at(con, model, check, {})
    assert outcome(con, model, check, [row]) == ("passed", None)
    assert outcome(con, model, check, [row, row]) == ("failed", None)


@checks(is_of_number)
def test_a_check_of_the_number_of_rows_is_seen_passing_and_failing(con, model, check):
    row = row_looked_at(con, model, check, {})
    kept, broken = number_of_rows(check)
    assert outcome(con, model, check, [row] * kept) == ("passed", None)
    assert outcome(con, model, check, [row] * broken) == ("failed", None)


@checks(lambda check: not is_of_keys(check) and not is_of_number(check))
def test_a_check_of_values_is_seen_passing_and_failing(con, model, check):
    row = row_looked_at(con, model, check, keeping(check))
    assert outcome(con, model, check, [row]) == ("passed", None)
    changes = breaking(model, check)
    assert changes, "nothing can break it"
    for change in changes:
        assert outcome(con, model, check, [row, row_looked_at(con, model, check, change)]) == ("failed", None), change


def test_every_check_of_every_contract_is_among_them():
    assert {model.table for model, _ in CHECKS} == set(MODELS)
    assert len(CHECKS) == sum(1 + len(model.contract.tests) for model in MODELS.values())
