"""Text in, a file that is there whole or not at all out."""

import os
import tempfile
from pathlib import Path

from clarity_assets.errors import ClarityAssetsError


class ReportUnwritable(ClarityAssetsError):
    """The report's file or its folder cannot be written; a file that was there before is intact."""


def write_atomically(path: Path, text: str) -> Path:
    """Write the file beside its place, then move it there. Raises ReportUnwritable."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # mkstemp gives 0600, and reports are read by others
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise ReportUnwritable(f"{path}: {error.strerror or error}; free it, or set CLARITY_REPORTS") from error
    return path
