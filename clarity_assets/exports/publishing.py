"""Finished files in a hidden folder in; the same under their names in the period's folder and in `latest/` out."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from clarity_assets.exports.manifest import (
    NAME,
    Entry,
    instant,
    period_of,
    read_manifest,
    size_and_hash,
    write_manifest,
)
from clarity_assets.reports.files import move_into_place, unwritable
from clarity_assets.reports.period import Period

LATEST = "latest"


@dataclass(frozen=True)
class Made:
    """A finished file, `name` without date: what it holds. `rows` and `table` as in the manifest."""

    path: Path
    format: str
    table: str | None = None
    rows: int | None = None
    sheets: dict[str, int] | None = None

    @property
    def name(self) -> str:
        return self.path.name


@dataclass(frozen=True)
class Exported:
    """Where the files are. `kept` are the names in `latest` that tell of a later period, and were left alone."""

    period: Period
    folder: Path
    latest: Path
    files: tuple[Entry, ...]
    kept: tuple[str, ...]

    @property
    def paths(self) -> list[Path]:
        """The files with dates in their names."""
        return [self.folder / entry.name for entry in self.files]

    @property
    def manifest(self) -> Path:
        return self.folder / NAME

    @property
    def preview(self) -> str:
        """The files as a Markdown table."""
        rows = [f"| {file.name} | {_counted(file.rows)} | {file.bytes / 1000:,.1f} |" for file in self.files]
        return "\n".join(["| File | Rows | kB |", "| --- | ---: | ---: |", *rows])


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """A hidden folder beside the periods' ones, gone afterwards. Raises ReportUnwritable, also from the body."""
    with unwritable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".export-", ignore_cleanup_errors=True) as stage:
            yield Path(stage)


def publish(made: Iterable[Made], *, folder: Path, period: Period, project_id: str, made_at: datetime) -> Exported:
    """Move the files to where readers look, the manifests last. Raises OSError; what is replaced is replaced whole.

    In `latest` a file of the same project that tells of a later period stays.
    """
    dated, latest = folder / period.slug, folder / LATEST / period.kind
    before, newest = read_manifest(dated), read_manifest(latest)
    new: dict[str, Entry] = {}
    kept = []
    moves: list[tuple[Path, Path]] = []
    for file in made:
        size, sha256 = size_and_hash(file.path)
        entry = Entry(
            dated_name(file.name, period), file.format, file.table, file.rows, file.sheets, size, sha256, project_id,
            period_of(period), instant(made_at),
        )  # fmt: skip
        new[entry.name] = entry
        if _is_later(newest.get(file.name), entry):
            kept.append(file.name)
        else:
            copy = file.path.with_name(f"latest-{file.name}")
            shutil.copyfile(file.path, copy)  # before anything is moved: a full disk then changes nothing
            newest[file.name] = replace(entry, name=file.name)
            moves.append((copy, latest / file.name))
        moves.append((file.path, dated / entry.name))
    for place in (dated, latest):
        place.mkdir(parents=True, exist_ok=True)
    for file, place in moves:
        move_into_place(file, place)
    write_manifest(dated, before | new)
    write_manifest(latest, newest)
    return Exported(period, dated, latest, tuple(new.values()), tuple(kept))


def dated_name(name: str, period: Period) -> str:
    """`traffic.csv` as `traffic_2026-10-05.csv`."""
    path = Path(name)
    return f"{path.stem}_{period.slug}{path.suffix}"


def _is_later(there: Entry | None, entry: Entry) -> bool:
    return there is not None and there.project_id == entry.project_id and there.last_date > entry.last_date


def _counted(rows: int | None) -> str:
    return "" if rows is None else f"{rows:,}"
