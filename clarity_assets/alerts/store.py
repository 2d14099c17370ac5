"""Causes in, rows of `ops.alert` out: opened, kept up to date, resolved; inside the caller's transaction."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa

from clarity_assets.alerts.causes import EVENTS, Cause, Found
from clarity_assets.alerts.tables import ALERT, ALERT_TABLES
from clarity_assets.clarity.quota import naive
from clarity_assets.errors import RequestRefused
from clarity_assets.warehouse.columns import ARROW_TYPES
from clarity_assets.warehouse.query import one
from clarity_assets.warehouse.tables import ensure_tables, insert_rows

FLAPPING = timedelta(hours=6)  # a cause that comes back sooner is the same alert, and is told again only if it stays
ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True)
class Alert:
    """One row of `ops.alert`, in its columns' order; instants are UTC."""

    project_id: str
    alert_id: str
    cause_id: str
    kind: str
    severity: str
    title: str
    detail: str
    next_step: str
    opened_at: datetime
    updated_at: datetime
    resolved_at: datetime | None = None
    resolution: str | None = None
    told_severity: str | None = None
    reopened_at: datetime | None = None
    reopened_count: int = 0
    told_count: int = 0
    is_silent: bool = False
    acknowledged_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None

    @property
    def is_critical(self) -> bool:
        return self.severity == "critical"


_COLUMNS = ", ".join(column.name for column in ALERT)
_FIELDS = tuple(f.name for f in fields(Alert))
_SCHEMA = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in ALERT])


# --- reading ------------------------------------------------------------------------------------------------------


def open_alerts(con: duckdb.DuckDBPyConnection, *, project_id: str) -> list[Alert]:
    """The alerts that are open and that nobody has acknowledged: critical ones first, then by age."""
    unresolved = all_alerts(con, project_id=project_id, unresolved=True)
    return [alert for alert in unresolved if alert.acknowledged_at is None]


def all_alerts(con: duckdb.DuckDBPyConnection, *, project_id: str, unresolved: bool = False) -> list[Alert]:
    """Every alert there ever was, or those not resolved: open ones first, then critical ones, then by age."""
    rows = con.execute(
        f"""select {_COLUMNS} from ops.alert where project_id = ? {"and resolved_at is null" if unresolved else ""}
            order by resolved_at is not null, severity <> 'critical', opened_at, cause_id""",  # noqa: S608
        [project_id],
    ).fetchall()
    return [_alert(row) for row in rows]


def _alert(row: tuple) -> Alert:
    instants = [value.replace(tzinfo=UTC) if isinstance(value, datetime) else value for value in row]
    return Alert(*instants)


def _standing(con: duckdb.DuckDBPyConnection, *, project_id: str) -> dict[str, Alert]:
    """By cause, the open alert of it, or else the newest (a clock that was put back makes later ones older)."""
    rows = con.execute(
        f"""select {_COLUMNS} from ops.alert where project_id = ?
            qualify row_number() over (
                partition by cause_id order by resolved_at is null desc, opened_at desc, rowid desc) = 1""",  # noqa: S608
        [project_id],
    ).fetchall()
    return {alert.cause_id: alert for alert in map(_alert, rows)}


# --- writing ------------------------------------------------------------------------------------------------------


def store_found(con: duckdb.DuckDBPyConnection, found: Found, *, project_id: str, now: datetime) -> list[Alert]:
    """Open what is new, keep what lasts up to date, resolve what is over; all alerts that changed, as they are now."""
    standing = _standing(con, project_id=project_id)
    causes = {cause.cause_id: cause for cause in found.causes}
    changed = [
        _seen(cause, standing.get(cause_id), project_id=project_id, now=now) for cause_id, cause in causes.items()
    ]
    changed += _ended(standing, {i: how for i, how in found.over.items() if i not in causes}, now=now)
    save(con, changed)
    return changed


