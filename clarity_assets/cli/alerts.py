"""clarity-assets watch | alerts: what is wrong now, told once, and what to do."""

import json
import sys
from dataclasses import asdict

import click
from rich.markup import escape
from rich.table import Table

from clarity_assets.cli.shared import console
from clarity_assets.settings import Settings, load_settings

STYLES = {"critical": "red", "warning": "yellow"}


@click.command()
@click.option("--no-send", is_flag=True, help="Only find and queue; the daemon or `deliver` sends.")
def watch(no_send: bool) -> None:
    """Look once at all that can be wrong, and tell what is new or over. Exit code 1 while a critical alert is open.

    What Dagster's runs did is looked at by the daemon's sensor only.
    """
    from clarity_assets.alerts.watching import watch as look

    settings = load_settings()
    watched = look(settings)
    for alert in watched.resolved:
        console.print(f"[green]over[/] {escape(alert.title)}: {escape(alert.resolution)}")
    for alert in watched.open:
        mark = "new " if alert in watched.opened else ""
        console.print(f"{mark}[{STYLES[alert.severity]}]{alert.severity}[/] {escape(alert.title)}")
        console.print(f"  {escape(alert.detail)}\n  What to do: {escape(alert.next_step)}.")
    if not watched.was_warehouse_read:
        console.print("The warehouse was not read: what it tells stays as it was.")
    if not settings.alert_to.get_secret_value().split():
        console.print("CLARITY_ALERT_TO is empty, so nobody is told.")
    elif not no_send:
        from clarity_assets.delivery.outbox import send_due

        for line in send_due(settings).errors:
            console.print(f"[yellow]not sent[/] {escape(line)}")
    console.print(f"{len(watched.open)} open, {len(watched.resolved)} over, {watched.queued} messages queued")
    sys.exit(1 if watched.is_critical else 0)


@click.group(invoke_without_command=True)
@click.option("--all", "everything", is_flag=True, help="Those that are over or acknowledged, too.")
@click.option("--json", "as_json", is_flag=True, help="A list of JSON objects.")
@click.pass_context
def alerts(context: click.Context, everything: bool, as_json: bool) -> None:
    """The alerts that are open, critical ones first, and what to do."""
    if context.invoked_subcommand is not None:
        return
    from clarity_assets.alerts.store import all_alerts, open_alerts

    settings = load_settings()
    with _operations(settings) as con:
        found = (all_alerts if everything else open_alerts)(con, project_id=settings.need_project())
    if as_json:
        click.echo(json.dumps([asdict(alert) for alert in found], indent=2, default=lambda value: value.isoformat()))
        return
    if not found:
        console.print("No alert is open." if not everything else "There never was an alert.")
        return
    table = Table("alert", "severity", "since", "state", "what", "what to do", box=None, header_style="bold")
    for alert in found:
        state = "open" if alert.is_open else f"over {alert.resolved_at:%Y-%m-%d %H:%M}"
        state = "acknowledged" if alert.is_open and alert.acknowledged_at else state
        what = f"{alert.title}\n{alert.detail}" if alert.is_open else f"{alert.title} ({alert.resolution})"
        table.add_row(
            alert.alert_id, f"[{STYLES[alert.severity]}]{alert.severity}[/]", f"{alert.opened_at:%Y-%m-%d %H:%M}",
            state, escape(what), escape(alert.next_step),
        )  # fmt: skip
    console.print(table)


@alerts.command()
@click.argument("alert_id")
def ack(alert_id: str) -> None:
    """It is known: an event is over with that, anything else is silent until it is over or gets worse."""
    from clarity_assets.alerts.store import acknowledge
    from clarity_assets.operations.logs import log_event
    from clarity_assets.warehouse.tables import transaction

    settings = load_settings()
    with _operations(settings) as con, transaction(con):
        alert = acknowledge(con, alert_id, project_id=settings.need_project(), now=settings.clock())
    log_event(settings, "audit", action="acknowledge", alert_id=alert.alert_id, cause_id=alert.cause_id)
    end = "is over" if not alert.is_open else "stays silent until it is over, or gets worse"
    console.print(f"{alert.alert_id} {escape(alert.title)}: {end}")


def _operations(settings: Settings):
    from clarity_assets.alerts.tables import ALERT_TABLES
    from clarity_assets.operations.file import open_operations

    return open_operations(settings, tables=ALERT_TABLES, label="alerts")
