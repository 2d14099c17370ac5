"""The open operations file in; what to send next, reserved, and what came of it, stored."""

from collections.abc import Collection
from datetime import UTC, datetime

import duckdb

from clarity_assets.clarity.quota import naive
from clarity_assets.delivery import sending
from clarity_assets.delivery.claims import is_abandoned
from clarity_assets.delivery.sending import Outcome
from clarity_assets.delivery.tables import (
    CANCELLED,
    COLUMNS,
    DROPPED,
    DROPPED_ARRIVED,
    FAILED,
    GIVEN_UP,
    HELD,
    INTERRUPTED,
    QUEUED,
    SENDING,
    SENT,
    TABLE,
    WAITING,
    Delivery,
)
from clarity_assets.delivery.waiting import pause_after, quiet_until
from clarity_assets.errors import RequestRefused
from clarity_assets.processes import own_process
from clarity_assets.warehouse.query import one

LEAST_DIGITS = 4
SHOWN_IDS = 5


def next_due(
    con: duckdb.DuckDBPyConnection, *, project_id: str, now: datetime, is_quiet: bool, channel_ids: Collection[str],
    held: Collection[str] = (),
) -> str | None:  # fmt: skip
    """The id of the message to be sent next to one of these channels: urgent ones first, reports last.

    In quiet hours urgent ones only; none of `held`.
    """
    found = one(
        con,
        f"""select delivery_id from {TABLE}
            where project_id = ? and status in (?, ?) and next_attempt_at <= ? and (is_urgent or not ?)
              and list_contains(?, channel_id) and not list_contains(?::varchar[], delivery_id)
            order by is_urgent desc, kind = 'report', queued_at, delivery_id limit 1""",  # noqa: S608
        [project_id, *WAITING, naive(now), is_quiet, list(channel_ids), list(held)],
    )
    return found and found[0]


def reserve(con: duckdb.DuckDBPyConnection, delivery_id: str, *, now: datetime) -> Delivery:
    """Mark a message as being sent by this process and return it so. The caller must commit before it sends."""
    con.execute(
        f"""update {TABLE} set status = ?, attempts = attempts + 1, reserved_at = ?, process = ?,
            next_attempt_at = null, reason = null where delivery_id = ?""",  # noqa: S608
        [SENDING, naive(now), own_process(), delivery_id],
    )
    return read_delivery(con, delivery_id)


def finish(
    con: duckdb.DuckDBPyConnection, delivery: Delivery, outcome: Outcome, *, now: datetime, attempts: int
) -> str:
    """Store what came of a reserved message; its status. `attempts`: after how many it is given up."""
    at, reason = None, None
    if outcome.status == sending.SENT:
        status = SENT
    elif outcome.status == sending.UNKNOWN:
        status, reason = INTERRUPTED, "it may have arrived; `clarity-assets deliver --again` with its id sends it again"
    elif delivery.attempts >= attempts:
        status = GIVEN_UP
    else:
        status, at = FAILED, naive(now) + pause_after(delivery.attempts)
    con.execute(
        f"""update {TABLE} set status = ?, reason = ?, next_attempt_at = ?, sent_at = ?, last_error = ?,
            first_error = coalesce(first_error, ?)
            where delivery_id = ? and attempts = ? and status in (?, ?)""",  # noqa: S608 - one taken for interrupted too
        [status, reason, at, naive(now) if status == SENT else None, outcome.error,
         None if status == SENT else outcome.error, delivery.delivery_id, delivery.attempts, SENDING, INTERRUPTED],
    )  # fmt: skip
    return status


def mark_interrupted(con: duckdb.DuckDBPyConnection, *, project_id: str, now: datetime) -> int:
    """Mark what a process was sending that is gone, or has been sending for too long; how many."""
    rows = con.execute(
        f"select delivery_id, process, reserved_at from {TABLE} where project_id = ? and status = ?",  # noqa: S608
        [project_id, SENDING],
    ).fetchall()
    lost = [its_id for its_id, process, since in rows if is_abandoned(process, since=since, now=naive(now))]
    reason = (
        "the process that was sending it ended in between, so nobody knows whether it arrived; "
        "`clarity-assets deliver --again` with its id sends it again"
    )
    con.execute(
        f"update {TABLE} set status = ?, reason = ? where list_contains(?, delivery_id)",  # noqa: S608
        [INTERRUPTED, reason, lost],
    )
    return len(lost)


# --- read ---------------------------------------------------------------------------------------------------------


