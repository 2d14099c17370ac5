"""Every supported expectation with rows that meet it and rows that do not, worked out by hand."""

from dataclasses import dataclass
from datetime import date, datetime

NAN, INF = float("nan"), float("inf")
COLUMNS = {
    "id": "BIGINT", "n": "BIGINT", "x": "DOUBLE", "y": "DOUBLE", "text": "VARCHAR", "flag": "BOOLEAN",
    "day": "DATE", "at": "TIMESTAMP",
}  # fmt: skip
GOOD = {
    "id": 1, "n": 5, "x": 0.5, "y": 0.1, "text": "PC", "flag": True,
    "day": date(2026, 10, 5), "at": datetime(2026, 10, 5, 12),
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """`meets` and `fails` are changes to the good row, one a row; `failing` counts the rows that fail in `fails`."""

    test: str
    meets: list[dict]
    fails: list[dict]
    failing: int | None = 1
    name: str = ""

    def rows(self, changes: list[dict]) -> list[tuple]:
        return [tuple((GOOD | {"id": i} | change).values()) for i, change in enumerate(changes)]


def _case(test: str, meets: list[dict], fails: list[dict], failing: int | None = 1) -> Case:
    return Case(test, meets, fails, failing)


def _between(column: str, bounds: str) -> str:
    return f"{column}| - expect_column_values_to_be_between: {{arguments: {{{bounds}}}}}"


def _set(expectation: str, column: str, values: str) -> str:
    return f"{column}| - {expectation}: {{arguments: {{value_set: [{values}]}}}}"


def _pair(expectation: str, a: str, b: str, more: str = "") -> str:
    return f"- {expectation}: {{arguments: {{column_A: {a}, column_B: {b}{more}}}}}"


IN, NOT_IN = "expect_column_values_to_be_in_set", "expect_column_values_to_not_be_in_set"
CONTAIN, EQUAL_SET = "expect_column_distinct_values_to_contain_set", "expect_column_distinct_values_to_equal_set"
ABOVE, SAME = "expect_column_pair_values_a_to_be_greater_than_b", "expect_column_pair_values_to_be_equal"
COMPOUND = "- expect_compound_columns_to_be_unique: {arguments: {column_list: [text, flag, day]}}"

CASES = [
    _case("n| - expect_column_values_to_not_be_null", [{}, {"n": 0}], [{}, {"n": None}]),
    _case("x| - expect_column_values_to_not_be_null", [{"x": NAN}], [{"x": None}, {"x": NAN}]),
    _case("flag| - expect_column_values_to_not_be_null", [{"flag": False}], [{"flag": None}, {"flag": None}], 2),
    _case("text| - expect_column_values_to_be_null", [{"text": None}], [{"text": None}, {"text": ""}]),
    _case(_between("n", "min_value: 0, max_value: 5"), [{"n": 0}, {"n": 5}, {"n": None}], [{"n": 6}, {"n": -1}, {}], 2),
    _case(_between("n", "min_value: 0"), [{"n": 2**62}, {"n": None}], [{"n": -1}, {"n": None}]),
    _case(_between("n", "min_value: 5, max_value: 9, strict_max: true"), [{"n": 8}, {}], [{"n": 9}, {}]),
    _case(_between("x", "min_value: 0, strict_min: true"), [{"x": 1e-9}, {"x": INF}], [{"x": 0.0}, {}]),
    _case(_between("x", "max_value: 1"), [{"x": 1.0}, {"x": -INF}, {"x": None}], [{"x": NAN}, {"x": INF}, {}], 2),
    _case(_between("x", "min_value: 0"), [{"x": 0.0}], [{"x": NAN}, {}]),
    _case(_between("day", "min_value: 2026-10-05"), [{}, {"day": None}], [{"day": date(2026, 10, 4)}, {}]),
    _case(_between("at", "max_value: 2026-10-05 12:00:00"), [{}, {"at": None}],
          [{"at": datetime(2026, 10, 5, 12, 0, 0, 1)}, {}]),
    _case(_set(IN, "text", "PC, Mobile"), [{}, {"text": "Mobile"}, {"text": None}], [{"text": "pc"}, {"text": ""}, {}], 2),
    _case(_set(IN, "flag", "false"), [{"flag": False}, {"flag": None}], [{"flag": True}, {"flag": None}]),
    _case(_set(IN, "n", "5, 7"), [{"n": 7}, {}, {"n": None}], [{"n": 6}, {}]),
    _case(_set(IN, "x", "0.5"), [{}, {"x": None}], [{"x": NAN}, {}]),
    _case(_set(IN, "day", "2026-10-05"), [{}, {"day": None}], [{"day": date(2026, 10, 6)}, {}]),
    _case(_set(NOT_IN, "text", "lost, pending"), [{}, {"text": None}], [{"text": "lost"}, {}]),
    _case(_set(NOT_IN, "flag", "true"), [{"flag": False}, {"flag": None}], [{"flag": True}, {"flag": False}]),
    _case("text| - expect_column_values_to_match_regex: {arguments: {regex: '^/[a-z]*$'}}",
          [{"text": "/"}, {"text": "/é".replace("é", "e")}, {"text": None}], [{"text": "a/"}, {"text": ""}, {"text": "/"}], 2),
    _case("text| - expect_column_values_to_not_match_regex: {arguments: {regex: '[?#]'}}",
          [{"text": "/a"}, {"text": None}], [{"text": "/a?b=1"}, {"text": "/#"}, {}], 2),
    _case("n| - expect_column_values_to_be_unique", [{"n": 1}, {"n": 2}, {"n": None}, {"n": None}],
          [{"n": 1}, {"n": 2}, {"n": 1}, {"n": None}], 2),
    _case(COMPOUND, [{"text": None}, {"text": "a"}, {}, {"flag": None}],
          [{"text": None}, {"text": None}, {"text": "a"}, {}], 2),
    _case(COMPOUND, [{"text": None, "flag": None, "day": None}, {}],
          [{"text": None, "flag": None, "day": None}, {"text": None, "flag": None, "day": None}], 2),
    _case(_pair(ABOVE, "n", "id"), [{"n": 9}, {"n": None}, {"n": 3}], [{"n": 0}, {"n": 1}, {"n": 9}], 2),
    _case(_pair(ABOVE, "n", "id", ", or_equal: true"), [{"n": 0}, {"n": 1}, {"n": None}], [{"n": 0}, {"n": 0}], 1),
    _case(_pair(ABOVE, "x", "y"), [{}, {"y": None}, {"x": None}], [{"x": NAN}, {"y": NAN}, {"x": 0.1}, {}], 3),
    _case(_pair(SAME, "x", "y"), [{"y": 0.5}, {"y": None}], [{"y": 0.5}, {"y": 0.4}, {"x": NAN, "y": NAN}], 2),
    _case(_set(CONTAIN, "text", "PC, Mobile"), [{}, {"text": "Mobile"}, {"text": "TV"}], [{}, {"text": None}], None),
    _case(_set(EQUAL_SET, "text", "PC, Mobile"), [{}, {"text": "Mobile"}, {"text": None}],
          [{}, {"text": "Mobile"}, {"text": "TV"}], None),
    _case("n| - expect_column_unique_value_count_to_be_between: {arguments: {min_value: 2, max_value: 2}}",
          [{}, {"n": 6}, {"n": 6}, {"n": None}], [{}, {"n": None}], None),
    _case("- expect_table_row_count_to_be_between: {arguments: {min_value: 2, max_value: 3}}", [{}, {}], [{}], None),
    _case("- expect_table_row_count_to_be_between: {arguments: {max_value: 2, strict_max: true}}", [{}], [{}, {}], None),
]  # fmt: skip
"""`expect_table_columns_to_match_set` is about no rows: it has tests of its own."""
