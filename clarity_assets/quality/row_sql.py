"""Arguments of an expectation and the types of columns in, SQL conditions of failing rows and figures out."""

from collections.abc import Mapping
from datetime import date, datetime

from clarity_assets.quality.wording import Values
from clarity_assets.warehouse.tables import identifier, literal

NUMBER, TEXT, BOOLEAN, DATE, TIMESTAMP, OTHER = "number", "text", "boolean", "date", "timestamp", "other"
"""Kinds of columns: what a value of an argument must be to be compared with them."""

SHOWN_VALUES = 20

Types = Mapping[str, str]
"""Column -> DuckDB type."""


def kind_of(type_name: str) -> str:
    """The kind of a DuckDB type."""
    base = type_name.partition("(")[0]
    if base.endswith("]"):
        return OTHER
    if base.endswith("INT") or base in ("INTEGER", "UINTEGER", "DOUBLE", "FLOAT", "DECIMAL"):
        return NUMBER
    return {"VARCHAR": TEXT, "BOOLEAN": BOOLEAN, "DATE": DATE, "TIMESTAMP": TIMESTAMP}.get(base, OTHER)


def kind_of_value(value: object) -> str:
    """The kind of columns that a value of a contract compares with."""
    for types, kind in ((bool, BOOLEAN), ((int, float), NUMBER), (str, TEXT), (datetime, TIMESTAMP), (date, DATE)):
        if isinstance(value, types):
            return kind
    return OTHER


def sql_value(value: object) -> str:
    """A contract's value as an SQL literal."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return f"timestamp '{value.isoformat(sep=' ')}'"
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    return repr(value) if isinstance(value, int | float) else literal(str(value))


def _is_nan(column: str, types: Types) -> str:
    """NaN is a value that fits no comparison (DuckDB calls it the largest number, pandas compares it with nothing)."""
    return f" or isnan({identifier(column)})" if types[column] in ("DOUBLE", "FLOAT") else ""


def outside(values: Values, types: Types) -> str:
    column = identifier(values["column"])
    low, high = values.get("min_value"), values.get("max_value")
    below = [f"{column} {'<=' if values.get('strict_min') else '<'} {sql_value(low)}"] if low is not None else []
    above = [f"{column} {'>=' if values.get('strict_max') else '>'} {sql_value(high)}"] if high is not None else []
    return " or ".join(below + above) + _is_nan(values["column"], types)


def in_set(values: Values) -> str:
    return f"{identifier(values['column'])} in ({', '.join(map(sql_value, values['value_set']))})"


def matches(values: Values) -> str:
    return f"regexp_matches({identifier(values['column'])}, {literal(values['regex'])})"


def pair(compared: str, values: Values, types: Types) -> str:
    a, b = values["column_A"], values["column_B"]
    known = f"{identifier(a)} is not null and {identifier(b)} is not null"
    fails = f"not ({identifier(a)} {compared} {identifier(b)})"
    return f"{known} and ({fails}{_is_nan(a, types)}{_is_nan(b, types)})"


def range_seen(values: Values) -> str:
    column = identifier(values["column"])
    return f"cast(min({column}) {{where}} as varchar) || ' to ' || cast(max({column}) {{where}} as varchar)"


def values_seen(values: Values) -> str:
    column = f"cast({identifier(values['column'])} as varchar)"
    return f"array_to_string(list_sort(list(distinct {column}) {{where}})[:{SHOWN_VALUES}], ', ')"