def read_delivery(con: duckdb.DuckDBPyConnection, delivery_id: str) -> Delivery:
    return Delivery(*one(con, f"select {COLUMNS} from {TABLE} where delivery_id = ?", [delivery_id]))  # noqa: S608


def read_deliveries(
    con: duckdb.DuckDBPyConnection, *, project_id: str, statuses: Collection[str] = (), newest: int = 1_000
) -> list[Delivery]:
    """The newest rows of these states (of all where none is given), newest first."""
    rows = con.execute(
        f"""select {COLUMNS} from {TABLE} where project_id = ? and (len(?::varchar[]) = 0 or list_contains(?, status))
            order by queued_at desc, delivery_id limit ?""",  # noqa: S608
        [project_id, list(statuses), list(statuses), newest],
    ).fetchall()
    return [Delivery(*row) for row in rows]


def send_again(con: duckdb.DuckDBPyConnection, text: str, *, project_id: str, now: datetime) -> Delivery:
    """Queue once more what was interrupted, given up, held, cancelled or waits for its next attempt.

    `text`: its id or the start of one. Raises RequestRefused for what is sent or unknown. Inside the caller's
    transaction.
    """
    delivery = find_delivery(con, text, project_id=project_id)
    if delivery.status in (SENT, SENDING):
        when = f"sent at {delivery.sent_at:%Y-%m-%d %H:%M} UTC" if delivery.sent_at else "being sent just now"
        raise RequestRefused(f"{delivery.delivery_id} ({delivery.subject}) is {when}; it is not sent again")
    con.execute(
        f"update {TABLE} set status = ?, reason = null, attempts = 0, next_attempt_at = ? where delivery_id = ?",  # noqa: S608
        [QUEUED, naive(now), delivery.delivery_id],
    )
    return read_delivery(con, delivery.delivery_id)


def drop(con: duckdb.DuckDBPyConnection, text: str, *, project_id: str) -> Delivery:
    """Never send a message (again): it did arrive, or need not. Inside the caller's transaction.

    `text`: its id or the start of one. Raises RequestRefused for what is sent, being sent or unknown.
    """
    delivery = find_delivery(con, text, project_id=project_id)
    if delivery.status in (SENT, SENDING):
        raise RequestRefused(f"{delivery.delivery_id} ({delivery.subject}) is {delivery.status}, so it is not dropped")
    con.execute(
        f"update {TABLE} set status = ?, reason = ?, next_attempt_at = null where delivery_id = ?",  # noqa: S608
        [CANCELLED, DROPPED_ARRIVED if delivery.status == INTERRUPTED else DROPPED, delivery.delivery_id],
    )
    return read_delivery(con, delivery.delivery_id)


def find_delivery(con: duckdb.DuckDBPyConnection, text: str, *, project_id: str) -> Delivery:
    """The row whose id begins like this. Raises RequestRefused for none or several."""
    rows = con.execute(
        f"select delivery_id from {TABLE} where project_id = ? and starts_with(delivery_id, ?) order by 1",  # noqa: S608
        [project_id, text.strip().lower()],
    ).fetchall()
    if len(rows) != 1 or len(text.strip()) < LEAST_DIGITS:
        found = ", ".join(row[0] for row in rows[:SHOWN_IDS]) if rows else "none"
        raise RequestRefused(
            f"{text!r} is not the id of one message ({found} begin like it); `clarity-assets deliver --list` shows them"
        )
    return read_delivery(con, rows[0][0])


def waiting_until(
    con: duckdb.DuckDBPyConnection, *, project_id: str, now: datetime, quiet_hours: str
) -> list[tuple[datetime, bool]]:
    """When each message that waits may be sent, where that is later than `now`, soonest first; and whether quiet hours
    are why."""
    rows = con.execute(
        f"select next_attempt_at, is_urgent from {TABLE} where project_id = ? and status in (?, ?)",  # noqa: S608
        [project_id, *WAITING],
    ).fetchall()
    found = []
    for next_attempt_at, is_urgent in rows:
        due = max(next_attempt_at.replace(tzinfo=UTC), now)
        at = due if is_urgent else quiet_until(quiet_hours, now=due)
        found.append((at, at > due))
    return sorted((at, is_quiet) for at, is_quiet in found if at > now)


def held_messages(con: duckdb.DuckDBPyConnection, *, project_id: str) -> list[str]:
    """The ids of messages that are held."""
    rows = con.execute(
        f"select distinct message_id from {TABLE} where project_id = ? and status = ? order by 1",  # noqa: S608
        [project_id, HELD],
    ).fetchall()
    return [row[0] for row in rows]
