"""A finished file in, the working file replaced by it; the old one moved aside with its log, and never half of each.

Where the old one has no write-ahead log, the change is one atomic rename. Where it has (it is damaged, or its writer
was killed), several renames are needed; a marker that looks like an orphaned log makes `open_warehouse` refuse the
file meanwhile, and `finish_interrupted` goes on where a killed swap has stopped.
"""

import contextlib
import os
import shutil
from datetime import datetime
from pathlib import Path

from clarity_assets.warehouse.copying import sync_folder
from clarity_assets.warehouse.tickets import PRIVATE_FILE

MARKER = ".wal.restoring"
READY = ".restored"


def swap(ready: Path, live: Path, *, aside_as: str, now: datetime) -> Path | None:
    """Put `ready` (whole, durable, on the same disk) in the place of `live`; returns where the old one is now, or None.

    `aside_as`: `replaced` or `corrupt`. The caller has the queue's turn. Raises OSError; then the old state is there,
    or, with the marker, `finish_interrupted` makes the new one.
    """
    aside = _free(live, f"{aside_as}-{now:%Y%m%dT%H%M%S}Z")
    staged = live.with_name(live.name + READY)
    ready.replace(staged)
    has_old, logs = live.exists(), _logs(live)
    try:
        if has_old:
            _keep(live, aside)
        if logs:
            _mark(live, aside)
    except OSError:
        for half in (staged, aside):
            half.unlink(missing_ok=True)
        raise
    if logs:
        live.unlink(missing_ok=True)
        _move_logs(logs, live, aside)
    _put(staged, live)
    return aside if has_old or logs else None


def finish_interrupted(live: Path) -> bool:
    """Go on with a swap that was killed; whether the new file is in place because of that. Raises OSError."""
    staged, marker = live.with_name(live.name + READY), _marker(live)
    is_half_done = marker.exists() and staged.exists()
    if is_half_done:
        aside = live.with_name(marker.read_text(encoding="utf-8").strip())
        live.unlink(missing_ok=True)  # it has its other name since before the marker
        _move_logs(_logs(live), live, aside)
        _put(staged, live)
    tidy_after_swap(live)
    return is_half_done


def tidy_after_swap(live: Path) -> None:
    """Remove what a killed swap has left that never began or is complete; half-done ones are not touched."""
    staged, marker = live.with_name(live.name + READY), _marker(live)
    if marker.exists() and not staged.exists():
        marker.unlink()
    elif staged.exists() and not marker.exists():
        staged.unlink()


def _put(staged: Path, live: Path) -> None:
    staged.replace(live)
    sync_folder(live.parent)
    _marker(live).unlink(missing_ok=True)


def _keep(live: Path, aside: Path) -> None:
    """Give the old file its second name; where the disk knows no hard links, copy it."""
    try:
        os.link(live, aside)
    except OSError:
        shutil.copyfile(live, aside)
        aside.chmod(PRIVATE_FILE)
    sync_folder(live.parent)


def _mark(live: Path, aside: Path) -> None:
    half = live.with_name(f".{live.name}.marker")  # renamed, so that it is never there without its text
    half.touch(PRIVATE_FILE)
    with half.open("w", encoding="utf-8") as stream:
        stream.write(f"{aside.name}\n")
        stream.flush()
        os.fsync(stream.fileno())
    half.replace(_marker(live))
    sync_folder(live.parent)


def _marker(live: Path) -> Path:
    return live.with_name(live.name + MARKER)


def _logs(live: Path) -> list[Path]:
    """The write-ahead log, and what DuckDB keeps of it during a checkpoint."""
    found = [path for path in live.parent.glob(f"{_escaped(live.name)}.wal*") if path != _marker(live)]
    for empty in [path for path in found if not path.stat().st_size]:
        with contextlib.suppress(OSError):
            empty.unlink()
            found.remove(empty)
    return sorted(found)


def _move_logs(logs: list[Path], live: Path, aside: Path) -> None:
    for log in logs:
        log.replace(aside.with_name(aside.name + log.name.removeprefix(live.name)))


def _escaped(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _free(live: Path, ending: str) -> Path:
    names = (live.with_name(f"{live.name}.{ending}{f'-{n}' if n > 1 else ''}") for n in range(1, 10_000))
    return next(path for path in names if not path.exists() and not _logs(path))
