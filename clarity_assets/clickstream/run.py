"""Analyses and days in; sessions made where they are behind, each analysis computed, and what became of each out."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from clarity_assets.clickstream.computing import (
    DAY,
    PERIOD,
    compute,
    days_behind,
    days_with_events,
    monday_from,
    monday_of,
)
from clarity_assets.clickstream.engines.choose import open_engine
from clarity_assets.clickstream.engines.engine import Engine
from clarity_assets.clickstream.modules.module import Module
from clarity_assets.clickstream.modules.registry import MODULES
from clarity_assets.clickstream.sessions.build import build_sessions, session_days_behind
from clarity_assets.errors import ClarityAssetsError, RequestRefused
from clarity_assets.settings import Settings
from clarity_assets.warehouse.connection import open_warehouse

CHUNK_DAYS = 92  # a long range is computed by quarters: bounded memory
RECENT_WEEKS = 4  # whose models are made again by themselves where late events changed what they rest on

log = logging.getLogger(__name__)


@dataclass
class ModuleResult:
    """What became of one analysis: days (or weeks) made, rows now by table, seconds; the error that ended it.

    `left_week`: the Monday from which on weeks that were asked for are left, being not over.
    """

    module: Module
    days: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    took_s: float = 0.0
    error: str = ""
    left_week: date | None = None


@dataclass(frozen=True)
class Summary:
    """A run: UTC days [start, end) looked at, days whose sessions were made, and every analysis."""

    start: date
    end: date
    session_days: int
    results: tuple[ModuleResult, ...]

    @property
    def errors(self) -> list[ModuleResult]:
        return [result for result in self.results if result.error]


def run_clickstream(
    settings: Settings,
    *,
    modules: Sequence[str] = (),
    start: date | None = None,
    end: date | None = None,
    on_step: Callable[[str], None] = lambda what: None,
) -> Summary:
    """Make what is behind of the analyses (none named: of all) and of the sessions below them.

    Without days: all days that have events, and of weekly analyses the last RECENT_WEEKS whole weeks of them. With
    days [start, end): all of these that lie within the events, behind or not, and the weeks that hold them and are
    over. An analysis that fails does not stop the others. Raises RequestRefused for an unknown name and where there
    are no events of the days; what the sessions raise, since all rest on them.
    """
    chosen = [_module(name) for name in modules] or list(MODULES.values())
    is_forced = start is not None
    first, last = _span(settings, start, end)
    with open_engine(settings) as engine:
        on_step("sessions")
        days = _sessions_to_make(settings, monday_from(last) if any(m.every == "week" for m in chosen) else last)
        for begin, stop in _spans(days, DAY, chunk_days=CHUNK_DAYS):
            build_sessions(settings, start=begin, end=stop, engine=engine)
        results = []
        for module in chosen:
            on_step(module.title)
            wanted = None if is_forced else _behind(settings, module, first, last)
            results.append(_result(engine, module, wanted, first, last, settings))
    return Summary(first, last, len(days), tuple(results))


def _module(name: str) -> Module:
    if name not in MODULES:
        raise RequestRefused(f"{name!r} is no analysis; there are {', '.join(MODULES)}")
    return MODULES[name]


def _span(settings: Settings, start: date | None, end: date | None) -> tuple[date, date]:
    with _warehouse(settings) as con:
        found = days_with_events(con, settings.need_project())
    if found is None:
        raise RequestRefused("there are no events yet; land some: clarity-assets ingest FILE… --mapping NAME")
    first, last = max(start or found[0], found[0]), min(end or found[1] + DAY, found[1] + DAY)
    if first >= last:
        raise RequestRefused(f"there are events of {found[0]} to {found[1]}, none of the days asked for")
    return first, last


def _sessions_to_make(settings: Settings, end: date) -> list[date]:
    """All days whose sessions are behind, up to the end: analyses look back as far as there are events."""
    with _warehouse(settings) as con:
        behind = session_days_behind(con, settings)
    return [day for day in behind if day < end + DAY]


def _behind(settings: Settings, module: Module, start: date, end: date) -> list[date]:
    if module.every == "week":
        start, end = recent_weeks(settings, start, end)
    with _warehouse(settings) as con:
        return days_behind(con, module, settings=settings, start=start, end=end)


def recent_weeks(settings: Settings, start: date, end: date) -> tuple[date, date]:
    """The last RECENT_WEEKS weeks that are over, of those that hold any of the days [start, end): [Monday, Monday)."""
    monday = min(monday_from(end), _running_week(settings))
    return max(monday - RECENT_WEEKS * PERIOD["week"], monday_of(start)), monday


def _running_week(settings: Settings) -> date:
    """The Monday of the week that is not over yet."""
    return monday_of(settings.clock().date())


def _result(
    engine: Engine, module: Module, wanted: list[date] | None, start: date, end: date, settings: Settings
) -> ModuleResult:
    result = ModuleResult(module)
    step = PERIOD[module.every]
    if wanted is None:
        first = start if module.every == "day" else monday_of(start)
        wanted = [first + i * step for i in range(-(-(end - first) // step))]
        if module.every == "week":
            running = _running_week(settings)
            result.left_week = next((monday for monday in wanted if monday >= running), None)
            wanted = [monday for monday in wanted if monday < running]
    try:
        for begin, stop in _spans(wanted, step, chunk_days=CHUNK_DAYS):
            made = compute(engine, module, start=begin, end=stop, settings=settings)
            result.days += (stop - begin) // step
            result.took_s += made.took_s
            for table, count in made.rows.items():
                result.rows[table] = result.rows.get(table, 0) + count
    except ClarityAssetsError as error:
        result.error = str(error)
    except Exception as error:  # the others shall still run; the log has where it happened
        log.exception("clickstream %s", module.name)
        result.error = f"{type(error).__name__}: {error}"
    return result


def _spans(days: list[date], step: timedelta, *, chunk_days: int) -> list[tuple[date, date]]:
    """Days (or Mondays) in order as ranges [start, end) without gaps, none longer than `chunk_days` (or one week)."""
    found: list[tuple[date, date]] = []
    for day in days:
        if found and found[-1][1] == day and (day - found[-1][0]).days < chunk_days:
            found[-1] = (found[-1][0], day + step)
        else:
            found.append((day, day + step))
    return found


def _warehouse(settings: Settings):
    return open_warehouse(settings.warehouse, timeout_s=settings.warehouse_timeout_s, label="clickstream run")
