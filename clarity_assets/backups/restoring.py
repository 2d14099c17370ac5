"""A backup in, the working file as it was then out: verified first, caught up, and put in place in one go."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from clarity_assets.backups.backup_file import unpack_backup
from clarity_assets.backups.catching_up import CaughtUp, catch_up
from clarity_assets.backups.folder import Backup, alone, find_backup, is_of_project, key_of
from clarity_assets.backups.making import refuse_other_rows
from clarity_assets.backups.manifest import OPERATIONS, WAREHOUSE, Manifest
from clarity_assets.backups.messages_since import stop_waiting_messages
from clarity_assets.backups.swapping import finish_interrupted, swap
from clarity_assets.backups.troubles import RestoreRefused, told_of
from clarity_assets.errors import WarehouseBusy, WarehouseError, WarehouseFull
from clarity_assets.operations.logs import log_event
from clarity_assets.settings import Settings
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.copying import sync_folder
from clarity_assets.warehouse.queue import WriterQueue
from clarity_assets.warehouse.tickets import make_private_folder

LABEL = "restore"


@dataclass(frozen=True)
class Restored:
    """What came back. `sha256` is that of the unpacked file, equal to the one that was packed.

    `aside`: where the file is that was there before; `has_operations`: alerts and deliveries came back too.
    """

    backup: Backup
    warehouse: Path
    sha256: str
    tables: dict[str, int]
    aside: Path | None
    caught_up: CaughtUp
    has_operations: bool = False


def restore_backup(
    settings: Settings,
    which: str | Path = "latest",
    *,
    replace: bool = False,
    nothing_spent_since: bool = False,
    other_project: bool = False,
    now: datetime | None = None,
) -> Restored:
    """Put the backup (`latest`, a name or a path) in the place of the warehouse; the operations file where none is.

    Whatever fails, the warehouse is as it was. Afterwards the answers kept since are in it too, and the rest of the
    quota day counts as spent unless `nothing_spent_since`: the backup does not know what was; and messages that waited
    are not sent by themselves. Raises RestoreRefused where there is a warehouse and not `replace`, or where the backup
    is of another project and not `other_project`; BackupMissing, BackupDamaged, BackupKeyWrong, WarehouseError.
    """
    now = now or settings.clock()
    settings.need_project()
    live = settings.warehouse
    with alone(settings, what=LABEL) as staging, told_of(live):
        finish_interrupted(live)
        _refuse_overwriting(live, replace=replace)
        backup = find_backup(settings, which, now=now)
        if not other_project:
            _refuse_other_project(settings, backup)
        manifest = unpack_verified(settings, backup, staging)
        has_operations = put_operations(
            settings, staging / OPERATIONS, made_at=manifest.made_at, nothing_sent_since=nothing_spent_since
        )
        with exclusive(settings, label=LABEL):
            caught_up = catch_up(
                settings, staging / WAREHOUSE, since=manifest.made_at, now=now, reason=reason_of(backup),
                nothing_spent_since=nothing_spent_since,
            )  # fmt: skip
            _refuse_overwriting(live, replace=replace)
            aside = swap(staging / WAREHOUSE, live, aside_as="replaced", now=now)
    file = manifest.files[WAREHOUSE]
    restored = Restored(backup, live, file.sha256, file.tables, aside, caught_up, has_operations)
    _log(settings, restored, now=now, is_replaced=replace, nothing_spent_since=nothing_spent_since)
    return restored


def unpack_verified(settings: Settings, backup: Backup, staging: Path) -> Manifest:
    """Unpack into the folder, with equal hashes and every table's rows. Raises as `unpack_backup`; nothing is left."""
    need = sum(file.size_bytes for file in backup.manifest.files.values()) if backup.manifest else 0
    if (free := shutil.disk_usage(staging).free) < need:
        raise WarehouseFull(
            f"{backup.path} unpacks to {need:,} bytes and the disk of {settings.warehouse} has {free:,} free; make room"
        )
    targets = {name: staging / name for name in (WAREHOUSE, OPERATIONS)}
    for target in targets.values():
        target.unlink(missing_ok=True)  # of a backup that was tried before
    manifest = unpack_backup(backup.path, targets, key=key_of(settings))
    for name, file in manifest.files.items():
        refuse_other_rows(backup.path, targets[name], file.tables)
    return manifest


@contextmanager
def exclusive(settings: Settings, *, label: str) -> Iterator[None]:
    """Nobody collects (no request is under way) and nobody has the working file; a healthy one is without a log."""
    live, timeout_s = settings.warehouse, settings.warehouse_timeout_s
    collections = WriterQueue(live.with_name(f"{live.name}.collection"))
    with collections.turn(timeout_s=timeout_s, label=label):
        if live.exists():
            _checkpoint(live, timeout_s=timeout_s, label=label)
        with WriterQueue(live).turn(timeout_s=timeout_s, label=label):
            yield


def _checkpoint(live: Path, *, timeout_s: float, label: str) -> None:
    try:
        with open_warehouse(live, timeout_s=timeout_s, label=label) as con:
            con.execute("checkpoint")
    except WarehouseBusy:
        raise
    except WarehouseError:
        return  # damaged, or of another version of DuckDB: it goes aside as it is, with its log


def reason_of(backup: Backup) -> str:
    """What a slot says that may have been spent since the backup."""
    return (
        f"the warehouse was restored from the backup of {backup.made_at:%Y-%m-%d %H:%M} UTC; whether this slot was "
        "spent since then is not known, so it counts"
    )


def _refuse_overwriting(live: Path, *, replace: bool) -> None:
    if live.exists() and not replace:
        raise RestoreRefused(
            f"{live} is there already; nothing was touched. `--replace` moves it aside first; `clarity-assets recover` "
            "is for one that is damaged"
        )


def _refuse_other_project(settings: Settings, backup: Backup) -> None:
    if backup.manifest is None or is_of_project(backup, settings):
        return  # without a manifest it is damaged, which unpacking tells
    whose = backup.manifest.project_id
    raise RestoreRefused(
        f"{backup.path} is a backup of {f'project {whose!r}' if whose else 'no named project'}, and CLARITY_PROJECT_ID "
        f"is {settings.project_id!r}; nothing was touched. Set CLARITY_PROJECT_ID (and CLARITY_WAREHOUSE) to that "
        "project's, or give --other-project if it is to stand here"
    )


def put_operations(settings: Settings, unpacked: Path, *, made_at: datetime, nothing_sent_since: bool) -> bool:
    """Alerts and deliveries come back only where there are none; what waited may have been sent since."""
    place = settings.operations_file
    make_private_folder(place.parent)
    if finish_interrupted(place) or not unpacked.exists() or place.exists():
        return False
    if not nothing_sent_since:
        stop_waiting_messages(unpacked, made_at=made_at, timeout_s=settings.warehouse_timeout_s)
    ready = place.with_name(f".{place.name}.part")
    shutil.move(unpacked, ready)
    with WriterQueue(place).turn(timeout_s=settings.warehouse_timeout_s, label=LABEL):
        if place.exists():
            ready.unlink()
            return False
        swap(ready, place, aside_as="replaced", now=settings.clock())
    sync_folder(place.parent)
    return True


def _log(settings: Settings, restored: Restored, *, now: datetime, **facts: object) -> None:
    log_event(
        settings, "audit", now=now, event="restore", backup=restored.backup.path, made_at=restored.backup.made_at,
        sha256=restored.sha256, aside=restored.aside, answers_imported=restored.caught_up.imported,
        slots_marked=restored.caught_up.maybe_spent, **facts,
    )  # fmt: skip
