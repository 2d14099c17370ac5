"""Ids of stored answers in; the answers with their ledger entries out, each body hashed again."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import duckdb
import zstandard

from clarity_assets.clarity.kept import deleted_answers
from clarity_assets.clarity.store import DayState
from clarity_assets.trace.traced import AnswerTold, LedgerEntry, Use

CHUNK_ANSWERS = 64  # read at a time: a full-sized answer has 70 kB packed and 1.5 MB unpacked
NAMED_DAYS = 10  # that rest on a missing answer, spelt out
THREADS = min(4, os.cpu_count() or 1)  # unpacking and hashing give up the interpreter's lock

_SELECT = """
select answer.answer_id, answer.request, answer.window_start, answer.window_end, answer.received_at, answer.origin,
       answer.sha256, answer.byte_count, answer.project_id, answer.num_of_days, answer.body,
       slot.request_id, slot.reserved_at, slot.outcome, slot.http_status, slot.purpose
from ops.clarity_answer as answer
left join ops.api_request as slot on slot.request_id = answer.request_id
where answer.answer_id in $ids and (answer.window_end is null or answer.window_end between $first and $last)
order by answer.window_end, answer.answer_id
"""


@dataclass(frozen=True)
class Verified:
    """Every stored answer of a project hashed again: how many, of how many bytes, and those that are damaged.

    `missing`: answers that days of `ops.clarity_day` name, and that are not stored. `deleted`: those whose bodies
    retention took (CLARITY_KEEP_ANSWERS_DAYS), of which nothing can be hashed; they are not among `answers`.
    """

    answers: int
    byte_count: int
    damaged: tuple[AnswerTold, ...]
    missing: tuple[AnswerTold, ...] = ()
    deleted: int = 0

    @property
    def is_intact(self) -> bool:
        return not self.damaged and not self.missing

    def as_json(self) -> dict:
        """Plain values; each damage in words."""
        damaged, missing = ([answer.damage for answer in those] for those in (self.damaged, self.missing))
        counts = {"answers": self.answers, "byte_count": self.byte_count, "deleted": self.deleted}
        return counts | {"is_intact": self.is_intact, "damaged": damaged, "missing": missing}


def verify_answers(con: duckdb.DuckDBPyConnection, *, project_id: str) -> Verified:
    """Unpack and hash every stored answer of the project, few at a time; and name those that days rest on but lack."""
    count = byte_count = 0
    damaged = []
    deleted = deleted_answers(con, project_id)
    for answer in _read(con, [(name, end) for name, end in _project_ids(con, project_id) if name not in deleted]):
        count += 1
        byte_count += answer.byte_count
        if answer.damage:
            damaged.append(answer)
    return Verified(count, byte_count, tuple(damaged), _lacking(con, project_id), len(deleted))


def verify_newest(con: duckdb.DuckDBPyConnection, *, project_id: str, count: int = CHUNK_ANSWERS) -> Verified:
    """The same of the newest answers alone; what days rest on but lack is not looked for."""
    deleted = deleted_answers(con, project_id)
    ids = [(name, end) for name, end in _project_ids(con, project_id) if name not in deleted][-count:]
    found = list(_read(con, ids))
    damaged = tuple(answer for answer in found if answer.damage)
    return Verified(len(found), sum(answer.byte_count for answer in found), damaged, deleted=len(deleted))


def _lacking(con: duckdb.DuckDBPyConnection, project_id: str) -> tuple[AnswerTold, ...]:
    """The answers that the project's days name and that are not stored, each with the days that rest on it."""
    rows = con.execute(
        """select named.answer[2:] as answer_id, named.answer[1], named.request, named.date,
                coalesce('rolled up from ' || named.rolled_up_from, named.method, '')
            from (select unnest(answers) as answer, * exclude (answers) from ops.clarity_day where project_id = ?) named
            anti join ops.clarity_answer as stored on stored.answer_id = named.answer[2:]
            order by answer_id, named.date, named.request""",
        [project_id],
    ).fetchall()
    uses: dict[str, list[Use]] = {}
    for answer_id, sign, request, day, method in rows:
        uses.setdefault(answer_id, []).append(Use(request, day, sign, method))
    return tuple(_missing(answer_id, tuple(of_days)) for answer_id, of_days in uses.items())


def _project_ids(con: duckdb.DuckDBPyConnection, project_id: str) -> list[tuple[str, datetime | None]]:
    return con.execute(
        """select answer_id, window_end from ops.clarity_answer where project_id = ?
           order by window_end, answer_id""",
        [project_id],
    ).fetchall()


