"""Days in; their sessions and steps made of the events, written by day and recorded, out."""

import time
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from clarity_assets.clickstream.engines.choose import open_engine
from clarity_assets.clickstream.engines.engine import Engine, EngineName, EngineSql
from clarity_assets.clickstream.schema import EVENT, FILE_OF_SESSIONS, FILE_OF_STEPS
from clarity_assets.clickstream.sessions.channels import Channels
from clarity_assets.clickstream.sessions.compute import COUNTS, forget, gather
from clarity_assets.clickstream.sessions.files import mark_replaced, remove_unused
from clarity_assets.clickstream.sessions.ledger import (
    DAY,
    BuiltDay,
    EventDay,
    event_days,
    files_of,
    made_of_now,
    named_files,
    opened,
    record,
    session_days_behind,
    version_of,
)
from clarity_assets.clickstream.sessions.writing import SESSION, STEP
from clarity_assets.settings import Settings
from clarity_assets.warehouse.tickets import make_private_folder

__all__ = ["BuiltSessions", "build_sessions", "build_sessions_before", "session_days_behind"]

# Events that are computed at once. What DuckDB joins fits the processor's caches then (10 million at once: three times
# as long as million by million); every round costs Spark seconds, whatever it holds.
EVENTS_AT_ONCE: dict[EngineName, int] = {"duckdb": 1_000_000, "spark": 20_000_000}
EVENTS_A_FILE = 50_000  # of a day from which DuckDB writes day by day, which is faster than by partitions
RECORD_EVERY_S = 60.0  # files that nobody names for UNUSED_S are removed


@dataclass(frozen=True)
class BuiltSessions:
    """UTC days made, with the sessions that began on them and the steps of these."""

    days: int
    sessions: int
    steps: int


def build_sessions(
    settings: Settings, *, start: date, end: date, engine: Engine | None = None, events_at_once: int | None = None
) -> BuiltSessions:
    """Make the sessions that began on the UTC days [start, end), and their steps, anew from the events as they are now.

    `engine`: an open one, else the settings' is opened. `events_at_once`: else EVENTS_AT_ONCE of the engine. The
    warehouse is open before and after, not while the engine works. Files are new ones; those they replace stay for ten
    minutes. Raises EventsMissing, EngineError, and what the warehouse raises; days recorded before that stay made.
    """
    make_private_folder(settings.events_folder)
    with opened(settings, "clickstream sessions: what is known") as con:
        events = event_days(con, settings)
    made: list[BuiltDay] = []
    waiting: list[BuiltDay] = []
    recorded_s = time.monotonic()
    with nullcontext(engine) if engine else open_engine(settings) as working:
        build = _Build(settings, working, events)
        most = events_at_once or EVENTS_AT_ONCE[working.name]
        for first, last in _chunks(events, start=start, end=end, most=most):
            waiting += build.chunk(first, last)
            if time.monotonic() - recorded_s > RECORD_EVERY_S:
                _record(settings, waiting)
                made, waiting, recorded_s = made + waiting, [], time.monotonic()
        forget(working)
    _record(settings, waiting)
    made += waiting
    remove_unused(settings, named=named_files(settings))
    return BuiltSessions(len(made), sum(day.sessions for day in made), sum(day.steps for day in made))


def build_sessions_before(settings: Settings, end: date) -> None:
    """Make the sessions of all UTC days before `end` that are behind their events; nothing where none is."""
    with opened(settings, "clickstream sessions: what is behind") as con:
        behind = [day for day in session_days_behind(con, settings) if day < end]
    if behind:
        build_sessions(settings, start=behind[0], end=behind[-1] + DAY)


class _Build:
    """One engine at work, chunk after chunk."""

    def __init__(self, settings: Settings, engine: Engine, events: Mapping[date, EventDay]) -> None:
        self._settings, self._engine, self._events = settings, engine, events
        self._channels = Channels(settings)
        self._version = version_of(settings)

    def chunk(self, start: date, end: date) -> list[BuiltDay]:
        """The days [start, end), written."""
        files: dict[str, Mapping[date, tuple[Path, ...]]] = {FILE_OF_SESSIONS: {}, FILE_OF_STEPS: {}}
        counts: dict[date, tuple[int, int]] = {}
        forget(self._engine)
        if any(start <= day < end for day in self._events):
            near = files_of(self._events, start=start - DAY, end=end + DAY)
            self._engine.read("event", near, columns=EVENT)
            gather(self._engine, start=start, end=end, settings=self._settings, channels=self._channels)
            counts = {row["date"]: (row["sessions"], row["steps"]) for row in self._engine.rows(COUNTS).to_pylist()}
            for kind, sql in ((FILE_OF_SESSIONS, SESSION), (FILE_OF_STEPS, STEP)):
                files[kind] = self._write(kind, sql, start, end)
        days = [start + i * DAY for i in range((end - start).days)]
        return [self._built(day, files, counts.get(day, (0, 0))) for day in days]

    def _write(self, kind: str, sql: EngineSql, start: date, end: date) -> dict[date, tuple[Path, ...]]:
        files: dict[date, tuple[Path, ...]] = {}
        for first, last in self._writes(start, end):
            only = first if last - first == DAY else None
            days = {"first": first, "last": last}
            files |= self._engine.write_days(sql, days, folder=self._settings.events_folder / kind, only=only)
        return files

    def _writes(self, start: date, end: date) -> list[tuple[date, date]]:
        """The ranges to write at once: each day by itself where DuckDB writes many events a day."""
        days = [start + i * DAY for i in range((end - start).days)]
        events = sum(self._events[day].events for day in days if day in self._events)
        if self._engine.name == "duckdb" and events >= EVENTS_A_FILE * len(days):
            return [(day, day + DAY) for day in days]
        return [(start, end)]

    def _built(
        self, day: date, files: Mapping[str, Mapping[date, tuple[Path, ...]]], counts: tuple[int, int]
    ) -> BuiltDay:
        named = {
            kind: [str(file.relative_to(self._settings.events_folder)) for file in of_kind.get(day, ())]
            for kind, of_kind in files.items()
        }
        return BuiltDay(
            date=day,
            session_files=named[FILE_OF_SESSIONS],
            step_files=named[FILE_OF_STEPS],
            sessions=counts[0],
            steps=counts[1],
            made_of=made_of_now(day, self._events, self._version),
            engine=self._engine.name,
        )


def _record(settings: Settings, days: list[BuiltDay]) -> None:
    if days:
        for file in record(settings, days, now=settings.clock()):
            mark_replaced(file)


def _chunks(events: Mapping[date, EventDay], *, start: date, end: date, most: int) -> Iterator[tuple[date, date]]:
    """[start, end) in ranges of at most `most` events, or of one day."""
    first, held = start, 0
    day = start
    while day < end:
        of_day = events[day].events if day in events else 0
        if day > first and held + of_day > most:
            yield first, day
            first, held = day, 0
        held += of_day
        day += DAY
    if first < end:
        yield first, end