def _seen(cause: Cause, known: Alert | None, *, project_id: str, now: datetime) -> Alert:
    """The alert of a cause that is there now: a new one, the open one, or the one that was resolved a moment ago."""
    told = {
        "severity": cause.severity, "title": cause.title, "detail": cause.detail, "next_step": cause.next_step,
        "updated_at": now,
    }  # fmt: skip
    if known is not None and known.is_open:
        return replace(known, **told)
    if known is not None and abs(now - known.resolved_at) < FLAPPING and known.kind not in EVENTS:
        return replace(
            known, **told, resolved_at=None, resolution=None, acknowledged_at=None, reopened_at=now,
            reopened_count=known.reopened_count + 1, is_silent=known.told_severity is not None,
        )  # fmt: skip
    return Alert(
        project_id, _alert_id(project_id, cause.cause_id, now), cause.cause_id, cause.kind, opened_at=now, **told
    )


def _alert_id(project_id: str, cause_id: str, now: datetime) -> str:
    return hashlib.sha256(f"{project_id}|{cause_id}|{now.isoformat()}".encode()).hexdigest()[:10]


def _ended(standing: Mapping[str, Alert], over: Mapping[str, str], *, now: datetime) -> list[Alert]:
    ended = ((standing[cause_id], how) for cause_id, how in over.items() if cause_id in standing)
    return [
        replace(alert, resolved_at=now, updated_at=now, resolution=how)
        for alert, how in ended
        if alert.is_open and alert.kind not in EVENTS
    ]


def save(con: duckdb.DuckDBPyConnection, alerts: Sequence[Alert]) -> None:
    """Replace the rows of these alerts (of one project)."""
    if not alerts:
        return
    rows = [{name: naive(v) if isinstance(v, datetime) else v for name, v in vars(a).items()} for a in alerts]
    con.execute(
        "delete from ops.alert where project_id = ? and alert_id in ?",
        [alerts[0].project_id, [alert.alert_id for alert in alerts]],
    )
    insert_rows(con, "ops.alert", pa.Table.from_pylist(rows, schema=_SCHEMA))


def note_event(con: duckdb.DuckDBPyConnection, cause: Cause, *, project_id: str, now: datetime) -> Alert:
    """Open an alert of something that has happened; the next watch tells it, and it stays until it is acknowledged.

    `con`: the operations file, inside the caller's transaction. An open alert of the same cause is kept, with the new
    text. Makes the table if there is none. Raises RequestRefused for a kind that is no event.
    """
    if cause.kind not in EVENTS:
        raise RequestRefused(f"{cause.kind!r} is no event ({', '.join(sorted(EVENTS))}); a watch finds it by itself")
    ensure_tables(con, ALERT_TABLES)
    known = _standing(con, project_id=project_id).get(cause.cause_id)
    alert = _seen(cause, known, project_id=project_id, now=now)
    save(con, [alert])
    return alert


def acknowledge(con: duckdb.DuckDBPyConnection, alert_id: str, *, project_id: str, now: datetime) -> Alert:
    """Say that an open alert is known: an event is over with that, any other cause is silent until it is over.

    Raises RequestRefused where there is no such open alert.
    """
    found = {alert.alert_id: alert for alert in all_alerts(con, project_id=project_id, unresolved=True)}
    if alert_id not in found:
        known = ", ".join(found) or "none is open"
        raise RequestRefused(f"{alert_id!r} is no open alert; open are: {known} (`clarity-assets alerts`)")
    alert = replace(found[alert_id], acknowledged_at=now, updated_at=now)
    if alert.kind in EVENTS:
        alert = replace(alert, resolved_at=now, resolution=ACKNOWLEDGED)
    save(con, [alert])
    return alert


# --- memory -------------------------------------------------------------------------------------------------------


def remembered(con: duckdb.DuckDBPyConnection, topic: str, *, project_id: str) -> datetime | None:
    """Since when the topic holds; None where it does not."""
    found = one(con, "select since from ops.alert_memory where project_id = ? and topic = ?", [project_id, topic])
    return found[0].replace(tzinfo=UTC) if found else None


def remember(con: duckdb.DuckDBPyConnection, topic: str, since: datetime | None, *, project_id: str) -> None:
    """Set or forget (None) since when the topic holds."""
    con.execute("delete from ops.alert_memory where project_id = ? and topic = ?", [project_id, topic])
    if since is not None:
        con.execute("insert into ops.alert_memory values (?, ?, ?)", [project_id, topic, naive(since)])
