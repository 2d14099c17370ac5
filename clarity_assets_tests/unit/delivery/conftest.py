"""Servers, settings on a folder of the test's own, and short ways to queue, drain and read."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from clarity_assets.delivery.ledger import read_deliveries
from clarity_assets.delivery.messages import Message
from clarity_assets.delivery.outbox import DELIVERY_TABLES, queue_message, send_due
from clarity_assets.delivery.sending import SENT, Outcome
from clarity_assets.operations.file import open_operations
from clarity_assets.settings import Settings
from clarity_assets.warehouse.tables import transaction
from clarity_assets_tests.fixtures.collecting import make_settings
from clarity_assets_tests.unit.delivery.servers import mail_server, webhook

NOON = datetime(2026, 10, 12, 12, tzinfo=UTC)


@pytest.fixture
def mail():
    with mail_server() as server:
        yield server


@pytest.fixture
def hook():
    with webhook() as server:
        yield server


class FakeSend:
    """Remembers what it was given; `outcomes` come one after the other, then everything is sent."""

    def __init__(self, *outcomes: Outcome):
        self.outcomes, self.sent = list(outcomes), []

    def __call__(self, channel, parcel, *, limit_s: float) -> Outcome:
        self.sent.append((channel.name, parcel))
        return self.outcomes.pop(0) if self.outcomes else Outcome(SENT)

    @property
    def subjects(self) -> list[str]:
        return [parcel.subject for _, parcel in self.sent]


class Office:
    """A project's operations file with addresses, and what one does with it."""

    def __init__(self, folder: Path, to: str = "json://127.0.0.1:9/one", **more):
        self.settings: Settings = make_settings(folder, alert_to=SecretStr(to), **more)

    def queue(self, message_id: str = "alert:a1:opened", *, at: datetime = NOON, **more) -> int:
        message = Message(**{"message_id": message_id, "kind": "alert", "subject": message_id, "text": "text\n",
                             "html": "<p>text</p>"} | more)  # fmt: skip
        with self.opened() as con, transaction(con):
            return queue_message(con, message, to=self.settings.alert_to, project_id="test", now=at)

    def send(self, send=None, *, at: datetime = NOON, **more):
        return send_due(self.settings, now=at, **({"send": send} if send else {}), **more)

    @property
    def rows(self) -> list:
        with self.opened() as con:
            return read_deliveries(con, project_id="test")

    def row(self, message_id: str = "alert:a1:opened"):
        [found] = [row for row in self.rows if row.message_id == message_id]
        return found

    def opened(self):
        return open_operations(self.settings, tables=DELIVERY_TABLES, label="test")


@pytest.fixture
def office(tmp_path):
    """Makes an office: `office(addresses, **settings)`."""
    return lambda to="json://127.0.0.1:9/one", **more: Office(tmp_path, to, **more)
