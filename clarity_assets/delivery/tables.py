"""The table `ops.delivery` of the operations file: columns, states, and a row as Python has it."""

from dataclasses import dataclass
from datetime import datetime

from clarity_assets.warehouse.columns import Column

TABLE = "ops.delivery"

QUEUED, SENDING, SENT, FAILED = "queued", "sending", "sent", "failed"
GIVEN_UP, INTERRUPTED, HELD, CANCELLED = "given_up", "interrupted", "held", "cancelled"

WAITING = (QUEUED, FAILED)
"""States of what will be sent by itself."""

DROPPED = "dropped by hand"
DROPPED_ARRIVED = f"{DROPPED}; nobody knew whether it had arrived"
"""Reasons of what a person cancelled; the second of what was interrupted, so it counts as told."""

DELIVERY = (
    Column("delivery_id", "VARCHAR", "d and 12 hexadecimal digits, from project, message and channel."),
    Column("project_id", "VARCHAR", "Clarity project."),
    Column("message_id", "VARCHAR", "What is told; once a project and channel."),
    Column("kind", "VARCHAR", "alert, resolved or report."),
    Column("subject", "VARCHAR", "One line."),
    Column("text", "VARCHAR", "The message as plain text."),
    Column("html", "VARCHAR", "The message as HTML for mail."),
    Column("attachments", "VARCHAR[]", "Paths of the files that go with it."),
    Column("channel_id", "VARCHAR", "Hash of the address that it goes to, without its password."),
    Column("channel", "VARCHAR", "The address as it may be shown, without secrets."),
    Column("is_urgent", "BOOLEAN", "Whether it is sent in quiet hours too."),
    Column(
        "status",
        "VARCHAR",
        "queued, sending, sent, failed (will be tried again), given_up, interrupted (nobody knows whether it arrived), "
        "held, or cancelled.",
    ),
    Column("reason", "VARCHAR", "Why it is held, was cancelled or interrupted. NULL otherwise."),
    Column("attempts", "INTEGER", "How often it was tried."),
    Column("queued_at", "TIMESTAMP", "When it was first queued or held (UTC)."),
    Column("next_attempt_at", "TIMESTAMP", "Not before then (UTC). NULL where it will not be sent by itself."),
    Column("reserved_at", "TIMESTAMP", "When the last attempt began (UTC). NULL: none did."),
    Column("process", "VARCHAR", "Process of the last attempt: host/pid/start. NULL: none."),
    Column("sent_at", "TIMESTAMP", "When the server had taken it (UTC). NULL: it has not."),
    Column("first_error", "VARCHAR", "Why the first attempt failed, without secrets. NULL: none failed."),
    Column("last_error", "VARCHAR", "Why the last attempt failed, or who refused of several. NULL: nothing did."),
    Column("about", "VARCHAR[]", "Openings that it tells: alert:<id>, alert:<id>.1 if it came back. NULL: a report."),
)

DELIVERY_TABLES: dict[str, tuple] = {
    TABLE: (DELIVERY, "Every message and channel: what goes to whom, when, and what came of it.")
}

COLUMNS = ", ".join(column.name for column in DELIVERY)


@dataclass(frozen=True)
class Delivery:
    """One row of `ops.delivery`, in its columns' order; instants are UTC without zone, as stored."""

    delivery_id: str
    project_id: str
    message_id: str
    kind: str
    subject: str
    text: str
    html: str
    attachments: list[str]
    channel_id: str
    channel: str
    is_urgent: bool
    status: str
    reason: str | None = None
    attempts: int = 0
    queued_at: datetime | None = None
    next_attempt_at: datetime | None = None
    reserved_at: datetime | None = None
    process: str | None = None
    sent_at: datetime | None = None
    first_error: str | None = None
    last_error: str | None = None
    about: list[str] | None = None

    def __repr__(self) -> str:
        return f"Delivery({self.delivery_id} {self.status}: {self.subject!r} to {self.channel})"
