"""Any rows and any arguments in: all rows and the few that stand for them have the same verdict, and SQL agrees."""

from datetime import date, datetime

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from clarity_assets.quality.expectations import EXPECTATIONS
from clarity_assets.quality.suite import Check
from clarity_assets_tests.unit.quality.by_hand import checked, fill, make_model

DAYS = [date(2026, 10, d) for d in (4, 5, 6)]
INSTANTS = [datetime(2026, 10, 5, 12, 0, s, us) for s, us in ((0, 0), (0, 1), (59, 999_999))]
NUMBERS, WHOLE = [-1.5, -0.0, 0.0, 0.1, 0.3, 1e300], [-1, 0, 1, 2, 2**53 - 1]
TEXTS = ["", "a", "A", "b a", "é", "/p?q=1", "naïve\t"]
VALUES = {
    "n": st.sampled_from([*WHOLE, -(2**63), 2**63 - 1]), "m": st.sampled_from([0, 1, 2]),
    "x": st.sampled_from([*NUMBERS, float("nan"), float("inf"), -float("inf")]), "y": st.sampled_from(NUMBERS),
    "text": st.sampled_from(TEXTS), "flag": st.booleans(), "day": st.sampled_from(DAYS), "at": st.sampled_from(INSTANTS),
}  # fmt: skip
TYPES = {
    "n": "BIGINT", "m": "BIGINT", "x": "DOUBLE", "y": "DOUBLE", "text": "VARCHAR", "flag": "BOOLEAN",
    "day": "DATE", "at": "TIMESTAMP",
}  # fmt: skip
BOUNDS = {"n": WHOLE, "m": WHOLE, "x": NUMBERS, "y": NUMBERS, "day": DAYS, "at": INSTANTS}
SETS = BOUNDS | {"x": NUMBERS[2:], "y": NUMBERS[2:], "text": TEXTS, "flag": [True, False]}
PATTERNS = ["^a", "a$", "[a-z]+", "^$", "^[^?#]*$", r"^\S+$"]
rows = st.lists(st.tuples(*(st.none() | values for values in VALUES.values())), max_size=6)


@st.composite
def arguments(draw, name: str) -> dict:
    """Arguments of an expectation that a contract might have."""
    expected = EXPECTATIONS[name].arguments
    if "column_A" in expected:
        a, b = draw(st.sampled_from([("n", "m"), ("m", "n"), ("x", "y"), ("y", "x"), ("x", "m"), ("m", "y")]))
        return {"column_A": a, "column_B": b} | ({"or_equal": draw(st.booleans())} if "or_equal" in expected else {})
    if "column_list" in expected:
        chosen = draw(st.lists(st.sampled_from(list(TYPES)), min_size=1, max_size=4, unique=True))
        return {"column_list": chosen * 2 if len(chosen) == 1 else chosen}
    if "column_set" in expected:
        chosen = draw(st.sets(st.sampled_from([*TYPES, "more"]), min_size=6))
        return {"column_set": sorted(chosen), "exact_match": draw(st.booleans())}
    columns = PATTERN_COLUMNS if "regex" in expected else BOUNDS if name.endswith("values_to_be_between") else TYPES
    values = {"column": draw(st.sampled_from(list(columns)))} if "column" in expected else {}
    if "regex" in expected:
        values["regex"] = draw(st.sampled_from(PATTERNS))
    if "value_set" in expected:
        values["value_set"] = draw(st.lists(st.sampled_from(SETS[values["column"]]), min_size=1, max_size=4))
    if "min_value" in expected:
        is_whole = expected["min_value"].role == "whole"
        values |= draw(bounds([0, 1, 2, 3] if is_whole else BOUNDS[values["column"]]))
    return values


PATTERN_COLUMNS = ["text"]


@st.composite
def bounds(draw, values: list) -> dict:
    low, high = sorted(draw(st.tuples(st.sampled_from(values), st.sampled_from(values))))
    sides = draw(st.sampled_from([("min",), ("max",), ("min", "max")]))
    found = {f"{side}_value": value for side, value in (("min", low), ("max", high)) if side in sides}
    return found | {f"strict_{side}": draw(st.booleans()) for side in sides}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("model"), columns=TYPES)


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as con:
        yield con


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # 0.2 s an example: shrinking would take minutes
)
@given(rows=rows, data=st.data())
def test_all_rows_and_few_that_stand_for_them_have_the_same_verdict(con, model, rows, data):
    fill(con, model, rows)
    condition = st.sampled_from([None, "m > 0", "text is null or flag"])
    checks = [
        Check(name, name, data.draw(arguments(name), label=name), "error", where=data.draw(condition))
        for name in EXPECTATIONS
    ]
    whole, reduced = (checked(con, model, checks=checks, whole_rows=limit) for limit in (1000, -1))
    for name, result in whole.items():
        assert (result.error, reduced[name].error) == (None, None), result.check
        assert result.passed == reduced[name].passed, result.check
        assert result == reduced[name]
