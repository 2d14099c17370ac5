"""Contracts in, checks out: their names, their words, and what is refused with file and line."""

from datetime import date, datetime

import pytest

from clarity_assets.quality.expectations import EXPECTATIONS
from clarity_assets.quality.row_sql import kind_of
from clarity_assets.quality.suite import checks_of
from clarity_assets.quality.verdicts import class_name, load_library
from clarity_assets.warehouse.models.contract import SqlModelError
from clarity_assets_tests.unit.quality.by_hand import make_model

COLUMNS = {
    "project_id": "VARCHAR", "date": "DATE", "sessions": "BIGINT", "bots": "BIGINT", "share": "DOUBLE",
    "is_gap": "BOOLEAN", "seen_at": "TIMESTAMP", "answers": "VARCHAR[]",
}  # fmt: skip


def checks(folder, tests: str, **options):
    return {c.name: c for c in checks_of(make_model(folder, columns=COLUMNS, tests=tests, **options))}


def refusal(folder, tests: str, **options) -> str:
    with pytest.raises(SqlModelError) as caught:
        checks(folder, tests, **options)
    return str(caught.value).replace(f"{folder}/", "")


def test_the_grain_is_a_blocking_check_that_nobody_needs_to_write(tmp_path):
    [check] = checks(tmp_path, "", grain="project_id, date").values()
    assert (check.name, check.severity, check.is_blocking) == ("grain_is_unique", "error", True)
    assert check.arguments == {"column_list": ["project_id", "date"], "ignore_row_if": "never"}
    assert check.words == "project_id, date: each combination stands once, NULL being a value."


def test_a_grain_of_one_column_is_checked_with_null_as_a_value_too(tmp_path):
    check = checks(tmp_path, "", grain="date")["grain_is_unique"]
    assert check.columns == ("date",)
    assert check.arguments["column_list"] == ["date", "date"]


@pytest.mark.parametrize(
    ("test", "name", "words"),
    [
        ("date| - expect_column_values_to_not_be_null", "date_not_null", "date is never NULL."),
        ("date| - expect_column_values_to_be_null", "date_null", "date is always NULL."),
        ("share| - expect_column_values_to_be_between: {arguments: {min_value: 0.9}}",
         "share_at_least_0_9", "share is at least 0.9."),
        ("share| - expect_column_values_to_be_between: {arguments: {min_value: -5, max_value: 5, strict_min: true}}",
         "share_above_minus_5_and_at_most_5", "share is above -5 and at most 5."),
        ("share| - expect_column_values_to_be_between: {arguments: {min_value: 0, max_value: 1}}",
         "share_between_0_and_1", "share is at least 0 and at most 1."),
        ("sessions| - expect_column_values_to_be_between: {arguments: {min_value: 0, max_value: 0}}",
         "sessions_is_0", "sessions is 0."),
        ("date| - expect_column_values_to_be_between: {arguments: {min_value: 2026-10-05}}",
         "date_at_least_2026_10_05", "date is at least 2026-10-05."),
        ("project_id| - expect_column_values_to_be_in_set: {arguments: {value_set: [a, b]}}",
         "project_id_in_set", "project_id is one of 'a', 'b'."),
        ("is_gap| - expect_column_values_to_be_in_set: {arguments: {value_set: [false]}}",
         "is_gap_in_set", "is_gap is always false."),
        ("project_id| - expect_column_values_to_not_be_in_set: {arguments: {value_set: [a]}}",
         "project_id_not_in_set", "project_id is never 'a'."),
        ("project_id| - expect_column_values_to_match_regex: {arguments: {regex: '^p'}}",
         "project_id_matches_pattern", "project_id matches ^p."),
        ("project_id| - expect_column_values_to_be_unique", "project_id_unique", "project_id is unique (NULLs aside)."),
        ("- expect_compound_columns_to_be_unique: {arguments: {column_list: [date, bots]}}",
         "date_and_bots_unique", "date, bots: each combination stands once, NULL being a value."),
        ("- expect_column_pair_values_a_to_be_greater_than_b: {arguments: {column_A: sessions, column_B: bots, or_equal: true}}",
         "sessions_at_least_bots", "sessions is at least bots."),
        ("- expect_column_pair_values_to_be_equal: {arguments: {column_A: sessions, column_B: bots}}",
         "sessions_equals_bots", "sessions equals bots."),
        ("- expect_table_row_count_to_be_between: {arguments: {min_value: 1}}",
         "row_count_at_least_1", "the number of rows is at least 1."),
        ("- expect_table_columns_to_match_set: {arguments: {column_set: [a, b]}}", "columns_match", "the columns are a, b."),
        ("share| - expect_column_values_to_be_between: {name: plausible, arguments: {min_value: 1}, config: {where: 'sessions > 50'}}",
         "plausible", "share is at least 1, looked at where sessions > 50."),
    ],
)  # fmt: skip
def test_a_check_has_a_readable_name_and_its_rule_in_words(tmp_path, test, name, words):
    [_, check] = checks(tmp_path, test).values()
    assert (check.name, check.words) == (name, words)


