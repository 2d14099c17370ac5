"""Make every landing table anew from the stored answers alone: answers in, the same rows out."""

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pyarrow as pa

from clarity_assets.clarity import store
from clarity_assets.clarity.pages import PageRule
from clarity_assets.clarity.payload import read_totals
from clarity_assets.clarity.quota import naive
from clarity_assets.clarity.reading import page_rule
from clarity_assets.clarity.requests import ClarityRequest
from clarity_assets.clarity.settle import Settlement, with_figures
from clarity_assets.clarity.solve import Solution, solved_totals
from clarity_assets.clarity.store import DayState, landing_rows
from clarity_assets.clarity.totals import Totals
from clarity_assets.clarity.windows import Arc
from clarity_assets.settings import Settings
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.tables import insert_rows, quoted, transaction

CHUNK_DAYS = 40  # days solved in one piece of work: 3 MB of packed answers, unpacked one after another (1.5 MB each)
PARALLEL_FROM_ANSWERS = 200  # below this, starting processes costs more than they save


@dataclass(frozen=True)
class Rebuilt:
    """How much was made anew. `kept`: days (of a request) left as they are, whose answers or rows were deleted."""

    answers: int
    days: int
    rows: int
    kept: int = 0


@dataclass(frozen=True)
class _Work:
    """Days of one request to be built from packed answers (id -> body, sha256), read as their source's rows."""

    request: ClarityRequest
    days: list[tuple[DayState, Solution]]
    packed: dict[str, tuple[bytes, str]]
    pages: PageRule


def rebuild(
    settings: Settings, *, progress: Callable[[int, int], None] | None = None, workers: int | None = None
) -> Rebuilt:
    """Replace the project's landing rows and day states by what its stored answers tell, in one transaction.

    Uses the settings of now (pages, arcs, coverage). `progress` is called with days done and days in all. Days whose
    answers or landing rows retention has deleted (CLARITY_KEEP_*) stay as they are.
    Raises WarehouseCorrupt where a stored answer no longer matches its hash; nothing is changed then.
    """
    opened = open_warehouse(settings.warehouse, timeout_s=settings.warehouse_timeout_s, label="rebuild")
    with opened as con, transaction(con):
        settlement = Settlement(con, settings, settings.clock())
        store.ensure_tables(con, settlement.requests)
        before = {r.name: store.load_days(con, settlement.project_id, r.name) for r in settlement.requests}
        unknown, known, kept = _solve(settlement, before)
        _clear(settlement, kept)
        store.save_days(con, unknown)
        answers = len({a[1:] for _, state, _ in known for a in state.answers})
        if workers is None:
            workers = min(4, os.cpu_count() or 1) if answers >= PARALLEL_FROM_ANSWERS else 1
        rows = _build(settlement, known, progress=progress, workers=workers)
    return Rebuilt(answers, len(known), rows, sum(map(len, kept.values())))


def _clear(settlement: Settlement, kept: dict[str, list[date]]) -> None:
    for request in settlement.requests:
        what = [settlement.project_id, kept[request.name]]
        settlement.con.execute(f"delete from {quoted(request.table)} where project_id = ? and date not in ?", what)  # noqa: S608
        settlement.con.execute(
            "delete from ops.clarity_day where project_id = ? and date not in ? and request = ?", [*what, request.name]
        )


def _solve(settlement: Settlement, before: dict[str, dict[date, DayState]]):
    """Every day of every request: the states of the unknown ones; request, state and solution of the known ones.

    And by request the days that stay as they are.
    """
    unknown: list[DayState] = []
    known: list[tuple[ClarityRequest, DayState, Solution]] = []
    kept: dict[str, list[date]] = {name: [] for name in before}
    for request in settlement.requests:
        for day in settlement.days(request, set(before[request.name])):
            old = before[request.name].get(day)
            solution, is_kept = (None, True) if settlement.is_closed(day) else settlement.solution_of(request, day, old)
            if is_kept:
                kept[request.name] += [day] if old is not None else []
            elif solution is None:
                unknown.append(settlement.unknown_state(request, day))
            else:
                known.append((request, settlement.known_state(request, day, solution), solution))
    return unknown, known, kept


