"""What can be wrong with a backup or a restore: errors with values and the next step, out of files and keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clarity_assets.errors import ClarityAssetsError
from clarity_assets.warehouse.copying import copy_trouble


class BackupError(ClarityAssetsError):
    """Root of the errors of backups; the warehouse is as it was."""


class BackupDamaged(BackupError):
    """A backup is incomplete, was changed, or is none."""


class BackupKeyWrong(BackupError):
    """A backup is encrypted, and CLARITY_BACKUP_KEY is missing or another one than it was made with."""


class BackupMissing(BackupError):
    """There is no such backup, or none that is good."""


class RestoreRefused(BackupError):
    """The restore would overwrite something, or there is nothing to recover."""


@contextmanager
def told_of(target: Path) -> Iterator[None]:
    """A failed system call of the body, as the warehouse's own error (full, unwritable) about `target`."""
    try:
        yield
    except OSError as error:
        raise copy_trouble(error, target) from error