@pytest.mark.parametrize(
    ("test", "problem"),
    [
        ("date| - expect_column_values_to_be_lovely", "is not supported; known are expect_column_values_to_not_be_null"),
        ("- expect_column_values_to_not_be_null", "belongs under a column"),
        ("date| - expect_table_row_count_to_be_between: {arguments: {min_value: 1}}", "belongs under the model"),
        ("date| - expect_column_values_to_not_be_null: {arguments: {mostly: 0.9}}", "unknown argument 'mostly'; known are none"),
        ("date| - expect_column_values_to_be_in_set", "argument 'value_set' is missing"),
        ("share| - expect_column_values_to_be_between", "min_value or max_value is missing"),
        ("share| - expect_column_values_to_be_between: {arguments: {min_value: 2, max_value: 1}}", "min_value 2 lies above"),
        ("share| - expect_column_values_to_be_between: {arguments: {min_value: 2, max_value: 2, strict_max: true}}",
         "nothing lies strictly between 2 and 2"),
        ("share| - expect_column_values_to_be_between: {arguments: {min_value: 2, strict_max: true}}", "strict_max stands without"),
        ("share| - expect_column_values_to_be_between: {arguments: {min_value: '2'}}", "min_value is '2', the column is of kind number"),
        ("share| - expect_column_values_to_be_between: {arguments: {min_value: true}}", "min_value is True, the column is of kind number"),
        ("date| - expect_column_values_to_be_between: {arguments: {min_value: '2026-01-01'}}", "write 2026-01-31 without quotes"),
        ("seen_at| - expect_column_values_to_be_between: {arguments: {min_value: 2026-01-01}}", "write 2026-01-31 00:00:00 without"),
        ("project_id| - expect_column_values_to_be_between: {arguments: {min_value: 1}}", "takes columns of kind number, date, timestamp; this one is text"),
        ("sessions| - expect_column_values_to_match_regex: {arguments: {regex: a}}", "takes columns of kind text"),
        ("sessions| - expect_column_values_to_be_in_set: {arguments: {value_set: [1, a]}}", "value_set has 'a', the column is of kind number"),
        ("sessions| - expect_column_values_to_be_in_set: {arguments: {value_set: [1, null]}}", "value_set has None"),
        ("sessions| - expect_column_values_to_be_in_set: {arguments: {value_set: []}}", "write a list of values"),
        ("- expect_table_row_count_to_be_between: {arguments: {min_value: 0.5}}", "min_value is 0.5; write a whole number"),
        ("- expect_column_pair_values_to_be_equal: {arguments: {column_A: sessions, column_B: nope}}", "column 'nope' is none of the contract's"),
        ("- expect_column_pair_values_to_be_equal: {arguments: {column_A: sessions, column_B: date}}", "of date, number"),
        ("- expect_column_pair_values_to_be_equal: {arguments: {column_A: bots, column_B: bots}}", "compares two columns of one kind"),
        ("- expect_column_pair_values_to_be_equal: {arguments: {column_A: bots, column_B: sessions, ignore_row_if: neither}}",
         "ignore_row_if is always 'either_value_is_missing' here; leave it out"),
        ("- expect_compound_columns_to_be_unique: {arguments: {column_list: [date]}}", "write a list of at least two columns"),
        ("- expect_compound_columns_to_be_unique: {arguments: {column_list: date}}", "write a list of at least two columns"),
        ("- expect_compound_columns_to_be_unique: {arguments: {column_list: [date, nope]}}", "column 'nope' is none"),
        ("project_id| - expect_column_values_to_match_regex: {arguments: {regex: '(?<=a)b'}}", "check 'project_id_matches_pattern': "),
        ("date| - expect_column_values_to_not_be_null: {config: {where: 'nope > 1'}}", "check 'date_not_null': "),
        ("date| - expect_column_values_to_not_be_null: {config: {where: 'sessions >'}}", "check 'date_not_null': "),
    ],
)  # fmt: skip
def test_a_wrong_test_is_refused_with_file_and_line(tmp_path, test, problem):
    message = refusal(tmp_path, test)
    model = (tmp_path / "fct.yml").read_text().splitlines()
    line = next(i for i, text in enumerate(model, 1) if "expect_" in text)
    if ":" not in test:  # a bare name has no line in YAML: the line of its column, or of the model
        line = max(i for i, text in enumerate(model[:line], 1) if "- name: " in text)
    assert message.startswith(f"fct.yml:{line}: ")
    assert problem in message


