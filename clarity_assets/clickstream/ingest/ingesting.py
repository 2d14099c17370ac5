"""Files of events and their mapping in; events by UTC day, rejected rows with reasons, and the counts of both out."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from clarity_assets.clickstream.ingest.files import EventFile, format_of, is_event_file, look_at
from clarity_assets.clickstream.ingest.folder import alone, disk_told, mark_replaced, own_connection, tidy_days
from clarity_assets.clickstream.ingest.landing import Landed, land_days, staged_days
from clarity_assets.clickstream.ingest.ledger import DAY_TABLE, FILE_TABLE, FileEntry, Present, read_present, record
from clarity_assets.clickstream.ingest.mapping import Mapping, identity_hash
from clarity_assets.clickstream.ingest.reading import Raw, stage_raw
from clarity_assets.clickstream.ingest.rejecting import gather_rejected, stage_broken_lines, tell_rejected
from clarity_assets.clickstream.ingest.results import FileIngested, Ingested, Rejected
from clarity_assets.clickstream.ingest.shaping import prepare, stage_events
from clarity_assets.clickstream.ingest.troubles import FileUnreadable, MappingWrong
from clarity_assets.clickstream.pseudonyms import pseudonym_key
from clarity_assets.settings import Settings

BATCH_BYTES = 1 << 30  # of files as delivered, that are landed together: a day is written once for all of them
BATCH_FILES = 500
TOLD_AT_ONCE = 10  # names in one line of the log

log = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]
"""Called with what is done (`read` files, `land` days), how many are done and how many there are."""


@dataclass
class _Staged:
    file: EventFile
    number: int
    folder: Path
    rows_read: int = 0
    missing: tuple[str, ...] = ()


def ingest(
    files: Sequence[Path],
    *,
    mapping: Mapping,
    settings: Settings,
    now: datetime,
    progress: Progress | None = None,
    again: bool = False,
) -> Ingested:
    """Take the events of files in (folders: all files of events in them), however often and in whatever order.

    A file that cannot be read is told in `unreadable`, and nothing of it is landed. A file that came through this
    mapping before is told as known without being read, unless `again`: then its events take the place of those with the
    same ids, too. `now`: later events are rejected.

    Raises MappingWrong (`again` after a change of what ids follow from), KeyMissing, IngestBusy, EventsMissing,
    SettingsError and the warehouse's errors; what was landed stays.
    """
    settings.need_project()
    tell = progress or (lambda *_: None)
    unreadable: dict[Path, FileUnreadable] = {}
    done: list[FileIngested] = []
    changed: set[date] = set()
    with disk_told(settings.events_folder), alone(settings) as work:
        key = pseudonym_key(settings)
        present = read_present(settings, mapping.name)
        _, unnamed = tidy_days(settings, named=present.named)
        left_out: list[Path] = []
        looked = list(_look_at_all(files, unreadable, left_out))
        if again:
            _refuse_other_ids(looked, mapping, present)
        seen: set[tuple[str, str]] = set()
        for number, batch in enumerate(_batches(looked, present, done, again=again)):
            folder = work / f"batch{number}"
            with own_connection(work) as con:
                prepare(con, settings, key=key)
                batch_done, days = _ingest_batch(
                    con, batch, mapping, settings=settings, now=now, present=present, folder=folder,
                    unreadable=unreadable, seen=seen, again=again, tell=tell,
                )  # fmt: skip
            done += batch_done
            changed |= days
            present = read_present(settings, mapping.name)
    return Ingested(mapping.name, tuple(done), unreadable, tuple(sorted(changed)), tuple(left_out), tuple(unnamed))


def _look_at_all(
    paths: Sequence[Path], unreadable: dict[Path, FileUnreadable], left_out: list[Path]
) -> Iterator[EventFile]:
    for path in paths:
        inside = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in inside:
            if path.is_dir() and not is_event_file(file):
                if not file.name.startswith("."):
                    left_out.append(file)
                continue
            try:
                yield look_at(file)
            except FileUnreadable as error:
                unreadable[file] = error
    if left_out:
        names = ", ".join(file.name for file in left_out[:TOLD_AT_ONCE]) + ", …" * (len(left_out) > TOLD_AT_ONCE)
        log.warning("%d files left out, whose names are none of a file of events: %s", len(left_out), names)


def _refuse_other_ids(files: list[EventFile], mapping: Mapping, present: Present) -> None:
    """Raises MappingWrong where the mapping would give the rows of a known file other ids or days than it did."""
    for file in files:
        known = present.hashes.get(file.sha256)
        if known and known.mapping_hash not in (None, identity_hash(mapping)):
            raise MappingWrong(
                f"mapping {mapping.name}: was changed in what the ids or days of events follow from (columns, times, "
                f"nulls, lists) since {known.name} was ingested, so that with --again its events would be there twice; "
                f"undo that change, or delete the project's rows of {DAY_TABLE} and {FILE_TABLE} and ingest the files "
                "of all sources anew (docs/runbook.md, Events)"
            )


def _batches(
    files: list[EventFile], present: Present, done: list[FileIngested], *, again: bool
) -> Iterator[list[EventFile]]:
    """Files that are landed together; those that are known go to `done`."""
    batch: list[EventFile] = []
    for file in files:
        if not again and (known := _known(file, present)):
            done.append(
                FileIngested(file.path, file.sha256, True, first_date=known.first_date, last_date=known.last_date)
            )
            continue
        if batch and (len(batch) == BATCH_FILES or sum(f.stamp[0] for f in batch) + file.stamp[0] > BATCH_BYTES):
            yield batch
            batch = []
        batch.append(file)
    if batch:
        yield batch


def _known(file: EventFile, present: Present) -> FileEntry | None:
    """What is known of the file: of the same bytes, read as the same format."""
    known = present.hashes.get(file.sha256)
    return known if known and format_of(known.name) == file.format else None


def _ingest_batch(
    con: duckdb.DuckDBPyConnection, batch: list[EventFile], mapping: Mapping, *, settings: Settings, now: datetime,
    present: Present, folder: Path, unreadable: dict[Path, FileUnreadable], seen: set[tuple[str, str]], again: bool,
    tell: Progress,
) -> tuple[list[FileIngested], set[date]]:  # fmt: skip
    """Read, land, record. Parquet files are written before the warehouse names them, so that a kill does no harm.

    `seen`: hash and format of what was read before; one that is there twice is read once.
    """
    staged, twice = [], []
    for number, file in enumerate(batch):
        if (file.sha256, file.format) in seen:
            twice.append(FileIngested(file.path, file.sha256, True))
            continue
        try:
            staged.append(_stage(con, file, mapping, settings=settings, now=now, number=number, folder=folder))
            seen.add((file.sha256, file.format))
        except FileUnreadable as error:
            unreadable[file.path] = error
        tell("read", number + 1, len(batch))
    landed = _land(con, present, settings=settings, folder=folder, again=again, tell=tell)
    done = _told(con, staged, landed)
    changed = {land.date for land in landed if land.day}
    entries = _entries(staged, done, mapping, present)
    rejected = gather_rejected(con, [(s.folder, s.file) for s in staged], folder=folder)
    days = [land.day for land in landed if land.day]
    record(settings, mapping=mapping.name, files=entries, days=days, rejected=rejected, now=now)
    for day in changed & set(present.days):
        mark_replaced(settings, present.days[day].file)
    return [*done, *twice], changed


def _entries(staged: list[_Staged], done: list[FileIngested], mapping: Mapping, present: Present) -> list[FileEntry]:
    """The ledger's row of each file; of one that came before, with all events that it has brought since."""
    entries: dict[str, FileEntry] = {}
    for one, f in zip(staged, done, strict=True):
        before = _known(one.file, present)
        new, name, days = f.events_new, f.path.name, len(f.days)
        if before:
            new, name, days = new + before.events_new, before.name, max(days, before.days)
        entry = FileEntry(
            f.file_hash, mapping.name, name, f.rows_read, new, max(0, f.events_new + f.events_known - new),
            f.rows_rejected, days, f.first_date, f.last_date, identity_hash(mapping),
        )  # fmt: skip
        other = entries.get(f.file_hash)  # the same bytes in another format: the one that says something
        if other is None or entry.events_new + entry.events_known > other.events_new + other.events_known:
            entries[f.file_hash] = entry
    return list(entries.values())


