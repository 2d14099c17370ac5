"""The resources of all assets: the warehouse (one writer at a time) and the settings."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import duckdb
from dagster_duckdb import DuckDBResource
from pydantic import PrivateAttr

from clarity_assets.processes import own_process
from clarity_assets.runs import PROCESS_TAG
from clarity_assets.settings import Settings, load_settings
from clarity_assets.warehouse.connection import open_warehouse

RUN_LIMIT = {"dagster/max_runtime": str(round(load_settings().run_limit_min * 60))}
"""Tag of every job: run monitoring ends its runs after so many seconds."""

WRITERS = "duckdb"
"""Pool of what writes to the warehouse: one run at a time (deploy/dagster.yaml)."""


class WarehouseResource(DuckDBResource):
    """The working DuckDB file. A connection waits its turn among all writers and is closed whatever happens."""

    timeout_s: float = 60.0

    @classmethod
    def _is_dagster_maintained(cls) -> bool:
        return False

    @contextmanager
    def get_connection(self, *, label: str = "dagster") -> Iterator[duckdb.DuckDBPyConnection]:
        """An open connection. Raises WarehouseError, which names file and process."""
        with open_warehouse(self.database, timeout_s=self.timeout_s, label=label) as con:
            yield con


class ClaritySettings(dg.ConfigurableResource):
    """The settings as the environment has them when a run starts."""

    _settings: Settings = PrivateAttr()

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Read the settings; name the run's process, so that a run whose process was killed can be told from others."""
        self._settings = load_settings()
        if context.instance and context.run:
            run_id = context.run.run_id
            context.instance.add_run_tags(run_id, {PROCESS_TAG: f"{own_process()}/{run_id}"})

    @property
    def settings(self) -> Settings:
        return self._settings


@dg.definitions
def resources() -> dg.Definitions:
    settings = load_settings()
    return dg.Definitions(
        resources={
            "warehouse": WarehouseResource(database=str(settings.warehouse), timeout_s=settings.warehouse_timeout_s),
            "clarity": ClaritySettings(),
        },
        # in one process: a step of its own costs 2-3 s, and the warehouse has one writer anyway
        executor=dg.in_process_executor,
    )
