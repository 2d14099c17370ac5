"""Which UTC days are known: of Clarity's requests by the collection, of events by what was ingested and analysed."""

from datetime import date, timedelta

import duckdb

from clarity_assets.reports.clickstream.tables import MODULE_OF, MODULES
from clarity_assets.reports.document import DayState
from clarity_assets.statistics.series import MIN_COVERAGE
from clarity_assets.warehouse.tables import quoted

EVENTS = "events"
"""In place of a request's name: the days of the clickstream."""

NO_EVENTS = "no event of it was ingested"
NOT_ANALYSED = "its events are not analysed yet: clarity-assets clickstream run"


def collected_dates(con: duckdb.DuckDBPyConnection, project_id: str, request: str) -> frozenset[date]:
    """UTC days that a request tells whole: not a gap, not truncated, MIN_COVERAGE or more of it."""
    rows = con.execute(
        """select date from marts.fct_collection_daily
           where project_id = ? and request = ? and not is_gap and not is_truncated and coverage >= ?""",
        [project_id, request, MIN_COVERAGE],
    ).fetchall()
    return frozenset(day for (day,) in rows)


def collected_days(
    con: duckdb.DuckDBPyConnection, project_id: str, request: str, *, start: date, end: date
) -> tuple[DayState, ...]:
    """How each UTC day of [start, end) is known from a request; `unrecorded` without any word."""
    rows = con.execute(
        """select date, status, coverage, cause, method, coalesce(is_truncated, false)
           from marts.fct_collection_daily where project_id = ? and request = ? and date >= ? and date < ?""",
        [project_id, request, start, end],
    ).fetchall()
    told = {row[0]: DayState(*row) for row in rows}
    return tuple(told.get(day, DayState(day, "unrecorded")) for day in _dates(start, end))


def analysed_dates(con: duckdb.DuckDBPyConnection, project_id: str, table: str) -> frozenset[date]:
    """UTC days of which a clickstream mart has rows, or whose events were analysed and gave none."""
    rows = con.execute(
        f"""select distinct date from {quoted(table)} where project_id = $project
            union
            select built.date from ops.clickstream_built as built
            semi join ops.clickstream_day as told on told.project_id = built.project_id and told.date = built.date
            where built.project_id = $project and built.module = $module""",  # noqa: S608 - quoted
        {"project": project_id, "module": MODULE_OF[table]},
    ).fetchall()
    return frozenset(day for (day,) in rows)


def event_days(con: duckdb.DuckDBPyConnection, project_id: str, *, start: date, end: date) -> tuple[DayState, ...]:
    """How each UTC day of [start, end) is known from events: `measured`, `pending` (not analysed yet) or `lost`."""
    with_events, analysed = (
        {day for (day,) in con.execute(sql, [project_id, start, end]).fetchall()}
        for sql in (
            "select date from ops.clickstream_day where project_id = ? and date >= ? and date < ? and events > 0",
            f"""select distinct date from {quoted(MODULES["traffic"][0])}
                where project_id = ? and date >= ? and date < ?""",  # noqa: S608 - a constant
        )
    )
    return tuple(
        DayState(day, "measured", 1.0)
        if day in analysed
        else DayState(day, "pending", None, NOT_ANALYSED)
        if day in with_events
        else DayState(day, "lost", None, NO_EVENTS)
        for day in _dates(start, end)
    )


def _dates(start: date, end: date) -> list[date]:
    return [start + timedelta(days=i) for i in range((end - start).days)]
