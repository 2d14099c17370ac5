"""Files of events and their mapping in; events by UTC day, rejected rows with reasons, and the counts of both out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from clarity_assets.clickstream.ingest.files import EventFile, is_event_file, look_at
from clarity_assets.clickstream.ingest.folder import alone, disk_told, own_connection, remove_orphans, replaced_now
from clarity_assets.clickstream.ingest.landing import Landed, land_days, staged_days
from clarity_assets.clickstream.ingest.ledger import FileEntry, Present, read_present, record
from clarity_assets.clickstream.ingest.mapping import Mapping
from clarity_assets.clickstream.ingest.reading import Raw, stage_raw
from clarity_assets.clickstream.ingest.rejecting import gather_rejected, stage_broken_lines, tell_rejected
from clarity_assets.clickstream.ingest.results import FileIngested, Ingested, Rejected
from clarity_assets.clickstream.ingest.shaping import prepare, stage_events
from clarity_assets.clickstream.ingest.troubles import FileUnreadable
from clarity_assets.clickstream.pseudonyms import pseudonym_key
from clarity_assets.settings import Settings

BATCH_BYTES = 1 << 30  # of files as delivered, that are landed together: a day is written once for all of them
BATCH_FILES = 500

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
    mapping before is told as known without being read, unless `again`. `now`: later events are rejected.

    Raises KeyMissing, IngestBusy, EventsMissing, SettingsError and the warehouse's errors; what was landed stays.
    """
    settings.need_project()
    tell = progress or (lambda *_: None)
    unreadable: dict[Path, FileUnreadable] = {}
    done: list[FileIngested] = []
    changed: set[date] = set()
    with disk_told(settings.events_folder), alone(settings) as work:
        key = pseudonym_key(settings)
        present = read_present(settings, mapping.name)
        remove_orphans(settings, named=present.named)
        looked = list(_look_at_all(files, unreadable))
        for number, batch in enumerate(_batches(looked, present, done, again=again)):
            folder = work / f"batch{number}"
            with own_connection(work) as con:
                prepare(con, settings, key=key)
                batch_done, days = _ingest_batch(
                    con, batch, mapping, settings=settings, now=now, present=present, folder=folder,
                    unreadable=unreadable, tell=tell,
                )  # fmt: skip
            done += batch_done
            changed |= days
            present = read_present(settings, mapping.name)
    return Ingested(mapping.name, tuple(done), unreadable, tuple(sorted(changed)))


def _look_at_all(paths: Sequence[Path], unreadable: dict[Path, FileUnreadable]) -> Iterator[EventFile]:
    for path in paths:
        inside = sorted(p for p in path.rglob("*") if p.is_file() and is_event_file(p)) if path.is_dir() else [path]
        for file in inside:
            try:
                yield look_at(file)
            except FileUnreadable as error:
                unreadable[file] = error


def _batches(
    files: list[EventFile], present: Present, done: list[FileIngested], *, again: bool
) -> Iterator[list[EventFile]]:
    """Files that are landed together; those that are known go to `done`, and one that is there twice, once."""
    batch: list[EventFile] = []
    seen: set[str] = set()
    for file in files:
        if file.sha256 in seen or (file.sha256 in present.hashes and not again):
            known = present.hashes.get(file.sha256)
            first, last = (known.first_date, known.last_date) if known else (None, None)
            done.append(FileIngested(file.path, file.sha256, True, first_date=first, last_date=last))
            continue
        seen.add(file.sha256)
        if batch and (len(batch) == BATCH_FILES or sum(f.stamp[0] for f in batch) + file.stamp[0] > BATCH_BYTES):
            yield batch
            batch = []
        batch.append(file)
    if batch:
        yield batch


def _ingest_batch(
    con: duckdb.DuckDBPyConnection, batch: list[EventFile], mapping: Mapping, *, settings: Settings, now: datetime,
    present: Present, folder: Path, unreadable: dict[Path, FileUnreadable], tell: Progress,
) -> tuple[list[FileIngested], set[date]]:  # fmt: skip
    """Read, land, record. Parquet files are written before the warehouse names them, so that a kill leaves orphans."""
    staged = []
    for number, file in enumerate(batch):
        try:
            staged.append(_stage(con, file, mapping, settings=settings, now=now, number=number, folder=folder))
        except FileUnreadable as error:
            unreadable[file.path] = error
        tell("read", number + 1, len(batch))
    landed = _land(con, present, settings=settings, folder=folder, tell=tell)
    done = _told(con, staged, landed)
    changed = {land.date for land in landed if land.day}
    entries = [
        FileEntry(
            f.file_hash, mapping.name, f.path.name, f.rows_read, f.events_new, f.events_known, f.rows_rejected,
            len(f.days), f.first_date, f.last_date,
        )
        for f in done
    ]  # fmt: skip
    again = [file.file_hash for file in done if file.file_hash in present.hashes]
    rejected = gather_rejected(con, [(s.folder, s.file) for s in staged], folder=folder)
    days = [land.day for land in landed if land.day]
    record(settings, mapping=mapping.name, files=entries, days=days, rejected=rejected, again=again, now=now)
    for day in changed & set(present.days):
        replaced_now(settings.events_folder / present.days[day].file)
    return done, changed


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


def _land(con, present: Present, *, settings: Settings, folder: Path, tell: Progress) -> list[Landed]:
    portions = staged_days(con, folder)
    count = sum(len(days) for days, _ in portions)
    landed: list[Landed] = []
    for days, staged in portions:
        for land in land_days(con, days, staged, present=present.days, settings=settings, work=folder):
            landed.append(land)
            tell("land", len(landed), count)
    return landed


def _told(con, staged: list[_Staged], landed: list[Landed]) -> list[FileIngested]:
    """The counts of each file."""
    done = []
    for one in staged:
        own = {land.date: land.counts[one.number] for land in landed if one.number in land.counts}
        told, new = sum(told for told, _ in own.values()), sum(new for _, new in own.values())
        rejected = tuple(Rejected(*rule) for rule in tell_rejected(con, one.folder))
        done.append(
            FileIngested(
                one.file.path, one.file.sha256, False, one.rows_read, new, told - new, rejected,
                tuple(sorted(day for day, (_, new) in own.items() if new)),
                min(own, default=None), max(own, default=None), one.missing,
            )
        )  # fmt: skip
    return done
