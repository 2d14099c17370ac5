"""Where Dagster keeps runs and events ($DAGSTER_HOME, or .data/dagster_home made ready), and how its UI starts."""

import os
import shutil
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[1]
TEMPLATE = PROJECT / "deploy" / "dagster.yaml"
DEFAULT = Path(".data/dagster_home")


def prepare_dagster_home(home: Path | None = None) -> Path:
    """Make the folder with its dagster.yaml, set DAGSTER_HOME to it (absolute) and return it.

    Without `home`: $DAGSTER_HOME if it is set, else `.data/dagster_home`.
    """
    home = (home or Path(os.environ.get("DAGSTER_HOME") or DEFAULT)).resolve()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        shutil.copyfile(TEMPLATE, home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def dagster_dev_command(*, port: int) -> list[str]:
    """The command that serves Dagster's UI and runs its daemon over this project's workspace.yaml.

    Not `dg dev`, which moves into the project's folder: a demo would read the `.env` there, with the user's addresses.
    """
    dagster = Path(sys.executable).with_name("dagster")
    return [str(dagster), "dev", "-w", str(PROJECT / "workspace.yaml"), "-p", str(port)]
