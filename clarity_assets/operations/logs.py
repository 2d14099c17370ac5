"""Something that happened in; one JSON line in the day's log file out, and old files compressed, then deleted.

    <logs>/
        api-2026-10-04.jsonl         one line a request to the API: request, window, outcome, duration, what is left
        audit-2026-10-04.jsonl       exports, restores, recoveries, deliveries, withdrawals, deletions by retention
        run-2026-10-04.jsonl         runs of jobs and commands
        api-2026-10-03.jsonl.gz      days before, as `zgrep` reads them

Each line has `at` (UTC), `kind`, `project_id` and `pid`, then its facts. Many processes write to one file.
Blank lines mean nothing.
"""

import gzip
import os
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Literal

import orjson
from filelock import FileLock, Timeout

from clarity_assets.operations.redaction import as_plain, in_utc, secrets_of
from clarity_assets.settings import Settings

Kind = Literal["api", "audit", "run"]

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
_NAME = re.compile(r"(?P<name>(?:api|audit|run)-(?P<day>\d{4}-\d{2}-\d{2})\.jsonl)(?P<ending>\.gz|\.closed)?")
_told: set[tuple[Path, str]] = set()  # folder and trouble that this process has warned of


@dataclass(frozen=True)
class TidiedLogs:
    """Names of the files that were compressed, and of those that were deleted because they are old."""

    compressed: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()


def log_event(settings: Settings, kind: Kind, /, *, now: datetime | None = None, **facts: object) -> bool:
    """Append one line to the day's file of this kind; returns whether it was written. `now`: `settings.clock()`.

    Never raises because of the disk: a log that cannot be written is told on stderr, once a process and trouble.
    Texts are redacted (`redaction.redacted`). One line is one write, so that lines of many processes stay whole.
    """
    now = now or settings.clock()
    secrets = secrets_of(settings)
    head = {"at": in_utc(now), "kind": kind, "project_id": settings.project_id, "pid": os.getpid()}
    told = head | {name: as_plain(value, secrets=secrets) for name, value in facts.items() if name not in head}
    try:
        _append(settings.logs_folder / f"{kind}-{now:%Y-%m-%d}.jsonl", _line(told))
    except OSError as error:
        _warn(settings.logs_folder, error, told)
        return False
    return True


def _line(told: dict) -> bytes:
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)


def _append(path: Path, line: bytes) -> None:
    """Write the line at the file's end, on a line of its own even after one that a full disk cut. Raises OSError."""
    path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        data = b"\n" + line if _ends_cut(handle) else line
        if (written := os.write(handle, data)) < len(data):
            raise OSError(None, f"only {written} of {len(data)} bytes could be written")
    finally:
        os.close(handle)


def _ends_cut(handle: int) -> bool:
    """Whether the file ends within a line that nobody is writing any more; wrong now and then, which adds a blank line.

    While another process writes, the file may seem to end within its line.
    """
    for _ in range(5):
        size = os.fstat(handle).st_size
        if not size or os.pread(handle, 1, size - 1) in (b"\n", b""):
            return False
        time.sleep(0.002)
        if os.fstat(handle).st_size == size:
            return True
    return False


def _warn(folder: Path, error: OSError, told: dict) -> None:
    reason = error.strerror or str(error)
    if (folder, reason) not in _told:
        _told.add((folder, reason))
        print(
            f"clarity-assets: the log in {folder} cannot be written ({reason}); free the disk, or set CLARITY_LOGS. "
            f"Told once a process. It would have said: {_line(told).decode().strip()}",
            file=sys.stderr,
        )


# --- old files ----------------------------------------------------------------------------------------------------


def tidy_logs(settings: Settings) -> TidiedLogs:
    """Compress the files of days before today, and delete those that are older than CLARITY_KEEP_LOGS_DAYS.

    Can be ended at any moment and begun again: no line is lost, none is there twice. Does nothing while another
    process tidies, or where there is no such folder. Raises OSError where the folder cannot be written.
    """
    folder, today = settings.logs_folder, settings.clock().date()
    if not folder.is_dir():
        return TidiedLogs()
    oldest = today - timedelta(days=settings.keep_logs_days)
    work = _Tidying(folder)
    lock = FileLock(folder / ".tidy.lock", timeout=0, mode=PRIVATE_FILE)
    try:
        with lock:
            for day, name in list(_files(folder)):
                if day < oldest:
                    work.delete(name)
                elif day < today and not name.endswith(".gz"):
                    work.compress(name)
    except Timeout:
        pass
    return TidiedLogs(tuple(work.compressed), tuple(work.deleted))


def _files(folder: Path) -> Iterator[tuple[date, str]]:
    """Day and name of each log file; `.closed` ones, which an ended run left, come before their like."""
    names = sorted((entry.name for entry in os.scandir(folder)), key=lambda name: (not name.endswith(".closed"), name))
    for name in names:
        if (found := _NAME.fullmatch(name)) is None:
            continue
        try:
            yield date.fromisoformat(found["day"]), name
        except ValueError:
            continue  # 2026-13-01: none of ours


@dataclass
class _Tidying:
    """One folder's files being compressed and deleted, with the names told."""

    folder: Path
    compressed: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)

    def delete(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)
        self.deleted.append(name)

    def compress(self, name: str) -> None:
        """Add the file's lines to the day's .gz, as a member of its own, and remove it.

        It is renamed first: whoever writes late then begins a new file, whose lines the next run adds.
        """
        log = self.folder / name.removesuffix(".closed")
        closed, packed = log.with_name(f"{log.name}.closed"), log.with_name(f"{log.name}.gz")
        is_left_over = name == closed.name
        if not is_left_over:
            log.rename(closed)
        lines = closed.read_bytes()
        before = packed.read_bytes() if packed.exists() else b""
        if not (is_left_over and before and gzip.decompress(before).endswith(lines)):  # ended before it was removed
            half = packed.with_suffix(".half")
            half.unlink(missing_ok=True)
            with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "wb") as file:
                file.write(before + gzip.compress(lines, mtime=0))
                file.flush()
                os.fsync(file.fileno())
            half.replace(packed)
        closed.unlink()
        self.compressed.append(log.name)
