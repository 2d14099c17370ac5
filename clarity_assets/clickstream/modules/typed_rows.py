"""Columns of a week as Python or numpy has them in, an Arrow table with the contract's names and types out."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from clarity_assets.clickstream.modules.module import Run
from clarity_assets.warehouse.columns import ARROW_TYPES
from clarity_assets.warehouse.models.model import PARTITION_COLUMN, PROJECT_COLUMN

Columns = Mapping[str, Sequence | np.ndarray]
"""Name -> values, all of one length."""


def typed_rows(run: Run, table: str, columns: Columns) -> pa.Table:
    """Rows of the run's week: `columns`, and `date` (its Monday); of no columns at all: no rows.

    Raises KeyError where the contract has a column that is not given, unless no columns are.
    """
    types = run.models[f"marts.{table}"].column_types
    length = len(next(iter(columns.values()), ()))
    known = {name: ARROW_TYPES[type_] for name, type_ in types.items() if name != PROJECT_COLUMN}
    given = columns or dict.fromkeys(known, ())
    arrays = {
        name: pa.array([run.start] * length if name == PARTITION_COLUMN else given[name], type_)
        for name, type_ in known.items()
    }
    return pa.table(arrays)


def columns_of(rows: Sequence[Mapping[str, object]]) -> Columns:
    """Few rows as columns."""
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}
