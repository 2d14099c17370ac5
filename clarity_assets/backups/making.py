"""The working file in; a compressed, hashed, verified backup of it out, and older ones thinned."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import duckdb

from clarity_assets.backups.backup_file import unpack_backup, write_backup
from clarity_assets.backups.contents import read_copy
from clarity_assets.backups.folder import (
    DAMAGED_ENDING,
    PART,
    Backup,
    alone,
    free_name,
    is_of_project,
    key_of,
    list_backups,
    look_at,
    newest_first,
)
from clarity_assets.backups.manifest import OPERATIONS, WAREHOUSE, Manifest
from clarity_assets.backups.retention import kept
from clarity_assets.backups.troubles import BackupDamaged, BackupKeyWrong, told_of
from clarity_assets.errors import WarehouseCorrupt, WarehouseError
from clarity_assets.operations.logs import log_event
from clarity_assets.settings import Settings
from clarity_assets.warehouse.copying import Copied, copy_warehouse, sync_folder

ANSWERS = "ops.clarity_answer"
LABEL = "backup"


def make_backup(settings: Settings, *, now: datetime | None = None) -> Backup:
    """Copy warehouse and operations file in a short turn each, pack, unpack again, compare; then thin older ones.

    The file gets its name only when it was opened and its hashes and every table's rows were as in the copy; no
    half-made one is left. Raises WarehouseError (a full disk, a damaged warehouse: its older backups are left alone).
    """
    now = now or settings.clock()
    with alone(settings, what=LABEL) as staging, told_of(settings.backups_folder):
        copied = copy_warehouse(
            settings.warehouse, staging / WAREHOUSE, timeout_s=settings.warehouse_timeout_s, label=LABEL
        )
        sources = {WAREHOUSE: (copied.path, _read_source(settings, copied))}
        operations, warnings = _copy_operations(settings, staging)
        shrunk = _shrunk(settings, answers=sources[WAREHOUSE][1].get(ANSWERS, 0), now=now)
        manifest = Manifest(
            now, settings.project_id, False, _versions(), {}, (*warnings, *shrunk), is_shrunk=bool(shrunk)
        )
        path, manifest = _written(settings, sources | operations, manifest, staging)
        size_bytes = path.stat().st_size
        deleted = () if shrunk else _thin(settings, just_made=path)
    backup = Backup(path, now, size_bytes, manifest, deleted=deleted, held_s=copied.held_s)
    log_event(
        settings, "audit", now=now, event="backup", path=path, size_bytes=backup.size_bytes, sha256=backup.sha256,
        is_encrypted=backup.is_encrypted, deleted=list(deleted), warnings=list(backup.warnings),
    )  # fmt: skip
    return backup


def _written(settings: Settings, sources: dict, manifest: Manifest, staging: Path) -> tuple[Path, Manifest]:
    """Pack, verify, and only then give the file its name."""
    made = settings.backups_folder / PART
    manifest = write_backup(made, sources, manifest=manifest, key=key_of(settings))
    for source, _ in sources.values():
        source.unlink()
    _verify(made, staging, key=key_of(settings))
    path = made.rename(free_name(settings.backups_folder, manifest.made_at))
    sync_folder(path.parent)
    return path, manifest


def verify_backups(settings: Settings, *, which: Sequence[Backup] | None = None) -> list[Backup]:
    """Unpack, hash and open every backup (or these), newest first; each with its trouble, if there is any.

    A damaged one gets the ending .damaged, unless it does not say whose it is. One that our key does not open is left
    as it is: that is no damage.
    """
    verified = []
    with alone(settings, what="verify backups") as staging, told_of(settings.backups_folder):
        for backup in list_backups(settings) if which is None else which:
            try:
                _verify(backup.path, staging, key=key_of(settings))
                verified.append(look_at(backup.path))
            except BackupKeyWrong as error:
                verified.append(replace(backup, trouble=str(error)))
            except BackupDamaged as error:
                verified.append(_set_apart(settings, backup, error))
    return verified


def _verify(path: Path, staging: Path, *, key: str | None) -> None:
    """Unpack as a restore does, open, compare every table's rows. Raises BackupDamaged."""
    targets = {name: staging / f"again-{name}" for name in (WAREHOUSE, OPERATIONS)}
    try:
        manifest = unpack_backup(path, targets, key=key)
        for name, file in manifest.files.items():
            refuse_other_rows(path, targets[name], file.tables)
    finally:
        for target in targets.values():
            target.unlink(missing_ok=True)


