"""Five weeks of a small shop by hand, every day the same unless a test says otherwise, through the real models."""

from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, timedelta

import duckdb
import pyarrow as pa

from clarity_assets.clarity.columns import SIGNALS
from clarity_assets.clarity.requests import STANDARD_REQUESTS
from clarity_assets.reports.facts import Facts, read_facts
from clarity_assets.reports.period import Period
from clarity_assets.settings import load_settings
from clarity_assets.warehouse.tables import insert_rows
from clarity_assets_tests.sql.by_hand import PROJECT, build, day, warehouse

MONDAY = date(2026, 9, 7)
DAYS = 35
WEEK = Period.week(MONDAY + timedelta(days=28))  # the last of the five: 5 to 11 October
MADE_AT = datetime(2026, 10, 12, 8, tzinfo=UTC)
SETTINGS = load_settings(project_id=PROJECT, now=MADE_AT)

USUAL = {
    "base": {(): 900},
    "device": {("PC",): 450, ("Mobile",): 450},
    "browser_device": {("Chrome", "PC"): 450, ("Safari", "Mobile"): 450},
    "url_device": {(page, device): 150 for page in ("/a", "/b", "/c") for device in ("PC", "Mobile")},
    "source_medium": {("google", "organic"): 500, ("news", "email"): 300, (None, None): 100},
    "country": {("Germany",): 500, ("Austria",): 300, ("Portugal",): 100},
}
"""Request -> key -> sessions a day; 2 % of them have each signal, and all stay 100 s and see 50 %."""

Tweak = Callable[[str, tuple, int], dict | None]
"""Request, key and place of the day (0-34) -> columns that are other than usual; None: no such row."""


def land(tweak: Tweak = lambda *_: {}, *, more: dict[str, dict] | None = None, lost: Collection[int] = (),
         cut: Collection[int] = (), days: int = DAYS) -> duckdb.DuckDBPyConnection:  # fmt: skip
    """The shop with what `tweak` changes; `more`: further rows. Pages of `lost` days are lost, of `cut` ones a sample."""
    con = warehouse()
    for request in STANDARD_REQUESTS:
        rows, is_pages = [], request.name == "url_device"
        for place in range(days):
            when = MONDAY + timedelta(days=place)
            if is_pages and place in lost:
                day(con, when, request=request.name, status="lost")
                continue
            is_cut = is_pages and place in cut
            day(con, when, request=request.name, is_truncated=is_cut)
            for key, sessions in (USUAL[request.name] | (more or {}).get(request.name, {})).items():
                changes = tweak(request.name, key, place)
                if changes is None:
                    continue
                about = {"project_id": PROJECT, "date": when, "is_truncated": is_cut}
                rows.append(about | dict(zip(request.columns, key, strict=True)) | _usual(sessions) | changes)
        insert_rows(con, request.table, pa.Table.from_pylist(rows))
    build(con, MONDAY, MONDAY + timedelta(days=days))
    return con


def _usual(sessions: int) -> dict:
    signals = {f"{s}_{suffix}": sessions // 50 for s in SIGNALS for suffix in ("count", "pageviews", "sessions")}
    return signals | {
        "sessions": sessions, "bot_sessions": sessions // 15, "visitors": sessions, "pages_per_session": 2.0,
        "total_time_s": 100.0, "active_time_s": 50.0, "scroll_depth_pct": 50.0, "status": "measured",
        "sessions_is_upper_bound": False,
    }  # fmt: skip


def facts_of(con: duckdb.DuckDBPyConnection, period: Period = WEEK) -> Facts:
    """What sections and recommendations rest on."""
    return read_facts(con, settings=SETTINGS, period=period, made_at=MADE_AT)
