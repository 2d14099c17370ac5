"""The files of a folder in; its `manifest.json` out: what each is, so that a reader can tell whole from half-replaced.

    {"format_version": 1, "csv_text_rule": …,
     "files": [{"name", "format", "table", "rows", "sheets", "bytes", "sha256", "project_id",
                "period": {"kind", "first_date", "last_date"}, "made_at"}, …]}

`table` is the mart (null: several); `rows` are data rows (of a workbook: of all its tables, and `sheets` tells each);
`period` and `made_at` stand with each file, since a later export of one format leaves the others as they are.
"""

import hashlib
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path

import orjson

from clarity_assets.exports.csv_files import TEXT_RULE
from clarity_assets.reports.files import write_atomically
from clarity_assets.reports.period import Period

NAME = "manifest.json"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class Entry:
    """One file of a folder; the fields are those of the manifest."""

    name: str
    format: str
    table: str | None
    rows: int | None
    sheets: dict[str, int] | None
    bytes: int
    sha256: str
    project_id: str
    period: dict[str, str]
    made_at: str

    @property
    def last_date(self) -> date:
        return date.fromisoformat(self.period["last_date"])


def period_of(period: Period) -> dict[str, str]:
    return {"kind": period.kind, "first_date": f"{period.start}", "last_date": f"{period.last}"}


def instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def size_and_hash(path: Path) -> tuple[int, str]:
    """Bytes and sha256 of a file."""
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def read_manifest(folder: Path) -> dict[str, Entry]:
    """The entries by name whose files are there; none where there is no manifest of this version."""
    try:
        told = orjson.loads((folder / NAME).read_bytes())
        if told["format_version"] != FORMAT_VERSION:
            return {}
        entries = [Entry(**entry) for entry in told["files"]]
    except (FileNotFoundError, orjson.JSONDecodeError, KeyError, TypeError):
        return {}  # it is made anew from the files that are written now
    return {entry.name: entry for entry in entries if (folder / entry.name).is_file()}


def write_manifest(folder: Path, entries: dict[str, Entry]) -> Path:
    """Replace the folder's manifest. Raises ReportUnwritable."""
    told = {
        "format_version": FORMAT_VERSION,
        "csv_text_rule": TEXT_RULE,
        "files": [asdict(entries[name]) for name in sorted(entries)],
    }
    return write_atomically(folder / NAME, orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
