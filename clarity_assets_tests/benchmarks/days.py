"""A warehouse and a morning's answers in memory in, seconds until their rows are committed out; SQLite beside it."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from clarity_assets.clarity.client import RawAnswer
from clarity_assets.clarity.collect import Collector, Pacer
from clarity_assets.clarity.importing import import_answers
from clarity_assets.clarity.requests import STANDARD_REQUESTS
from clarity_assets.clarity.store import DERIVED, MEASURED
from clarity_assets.settings import Settings
from clarity_assets_tests.benchmarks.answers import answer
from clarity_assets_tests.benchmarks.history import HISTORY_START, asked_at, bodies_of, day_shapes
from clarity_assets_tests.benchmarks.measure import Clock, clocked


class CannedApi:
    """A client that has the answers already; it notes when it hands one out."""

    def __init__(self) -> None:
        self.now: datetime = asked_at(0)
        self.bodies: dict[tuple[tuple[str, ...], int], bytes] = {}
        self.waiting = Clock()

    def __call__(self, token: object) -> "CannedApi":
        return self

    def fetch(self, dimensions: tuple[str, ...], *, num_of_days: int) -> RawAnswer:
        return RawAnswer(self.bodies[dimensions, num_of_days], self.now, "server")


@dataclass
class Times:
    """Where the seconds of some collections went. `land` is all that follows an answer's arrival."""

    reserve: Clock = field(default_factory=Clock)
    land: Clock = field(default_factory=Clock)
    read: Clock = field(default_factory=Clock)
    open: Clock = field(default_factory=Clock)
    close: Clock = field(default_factory=Clock)

    @property
    def sql_s(self) -> float:
        """Of landing, what is neither reading the bytes nor opening and closing: storing, settling, committing."""
        return self.land.seconds - self.read.seconds - self.open.seconds - self.close.seconds


class TimedCollector(Collector):
    """The product's collector, with a clock at its seams."""

    def __init__(self, settings: Settings, api: CannedApi, times: Times):
        super().__init__(settings, clock=lambda: api.now, client=api, pacer=Pacer())
        self.times = times

    def _begin(self, *args):
        with clocked(self.times.reserve):
            return super()._begin(*args)

    def _land(self, *args):
        with clocked(self.times.land):
            return super()._land(*args)

    def _read(self, *args):
        with clocked(self.times.read):
            return super()._read(*args)

    def _open(self, label: str):
        return self._timed_open(label) if label.startswith("land") else super()._open(label)

    @contextmanager
    def _timed_open(self, label: str) -> Iterator:
        warehouse = super()._open(label)
        with clocked(self.times.open):
            con = warehouse.__enter__()
        try:
            yield con
        finally:
            with clocked(self.times.close):
                warehouse.__exit__(None, None, None)


def collect_day(settings: Settings, day: int, bodies: dict[str, bytes]) -> Times:
    """Collect the six requests of one day from these answers, as six runs of six assets do."""
    api, times = CannedApi(), Times()
    api.now = asked_at(day)
    api.bodies = {(r.dimensions, 1): bodies[r.name] for r in STANDARD_REQUESTS}
    for request in STANDARD_REQUESTS:
        found = TimedCollector(settings, api, times).collect(request.name, HISTORY_START + timedelta(days=day))
        assert (found.state.status, found.sent) == (MEASURED, 1), found.state
    return times


def collect_derived(settings: Settings, day: int) -> Times:
    """Collect a missed day of `url_device` two mornings later, where 24 h are stored: from an answer of 48 h."""
    shape = day_shapes()["url_device"]
    api = CannedApi()
    api.now = asked_at(day + 1)
    api.bodies = {(shape.request.dimensions, n): answer(shape, range(day + 2 - n, day + 2)) for n in (1, 2)}
    collector = TimedCollector(settings, api, Times())
    collector.collect("url_device", HISTORY_START + timedelta(days=day + 1))
    collector.times = Times()
    found = collector.collect("url_device", HISTORY_START + timedelta(days=day))
    assert (found.state.status, found.state.method) == (DERIVED, "difference"), found.state
    assert found.state.refused_keys == 0, found.state
    return collector.times


class PlainSqlite:
    """What a script would do instead: every row of every metric as it came, without keys, types or redaction."""

    def __init__(self, folder: Path):
        self.path = folder / "plain.sqlite"
        values = ", ".join(f"value_{i}" for i in range(7))
        with closing(sqlite3.connect(self.path)) as con, con:
            con.execute(f"create table metric_row (date, request, metric, {values})")

    def insert_day(self, day: int, bodies: dict[str, bytes]) -> int:
        """One commit an answer (synchronous=FULL, SQLite's default); returns the rows."""
        count = 0
        with closing(sqlite3.connect(self.path)) as con:
            for name, body in bodies.items():
                with con:
                    count += sum(self._insert(con, (str(day), name), block) for block in json.loads(body))
        return count

    def _insert(self, con: sqlite3.Connection, keys: tuple[str, str], block: dict) -> int:
        rows = [(*keys, block["metricName"], *row.values()) for row in block["information"]]
        if rows:
            places = ", ".join("?" * len(rows[0]))
            columns = ", ".join(["date", "request", "metric", *(f"value_{i}" for i in range(len(rows[0]) - 3))])
            con.executemany(f"insert into metric_row ({columns}) values ({places})", rows)
        return len(rows)


def sqlite_day(sqlite: PlainSqlite, day: int, bodies: dict[str, bytes]) -> float:
    with clocked() as clock:
        sqlite.insert_day(day, bodies)
    return clock.seconds


def import_day(settings: Settings, day: int, bodies: dict[str, bytes]) -> float:
    """Seconds of `clarity-assets import` (in process) from six files to committed rows: one opening, one commit."""
    folder = settings.warehouse.parent / "kept"
    folder.mkdir(exist_ok=True)
    end = asked_at(day)
    paths = []
    for name, body in bodies.items():
        path = folder / f"{name}-{day}.json"
        head = json.dumps({"request": name, "num_of_days": 1, "window_end": end.isoformat()}).encode()
        path.write_bytes(head[:-1] + b', "answer": ' + body + b"}")
        paths.append(path)
    with clocked() as clock:
        imported = import_answers(settings.model_copy(update={"now": end}), tuple(paths))
    assert imported.stored == len(bodies), imported
    return clock.seconds


def warm_up(settings: Settings, sqlite: PlainSqlite, day: int) -> None:
    """One day that is not counted: it makes the tables and fills caches."""
    bodies = bodies_of(day)
    collect_day(settings, day, bodies)
    sqlite.insert_day(day, bodies)
