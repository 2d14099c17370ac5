"""A message and addresses in, rows of `ops.delivery` out: one a channel, and no second one of the same message."""

import hashlib
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

import duckdb
from pydantic import SecretStr

from clarity_assets.clarity.quota import naive
from clarity_assets.delivery.channels import Channel, channels_of
from clarity_assets.delivery.messages import Message, one_line, plain_text
from clarity_assets.delivery.tables import (
    CANCELLED,
    COLUMNS,
    DELIVERY,
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
from clarity_assets.warehouse.query import one

MARKS = ", ".join("?" for _ in DELIVERY)
ALERT, AGAIN = "alert:", ":again"
"""How ids of messages about alerts begin, and how that of one ends that was given up once."""


def queue_message(
    con: duckdb.DuckDBPyConnection, message: Message, *, to: SecretStr, project_id: str, now: datetime,
    held_because: str | None = None,
) -> int:  # fmt: skip
    """Add a row for each channel of `to` that has none of this message yet; how many were added.

    `con`: the operations file with DELIVERY_TABLES, inside the caller's transaction. With `held_because` they are held.
    """
    added = 0
    for channel in channels_of(to):
        delivery_id = delivery_id_of(project_id, message.message_id, channel)
        if not one(con, f"select 1 from {TABLE} where delivery_id = ?", [delivery_id]):  # noqa: S608
            row = Delivery(
                delivery_id, project_id, message.message_id, message.kind, **_content(message),
                channel_id=channel.channel_id, channel=channel.name, status=HELD if held_because else QUEUED,
                reason=held_because, queued_at=naive(now), next_attempt_at=None if held_because else naive(now),
                about=_about(message),
            )  # fmt: skip
            _insert(con, row)
            added += 1
    return added


def _about(message: Message) -> list[str] | None:
    """The openings that the message tells: messages of one are `alert:<id>:<what>`."""
    if not message.message_id.startswith(ALERT):
        return None
    return list(message.about) or [message.message_id.rpartition(":")[0]]


def _insert(con: duckdb.DuckDBPyConnection, row: Delivery) -> None:
    con.execute(f"insert into {TABLE} ({COLUMNS}) values ({MARKS})", list(vars(row).values()))  # noqa: S608


def queue_given_up(
    con: duckdb.DuckDBPyConnection, *, openings: Collection[str], to: SecretStr, project_id: str, now: datetime
) -> int:
    """Queue once more, as a message of its own, what was given up of these openings and urgent; how many.

    Where a later message was sent to that channel of `to`, and no other urgent one tells the opening. Inside the
    caller's transaction.
    """
    channels = {channel.channel_id: channel for channel in channels_of(to)}
    rows = con.execute(
        f"""select {COLUMNS} from {TABLE} as lost
            where project_id = $project and status = '{GIVEN_UP}' and is_urgent
              and list_has_any(about, $openings) and list_contains($channels, channel_id)
              and exists (from {TABLE} as later where later.project_id = $project and later.status = '{SENT}'
                  and later.channel_id = lost.channel_id and later.sent_at >= lost.reserved_at)
              and not exists (from {TABLE} as other where other.project_id = $project and other.is_urgent
                  and other.channel_id = lost.channel_id and list_has_any(other.about, lost.about)
                  and (other.status in $told or ends_with(other.message_id, '{AGAIN}')))""",  # noqa: S608
        {
            "project": project_id, "openings": list(openings), "channels": list(channels),
            "told": [SENT, SENDING, INTERRUPTED, *WAITING],
        },
    ).fetchall()  # fmt: skip
    for lost in (Delivery(*row) for row in rows):
        message_id = lost.message_id + AGAIN
        again = {
            "delivery_id": delivery_id_of(project_id, message_id, channels[lost.channel_id]), "message_id": message_id,
            "status": QUEUED, "reason": None, "attempts": 0, "queued_at": naive(now), "next_attempt_at": naive(now),
            "reserved_at": None, "process": None, "first_error": None, "last_error": None,
        }  # fmt: skip
        _insert(con, replace(lost, **again))
    return len(rows)


def delivery_id_of(project_id: str, message_id: str, channel: Channel) -> str:
    """The same for the same message and channel, whenever it is asked: it names the mail, too."""
    told = "\n".join((project_id, message_id, channel.channel_id))
    return "d" + hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:12]


def rewrite_message(
    con: duckdb.DuckDBPyConnection, message: Message, *, project_id: str, now: datetime, held_because: str | None = None
) -> int:
    """Give this message's rows that were not sent yet its content of now, held or let go; how many.

    Inside the caller's transaction.
    """
    content = _content(message)
    given = ", ".join(f"{name} = ?" for name in content)
    where = "where project_id = ? and message_id = ?"
    rows = con.execute(
        f"update {TABLE} set {given} {where} and status in (?, ?, ?) returning delivery_id",  # noqa: S608
        [*content.values(), project_id, message.message_id, HELD, *WAITING],
    ).fetchall()
    if held_because:
        con.execute(
            f"""update {TABLE} set status = ?, reason = ?, next_attempt_at = null {where} and status in (?, ?, ?)""",  # noqa: S608
            [HELD, held_because, project_id, message.message_id, HELD, *WAITING],
        )
    else:
        con.execute(
            f"update {TABLE} set status = ?, reason = null, next_attempt_at = ? {where} and status = ?",  # noqa: S608
            [QUEUED, naive(now), project_id, message.message_id, HELD],
        )
    return len(rows)


def _content(message: Message) -> dict[str, object]:
    return {
        "subject": one_line(message.subject),
        "text": plain_text(message.text),
        "html": plain_text(message.html),
        "attachments": [str(path.resolve()) for path in message.attachments],
        "is_urgent": message.is_urgent,
    }


# --- what is not to be sent any more ------------------------------------------------------------------------------


def cancel(con: duckdb.DuckDBPyConnection, delivery_ids: list[str], *, reason: str) -> int:
    """Mark these as never to be sent; how many. Inside the caller's transaction."""
    con.execute(
        f"""update {TABLE} set status = '{CANCELLED}', reason = ?, next_attempt_at = null
            where list_contains(?, delivery_id)""",  # noqa: S608
        [reason, delivery_ids],
    )
    return len(delivery_ids)


def cancel_without_channel(con: duckdb.DuckDBPyConnection, *, project_id: str, known: list[str]) -> int:
    """Cancel what waits for a channel that is no longer in the settings; how many."""
    rows = con.execute(
        f"""select delivery_id from {TABLE} where project_id = ? and status in ('{HELD}', ?, ?)
            and not list_contains(?, channel_id)""",  # noqa: S608
        [project_id, *WAITING, known],
    ).fetchall()
    reason = "its address is no longer in CLARITY_ALERT_TO or CLARITY_REPORT_TO"
    return cancel(con, [row[0] for row in rows], reason=reason)
