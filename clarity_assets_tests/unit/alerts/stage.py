"""An operations file in a folder, a settable clock, and the messages that were queued: what tests of alerts share."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
from pydantic import SecretStr

from clarity_assets.alerts.causes import Cause, Found
from clarity_assets.alerts.machine import Disk
from clarity_assets.alerts.store import Alert, all_alerts
from clarity_assets.alerts.watching import TABLES, Watched, store_and_tell, watch
from clarity_assets.delivery.outbox import send_due
from clarity_assets.delivery.sending import Outcome
from clarity_assets.operations.file import open_operations
from clarity_assets.settings import Settings
from clarity_assets.warehouse.tables import transaction
from clarity_assets_tests.fixtures.collecting import make_settings

NOW = datetime(2026, 10, 5, 2, 30, tzinfo=UTC)
HOOK = SecretStr("json://127.0.0.1:9/alerts")
ROOMY = Disk(Path("/"), 100, 50)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def cause(cause_id: str = "collection_failed", severity: str = "critical", **told: str) -> Cause:
    texts = {"title": f"Title of {cause_id}", "detail": "Numbers and times", "next_step": "Do this"} | told
    return Cause(cause_id, cause_id.partition(":")[0], severity, **texts)


@dataclass
class Stage:
    """Settings and the operations file of one project."""

    settings: Settings
    watches: list[Watched] = field(default_factory=list)

    @contextmanager
    def open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with open_operations(self.settings, tables=TABLES, label="test") as con:
            yield con

    def found(self, *causes: Cause, over: dict[str, str] | None = None, now: datetime = NOW) -> int:
        """Store and tell; how many messages were queued."""
        with self.open() as con, transaction(con):
            return store_and_tell(con, Found(causes, over or {}), settings=self.settings, now=now)[1]

    def watch(self, **options) -> Watched:
        """One look with a roomy disk and no backups, unless they are given."""
        given = {"now": NOW, "disk": lambda _: ROOMY, "backups": lambda _: []} | options
        return watch(self.settings, **given)

    def send(self, now: datetime, status: str) -> None:
        """Send what is due, with this outcome of each."""
        send_due(self.settings, now=now, send=lambda channel, parcel, *, limit_s: Outcome(status, "as the test says"))

    @property
    def alerts(self) -> list[Alert]:
        with self.open() as con:
            return all_alerts(con, project_id=self.settings.project_id)

    @property
    def told(self) -> list[tuple[str, str]]:
        """Kind and subject of every message, in the order of queueing."""
        return [(row[0], row[1]) for row in self.sql("select kind, subject from ops.delivery order by rowid")]

    def sql(self, query: str, *params) -> list[tuple]:
        with self.open() as con:
            return con.execute(query, params).fetchall()


def stage(folder: Path, **settings) -> Stage:
    """A project without a warehouse yet whose alerts go to a webhook."""
    return Stage(make_settings(folder, **{"alert_to": HOOK} | settings))
