"""The folder that is watched in; its finished files ingested and moved aside, or told why they cannot be, out."""

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from clarity_assets.clickstream.ingest.files import Stamp, is_event_file, stamp_of
from clarity_assets.clickstream.ingest.folder import clear_left
from clarity_assets.clickstream.ingest.ingesting import Progress, ingest
from clarity_assets.clickstream.ingest.mapping import find_mappings, read_mapping
from clarity_assets.clickstream.ingest.results import Ingested
from clarity_assets.clickstream.ingest.troubles import FileUnreadable, MappingWrong
from clarity_assets.settings import Settings
from clarity_assets.warehouse.tickets import make_private_folder

DONE, FAILED = ".done", ".failed"
QUIET_S = 10.0  # a file that nobody has written to for so long is taken for whole
UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Dropped:
    """What became of the files of the folder. `failed`: file (`<mapping>/<name>`) -> why.

    `growing`: files that somebody wrote to meanwhile; what was read of them is landed, and they are taken again later.
    `misplaced`: files that no mapping's folder holds -> what to do; of them, files of events are in `failed` too.
    """

    ingested: tuple[Ingested, ...]
    failed: dict[str, str]
    growing: tuple[str, ...] = ()
    misplaced: Mapping[str, str] = field(default_factory=dict)

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
    Where there are none, what a killed ingest has left is removed. `clock`: the one of the files' times.
    """
    finished = _finished(settings.drop_folder, clock)
    found = [(path, path.parent.name) for path in finished if path.parent.parent == settings.drop_folder]
    if not found:
        clear_left(settings)
    return found


def find_misplaced(settings: Settings, *, clock: Callable[[], float] = time.time) -> dict[str, str]:
    """Finished files that `find_dropped` passes over, below the folder -> what to do: loose, or in sub-folders."""
    told = {}
    for path in _finished(settings.drop_folder, clock):
        name = path.relative_to(settings.drop_folder)
        if len(name.parts) == 1:
            told[f"{name}"] = "lies in no mapping's folder; move it into the one that is called as its mapping"
        elif len(name.parts) > 2:
            told[f"{name}"] = f"lies in a sub-folder, where nothing is taken; move it to {name.parts[0]}/"
    return told


def _finished(folder: Path, clock: Callable[[], float]) -> Iterator[Path]:
    """All files below the folder, in order, that are neither hidden nor unfinished nor in a hidden folder."""
    for name, folders, files in os.walk(folder):
        folders[:] = sorted(inner for inner in folders if not inner.startswith("."))
        for path in (Path(name, file) for file in sorted(files)):
            if path.name.startswith(".") or path.suffix in UNFINISHED or not path.is_file():
                continue
            facts = path.stat()
            if clock() - max(facts.st_mtime, facts.st_ctime) >= QUIET_S:
                yield path


def ingest_dropped(
    settings: Settings, *, now: datetime, progress: Progress | None = None, clock: Callable[[], float] = time.time
) -> Dropped:
    """Ingest all finished files. They move to `.done/` beside them; those that cannot be read to `.failed/`, and why.

    Files whose mapping is missing or wrong stay where they are, and are told as failed: they may be whole. So do files
    that somebody has written to since we began to read. The warehouse's errors pass, and all files stay.
    """
    by_mapping: dict[str, list[Path]] = {}
    for path, mapping in find_dropped(settings, clock=clock):
        by_mapping.setdefault(mapping, []).append(path)
    ingested: list[Ingested] = []
    misplaced = find_misplaced(settings, clock=clock)
    if misplaced:
        log.warning("%d files are passed over: %s", len(misplaced), "; ".join(f"{n} {w}" for n, w in misplaced.items()))
    failed = {name: why for name, why in misplaced.items() if is_event_file(Path(name))}
    growing: list[str] = []
    known = find_mappings(settings) if by_mapping else {}
    for name, paths in by_mapping.items():
        try:
            if name not in known:
                raise MappingWrong(f"there is no mapping {name!r}; folders are called {', '.join(sorted(known))}")
            mapping = read_mapping(known[name])
        except MappingWrong as error:
            failed |= {_label(path): f"{error}" for path in paths}
            continue
        stamps = {path: stamp_of(path) for path in paths}
        done = ingest(paths, mapping=mapping, settings=settings, now=now, progress=progress)
        ingested.append(done)
        aside = set(_put_aside(stamps, done.unreadable))
        growing += [_label(path) for path in paths if path not in aside]
        failed |= {_label(path): f"{error}" for path, error in done.unreadable.items() if path in aside}
    return Dropped(tuple(ingested), failed, tuple(growing), misplaced)


def _label(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _put_aside(stamps: Mapping[Path, Stamp | None], unreadable: dict[Path, FileUnreadable]) -> Iterator[Path]:
    """Move the files that are as they were before they were read (`stamps`); tells which."""
    for path, stamp in stamps.items():
        if stamp is None or stamp_of(path) != stamp:
            continue
        error = unreadable.get(path)
        folder = path.parent / (FAILED if error else DONE)
        make_private_folder(folder)
        target = _free_name(folder, path.name)
        os.replace(path, target)
        yield path
        if error:
            target.with_name(f"{target.name}.txt").write_text(
                f"{error}\n\nNothing of this file was landed. Mend it and put it back into {path.parent}.\n", "utf-8"
            )


def _free_name(folder: Path, name: str) -> Path:
    """`name`, or `2-name`, `3-name`, … where files of that name were put there before."""
    numbered = (folder / (f"{number}-{name}" if number > 1 else name) for number in range(1, 1_000_000))
    return next(path for path in numbered if not path.exists())
