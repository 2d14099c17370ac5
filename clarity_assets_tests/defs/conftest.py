"""What a run gives an asset: an empty warehouse and the settings, in a folder of the test's own."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from clarity_assets.defs.resources import WarehouseResource
from clarity_assets.settings import load_settings
from clarity_assets_tests.sql.by_hand import PROJECT


@pytest.fixture
def warehouse(tmp_path) -> WarehouseResource:
    return WarehouseResource(database=str(tmp_path / "clarity.duckdb"))


@pytest.fixture
def clarity(tmp_path):
    """The settings' resource, as a test gives it."""
    now = datetime(2026, 11, 2, 6, tzinfo=UTC)
    return SimpleNamespace(settings=load_settings(reports=tmp_path / "reports", project_id=PROJECT, now=now))
