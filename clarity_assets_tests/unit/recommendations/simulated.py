"""A simulated site in; a warehouse in memory with its landing rows, as answers without mishap give them, out."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import duckdb
import pyarrow as pa

from clarity_assets.clarity.columns import SIGNALS
from clarity_assets.clarity.requests import STANDARD_REQUESTS, ClarityRequest
from clarity_assets.demo.site import SimulatedSite
from clarity_assets.warehouse.tables import insert_rows
from clarity_assets_tests.sql.by_hand import PROJECT, build, day, warehouse


def warehouse_of(site: SimulatedSite) -> duckdb.DuckDBPyConnection:
    """Every day of the site measured, and all models made."""
    con = warehouse()
    dates = [site.first_day + timedelta(days=i) for i in range(site.days)]
    for request in STANDARD_REQUESTS:
        for when in dates:
            day(con, when, request=request.name)
        rows = [row for when in dates for row in _rows(site, request, when)]
        insert_rows(con, request.table, pa.Table.from_pylist(rows))
    build(con, dates[0], dates[-1] + timedelta(days=1))
    return con


def _rows(site: SimulatedSite, request: ClarityRequest, when: date) -> Iterator[dict]:
    start = datetime.combine(when, time(), UTC)
    truth = site.truth(start, start + timedelta(days=1), request.dimensions)
    merged: dict[tuple, list[dict]] = {}
    for key, facts in truth.items():
        named = [_page(value) if name == "URL" else value for name, value in zip(request.dimensions, key, strict=True)]
        merged.setdefault(tuple(named), []).append(facts)
    for key, parts in merged.items():
        facts = {name: sum(part[name] for part in parts) for name in parts[0]}
        if facts["sessions"] or facts["bot_sessions"] or not key:
            yield (
                {"project_id": PROJECT, "date": when}
                | dict(zip(request.columns, key, strict=True))
                | _told(facts)
                | {"sessions_is_upper_bound": len(parts) > 1}
            )


def _page(url: str | None) -> str | None:
    return None if url is None else url.removeprefix("https://").split("?")[0].split("#")[0]


def _told(facts: dict[str, int]) -> dict:
    sessions, everyone = facts["sessions"], facts["sessions"] + facts["bot_sessions"]
    signals = {
        f"{s}_{suffix}": facts[f"{s}_{suffix}"] for s in SIGNALS for suffix in ("count", "pageviews", "sessions")
    }
    return signals | {
        "sessions": sessions, "bot_sessions": facts["bot_sessions"], "visitors": facts["visitors"],
        "pages_per_session": facts["page_views_all"] / everyone if everyone else None,
        "total_time_s": facts["total_time_s_sum"] / sessions if sessions else None,
        "active_time_s": facts["active_time_s_sum"] / sessions if sessions else None,
        "scroll_depth_pct": facts["scroll_depth_sum"] / facts["scroll_depth_weight"]
        if facts["scroll_depth_weight"] else None,
        "status": "measured", "is_truncated": False,
    }  # fmt: skip
