"""Text or bytes in, a file that is there whole or not at all out."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clarity_assets.errors import ClarityAssetsError


class ReportUnwritable(ClarityAssetsError):
    """The report's file or its folder cannot be written; a file that was there before is intact."""


def write_atomically(path: Path, content: str | bytes) -> Path:
    """Write the file beside its place, then move it there; text as UTF-8. Raises ReportUnwritable."""
    data = content.encode() if isinstance(content, str) else content
    with unwritable(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            move_into_place(Path(temporary), path)
        finally:
            Path(temporary).unlink(missing_ok=True)  # where it has not been moved
    return path


def move_into_place(made: Path, path: Path) -> Path:
    """Replace `path` by a finished file of the same disk, safe against a power cut. Raises ReportUnwritable."""
    with unwritable(path):
        with made.open("rb") as file:
            os.fsync(file.fileno())
        made.chmod(0o644)  # mkstemp gives 0600, and reports are read by others
        return made.replace(path)


@contextmanager
def unwritable(path: Path) -> Iterator[None]:
    """What the system refuses in the body is told as a file or folder that cannot be written: ReportUnwritable."""
    try:
        yield
    except OSError as error:
        raise ReportUnwritable(f"{path}: {error.strerror or error}; free it, or set CLARITY_REPORTS") from error
