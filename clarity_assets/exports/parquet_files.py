"""A table in; a Parquet file with exact types, and the meaning of each column as its field's `comment`, out."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from clarity_assets.exports.tables import Mart, Source, rows_sql
from clarity_assets.warehouse.columns import ARROW_TYPES

ROWS_A_GROUP = 100_000  # what is held in memory at once


def write_parquet(source: Source, mart: Mart, path: Path) -> int:
    """Write the table's rows of the period; how many. Raises OSError."""
    schema = pa.schema([pa.field(c.name, ARROW_TYPES[c.type], metadata={"comment": c.meaning}) for c in mart.columns])
    count = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for chunk in source.in_chunks():
            rows = source.con.sql(rows_sql(chunk, mart), params=chunk.parameters)
            with rows.to_arrow_reader(ROWS_A_GROUP) as reader:
                for batch in reader:
                    writer.write_batch(batch.cast(schema), row_group_size=ROWS_A_GROUP)
                    count += batch.num_rows
    return count
