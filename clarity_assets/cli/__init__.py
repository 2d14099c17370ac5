"""The command line `clarity-assets`: collecting, reporting, and the project itself."""

import click

from clarity_assets.cli.collecting import build, collect, import_, rebuild_, status, withdraw
from clarity_assets.cli.project import demo, demo_ui, dev, docs
from clarity_assets.cli.reporting import export, recommend, report, trace
from clarity_assets.cli.shared import Group


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Keeps Microsoft Clarity's numbers for years: every day measured, derived, or named as lost."""


for command in (
    collect,
    build,
    status,
    report,
    recommend,
    trace,
    export,
    import_,
    withdraw,
    rebuild_,
    docs,
    dev,
    demo,
    demo_ui,
):
    main.add_command(command)
