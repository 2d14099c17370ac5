"""Where Dagster keeps runs and events: $DAGSTER_HOME, or .data/dagster_home made ready for use."""

import os
import shutil
from pathlib import Path

TEMPLATE = Path(__file__).parent.parent / "deploy" / "dagster.yaml"
DEFAULT = Path(".data/dagster_home")


def prepare_dagster_home(home: Path | None = None) -> Path:
    """Make the folder with its dagster.yaml, set DAGSTER_HOME to it (absolute) and return it.

    Without `home`: $DAGSTER_HOME if it is set, else `.data/dagster_home`.
    """
    home = (home or Path(os.environ.get("DAGSTER_HOME") or DEFAULT)).resolve()
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        shutil.copyfile(TEMPLATE, home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home)
    return home
