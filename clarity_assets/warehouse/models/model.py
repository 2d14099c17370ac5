"""A model: its query, its contract, and the tables that it reads; made by `load`, run by `run`."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clarity_assets.clickstream.engines.engine import EngineSql
from clarity_assets.warehouse.models.contract import ENGINE, INCREMENTAL, SEED, VIEW, Contract

PARTITION_COLUMN = "date"
PROJECT_COLUMN = "project_id"

Tables = Mapping[str, Mapping[str, str]]
"""Table -> column -> DuckDB type."""


@dataclass(frozen=True)
class Model:
    """One file, one table or view, one asset. `upstream`: the tables it reads, each with the first line naming it.

    Of an engine's model `sql` is DuckDB's query and `spark_sql` Spark's; both are empty where Python makes the rows.
    """

    sql: str
    path: Path
    yml_path: Path
    layer: str
    contract: Contract
    upstream: Mapping[str, int]
    spark_sql: str = ""

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def key(self) -> tuple[str, str]:
        """Layer and name, such as ("marts", "fct_site_daily"): the asset's key."""
        return self.layer, self.name

    @property
    def table(self) -> str:
        """The layer is the schema."""
        return f"{self.layer}.{self.name}"

    @property
    def column_types(self) -> dict[str, str]:
        return {column.name: column.type for column in self.contract.columns}

    @property
    def takes_range(self) -> bool:
        """Whether its query reads `$start` and `$end`, and its rows are replaced for these days only."""
        return self.contract.meta.materialized == INCREMENTAL

    @property
    def is_view(self) -> bool:
        return self.contract.meta.materialized == VIEW

    @property
    def is_seed(self) -> bool:
        return self.contract.meta.materialized == SEED

    @property
    def is_daily(self) -> bool:
        """Whether its rows belong to UTC days (or to weeks by their Monday), so that its asset has partitions."""
        return self.takes_range or self.is_by_engine or (self.is_view and PARTITION_COLUMN in self.contract.meta.grain)

    @property
    def is_by_engine(self) -> bool:
        """Whether an engine computes its rows outside of the warehouse."""
        return self.contract.meta.materialized == ENGINE

    @property
    def engine_sql(self) -> EngineSql:
        """Both engines' queries of a model that SQL makes; its rows have no project_id."""
        return EngineSql(self.sql, self.spark_sql)

    @property
    def code_version(self) -> str:
        """Hash of the query (both engines'); of a seed, of its rows too."""
        told = self.sql.encode() + self.spark_sql.encode() + (self.path.read_bytes() if self.is_seed else b"")
        return hashlib.sha256(told).hexdigest()[:16]

    @property
    def comment(self) -> str:
        """What the catalogue says of its table or view, with the version of query and contract that made it."""
        columns = [(column.name, column.type, column.meaning) for column in self.contract.columns]
        told = repr((self.contract.meta.materialized, self.code_version, columns))
        return f"{self.contract.description} (version {hashlib.sha256(told.encode()).hexdigest()[:12]})"
