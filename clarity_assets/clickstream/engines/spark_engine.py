"""Spark, in this process, on a cluster or behind Spark Connect: Parquet files and queries in, rows and files out."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pyarrow as pa

from clarity_assets.clickstream.engines.engine import EngineSql, Parameters
from clarity_assets.clickstream.engines.results import plain, put_in_place, staged
from clarity_assets.clickstream.engines.spark_session import start_spark
from clarity_assets.errors import EngineFailed
from clarity_assets.warehouse.columns import Column

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

PREFIX = "clickstream_"
DAY = "written_on"  # a partition's column leaves the file, and `date` must stay in it
SPARK_TYPES = {
    "VARCHAR": "string", "BIGINT": "bigint", "INTEGER": "int", "DOUBLE": "double", "BOOLEAN": "boolean", "DATE": "date",
    "TIMESTAMP": "timestamp_ntz",
}  # fmt: skip
PLACE = re.compile(r"line (?P<line>\d+),? pos(?:ition)? \d+")
GLOB = re.compile(r"([\\*?\[\]{}])")


class SparkEngine:
    """A Spark session with views of its own. Where Spark runs in this process already, it joins that and leaves it.

    `url`: local[*], spark://…, yarn, k8s://…, or sc://… for Spark Connect. Files must be where the workers see them,
    under the same path. Raises EngineMissing where Java, PySpark or the server lack, EngineFailed where a query fails.
    """

    name: Literal["spark"] = "spark"

    def __init__(self, *, url: str = "local[*]", options: Mapping[str, str] | None = None) -> None:
        self._url = url
        self._options = dict(options or {})
        self._views: set[str] = set()
        self._of_files: set[str] = set()
        self._kept: dict[str, list[DataFrame]] = {}  # under a name there may be several: the new one may read the old

    @property
    def spark(self) -> "SparkSession":
        """For pyspark.ml; only in the `with` statement."""
        return self._spark

    def __enter__(self) -> "SparkEngine":
        self._spark, self._is_ours = start_spark(self._url, self._options)
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_ours:
            self._spark.stop()
        else:
            for view in tuple(self._views):
                self.forget(view)
        self._kept.clear()
        self._views.clear()

    def read(self, view: str, files: Sequence[Path], *, columns: Collection[Column]) -> None:
        """Make the view of Parquet files; of no files: with these columns and no rows."""
        schema = ", ".join(f"`{column.name}` {SPARK_TYPES[column.type]}" for column in columns)
        with _told(f"files of {view}"):
            if files:
                paths = [f"file://{GLOB.sub(_escaped, str(file.absolute()))}" for file in files]
                # no columns out of the folders' names: `date` stands in the files
                frame = self._spark.read.schema(schema).option("recursiveFileLookup", "true").parquet(*paths)
            else:
                frame = self._spark.createDataFrame([], schema)
            self._name(frame, view)
            self._of_files.add(view)

    def take(self, view: str, rows: pa.Table) -> None:
        """Make the view of few rows that we have."""
        with _told(f"rows of {view}"):
            self._name(self._spark.createDataFrame(rows), view)

    def keep(self, view: str, sql: EngineSql, parameters: Parameters | None = None) -> None:
        """Make the view of a query's result, which is computed once (when it is first read) and kept until the end."""
        with _told(sql.spark):
            frame = self._query(sql, parameters).persist()
            self._name(frame, view)
            self._kept.setdefault(view, []).append(frame)

    def rows(self, sql: EngineSql, parameters: Parameters | None = None) -> pa.Table:
        """The rows of a query, all in memory."""
        with _told(sql.spark):
            return plain(self._query(sql, parameters).toArrow())

    def write_days(
        self, sql: EngineSql, parameters: Parameters | None = None, *, folder: Path, only: date | None = None
    ) -> dict[date, tuple[Path, ...]]:
        """Write a query's rows as new files `folder/date=…/….parquet`, by its column `date`; the files by day."""
        with staged(folder) as staging, _told(sql.spark):
            frame = self._query(sql, parameters).selectExpr("*", f"date as {DAY}").hint("rebalance", DAY)
            target = f"file://{staging.absolute()}"
            frame.write.partitionBy(DAY).option("compression", "zstd").mode("append").parquet(target)
            return put_in_place(staging, folder)

    def _query(self, sql: EngineSql, parameters: Parameters | None) -> "DataFrame":
        return self._spark.sql(sql.spark, args=dict(parameters or {}))

    def forget(self, view: str) -> None:
        """Free the view, if there is one, and what was kept for it."""
        for frame in self._kept.pop(view, []):
            frame.unpersist()
        if view in self._views:
            self._spark.catalog.dropTempView(PREFIX + view)
            self._views.remove(view)
            self._of_files.discard(view)

    def forget_made(self) -> None:
        """Free every view that was taken or kept; those of files stay."""
        for view in self._views - self._of_files:
            self.forget(view)

    def _name(self, frame: "DataFrame", view: str) -> None:
        frame.createOrReplaceTempView(PREFIX + view)
        self._views.add(view)
        self._of_files.discard(view)


@contextmanager
def _told(query: str) -> Iterator[None]:
    """Spark's errors as one line, with the line of the query that they speak of."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError) as error:
        raise EngineFailed(_one_line(str(error), query)) from error


def _one_line(message: str, query: str) -> str:
    told = next((line.strip() for line in message.splitlines() if line.strip()), "no reason told")
    if "OutOfMemoryError" in message:
        return f"Spark ran out of memory ({told}); compute fewer days at a time, or give spark.driver.memory more"
    place, lines = PLACE.search(message), query.splitlines()
    if place is None or int(place["line"]) > len(lines):
        return f"Spark refused a query: {told} (the query begins: {lines[0].strip()})"
    return f"Spark refused a query: {told} - in line {place['line']}: {lines[int(place['line']) - 1].strip()}"


def _escaped(sign: re.Match[str]) -> str:
    return "\\" + sign[0]
