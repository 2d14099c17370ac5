"""The warehouse in; the days and weeks whose analyses are behind the events out."""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from clarity_assets.clickstream.computing import DAY, code_of, days_behind, days_with_events, monday_from
from clarity_assets.clickstream.modules.registry import MODULES
from clarity_assets.clickstream.run import recent_weeks
from clarity_assets.clickstream.sessions.build import session_days_behind
from clarity_assets.clickstream.sessions.ledger import version_of
from clarity_assets.settings import Settings
from clarity_assets.warehouse.connection import open_warehouse


@dataclass(frozen=True)
class Behind:
    """UTC days and Mondays to make, in order; `told`: what is left out.

    `state`: the same until events, settings, rules or queries change.
    """

    days: tuple[date, ...]
    weeks: tuple[date, ...]
    state: str
    told: str = ""


def find_behind(settings: Settings, *, first: date) -> Behind:
    """The days that are over (from `first` on), and the last whole weeks, whose rows are not made of the events of now.

    Weeks are told once no day of theirs is behind: their models read the days. On the Monday after it a week is made
    once, and again on Tuesday: Monday's events, as they come in, are a part of what Sunday's sessions rest on.
    """
    project_id = settings.need_project()
    opened = open_warehouse(settings.warehouse, timeout_s=settings.warehouse_timeout_s, label="clickstream behind")
    with opened as con:
        span = days_with_events(con, project_id)
        if span is None:
            return Behind((), (), "", "no events yet: clarity-assets ingest FILE… --mapping NAME")
        today = settings.clock().date()
        end = min(span[1] + DAY, today)
        sessions = session_days_behind(con, settings)
        days = {day for day in sessions if first <= day < end}
        if first < end and any(day < first for day in sessions):
            days.add(first)  # its run makes the sessions of all days before it too: who is new follows from them
        weeks: set[date] = set()
        for module in MODULES.values():
            if module.every == "day":
                days |= set(days_behind(con, module, settings=settings, start=max(first, span[0]), end=end))
        start, stop = recent_weeks(settings, span[0], end)
        start = max(start, monday_from(first))
        if not any(day < stop for day in days):
            for module in MODULES.values():
                if module.every == "week":
                    weeks |= set(days_behind(con, module, settings=settings, start=start, end=stop))
        if stop == today and weeks:
            weeks -= _made_once(con, project_id, stop - timedelta(days=7))
        hashes = con.execute(
            "select date, content_hash from ops.clickstream_day where project_id = ? order by date", [project_id]
        ).fetchall()
    wanted = (hashes, version_of(settings), [code_of(module, settings) for module in MODULES.values()])
    state = hashlib.sha256(repr(wanted).encode()).hexdigest()[:12]
    earlier = f"daily tables of days before CLARITY_FIRST_DATE={first} are left to `clickstream run`"
    left = earlier if span[0] < first else ""
    return Behind(tuple(sorted(days)), tuple(sorted(weeks)), state, left)


def _made_once(con: duckdb.DuckDBPyConnection, project_id: str, monday: date) -> set[date]:
    """The week, where every weekly analysis has been made of it."""
    wanted = sum(module.every == "week" for module in MODULES.values())
    [(made,)] = con.execute(
        "select count(*) from ops.clickstream_built where project_id = ? and date = ? and module in (select unnest(?))",
        [project_id, monday, [name for name, module in MODULES.items() if module.every == "week"]],
    ).fetchall()
    return {monday} if made == wanted else set()
