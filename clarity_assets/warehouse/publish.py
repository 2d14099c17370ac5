"""The working file in; a read-only copy and Parquet files of one moment, where readers look, out.

    published/clarity_published.duckdb -> latest/clarity_published.duckdb     everything
    published/parquet -> latest/parquet                                       the marts, a file each, and manifest.json
    published/latest -> versions/000042                                       replaced by rename: both change at once

What has been published never changes, only the link to it. DuckDB opens a file three times while it connects (2.0.0),
so that a rename between two of them would give it the head of one file and the body of another; a link it resolves
once. Who reads several Parquet files resolves it too (`Path("published/parquet").resolve()`); a version stays for a
minute at least after the next one has come.
"""

import contextlib
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from filelock import FileLock, Timeout

from clarity_assets.errors import WarehouseBusy
from clarity_assets.settings import Settings
from clarity_assets.warehouse.copying import Copied, copy_trouble, copy_warehouse, sync_folder
from clarity_assets.warehouse.published_parquet import MANIFEST, Manifest, read_manifest, write_tables
from clarity_assets.warehouse.tickets import PRIVATE_FILE, make_private_folder

COPY = "clarity_published.duckdb"
PARQUET = "parquet"
LATEST = "latest"
VERSIONS = "versions"
KEPT_VERSIONS = 3
READER_S = 60.0  # a version stays at least so long after the next one has come: who began to read it comes to an end
SHARED_FILE, SHARED_FOLDER = 0o640, 0o750  # the user's group reads, nobody else
STAGED, STAGED_LINK = ".next", ".next-link"


@dataclass(frozen=True)
class Published:
    """What readers find now (links; see above).

    `is_new` is false where nothing had changed; `held_s` is how long writers had to wait.
    """

    copy: Path
    parquet: Path
    manifest: Manifest
    is_new: bool
    held_s: float
    took_s: float

    @property
    def rows(self) -> dict[str, int]:
        """Rows by table of the Parquet files."""
        return {file.table: file.rows for file in self.manifest.files}

    @property
    def newest_date(self) -> date | None:
        """The newest UTC day that the whole site is known of."""
        return self.manifest.newest_date


def publish(settings: Settings) -> Published:
    """Publish what is committed now, as one version for all readers; where nothing has changed, nothing is replaced.

    Raises WarehouseBusy, WarehouseFull and WarehouseUnwritable (what was published before stays), WarehouseCorrupt
    where a table cannot be read, WarehouseError where there is no warehouse.
    """
    start_s = time.monotonic()
    folder, timeout_s = settings.published_folder, settings.warehouse_timeout_s
    staged = folder / STAGED
    with _told(folder), _alone(folder, timeout_s=timeout_s):
        _tidy(folder)
        try:
            copied = copy_warehouse(
                settings.warehouse, staged / COPY, timeout_s=timeout_s, label="publish", mode=SHARED_FILE
            )
            manifest = read_published(folder)
            is_new = manifest is None or manifest.copy_sha256 != copied.sha256
            if is_new:
                manifest = _filled(settings, copied, staged / PARQUET)
                _let_see(staged, folder)
        finally:
            _tidy(folder)
        took_s = time.monotonic() - start_s
        return Published(folder / COPY, folder / PARQUET, manifest, is_new, copied.held_s, took_s)


def read_published(folder: Path) -> Manifest | None:
    """What lies in the folder; None where nothing was published, or where it is not what its manifest says."""
    version = (folder / LATEST).resolve()
    copy, parquet = version / COPY, version / PARQUET
    manifest = read_manifest(parquet)
    if manifest is None or not copy.is_file() or copy.stat().st_size != manifest.copy_bytes:
        return None
    is_linked = (folder / COPY).resolve() == copy and (folder / PARQUET).resolve() == parquet
    return manifest if is_linked else None


def _filled(settings: Settings, copied: Copied, parquet: Path) -> Manifest:
    """Write the Parquet files from the staged copy."""
    parquet.mkdir(mode=SHARED_FOLDER)
    manifest = write_tables(copied, parquet, made_at=settings.clock(), warehouse=settings.warehouse)
    for path in parquet.iterdir():
        path.chmod(SHARED_FILE)
    parquet.chmod(SHARED_FOLDER)  # whatever the umask
    return manifest


def _let_see(staged: Path, folder: Path) -> None:
    """Make the staged version the one that readers find."""
    staged.chmod(SHARED_FOLDER)
    for made in (staged / PARQUET, staged):
        sync_folder(made)
    _make_shared_folder(folder / VERSIONS)
    number = f"{max(_versions(folder), default=0) + 1:06d}"
    staged.rename(folder / VERSIONS / number)
    sync_folder(folder / VERSIONS)
    _link(folder / LATEST, Path(VERSIONS, number))
    for name in (COPY, PARQUET):
        link, to = folder / name, Path(LATEST, name)
        if not link.is_symlink() or link.readlink() != to:
            _link(link, to)
    sync_folder(folder)
    _remove_old(folder)


def _link(path: Path, to: Path) -> None:
    """Make or replace a link, in one step for whoever looks."""
    staged = path.with_name(STAGED_LINK)
    staged.symlink_to(to)
    staged.replace(path)


def _versions(folder: Path) -> dict[int, Path]:
    """The versions by number, in order."""
    found = {int(path.name): path for path in (folder / VERSIONS).glob("*") if path.name.isdigit()}
    return dict(sorted(found.items()))


def _remove_old(folder: Path) -> None:
    """All versions but the last few and those that were the newest just now. What cannot be removed goes later."""
    versions = list(_versions(folder).values())
    made_at_s = [path.stat().st_mtime for path in versions]
    for path, replaced_at_s in list(zip(versions, made_at_s[1:], strict=False))[: -KEPT_VERSIONS + 1]:
        if made_at_s[-1] - replaced_at_s >= READER_S:
            shutil.rmtree(path, ignore_errors=True)


def _tidy(folder: Path) -> None:
    """Remove what was staged, by us or by a publication that was killed."""
    (folder / STAGED_LINK).unlink(missing_ok=True)
    shutil.rmtree(folder / STAGED, ignore_errors=True)


@contextmanager
def _alone(folder: Path, *, timeout_s: float) -> Iterator[None]:
    """Make the folder, and wait until nobody else publishes into it. A killed publication is in nobody's way."""
    _make_shared_folder(folder)
    lock = FileLock(folder / ".publish.lock", mode=PRIVATE_FILE, thread_local=False, fallback_to_soft=False)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(lock.acquire(timeout=timeout_s))
        except Timeout as error:
            raise WarehouseBusy(
                f"{folder} is busy: another publication has not ended within {timeout_s:g} s; let it end and try again"
            ) from error
        yield


def _make_shared_folder(folder: Path) -> None:
    """Make the folder for the user and the group; one that exists stays as it is."""
    make_private_folder(folder.parent)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=SHARED_FOLDER)
        folder.chmod(SHARED_FOLDER)


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """A failed system call of the body, as the warehouse's own error about the published files."""
    try:
        yield
    except OSError as error:
        raise copy_trouble(error, folder) from error


__all__ = ["COPY", "MANIFEST", "PARQUET", "Published", "publish", "read_published"]
