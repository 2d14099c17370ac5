"""Sessions by plain Python, an event after the other, as docs/metrics.md says the rule: what both engines must equal."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

import pyarrow as pa

from clarity_assets.clickstream.schema import SESSION, STEP
from clarity_assets.warehouse.columns import ARROW_TYPES

DAY = timedelta(days=1)
COUNTED = {
    "pageviews": "pageview", "product_views": "view", "cart_adds": "cart", "cart_removes": "remove",
    "checkouts": "checkout", "purchases": "purchase",
}  # fmt: skip
BOT_EVENTS = 1_000


@dataclass
class Island:
    """Events of one stream on one UTC day without a long pause; `is_joined`: it continues the day before's last."""

    events: list[dict] = field(default_factory=list)
    is_joined: bool = False

    @property
    def began(self):
        return self.events[0]["event_at"]


def sessions_of(events: pa.Table, *, timeout: timedelta = timedelta(minutes=30)) -> tuple[pa.Table, pa.Table]:
    """All sessions and steps of the events, channel 'Direct' throughout."""
    streams = defaultdict(list)
    for event in sorted(events.to_pylist(), key=lambda e: (e["event_at"], e["date"], e["seq"])):
        is_told = event["session_id"] is not None
        streams[is_told, event["session_id"] if is_told else event["visitor_id"]].append(event)
    sessions, steps = [], []
    for (is_told, stream), told in streams.items():
        for session in _joined(_islands(told, timeout, is_told), timeout):
            row = _row(stream, session)
            sessions.append(row)
            steps += [_step(row, number, event) for number, event in enumerate(session, start=1)]
    return _table(sessions, SESSION), _table(steps, STEP)


def _islands(events: list[dict], timeout: timedelta, is_told: bool) -> list[Island]:
    islands: list[Island] = []
    for event in events:
        last = islands[-1].events[-1] if islands else None
        is_new_day = last is None or last["date"] != event["date"]
        if is_new_day or (not is_told and event["event_at"] - last["event_at"] > timeout):
            islands.append(Island())
        islands[-1].events.append(event)
    return islands


def _joined(islands: list[Island], timeout: timedelta) -> list[list[dict]]:
    sessions: list[list[dict]] = []
    for before, island in zip([None, *islands], islands, strict=False):
        if before is not None and before.events[-1]["date"] != island.events[0]["date"]:
            is_near = island.began - before.events[-1]["event_at"] <= timeout
            midnight = before.began.replace(hour=0, minute=0, second=0, microsecond=0)
            island.is_joined = is_near and before.began - midnight > timeout
        if island.is_joined:
            sessions[-1] += island.events
        else:
            sessions.append(list(island.events))
    return sessions


def _row(stream: int, events: list[dict]) -> dict:
    first, last = events[0], events[-1]
    counts = {name: sum(e["event_type"] == kind for e in events) for name, kind in COUNTED.items()}
    bought = [e for e in events if e["event_type"] == "purchase"]
    named = {e["order_id"] for e in bought} - {None}
    source = next((e for e in events if e["source"] or e["medium"] or e["campaign"]), first)
    user = _first(events, "user_id")
    revenue = 0.0
    for event in bought:
        revenue += (event["price"] or 0.0) * event["quantity"]
    seen = counts["pageviews"] or len(events)
    return {
        "date": first["event_at"].date(), "session_key": stream ^ (_us(first["event_at"]) * 4001),
        "visitor_id": first["visitor_id"], "person_id": first["visitor_id"] if user is None else user,
        "is_known_user": user is not None, "started_at": first["event_at"], "ended_at": last["event_at"],
        "started_local_at": first["event_local_at"],
        "duration_s": (last["event_at"] - first["event_at"]) / timedelta(seconds=1), "events": len(events), **counts,
        "orders": max(1, len(named)) if bought else 0, "revenue": revenue,
        "landing_page": _first(events, "page"), "exit_page": _first(events[::-1], "page"), "source": source["source"],
        "medium": source["medium"], "campaign": source["campaign"],
        "channel": "Email" if source["medium"] == "email" else "Direct" if not source["source"] else "Unassigned",
        **{name: _first(events, name) for name in ("device", "browser", "os", "country")},
        "is_bot": any(e["is_bot"] for e in events) or len(events) >= BOT_EVENTS,
        "is_bounce": seen <= 1 and counts["cart_adds"] + counts["checkouts"] + counts["purchases"] == 0,
        "is_converted": bool(bought),
    }  # fmt: skip


def _step(session: dict, number: int, event: dict) -> dict:
    kept = ("event_at", "event_type", "page", "product_id", "category", "price", "quantity", "order_id", "rating")
    of_session = ("date", "session_key", "person_id", "device", "is_bot")
    return {name: event[name] for name in kept} | {name: session[name] for name in of_session} | {"step": number}


def _first(events: list[dict], name: str):
    return next((event[name] for event in events if event[name] is not None), None)


def _us(instant) -> int:
    return (instant - type(instant)(1970, 1, 1)) // timedelta(microseconds=1)


def _table(rows: list[dict], columns) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=pa.schema([(c.name, ARROW_TYPES[c.type]) for c in columns]))


def of_days(rows: pa.Table, start: date, end: date) -> pa.Table:
    """The rows of the UTC days [start, end)."""
    return rows.filter(pa.array([start <= day < end for day in rows["date"].to_pylist()], pa.bool_()))
