"""DataFrames and checks in, Great Expectations' verdicts out; it is imported here and only when a check runs (3 s)."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from clarity_assets.quality.suite import Check

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Verdict:
    """Whether the expectation is met; `error` says why that could not be told."""

    passed: bool
    error: str | None = None


def verdicts(frame: "pd.DataFrame", checks: Iterable[Check]) -> dict[str, Verdict]:
    """The verdict of each check by its name: one suite on one frame."""
    checks = list(checks)
    load_library()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Great Expectations about how it calls pandas
        found = _validated(frame, checks)
        if len(checks) > 1 and all(verdict.error for verdict in found.values()):
            # what breaks while metrics are shared breaks a whole suite: alone, each shows whether it is to blame
            found = {check.name: _validated(frame, [check])[check.name] for check in checks}
    return found


@cache
def load_library() -> None:
    """Import Great Expectations without the warnings that it raises about its own imports."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations.expectations  # noqa: F401


def _validated(frame: "pd.DataFrame", checks: list[Check]) -> dict[str, Verdict]:
    import great_expectations as gx

    suite = gx.ExpectationSuite(name="checks", expectations=[_expectation(check) for check in checks])
    batch = _batch_definition().get_batch(batch_parameters={"dataframe": frame})
    told = batch.validate(suite, result_format="BOOLEAN_ONLY")
    return {
        r.expectation_config.meta["check"]: Verdict(bool(r.success), _error(r.exception_info)) for r in told.results
    }


def _expectation(check: Check):
    import great_expectations.expectations as gxe

    return getattr(gxe, class_name(check.expectation_name))(**check.arguments, meta={"check": check.name})


def class_name(expectation_name: str) -> str:
    """`expect_column_values_to_be_unique` is class ExpectColumnValuesToBeUnique."""
    return "".join(word.capitalize() for word in expectation_name.split("_"))


@cache
def _batch_definition():
    """Where frames are handed over; nothing is read or written beside it, and nothing sent."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    frames = context.data_sources.add_pandas("warehouse").add_dataframe_asset("rows")
    return frames.add_batch_definition_whole_dataframe("all")


def _error(info: dict) -> str | None:
    """What was raised, in one line: of the expectation itself, or of each of its metrics by id."""
    raised = [info] if "raised_exception" in info else [told for told in info.values() if isinstance(told, dict)]
    messages = [told.get("exception_message") or "unknown" for told in raised if told.get("raised_exception")]
    return "; ".join(dict.fromkeys(messages)) or None
