"""A model and its days in, the results of its checks out: Great Expectations' verdicts, SQL's counts and examples."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

import duckdb

from clarity_assets.quality.expectations import SCHEMA
from clarity_assets.quality.frames import Source, reduced_frames, whole_frames
from clarity_assets.quality.suite import Check, checks_of, condition
from clarity_assets.quality.verdicts import Verdict, verdicts
from clarity_assets.warehouse.models.model import PARTITION_COLUMN, Model
from clarity_assets.warehouse.tables import identifier, quoted

WHOLE_ROWS = 10_000  # from about there on the reduced frames are faster (docs/decisions/0006-checks.md)
EXAMPLES = 3
PASSED, FAILED, ERROR = "passed", "failed", "error"
VIEW_ROWS = "clarity_checked_rows"


@dataclass(frozen=True)
class CheckResult:
    """What one check found. `failing_rows` is None where rows do not fail singly; `error` says what broke the check."""

    check: Check
    passed: bool
    error: str | None = None
    rows_checked: int | None = None
    failing_rows: int | None = None
    observed: str | None = None
    examples: tuple[dict[str, object], ...] = ()

    @property
    def outcome(self) -> str:
        return ERROR if self.error else PASSED if self.passed else FAILED


@dataclass(frozen=True)
class Figures:
    """What SQL counts of a check; `error` where it could not."""

    rows_checked: int | None = None
    failing_rows: int | None = None
    observed: str | None = None
    error: str | None = None


def check_model(
    con: duckdb.DuckDBPyConnection,
    model: Model,
    *,
    start: date | None = None,
    end: date | None = None,
    checks: Iterable[Check] | None = None,
    whole_rows: int = WHOLE_ROWS,
) -> list[CheckResult]:
    """Check the model's rows of the UTC days [start, end), or all; every check of its contract unless some are given.

    Up to `whole_rows` rows are looked at whole, more by aggregates that decide the same. A check that breaks is a
    result with `error`, never a failed expectation. Reads only; of a view the rows are computed once.
    """
    checks = list(checks_of(model) if checks is None else checks)
    days = f"{PARTITION_COLUMN} >= $start and {PARTITION_COLUMN} < $end" if model.is_daily and start and end else None
    source = Source(quoted(model.table), days, {"start": start, "end": end} if days else None)
    try:
        if model.is_view:
            source = _computed(con, source)
        columns = [name for name, *_ in con.execute(f"describe {source.table}").fetchall()]
    except duckdb.Error as error:
        return [CheckResult(check, False, f"{model.table} cannot be read: {_line(error)}") for check in checks]
    try:
        return _checked(con, model, source, checks, columns=columns, whole_rows=whole_rows)
    finally:
        if model.is_view:
            con.execute(f"drop table {source.table}")


def _computed(con: duckdb.DuckDBPyConnection, source: Source) -> Source:
    """A view's rows, computed once into a table of this connection alone."""
    table = f"temp.{VIEW_ROWS}"
    con.execute(f"create or replace temp table {VIEW_ROWS} as select * {source.rows()}", source.parameters)
    return Source(table)


def _checked(con, model: Model, source: Source, checks: list[Check], *, columns: list[str], whole_rows: int):
    missing = {check.name: [c for c in check.columns if c not in columns] for check in checks}
    sound = [check for check in checks if not missing[check.name]]
    figures = _figures(con, source, sound, model.column_types)
    counted = [check for check in sound if not figures[check.name].error]
    row_count = max((figures[check.name].rows_checked or 0 for check in counted), default=0)
    frames = whole_frames if row_count <= whole_rows else reduced_frames
    found: dict[str, Verdict] = {}
    for load, looking in frames(con, source, counted):
        try:
            found |= verdicts(load(), looking)
        except duckdb.Error as error:
            found |= {check.name: Verdict(False, _line(error)) for check in looking}
    results = []
    for check in checks:
        if missing[check.name]:
            problem = f"column {missing[check.name][0]} is missing in {model.table}: materialize it anew"
            results.append(CheckResult(check, False, problem))
            continue
        result = _result(check, figures[check.name], found.get(check.name))
        if result.failing_rows and not result.error:
            keys = [c for c in model.contract.meta.grain if c in columns]
            result = replace(result, examples=_examples(con, source, check, keys, model.column_types))
        results.append(_with_columns(result, columns))
    return results


