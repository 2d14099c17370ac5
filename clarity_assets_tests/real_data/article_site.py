"""Deskdrop's year of events in, sessions and steps as an engine reads them out; a like is taken for a purchase."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from clarity_assets.clickstream.engines.engine import Engine
from clarity_assets_tests.unit.clickstream.modules.shoppers import Event, read_events

FILE = Path(__file__).parents[3] / "shared" / "data" / "deskdrop" / "users_interactions.csv.zip"
TYPES = {"VIEW": "view", "LIKE": "purchase", "BOOKMARK": "cart", "FOLLOW": "checkout", "COMMENT CREATED": "search"}


def read_site(engine: Engine, folder: Path, *, start: date, end: date) -> Engine:
    """The engine with the events of the UTC days [start, end), by their own sessions; skips where they are not there."""
    if not FILE.is_file():
        pytest.skip(f"{FILE} is not there: the real events are not part of the project")
    import pandas as pd

    rows = pd.read_csv(FILE, usecols=["timestamp", "eventType", "personId", "sessionId"])
    first, last = (datetime(d.year, d.month, d.day, tzinfo=UTC).timestamp() for d in (start, end))
    rows = rows[(rows.timestamp >= first) & (rows.timestamp < last)]
    events = [
        Event(person, datetime.fromtimestamp(at, UTC).replace(tzinfo=None), TYPES[kind], 1.0, 1.0, visit)
        for at, kind, person, visit in rows.itertuples(index=False)
    ]
    return read_events(engine, folder, events)
