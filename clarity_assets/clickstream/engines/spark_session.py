"""A URL in, a Spark session out: started, joined, or connected to; missing parts told with the next step."""

import logging
import os
import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import psutil

from clarity_assets.errors import EngineMissing

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CONNECT = "sc://"
LOCAL = "local"
SESSION_OPTIONS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",  # what DuckDB calls TIMESTAMP
    # As DuckDB: what overflows or cannot be cast is an error, not NULL. (A division by zero is an error too, where
    # DuckDB gives NULL or inf: queries guard it with nullif.)
    "spark.sql.ansi.enabled": "true",
    # Spark 4.3 computes what is kept (`persist`) again where its query and the one that reads it both have a `with`:
    # it numbers them anew (measured: no InMemoryTableScan in the plan). This way each `with` is written out at once.
    "spark.sql.legacy.ctePrecedencePolicy": "LEGACY",
    # rows that lie together by some of a join's keys need not be moved for the others
    "spark.sql.requireAllClusterKeysForCoPartition": "false",
}
STARTING_OPTIONS = {
    "spark.app.name": "clarity-assets",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
LOCAL_OPTIONS = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
LOG = """
rootLogger.level = {level}
rootLogger.appenderRef.stderr.ref = console
logger.shell.name = org.apache.spark.api.python.PythonGatewayServer
logger.shell.level = {level}
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{{yyyy-MM-dd HH:mm:ss}} %p %c{{1}}: %m%n%ex
"""
JAVA_OPTIONS = "spark.driver.extraJavaOptions"
LOCAL_MEMORY_SHARE = 0.5  # of the machine's, for the one process that is driver and executor; DuckDB takes 0.8
PIECES_A_CORE = 4  # what is moved is cut into; Spark's 200 took twice as long on 2 cores (a million events)
NEEDS_EXTRA = "CLICKSTREAM_ENGINE=spark needs PySpark: `pip install 'clarity-assets[spark]'`, or set it to duckdb"
NEEDS_JAVA = (
    "CLICKSTREAM_ENGINE=spark needs Java 17 or later{found}: install it (`apt install openjdk-17-jre-headless`) "
    "or point JAVA_HOME at it; a Spark Connect server (CLICKSTREAM_SPARK_URL=sc://…) or duckdb need none"
)


def start_spark(url: str, options: Mapping[str, str]) -> tuple["SparkSession", bool]:
    """A session with views of its own, and whether Spark was started for it (else it joined one that runs here)."""
    try:
        import pyspark  # noqa: F401
    except ImportError as error:
        raise EngineMissing(NEEDS_EXTRA) from error
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)  # says what is raised anyhow, as JSON
    with warnings.catch_warnings():
        # PySpark 4.3 says so once as it starts; nothing here goes through pandas
        warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas", category=FutureWarning)
        session, is_ours = _connected(url) if url.startswith(CONNECT) else _started(url, options)
    for name, value in (SESSION_OPTIONS | {n: v for n, v in options.items() if n.startswith("spark.sql.")}).items():
        session.conf.set(name, value)
    return session, is_ours


def _connected(url: str) -> tuple["SparkSession", bool]:
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    try:
        session = SparkSession.builder.remote(url).create()
        session.version  # noqa: B018 - asks the server: is it there?
    except (PySparkException, ImportError) as error:
        raise EngineMissing(
            f"no Spark Connect server answers at CLICKSTREAM_SPARK_URL={url} ({_first_line(error)}); start one "
            "(`start-connect-server.sh`) or correct the address"
        ) from error
    return session, True


def _started(url: str, options: Mapping[str, str]) -> tuple["SparkSession", bool]:
    from pyspark import SparkContext
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    running = SparkContext._active_spark_context
    if running is not None:
        return SparkSession(running), False
    refuse_without_java(os.environ)
    is_local = url.startswith(LOCAL)
    given = STARTING_OPTIONS | (_local_options() if is_local else {}) | SESSION_OPTIONS | dict(options)
    with TemporaryDirectory(prefix="clarity-assets-") as folder:
        log = Path(folder, "log4j2.properties")
        # locally a query's errors are raised, and the log would repeat each with 60 lines; of a cluster it tells more
        log.write_text(LOG.format(level="fatal" if is_local else "error"), encoding="utf-8")
        given[JAVA_OPTIONS] = f"-Dlog4j2.configurationFile={log} {given.get(JAVA_OPTIONS, '')}".strip()
        try:
            return SparkSession.builder.master(url).config(map=given).getOrCreate(), True
        except PySparkException as error:
            if "JAVA_GATEWAY" in str(error):
                raise EngineMissing(NEEDS_JAVA.format(found=f" ({find_java(os.environ)} ended at once)")) from error
            told = f"Spark does not start at CLICKSTREAM_SPARK_URL={url}: {_first_line(error)}"
            raise EngineMissing(f"{told}; correct the address, or see whether the cluster runs") from error


def _local_options() -> dict[str, str]:
    memory_mib = int(psutil.virtual_memory().total * LOCAL_MEMORY_SHARE / 2**20)
    pieces = PIECES_A_CORE * (psutil.cpu_count() or 1)
    return LOCAL_OPTIONS | {"spark.driver.memory": f"{memory_mib}m", "spark.sql.shuffle.partitions": str(pieces)}


def find_java(environment: Mapping[str, str]) -> str | None:
    """The `java` that Spark would start: JAVA_HOME's, else the one on the PATH."""
    home = environment.get("JAVA_HOME")
    return shutil.which("java", path=os.path.join(home, "bin") if home else environment.get("PATH", ""))


def refuse_without_java(environment: Mapping[str, str]) -> None:
    """Raises EngineMissing where there is none."""
    if find_java(environment) is None:
        home = environment.get("JAVA_HOME")
        raise EngineMissing(NEEDS_JAVA.format(found=f" (there is none in JAVA_HOME={home})" if home else ""))


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
