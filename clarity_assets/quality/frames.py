"""Rows in DuckDB in, the DataFrames that Great Expectations looks at out: all rows, or few that decide the same.

Arrow types throughout: a BIGINT with NULLs stays whole numbers, a BOOLEAN stays boolean, NaN and NULL stay two things.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

import duckdb

from clarity_assets.quality.expectations import COUNT, DISTINCT, EXTREMES, KEYS, PAIRS, SCHEMA
from clarity_assets.quality.suite import Check
from clarity_assets.warehouse.tables import identifier

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Source:
    """Rows to be checked: `table` (safe to stand in SQL), with the condition and the parameters of the days."""

    table: str
    days: str | None = None
    parameters: dict | None = None

    def rows(self, *conditions: str | None) -> str:
        """`from …` with the days and more conditions."""
        given = [f"({condition})" for condition in (self.days, *conditions) if condition]
        return f"from {self.table}" + (f" where {' and '.join(given)}" if given else "")


Load = Callable[[], "pd.DataFrame"]
Rows = Callable[..., str]


def whole_frames(
    con: duckdb.DuckDBPyConnection, source: Source, checks: Iterable[Check]
) -> Iterator[tuple[Load, list[Check]]]:
    """All rows, in the columns that are tested: one frame for each condition, with the checks that look at it."""
    for where, found in _grouped(checks, lambda check: check.where or ""):
        is_of_schema = any(check.expectation.reduced_to == SCHEMA for check in found)
        listed = "*" if is_of_schema else _listed(c for check in found for c in check.columns) or "1 as row"
        yield partial(_frame, con, f"select {listed} {source.rows(where)}", source.parameters), found


def reduced_frames(
    con: duckdb.DuckDBPyConnection, source: Source, checks: Iterable[Check]
) -> Iterator[tuple[Load, list[Check]]]:
    """Few rows that pass or fail an expectation exactly if all rows do, with the checks that look at them."""
    for (where, kind, _), found in _grouped(checks, _frame_key):
        rows = partial(source.rows, where)
        if kind == COUNT:
            yield partial(_empty_rows, con, f"select count(*) {rows()}", source.parameters), found
        else:
            columns = tuple(dict.fromkeys(c for check in found for c in check.columns))
            yield partial(_frame, con, REDUCTIONS[kind](columns, rows, found[0]), source.parameters), found


def _frame_key(check: Check) -> tuple[str, str, tuple[str, ...]]:
    """Checks of one key share a frame: extremes and distinct values serve all columns, pairs and keys their own."""
    kind = check.expectation.reduced_to
    own = (*check.columns, check.expectation_name) if kind in (PAIRS, KEYS) else ()
    return check.where or "", kind, own


def _grouped(checks: Iterable[Check], key) -> Iterator[tuple]:
    for found, group in groupby(sorted(checks, key=key), key):
        yield found, list(group)


def _frame(con: duckdb.DuckDBPyConnection, sql: str, parameters: dict | None) -> "pd.DataFrame":
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    # `sql`, not `execute`: the Arrow table of a cursor is a copy (a warning of DuckDB 2.0 says so)
    table = con.sql(sql, params=parameters).to_arrow_table()
    for i, field in enumerate(table.schema):
        if pa.types.is_floating(field.type):
            # -0.0 becomes 0.0: one value to SQL, two to Arrow's sets (here, not in pandas, which makes NaN a NULL)
            table = table.set_column(i, field.name, pc.add(table.column(i), 0.0))
    return table.to_pandas(types_mapper=pd.ArrowDtype)


def _empty_rows(con: duckdb.DuckDBPyConnection, sql: str, parameters: dict | None) -> "pd.DataFrame":
    """As many rows as are counted, without columns."""
    import pandas as pd

    [(count,)] = con.execute(sql, parameters).fetchall()
    return pd.DataFrame(index=pd.RangeIndex(count))


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(identifier(c) for c in dict.fromkeys(columns))


# --- reductions ---------------------------------------------------------------------------------------------------


def _extremes(columns: tuple[str, ...], rows: Rows, _: Check) -> str:
    """Three rows: each column's smallest and largest value (NaN is the largest), and a NULL if it has one."""
    told = ", ".join(
        f"unnest([min({c}), max({c}), case when count({c}) = count(*) then min({c}) end]) as {c}"
        for c in map(identifier, columns)
    )
    return f"select {told} {rows()} having count(*) > 0"


def _distinct(columns: tuple[str, ...], rows: Rows, _: Check) -> str:
    """Each column's values once; shorter columns end in NULLs, at which none of these expectations looks."""
    lists = ", ".join(f"list(distinct {c}) as {c}" for c in map(identifier, columns))
    told = ", ".join(f"unnest({c}) as {c}" for c in map(identifier, columns))
    return f"select {told} from (select {lists} {rows()})"  # noqa: S608 - columns of a contract, quoted


def _keys(columns: tuple[str, ...], rows: Rows, check: Check) -> str:
    """The key that stands most often: twice if it does so more than once, else once."""
    # `_n`: no column of a contract begins with an underscore, and DuckDB groups by an alias before it does by a column
    listed = _listed(columns)
    known = f"{listed} is not null" if check.expectation.has_column else None
    most = f"select {listed}, count(*) as _n {rows(known)} group by {listed} order by _n desc limit 1"
    return f"select {listed} from (select *, unnest(range(least(_n, 2))) from ({most}))"  # noqa: S608


def _pairs(columns: tuple[str, ...], rows: Rows, check: Check) -> str:
    """For each value of the second column the smallest and the largest of the first (NaN is the largest)."""
    a, b = identifier(check.values["column_A"]), identifier(check.values["column_B"])
    known = f"{a} is not null and {b} is not null"
    return f"select unnest([min({a}), max({a})]) as {a}, {b} {rows(known)} group by {b}"


def _no_rows(_: tuple[str, ...], rows: Rows, __: Check) -> str:
    return f"select * {rows()} limit 0"


REDUCTIONS = {EXTREMES: _extremes, DISTINCT: _distinct, KEYS: _keys, PAIRS: _pairs, SCHEMA: _no_rows}
