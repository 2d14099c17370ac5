"""Columns as the code declares them, and the Arrow type of each DuckDB type that they have."""

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class Column:
    """A column's name, its DuckDB type and what it means (unit, and what NULL says)."""

    name: str
    type: str
    meaning: str


ARROW_TYPES = {
    "VARCHAR": pa.string(), "VARCHAR[]": pa.list_(pa.string()), "JSON": pa.string(), "BIGINT": pa.int64(),
    "INTEGER": pa.int32(), "DOUBLE": pa.float64(), "BOOLEAN": pa.bool_(), "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"), "BLOB": pa.binary(),
}  # fmt: skip
