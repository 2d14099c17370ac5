"""The working file in, a copy of one moment with its hash out; others wait only while its bytes are copied."""

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from clarity_assets.errors import WarehouseBusy, WarehouseError, WarehouseFull, WarehouseUnwritable
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.tickets import PRIVATE_FILE, make_private_folder
from clarity_assets.warehouse.troubles import FULL_DISK

PART = ".part"
COPY_BYTES = 64 << 20  # a piece, so that a run that is ended does not wait for the last gigabyte
NOT_IN_KERNEL = {errno.ENOSYS, errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM}


@dataclass(frozen=True)
class Copied:
    """What the copy is, and for how long nobody else had the working file."""

    path: Path
    sha256: str
    size_bytes: int
    held_s: float


def copy_warehouse(path: Path, target: Path, *, timeout_s: float, label: str, mode: int = PRIVATE_FILE) -> Copied:
    """Copy all that is committed in the file at `path` to `target`, which is there whole or not at all.

    The turn ends with the last byte; what makes the copy durable, its hash and its name come afterwards. What a killed
    copy has left is removed by the next one to the same target.

    Raises WarehouseBusy, WarehouseCorrupt where DuckDB refuses the file (its blocks are only seen by those who read
    them), WarehouseFull and WarehouseUnwritable about either file, WarehouseError where there is no file.
    """
    file = Path(os.path.realpath(path))
    if not file.exists():
        raise WarehouseError(f"{file} is not there, so there is nothing to copy; `clarity-assets collect` makes it")
    with _told(target), contextlib.ExitStack() as stack:
        make_private_folder(target.parent)
        with open_warehouse(file, timeout_s=timeout_s, label=label) as con:
            start_s = time.monotonic()
            con.execute("checkpoint")
            con.close()  # from here on the turn alone keeps other writers away
            part = stack.enter_context(_part_of(target))
            with _unchanging(file) as source:
                _copy_bytes(source, part)
            held_s = time.monotonic() - start_s
        return _finished(part, target, mode=mode, held_s=held_s)


@contextmanager
def _unchanging(file: Path) -> Iterator[BinaryIO]:
    """The file's bytes, locked as DuckDB's readers lock them: nobody outside of the queue begins to write either."""
    with file.open("rb") as source:
        try:
            fcntl.lockf(source, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError) as error:
            raise WarehouseBusy(
                f"{file} was opened outside of the queue while it was about to be copied; close it there and try again"
            ) from error
        log = file.with_name(f"{file.name}.wal")
        if log.exists() and log.stat().st_size:
            raise WarehouseBusy(f"{log} holds commits that came outside of the queue; close that process and try again")
        yield source


@contextmanager
def _part_of(target: Path) -> Iterator[BinaryIO]:
    """A hidden file beside the target, locked as long as its maker lives; whatever is left of it goes at the end.

    Made in the turn of the file that is copied, so that nobody tidies between its making and its locking.
    """
    _tidy(target)
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", suffix=PART, delete=False) as part:
        try:
            fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield part
        finally:
            Path(part.name).unlink(missing_ok=True)  # where it has not got its own name


def _tidy(target: Path) -> None:
    """Remove what killed copies to this target have left."""
    for left in target.parent.glob(f".{target.name}.*{PART}"):
        with contextlib.suppress(OSError), left.open("rb") as stream:  # it is gone, or another user's
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)  # refused while its maker lives
            left.unlink()


def _copy_bytes(source: BinaryIO, part: BinaryIO) -> None:
    """In the kernel where it can (some file systems then share the blocks: nothing is read), else through us."""
    if not _copied_in_kernel(source, part):
        source.seek(0)
        part.seek(0)
        shutil.copyfileobj(source, part, 1 << 20)
        part.flush()


def _copied_in_kernel(source: BinaryIO, part: BinaryIO) -> bool:
    left = os.fstat(source.fileno()).st_size
    try:
        while left:
            copied = os.copy_file_range(source.fileno(), part.fileno(), min(left, COPY_BYTES))
            if not copied:
                return False
            left -= copied
    except AttributeError:
        return False  # no Linux
    except OSError as error:
        if error.errno in NOT_IN_KERNEL:
            return False
        raise
    return True


def _finished(part: BinaryIO, target: Path, *, mode: int, held_s: float) -> Copied:
    """Make the part durable and give it its name."""
    os.fsync(part.fileno())
    part.seek(0)
    sha256 = hashlib.file_digest(part, "sha256").hexdigest()
    size_bytes = os.fstat(part.fileno()).st_size
    os.fchmod(part.fileno(), mode)
    os.replace(part.name, target)
    sync_folder(target.parent)
    return Copied(target, sha256, size_bytes, held_s)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _told(target: Path) -> Iterator[None]:
    """A failed system call of the body, as the warehouse's own error about the copy."""
    try:
        yield
    except OSError as error:
        raise copy_trouble(error, target) from error


def copy_trouble(error: OSError, target: Path) -> WarehouseError:
    """What a failed system call on a copy means; the warehouse itself is intact."""
    reason = error.strerror or f"{error}"
    if error.errno in FULL_DISK:
        return WarehouseFull(
            f"no space left to write {target}: {reason}. The warehouse and the copy before it are intact; make room on "
            "that disk and try again"
        )
    return WarehouseUnwritable(
        f"{target} cannot be written: {reason}. The warehouse is intact; give this user the right to write that "
        "folder, or name another one in the settings"
    )