def _stage(
    con, file: EventFile, mapping: Mapping, *, settings: Settings, now: datetime, number: int, folder: Path
) -> _Staged:
    own = folder / f"{number}"
    own.mkdir(parents=True)
    raw: Raw = stage_raw(con, file, mapping, folder=own)
    if raw.file.exists():
        stage_events(con, raw, mapping, settings=settings, now=now, folder=own)
        stage_broken_lines(con, own)
        raw.file.unlink()
    for plain in own.glob("plain.*"):
        plain.unlink()
    return _Staged(file, number, own, raw.rows_read, raw.missing)


def _land(con, present: Present, *, settings: Settings, folder: Path, again: bool, tell: Progress) -> list[Landed]:
    portions = staged_days(con, folder)
    count = sum(len(days) for days, _ in portions)
    landed: list[Landed] = []
    for days, staged in portions:
        for land in land_days(con, days, staged, present=present.days, settings=settings, work=folder, again=again):
            landed.append(land)
            tell("land", len(landed), count)
    return landed


def _told(con, staged: list[_Staged], landed: list[Landed]) -> list[FileIngested]:
    """The counts of each file."""
    done = []
    for one in staged:
        own = {land.date: land.counts[one.number] for land in landed if one.number in land.counts}
        told, new, changed = (sum(count[i] for count in own.values()) for i in range(3))
        rejected = tuple(Rejected(*rule) for rule in tell_rejected(con, one.folder))
        done.append(
            FileIngested(
                one.file.path, one.file.sha256, False, one.rows_read, new, told - new, rejected,
                tuple(sorted(day for day, (_, new, changed) in own.items() if new or changed)),
                min(own, default=None), max(own, default=None), one.missing, changed,
            )
        )  # fmt: skip
    return done
