"""Queued messages in, sent messages out: in short turns, each reserved before it is sent, each channel once."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import duckdb

from clarity_assets.delivery.channels import all_channels
from clarity_assets.delivery.endings import settle_endings
from clarity_assets.delivery.ledger import finish, held_messages, mark_interrupted, next_due, reserve
from clarity_assets.delivery.queueing import cancel_without_channel, queue_message
from clarity_assets.delivery.sending import Outcome, Parcel, send_apart
from clarity_assets.delivery.tables import DELIVERY_TABLES, SENT, Delivery
from clarity_assets.delivery.waiting import is_quiet
from clarity_assets.errors import WarehouseBusy
from clarity_assets.operations.file import open_operations
from clarity_assets.settings import Settings
from clarity_assets.warehouse.tables import transaction

__all__ = ["DELIVERY_TABLES", "SendResult", "queue_message", "send_due"]

SEND_LIMIT_S = 60.0  # of one message: a mail of 15 MB at 2 Mbit/s
LEAST_SEND_S = 12.0  # less time left of the budget is not worth beginning: connecting alone may take 10 s

Send = Callable[..., Outcome]
"""(channel, parcel, *, limit_s) -> Outcome."""


@dataclass
class SendResult:
    """How many messages a pass sent, failed to send (tried again later), gave up, found interrupted, cancelled, and
    let go that were held. `is_done` is false where the budget ended before all that was due was tried."""

    sent: int = 0
    failed: int = 0
    given_up: int = 0
    interrupted: int = 0
    cancelled: int = 0
    released: int = 0
    is_done: bool = True
    errors: list[str] = field(default_factory=list)
    """One line a message that was not sent: its id, channel, and why."""


def send_due(
    settings: Settings, *, now: datetime | None = None, budget_s: float = 40.0, send: Send = send_apart
) -> SendResult:
    """Send what is due, for at most about `budget_s` seconds; the operations file is never held while sending.

    A message is reserved and committed before anything leaves, so one is sent once, whoever else sends; what a dead
    process was sending becomes `interrupted` and is not sent again by itself. `now`: `settings.clock()` at each step.

    Raises WarehouseError where the operations file cannot be opened, SettingsError without a project.
    """
    result = SendResult()
    _Pass(settings, now, until=time.monotonic() + budget_s, send=send, result=result).run()
    return result


class _Pass:
    """One pass over what is due: a message at a time, each reserved and recorded in a turn at the file of its own."""

    def __init__(self, settings: Settings, now: datetime | None, *, until: float, send: Send, result: SendResult):
        self.settings, self.project_id, self._now = settings, settings.need_project(), now
        self.until, self.send, self.result = until, send, result
        self.channels = {channel.channel_id: channel for channel in all_channels(settings)}
        self.reachable = set(self.channels)

    def run(self) -> None:
        delivery = self._first()
        while delivery is not None:
            limit_s = min(SEND_LIMIT_S, max(self.left_s, LEAST_SEND_S))
            outcome = self.send(self.channels[delivery.channel_id], self._parcel(delivery), limit_s=limit_s)
            if outcome.is_channel_down:
                self.reachable.discard(delivery.channel_id)
            try:
                delivery = self._next(delivery, outcome)
            except WarehouseBusy:  # the message has left: what came of it is worth a second wait
                delivery = self._next(delivery, outcome)

    @property
    def now(self) -> datetime:
        return self._now or self.settings.clock()

    @property
    def left_s(self) -> float:
        return self.until - time.monotonic()

    def _first(self) -> Delivery | None:
        """Tidy up after others, let reports go that were held and are whole now, and reserve the first message."""
        with self._turn() as con:
            self.result.interrupted += mark_interrupted(con, project_id=self.project_id, now=self.now)
            self.result.cancelled += cancel_without_channel(con, project_id=self.project_id, known=list(self.channels))
            if not held_messages(con, project_id=self.project_id):
                return self._reserve(con)
        from clarity_assets.delivery.reports import release_held  # reads the warehouse, so the file is closed before

        self.result.released += release_held(self.settings, now=self._now)
        with self._turn() as con:
            return self._reserve(con)

    def _reserve(self, con: duckdb.DuckDBPyConnection) -> Delivery | None:
        found = self._due(con)
        return reserve(con, found, now=self.now) if found else None

    def _next(self, done: Delivery, outcome: Outcome) -> Delivery | None:
        """Store what came of one message and reserve the next; None where there is none, or no time for it."""
        with self._turn() as con:
            status = finish(con, done, outcome, now=self.now, attempts=self.settings.delivery_attempts)
            found = self._due(con)
            self.result.is_done = found is None or self.left_s >= LEAST_SEND_S
            following = reserve(con, found, now=self.now) if found and self.result.is_done else None
        self._tell(done, status, outcome)
        return following

    @contextmanager
    def _turn(self) -> Iterator[duckdb.DuckDBPyConnection]:
        opened = open_operations(self.settings, tables=DELIVERY_TABLES, label="deliver")
        with opened as con, transaction(con):
            yield con

    def _due(self, con: duckdb.DuckDBPyConnection) -> str | None:
        quiet = is_quiet(self.settings.quiet_hours, now=self.now)
        endings = settle_endings(con, project_id=self.project_id)
        self.result.cancelled += endings.cancelled
        return next_due(
            con, project_id=self.project_id, now=self.now, is_quiet=quiet, channel_ids=sorted(self.reachable),
            held=endings.held,
        )  # fmt: skip

    def _tell(self, done: Delivery, status: str, outcome: Outcome) -> None:
        from clarity_assets.operations.logs import log_event

        setattr(self.result, status, getattr(self.result, status) + 1)
        if status != SENT:
            self.result.errors.append(
                f"{done.delivery_id} ({status.replace('_', ' ')}) {done.channel}: {outcome.error}"
            )
        log_event(
            self.settings, "audit", now=self.now, event="delivery", delivery_id=done.delivery_id, status=status,
            message_id=done.message_id, attempt=done.attempts, to=done.channel, error=outcome.error,
        )  # fmt: skip

    def _parcel(self, delivery: Delivery) -> Parcel:
        return Parcel(
            delivery.delivery_id, delivery.subject, delivery.text, delivery.html, tuple(delivery.attachments),
            at=self.now, is_last_attempt=delivery.attempts >= self.settings.delivery_attempts,
        )  # fmt: skip