def _result(check: Check, figures: Figures, verdict: Verdict | None) -> CheckResult:
    """Verdict and figures together: where they contradict one another, neither is believed."""
    error = figures.error or (verdict.error if verdict else "no verdict was given")
    passed = verdict is not None and verdict.passed and not error
    if not error and check.expectation.is_of_rows and passed != (figures.failing_rows == 0):
        says = "met" if passed else "not met"
        error = f"Great Expectations says that it is {says}, SQL counts {figures.failing_rows} failing rows"
        passed = False
    return CheckResult(check, passed, error, figures.rows_checked, figures.failing_rows, figures.observed)


def _with_columns(result: CheckResult, columns: list[str]) -> CheckResult:
    is_of_columns = result.check.expectation.reduced_to == SCHEMA
    return replace(result, observed=", ".join(sorted(columns))) if is_of_columns else result


# --- counted by SQL -----------------------------------------------------------------------------------------------


def _figures(con, source: Source, checks: list[Check], types) -> dict[str, Figures]:
    """Counts of all checks in one pass over the rows; one by one where that fails, so that the guilty one is known."""
    try:
        return _counted(con, source, checks, types)
    except duckdb.Error as error:
        if len(checks) == 1:
            return {checks[0].name: Figures(error=_line(error))}
    return {name: told for check in checks for name, told in _figures(con, source, [check], types).items()}


def _counted(con, source: Source, checks: list[Check], types) -> dict[str, Figures]:
    if not checks:
        return {}
    told = [expression for check in checks for expression in _expressions(check, types)]
    [row] = con.execute(f"select {', '.join(told)} {source.rows()}", source.parameters).fetchall()
    figures = {}
    for check, (rows, failing, observed) in zip(checks, zip(*[iter(row)] * 3, strict=True), strict=True):
        if check.expectation.is_of_keys:
            failing = _repeated(con, source, check)
        figures[check.name] = Figures(rows, failing, None if observed is None else str(observed))
    return figures


def _expressions(check: Check, types) -> tuple[str, str, str]:
    """Three aggregates: rows looked at, rows that fail, what was seen."""
    where = f"filter (where {check.where})" if check.where else ""
    failing = condition(check, types)
    observed = check.expectation.observed
    return (
        f"count(*) {where}",
        f"count(*) filter (where {failing})" if failing else "null",
        observed(check.values).format(where=where) if observed else "null",
    )


def _repeated(con, source: Source, check: Check) -> int:
    """The rows whose key stands more than once."""
    sql = f"select coalesce(sum(_n), 0)::bigint from ({_repeated_keys(source, check)})"  # noqa: S608
    [(count,)] = con.execute(sql, source.parameters).fetchall()
    return count


def _repeated_keys(source: Source, check: Check) -> str:
    listed = ", ".join(map(identifier, check.columns))
    known = f"({check.where or 'true'})" + (f" and {listed} is not null" if check.expectation.has_column else "")
    return f"select {listed}, count(*) as _n {source.rows(known)} group by {listed} having count(*) > 1"


# --- examples -----------------------------------------------------------------------------------------------------


def _examples(con, source: Source, check: Check, keys: list[str], types) -> tuple[dict[str, object], ...]:
    """The first failing rows in the order of their keys: the grain's columns and the tested ones."""
    columns = list(dict.fromkeys([*keys, *check.columns]))
    listed, order = (", ".join(f"r.{identifier(c)}" for c in names) for names in (columns, keys or columns))
    if check.expectation.is_of_keys:
        same = " and ".join(f"r.{c} is not distinct from k.{c}" for c in map(identifier, check.columns))
        first = f"{_repeated_keys(source, check)} order by all limit {EXAMPLES}"
        rows = f"from (select * {source.rows(check.where)}) as r join ({first}) as k on {same}"
    else:
        rows = f"from (select * {source.rows(condition(check, types))}) as r"
    found = con.execute(f"select {listed} {rows} order by {order} limit {EXAMPLES}", source.parameters).fetchall()
    return tuple(dict(zip(columns, map(_plain, row), strict=True)) for row in found)


def _plain(value: object) -> object:
    """A value as JSON can say it."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, bool | int | float | str | None) else str(value)


def _line(error: Exception) -> str:
    return str(error).split("\n")[0]
