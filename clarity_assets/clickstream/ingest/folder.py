"""The folder of events: one process at a time writes to it, and what nobody names any more is removed."""

import errno
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from clarity_assets.clickstream.ingest.troubles import IngestBusy
from clarity_assets.settings import Settings
from clarity_assets.warehouse.copying import copy_trouble
from clarity_assets.warehouse.tickets import PRIVATE_FILE, make_private_folder
from clarity_assets.warehouse.troubles import FULL

EVENTS = "events"
LOCK, WORK = ".ingest.lock", ".ingest"
WAIT_S = 3600.0  # ten million rows take minutes; several such deliveries may queue
ORPHAN_S = 600.0  # an analysis that began with the day's former file has read it by then
MEMORY_LIMIT = "2GB"


@contextmanager
def alone(settings: Settings, *, wait_s: float = WAIT_S) -> Iterator[Path]:
    """Nobody else takes events in during the body; yields an empty folder for work, which is gone afterwards.

    What a killed one has left there is removed first. Raises IngestBusy.
    """
    folder = settings.events_folder
    make_private_folder(folder)
    lock = FileLock(folder / LOCK, mode=PRIVATE_FILE, thread_local=False, fallback_to_soft=False)
    try:
        lock.acquire(timeout=wait_s)
    except Timeout as error:
        raise IngestBusy(
            f"another process has taken events in at {folder} for more than {wait_s:g} s; let it end and try again"
        ) from error
    work = folder / WORK
    try:
        shutil.rmtree(work, ignore_errors=True)
        make_private_folder(work)
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        lock.release()


@contextmanager
def disk_told(folder: Path) -> Iterator[None]:
    """A full disk, or a folder that may not be written, as the warehouse's own error."""
    try:
        yield
    except OSError as error:
        raise copy_trouble(error, folder) from error
    except duckdb.IOException as error:
        if FULL.search(f"{error}"):
            raise copy_trouble(OSError(errno.ENOSPC, "No space left on device"), folder) from error
        raise


@contextmanager
def own_connection(work: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB in memory, for reading files: bounded, in UTC, without extensions from elsewhere; it spills to `work`."""
    config = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "memory_limit": MEMORY_LIMIT,
        "temp_directory": str(work / "spilled"),
    }
    with duckdb.connect(":memory:", config=config) as con:
        con.execute("set global TimeZone = 'UTC'")
        yield con


def day_folder(settings: Settings, day: object) -> Path:
    """Where a UTC day's file lies; made where it is missing."""
    folder = settings.events_folder / EVENTS / f"date={day}"
    make_private_folder(folder)
    return folder


def move_into_place(part: Path, target: Path) -> None:
    """Give a written file its name, such that a power cut leaves it whole or leaves none."""
    with part.open("rb") as stream:
        os.fsync(stream.fileno())
    os.replace(part, target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def replaced_now(path: Path) -> None:
    """From now on the file is an orphan: its time tells since when."""
    if path.exists():
        os.utime(path)


def remove_orphans(settings: Settings, *, named: Collection[str], clock: Callable[[], float] = time.time) -> list[Path]:
    """Remove day files that the warehouse does not name and that are older than 10 minutes; returns them.

    `named`: files as the warehouse names them, below the folder of events. `clock`: the one of the files' times.
    """
    removed = []
    for path in sorted((settings.events_folder / EVENTS).glob("date=*/*")):
        is_named = str(path.relative_to(settings.events_folder)) in named
        if not is_named and clock() - path.stat().st_mtime > ORPHAN_S:
            path.unlink(missing_ok=True)
            removed.append(path)
    return removed
