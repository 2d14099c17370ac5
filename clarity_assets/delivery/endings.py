"""Messages that alerts are over in; which of them wait for their openings, and both cancelled where untold, out.

On each channel no end arrives without its beginning, and no beginning after its end.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import duckdb

from clarity_assets.delivery.queueing import cancel
from clarity_assets.delivery.tables import DROPPED_ARRIVED, INTERRUPTED, SENDING, SENT, TABLE, WAITING

State = Literal["told", "leaving", "waits", "never", "back"]

UNTOLD = {"waits", "never", "back"}
OVER = "the alert was over before it could be told"
ALONE = "nobody was told here that it began, or it came back since"
ABOUT = "coalesce(about, [regexp_replace(message_id, ':[^:]*$', '')])"  # rows that are older than the column


@dataclass(frozen=True)
class Row:
    """A message of alerts on one channel. `about`: the openings that it tells; `is_end`: that they are over."""

    delivery_id: str
    status: str
    reason: str | None
    about: frozenset[str]
    is_end: bool

    @property
    def waits(self) -> bool:
        return self.status in WAITING


@dataclass(frozen=True)
class Endings:
    """How many messages were cancelled, and the ids of the ends that are not to be sent yet."""

    cancelled: int = 0
    held: tuple[str, ...] = ()


def settle_endings(con: duckdb.DuckDBPyConnection, *, project_id: str) -> Endings:
    """Cancel ends that nobody was told the beginning of, and beginnings that are over; hold the other ends back.

    A digest is cancelled when all of it is over. An end stays while any of its openings was told on that channel, and
    waits while another message of these openings does. Inside the caller's transaction.
    """
    waiting = con.execute(
        f"""select channel_id, list_distinct(flatten(list({ABOUT}))) from {TABLE}
            where project_id = ? and status in (?, ?) and starts_with(message_id, 'alert:')
              and ends_with(message_id, ':resolved')
            group by channel_id order by channel_id""",  # noqa: S608
        [project_id, *WAITING],
    ).fetchall()
    cancelled, held = 0, []
    for channel_id, openings in waiting:
        about = _rows(con, project_id, channel_id, {*openings, *map(_next, openings)})
        told_with = {opening for row in about for opening in row.about}  # a digest is over when all of it is
        rows = _rows(con, project_id, channel_id, {*told_with, *map(_next, openings)})
        ends = _untold_ends(rows)
        gone = set(ends) | _over(rows, set(ends))
        alone = sorted(its_id for its_id, states in ends.items() if "waits" not in states)
        cancelled += cancel(con, alone, reason=ALONE) if alone else 0
        paired = sorted(gone.difference(alone))
        cancelled += cancel(con, paired, reason=OVER) if paired else 0
        held += _held(rows, gone)
    return Endings(cancelled, tuple(held))


def _rows(con: duckdb.DuckDBPyConnection, project_id: str, channel_id: str, openings: Iterable[str]) -> list[Row]:
    found = con.execute(
        f"""select delivery_id, status, reason, {ABOUT}, ends_with(message_id, ':resolved') from {TABLE}
            where project_id = ? and channel_id = ? and starts_with(message_id, 'alert:')
              and list_has_any({ABOUT}, ?)""",  # noqa: S608
        [project_id, channel_id, list(openings)],
    ).fetchall()
    return [Row(its_id, status, reason, frozenset(about), is_end) for its_id, status, reason, about, is_end in found]


def _next(opening: str) -> str:
    """What the opening is called when the alert comes back and stays: `alert:a1` -> `alert:a1.1` -> `alert:a1.2`."""
    alert, _, count = opening.partition(".")
    return f"{alert}.{int(count or 0) + 1}"


def _state(opening: str, rows: list[Row]) -> State:
    """What became of an opening on the channel; `back` where a later one of the same alert is to be told."""
    own = [row for row in rows if not row.is_end and opening in row.about]
    if any(not row.is_end and _next(opening) in row.about for row in rows):
        return "back"
    if any(row.status in (SENT, INTERRUPTED) or row.reason == DROPPED_ARRIVED for row in own):
        return "told"
    if any(row.status == SENDING for row in own):
        return "leaving"
    return "waits" if any(row.waits for row in own) else "never"


def _untold_ends(rows: list[Row]) -> dict[str, set[State]]:
    """The waiting ends of which no opening was told, or is being told now, with what became of these."""
    states = {
        row.delivery_id: {_state(opening, rows) for opening in row.about} for row in rows if row.is_end and row.waits
    }
    return {its_id: found for its_id, found in states.items() if found <= UNTOLD}


def _over(rows: list[Row], gone: set[str]) -> set[str]:
    """The waiting openings that are over altogether, without those that an end that stays has to wait for."""
    ends = [row for row in rows if row.is_end]
    over = frozenset(opening for row in ends for opening in row.about)
    asked = frozenset(opening for row in ends if row.waits for opening in row.about)
    kept = [row for row in ends if row.waits and row.delivery_id not in gone]
    needed = frozenset(i for row in kept for i in row.about if _state(i, rows) == "waits")
    begun = [row for row in rows if not row.is_end and row.waits and row.about & asked]
    return {row.delivery_id for row in begun if row.about <= over and not row.about & needed}


def _held(rows: list[Row], gone: set[str]) -> list[str]:
    """The ends that stay and whose openings are still told by a message that waits or is leaving."""
    before = [row for row in rows if not row.is_end and row.delivery_id not in gone]
    pending = frozenset(i for row in before if row.waits or row.status == SENDING for i in row.about)
    ends = [row for row in rows if row.is_end and row.waits and row.delivery_id not in gone]
    return [row.delivery_id for row in ends if row.about & pending]
