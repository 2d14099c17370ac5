"""A warehouse's path that nobody has used, in a folder that does not exist yet."""

from pathlib import Path

import pytest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "clarity.duckdb"
