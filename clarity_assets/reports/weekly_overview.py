"""The marts of five weeks in, the findings of the last one of them out."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import duckdb

from clarity_assets.reports.findings import (
    DAYS_A_WEEK,
    UNRECORDED,
    Day,
    DeviceFinding,
    PageFinding,
    PageRanking,
    Quantity,
    Rate,
    SignalFinding,
    WeeklyOverview,
)

TREND_WEEKS = 5  # the report's week and the four before it
TOP_PAGES = 10
RANKED = ("rage_click", "dead_click")
SIGNALS = ("rage_click", "dead_click", "quick_back", "excessive_scroll", "script_error", "error_click")
UNITS = {
    "rage_click": "rage clicks",
    "dead_click": "dead clicks",
    "quick_back": "quick backs",
    "excessive_scroll": "excessive scrolls",
    "script_error": "script errors",
    "error_click": "error clicks",
}
SITE, FRUSTRATION = "marts.fct_site_daily", "marts.fct_frustration_daily"
NOT_BUILT = f"{FRUSTRATION} has no rows of this day, though they were collected: materialize it"

SITE_DAYS = """
    select date, status, method, coverage, cause, is_truncated, sessions, bot_sessions,
        rage_click_count, dead_click_count, quick_back_count, excessive_scroll_count, script_error_count,
        error_click_count, page_status, page_coverage, page_cause, page_row_count,
    from marts.fct_site_daily
    where project_id = $project_id and date >= $start and date < $end
"""
PAGE_DAYS = """
    select date, any_value(status) as status, bool_or(is_truncated) as is_truncated,
    from marts.fct_frustration_daily
    where project_id = $project_id and date >= $start and date < $end
    group by date
"""
PAGES = """
    with by_device as (
        select
            page,
            device,
            sum(count) as count,
            sum(count) filter (sessions is not null) as rate_count,
            sum(sessions) filter (count is not null) as rate_sessions,
            bool_or(sessions_is_upper_bound) as is_upper_bound,
            count(*) filter (count is null or sessions is null) as untold_days,
        from marts.fct_frustration_daily
        where project_id = $project_id and date >= $start and date < $end and signal = $signal and not is_remainder
        group by page, device
    ),
    by_page as (
        select
            page,
            sum(count) as count,
            count(*) over () as page_count,
            sum(sum(count)) over () as total,
        from by_device
        group by page
        having sum(count) > 0
        order by count desc, page nulls last
        limit $top
    )
    select
        by_page.page, by_page.count as page_clicks, by_page.page_count, by_page.total, by_device.* exclude (page),
    from by_page
    join by_device on by_device.page is not distinct from by_page.page
    where by_device.count > 0 or by_device.rate_sessions > 0 or by_device.untold_days > 0
    order by by_page.count desc, by_page.page nulls last, by_device.count desc nulls last, by_device.device
"""


def find_weekly_overview(
    con: duckdb.DuckDBPyConnection, *, project_id: str, monday: date, made_at: datetime
) -> WeeklyOverview:
    """The findings of the week from `monday` (UTC). Marts that are missing or empty give a week of unrecorded days."""
    end = monday + timedelta(days=DAYS_A_WEEK)
    start = end - timedelta(days=DAYS_A_WEEK * TREND_WEEKS)
    trend = {"project_id": project_id, "start": start, "end": end}
    week = trend | {"start": monday}
    site = {row["date"]: row for row in _rows(con, SITE, SITE_DAYS, trend)}
    pages = {row["date"]: row for row in _rows(con, FRUSTRATION, PAGE_DAYS, week)}
    dates = [start + timedelta(days=i) for i in range(DAYS_A_WEEK * TREND_WEEKS)]
    of_week = [site[day] for day in dates[-DAYS_A_WEEK:] if day in site]
    sessions = [row["sessions"] for row in of_week if row["sessions"] is not None]
    return WeeklyOverview(
        project_id=project_id,
        monday=monday,
        made_at=made_at,
        trend=tuple(_site_day(day, site.get(day)) for day in dates),
        sessions=_sum(sessions, "sessions"),
        sessions_day_count=len(sessions),
        bot_sessions=_sum([r["bot_sessions"] for r in of_week if r["bot_sessions"] is not None], "bot sessions"),
        signals=tuple(_signal(signal, of_week) for signal in SIGNALS),
        page_days=tuple(_page_day(day, site.get(day), pages.get(day)) for day in dates[-DAYS_A_WEEK:]),
        rankings=tuple(_ranking(con, signal, week) for signal in RANKED),
    )


def _rows(con: duckdb.DuckDBPyConnection, table: str, sql: str, parameters: dict) -> list[dict]:
    """The query's rows by column; none where its table has never been made."""
    known = "select 1 from information_schema.tables where table_schema || '.' || table_name = ?"
    if not con.execute(known, [table]).fetchall():
        return []
    result = con.execute(sql, parameters)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _sum(values: list[int], unit: str) -> Quantity:
    """The sum of what is known; unknown where nothing is."""
    return Quantity(sum(values) if values else None, unit)


def _site_day(day: date, row: dict | None) -> Day:
    if row is None:
        return Day(day)
    return Day(
        day,
        status=row["status"],
        method=row["method"],
        coverage=Quantity(row["coverage"], "share"),
        cause=row["cause"],
        sessions=Quantity(row["sessions"], "sessions"),
        is_sample=bool(row["is_truncated"]),
    )


def _page_day(day: date, site: dict | None, pages: dict | None) -> Day:
    """How the day's page figures are known: their own rows say so first, then the collection's word for the day."""
    told = Day(day)
    if site is not None and site["page_status"] is not None:
        coverage = Quantity(site["page_coverage"], "share")
        told = Day(day, status=site["page_status"], coverage=coverage, cause=site["page_cause"])
    if pages is not None:
        return replace(told, status=pages["status"], is_sample=pages["is_truncated"])
    if told.is_known and site["page_row_count"]:
        return Day(day, UNRECORDED, cause=NOT_BUILT)
    return told


def _signal(signal: str, rows: list[dict]) -> SignalFinding:
    counts = [row[f"{signal}_count"] for row in rows if row[f"{signal}_count"] is not None]
    both = [row for row in rows if row[f"{signal}_count"] is not None and row["sessions"] is not None]
    rate = Rate(
        _sum([row[f"{signal}_count"] for row in both], UNITS[signal]), _sum([r["sessions"] for r in both], "sessions")
    )
    return SignalFinding(signal, _sum(counts, UNITS[signal]), rate, len(counts))


def _ranking(con: duckdb.DuckDBPyConnection, signal: str, week: dict) -> PageRanking:
    rows = _rows(con, FRUSTRATION, PAGES, week | {"signal": signal, "top": TOP_PAGES})
    by_page: dict[str | None, list[dict]] = {}
    for row in rows:
        by_page.setdefault(row["page"], []).append(row)
    unit = UNITS[signal]
    pages = tuple(
        PageFinding(page, Quantity(found[0]["page_clicks"], unit), tuple(_device(row, unit) for row in found))
        for page, found in by_page.items()
    )
    page_count, total = (rows[0]["page_count"], rows[0]["total"]) if rows else (0, 0)
    return PageRanking(signal, pages, Quantity(page_count, "pages"), Quantity(total, unit))


def _device(row: dict, unit: str) -> DeviceFinding:
    sessions = Quantity(row["rate_sessions"], "sessions", is_upper_bound=row["is_upper_bound"])
    return DeviceFinding(
        row["device"],
        Quantity(row["count"], unit),
        Rate(Quantity(row["rate_count"], unit), sessions),
        untold_days=row["untold_days"],
    )
