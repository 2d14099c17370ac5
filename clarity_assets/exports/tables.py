"""A warehouse, a project and a period in; the five exported tables as SQL with the columns of their contracts out."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache

import duckdb

from clarity_assets.errors import WarehouseError
from clarity_assets.project_models import ROOT
from clarity_assets.reports.period import Period
from clarity_assets.warehouse.columns import Column
from clarity_assets.warehouse.models.contract import read_contract, read_shared
from clarity_assets.warehouse.tables import identifier, quoted

NAMES = ("traffic", "engagement", "frustration", "geography", "attribution")
"""The exported tables: `traffic` is `marts.fct_traffic_daily`, and so on."""

CHUNK = timedelta(days=31)  # a long period is read, sorted and written by so many days: bounded memory
EXACT, FINITE = (
    "{}",
    "if(isfinite({0}), {0}, null)",
)  # infinity is no number in JSON and Excel, nor one that anybody told


@dataclass(frozen=True)
class Source:
    """What is exported: the rows of one project in one period. `made_at` is UTC."""

    con: duckdb.DuckDBPyConnection
    project_id: str
    period: Period
    made_at: datetime

    @property
    def parameters(self) -> dict[str, object]:
        return {"project_id": self.project_id, "start": self.period.start, "end": self.period.end}

    def in_chunks(self) -> Iterator["Source"]:
        """The same in pieces of at most CHUNK, in the order of days."""
        start = self.period.start
        while start < self.period.end:
            end = min(self.period.end, start + CHUNK)
            yield replace(self, period=Period(start, end))
            start = end


class MartOutdated(WarehouseError):
    """A mart lacks a column of its contract: it was made by an older version."""


@dataclass(frozen=True)
class Mart:
    """A mart as its contract declares it. `grain` orders its rows, so that the same rows make the same file."""

    name: str
    columns: tuple[Column, ...]
    grain: tuple[str, ...]

    @property
    def table(self) -> str:
        return f"marts.{self.name}"

    def named(self, *names: str) -> tuple[Column, ...]:
        """Some of the columns, in the order asked for."""
        by_name = {column.name: column for column in self.columns}
        return tuple(by_name[name] for name in names)

    @property
    def order(self) -> str:
        return ", ".join(f"{identifier(name)} nulls last" for name in self.grain)


@cache
def read_mart(name: str) -> Mart:
    """The mart `marts.<name>`, as its contract says."""
    [path] = ROOT.glob(f"marts/**/{name}.yml")
    contract = read_contract(path, read_shared(ROOT))
    columns = tuple(Column(c.name, c.type, c.meaning) for c in contract.columns)
    return Mart(name, columns, tuple(contract.meta.grain))


def exported(name: str) -> Mart:
    """The mart of one of NAMES."""
    return read_mart(f"fct_{name}_daily")


def rows_sql(source: Source, mart: Mart, *, text: str = EXACT) -> str:
    """The project's rows of the period with all columns in order; `text` is SQL over each text column, such as `f({})`.

    For `execute(…, source.parameters)`. Raises MartOutdated.
    """
    listed = ", ".join(_expression(column, text) for column in mart.columns)
    return f"select {listed} from ({days_sql(source, mart)}) order by {mart.order}"  # noqa: S608 - names of contracts


def days_sql(source: Source, mart: Mart) -> str:
    """The project's rows of the period as they are stored; none where the mart was never made. Raises MartOutdated."""
    found = source.con.execute(
        """select column_name from duckdb_columns()
           where schema_name = 'marts' and table_name = ? and database_name = current_database()""",
        [mart.name],
    ).fetchall()
    names = {name for (name,) in found}
    if missing := [c.name for c in mart.columns if names and c.name not in names]:
        raise MartOutdated(
            f"{mart.table} has no column {missing[0]!r}: an older version made it; materialize it for the days from "
            f"{source.period.start} to {source.period.last}"
        )
    rows = quoted(mart.table) if names else f"({_no_rows(mart)})"
    return f"select * from {rows} where project_id = $project_id and date >= $start and date < $end"  # noqa: S608


def _no_rows(mart: Mart) -> str:
    return "select " + ", ".join(f"cast(null as {c.type}) as {identifier(c.name)}" for c in mart.columns)


def _expression(column: Column, text: str) -> str:
    form = {"VARCHAR": text, "DOUBLE": FINITE}.get(column.type, EXACT)
    name = identifier(column.name)
    return f"cast({form.format(name)} as {column.type}) as {name}"
