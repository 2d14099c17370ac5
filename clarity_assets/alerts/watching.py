"""One look at the project: causes found, alerts opened and resolved, their messages queued, all or nothing."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from clarity_assets.alerts.causes import Found, JobFacts, joined
from clarity_assets.alerts.delivering import deliveries
from clarity_assets.alerts.looking import RULES_CAUSE, Looked, look, wrong_setting
from clarity_assets.alerts.machine import BackupLike, Disk, backup_old, disk_low, disk_of, token_expires
from clarity_assets.alerts.running import jobs_failed
from clarity_assets.alerts.store import Alert, all_alerts, open_alerts, remember, remembered, save, store_found
from clarity_assets.alerts.tables import ALERT_TABLES
from clarity_assets.alerts.telling import due, messages, opening_of
from clarity_assets.alerts.thresholds import Rule, parse_thresholds
from clarity_assets.delivery.queueing import queue_given_up, queue_message
from clarity_assets.delivery.tables import DELIVERY_TABLES
from clarity_assets.errors import SettingsError, WarehouseBusy
from clarity_assets.operations.file import open_operations
from clarity_assets.settings import Settings
from clarity_assets.warehouse.tables import transaction
from clarity_assets.warehouse.tickets import PRIVATE_FILE, make_private_folder
from clarity_assets.warehouse.troubles import os_trouble

TABLES = ALERT_TABLES | DELIVERY_TABLES
LOCK_TIMEOUT_S = 60.0
BUSY, SEEN = "warehouse_busy", "warehouse_seen"


@dataclass(frozen=True)
class Watched:
    """What one look came to. `queued`: rows of the ledger of deliveries; 0 where no address is set."""

    opened: tuple[Alert, ...]
    resolved: tuple[Alert, ...]
    open: tuple[Alert, ...]
    queued: int
    was_warehouse_read: bool

    @property
    def is_critical(self) -> bool:
        return any(alert.is_critical for alert in self.open)


def list_own_backups(settings: Settings) -> Iterable[BackupLike]:
    """The backups there are."""
    from clarity_assets.backups.folder import list_backups  # heavy: encryption

    return list_backups(settings)


def watch(
    settings: Settings,
    *,
    jobs: tuple[JobFacts, ...] = (),
    now: datetime | None = None,
    disk: Callable[[Path], Disk] = disk_of,
    backups: Callable[[Settings], Iterable[BackupLike]] = list_own_backups,
    queue: Callable[..., int] = queue_message,
) -> Watched:
    """Find causes, store what opened and what is over, queue the messages of both; sends nothing.

    All of it is one transaction of the operations file: a crash leaves neither an alert that is not told nor a message
    without its alert. Without any address in CLARITY_ALERT_TO alerts are kept and told once there is one. What cannot
    be judged now (the warehouse cannot be opened, a day is not known) stays as it is. Two looks at once take turns.
    Raises SettingsError without a project, WarehouseError where the operations file cannot be used.
    """
    now, project = now or settings.clock(), settings.need_project()
    with _only_one(settings):
        with open_operations(settings, tables=TABLES, label="alerts: what is open") as con:
            open_ids = frozenset(a.cause_id for a in all_alerts(con, project_id=project, unresolved=True))
            busy_since = remembered(con, BUSY, project_id=project)
            was_there = remembered(con, SEEN, project_id=project) is not None
        rules, found_rules = _rules(settings, open_ids)
        looked = look(settings, rules=rules, now=now, open_ids=open_ids, busy_since=busy_since, was_there=was_there)
        found = [found_rules, looked.found, jobs_failed(jobs, open_ids=open_ids)]
        found += _of_machine(settings, looked, now=now, open_ids=open_ids, disk=disk, backups=backups)
        with open_operations(settings, tables=TABLES, label="alerts: store") as con, transaction(con):
            found.append(deliveries(con, settings=settings, open_ids=open_ids))
            remember(con, BUSY, looked.busy_since, project_id=project)
            if looked.was_opened and not was_there:
                remember(con, SEEN, now, project_id=project)
            changed, queued = store_and_tell(con, joined(found), settings=settings, now=now, queue=queue)
            left = tuple(open_alerts(con, project_id=project))
            queued += tell_given_up(con, left, settings=settings, now=now)
    return Watched(
        opened=tuple(alert for alert in changed if alert.is_open and alert.cause_id not in open_ids),
        resolved=tuple(alert for alert in changed if not alert.is_open),
        open=left, queued=queued, was_warehouse_read=looked.was_opened,
    )  # fmt: skip


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    """Looks at one project take turns: an older one must not store what a newer one has found to be over."""
    file = settings.operations_file
    lock = FileLock(f"{file}.watch.lock", timeout=LOCK_TIMEOUT_S, mode=PRIVATE_FILE, fallback_to_soft=False)
    try:
        make_private_folder(file.parent)
        lock.acquire()
    except Timeout as error:
        raise WarehouseBusy(
            f"another `clarity-assets watch` (or the alerts sensor) has been looking for {LOCK_TIMEOUT_S:g} s; "
            "wait for it, or end it"
        ) from error
    except OSError as error:
        raise os_trouble(error, file) from error
    try:
        yield
    finally:
        lock.release()


def _rules(settings: Settings, open_ids: frozenset[str]) -> tuple[tuple[Rule, ...] | None, Found]:
    """The user's rules; None and a cause where they are wrong."""
    try:
        rules = parse_thresholds(settings.thresholds)
    except SettingsError as error:
        return None, Found((wrong_setting(error),))
    return rules, Found(over={RULES_CAUSE: "the limits are right now"} if RULES_CAUSE in open_ids else {})


def _of_machine(
    settings: Settings, looked: Looked, *, now: datetime, open_ids: frozenset[str], disk, backups
) -> list[Found]:
    """What is told without the warehouse; a disk or folder that cannot be looked at says nothing."""
    found = [token_expires(settings, now=now, open_ids=open_ids)]
    with suppress(OSError):
        found.append(disk_low(settings, open_ids=open_ids, disk=disk))
    with suppress(OSError):
        found.append(backup_old(backups(settings), first_seen=looked.first_seen, now=now, open_ids=open_ids))
    return found


def store_and_tell(
    con: duckdb.DuckDBPyConnection,
    found: Found,
    *,
    settings: Settings,
    now: datetime,
    queue: Callable[..., int] = queue_message,
) -> tuple[list[Alert], int]:
    """Store what is found and queue what is to be told, in the caller's transaction; changed alerts, rows queued."""
    project = settings.need_project()
    changed = store_found(con, found, project_id=project, now=now)
    if not settings.alert_to.get_secret_value().split():
        return changed, 0
    waiting = all_alerts(con, project_id=project, unresolved=True) + [alert for alert in changed if not alert.is_open]
    tellings = [telling for alert in waiting if (telling := due(alert, now=now)) is not None]
    save(con, [telling.told for telling in tellings])
    queued = [queue(con, message, to=settings.alert_to, project_id=project, now=now) for message in messages(tellings)]
    return changed, sum(queued)


def tell_given_up(con: duckdb.DuckDBPyConnection, alerts: Iterable[Alert], *, settings: Settings, now: datetime) -> int:
    """Queue once more what was given up of these open alerts that are critical, where its channel works again."""
    openings = [opening_of(alert) for alert in alerts if alert.is_critical and not alert.is_silent]
    project = settings.need_project()
    return queue_given_up(con, openings=openings, to=settings.alert_to, project_id=project, now=now) if openings else 0
