"""Days in; their landing rows made again from the answers, and where the stored rows differ from them, out."""

import math
from collections.abc import Mapping
from datetime import date

import duckdb

from clarity_assets.clarity import store
from clarity_assets.clarity.columns import landing_columns
from clarity_assets.clarity.pages import PageRule
from clarity_assets.clarity.payload import PayloadProblem, read_totals
from clarity_assets.clarity.requests import ClarityRequest
from clarity_assets.clarity.solve import Solution, solved_totals
from clarity_assets.clarity.store import DayState
from clarity_assets.clarity.totals import Totals
from clarity_assets.clarity.windows import Path
from clarity_assets.errors import WarehouseCorrupt
from clarity_assets.trace.traced import AnswerTold, Derivation

MAX_BYTES = 12_000_000  # of answers to read again, about 0.3 s: seven days of a large site's pages
MAX_DAYS = 42  # of a request, each looked up by itself: six weeks of small answers take 0.2 s
NAMED_DIFFERENCES = 10


def derive_again(
    con: duckdb.DuckDBPyConnection,
    states: Mapping[tuple[str, date], DayState],
    *,
    answers: tuple[AnswerTold, ...],
    requests: Mapping[str, ClarityRequest],
    pages: PageRule,
    closed_before: date | None = None,
) -> Derivation:
    """The newest days' rows again, as many as MAX_DAYS and MAX_BYTES allow (at least one); nothing is written.

    Left out are days whose answers are damaged or deleted, and those before `closed_before`: their rows are deleted.
    """
    sizes = {answer.answer_id: answer.byte_count for answer in answers}
    damaged = {answer.answer_id for answer in answers if answer.damage}
    deleted = {answer.answer_id for answer in answers if answer.is_deleted}
    read: dict[str, Totals] = {}
    days = rows = spent = 0
    differences: list[str] = []
    left_out: list[str] = []
    for (name, day), state in sorted(states.items(), key=lambda item: (item[0][1], item[0][0]), reverse=True):
        ids = [signed[1:] for signed in state.answers]
        if not ids or damaged & set(ids):
            left_out.append(f"{name} of {day}: {'an answer of it is damaged' if ids else 'no answer is named for it'}")
            continue
        if deleted & set(ids) or (closed_before is not None and day < closed_before):
            what = "an answer of it was" if deleted & set(ids) else "its landing rows were"
            left_out.append(f"{name} of {day}: {what} deleted, because the time was over (CLARITY_KEEP_*)")
            continue
        new = sum(sizes[answer_id] for answer_id in ids if answer_id not in read)
        if days == MAX_DAYS or (days and spent + new > MAX_BYTES):
            break
        spent += new
        try:
            derived = _derived(con, state, requests=requests, pages=pages, read=read)
        except (PayloadProblem, WarehouseCorrupt) as error:
            left_out.append(f"{name} of {day}: {error}")
            continue
        stored = _stored(con, state, requests[name])
        differences += _differences(derived, stored, request=requests[name], day=day)
        days, rows = days + 1, rows + len(derived)
    return Derivation(days, len(states), rows, tuple(differences[:NAMED_DIFFERENCES]), tuple(left_out))


def _derived(con, state: DayState, *, requests, pages: PageRule, read: dict[str, Totals]) -> list[tuple]:
    """The day's landing rows as its answers tell them, by clarity/rebuild's own steps."""
    request, source = requests[state.request], requests[state.rolled_up_from or state.request]
    parts = []
    for signed in state.answers:
        if signed[1:] not in read:
            read[signed[1:]], _ = read_totals(store.load_stored(con, signed[1:]), source, pages=pages)
        parts.append((1 if signed[0] == "+" else -1, read[signed[1:]]))
    totals = solved_totals(request, Solution(Path((), 0, 0), source), parts)
    table = store.landing_rows(state, request, totals)
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True)) if table.num_rows else []


def _stored(con: duckdb.DuckDBPyConnection, state: DayState, request: ClarityRequest) -> list[tuple]:
    names = ", ".join(column.name for column in landing_columns(request))
    return con.execute(
        f"select {names} from {request.table} where project_id = ? and date = ?",  # noqa: S608 - declared names
        [state.project_id, state.date],
    ).fetchall()


def _differences(derived: list[tuple], stored: list[tuple], *, request: ClarityRequest, day: date) -> list[str]:
    """Each row that is on one side only, or has another value; in words."""
    names = [column.name for column in landing_columns(request)]
    keys = 2 + len(request.dimensions)
    ours, theirs = ({row[2:keys]: row for row in rows} for rows in (derived, stored))
    found = []
    if len(theirs) != len(stored):
        found.append(f"{request.table} of {day}: {len(stored) - len(theirs)} rows stand there twice")
    for key in sorted(ours.keys() | theirs.keys(), key=repr):
        what = f"{request.table} of {day}{_named(request, key)}"
        if key not in theirs:
            found.append(f"{what}: the answers tell a row that is not stored")
        elif key not in ours:
            found.append(f"{what}: stored, but no answer tells it")
        else:
            others = [i for i in range(keys, len(names)) if not _is_same(ours[key][i], theirs[key][i])]
            told = ", ".join(f"{names[i]} is {theirs[key][i]}, the answers tell {ours[key][i]}" for i in others)
            found += [f"{what}: {told}"] if told else []
    return found


def _named(request: ClarityRequest, key: tuple) -> str:
    told = ", ".join(f"{name} = {value}" for name, value in zip(request.columns, key, strict=True))
    return f" ({told})" if told else ""


def _is_same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9)
    return one == other
