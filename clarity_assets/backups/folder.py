"""The folder of the backups: what lies in it, newest first; one that makes, restores or thins at a time."""

import contextlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from clarity_assets.backups.backup_file import manifest_of
from clarity_assets.backups.manifest import WAREHOUSE, Manifest
from clarity_assets.backups.swapping import tidy_after_swap
from clarity_assets.backups.troubles import BackupDamaged, BackupMissing, told_of
from clarity_assets.errors import WarehouseBusy
from clarity_assets.settings import Settings
from clarity_assets.warehouse.tickets import PRIVATE_FILE, make_private_folder

ENDING, DAMAGED_ENDING = ".backup", ".damaged"
PART = ".making"
_NAME = re.compile(r"clarity-(?P<at>\d{8}T\d{6})Z(?:-\d+)?(?P<ending>\.backup|\.damaged)")


@dataclass(frozen=True)
class Backup:
    """One backup file. `trouble` says why it is none that can be relied on; `manifest` is None where it has none.

    `is_verified`: it has its name only because it was opened and compared when it was made, it is whole as far as
    names and sizes tell, and no later look has found damage.
    """

    path: Path
    made_at: datetime
    size_bytes: int
    manifest: Manifest | None = None
    trouble: str = ""
    deleted: tuple[str, ...] = field(default=(), compare=False)  # older ones, when it was made
    held_s: float | None = field(default=None, compare=False)  # for how long others had to wait, when it was made

    @property
    def is_verified(self) -> bool:
        return self.manifest is not None and not self.trouble

    @property
    def is_encrypted(self) -> bool | None:
        return self.manifest and self.manifest.is_encrypted

    @property
    def sha256(self) -> str:
        """Hash of the warehouse inside, unpacked."""
        return self.manifest.files[WAREHOUSE].sha256 if self.manifest else ""

    @property
    def tables(self) -> dict[str, int]:
        """Rows by table of the warehouse inside."""
        return self.manifest.files[WAREHOUSE].tables if self.manifest else {}

    @property
    def is_shrunk(self) -> bool:
        """Whether an older backup had more answers: the warehouse had been lost and begun anew, say."""
        return self.manifest is not None and self.manifest.is_shrunk

    @property
    def warnings(self) -> tuple[str, ...]:
        return self.manifest.warnings if self.manifest else ()


def list_backups(settings: Settings) -> list[Backup]:
    """Every backup of our project in the folder, newest first, as far as names, manifests and sizes tell.

    Reads no contents. Of other projects none; one without a readable manifest may be anybody's and is told as not good.
    """
    folder = settings.backups_folder
    with told_of(folder):
        if not folder.is_dir():
            return []
        found = [look_at(path) for path in folder.iterdir() if _NAME.fullmatch(path.name)]
    own = [backup for backup in found if backup.manifest is None or is_of_project(backup, settings)]
    return sorted(own, key=lambda backup: (backup.made_at, backup.path.name), reverse=True)


def is_of_project(backup: Backup, settings: Settings) -> bool:
    """Whether it says that it is of CLARITY_PROJECT_ID: several projects may share one folder."""
    return backup.manifest is not None and backup.manifest.project_id == settings.project_id


def look_at(path: Path) -> Backup:
    """What one file says of itself. Raises OSError where it is gone."""
    size_bytes = path.stat().st_size
    try:
        manifest = manifest_of(path)
    except OSError as error:
        return Backup(path, _made_at(path), size_bytes, trouble=f"{path} cannot be read ({error.strerror})")
    except BackupDamaged as error:
        return Backup(path, _made_at(path), size_bytes, trouble=str(error))
    trouble = f"{path}: damage was found when it was verified" if path.suffix == DAMAGED_ENDING else ""
    return Backup(path, manifest.made_at, size_bytes, manifest, trouble)


def find_backup(settings: Settings, which: str | Path, *, now: datetime) -> Backup:
    """`latest` (first of `newest_first`), a name in the folder of backups, or a path: of any project.

    Raises BackupMissing.
    """
    if str(which) == "latest":
        if verified := newest_first(settings, now=now):
            return verified[0]
        raise BackupMissing(
            f"{settings.backups_folder} holds no verified backup of project {settings.project_id!r}"
            f"{passed_over_told(settings)}; give the path of one, or set CLARITY_BACKUPS"
        )
    places = [Path(which)]
    if Path(which).name == str(which):
        places.insert(0, settings.backups_folder / which)
    for path in places:
        if path.is_file():
            return look_at(path)
    raise BackupMissing(f"{which} is neither a file nor a backup in {settings.backups_folder}; see `backup --list`")


def newest_first(settings: Settings, *, now: datetime) -> list[Backup]:
    """The verified backups, newest first, that may be taken without asking; those of the future (a wrong clock) last.

    Without those that have fewer answers than an older one had: they are restored by name alone.
    """
    verified = [backup for backup in list_backups(settings) if backup.is_verified and not backup.is_shrunk]
    return sorted(verified, key=lambda backup: backup.made_at > now)


def passed_over_told(settings: Settings) -> str:
    """The newest of the verified backups that `newest_first` leaves out, in brackets; empty where there is none."""
    shrunk = [backup for backup in list_backups(settings) if backup.is_verified and backup.is_shrunk]
    return f" ({shrunk[0].path} has fewer answers than an older one had: by its path alone)" if shrunk else ""


def free_name(folder: Path, made_at: datetime) -> Path:
    """A name that no file has: `clarity-20261121T023000Z.backup`."""
    stem = f"clarity-{made_at.astimezone(UTC):%Y%m%dT%H%M%S}Z"
    numbered = (folder / f"{stem}{f'-{n}' if n > 1 else ''}{ENDING}" for n in range(1, 10_000))
    return next(path for path in numbered if not path.exists())


def key_of(settings: Settings) -> str | None:
    """The passphrase, where one is set."""
    return settings.backup_key.get_secret_value() if settings.backup_key else None


@contextmanager
def alone(settings: Settings, *, what: str) -> Iterator[Path]:
    """Nobody else makes, restores or thins backups in the body; yields an empty private folder that is gone afterwards.

    It lies beside the warehouse, so that copying from there is quick and moving to there is a rename. What a killed
    one has left is removed first. Raises WarehouseBusy where another one takes too long, and WarehouseFull or
    WarehouseUnwritable for the folders.
    """
    folder = settings.backups_folder
    staging = settings.warehouse.with_name(f".{settings.warehouse.name}.staging")
    with told_of(folder):
        make_private_folder(folder)
        lock = FileLock(folder / ".lock", mode=PRIVATE_FILE, thread_local=False, fallback_to_soft=False)
        try:
            lock.acquire(timeout=settings.warehouse_timeout_s)
        except Timeout as error:
            raise WarehouseBusy(
                f"{what}: another backup or restore is at work in {folder} for more than "
                f"{settings.warehouse_timeout_s:g} s; let it end and try again"
            ) from error
    try:
        with told_of(staging):
            _clear(folder, staging)
            tidy_after_swap(settings.warehouse)
            make_private_folder(staging)
        yield staging
    finally:
        with contextlib.suppress(OSError):
            _clear(folder, staging)
        lock.release()


def _clear(folder: Path, staging: Path) -> None:
    (folder / PART).unlink(missing_ok=True)
    if staging.exists():
        shutil.rmtree(staging)


def _made_at(path: Path) -> datetime:
    """What the name says, or the file's own time."""
    if found := _NAME.fullmatch(path.name):
        return datetime.strptime(found["at"], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
