"""The ledger of deliveries in; what did not arrive, may not have, or is held back out."""

import duckdb

from clarity_assets.alerts.causes import Cause, Found, of_kind, utc
from clarity_assets.delivery.channels import all_channels
from clarity_assets.reports.rendering.texts import shorten
from clarity_assets.settings import Settings

LONGEST_SUBJECT = 120  # characters


def deliveries(con: duckdb.DuckDBPyConnection, *, settings: Settings, open_ids: frozenset[str]) -> Found:
    """`con`: the operations file, with its tables."""
    project = settings.need_project()
    gone = _given_up(con, project, channels={channel.channel_id for channel in all_channels(settings)})
    unsure = _interrupted(con, project)
    held = _held(con, project)
    there = {cause.cause_id for cause in (*gone, *unsure, *held)}
    how = {
        "delivery_failed": "a later message arrived there, or nothing is sent there any more",
        "delivery_interrupted": "it was sent again, or is not to be sent any more",
        "report_held": "it is no longer held back",
    }
    over = {i: told for kind, told in how.items() for i in of_kind(open_ids, kind) if i not in there}
    return Found((*gone, *unsure, *held), over)


def _given_up(con: duckdb.DuckDBPyConnection, project: str, *, channels: set[str]) -> list[Cause]:
    """One cause a channel of the settings whose newest given-up message has no sent one after it."""
    rows = con.execute(
        """select channel_id, any_value(channel), count(*), arg_max(subject, reserved_at), max(reserved_at),
                  arg_max(last_error, reserved_at), arg_max(attempts, reserved_at)
           from ops.delivery as lost where project_id = $project and status = 'given_up' and not exists (
               select 1 from ops.delivery as sent where sent.project_id = $project and sent.status = 'sent'
                   and sent.channel_id = lost.channel_id and sent.sent_at >= lost.reserved_at)
           group by channel_id order by channel_id""",
        {"project": project},
    ).fetchall()
    return [_given_up_cause(row) for row in rows if row[0] in channels]


def _given_up_cause(row: tuple) -> Cause:
    channel_id, channel, count, subject, at, error, attempts = row
    messages = "1 message was" if count == 1 else f"{count} messages were"
    return Cause(
        f"delivery_failed:{channel_id}", "delivery_failed", "warning", f"Messages to {channel} do not arrive",
        f"{messages} given up, the last one ({shorten(subject, length=LONGEST_SUBJECT)}) at {utc(at)} after "
        f"{attempts} attempts: {error or 'no reason is known'}.",
        "clarity-assets deliver --test tries every address; mend it in CLARITY_ALERT_TO or CLARITY_REPORT_TO, then "
        "clarity-assets deliver --list names what was given up and deliver --again ID sends it",
    )  # fmt: skip


def _interrupted(con: duckdb.DuckDBPyConnection, project: str) -> list[Cause]:
    rows = con.execute(
        """select delivery_id, channel, subject, reserved_at from ops.delivery
           where project_id = ? and status = 'interrupted' order by reserved_at""",
        [project],
    ).fetchall()
    return [
        Cause(
            f"delivery_interrupted:{its_id}", "delivery_interrupted", "warning",
            f"A message to {channel} may not have arrived",
            f"{shorten(subject, length=LONGEST_SUBJECT)}: the process ended while it was being sent"
            f"{f' at {utc(at)}' if at else ''}, so nobody knows whether it arrived.",
            f"Look whether it did; if not: clarity-assets deliver --again {its_id}",
        )
        for its_id, channel, subject, at in rows
    ]  # fmt: skip


def _held(con: duckdb.DuckDBPyConnection, project: str) -> list[Cause]:
    rows = con.execute(
        """select message_id, any_value(subject), any_value(reason), min(queued_at) from ops.delivery
           where project_id = ? and status = 'held' group by message_id order by message_id""",
        [project],
    ).fetchall()
    return [
        Cause(
            f"report_held:{message_id}", "report_held", "warning",
            f"Held back: {shorten(subject, length=LONGEST_SUBJECT)}",
            f"Since {utc(at)}: {reason or 'no reason is known'}.",
            "It goes out by itself when it is whole (make it anew with clarity-assets report); "
            "CLARITY_REPORT_IF_INCOMPLETE=mark sends such reports and says so",
        )
        for message_id, subject, reason, at in rows
    ]  # fmt: skip
