"""An error of DuckDB or of the operating system in, the warehouse's own error out, if it is about the file."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from clarity_assets.errors import WarehouseCorrupt, WarehouseError, WarehouseFull, WarehouseUnwritable

# DuckDB's words for a failed system call: Could not write file "/data/clarity.duckdb.wal": No space left on device
FAILED_CALL = re.compile(r'file "(?P<path>[^"\n]+)"[^:\n]*: (?P<reason>[A-Z][^"\n]*)')
FULL = re.compile(r"No space left on device|File too large|[Qq]uota exceeded")
UNWRITABLE = re.compile(
    r"Permission denied|Read-only file system|Is a directory|Not a directory|No such file or directory"
    r"|File name too long|Operation not permitted|No locks available"
)
DAMAGED_DEVICE = re.compile(r"Input/output error")
DAMAGED_FILE = re.compile(
    r'(The|from) file "(?P<valid>[^"\n]+)" exists, but it is not a valid DuckDB database file'
    r'|Could not read enough bytes from file "(?P<cut>[^"\n]+)"'
    r'|Failure while replaying (checkpoint )?WAL file "(?P<wal>[^"\n]+)"'
)
DAMAGED = re.compile(  # messages without a path; "corrupt" alone also is about Parquet files
    r"[Cc]orrupt(ed)? (database|WAL|Encrypted WAL)|Database file appears to be corrupted|database file may be corrupted"
)
OTHER_VERSION = re.compile(r"database file with (storage )?version number")
HELD_ELSEWHERE = re.compile(
    r"Could not set lock on file (?!.*No locks available)|used by another process|with a different configuration"
)
# of these classes alone an error can be about the file; DuckDB's DataCorruptionException arrives as plain duckdb.Error
OF_THE_FILE = (
    duckdb.IOException,
    duckdb.TransactionException,  # "Failed to commit: Could not write file …"
    duckdb.FatalException,
    duckdb.InternalException,
    duckdb.SerializationException,
)
CORRUPT_STEP = (
    ". Nothing was changed or deleted; `clarity-assets recover` moves the warehouse aside to restore a backup and the "
    "answers kept since. Without these, or for another file: move it and its .wal aside, and `clarity-assets import` "
    "the answers that you kept"
)
FULL_DISK = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}


@contextmanager
def explained(file: Path, *, at_open: bool = False, staged: Path | None = None) -> Iterator[None]:
    """Raise the warehouse's own error in place of one of DuckDB's that is about the file; all others pass unchanged.

    `at_open`: nothing but the file can be the cause. `staged`: another name that the file has for now.
    """
    try:
        yield
    except duckdb.Error as error:
        trouble = duckdb_trouble(error, file, at_open=at_open, staged=staged)
        if trouble is None:
            raise
        raise trouble from error


def duckdb_trouble(
    error: duckdb.Error, file: Path, *, at_open: bool = False, staged: Path | None = None
) -> WarehouseError | None:
    """What DuckDB's error means for the file; None where it is about something else, such as the SQL."""
    is_plain = type(error) is duckdb.Error
    if not is_plain and not isinstance(error, OF_THE_FILE):
        return None
    message = str(error)
    reasons = [m["reason"] for m in FAILED_CALL.finditer(message) if _is_ours(m["path"], file, staged)]
    if any(FULL.search(reason) for reason in reasons):
        return _full(file, message)
    damaged = DAMAGED_FILE.search(message)
    if damaged and _is_ours(damaged["valid"] or damaged["cut"] or damaged["wal"], file, staged):
        return _corrupt(file, message)
    if any(DAMAGED_DEVICE.search(reason) for reason in reasons):
        return _corrupt(file, message)
    if any(UNWRITABLE.search(reason) for reason in reasons):
        return _unwritable(file, message)
    if not FAILED_CALL.search(message) and (DAMAGED.search(message) or (is_plain and "orrupt" in message)):
        return _corrupt(file, message)
    return _unnamed_trouble(error, file, message) if at_open else None


def os_trouble(error: OSError, file: Path) -> WarehouseError:
    """What a failed system call on the file, its folder or its queue means."""
    message = f"{error.strerror or error}" + (f": {error.filename}" if error.filename else "")
    return (_full if error.errno in FULL_DISK else _unwritable)(file, message)


def is_held_elsewhere(error: duckdb.Error) -> bool:
    """Whether the file is open somewhere outside of our queue."""
    kinds = (duckdb.IOException, duckdb.ConnectionException)
    return isinstance(error, kinds) and HELD_ELSEWHERE.search(str(error)) is not None


def _is_ours(path: str, file: Path, staged: Path | None) -> bool:
    return any(
        path == own or path.startswith((f"{own}.wal", f"{own}.tmp")) for own in map(str, filter(None, (file, staged)))
    )


def _unnamed_trouble(error: duckdb.Error, file: Path, message: str) -> WarehouseError:
    if OTHER_VERSION.search(message):
        return WarehouseError(
            f"{file} was written by another version of DuckDB than ours ({duckdb.__version__}): "
            f"{_first_line(message)}; use the version that wrote it, or restore a backup"
        )
    if isinstance(error, (duckdb.InternalException, duckdb.FatalException, duckdb.SerializationException)):
        return _corrupt(file, message)
    return WarehouseError(
        f"{file} cannot be opened: {_first_line(message)}; check the file and its folder, and try again"
    )


def _full(file: Path, message: str) -> WarehouseFull:
    return WarehouseFull(
        f"no space left to write {file}: {_first_line(message)}. Nothing of this transaction was kept, all that was "
        "committed before is intact; make room on that disk and try again"
    )


def _unwritable(file: Path, message: str) -> WarehouseUnwritable:
    return WarehouseUnwritable(
        f"{file} cannot be written: {_first_line(message)}; give this user the right to write the file and its folder, "
        "or name another file in CLARITY_WAREHOUSE"
    )


def _corrupt(file: Path, message: str) -> WarehouseCorrupt:
    return corrupt(file, _first_line(message))


def corrupt(file: Path, what: str) -> WarehouseCorrupt:
    """The error for a damaged file, with what is wrong with it."""
    return WarehouseCorrupt(f"{file} is damaged or no DuckDB database: {what}{CORRUPT_STEP}")


def _first_line(message: str) -> str:
    return message.strip().splitlines()[0].rstrip(".;")
