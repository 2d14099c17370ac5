"""A week or month in, its report queued for everyone it goes to out: whole, marked or held, and once each."""

from dataclasses import dataclass
from datetime import date, datetime

from clarity_assets.delivery.channels import channels_of
from clarity_assets.delivery.ledger import held_messages
from clarity_assets.delivery.queueing import queue_message, rewrite_message
from clarity_assets.delivery.report_files import ReportMissing, read_summary
from clarity_assets.delivery.report_message import report_message
from clarity_assets.delivery.report_state import ReportState, state_of
from clarity_assets.delivery.tables import DELIVERY_TABLES
from clarity_assets.errors import WarehouseError
from clarity_assets.operations.file import open_operations
from clarity_assets.reports.period import Period
from clarity_assets.settings import Settings
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.tables import transaction


@dataclass(frozen=True)
class ReportDelivery:
    """What became of a report. `queued`: how many addresses are new; `held_because`: why it waits; None: it goes out.

    `state` is None where there is nobody to send it to.
    """

    message_id: str
    subject: str
    queued: int = 0
    held_because: str | None = None
    state: ReportState | None = None


def queue_report(
    settings: Settings, period: Period, *, now: datetime | None = None, is_forced: bool = False
) -> ReportDelivery:
    """Queue the finished summary of a week or month for CLARITY_REPORT_TO, or hold it, as CLARITY_REPORT_IF_INCOMPLETE
    says. A second call changes what has not been sent yet, and sends nothing twice. `is_forced`: it is not held.

    Raises ReportMissing where the report was not made, WarehouseError where warehouse or operations file cannot be
    opened.
    """
    now = now or settings.clock()
    project_id = settings.need_project()
    if not channels_of(settings.report_to):
        return ReportDelivery("", "", held_because="CLARITY_REPORT_TO names nobody; put addresses into .env")
    summary = read_summary(settings, period)
    label = f"state of report {period.slug}"
    with open_warehouse(settings.warehouse, timeout_s=settings.warehouse_timeout_s, label=label) as con:
        state = state_of(con, summary, project_id=project_id, now=now)
    message = report_message(summary, state)
    held_because = None if is_forced else _held_because(settings, state)
    with (
        open_operations(settings, tables=DELIVERY_TABLES, label=f"queue report {period.slug}") as con,
        transaction(con),
    ):
        rewrite_message(con, message, project_id=project_id, now=now, held_because=held_because)
        queued = queue_message(
            con, message, to=settings.report_to, project_id=project_id, now=now, held_because=held_because
        )
    return ReportDelivery(message.message_id, message.subject, queued, held_because, state)


def _held_because(settings: Settings, state: ReportState) -> str | None:
    if state.is_whole or settings.report_if_incomplete == "mark":
        return None
    return (
        f"{state.told} Held as CLARITY_REPORT_IF_INCOMPLETE=hold says: make the report anew when more is known, or "
        "send it marked by `clarity-assets deliver --again` and its id"
    )


def release_held(settings: Settings, *, now: datetime | None = None) -> int:
    """Look at each held report again, and let go what is whole now, with its files of now; how many went.

    A report whose files are gone, and all of them where the warehouse cannot be opened, stay as they are.
    """
    project_id = settings.need_project()
    with open_operations(settings, tables=DELIVERY_TABLES, label="held reports") as con:
        held = held_messages(con, project_id=project_id)
    released = 0
    for message_id in held:
        period = period_of(message_id)
        if period is None:
            continue
        try:
            released += queue_report(settings, period, now=now).held_because is None
        except (ReportMissing, WarehouseError):
            continue
    return released


def period_of(message_id: str) -> Period | None:
    """The week or month of a report's message id; None for another's."""
    kind, _, rest = message_id.partition(":")
    every, _, slug = rest.partition(":")
    if kind != "report" or every not in ("weekly", "monthly"):
        return None
    return (
        Period.week(date.fromisoformat(slug)) if every == "weekly" else Period.month(date.fromisoformat(f"{slug}-01"))
    )
