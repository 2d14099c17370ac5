"""A project without events."""

import pytest

from clarity_assets.settings import Settings
from clarity_assets_tests.unit.clickstream.ingest.shop import settings_of


@pytest.fixture
def settings(tmp_path) -> Settings:
    return settings_of(tmp_path)
