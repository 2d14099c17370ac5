"""Rows in, results out: every expectation met and not met, whole and reduced, and checks that break."""

from datetime import date

import duckdb
import pytest

from clarity_assets.quality.expectations import EXPECTATIONS
from clarity_assets.quality.suite import Check, checks_of
from clarity_assets_tests.unit.quality.by_hand import checked, fill, make_model
from clarity_assets_tests.unit.quality.cases import CASES, COLUMNS, Case

DAY = date(2026, 10, 5)
WHOLE, REDUCED = 10_000, 0


@pytest.fixture
def con():
    with duckdb.connect() as con:
        yield con


def test_every_supported_expectation_has_a_case():
    used = {case.test.partition("- ")[2].partition(":")[0] for case in CASES}
    assert used | {"expect_table_columns_to_match_set"} == set(EXPECTATIONS)


@pytest.mark.parametrize("whole_rows", [WHOLE, REDUCED], ids=["whole", "reduced"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.test)
def test_an_expectation_is_seen_met_and_not_met(con, tmp_path, case: Case, whole_rows):
    model = make_model(tmp_path, columns=COLUMNS, tests=case.test)
    fill(con, model, case.rows(case.meets))
    _, result = checked(con, model, whole_rows=whole_rows).values()
    rows = (result.error, result.outcome, result.rows_checked)
    assert rows == (None, "passed", len(case.meets))
    assert result.failing_rows == (None if case.failing is None else 0)
    assert result.examples == ()
    fill(con, model, case.rows(case.fails))
    _, result = checked(con, model, whole_rows=whole_rows).values()
    assert (result.error, result.outcome, result.rows_checked) == (None, "failed", len(case.fails))
    assert result.failing_rows == case.failing
    assert len(result.examples) == min(case.failing or 0, 3)


@pytest.mark.parametrize("whole_rows", [WHOLE, REDUCED], ids=["whole", "reduced"])
def test_without_rows_only_what_asks_for_rows_fails(con, tmp_path, whole_rows):
    tests = "\n".join(
        case.test.replace(": {arguments", f": {{name: case_{i}, arguments")
        if "{" in case.test
        else f"{case.test}: {{name: case_{i}}}"
        for i, case in enumerate(CASES)
    )
    model = make_model(tmp_path, columns=COLUMNS, tests=tests)
    fill(con, model, [])
    results = checked(con, model, whole_rows=whole_rows)
    assert {r.error for r in results.values()} == {None}
    failed = {r.check.expectation_name for r in results.values() if not r.passed}
    assert failed == {
        "expect_table_row_count_to_be_between",
        "expect_column_distinct_values_to_contain_set",
        "expect_column_distinct_values_to_equal_set",
        "expect_column_unique_value_count_to_be_between",
    }
    assert {r.rows_checked for r in results.values()} == {0}


# --- keys ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whole_rows", [WHOLE, REDUCED], ids=["whole", "reduced"])
@pytest.mark.parametrize("grain", ["page", "page, device"])
def test_null_is_a_value_of_a_key(con, tmp_path, grain, whole_rows):
    model = make_model(tmp_path, columns={"page": "VARCHAR", "device": "VARCHAR"}, grain=grain)
    fill(con, model, [(None, "PC"), ("/", "PC")])
    assert checked(con, model, whole_rows=whole_rows)["grain_is_unique"].passed
    fill(con, model, [(None, "PC"), ("/", "PC"), (None, "PC")])
    result = checked(con, model, whole_rows=whole_rows)["grain_is_unique"]
    assert (result.outcome, result.failing_rows) == ("failed", 2)
    expected = {"page": None} if grain == "page" else {"page": None, "device": "PC"}
    assert result.examples == (expected, expected)


def test_examples_are_three_rows_in_the_order_of_their_keys_with_grain_and_tested_column(con, tmp_path):
    model = make_model(tmp_path, columns={"day": "DATE", "page": "VARCHAR", "n": "DOUBLE", "more": "BIGINT"},
                       grain="day, page", tests="n| - expect_column_values_to_be_between: {arguments: {max_value: 1}}")  # fmt: skip
    fill(con, model, [(DAY, page, float("inf"), 0) for page in "dbca"] + [(DAY, "e", 1.0, 0)])
    result = checked(con, model)["n_at_most_1"]
    assert (result.rows_checked, result.failing_rows, result.observed) == (5, 4, "1.0 to inf")
    assert result.examples == tuple({"day": "2026-10-05", "page": page, "n": "inf"} for page in "abc")


# --- conditions, days, views --------------------------------------------------------------------------------------


@pytest.mark.parametrize("whole_rows", [WHOLE, REDUCED], ids=["whole", "reduced"])
def test_a_condition_says_which_rows_are_looked_at(con, tmp_path, whole_rows):
    tests = """share| - expect_column_values_to_be_between: {arguments: {min_value: 0.5}, config: {where: 'sessions >= 50'}}
share| - expect_column_values_to_not_be_null: {config: {where: 'sessions >= 50 or sessions < 0'}}
- expect_table_row_count_to_be_between: {arguments: {min_value: 2}, config: {where: 'sessions >= 50'}}
- expect_compound_columns_to_be_unique: {arguments: {column_list: [share, id]}, config: {where: 'sessions >= 50'}}"""
    columns = {"id": "BIGINT", "sessions": "BIGINT", "share": "DOUBLE"}
    model = make_model(tmp_path, columns=columns, tests=tests, grain="id, sessions, share")
    rows = [(1, 50, 0.6), (2, 60, 0.5), (3, 49, 0.1), (3, 49, 0.1), (4, None, None)]
    fill(con, model, rows)
    results = checked(con, model, whole_rows=whole_rows)
    assert [r.outcome for r in results.values()] == ["failed", "passed", "passed", "passed", "passed"]
    assert [r.rows_checked for r in results.values()] == [5, 2, 2, 2, 2]
    fill(con, model, [*rows, (5, 50, 0.4), (6, 50, None), (2, 60, 0.5)])
    results = checked(con, model, whole_rows=whole_rows)
    assert [r.failing_rows for r in results.values()] == [4, None, 2, 1, 1]
    assert results["share_at_least_0_5"].examples == ({"id": 5, "sessions": 50, "share": 0.4},)


@pytest.mark.parametrize("kind", ["incremental", "view"])
def test_only_the_days_of_the_run_are_looked_at(con, tmp_path, kind):
    tests = (
        "n| - expect_column_values_to_not_be_null\n- expect_table_row_count_to_be_between: {arguments: {min_value: 2}}"
    )
    model = make_model(
        tmp_path, columns={"date": "DATE", "n": "BIGINT"}, tests=tests, materialized=kind, grain="date, n"
    )
    fill(con, model, [(date(2026, 10, 4), None), (DAY, 1), (DAY, 2), (date(2026, 10, 6), None)])
    results = checked(con, model, start=DAY, end=date(2026, 10, 6))
    assert [(r.outcome, r.rows_checked) for r in results.values()] == [("passed", 2)] * 3
    results = checked(con, model, start=date(2026, 10, 4), end=date(2026, 10, 6))
    assert results["n_not_null"].failing_rows == 1
    results = checked(con, model)
    assert [(r.rows_checked, r.failing_rows) for r in results.values()] == [(4, 0), (4, None), (4, 2)]


def test_a_view_is_computed_once_and_leaves_nothing_behind(con, tmp_path):
    model = make_model(tmp_path, columns={"n": "BIGINT"}, materialized="view",
                       tests="n| - expect_column_values_to_be_between: {arguments: {max_value: 2}}")  # fmt: skip
    con.execute("create schema marts; create sequence computed")
    con.execute("create view marts.fct as select nextval('computed') as n from range(3)")
    result = checked(con, model)["n_at_most_2"]
    assert (result.outcome, result.failing_rows, result.examples) == ("failed", 1, ({"n": 3},))
    assert con.execute("select nextval('computed')").fetchall() == [(4,)]
    assert con.execute("select count(*) from duckdb_tables()").fetchall() == [(0,)]


def test_columns_are_held_against_a_set(con, tmp_path):
    tests = """- expect_table_columns_to_match_set: {name: exact, arguments: {column_set: [b, a]}}
- expect_table_columns_to_match_set: {name: at_least, arguments: {column_set: [a], exact_match: false}}"""
    model = make_model(tmp_path, columns={"a": "BIGINT", "b": "BIGINT"}, tests=tests)
    for whole_rows in (WHOLE, REDUCED):
        fill(con, model, [(1, 2)])
        results = checked(con, model, whole_rows=whole_rows)
        assert [r.outcome for r in results.values()] == ["passed"] * 3
        assert results["exact"].observed == "a, b"
        con.execute("alter table marts.fct add column c int")
        results = checked(con, model, whole_rows=whole_rows)
        assert [r.outcome for r in results.values()] == ["passed", "failed", "passed"]
        con.execute("alter table marts.fct rename column a to z")
        results = checked(con, model, whole_rows=whole_rows)
        assert [r.outcome for r in results.values()] == ["error", "failed", "failed"]


# --- large --------------------------------------------------------------------------------------------------------


def test_a_large_table_is_looked_at_by_aggregates(con, tmp_path):
    tests = """n| - expect_column_values_to_be_between: {arguments: {min_value: 0, max_value: 299999}}
kind| - expect_column_values_to_be_in_set: {arguments: {value_set: [a, b]}}
- expect_table_row_count_to_be_between: {arguments: {max_value: 300000}}"""
    model = make_model(tmp_path, columns={"n": "BIGINT", "kind": "VARCHAR"}, tests=tests)
    fill(con, model, [])
    con.execute("insert into marts.fct select i, if(i % 2 = 0, 'a', 'b') from range(300000) t(i)")
    assert {r.outcome for r in checked(con, model).values()} == {"passed"}
    con.execute("insert into marts.fct values (300000, null), (77, 'c')")
    results = checked(con, model)
    assert [(r.outcome, r.failing_rows) for r in results.values()] == [
        ("failed", 2), ("failed", None), ("failed", 1), ("failed", 1),
    ]  # fmt: skip
    assert results["grain_is_unique"].examples == ({"n": 77}, {"n": 77})
    assert results["row_count_at_most_300000"].observed == "300002"


# --- checks that break --------------------------------------------------------------------------------------------


def test_a_table_that_was_never_made_is_an_error_not_a_failed_expectation(con, tmp_path):
    model = make_model(tmp_path, columns={"n": "BIGINT"}, tests="n| - expect_column_values_to_not_be_null")
    results = checked(con, model)
    assert [r.outcome for r in results.values()] == ["error", "error"]
    assert "marts.fct cannot be read: Catalog Error" in results["n_not_null"].error


@pytest.mark.parametrize("whole_rows", [WHOLE, REDUCED], ids=["whole", "reduced"])
def test_a_check_that_breaks_is_an_error_and_leaves_the_others_alone(con, tmp_path, whole_rows):
    tests = """text| - expect_column_values_to_not_be_null: {name: broken, config: {where: 'text::int > 0'}}
n| - expect_column_values_to_not_be_null
gone| - expect_column_values_to_not_be_null"""
    columns = {"n": "BIGINT", "text": "VARCHAR", "gone": "BIGINT"}
    model = make_model(tmp_path, columns=columns, tests=tests)
    fill(con, model, [(1, "a", 1)])
    con.execute("alter table marts.fct drop column gone")
    results = checked(con, model, whole_rows=whole_rows)
    assert {n: r.outcome for n, r in results.items()} == {
        "grain_is_unique": "passed", "n_not_null": "passed", "broken": "error", "gone_not_null": "error",
    }  # fmt: skip
    assert "Could not convert string 'a' to INT32" in results["broken"].error
    assert results["gone_not_null"].error == "column gone is missing in marts.fct: materialize it anew"
    assert not results["broken"].passed


def test_what_great_expectations_raises_is_an_error_of_that_check_alone(con, tmp_path):
    model = make_model(tmp_path, columns={"n": "BIGINT", "day": "DATE"})
    fill(con, model, [(1, DAY), (2, DAY)])
    broken = Check("broken", "expect_column_values_to_be_in_set", {"column": "n", "value_set": ["a"]}, "warn")
    strange = Check("strange", "expect_column_values_to_be_between", {"column": "n", "min_value": [1]}, "warn")
    results = checked(con, model, checks=[*checks_of(model), broken, strange])
    assert {n: r.outcome for n, r in results.items()} == {
        "grain_is_unique": "passed", "broken": "error", "strange": "error",
    }  # fmt: skip


def test_where_great_expectations_and_sql_contradict_one_another_neither_is_believed(con, tmp_path):
    # `$` of Python also matches before a line's end, that of DuckDB does not
    tests = "text| - expect_column_values_to_match_regex: {arguments: {regex: '^a$'}}"
    model = make_model(tmp_path, columns={"text": "VARCHAR"}, tests=tests)
    fill(con, model, [("a\n",)])
    result = checked(con, model)["text_matches_pattern"]
    assert (result.outcome, result.passed) == ("error", False)
    assert result.error == "Great Expectations says that it is met, SQL counts 1 failing rows"