def used_answers(con: duckdb.DuckDBPyConnection, states: Mapping[tuple[str, date], DayState]) -> tuple[AnswerTold, ...]:
    """The answers that these days were solved from, by window, each with its uses; a missing one is damage too."""
    uses: dict[str, list[Use]] = {}
    for (request, day), state in sorted(states.items()):
        method = f"rolled up from {state.rolled_up_from}" if state.rolled_up_from else state.method or ""
        for signed in state.answers:
            uses.setdefault(signed[1:], []).append(Use(request, day, signed[0], method))
    ids = con.execute(
        "select answer_id, window_end from ops.clarity_answer where answer_id in ? order by window_end, answer_id",
        [list(uses)],
    ).fetchall()
    projects = {state.project_id for state in states.values()}
    deleted = frozenset().union(*(deleted_answers(con, project_id) for project_id in projects))
    found = [_without_body(answer, deleted) for answer in _read(con, ids)]
    found = [replace(answer, uses=tuple(uses.pop(answer.answer_id))) for answer in found]
    return (*found, *(_missing(answer_id, tuple(of_days)) for answer_id, of_days in uses.items()))


def _without_body(answer: AnswerTold, deleted: frozenset[str]) -> AnswerTold:
    """The answer; where retention took its body, that is told in place of a damage."""
    return replace(answer, damage=None, is_deleted=True) if answer.answer_id in deleted else answer


def _missing(answer_id: str, uses: tuple[Use, ...]) -> AnswerTold:
    named = list(dict.fromkeys(f"{use.date}" for use in uses))
    days = ", ".join(named[:NAMED_DAYS]) + (f" and {len(named) - NAMED_DAYS} more" if len(named) > NAMED_DAYS else "")
    damage = (
        f"MISSING: answer {answer_id} is not stored any more, and the figures of {days} rest on it; restore a backup"
    )
    return AnswerTold(answer_id, uses[0].request, None, None, None, "", "", 0, damage, uses=uses)


def _read(con: duckdb.DuckDBPyConnection, ids: list[tuple[str, datetime | None]]) -> Iterator[AnswerTold]:
    """The answers of these ids and window ends, in their order, each checked; a chunk at a time."""
    with ThreadPoolExecutor(THREADS) as pool:
        for first in range(0, len(ids), CHUNK_ANSWERS):
            chunk = ids[first : first + CHUNK_ANSWERS]
            ends = [end for _, end in chunk if end]  # their span of time spares a scan of all other bodies
            span = {"first": min(ends, default=None), "last": max(ends, default=None)}
            rows = con.execute(_SELECT, {"ids": [answer_id for answer_id, _ in chunk]} | span).fetchall()
            yield from pool.map(_told, rows)


def _told(row: tuple) -> AnswerTold:
    answer_id, request, *instants, origin, sha256, byte_count, project_id, num_of_days, body = row[:11]
    start, end, received = (instant and instant.replace(tzinfo=UTC) for instant in instants)
    slot = row[11:]
    ledger = LedgerEntry(slot[0], slot[1].replace(tzinfo=UTC), *slot[2:]) if slot[0] else None
    named = f"answer {answer_id} of request {request}, window {_minute(start)} to {_minute(end)} UTC"
    expected = f"{project_id}-{request}-{num_of_days}d-{end:%Y%m%dT%H%M%S}-" if end else ""
    damage = damage_of(body, sha256=sha256, byte_count=byte_count, answer_id=answer_id, id_start=expected)
    told = f"{damage[0]}: {named}: {damage[1]}; restore a backup" if damage else None
    return AnswerTold(answer_id, request, start, end, received, origin, sha256 or "", byte_count or 0, told, ledger)


def damage_of(
    body: bytes | None, *, sha256: str | None, byte_count: int | None, answer_id: str, id_start: str
) -> tuple[str, str] | None:
    """TAMPERED or DAMAGED and what is wrong, or None where the body is what was stored under this id.

    The id tells window and hash too, so that a hash that was changed together with its body does not fit it.
    """
    try:
        if body is None:
            return "DAMAGED", "it has no body"
        size = zstandard.get_frame_parameters(body).content_size
        if size != byte_count:  # looked at first: a changed size would ask for any amount of memory
            return "DAMAGED", f"its body says that it has {size:,} bytes, and {byte_count or 0:,} were stored"
        stored = zstandard.ZstdDecompressor().decompress(body)
    except zstandard.ZstdError as error:
        return "DAMAGED", f"its body cannot be unpacked ({error})"
    found = hashlib.sha256(stored).hexdigest()
    if found != sha256:
        return "TAMPERED", f"stored sha256 {sha256}, body has {found}"
    if answer_id != f"{id_start}{found[:8]}":
        return "TAMPERED", f"its id does not fit its window and hash, which would make it {id_start}{found[:8]}"
    return None


def _minute(instant: datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M}" if instant else "unknown"
