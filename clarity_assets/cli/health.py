"""clarity-assets health | tidy: whether all is well; and deleting what is kept no longer."""

import json
import os
import sys
from pathlib import Path

import click
from rich.markup import escape

from clarity_assets.cli.shared import console
from clarity_assets.settings import Settings, load_settings

MARKS = {True: "[green]good   [/]", False: "[red]bad    [/]", None: "[yellow]unknown[/]"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--deep", "is_deep", is_flag=True, help="Read every block and hash every answer of the warehouse.")
def health(as_json: bool, is_deep: bool) -> None:
    """Whether all is well: collection, budget, gaps, checks, disk, backups, copies, messages, schedules.

    Exit code 0: yes. 1: something critical is wrong. 3: a warning, or something critical cannot be told now.
    """
    from clarity_assets.operations.health import read_health

    settings = load_settings()
    found = read_health(settings, automation=_automation(settings), is_deep=is_deep)
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=2, ensure_ascii=False))
        sys.exit(found.exit_code)
    width = max(len(check.name) for check in found.checks)
    for check in found.checks:
        mark = MARKS[check.is_good]
        if check.is_good is False and check.severity == "warning":
            mark = "[yellow]warning[/]"
        console.print(f"{mark} {check.name:<{width}}  {escape(check.told)}")
        if check.is_good is not True and check.next_step:
            console.print(f"{'':>{width + 8}}  -> {escape(check.next_step)}")
    verdict = {0: "[green]healthy[/]", 1: "[red]not healthy[/]"}.get(
        found.exit_code, "[yellow]healthy, but see above[/]"
    )
    console.print(f"\n{verdict} at {found.checked_at:%Y-%m-%d %H:%M} UTC")
    sys.exit(found.exit_code)


def _automation(settings: Settings):
    """What Dagster says of schedules, sensors and daemons; None where it was never used here."""
    from clarity_assets.dagster_home import DEFAULT, prepare_dagster_home

    home = Path(os.environ.get("DAGSTER_HOME") or DEFAULT)
    if not (home / "dagster.yaml").exists():
        return None
    import dagster as dg

    from clarity_assets.dagster_facts import automation_facts

    prepare_dagster_home()
    with dg.DagsterInstance.get() as instance:
        return automation_facts(instance, settings)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def tidy(as_json: bool) -> None:
    """Delete what is older than CLARITY_KEEP_* allow; compress logs of past days. Exit code 1 if a part failed.

    Marts, the states of days and the quota ledger stay for ever.
    """
    from clarity_assets.operations.retention import tidy as tidy_all

    done = tidy_all(load_settings())
    if as_json:
        click.echo(json.dumps(done.as_json(), indent=2, default=str))
    else:
        for name, value in done.metadata().items():
            if name not in ("notes", "troubles"):
                console.print(f"{name.replace('_', ' ')}: {value}")
        for note in done.notes:
            console.print(f"[yellow]kept[/] {escape(note)}")
        for trouble in done.troubles:
            console.print(f"[red]failed[/] {escape(trouble)}")
    sys.exit(1 if done.troubles else 0)
