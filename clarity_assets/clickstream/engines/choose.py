"""The settings in, the engine that they name out."""

from clarity_assets.clickstream.engines.duckdb_engine import DuckDBEngine
from clarity_assets.clickstream.engines.engine import Engine
from clarity_assets.clickstream.engines.spark_engine import SparkEngine
from clarity_assets.settings import Settings

TEMP_FOLDER = "tmp"


def open_engine(settings: Settings) -> Engine:
    """The engine of CLICKSTREAM_ENGINE, to be used in a `with` statement."""
    if settings.clickstream_engine == "spark":
        return SparkEngine(url=settings.clickstream_spark_url)
    return DuckDBEngine(temp_folder=settings.events_folder / TEMP_FOLDER)