def _build(settlement: Settlement, known: list, *, progress, workers: int) -> int:
    """Build the known days' rows piece by piece and write them; returns the number of rows."""
    rows = done = 0
    for request, states, refused, table in _in_order(_build_piece, _pieces(settlement, known), workers=workers):
        insert_rows(settlement.con, request.table, table)
        store.save_days(settlement.con, states)
        again = [settlement.settled_day(request, day) for day in refused]  # rolled up, or unknown after all
        store.save_days(settlement.con, again)
        rows += table.num_rows + sum(state.row_count for state in again)
        done += len(states) + len(again)
        if progress:
            progress(done, len(known))
    return rows


def _pieces(settlement: Settlement, known: list) -> Iterator[_Work]:
    """Neighbouring days of one request and one source together, with the answers they need."""
    rule, piece = page_rule(settlement.settings), []
    for entry in [*known, None]:
        same = piece and entry and (entry[0], entry[2].source) == (piece[0][0], piece[0][2].source)
        if piece and (not same or len(piece) == CHUNK_DAYS):
            packed = _packed(settlement, {arc for _, _, solution in piece for _, arc in solution.path.steps})
            yield _Work(piece[0][0], [(state, solution) for _, state, solution in piece], packed, rule)
            piece = []
        piece.append(entry)


def _packed(settlement: Settlement, arcs: set[Arc]) -> dict[str, tuple[bytes, str]]:
    """Body and hash of these answers; their span of time spares a scan of all other bodies (3 ms in place of 9)."""
    ends = sorted(arc.end for arc in arcs)  # whole seconds, so a second of margin on both sides
    first, last = (naive(datetime.fromtimestamp(end_s, UTC)) for end_s in (ends[0] - 1, ends[-1] + 1))
    rows = settlement.con.execute(
        "select answer_id, body, sha256 from ops.clarity_answer where window_end between ? and ? and answer_id in ?",
        [first, last, [arc.answer_id for arc in arcs]],
    ).fetchall()
    return {answer_id: (body, sha256) for answer_id, body, sha256 in rows}


def _build_piece(work: _Work) -> tuple[ClarityRequest, list[DayState], list[date], pa.Table]:
    """One piece's states, the days of which every key is refused, and the others' landing rows.

    Each answer is unpacked, checked and read once.
    """
    read: dict[str, Totals] = {}
    last_use = {arc.answer_id: i for i, (_, s) in enumerate(work.days) for _, arc in s.path.steps}
    states, refused = [], []
    tables = [store.landing_rows(work.days[0][0], work.request, Totals())]
    for i, (state, solution) in enumerate(work.days):
        parts = []
        for sign, arc in solution.path.steps:
            if arc.answer_id not in read:
                stored = store.unpack(*work.packed[arc.answer_id], arc.answer_id)
                read[arc.answer_id], _ = read_totals(stored, solution.source, pages=work.pages)
            parts.append((sign, read[arc.answer_id]))
        totals = solved_totals(work.request, solution, parts)
        if totals.is_refused:
            refused.append(state.date)
        else:
            tables.append(landing_rows(state, work.request, totals))
            states.append(with_figures(state, totals, len(totals.rows)))
        for _, arc in solution.path.steps:
            if last_use[arc.answer_id] == i:
                del read[arc.answer_id]
    return work.request, states, refused, pa.concat_tables(tables)


def _in_order(build: Callable, pieces: Iterable[_Work], *, workers: int) -> Iterator:
    """`map` over processes with few pieces under way at once, so that memory stays small."""
    if workers <= 1:
        yield from map(build, pieces)
        return
    context = multiprocessing.get_context("spawn")  # the warehouse's threads must not be forked
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        under_way: deque[Future] = deque()
        for piece in pieces:
            under_way.append(pool.submit(build, piece))
            if len(under_way) > 2 * workers:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
