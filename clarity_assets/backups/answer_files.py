"""An answer that has landed in; a compressed file of it out, in a folder a month: what no backup holds yet."""

import contextlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from clarity_assets.backups.folder import newest_first
from clarity_assets.clarity.archive import PACKED, save_envelope
from clarity_assets.clarity.store import Answer
from clarity_assets.settings import Settings

HALF_MADE_FOR = timedelta(days=1)  # so old is what a killed process left
_NAME = re.compile(
    r"(?P<answer_id>(?P<project>[A-Za-z0-9_-]+)-[a-z0-9_]+-[123]d-(?P<end>\d{8}T\d{6})-[0-9a-f]{8})\.json(?:\.zst)?"
)


def archive_answer(settings: Settings, answer: Answer) -> Path:
    """Write `answers/2026/10/<answer_id>.json.zst`, private and atomic; `clarity-assets import` reads it.

    The month is that of the window's end. Raises OSError where it cannot be written.
    """
    folder = settings.archive_folder / f"{answer.window_end.astimezone(UTC):%Y/%m}"
    for missing in (settings.archive_folder, folder.parent):
        missing.mkdir(mode=0o700, parents=True, exist_ok=True)  # `parents` alone would not make them private
    return save_envelope(answer, folder, is_packed=True)


def archived_since(settings: Settings, since: datetime | None) -> dict[str, Path]:
    """The project's kept files by answer id, in order: of windows that end at `since` or later, or all.

    Those in the archive, and those that a collection rescued because the warehouse could not take them.
    """
    found = {}
    for folder in (settings.archive_folder, settings.warehouse.with_name("rescued")):
        for path, answer_id, project, end in _files(folder):
            if project == settings.need_project() and (since is None or end >= since):
                found.setdefault(answer_id, path)
    return dict(sorted(found.items(), key=lambda item: item[1].name))


def tidy_archive(settings: Settings, *, now: datetime | None = None) -> list[Path]:
    """Delete the project's files of windows that ended more than `keep_archive_days` ago (0: none); the paths.

    What no verified backup can hold yet stays, however old it is.
    """
    now = now or settings.clock()
    _remove_half_made(settings.archive_folder, now)
    backups = newest_first(settings, now=now)
    if not settings.keep_archive_days or not backups:
        return []
    limit = min(now - timedelta(days=settings.keep_archive_days), backups[0].made_at)
    old = [
        path
        for path, _, project, end in _files(settings.archive_folder)
        if project == settings.project_id and end < limit and path.name.endswith(PACKED)
    ]
    for path in old:
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # it is not empty
            path.parent.rmdir()
            path.parent.parent.rmdir()
    return old


def _files(folder: Path) -> Iterator[tuple[Path, str, str, datetime]]:
    """Path, answer id, project and window end of everything that is named as an answer."""
    for path in sorted(folder.rglob("*.json*")):
        if found := _NAME.fullmatch(path.name):
            end = datetime.strptime(found["end"], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
            yield path, found["answer_id"], found["project"], end


def _remove_half_made(folder: Path, now: datetime) -> None:
    for half in folder.rglob("*.half"):
        with contextlib.suppress(FileNotFoundError):
            if half.stat().st_mtime < (now - HALF_MADE_FOR).timestamp():
                half.unlink()
