"""What an engine can do: Parquet files and queries in, rows and Parquet files out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, Protocol

import pyarrow as pa

from clarity_assets.warehouse.columns import Column

EngineName = Literal["duckdb", "spark"]
Parameters = Mapping[str, object]


@dataclass(frozen=True)
class EngineSql:
    """One query, written for both: DuckDB reads `clickstream.event`, `$start`, Spark `clickstream_event`, `:start`."""

    duckdb: str
    spark: str

    def text(self, engine: EngineName) -> str:
        return self.duckdb if engine == "duckdb" else self.spark


class Engine(Protocol):
    """A session of queries. Use it in a `with` statement; it forgets everything at the end."""

    name: EngineName

    def read(self, view: str, files: Sequence[Path], *, columns: Collection[Column]) -> None:
        """Make the view `view` (`event`, `step`, …) of Parquet files; of no files: with these columns and no rows."""

    def take(self, view: str, rows: pa.Table) -> None:
        """Make the view of few rows that we have."""

    def keep(self, view: str, sql: EngineSql, parameters: Parameters | None = None) -> None:
        """Make the view of a query's result, which is computed once and kept until the end."""

    def rows(self, sql: EngineSql, parameters: Parameters | None = None) -> pa.Table:
        """The rows of a query, all in memory: for results, not for events."""

    def write_days(
        self, sql: EngineSql, parameters: Parameters | None = None, *, folder: Path, only: date | None = None
    ) -> dict[date, tuple[Path, ...]]:
        """Write a query's rows as Parquet under `folder/date=YYYY-MM-DD/`, by its column `date`; the new files by day.

        Names are new ones, so that nothing that exists is replaced. `only`: the day that all rows are of, if it is one.
        """

    def forget(self, view: str) -> None:
        """Free the view, if there is one, and what was kept for it."""

    def forget_made(self) -> None:
        """Free every view that was taken or kept; those of files stay."""

    def __enter__(self) -> "Engine": ...

    def __exit__(self, *_: object) -> None: ...
