"""Results of checks in, rows of `ops.check_result` out: a history, to which every run adds."""

import json
from collections.abc import Iterable
from datetime import date, datetime

import duckdb
import pyarrow as pa

from clarity_assets.quality.checking import CheckResult
from clarity_assets.warehouse.columns import ARROW_TYPES, Column
from clarity_assets.warehouse.tables import ensure_tables, insert_rows, transaction

TABLE = "ops.check_result"

CHECK_RESULT = (
    Column("run_id", "VARCHAR", "Dagster run; NULL where none."),
    Column("checked_at", "TIMESTAMP", "When the check ran (UTC)."),
    Column("table_name", "VARCHAR", "Model that was checked, as schema.table: the asset of that layer and name."),
    Column("check_name", "VARCHAR", "Name of the check, as in Dagster."),
    Column("expectation", "VARCHAR", "Great Expectations' name of the expectation."),
    Column("column_name", "VARCHAR", "Column that it stands at; NULL where it is the table's."),
    Column("severity", "VARCHAR", "error (blocks what is downstream) or warn."),
    Column("outcome", "VARCHAR", "passed, failed, or error: the check itself broke and tells nothing."),
    Column("partition_start", "DATE", "First UTC day that was looked at; NULL: all rows."),
    Column("partition_end", "DATE", "Day after the last one (excluded); NULL: all rows."),
    Column("rows_checked", "BIGINT", "Rows that were looked at. NULL where the check broke."),
    Column(
        "failing_rows",
        "BIGINT",
        "Rows that fail; of a key that stands twice, both. NULL where rows do not fail singly, or the check broke.",
    ),
    Column("failing_share", "DOUBLE", "failing_rows / rows_checked (0-1). NULL without rows."),
    Column("observed", "VARCHAR", "What was seen, such as a range or a number of rows; NULL: nothing is told."),
    Column("examples", "JSON", "Up to three failing rows: the grain's columns and the tested ones."),
    Column("error", "VARCHAR", "What broke the check; NULL where it did its work."),
)

NEWEST_RESULTS = f"""
select *
from {TABLE}
qualify row_number() over (
    partition by table_name, check_name, partition_start, partition_end
    order by checked_at desc, rowid desc
) = 1
"""  # noqa: S608 - a constant
"""The newest result of each check and range of days; of one instant (a set clock), the one that was stored last."""


def store_results(
    con: duckdb.DuckDBPyConnection,
    table: str,
    results: Iterable[CheckResult],
    *,
    checked_at: datetime,
    run_id: str | None = None,
    start: date | None = None,
    end: date | None = None,
) -> int:
    """Add the results of one table's checks in one transaction; how many. `checked_at` is UTC, without or with zone."""
    about = {
        "run_id": run_id,
        "checked_at": checked_at.replace(tzinfo=None),
        "table_name": table,
        "partition_start": start,
        "partition_end": end,
    }
    schema = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in CHECK_RESULT])
    rows = pa.Table.from_pylist([about | _row(result) for result in results], schema=schema)
    with transaction(con):
        ensure_results(con)
        return insert_rows(con, TABLE, rows) if rows.num_rows else 0


def ensure_results(con: duckdb.DuckDBPyConnection) -> None:
    """Make the table of results if there is none yet."""
    ensure_tables(con, {TABLE: (CHECK_RESULT, "What every check found, whenever it ran; never changed.")})


def newest_results(con: duckdb.DuckDBPyConnection, *, table: str | None = None) -> list[dict[str, object]]:
    """The newest result of each check and range of days, of one model or of all."""
    which = "where table_name = $table" if table else ""
    sql = f"select * from ({NEWEST_RESULTS}) {which} order by table_name, check_name, partition_start"  # noqa: S608
    cursor = con.execute(sql, {"table": table} if table else None)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _row(result: CheckResult) -> dict[str, object]:
    check, rows, failing = result.check, result.rows_checked, result.failing_rows
    return {
        "check_name": check.name,
        "expectation": check.expectation_name,
        "column_name": check.column,
        "severity": check.severity,
        "outcome": result.outcome,
        "rows_checked": rows,
        "failing_rows": failing,
        "failing_share": failing / rows if rows and failing is not None else None,
        "observed": result.observed,
        "examples": json.dumps(result.examples, ensure_ascii=False),
        "error": result.error,
    }
