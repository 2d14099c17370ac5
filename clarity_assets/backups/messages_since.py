"""A restored operations file in; the same with its waiting messages stopped, as they may have been sent since, out."""

from datetime import datetime
from pathlib import Path

from clarity_assets.delivery.tables import INTERRUPTED, SENDING, TABLE, WAITING
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.query import one
from clarity_assets.warehouse.tables import transaction


def stop_waiting_messages(file: Path, *, made_at: datetime, timeout_s: float) -> int:
    """Mark as interrupted what was waiting when the backup was made, so that nothing is told twice; how many.

    `file` is not in use yet. A person decides: `clarity-assets deliver --again` sends one.
    """
    reason = (
        f"the backup of {made_at:%Y-%m-%d %H:%M} UTC was restored, so nobody knows whether it was sent since; "
        "`clarity-assets deliver --again` with its id sends it again"
    )
    with open_warehouse(file, timeout_s=timeout_s, label="after a restore") as con, transaction(con):
        if one(con, "select 1 from duckdb_tables() where schema_name || '.' || table_name = ?", [TABLE]) is None:
            return 0
        sql = f"update {TABLE} set status = ?, reason = ? where list_contains(?, status)"  # noqa: S608 - a constant
        return con.execute(sql, [INTERRUPTED, reason, [SENDING, *WAITING]]).fetchall()[0][0]
