"""A copy of the warehouse in; its marts as Parquet files, with a manifest of what each is, out.

    {"format_version": 1, "made_at", "duckdb_version", "newest_date", "copy_bytes", "copy_sha256",
     "files": [{"name", "table", "rows", "newest_date", "bytes", "sha256"}, …]}

`newest_date` is a UTC day: above, the newest one that the whole site is known of; of a file, its rows' newest.
`copy_…` tell of the DuckDB copy that the files were written from; `duckdb_version` is the one a reader of it needs.
"""

import errno
import hashlib
import os
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb
import orjson

from clarity_assets.warehouse.copying import Copied, copy_trouble
from clarity_assets.warehouse.query import one
from clarity_assets.warehouse.tables import literal, quoted
from clarity_assets.warehouse.troubles import FULL, duckdb_trouble

MANIFEST = "manifest.json"
FORMAT_VERSION = 1
SCHEMA = "marts"
SITE = "fct_site_daily"
MEMORY_LIMIT = "256MB"  # three years of 1,000 pages a day: half the memory, in the same time


@dataclass(frozen=True)
class File:
    """One Parquet file."""

    name: str
    table: str
    rows: int
    newest_date: date | None
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What was published; the fields are those of the file."""

    made_at: datetime
    duckdb_version: str
    newest_date: date | None
    copy_bytes: int
    copy_sha256: str
    files: tuple[File, ...]

    @property
    def bytes(self) -> int:
        """Of the copy and all Parquet files."""
        return self.copy_bytes + sum(file.bytes for file in self.files)


def write_tables(copied: Copied, folder: Path, *, made_at: datetime, warehouse: Path) -> Manifest:
    """Write every table and view of the marts, and the manifest, into the (empty) folder.

    Raises WarehouseCorrupt about the warehouse where its copy cannot be read, WarehouseFull, OSError.
    """
    try:
        with _opened(copied.path) as con:
            files = tuple(_write(con, name, folder / f"{name}.parquet") for name in _names(con))
            newest = _newest_known_date(con)
    except duckdb.Error as error:
        raise _trouble(error, folder, warehouse=warehouse, copy=copied.path) from error
    manifest = Manifest(made_at, duckdb.__version__, newest, copied.size_bytes, copied.sha256, files)
    told = {"format_version": FORMAT_VERSION} | asdict(manifest)
    path = folder / MANIFEST
    path.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z))
    _sync(path)
    return manifest


def read_manifest(folder: Path) -> Manifest | None:
    """What a version's manifest says; None where there is none of this format whose files are all there."""
    folder = folder.resolve()  # the link may be swapped while we look
    try:
        told = orjson.loads((folder / MANIFEST).read_bytes())
        if told.pop("format_version") != FORMAT_VERSION:
            return None
        files = tuple(File(**file | {"newest_date": _date(file["newest_date"])}) for file in told.pop("files"))
        made_at, newest = datetime.fromisoformat(told.pop("made_at")), _date(told.pop("newest_date"))
        is_whole = all((folder / file.name).stat().st_size == file.bytes for file in files)
        return Manifest(made_at=made_at, newest_date=newest, files=files, **told) if is_whole else None
    except (FileNotFoundError, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None


def _date(told: str | None) -> date | None:
    return None if told is None else date.fromisoformat(told)


def _opened(path: Path) -> duckdb.DuckDBPyConnection:
    """The copy, for reading, as `open_warehouse` configures the working file."""
    config = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "temp_directory": f"{path}.tmp",
        "memory_limit": MEMORY_LIMIT,
    }
    con = duckdb.connect(str(path), read_only=True, config=config)
    con.execute("set TimeZone = 'UTC'")
    return con


def _names(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Tables and views of the marts, by name."""
    rows = con.execute(
        """select table_name from information_schema.tables
           where table_catalog = current_database() and table_schema = ? order by 1""",
        [SCHEMA],
    ).fetchall()
    return [name for (name,) in rows]


def _write(con: duckdb.DuckDBPyConnection, name: str, path: Path) -> File:
    table = f"{SCHEMA}.{name}"
    rows = one(con, f"copy {quoted(table)} to {literal(str(path))} (format parquet, compression zstd)")[0]
    _sync(path)
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return File(path.name, table, rows, _newest_date(con, table), path.stat().st_size, sha256)


def _newest_date(con: duckdb.DuckDBPyConnection, table: str) -> date | None:
    """Of the rows of a daily table; None for others, and where there are no rows."""
    name = table.partition(".")[2]
    has_days = name.startswith("fct_") and one(
        con,
        """select 1 from duckdb_columns() where database_name = current_database() and schema_name = ?
           and table_name = ? and column_name = 'date'""",
        [SCHEMA, name],
    )
    return one(con, f"select max(date) from {quoted(table)}")[0] if has_days else None  # noqa: S608 - quoted


def _newest_known_date(con: duckdb.DuckDBPyConnection) -> date | None:
    """The newest UTC day of which the whole site's figures are known."""
    if SITE not in _names(con):
        return None
    return one(con, f"select max(date) from {SCHEMA}.{SITE} where status in ('measured', 'derived')")[0]  # noqa: S608


def _sync(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def _trouble(error: duckdb.Error, folder: Path, *, warehouse: Path, copy: Path) -> Exception:
    """The warehouse's own error for a full disk or a damaged file; else the error itself."""
    if FULL.search(str(error)):  # DuckDB's words for a failed write of Parquet are JSON and name the file in quotes
        return copy_trouble(OSError(errno.ENOSPC, str(error)), folder)
    return duckdb_trouble(error, warehouse, staged=copy) or error
