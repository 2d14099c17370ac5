"""The folder where somebody works in; the folder with what was published for readers out."""

import contextlib
from pathlib import Path

from clarity_assets.errors import WarehouseError
from clarity_assets.settings import load_settings
from clarity_assets.warehouse.publish import COPY

PROJECT_MARKS = (".env", "pyproject.toml")
DEMO = Path(".data/demo/published")


def find_published(here: Path | None = None) -> Path:
    """The published folder of the settings (`CLARITY_PUBLISHED`, or beside `CLARITY_WAREHOUSE`), or else the demo's.

    Relative paths are the project's: of the first folder from `here` (the current one) upwards that has `.env` or
    `pyproject.toml`. The demo's is taken only where the settings name no warehouse. Raises WarehouseError where nothing
    was published.
    """
    here = (here or Path.cwd()).resolve()
    root = next((f for f in (here, *here.parents) if any((f / mark).is_file() for mark in PROJECT_MARKS)), here)
    with contextlib.chdir(root):
        settings = load_settings()
    folders = [root / settings.published_folder]
    if not settings.model_fields_set & {"warehouse", "published"}:
        folders.append(root / DEMO)
    for folder in folders:
        if (folder / COPY).is_file():
            return folder
    raise WarehouseError(
        f"nothing is published in {' or '.join(map(str, folders))}; run `clarity-assets publish` (after `make demo` to "
        "look at simulated data), or set CLARITY_PUBLISHED"
    )
