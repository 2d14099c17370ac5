"""Marts with rows written by hand: a week with a whole day, a truncated one and a lost one."""

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from clarity_assets.clarity.columns import SIGNALS
from clarity_assets.exports.exporting import export_period
from clarity_assets.exports.publishing import Exported
from clarity_assets.exports.tables import NAMES, Source, exported, read_mart
from clarity_assets.reports.period import Period
from clarity_assets.warehouse.tables import ensure_table
from clarity_assets_tests.sql.by_hand import insert

PROJECT = "shop"
MONDAY, TUESDAY, WEDNESDAY = (date(2026, 10, day) for day in (5, 6, 7))
WEEK = Period.week(MONDAY)
MADE_AT = datetime(2026, 10, 12, 6, 30, 15, tzinfo=UTC)
MARTS = (*(exported(name) for name in NAMES), read_mart("fct_signal_daily"), read_mart("fct_site_daily"))

STRANGE = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1", "'quoted", "''", "'",
    "a;=1+1", "a\t-b", "two\n=lines", "a;'b", "a;b", "-", "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>", "https://shop.example/?a=1&b=2", "שלום/עולם", "مرحبا", "👩‍🔬/🛒", 'say "hi", ok',
    "two\nlines", "two\r\nlines", " both sides ", "x" * 2_000, "NULL", "nan", "#N/A", "true", "1e5", "0123", "-12",
]  # fmt: skip
"""What a site, or somebody who links to it, may put into a page's name."""


def warehouse() -> duckdb.DuckDBPyConnection:
    """In memory, with every mart that the exports read, empty."""
    con = duckdb.connect()
    for mart in MARTS:
        ensure_table(con, mart.table, mart.columns)
    return con


def row(con: duckdb.DuckDBPyConnection, mart: str, when: date, **values: object) -> None:
    """One row of `marts.fct_<mart>_daily`, measured and whole unless told otherwise; the rest is NULL."""
    state = {"project_id": PROJECT, "date": when, "status": "measured", "is_truncated": False}
    if mart != "site":
        state["is_remainder"] = False
    if mart == "frustration":
        state["sessions_is_upper_bound"] = False
    insert(con, f"marts.fct_{mart}_daily", **(state | values))


def page(con: duckdb.DuckDBPyConnection, when: date, name: str | None, device: str = "PC", **values: object) -> None:
    """A page's six signals of a day: 0, or the count that is given by the signal's name."""
    counts = {signal: values.pop(signal, 0) for signal in SIGNALS}
    for signal, count in counts.items():
        told = {"signal_pageviews": count, "affected_sessions": count, "sessions": 100} | values
        row(con, "frustration", when, page=name, device=device, signal=signal, count=count, **told)


def device_day(con: duckdb.DuckDBPyConnection, when: date, device: str | None, **values: object) -> None:
    """A device's sessions, visitors, seconds and clicks in the three marts that the feed reads."""
    state = {name: values.pop(name) for name in ("status", "is_truncated", "is_remainder") if name in values}
    key = {"dimension": "device", "segment": device} | state
    sessions, clicks = values.get("sessions"), values.get("clicks", (0, 0))
    row(con, "traffic", when, **key, sessions=sessions, visitors=values.get("visitors"), bot_sessions=3)
    row(con, "engagement", when, **key, sessions=sessions, total_time_s=values.get("total_time_s"))
    for signal, count in zip(("rage_click", "dead_click"), clicks, strict=True):
        row(con, "signal", when, **key, signal=signal, count=count)


def golden_week() -> duckdb.DuckDBPyConnection:
    """Monday measured, Tuesday cut and derived, Wednesday lost, the other days never recorded."""
    con = warehouse()
    row(con, "site", MONDAY, method="window", coverage=1.0, sessions=300, page_status="measured", page_coverage=1.0)
    row(con, "site", TUESDAY, status="derived", method="difference", coverage=0.75, sessions=90, page_status="derived",
        page_coverage=0.75, page_cause="cut at 1,000 rows")  # fmt: skip
    row(
        con, "site", WEDNESDAY, status="lost", coverage=0.0, cause="=never asked", page_status="lost", page_coverage=0.0
    )
    device_day(con, MONDAY, "PC", sessions=200, visitors=180, total_time_s=61.25, clicks=(4, 9))
    device_day(con, MONDAY, "Mobile", sessions=100, visitors=95, total_time_s=1 / 3, clicks=(7, None))
    device_day(con, TUESDAY, "PC", sessions=80, total_time_s=None, status="derived", is_truncated=True)
    device_day(con, TUESDAY, None, sessions=10, status="derived", is_truncated=True, is_remainder=True)
    page(con, MONDAY, "shop.example/", rage_click=4, dead_click=9)
    page(con, MONDAY, '=HYPERLINK("https://evil.example","a")', "Mobile", rage_click=2, sessions_is_upper_bound=True)
    page(con, TUESDAY, "<script>alert(1)</script>/שלום/🛒", rage_click=1, status="derived", is_truncated=True)
    row(con, "frustration", TUESDAY, signal="rage_click", count=5, status="derived", is_truncated=True,
        is_remainder=True)  # fmt: skip
    row(con, "geography", MONDAY, country="Österreich", sessions=120, site_sessions=300, pageviews=250.5,
        total_time_s=60.0, rage_click_count=4)  # fmt: skip
    row(con, "geography", MONDAY, country=None, sessions=180, site_sessions=300)
    sources = {"breakdown": "source_medium", "channel": "Direct", "campaign": None}
    row(con, "attribution", MONDAY, **sources, source="", medium="", sessions=200)
    row(con, "attribution", MONDAY, **sources, source=None, medium=None, sessions=40)
    row(
        con, "attribution", MONDAY, **sources, source="-news", medium="email;=x", sessions=60, scroll_depth_sum_pct=-0.5
    )
    for other, when in (("other", MONDAY), (PROJECT, WEEK.end), (PROJECT, date(2026, 10, 4))):
        row(con, "geography", when, project_id=other, country="not ours, or not of this week", sessions=1)
    return con


def source(con: duckdb.DuckDBPyConnection, period: Period = WEEK) -> Source:
    return Source(con, PROJECT, period, MADE_AT)


def export(con: duckdb.DuckDBPyConnection, folder: Path, **values: object) -> Exported:
    """The week's export into the folder, unless told otherwise."""
    return export_period(
        con, **({"project_id": PROJECT, "period": WEEK, "folder": folder, "made_at": MADE_AT} | values)
    )
