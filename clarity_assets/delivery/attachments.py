"""Paths of a message's files in; the names that people see, and what is missing, out."""

from pathlib import Path

from clarity_assets.errors import ClarityAssetsError


class AttachmentMissing(ClarityAssetsError):
    """A file that goes with a message is not there (any more)."""


def named_files(paths: tuple[str, ...]) -> list[tuple[str, Path]]:
    """Name and path of each: `weekly_ux_2026-10-05.pdf` for `weekly_ux/2026-10-05.pdf`, which alone tells little.

    Raises AttachmentMissing.
    """
    files = [Path(path) for path in paths]
    for file in files:
        if not file.is_file():
            raise AttachmentMissing(f"{file} is missing; make the report anew, or cancel what waits for it")
    return [(f"{file.parent.name}_{file.name}" if file.stem[:1].isdigit() else file.name, file) for file in files]