def test_two_checks_of_one_name_are_refused(tmp_path):
    test = "date| - expect_column_values_to_not_be_null"
    assert "fct.yml:10: check 'date_not_null' stands on line 10 too" in refusal(tmp_path, f"{test}\n{test}")


def test_an_argument_that_is_always_so_may_be_written(tmp_path):
    test = "- expect_column_pair_values_to_be_equal: {arguments: {column_A: bots, column_B: sessions, ignore_row_if: either_value_is_missing}}"
    assert "sessions_equals_bots" not in checks(tmp_path, test)
    assert checks(tmp_path, test)["bots_equals_sessions"].arguments["ignore_row_if"] == "either_value_is_missing"


def test_types_of_duckdb_have_kinds():
    types = ("BIGINT", "DECIMAL(10,2)", "VARCHAR", "VARCHAR[]", "BOOLEAN", "DATE", "TIMESTAMP", "TIME")
    kinds = ["number", "number", "text", "other", "boolean", "date", "timestamp", "other"]
    assert [kind_of(t) for t in types] == kinds


def test_dates_and_instants_of_yaml_are_bounds(tmp_path):
    found = checks(
        tmp_path, "seen_at| - expect_column_values_to_be_between: {arguments: {min_value: 2026-10-05 12:30:00}}"
    )
    assert found["seen_at_at_least_2026_10_05_12_30_00"].arguments["min_value"] == datetime(2026, 10, 5, 12, 30)
    found = checks(tmp_path, "date| - expect_column_values_to_be_in_set: {arguments: {value_set: [2026-10-05]}}")
    assert found["date_in_set"].arguments["value_set"] == [date(2026, 10, 5)]


@pytest.mark.parametrize("name", EXPECTATIONS)
def test_the_arguments_are_those_of_great_expectations(name):
    load_library()
    import great_expectations.expectations as gxe

    expectation = EXPECTATIONS[name]
    fields = getattr(gxe, class_name(name)).__fields__
    assert set(expectation.arguments) | set(expectation.fixed) <= set(fields)
    required = {field for field, about in fields.items() if about.required}
    assert required <= {n for n, argument in expectation.arguments.items() if argument.required}


@pytest.mark.parametrize(
    ("test", "words"),
    [
        (
            "share| - expect_column_values_to_be_between: {arguments: {min_value: .nan}}",
            "write a number, or leave it out",
        ),
        (
            "share| - expect_column_values_to_be_between: {arguments: {max_value: .inf}}",
            "write a number, or leave it out",
        ),
        ("share| - expect_column_values_to_not_be_null: {config: {where: 'true) or (1=1'}}", "syntax error"),
    ],
)
def test_bounds_that_are_no_numbers_and_conditions_that_break_out_are_refused(tmp_path, test, words):
    assert words in refusal(tmp_path, test)
