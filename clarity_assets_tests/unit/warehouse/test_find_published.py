"""Which published folder a notebook finds: the settings' own, or else the demo's, from wherever in the project it runs."""

from pathlib import Path

import pytest

from clarity_assets.errors import WarehouseError
from clarity_assets.warehouse.find_published import find_published


@pytest.fixture
def project(tmp_path) -> Path:
    """A project with a folder of notebooks; tests that need none of the environment's settings."""
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "notebooks").mkdir()
    return tmp_path


def published(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "clarity_published.duckdb").write_bytes(b"")
    return folder


def test_a_notebook_in_its_own_folder_finds_what_lies_beside_the_projects_warehouse(project):
    folder = published(project / ".data" / "published")
    assert find_published(project / "notebooks") == folder


def test_without_own_data_the_demos_are_found(project):
    folder = published(project / ".data" / "demo" / "published")
    assert find_published(project / "notebooks") == folder
    own = published(project / ".data" / "published")
    assert find_published(project / "notebooks") == own


def test_the_env_file_says_where_the_warehouse_or_the_published_folder_is(project):
    beside = published(project / "elsewhere" / "published")
    (project / ".env").write_text("CLARITY_WAREHOUSE=elsewhere/clarity.duckdb\n")
    assert find_published(project / "notebooks") == beside
    named = published(project / "shared")
    (project / ".env").write_text(f"CLARITY_WAREHOUSE=elsewhere/clarity.duckdb\nCLARITY_PUBLISHED={named}\n")
    assert find_published(project / "notebooks") == named


def test_a_named_warehouse_without_a_publication_is_told_and_the_demo_is_not_shown_in_its_place(project):
    published(project / ".data" / "demo" / "published")
    (project / ".env").write_text("CLARITY_WAREHOUSE=elsewhere/clarity.duckdb\n")
    with pytest.raises(WarehouseError, match="elsewhere/published; run `clarity-assets publish`"):
        find_published(project)