def refuse_other_rows(backup: Path, unpacked: Path, tables: dict[str, int]) -> None:
    """Raises BackupDamaged where the unpacked file cannot be read or has other rows than its manifest says."""
    try:
        found = read_copy(unpacked)
    except WarehouseCorrupt as error:
        raise BackupDamaged(f"the backup {backup} holds a damaged {unpacked.name}: {error}") from error
    if found != tables:
        other = sorted(dict(found.items() ^ tables.items()))
        raise BackupDamaged(f"the backup {backup} has other rows than its manifest says in {', '.join(other)}")


def _set_apart(settings: Settings, backup: Backup, error: BackupDamaged) -> Backup:
    path = backup.path
    if path.parent == settings.backups_folder and path.suffix != DAMAGED_ENDING and is_of_project(backup, settings):
        path = path.rename(path.with_suffix(DAMAGED_ENDING))
        log_event(settings, "audit", event="backup_damaged", path=path, error=error)
    return replace(backup, path=path, trouble=str(error))


# --- parts of a backup ------------------------------------------------------------------------------------------------


def _versions() -> dict[str, str]:
    return {"clarity-assets": version("clarity-assets"), "duckdb": duckdb.__version__}


def _read_source(settings: Settings, copied: Copied) -> dict[str, int]:
    """Rows by table. Raises WarehouseCorrupt about the warehouse, of which the copy is the bytes."""
    try:
        return read_copy(copied.path)
    except WarehouseCorrupt as error:
        raise WarehouseCorrupt(
            f"{settings.warehouse} is damaged, so no backup was made of it: {error}. "
            "`clarity-assets recover` moves it aside and restores the newest good backup"
        ) from error


def _copy_operations(settings: Settings, staging: Path) -> tuple[dict, tuple[str, ...]]:
    """Source and warnings: where alerts and deliveries cannot be read, the warehouse still gets its backup."""
    if not settings.operations_file.exists():
        return {}, ()
    try:
        copied = copy_warehouse(
            settings.operations_file, staging / OPERATIONS, timeout_s=settings.warehouse_timeout_s, label=LABEL
        )
        return {OPERATIONS: (copied.path, read_copy(copied.path))}, ()
    except WarehouseError as error:
        (staging / OPERATIONS).unlink(missing_ok=True)
        return {}, (f"alerts and deliveries are not in it: {error}",)


def _shrunk(settings: Settings, *, answers: int, now: datetime) -> tuple[str, ...]:
    """A warning where the warehouse has fewer answers than a backup of it has: it was lost and begun anew, say.

    Retention is no reason: it deletes bodies of answers, not their rows.
    """
    fuller = [b for b in list_backups(settings) if b.is_verified and b.tables.get(ANSWERS, 0) > answers]
    if not fuller:
        return ()
    most = max(fuller, key=lambda backup: backup.tables[ANSWERS])
    best = next((backup for backup in newest_first(settings, now=now) if backup in fuller), most)
    return (
        f"the warehouse has {answers:,} answers, and an older backup {most.tables[ANSWERS]:,}, so no older backup was "
        f"deleted, and this one is never taken by itself: `clarity-assets restore --replace {best.path.name}` brings "
        "the older one back; delete backups with more answers by hand if they are not needed any more",
    )


def _thin(settings: Settings, *, just_made: Path) -> tuple[str, ...]:
    """Delete what retention does not keep of our project's, and its damaged ones; the names.

    The one just made stays even where the clock was put back and others look newer.
    """
    found = [backup for backup in list_backups(settings) if is_of_project(backup, settings)]
    good = {backup.path: backup.made_at for backup in found if backup.is_verified}
    stay = kept(
        good.values(), daily=settings.backup_keep_daily, weekly=settings.backup_keep_weekly,
        monthly=settings.backup_keep_monthly,
    )  # fmt: skip
    gone = [b.path for b in found if b.path != just_made and (b.path not in good or b.made_at not in stay)]
    for path in gone:
        path.unlink(missing_ok=True)
    return tuple(path.name for path in gone)
