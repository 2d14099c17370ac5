"""DuckDB in this process: Parquet files and queries in, rows and Parquet files out."""

import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa

from clarity_assets.clickstream.engines.engine import EngineSql, Parameters
from clarity_assets.clickstream.engines.results import plain, put_in_place, remove_left_behind, staged
from clarity_assets.errors import EngineFailed
from clarity_assets.warehouse.columns import Column

SCHEMA = "clickstream"
NO_ROWS = "limit 0"
SPILLED = "engine-"
COMPRESSION = "lz4_raw"  # written once, read often: 0.3 x the time of zstd for 1.3 x the bytes


class DuckDBEngine:
    """An in-memory database, gone at the end. What does not fit into memory goes to a folder in `temp_folder`.

    `memory_limit` as DuckDB spells it (`4GB`; 80 % of the machine's where not given), `threads`: all cores.
    Raises EngineFailed with DuckDB's words (which name line and place) where it refuses or cannot finish a query.
    """

    name: Literal["duckdb"] = "duckdb"

    def __init__(
        self, *, memory_limit: str | None = None, threads: int | None = None, temp_folder: Path | None = None
    ) -> None:
        self._options = {"memory_limit": memory_limit, "threads": threads and str(threads)}
        self._temp_folder = temp_folder
        self._kinds: dict[str, str] = {}  # view -> what DuckDB calls it

    def __enter__(self) -> "DuckDBEngine":
        if self._temp_folder:
            self._temp_folder.mkdir(parents=True, exist_ok=True)
            remove_left_behind(self._temp_folder, prefix=SPILLED)
        self._temporary = tempfile.TemporaryDirectory(prefix=SPILLED, dir=self._temp_folder)
        config = {
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "temp_directory": self._temporary.name,
            "preserve_insertion_order": "false",  # an order is asked for where it matters
            "python_enable_replacements": "false",  # a table's name never means a variable of Python's
        }
        self.con = duckdb.connect(config=config | {name: value for name, value in self._options.items() if value})
        self.con.execute("set global TimeZone = 'UTC'")
        self.con.execute("set parquet_metadata_cache = true")  # files never change once written
        self.con.execute(f"create schema {SCHEMA}")
        return self

    def __exit__(self, *_: object) -> None:
        self.con.close()
        self._kinds.clear()
        self._temporary.cleanup()

    def read(self, view: str, files: Sequence[Path], *, columns: Collection[Column]) -> None:
        """Make the view of Parquet files; of no files: with these columns and no rows."""
        if files:
            listed = ", ".join(_quoted(str(file)) for file in files)
            names = ", ".join(f'"{column.name}"' for column in columns)
            query = f"select {names} from read_parquet([{listed}], hive_partitioning = false)"  # noqa: S608 - quoted
        else:
            nothing = ", ".join(f'cast(null as {column.type}) as "{column.name}"' for column in columns)
            query = f"select {nothing} {NO_ROWS}"
        self.forget(view)
        with _told():
            self.con.execute(f"create view {SCHEMA}.{view} as {query}")
        self._kinds[view] = "view"

    def take(self, view: str, rows: pa.Table) -> None:
        """Make the view of few rows that we have."""
        self.con.register("taken", rows)
        try:
            self._keep(view, "select * from taken", {})
        finally:
            self.con.unregister("taken")

    def keep(self, view: str, sql: EngineSql, parameters: Parameters | None = None) -> None:
        """Make the view of a query's result, which is computed once and kept until the end."""
        self._keep(view, sql.duckdb, parameters or {})

    def rows(self, sql: EngineSql, parameters: Parameters | None = None) -> pa.Table:
        """The rows of a query, all in memory."""
        with _told():
            given = self._used(sql.duckdb, parameters or {})
            return plain(self.con.sql(sql.duckdb, params=given).to_arrow_table())

    def write_days(
        self, sql: EngineSql, parameters: Parameters | None = None, *, folder: Path, only: date | None = None
    ) -> dict[date, tuple[Path, ...]]:
        """Write a query's rows as new files `folder/date=…/….parquet`, by its column `date`; the files by day."""
        with staged(folder) as staging, _told():
            target, how = staging, "partition_by (date), write_partition_columns true, overwrite_or_ignore true"
            if only:  # twice as fast as a partition
                target, how = staging / f"date={only}" / "day.parquet", "per_thread_output false"
                target.parent.mkdir()
            copied = self.con.execute(
                f"copy ({sql.duckdb}) to {_quoted(str(target))} (format parquet, compression {COMPRESSION}, {how})",
                self._used(sql.duckdb, parameters or {}),
            ).fetchall()
            return put_in_place(staging, folder) if copied[0][0] else {}

    def forget(self, view: str) -> None:
        """Free the view, if there is one, and what was kept for it."""
        if kind := self._kinds.pop(view, None):
            self.con.execute(f"drop {kind} {SCHEMA}.{view}")

    def forget_made(self) -> None:
        """Free every view that was taken or kept; those of files stay."""
        for view in [view for view, kind in self._kinds.items() if kind == "table"]:
            self.forget(view)

    def _keep(self, view: str, query: str, parameters: Parameters) -> None:
        # under another name first: the query may read the view that it replaces
        with _told():
            self.con.execute(f"create table {SCHEMA}.new as {query}", self._used(query, parameters))
            self.forget(view)
            self.con.execute(f'alter table {SCHEMA}.new rename to "{view}"')
        self._kinds[view] = "table"

    def _used(self, query: str, parameters: Parameters) -> Mapping[str, object]:
        """Those that the query names: DuckDB refuses others."""
        return {name: parameters[name] for name in self.con.extract_statements(query)[0].named_parameters}


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise EngineFailed(
            f"DuckDB ran out of memory or disk ({str(error).splitlines()[0]}); compute fewer days at a time, "
            "or set CLICKSTREAM_ENGINE=spark"
        ) from error
    except duckdb.Error as error:
        raise EngineFailed(f"DuckDB refused a query: {error}") from error


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
