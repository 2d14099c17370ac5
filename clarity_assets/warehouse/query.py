"""One row of a query's result, with the result closed."""

from collections.abc import Sequence

import duckdb


def one(con: duckdb.DuckDBPyConnection, sql: str, params: Sequence | dict | None = None) -> tuple | None:
    """The first row, or None. (`fetchone` leaves the result open, and DuckDB 2.0 refuses other work beside it.)"""
    rows = con.execute(sql, params).fetchall()
    return rows[0] if rows else None
