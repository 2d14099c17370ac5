"""Answers and days in the warehouse: the SQL between the domain and `ops.*` / `landing.*`."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import groupby

import duckdb
import pyarrow as pa
import zstandard

from clarity_assets.clarity.columns import landing_columns
from clarity_assets.clarity.quota import naive
from clarity_assets.clarity.requests import ClarityRequest
from clarity_assets.clarity.tables import CLARITY_ANSWER, CLARITY_DAY, OPS_TABLES
from clarity_assets.clarity.totals import Totals, measures
from clarity_assets.clarity.windows import Arc
from clarity_assets.errors import AnswerDeleted, WarehouseCorrupt
from clarity_assets.warehouse import tables
from clarity_assets.warehouse.columns import ARROW_TYPES, Column
from clarity_assets.warehouse.query import one
from clarity_assets.warehouse.tables import insert_rows, replace_partition

MEASURED, DERIVED, PENDING, LOST = "measured", "derived", "pending", "lost"
KNOWN = (MEASURED, DERIVED)


@dataclass(frozen=True)
class Answer:
    """One answer to be stored: its stored form and everything that is known of it."""

    project_id: str
    request: str
    num_of_days: int
    window_end: datetime
    window_end_source: str
    received_at: datetime
    origin: str
    stored: bytes
    row_count: int
    truncated_blocks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    quarantine_reason: str | None = None
    request_id: str | None = None

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.stored).hexdigest()

    @property
    def window_start(self) -> datetime:
        return self.window_end - timedelta(days=self.num_of_days)

    @cached_property
    def answer_id(self) -> str:
        """Such as `shop-url_device-3d-20261004T010005-1f0c9a2b`: the same answer has the same id, however it came."""
        return f"{self.project_id}-{self.request}-{self.num_of_days}d-{self.window_end:%Y%m%dT%H%M%S}-{self.sha256[:8]}"


@dataclass(frozen=True)
class DayState:
    """One row of `ops.clarity_day`, in its columns' order (tables.CLARITY_DAY)."""

    project_id: str
    request: str
    date: date
    status: str
    method: str | None = None
    coverage: float = 0.0
    cause: str | None = None
    window_start: datetime | None = None
    window_end: datetime | None = None
    answers: tuple[str, ...] = ()
    rolled_up_from: str | None = None
    skew_s: int = 0
    is_truncated: bool = False
    is_final: bool = False
    refused_keys: int = 0
    row_count: int = 0

    @property
    def is_known(self) -> bool:
        return self.status in KNOWN


def ensure_tables(con: duckdb.DuckDBPyConnection, requests: Iterable[ClarityRequest]) -> None:
    """Create what is missing of schema `ops` and of the landing tables; one catalogue query where nothing is."""
    declared = dict(OPS_TABLES)
    for request in requests:
        named = " × ".join(request.dimensions) or "the whole site"
        declared[request.table] = (landing_columns(request), f"Clarity per UTC day and {named}.")
    tables.ensure_tables(con, declared)


def insert_answer(con: duckdb.DuckDBPyConnection, answer: Answer) -> bool:
    """Store an answer; False where this very answer is stored already."""
    if one(con, "select 1 from ops.clarity_answer where answer_id = ?", [answer.answer_id]):
        return False
    values = {
        "answer_id": answer.answer_id, "project_id": answer.project_id, "request": answer.request,
        "num_of_days": answer.num_of_days, "window_start": naive(answer.window_start),
        "window_end": naive(answer.window_end), "window_end_source": answer.window_end_source,
        "received_at": naive(answer.received_at), "origin": answer.origin, "request_id": answer.request_id,
        "sha256": answer.sha256, "byte_count": len(answer.stored), "row_count": answer.row_count,
        "truncated_blocks": list(answer.truncated_blocks), "warnings": list(answer.warnings),
        "quarantine_reason": answer.quarantine_reason,
        "body": zstandard.ZstdCompressor(level=3).compress(answer.stored),
    }  # fmt: skip
    insert_rows(con, "ops.clarity_answer", _arrow(CLARITY_ANSWER, [[values[c.name]] for c in CLARITY_ANSWER]))
    return True


def load_arcs(con: duckdb.DuckDBPyConnection, project_id: str, request: str) -> list[Arc]:
    """Every usable (not quarantined) answer's window."""
    rows = con.execute(
        """select epoch(window_start)::bigint, epoch(window_end)::bigint, answer_id, len(truncated_blocks) > 0
           from ops.clarity_answer where project_id = ? and request = ? and quarantine_reason is null""",
        [project_id, request],
    ).fetchall()
    return [Arc(*row) for row in rows]


def load_stored(con: duckdb.DuckDBPyConnection, answer_id: str) -> bytes:
    """An answer's stored form, checked against its hash. Raises as `unpack`."""
    body, sha256 = one(con, "select body, sha256 from ops.clarity_answer where answer_id = ?", [answer_id])
    return unpack(body, sha256, answer_id)


