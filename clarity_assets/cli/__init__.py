"""The command line `clarity-assets`: collecting, events, reporting, operating, and the project itself."""

import click

from clarity_assets.cli.alerts import alerts, watch
from clarity_assets.cli.backup import backup, recover, restore
from clarity_assets.cli.clickstream import clickstream
from clarity_assets.cli.collecting import build, collect, import_, rebuild_, status, withdraw
from clarity_assets.cli.deliver import deliver
from clarity_assets.cli.health import health, tidy
from clarity_assets.cli.ingest import ingest
from clarity_assets.cli.project import demo, demo_ui, dev, docs
from clarity_assets.cli.publish import publish
from clarity_assets.cli.reporting import export, recommend, report, trace
from clarity_assets.cli.shared import Group


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Keeps Microsoft Clarity's numbers for years: every day measured, derived, or named as lost."""


COLLECTING = (collect, build, status, import_, withdraw, rebuild_)
CLICKSTREAM = (ingest, clickstream)
REPORTING = (report, recommend, trace, export)
OPERATING = (health, watch, alerts, deliver, publish, backup, restore, recover, tidy)
PROJECT = (docs, dev, demo, demo_ui)

for command in (*COLLECTING, *CLICKSTREAM, *REPORTING, *OPERATING, *PROJECT):
    main.add_command(command)
