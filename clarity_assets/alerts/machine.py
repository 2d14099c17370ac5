"""Disks, token, backups in; what runs out or is missing out."""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from clarity_assets.alerts.causes import Cause, Found, joined, key_of, of_kind, utc
from clarity_assets.clarity.token import NEXT_STEP, check_token
from clarity_assets.errors import TokenError
from clarity_assets.settings import Settings

CLEAR_ABOVE_PCT = 2.0  # points above the limit before a disk is well again: a full one breathes in and out
TOKEN_WARNING = timedelta(days=14)
BACKUP_AGE = timedelta(hours=48)  # a daily one that was missed once is made on the next day
BACKUP_WARNS = "backup_old:warning"


@dataclass(frozen=True)
class Disk:
    """The disk that a folder lies on; `mount` names it."""

    mount: Path
    total_bytes: int
    free_bytes: int

    @property
    def free_pct(self) -> float:
        return 100 * self.free_bytes / self.total_bytes if self.total_bytes else 100.0


class BackupLike(Protocol):
    """What is asked of a backup."""

    @property
    def made_at(self) -> datetime: ...
    @property
    def is_verified(self) -> bool: ...
    @property
    def warnings(self) -> tuple[str, ...]: ...


def disk_of(folder: Path) -> Disk:
    """The disk of a folder, or of the nearest one above it that is there. Raises OSError where it cannot be told."""
    there = folder.resolve()
    while not there.exists() and there != there.parent:
        there = there.parent
    mount = there
    while not mount.is_mount() and mount != mount.parent:
        mount = mount.parent
    usage = shutil.disk_usage(there)
    return Disk(mount, usage.total, usage.free)


def disk_low(settings: Settings, *, open_ids: frozenset[str], disk: Callable[[Path], Disk] = disk_of) -> Found:
    """One cause a disk that any of our folders lies on; critical below half of the limit."""
    folders = (settings.warehouse.parent, settings.operations_file.parent, settings.backups_folder, settings.reports)
    disks: dict[Path, Disk] = {}
    for folder in folders:
        found = disk(folder)
        disks[found.mount] = found
    limit = settings.disk_min_free_pct
    causes = [_low(one, limit) for one in disks.values() if one.free_pct < limit]
    well = {
        f"disk_low:{one.mount}": f"{one.free_pct:.1f} % is free again"
        for one in disks.values()
        if one.free_pct >= limit + CLEAR_ABOVE_PCT
    }
    gone = {i: "nothing of the project lies there any more" for i in of_kind(open_ids, "disk_low")
            if Path(key_of(i)) not in disks}  # fmt: skip
    return Found(tuple(causes), {i: how for i, how in (well | gone).items() if i in open_ids})


def _low(disk: Disk, limit_pct: float) -> Cause:
    free_gb, total_gb = disk.free_bytes / 1e9, disk.total_bytes / 1e9
    return Cause(
        f"disk_low:{disk.mount}", "disk_low", "critical" if disk.free_pct < limit_pct / 2 else "warning",
        f"{disk.free_pct:.1f} % of the disk at {disk.mount} is free",
        f"{free_gb:.2f} of {total_gb:.1f} GB are free; told below {limit_pct:g} % (CLARITY_DISK_MIN_FREE_PCT).",
        "Make room, or keep less: CLARITY_KEEP_REPORTS_DAYS, CLARITY_KEEP_ARCHIVE_DAYS, CLARITY_BACKUP_KEEP_MONTHLY, "
        "or CLARITY_BACKUPS on another disk; clarity-assets tidy deletes what is too old",
    )  # fmt: skip


def token_expires(settings: Settings, *, now: datetime, open_ids: frozenset[str]) -> Found:
    """A token that ends within 14 days, or is of no use. A project without any token is no cause."""
    if settings.api_token is None:
        return Found()
    try:
        expires = check_token(settings.api_token, now=now).expires_at
    except TokenError as error:
        title = "The API token has expired" if "expired" in str(error) else "The API token is of no use"
        return Found((Cause("token_expires", "token_expires", "critical", title, f"{error}.", _new_token()),))
    if expires is not None and expires < now + TOKEN_WARNING:
        days = (expires - now) // timedelta(days=1)
        detail = f"It ends at {utc(expires)}; from then on nothing can be collected."
        title = f"The API token expires in {days} day{'' if days == 1 else 's'}"
        return Found((Cause("token_expires", "token_expires", "warning", title, detail, _new_token()),))
    told = f"the token lasts until {utc(expires)}" if expires else "the token has no end"
    return Found(over={i: told for i in of_kind(open_ids, "token_expires")})


def _new_token() -> str:
    return NEXT_STEP[0].upper() + NEXT_STEP[1:]


def newest_backup(backups: Iterable[BackupLike], *, now: datetime) -> BackupLike | None:
    """The newest verified one; without those that a wrong clock dated further into the future than BACKUP_AGE."""
    believable = (backup for backup in backups if backup.is_verified and backup.made_at - now <= BACKUP_AGE)
    return max(believable, key=lambda backup: backup.made_at, default=None)


def backup_old(
    backups: Iterable[BackupLike], *, first_seen: datetime | None, now: datetime, open_ids: frozenset[str]
) -> Found:
    """No verified backup for 48 h, or none at all of a project that is older than that (None: its age is unknown).

    And, as `backup_old:warning`, what the newest one warns of: nobody reads what an unattended backup prints.
    """
    newest = newest_backup(backups, now=now)
    return joined([
        _too_old(newest, first_seen=first_seen, now=now, open_ids=open_ids),
        _backup_warns(newest, open_ids=open_ids),
    ])  # fmt: skip


def _backup_warns(newest: BackupLike | None, *, open_ids: frozenset[str]) -> Found:
    if newest is None:
        return Found()
    if not newest.warnings:
        told = f"the backup of {utc(newest.made_at)} warns of nothing"
        return Found(over={BACKUP_WARNS: told} if BACKUP_WARNS in open_ids else {})
    cause = Cause(
        BACKUP_WARNS, "backup_old", "warning", "The newest backup is not what it should be",
        f"That of {utc(newest.made_at)}: {'; '.join(newest.warnings)}.",
        "Do what the warning says; the next clarity-assets backup without one ends this",
    )  # fmt: skip
    return Found((cause,))


def _too_old(
    newest: BackupLike | None, *, first_seen: datetime | None, now: datetime, open_ids: frozenset[str]
) -> Found:
    since = newest.made_at if newest else first_seen
    if since is None:
        return Found()
    if now - since <= BACKUP_AGE:
        told = f"a verified backup was made at {utc(since)}"
        return Found(over={"backup_old": told} if newest and "backup_old" in open_ids else {})
    what = f"The newest is of {utc(since)}" if newest else f"There is none; the project began at {utc(since)}"
    cause = Cause(
        "backup_old", "backup_old", "warning", f"No verified backup since {utc(since)}", f"{what}.",
        "clarity-assets backup says what is wrong; clarity-assets backup --list shows what there is",
    )  # fmt: skip
    return Found((cause,))
