"""Parquet: exact types, meanings, and every text as it is."""

from datetime import date, timedelta

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clarity_assets.exports.parquet_files import write_parquet
from clarity_assets.exports.tables import NAMES, exported
from clarity_assets.reports.period import Period
from clarity_assets.warehouse.columns import ARROW_TYPES
from clarity_assets_tests.unit.exports.by_hand import MONDAY, STRANGE, row, source, warehouse


@pytest.fixture
def con():
    with warehouse() as con:
        yield con


@pytest.mark.parametrize("name", NAMES)
def test_types_and_meanings_are_those_of_the_contract_even_without_rows(con, tmp_path, name):
    path = tmp_path / "a.parquet"
    assert write_parquet(source(con), exported(name), path) == 0
    schema = pq.read_schema(path)
    declared = exported(name).columns
    assert [(f.name, f.type) for f in schema] == [(c.name, ARROW_TYPES[c.type]) for c in declared]
    assert [f.metadata[b"comment"].decode() for f in schema] == [c.meaning for c in declared]
    assert {str(f.type) for f in schema} <= {"string", "date32[day]", "int64", "double", "bool"}
    assert pq.ParquetFile(path).metadata.num_rows == 0


def test_strange_texts_null_and_the_empty_text_are_as_they_were_and_columns_are_packed(con, tmp_path):
    for index, text in enumerate([*STRANGE, "", None]):
        row(con, "geography", MONDAY, country=text, sessions=index)
    path = tmp_path / "a.parquet"
    write_parquet(source(con), exported("geography"), path)
    table = pq.read_table(path).sort_by("sessions")
    assert table["country"].to_pylist() == [*STRANGE, "", None]
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "ZSTD"


def test_pandas_reads_the_types(con, tmp_path):
    row(con, "traffic", MONDAY, dimension="site", sessions=5, pageviews=10.0)
    path = tmp_path / "a.parquet"
    write_parquet(source(con), exported("traffic"), path)
    frame = pd.read_parquet(path, dtype_backend="pyarrow")
    assert frame.dtypes["date"] == pd.ArrowDtype(pa.date32())
    assert [str(frame.dtypes[n]) for n in ("sessions", "pageviews", "is_remainder")] == [
        "int64[pyarrow]", "double[pyarrow]", "bool[pyarrow]"
    ]  # fmt: skip
    assert frame.date.tolist() == [date(2026, 10, 5)]


def test_a_long_period_has_every_day_once_and_in_order(con, tmp_path):
    days = [date(2026, 1, 1) + timedelta(days=i) for i in range(100)]
    for day in reversed(days):
        row(con, "geography", day, country="a", sessions=1)
    path = tmp_path / "a.parquet"
    assert write_parquet(source(con, Period.span(days[1], days[-2])), exported("geography"), path) == 98
    assert pq.read_table(path)["date"].to_pylist() == days[1:-1]
