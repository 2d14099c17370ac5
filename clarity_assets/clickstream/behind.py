"""The warehouse in; the days and weeks whose analyses are behind the events out."""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta

from clarity_assets.clickstream.computing import DAY, days_behind, days_with_events
from clarity_assets.clickstream.modules.registry import MODULES
from clarity_assets.clickstream.run import recent_weeks
from clarity_assets.clickstream.sessions.build import session_days_behind
from clarity_assets.settings import Settings
from clarity_assets.warehouse.connection import open_warehouse


@dataclass(frozen=True)
class Behind:
    """UTC days and Mondays to make, in order; `state`: the same until events change; `told`: what is left out."""

    days: tuple[date, ...]
    weeks: tuple[date, ...]
    state: str
    told: str = ""


def find_behind(settings: Settings, *, first: date) -> Behind:
    """The days that are over (from `first` on), and the last whole weeks, whose rows are not made of the events of now.

    Weeks are told once no day is behind: their models read the days.
    """
    project_id = settings.need_project()
    opened = open_warehouse(settings.warehouse, timeout_s=settings.warehouse_timeout_s, label="clickstream behind")
    with opened as con:
        span = days_with_events(con, project_id)
        if span is None:
            return Behind((), (), "", "no events yet: clarity-assets ingest FILE… --mapping NAME")
        today = settings.clock().date()
        end = min(span[1] + DAY, today)
        days = {day for day in session_days_behind(con, settings) if first <= day < end}
        weeks: set[date] = set()
        for module in MODULES.values():
            if module.every == "day":
                days |= set(days_behind(con, module, settings=settings, start=max(first, span[0]), end=end))
        if not days:
            start, stop = recent_weeks(settings, end)
            start = max(start, first + timedelta(days=-first.weekday() % 7))
            for module in MODULES.values():
                if module.every == "week":
                    weeks |= set(days_behind(con, module, settings=settings, start=start, end=stop))
        hashes = con.execute(
            "select date, content_hash from ops.clickstream_day where project_id = ? order by date", [project_id]
        ).fetchall()
    state = hashlib.sha256(repr(hashes).encode()).hexdigest()[:12]
    left = f"events of days before CLARITY_FIRST_DATE={first} are left to `clickstream run`" if span[0] < first else ""
    return Behind(tuple(sorted(days)), tuple(sorted(weeks)), state, left)
