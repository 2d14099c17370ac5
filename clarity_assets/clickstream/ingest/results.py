"""What became of files of events: counts, days, rejected rows by rule, and the files that nobody can read."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from clarity_assets.clickstream.ingest.troubles import FileUnreadable


@dataclass(frozen=True)
class Rejected:
    """Rows of a file that broke one rule. `example`: the first one's reason, with its value."""

    rule: str
    rows: int
    example: str
    row_number: int


@dataclass(frozen=True)
class FileIngested:
    """What became of one file. `is_known`: it had come through this mapping before, and nothing was done.

    A row is an event (or several, where the mapping has `each`) that is new or known, or it is rejected.
    """

    path: Path
    file_hash: str
    is_known: bool = False
    rows_read: int = 0
    events_new: int = 0
    events_known: int = 0
    rejected: tuple[Rejected, ...] = ()
    days: tuple[date, ...] = ()
    """UTC days that it changed."""
    first_date: date | None = None
    last_date: date | None = None
    missing: tuple[str, ...] = ()
    """Columns that the mapping names and the file has not."""
    events_changed: int = 0
    """Of the known ones, those that are told in another way now (`again`)."""

    @property
    def rows_rejected(self) -> int:
        return sum(rejected.rows for rejected in self.rejected)


@dataclass(frozen=True)
class Ingested:
    """What became of all files. `unreadable`: those of which nothing was landed, and why.

    `left_out`: files in folders whose names are none of a file of events. `unnamed`: files of days that this warehouse
    does not name; they stay.
    """

    mapping: str
    files: tuple[FileIngested, ...] = ()
    unreadable: dict[Path, FileUnreadable] = field(default_factory=dict)
    days_changed: tuple[date, ...] = ()
    left_out: tuple[Path, ...] = ()
    unnamed: tuple[Path, ...] = ()

    @property
    def events_new(self) -> int:
        return sum(file.events_new for file in self.files)

    @property
    def events_known(self) -> int:
        return sum(file.events_known for file in self.files)

    @property
    def rows_read(self) -> int:
        return sum(file.rows_read for file in self.files)

    @property
    def rows_rejected(self) -> int:
        return sum(file.rows_rejected for file in self.files)
