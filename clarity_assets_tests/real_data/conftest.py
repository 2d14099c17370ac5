"""Real answers of Clarity's live API (`../shared/data/clarity` from the project's root) as fixtures, or a skip."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from clarity_assets.clarity.pages import PageRule
from clarity_assets.clarity.payload import Blocks, read_totals, stored_form
from clarity_assets.clarity.requests import ClarityRequest
from clarity_assets.clarity.totals import Totals, measures

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "clarity"


@dataclass(frozen=True)
class Told:
    """What one real answer says: `rows` are its landing measures by key."""

    stored: bytes
    totals: Totals
    blocks: Blocks
    rows: dict[tuple, dict]


@pytest.fixture(scope="session")
def clarity_data() -> Path:
    """The folder of real answers; skips where it is not there."""
    if not FOLDER.is_dir():
        pytest.skip(f"{FOLDER} is not there: the real answers are not part of the project")
    return FOLDER


@pytest.fixture(scope="session")
def tell(clarity_data) -> Callable[..., Told]:
    """Reads one real answer, given the start of its file's name and its dimensions."""

    def read(name: str, *dimensions: str) -> Told:
        [path] = clarity_data.glob(f"{name}*.json")
        stored = stored_form(path.read_bytes())
        totals, blocks = read_totals(stored, ClarityRequest("real", dimensions), pages=PageRule())
        columns = measures(totals)
        rows = {key: {name: values[i] for name, values in columns.items()} for i, key in enumerate(totals.rows)}
        return Told(stored, totals, blocks, rows)

    return read
