"""The folder of events: one process at a time writes to it, and day files that were replaced are removed later."""

import contextlib
import errno
import logging
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
LOCK, WORK, REPLACED = ".ingest.lock", ".ingest", ".replaced"
WAIT_S = 3600.0  # ten million rows take minutes; several such deliveries may queue
REPLACED_S = 600.0  # an analysis that began with the day's former file has read it by then
MEMORY_LIMIT = "2GB"

log = logging.getLogger(__name__)


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


def mark_replaced(settings: Settings, file: str) -> None:
    """Note that a new file of its day has taken the place of `file` (as the warehouse names it), and since when."""
    marker = _marker(settings, file)
    make_private_folder(marker.parent)
    marker.touch()


def _marker(settings: Settings, file: str) -> Path:
    """Empty; not called .parquet, for those who read all of these below the folder."""
    return settings.events_folder / REPLACED / f"{file}.since"


def unmark(settings: Settings, file: str) -> None:
    """Forget that the file was replaced: it is in its place again."""
    _marker(settings, file).unlink(missing_ok=True)


def tidy_days(
    settings: Settings, *, named: Collection[str], clock: Callable[[], float] = time.time
) -> tuple[list[Path], list[Path]]:
    """Remove day files that were replaced more than 10 minutes ago; returns those, and the ones that nobody names.

    What the warehouse does not name may be another one's, or of before the warehouse was restored: it stays, but where
    we know of a file that holds its events too. `named`: below the folder of events, of all projects. `clock`: the one
    of the files' times.
    """
    removed, unnamed = [], []
    for path in sorted((settings.events_folder / EVENTS).glob("date=*/*.parquet")):
        name = str(path.relative_to(settings.events_folder))
        marker = _marker(settings, name)
        if name in named:
            unmark(settings, name)  # of before a restored warehouse
        elif not marker.exists():
            unnamed.append(path)
        elif clock() - marker.stat().st_mtime > REPLACED_S:
            path.unlink(missing_ok=True)
            marker.unlink()
            removed.append(path)
    if unnamed:
        log.warning(
            "%d files of days in %s are not named by this warehouse, and stay (%s, …): of another warehouse, of before "
            "this one was restored, or of an ingest that was killed. Ingest the source files again, or restore "
            "warehouse and folder together (docs/runbook.md, Events)",
            len(unnamed), settings.events_folder, unnamed[0].relative_to(settings.events_folder),
        )  # fmt: skip
    return removed, unnamed


def clear_left(settings: Settings) -> None:
    """Remove what a killed ingest has left of its work (raw rows), where no other one is at work."""
    work = settings.events_folder / WORK
    if not work.exists():
        return
    with contextlib.suppress(IngestBusy), alone(settings, wait_s=0):
        pass
