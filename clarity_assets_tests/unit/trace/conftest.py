"""A warehouse collected once, and a copy of it, open, for each test."""

import shutil

import duckdb
import pytest

from clarity_assets_tests.fixtures.collecting import Bench
from clarity_assets_tests.unit.trace.told import Warehouse, collected


@pytest.fixture(scope="session")
def bench(tmp_path_factory) -> Bench:
    return collected(tmp_path_factory.mktemp("traced"))


@pytest.fixture
def warehouse(bench, tmp_path) -> Warehouse:
    file = tmp_path / "clarity.duckdb"
    shutil.copyfile(bench.settings.warehouse, file)
    with duckdb.connect(str(file)) as con:
        yield Warehouse(con, bench.settings.model_copy(update={"warehouse": file}))
