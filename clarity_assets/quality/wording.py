"""Arguments of an expectation in, parts of a check's name and of its rule in words out."""

from collections.abc import Mapping
from datetime import datetime

Values = Mapping[str, object]


def name_part(value: object) -> str:
    """A value as part of a name: 0.9 is `0_9`, -5 is `minus_5`."""
    if isinstance(value, datetime):
        value = f"{value:%Y_%m_%d_%H_%M_%S}"
    text = str(value).replace("-", "minus_", 1) if isinstance(value, int | float) else str(value)
    return "".join(c if c.isalnum() and c.isascii() else "_" for c in text).strip("_").lower()


def shown(value: object) -> str:
    """A value as a rule in words has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, str) else str(value)


def one_of(values: Values, word: str = "one") -> str:
    """`one of …` or `none of …`; of a single value `always …` or `never …`."""
    listed = list(map(shown, values["value_set"]))
    alone = "always" if word == "one" else "never"
    return f"{alone} {listed[0]}" if len(listed) == 1 else f"{word} of {', '.join(listed)}"


def _bounds(values: Values) -> list[tuple[str, object]]:
    """Each bound that is given: its words and its value."""
    low = "above" if values.get("strict_min") else "at least"
    high = "below" if values.get("strict_max") else "at most"
    given = [(low, values.get("min_value")), (high, values.get("max_value"))]
    return [(words, value) for words, value in given if value is not None]


def _is_one_value(values: Values) -> bool:
    return values.get("min_value") is not None and values.get("min_value") == values.get("max_value")


def bounds_name(values: Values) -> str:
    bounds = _bounds(values)
    if _is_one_value(values):
        return f"is_{name_part(bounds[0][1])}"
    if [words for words, _ in bounds] == ["at least", "at most"]:
        return f"between_{name_part(bounds[0][1])}_and_{name_part(bounds[1][1])}"
    return "_and_".join(f"{words.replace(' ', '_')}_{name_part(value)}" for words, value in bounds)


def bounds_words(values: Values) -> str:
    if _is_one_value(values):
        return shown(values["min_value"])
    return " and ".join(f"{words} {shown(value)}" for words, value in _bounds(values))


def is_or_equal(values: Values) -> bool:
    return bool(values.get("or_equal"))
