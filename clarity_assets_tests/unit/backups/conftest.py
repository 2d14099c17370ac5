"""A project with three collected days, anew for each test."""

from pathlib import Path

import pytest

from clarity_assets_tests.unit.backups.places import Project, copied, make_collected


@pytest.fixture(scope="session")
def collected(tmp_path_factory) -> Path:
    return make_collected(tmp_path_factory.mktemp("collected"))


@pytest.fixture
def project(collected, tmp_path) -> Project:
    return copied(collected, tmp_path / "here")
