"""The expectations that contracts may use: for each, its arguments, its words, and the SQL that counts and reduces."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from clarity_assets.quality.row_sql import (
    BOOLEAN,
    DATE,
    NUMBER,
    OTHER,
    TEXT,
    TIMESTAMP,
    Types,
    in_set,
    matches,
    outside,
    pair,
    range_seen,
    values_seen,
)
from clarity_assets.quality.wording import Values, bounds_name, bounds_words, is_or_equal, one_of, shown
from clarity_assets.warehouse.tables import identifier

EXTREMES, DISTINCT, KEYS, PAIRS, COUNT, SCHEMA = "extremes", "distinct", "keys", "pairs", "count", "schema"
"""Kinds of frames that a large table is reduced to; see `frames`."""


@dataclass(frozen=True)
class Argument:
    """What a contract may write: `role` is column, columns, bound, values, regex, whole, flag or names."""

    role: str
    required: bool = False


@dataclass(frozen=True)
class Expectation:
    """One expectation of Great Expectations.

    `failing` is the SQL condition of a row that violates it (None: only the whole table can); `observed` an SQL
    aggregate that tells what was seen, with `{where}` for a filter. `fixed` arguments are always handed over.
    """

    arguments: Mapping[str, Argument]
    name: Callable[[Values], str]
    words: Callable[[Values], str]
    reduced_to: str
    failing: Callable[[Values, Types], str] | None = None
    observed: Callable[[Values], str] | None = None
    kinds: tuple[str, ...] = (NUMBER, TEXT, BOOLEAN, DATE, TIMESTAMP, OTHER)
    fixed: Mapping[str, object] = field(default_factory=dict)

    @property
    def has_column(self) -> bool:
        return "column" in self.arguments

    @property
    def is_of_keys(self) -> bool:
        return self.reduced_to == KEYS

    @property
    def is_of_rows(self) -> bool:
        """Whether single rows violate it, so that they can be counted and shown."""
        return self.failing is not None or self.is_of_keys

    def columns(self, values: Values) -> tuple[str, ...]:
        """The columns that are tested, each once."""
        named = [values[n] for n, a in self.arguments.items() if a.role == "column"]
        listed = [c for n, a in self.arguments.items() if a.role == "columns" for c in values[n]]
        return tuple(dict.fromkeys([*named, *listed]))


COLUMN = Argument("column", required=True)
RANGE = {
    "min_value": Argument("bound"), "max_value": Argument("bound"),
    "strict_min": Argument("flag"), "strict_max": Argument("flag"),
}  # fmt: skip
SET = {"column": COLUMN, "value_set": Argument("values", required=True)}
PATTERN = {"column": COLUMN, "regex": Argument("regex", required=True)}
PAIR = {"column_A": COLUMN, "column_B": COLUMN}
# a comparison with an unknown value tells nothing: `…_to_not_be_null` is for that
PAIR_FIXED = {"ignore_row_if": "either_value_is_missing"}

EXPECTATIONS: Mapping[str, Expectation] = {
    "expect_column_values_to_not_be_null": Expectation(
        {"column": COLUMN},
        lambda v: f"{v['column']}_not_null",
        lambda v: f"{v['column']} is never NULL",
        EXTREMES,
        lambda v, _: f"{identifier(v['column'])} is null",
    ),
    "expect_column_values_to_be_null": Expectation(
        {"column": COLUMN},
        lambda v: f"{v['column']}_null",
        lambda v: f"{v['column']} is always NULL",
        EXTREMES,
        lambda v, _: f"{identifier(v['column'])} is not null",
    ),
    "expect_column_values_to_be_between": Expectation(
        {"column": COLUMN} | RANGE,
        lambda v: f"{v['column']}_{bounds_name(v)}",
        lambda v: f"{v['column']} is {bounds_words(v)}",
        EXTREMES,
        outside,
        range_seen,
        kinds=(NUMBER, DATE, TIMESTAMP),
    ),
    "expect_column_values_to_be_in_set": Expectation(
        SET,
        lambda v: f"{v['column']}_in_set",
        lambda v: f"{v['column']} is {one_of(v)}",
        DISTINCT,
        lambda v, _: f"not ({in_set(v)})",
    ),
    "expect_column_values_to_not_be_in_set": Expectation(
        SET,
        lambda v: f"{v['column']}_not_in_set",
        lambda v: f"{v['column']} is {one_of(v, 'none')}",
        DISTINCT,
        lambda v, _: in_set(v),
    ),
    "expect_column_values_to_match_regex": Expectation(
        PATTERN,
        lambda v: f"{v['column']}_matches_pattern",
        lambda v: f"{v['column']} matches {v['regex']}",
        DISTINCT,
        lambda v, _: f"not {matches(v)}",
        kinds=(TEXT,),
    ),
    "expect_column_values_to_not_match_regex": Expectation(
        PATTERN,
        lambda v: f"{v['column']}_avoids_pattern",
        lambda v: f"{v['column']} does not match {v['regex']}",
        DISTINCT,
        lambda v, _: matches(v),
        kinds=(TEXT,),
    ),
    "expect_column_values_to_be_unique": Expectation(
        {"column": COLUMN},
        lambda v: f"{v['column']}_unique",
        lambda v: f"{v['column']} is unique (NULLs aside)",
        KEYS,
    ),
    "expect_compound_columns_to_be_unique": Expectation(
        {"column_list": Argument("columns", required=True)},
        lambda v: f"{'_and_'.join(dict.fromkeys(v['column_list']))}_unique",
        lambda v: f"{', '.join(dict.fromkeys(v['column_list']))}: each combination stands once, NULL being a value",
        KEYS,
        fixed={"ignore_row_if": "never"},
    ),
    "expect_column_pair_values_a_to_be_greater_than_b": Expectation(
        PAIR | {"or_equal": Argument("flag")},
        lambda v: f"{v['column_A']}_{'at_least' if is_or_equal(v) else 'above'}_{v['column_B']}",
        lambda v: f"{v['column_A']} is {'at least' if is_or_equal(v) else 'above'} {v['column_B']}",
        PAIRS,
        lambda v, types: pair(">=" if is_or_equal(v) else ">", v, types),
        kinds=(NUMBER, DATE, TIMESTAMP),
        fixed=PAIR_FIXED,
    ),
    "expect_column_pair_values_to_be_equal": Expectation(
        PAIR,
        lambda v: f"{v['column_A']}_equals_{v['column_B']}",
        lambda v: f"{v['column_A']} equals {v['column_B']}",
        PAIRS,
        lambda v, types: pair("=", v, types),
        fixed=PAIR_FIXED,
    ),
    "expect_column_distinct_values_to_contain_set": Expectation(
        SET,
        lambda v: f"{v['column']}_contains_all",
        lambda v: f"{v['column']} has each of {', '.join(map(shown, v['value_set']))} at least once",
        DISTINCT,
        observed=values_seen,
    ),
    "expect_column_distinct_values_to_equal_set": Expectation(
        SET,
        lambda v: f"{v['column']}_equals_set",
        lambda v: f"{v['column']} has each of {', '.join(map(shown, v['value_set']))} at least once and nothing else",
        DISTINCT,
        observed=values_seen,
    ),
    "expect_column_unique_value_count_to_be_between": Expectation(
        {"column": COLUMN} | {n: Argument("whole") if a.role == "bound" else a for n, a in RANGE.items()},
        lambda v: f"{v['column']}_value_count_{bounds_name(v)}",
        lambda v: f"the number of different values of {v['column']} is {bounds_words(v)}",
        DISTINCT,
        observed=lambda v: f"count(distinct {identifier(v['column'])}) {{where}}",
    ),
    "expect_table_row_count_to_be_between": Expectation(
        {n: Argument("whole") if a.role == "bound" else a for n, a in RANGE.items()},
        lambda v: f"row_count_{bounds_name(v)}",
        lambda v: f"the number of rows is {bounds_words(v)}",
        COUNT,
        observed=lambda v: "count(*) {where}",
    ),
    "expect_table_columns_to_match_set": Expectation(
        {"column_set": Argument("names", required=True), "exact_match": Argument("flag")},
        lambda v: "columns_match",
        lambda v: f"the columns are {', '.join(v['column_set'])}{'' if v.get('exact_match', True) else ', or more'}",
        SCHEMA,
    ),
}
"""By Great Expectations' own names; their arguments are held against its classes by a test."""