def unpack(body: bytes | None, sha256: str, answer_id: str) -> bytes:
    """The stored form from its compressed body.

    Raises WarehouseCorrupt where a byte has changed, AnswerDeleted where there is no body.
    """
    if body is None:
        raise AnswerDeleted(
            f"answer {answer_id}: its body was deleted (CLARITY_KEEP_ANSWERS_DAYS); a backup of before has it"
        )
    try:
        stored = zstandard.ZstdDecompressor().decompress(body)
    except zstandard.ZstdError as error:
        raise WarehouseCorrupt(
            f"answer {answer_id}: its body cannot be unpacked ({error}); restore a backup"
        ) from error
    if hashlib.sha256(stored).hexdigest() != sha256:
        raise WarehouseCorrupt(f"answer {answer_id}: its bytes no longer match their sha256; restore a backup")
    return stored


_DAY_COLUMNS = ", ".join(column.name for column in CLARITY_DAY)
_DAY_FIELDS = tuple(f.name for f in fields(DayState))


def load_days(con: duckdb.DuckDBPyConnection, project_id: str, request: str) -> dict[date, DayState]:
    """All rows of `ops.clarity_day` of one request, by day."""
    rows = con.execute(
        f"select {_DAY_COLUMNS} from ops.clarity_day where project_id = ? and request = ? order by date",  # noqa: S608
        [project_id, request],
    ).fetchall()
    return {row[2]: _state(row) for row in rows}


def load_open_days(
    con: duckdb.DuckDBPyConnection,
    project_id: str,
    request: str,
    *,
    also: date | None,
    near: tuple[date, date] | None,
    reach: timedelta,
    reachable: date,
) -> tuple[dict[date, DayState], set[date]]:
    """The rows that may change, by day; and the days of all others, which years add to.

    A pending day may change with time, and so may one from `reachable` on that is lost by a clock that was put back
    since; the day `also` is asked for; an answer whose window lies `near` may change
    the days there, and those that are not final as far back as its `reach`.
    """
    of_request = "from ops.clarity_day where project_id = $project and request = $request"
    is_open = """coalesce(status = 'pending' or (status = 'lost' and date >= $reachable) or date = $also
                          or date between $low and $high
                          or (not is_final and date >= $reach), false)"""
    low, high = near or (None, None)
    params = {"project": project_id, "request": request, "also": also, "low": low, "high": high}
    params["reachable"] = reachable
    params["reach"] = near and near[0] - reach
    rows = con.execute(f"select {_DAY_COLUMNS} {of_request} and {is_open}", params).fetchall()
    closed = con.execute(f"select date {of_request} and not {is_open}", params).fetchall()
    return {row[2]: _state(row) for row in rows}, {day for (day,) in closed}


def forget_days_after(con: duckdb.DuckDBPyConnection, project_id: str, request: str, newest: date) -> None:
    """Forget unknown days that are not over: a clock that was put back since has made them."""
    con.execute(
        "delete from ops.clarity_day where project_id = ? and request = ? and date > ? and status not in ?",
        [project_id, request, newest, list(KNOWN)],
    )


def load_day(con: duckdb.DuckDBPyConnection, project_id: str, request: str, day: date) -> DayState | None:
    """One row of `ops.clarity_day`, or None."""
    row = one(
        con,
        f"select {_DAY_COLUMNS} from ops.clarity_day where project_id = ? and request = ? and date = ?",  # noqa: S608
        [project_id, request, day],
    )
    return _state(row) if row else None


def _state(row: tuple) -> DayState:
    values = dict(zip(_DAY_FIELDS, row, strict=True))
    values["answers"] = tuple(values["answers"] or ())
    for name in ("window_start", "window_end"):
        values[name] = values[name] and values[name].replace(tzinfo=UTC)
    return DayState(**values)


def save_days(con: duckdb.DuckDBPyConnection, states: list[DayState]) -> None:
    """Replace the rows of these days."""
    if not states:
        return
    rows = _arrow(CLARITY_DAY, list(zip(*(_day_row(s) for s in states), strict=True)))
    for request, dates in groupby(states, key=lambda s: (s.project_id, s.request)):
        con.execute(
            "delete from ops.clarity_day where project_id = ? and request = ? and date in ?",
            [*request, [s.date for s in dates]],
        )
    insert_rows(con, "ops.clarity_day", rows)


def _day_row(state: DayState) -> tuple:
    return tuple(
        naive(v) if isinstance(v, datetime) else list(v) if isinstance(v, tuple) else v for v in vars(state).values()
    )


def landing_rows(state: DayState, request: ClarityRequest, totals: Totals) -> pa.Table:
    """The day's rows of `landing.clarity_<request>`, ready to be written."""
    count = len(totals.rows)
    keys = list(zip(*totals.rows, strict=True)) if request.dimensions and count else [()] * len(request.dimensions)
    told = measures(totals)
    values = [
        [state.project_id] * count, [state.date] * count, *keys, *told.values(), [state.status] * count,
        [totals.is_truncated] * count, [row.is_upper_bound for row in totals.rows.values()],
    ]  # fmt: skip
    return _arrow(landing_columns(request), values)


def _arrow(columns: Iterable[Column], values: list) -> pa.Table:
    columns = tuple(columns)
    arrays = [pa.array(v, ARROW_TYPES[c.type]) for c, v in zip(columns, values, strict=True)]
    return pa.Table.from_arrays(arrays, names=[c.name for c in columns])


def replace_landing(con: duckdb.DuckDBPyConnection, state: DayState, request: ClarityRequest, totals: Totals) -> int:
    """Replace the day's rows in the landing table; returns how many there are now."""
    rows = landing_rows(state, request, totals)
    return replace_partition(con, request.table, rows, where={"project_id": state.project_id, "date": state.date})
