"""clarity-assets deliver: send what waits, look at what was sent, queue a report, try the addresses."""

import sys
from datetime import date

import click
from rich.markup import escape
from rich.table import Table

from clarity_assets.cli.shared import Day, console
from clarity_assets.errors import RequestRefused, SettingsError
from clarity_assets.settings import Settings, load_settings

LISTED = 50
TEST_LIMIT_S = 60.0
COLUMNS = ("Id", "Queued (UTC)", "State", "Tried", "To", "Subject", "Why")


@click.command()
@click.option("--list", "is_list", is_flag=True, help=f"The newest {LISTED} messages and what became of them.")
@click.option("--again", metavar="ID", help="Send once more what was interrupted, given up, cancelled or held.")
@click.option("--drop", metavar="ID", help="Never send it: an interrupted one that did arrive, or that need not.")
@click.option("--weekly", "every", flag_value="weekly", help="Queue the week's report first, if it is not yet.")
@click.option("--monthly", "every", flag_value="monthly", help="Queue the month's report first, if it is not yet.")
@click.option("--from", "first", type=Day(), help="First UTC day of that week or month; of the newest if left out.")
@click.option("--test", "is_test", is_flag=True, help="Send a test message to every address of the settings, now.")
def deliver(
    is_list: bool, again: str | None, drop: str | None, every: str | None, first: date | None, is_test: bool
) -> None:
    """Send the messages that wait: alerts and reports, each once to each address.

    Exit code 1 where one was not sent.
    """
    if first and not every:
        raise click.UsageError("--from goes with --weekly or --monthly")
    settings = load_settings()
    if is_test:
        sys.exit(0 if _try_channels(settings) else 1)
    if is_list:
        return _list(settings)
    if drop:
        return _drop(settings, drop)
    _need_addresses(settings)
    if again:
        _again(settings, again)
    if every:
        _queue(settings, every, first)
    sys.exit(0 if _send(settings) else 1)


def _need_addresses(settings: Settings) -> list:
    """Every channel, each once. Raises SettingsError for one that apprise does not understand, and for none."""
    from clarity_assets.delivery.channels import all_channels, need_channels

    need_channels(settings.alert_to, setting="CLARITY_ALERT_TO")
    need_channels(settings.report_to, setting="CLARITY_REPORT_TO")
    channels = all_channels(settings)
    if not channels:
        raise SettingsError("nobody is told anything: set CLARITY_ALERT_TO and CLARITY_REPORT_TO in .env")
    return list(channels)


def _try_channels(settings: Settings) -> bool:
    from clarity_assets.delivery.sending import SENT, send_apart
    from clarity_assets.delivery.trial import trial_parcel

    outcomes = []
    for channel in _need_addresses(settings):
        outcome = send_apart(channel, trial_parcel(settings.clock(), channel), limit_s=TEST_LIMIT_S)
        outcomes.append(outcome.status == SENT)
        click.echo(f"{outcome.status}  {channel.name}" + (f": {outcome.error}" if outcome.error else ""))
    return all(outcomes)


def _list(settings: Settings) -> None:
    from clarity_assets.delivery.ledger import read_deliveries
    from clarity_assets.delivery.tables import DELIVERY_TABLES
    from clarity_assets.operations.file import open_operations

    with open_operations(settings, tables=DELIVERY_TABLES, label="deliver --list") as con:
        found = read_deliveries(con, project_id=settings.need_project(), newest=LISTED)
    table = Table(*COLUMNS, box=None, header_style="bold")
    for one in found:
        why = one.reason or one.last_error or ""
        told = (one.delivery_id, f"{one.queued_at:%Y-%m-%d %H:%M}", one.status.replace("_", " "), f"{one.attempts}",
                one.channel, one.subject, why)  # fmt: skip
        table.add_row(*map(escape, told))
    console.print(table if found else "No message yet: alerts and reports make them.")


def _again(settings: Settings, text: str) -> None:
    from clarity_assets.delivery.ledger import find_delivery, send_again
    from clarity_assets.delivery.reports import period_of, queue_report
    from clarity_assets.delivery.tables import DELIVERY_TABLES, HELD
    from clarity_assets.operations.file import open_operations
    from clarity_assets.warehouse.tables import transaction

    project_id = settings.need_project()
    opened = open_operations(settings, tables=DELIVERY_TABLES, label="deliver --again")
    with opened as con, transaction(con):
        found = find_delivery(con, text, project_id=project_id)
        if found.status != HELD:
            send_again(con, found.delivery_id, project_id=project_id, now=settings.clock())
    period = period_of(found.message_id)
    if found.status == HELD and period:
        click.echo(f"queued  {queue_report(settings, period, is_forced=True).subject}")


def _drop(settings: Settings, text: str) -> None:
    from clarity_assets.delivery.ledger import drop
    from clarity_assets.delivery.tables import DELIVERY_TABLES
    from clarity_assets.operations.file import open_operations
    from clarity_assets.warehouse.tables import transaction

    opened = open_operations(settings, tables=DELIVERY_TABLES, label="deliver --drop")
    with opened as con, transaction(con):
        dropped = drop(con, text, project_id=settings.need_project())
    click.echo(f"dropped  {dropped.delivery_id}  {dropped.subject}")


def _queue(settings: Settings, every: str, first: date | None) -> None:
    from clarity_assets.clarity.windows import newest_complete_day
    from clarity_assets.delivery.reports import queue_report
    from clarity_assets.reports.period import Period, newest_month, newest_week

    newest = newest_complete_day(settings.clock())
    if every == "weekly":
        period = Period.week(first) if first else newest_week(newest)
    else:
        period = Period.month(first) if first else newest_month(newest)
    told = queue_report(settings, period)
    if not told.state:
        raise RequestRefused(told.held_because)
    if told.held_because:
        click.echo(f"held  {told.subject}: {told.held_because}")
    else:
        click.echo(f"queued  {told.subject}" if told.queued else f"queued before  {told.subject}")


def _send(settings: Settings) -> bool:
    from clarity_assets.delivery.outbox import send_due

    result = send_due(settings)
    counts = {"sent": result.sent, "failed, tried again later": result.failed, "given up": result.given_up,
              "interrupted": result.interrupted, "cancelled": result.cancelled}  # fmt: skip
    waits = _waiting(settings)
    done = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    click.echo(done or ("nothing to send now" if waits else "nothing to send"))
    for line in (*result.errors, *waits):
        click.echo(f"  {line}")
    if not result.is_done:
        click.echo("  more is due; run it again")
    return not (result.failed or result.given_up or result.interrupted)


def _waiting(settings: Settings) -> list[str]:
    """How many messages wait for a later time, and for when; one line, or none."""
    from clarity_assets.delivery.ledger import waiting_until
    from clarity_assets.delivery.tables import DELIVERY_TABLES
    from clarity_assets.operations.file import open_operations

    with open_operations(settings, tables=DELIVERY_TABLES, label="deliver: what waits") as con:
        found = waiting_until(
            con, project_id=settings.need_project(), now=settings.clock(), quiet_hours=settings.quiet_hours
        )
    if not found:
        return []
    many = "1 message waits until" if len(found) == 1 else f"{len(found)} messages wait, the first until"
    at, is_quiet = found[0]
    return [f"{many} {at:%Y-%m-%d %H:%M} UTC" + (f" (quiet hours {settings.quiet_hours})" if is_quiet else "")]
