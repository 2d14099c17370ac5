"""clarity-assets docs | dev | demo | demo-ui: the project itself."""

import os
import sys
from pathlib import Path

import click

from clarity_assets.cli.shared import console
from clarity_assets.model_docs import PAGE, models_markdown
from clarity_assets.settings import load_settings


@click.command()
def docs() -> None:
    """Write docs/models.md: every table and column, from the contracts under dbt_like_sql/."""
    PAGE.write_text(models_markdown(load_settings()), encoding="utf-8")
    console.print(f"wrote {PAGE}")


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), default=Path(".data/demo"), show_default=True)
def demo(folder: Path) -> None:
    """Collect 45 simulated days from a local stand-in of the API; needs no token and no network."""
    from clarity_assets.demo.run import run_demo

    run_demo(folder, console=console)


@click.command("demo-ui")
@click.option("--folder", type=click.Path(path_type=Path), default=Path(".data/demo"), show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True)
@click.option(
    "--speed", type=click.FloatRange(0, 3600), default=60.0, show_default=True, help="Simulated seconds a second."
)
def demo_ui(folder: Path, port: int, speed: float) -> None:
    """Dagster's UI over what the demo collected; the simulated days go on, and what is switched on collects them."""
    from clarity_assets.demo.run import run_demo_ui

    sys.exit(run_demo_ui(folder, port=port, speed=speed, console=console))


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True)
def dev(port: int) -> None:
    """Dagster's UI and daemon over this project."""
    from clarity_assets.dagster_home import dagster_dev_command, prepare_dagster_home

    load_settings()  # a bad setting is told here in one line, not in a code location's traceback
    prepare_dagster_home()
    command = dagster_dev_command(port=port)
    os.execv(command[0], command)
