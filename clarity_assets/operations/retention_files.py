"""A folder of reports and exports in; the files whose time is over deleted, never those in `latest/` or of others."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from clarity_assets.errors import RequestRefused
from clarity_assets.exports.manifest import NAME, read_manifest, write_manifest
from clarity_assets.reports.make import ENDINGS, TITLES
from clarity_assets.reports.period import Period

REPORT_FOLDERS = tuple(f"{every}{kind}" for every in ("", "weekly_", "monthly_") for kind in TITLES)
EXPORTS = "exports"


def tidy_reports(folder: Path, *, keep_days: int, now: datetime) -> list[Path]:
    """Delete what was made more than `keep_days` ago of a period that ended as long ago; returns the files.

    A file that is named like none of ours stays. Raises ReportUnwritable or OSError where nothing can be deleted.
    """
    if not keep_days:
        return []
    before = now - timedelta(days=keep_days)
    old = [path for path in _report_files(folder) if _is_old(path, before=before)]
    for path in old:
        path.unlink(missing_ok=True)
    return old + _tidy_exports(folder / EXPORTS, before=before)


def _report_files(folder: Path) -> Iterator[Path]:
    """Files such as weekly_ux/2026-10-05.html."""
    endings = {f".{ending}" for ending in ENDINGS.values()}
    for name in REPORT_FOLDERS:
        if (folder / name).is_dir():
            yield from (p for p in sorted((folder / name).iterdir()) if p.suffix in endings and _is_file(p))


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _is_old(path: Path, *, before: datetime) -> bool:
    period = period_of_slug(path.stem)
    made_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return period is not None and period.end <= before.date() and made_at < before


def period_of_slug(slug: str) -> Period | None:
    """The period that a file or folder is named by (`Period.slug`); None where it is no such name."""
    first, _, last = slug.partition("_")
    try:
        if last:
            period = Period.span(date.fromisoformat(first), date.fromisoformat(last))
        elif len(first) == len("2026-10"):
            period = Period.month(date.fromisoformat(f"{first}-01"))
        else:
            period = Period.week(date.fromisoformat(first))
    except (ValueError, RequestRefused):
        return None
    return period if period.slug == slug else None


def _tidy_exports(exports: Path, *, before: datetime) -> list[Path]:
    """Delete the old files of each period's folder by its manifest, which then tells of the others or goes too."""
    deleted: list[Path] = []
    for folder in sorted(exports.iterdir()) if exports.is_dir() else ():
        period = period_of_slug(folder.name)
        if period is None or period.end > before.date() or folder.is_symlink():
            continue
        entries = read_manifest(folder)
        old = {
            name
            for name, entry in entries.items()
            if datetime.fromisoformat(entry.made_at) < before and Path(name).name == name and _is_file(folder / name)
        }
        if not old:
            continue
        left = {name: entry for name, entry in entries.items() if name not in old}
        if left:
            write_manifest(folder, left)
        else:
            (folder / NAME).unlink(missing_ok=True)
        for name in sorted(old):
            (folder / name).unlink(missing_ok=True)
            deleted.append(folder / name)
        if not any(folder.iterdir()):
            folder.rmdir()
    return deleted
