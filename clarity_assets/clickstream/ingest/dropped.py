"""The folder that is watched in; its finished files ingested and moved aside, or told why they cannot be, out."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from clarity_assets.clickstream.ingest.ingesting import Progress, ingest
from clarity_assets.clickstream.ingest.mapping import find_mappings, read_mapping
from clarity_assets.clickstream.ingest.results import Ingested
from clarity_assets.clickstream.ingest.troubles import FileUnreadable, MappingWrong
from clarity_assets.settings import Settings
from clarity_assets.warehouse.tickets import make_private_folder

DONE, FAILED = ".done", ".failed"
QUIET_S = 10.0  # a file that nobody has written to for so long is taken for whole
UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart")


@dataclass(frozen=True)
class Dropped:
    """What became of the files of the folder. `failed`: file (`<mapping>/<name>`) -> why."""

    ingested: tuple[Ingested, ...]
    failed: dict[str, str]

    columns = ("file", "mapping", "rows", "new events", "known", "rejected", "days")

    @property
    def rows(self) -> list[tuple]:
        """A row of `columns` for each file that was read or known."""
        return [
            (f.path.name, done.mapping, f.rows_read, f.events_new, f.events_known, f.rows_rejected, len(f.days))
            for done in self.ingested
            for f in done.files
        ]

    @property
    def days_changed(self) -> tuple[date, ...]:
        return tuple(sorted({day for done in self.ingested for day in done.days_changed}))

    @property
    def events_new(self) -> int:
        return sum(done.events_new for done in self.ingested)

    @property
    def rows_rejected(self) -> int:
        return sum(done.rows_rejected for done in self.ingested)


def find_dropped(settings: Settings, *, clock: Callable[[], float] = time.time) -> list[tuple[Path, str]]:
    """Finished files under <drop>/<mapping>/, each with the name of its mapping (which may not exist), in order.

    Finished: neither hidden nor called .part or .tmp, and nobody has written to it, or put it there, for 10 s.
    `clock`: the one of the files' times.
    """
    found = []
    for path in sorted(settings.drop_folder.glob("*/*")):
        is_taken = path.name.startswith(".") or path.parent.name.startswith(".") or path.suffix in UNFINISHED
        if is_taken or not path.is_file():
            continue
        facts = path.stat()
        if clock() - max(facts.st_mtime, facts.st_ctime) >= QUIET_S:
            found.append((path, path.parent.name))
    return found


def ingest_dropped(
    settings: Settings, *, now: datetime, progress: Progress | None = None, clock: Callable[[], float] = time.time
) -> Dropped:
    """Ingest all finished files. They move to `.done/` beside them; those that cannot be read to `.failed/`, and why.

    Files whose mapping is missing or wrong stay where they are, and are told as failed: they may be whole.
    The warehouse's errors pass, and all files stay.
    """
    by_mapping: dict[str, list[Path]] = {}
    for path, mapping in find_dropped(settings, clock=clock):
        by_mapping.setdefault(mapping, []).append(path)
    ingested: list[Ingested] = []
    failed: dict[str, str] = {}
    known = find_mappings(settings) if by_mapping else {}
    for name, paths in by_mapping.items():
        try:
            if name not in known:
                raise MappingWrong(f"there is no mapping {name!r}; folders are called {', '.join(sorted(known))}")
            mapping = read_mapping(known[name])
        except MappingWrong as error:
            failed |= {_label(path): f"{error}" for path in paths}
            continue
        done = ingest(paths, mapping=mapping, settings=settings, now=now, progress=progress)
        ingested.append(done)
        failed |= {_label(path): f"{error}" for path, error in done.unreadable.items()}
        _put_aside(paths, done.unreadable)
    return Dropped(tuple(ingested), failed)


def _label(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _put_aside(paths: list[Path], unreadable: dict[Path, FileUnreadable]) -> None:
    for path in paths:
        error = unreadable.get(path)
        folder = path.parent / (FAILED if error else DONE)
        make_private_folder(folder)
        target = _free_name(folder, path.name)
        os.replace(path, target)
        if error:
            target.with_name(f"{target.name}.txt").write_text(
                f"{error}\n\nNothing of this file was landed. Mend it and put it back into {path.parent}.\n", "utf-8"
            )


def _free_name(folder: Path, name: str) -> Path:
    """`name`, or `2-name`, `3-name`, … where files of that name were put there before."""
    numbered = (folder / (f"{number}-{name}" if number > 1 else name) for number in range(1, 1_000_000))
    return next(path for path in numbered if not path.exists())
