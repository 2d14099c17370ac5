"""Paths as mappings write them in; SQL that takes a value out of a JSON text or of a table's columns out.

`user.id` is a column of that name, else what JSON holds there; `items[0].id` counts from 0; `$…` is a JSONPath as such;
`event_params[page_location]` is a list's element with that `key`, by its `value`, as Google Analytics exports them.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from clarity_assets.warehouse.tables import identifier, literal

PATH_RULE = "write a.b.c, a[0].b, list[key], or a JSONPath that begins with $"
_KEYED = re.compile(r"(?P<list>.+)\[(?P<key>[A-Za-z_][\w-]*)\]")
_STEP = re.compile(r"(?P<name>[^.\[\]\"$][^.\[\]\"]*)(?P<places>(?:\[\d+\])*)")
_VALUES = ("string_value", "int_value", "float_value", "double_value")
_PARAMETERS = '[{"key":"VARCHAR","value":{' + ",".join(f'"{name}":"VARCHAR"' for name in _VALUES) + "}}]"


@dataclass(frozen=True)
class Place:
    """Where a value lies: a column (None: the row is JSON), a JSONPath in it ('$': all of it), a key of a list."""

    column: str | None
    path: str
    key: str | None = None

    @property
    def is_column(self) -> bool:
        return self.path == "$" and self.key is None


def is_path(text: str) -> bool:
    """Whether a mapping may write it."""
    if text.startswith("$"):
        return _is_jsonpath(text)
    keyed = _KEYED.fullmatch(text)
    return all(_STEP.fullmatch(step) for step in (keyed["list"] if keyed else text).split("."))


def _is_jsonpath(text: str) -> bool:
    return bool(re.fullmatch(r"\$([.\[].+)", text))


def place_in_json(text: str) -> Place:
    """The place in a row that is JSON."""
    if text.startswith("$"):
        return Place(None, text)
    keyed = _KEYED.fullmatch(text)
    steps = (keyed["list"] if keyed else text).split(".")
    return Place(None, "$" + "".join(_jsonpath(step) for step in steps), keyed["key"] if keyed else None)


def place_in_table(text: str, columns: Collection[str]) -> Place | None:
    """The place in a table with these columns: the column of that name, else a path into the longest one that fits."""
    if text in columns:
        return Place(text, "$")
    keyed = _KEYED.fullmatch(text)
    steps = (keyed["list"] if keyed else text).split(".")
    for count in range(len(steps), 0, -1):
        name = ".".join(steps[:count])
        rest = "".join(_jsonpath(step) for step in steps[count:])
        last = _STEP.fullmatch(steps[count - 1])
        if name in columns:
            return Place(name, "$" + rest, keyed["key"] if keyed else None)
        if last and last["places"] and name.removesuffix(last["places"]) in columns:
            return Place(
                name.removesuffix(last["places"]), "$" + last["places"] + rest, keyed["key"] if keyed else None
            )
    return None


def _jsonpath(step: str) -> str:
    found = _STEP.fullmatch(step)
    return f'."{found["name"]}"{found["places"]}'


def in_json(json: str, path: str) -> str:
    """SQL of the text at a JSONPath."""
    return f"json_extract_string({json}, {literal(path)})"


def parameters(json: str, path: str) -> str:
    """SQL of a list of parameters (key, value) at a JSONPath."""
    inner = json if path == "$" else f"json_extract({json}, {literal(path)})"
    return f"json_transform({inner}, {literal(_PARAMETERS)})"


def of_key(parameters: str, key: str) -> str:
    """SQL of the value of the parameter of that key."""
    value = f"list_filter({parameters}, lambda p: p.key = {literal(key)})[1].value"
    return f"coalesce({', '.join(f'({value}).{name}' for name in _VALUES)})"


def text_of_column(name: str, type_name: str) -> str:
    """SQL of a column's value as text: lists and records as JSON, whole numbers without `.0`."""
    column = identifier(name)
    if type_name in ("DOUBLE", "FLOAT"):  # pandas stores whole numbers so, where others are missing
        is_whole = f"{column} = trunc({column}) and abs({column}) < 1e15"
        return f"case when {is_whole} then {column}::bigint::varchar else {column}::varchar end"
    if type_name == "BLOB":
        return f"try(decode({column}))"
    if type_name.endswith("]") or type_name.startswith(("STRUCT", "MAP", "UNION")):
        return f"to_json({column})::varchar"
    return f"{column}::varchar"
