"""Archives of `../shared/data` in, their rows as steps in a view of an engine out; a skip where one is not there."""

import csv
import os
from datetime import date
from pathlib import Path
from zipfile import ZipFile

import duckdb
import pyarrow as pa
import pytest

from clarity_assets.clickstream.engines.engine import Engine
from clarity_assets.clickstream.schema import STEP
from clarity_assets.warehouse.columns import ARROW_TYPES
from clarity_assets_tests.fixtures.clickstream import engine_with

DATA = Path(__file__).parents[3] / "shared" / "data"
MONDAY = date(2026, 10, 5)  # of those that tell no time

DESKDROP = """
    select
        make_timestamp("timestamp" * 1000000) as event_at, lower(replace("eventType", ' ', '_')) as event_type,
        "personId" as person_id, "sessionId" as session_key, cast("contentId" as varchar) as product_id
    from read_csv($file)
"""
RETAIL = """
    select
        cast("InvoiceDate" as timestamp) as event_at, 'purchase' as event_type, "StockCode" as product_id,
        cast("Customer ID" as bigint) as person_id, "Invoice" as order_id, row_number() over () as session_key
    from read_parquet($file)
    where "Customer ID" is not null and not starts_with("Invoice", 'C') and "Quantity" > 0 and "Price" > 0
"""
# the split is by person, not by time: what is to be predicted is put into the week, the rest before it
MOVIELENS = """
    select
        make_timestamp(if("set" = 'test', $week_us, $week_us - 86400000000)) as event_at, 'rating' as event_type,
        person_id, cast(product_id as varchar) as product_id, cast(stars as double) as rating, person_id as session_key
    from (
        select *, 'train' as "set" from read_csv($file, delim = '\t', header = false, names = $names)
        union all
        select *, 'test' as "set" from read_csv($other, delim = '\t', header = false, names = $names)
    )
"""


def read_archive(engine: Engine, folder: Path, name: str) -> Engine:
    """The engine with the archive `deskdrop`, `retail`, `movielens` or `groceries` as its view `step`."""
    return engine_with(engine, folder, step=_STEPS[name](folder))


def archive(name: str) -> Path:
    if not (DATA / name).exists():
        pytest.skip(f"{DATA / name} is not there: real data are not part of the project")
    return DATA / name


def _deskdrop(folder: Path) -> pa.Table:
    with ZipFile(archive("deskdrop/users_interactions.csv.zip")) as packed:
        return _steps(DESKDROP, file=packed.extract(packed.namelist()[0], folder))


def _retail(_: Path) -> pa.Table:
    return _steps(RETAIL, file=archive("online_retail_II/online_retail_2009_2010.parquet"))


def _movielens(_: Path) -> pa.Table:
    week_us = (MONDAY - date(1970, 1, 1)).days * 86_400_000_000
    files = {"file": archive("movielens100k/u1.base"), "other": archive("movielens100k/u1.test")}
    return _steps(MOVIELENS, week_us=week_us, names=["person_id", "product_id", "stars", "at"], **files)


def _groceries(_: Path) -> pa.Table:
    with archive("groceries/groceries.csv").open(newline="") as stream:
        held = [(key, name.strip()) for key, row in enumerate(csv.reader(stream), 1) for name in row]
    keys, names = zip(*held, strict=True)
    columns = {"session_key": keys, "person_id": keys, "product_id": names}
    return _filled(pa.table(columns | {"date": [MONDAY] * len(held), "event_type": ["purchase"] * len(held)}))


def _steps(query: str, **given: object) -> pa.Table:
    given = {name: os.fspath(value) if isinstance(value, Path) else value for name, value in given.items()}
    with duckdb.connect() as con:
        told = con.sql(f"select *, cast(event_at as date) as date from ({query})", params=given)
        return _filled(told.to_arrow_table())


def _filled(told: pa.Table) -> pa.Table:
    """All columns of steps, with nothing in those that the archive does not tell."""
    rows = told.num_rows
    given = {name: told[name] for name in told.column_names} | {"is_bot": pa.repeat(False, rows)}
    types = {column.name: ARROW_TYPES[column.type] for column in STEP}
    return pa.table({n: given[n].cast(type_) if n in given else pa.nulls(rows, type_) for n, type_ in types.items()})


_STEPS = {"deskdrop": _deskdrop, "retail": _retail, "movielens": _movielens, "groceries": _groceries}
