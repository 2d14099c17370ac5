"""Settings in, an open connection to the operations file out: alerts and deliveries, in a DuckDB file of their own.

Alerts must be told most of all where the warehouse is damaged, full or held by somebody, so they do not live in it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import duckdb

from clarity_assets.settings import Settings
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.tables import ensure_tables

TIMEOUT_S = 20.0  # whoever has it open sends no message meanwhile, so its turn is short


@contextmanager
def open_operations(
    settings: Settings, *, tables: Mapping[str, tuple], label: str
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The open operations file with these tables (name -> columns and comment) in it.

    Raises WarehouseError as `open_warehouse` does.
    """
    with open_warehouse(settings.operations_file, timeout_s=TIMEOUT_S, label=label, is_made_anew=True) as con:
        ensure_tables(con, tables)
        yield con
