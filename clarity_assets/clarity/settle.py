"""Settle what is known: stored answers in, a status for every day and the landing rows of the known ones out.

The result depends on the stored answers and the settings alone (and, for pending against lost, on the instant), not
on the order in which answers came: settling after each answer and settling everything anew give the same rows.
"""

import math
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

import duckdb

from clarity_assets.clarity import store
from clarity_assets.clarity.kept import closed_before
from clarity_assets.clarity.requests import ClarityRequest, all_requests
from clarity_assets.clarity.solve import Solution, Solver
from clarity_assets.clarity.store import DERIVED, LOST, MEASURED, PENDING, DayState
from clarity_assets.clarity.totals import Totals
from clarity_assets.clarity.windows import DAY_S, last_chance, newest_complete_day, reach_of_an_answer
from clarity_assets.settings import Settings
from clarity_assets.warehouse.query import one

INTERRUPTED = "interrupted after its slot was reserved; it may have been spent"
DELETED = "the answers that told it were deleted (CLARITY_KEEP_ANSWERS_DAYS)"
NAMED_KEYS = 3  # how many refused keys a cause spells out


@dataclass
class Settlement:
    """The state of one project's days, within one open transaction."""

    con: duckdb.DuckDBPyConnection
    settings: Settings
    now: datetime
    _first_days: dict[tuple[str, ...], date | None] = field(default_factory=dict)
    _attempts: dict[str, dict[date, tuple]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.project_id = self.settings.need_project()
        self.requests = all_requests(extras=self.settings.extra_requests, order=self.settings.request_order)
        self._by_name = {request.name: request for request in self.requests}
        self.solver = Solver(self.con, self.settings, self.now, self.project_id, self.requests)

    def request(self, name: str) -> ClarityRequest:
        return self._by_name[name]

    # --- days ---------------------------------------------------------------------------------------------------

    def settle(
        self,
        name: str,
        *,
        also: date | None = None,
        near: tuple[date, date] | None = None,
        everything: bool = False,
    ) -> list[DayState]:
        """Settle the days of one request, and of those that roll up from it; returns the days that changed.

        Looks at the days that time or an answer can have changed: the pending ones, the day `also` (which may lie
        before the first one that anything is known of), after an answer those `near` its window and those not final
        within its reach, or everything.
        """
        own = self._by_name[name]
        changed = self._settle_one(own, also=also, near=near, everything=everything)
        for coarser in self.requests:
            if own.rolls_up_to(coarser):
                changed += self._settle_one(coarser, near=near, everything=everything)
        return changed

    def settle_all(self) -> list[DayState]:
        """Settle what time alone has changed, of every request; returns the days that changed."""
        return [state for request in self.requests for state in self._settle_one(request)]

    def _settle_one(self, request: ClarityRequest, *, also=None, near=None, everything=False) -> list[DayState]:
        newest = newest_complete_day(self.now)
        store.forget_days_after(self.con, self.project_id, request.name, newest)
        if everything:
            before, closed = store.load_days(self.con, self.project_id, request.name), set()
        else:
            reach = reach_of_an_answer(self.settings.max_arcs)
            before, closed = store.load_open_days(
                self.con, self.project_id, request.name, also=also, near=near, reach=reach,
                reachable=newest - timedelta(days=3),
            )  # fmt: skip
        self._attempts.pop(request.name, None)  # the ledger may have changed since the last settling
        changed = []
        for day in self.days(request, {*before, also} - {None}):
            if day in closed or self.is_closed(day):
                continue
            old = before.get(day)
            new = self.settled_day(request, day, old)
            if new != old:
                changed.append(new)
        store.save_days(self.con, changed)
        return changed

    def settled_day(self, request: ClarityRequest, day: date, old: DayState | None = None) -> DayState:
        """The day's state now; writes its landing rows where they are others than before."""
        solution, is_kept = self.solution_of(request, day, old)
        if is_kept:
            return old
        if solution is None:
            is_told = self.solver.deleted and self.solver.solve(request, day) is not None
            return self._forgotten(request, day, old, DELETED if is_told else "")
        new = self.known_state(request, day, solution)
        same = old is not None and (old.status, old.answers, old.rolled_up_from) == (
            new.status, new.answers, new.rolled_up_from)  # fmt: skip
        if same:
            cause = new.cause if new.rolled_up_from else old.cause
            return replace(new, refused_keys=old.refused_keys, row_count=old.row_count, cause=cause)
        totals = self.solver.totals_of(request, solution)
        if totals.is_refused:
            solution = self.solver.of_the_kept.rolled_up(request, day) if solution.source == request else None
            totals = self.solver.totals_of(request, solution) if solution else totals
            if totals.is_refused:
                return self._forgotten(request, day, old, f"every difference is below zero ({totals.refused[0]})")
            new = self.known_state(request, day, solution)
        rows = store.replace_landing(self.con, new, request, totals)
        return with_figures(new, totals, rows)

    def solution_of(self, request: ClarityRequest, day: date, old: DayState | None) -> tuple[Solution | None, bool]:
        """How the answers tell the day that can be read; and whether it is to stay as it is instead.

        That is a day whose answers were deleted since it became known, and that no others tell.
        """
        solution = self.solver.solve(request, day)
        if solution is not None and not self.solver.rests_on_deleted(solution):
            return solution, False
        if old is not None and self._rests_on_deleted(old):
            return None, True
        return (self.solver.of_the_kept.solve(request, day) if solution else None), False

    def _rests_on_deleted(self, state: DayState) -> bool:
        """Whether the day is known by answers of which one is deleted, and none was withdrawn."""
        ids = {signed[1:] for signed in state.answers}
        if not state.is_known or not ids & self.solver.deleted:
            return False
        source = self._by_name.get(state.rolled_up_from or state.request)
        return source is not None and ids <= {arc.answer_id for arc in self.solver.windows(source).arcs}

    @cached_property
    def closed_before(self) -> date | None:
        return closed_before(self.con, self.project_id)

    def is_closed(self, day: date) -> bool:
        """Whether the day's landing rows were deleted because their time is over: it stays as it is."""
        return self.closed_before is not None and day < self.closed_before

    def _forgotten(self, request: ClarityRequest, day: date, old: DayState | None, cause: str = "") -> DayState:
        """The state of a day that nothing tells; clears rows that it had before."""
        new = self.unknown_state(request, day)
        if old is None or old.is_known:
            store.replace_landing(self.con, new, request, Totals())
        return replace(new, cause=f"{cause}; {new.cause}") if cause else new

    def known_state(self, request: ClarityRequest, day: date, solution: Solution) -> DayState:
        """The state of a solved day, before its rows are counted."""
        path, rolled_up = solution.path, solution.source != request
        measured = path.is_measured and not rolled_up
        return DayState(
            self.project_id, request.name, day,
            status=MEASURED if measured else DERIVED,
            method="window" if measured else "rolled_up" if rolled_up else "difference",
            coverage=round(path.coverage(day), 6),
            cause=self._own_cause(request, day) if rolled_up else None,
            window_start=_instant(path.start), window_end=_instant(path.end),
            answers=path.signed_ids, rolled_up_from=solution.source.name if rolled_up else None,
            skew_s=path.skew_s, is_truncated=path.is_truncated,
            is_final=not rolled_up and self.solver.windows(request).is_settled(path, day),
        )  # fmt: skip

    def days(self, request: ClarityRequest, known: set[date]) -> list[date]:
        """Every day from the first that anything was asked or stored for to the newest complete one, and `known`."""
        first, last = self._first_day(request), newest_complete_day(self.now)
        span = range((last - first).days + 1) if first else ()
        return sorted(known | {first + timedelta(days=i) for i in span})

    def _first_day(self, request: ClarityRequest) -> date | None:
        """The six share their project's first day; an extra request begins with its own."""
        names = tuple([request.name] if request.is_extra else [r.name for r in self.requests if not r.is_extra])
        if names not in self._first_days:
            self._first_days[names] = self._read_first_day(names)
        return self._first_days[names]

    def _read_first_day(self, names: tuple[str, ...]) -> date | None:
        asked, start = one(
            self.con,
            """select (select min(for_date) from ops.api_request where project_id = $project and request in $names),
                      (select epoch(min(window_start))::bigint from ops.clarity_answer
                       where project_id = $project and request in $names and quarantine_reason is null)""",
            {"project": self.project_id, "names": list(names)},
        )
        limit_s = round((1 - self.settings.min_coverage) * DAY_S)
        told = None if start is None else _instant(math.ceil((start - limit_s) / DAY_S) * DAY_S).date()
        return min([d for d in (asked, told) if d], default=None)

    # --- what is not known --------------------------------------------------------------------------------------

    def unknown_state(self, request: ClarityRequest, day: date) -> DayState:
        """The state of a day that no path tells: pending while it can still be asked, else lost; with its cause."""
        chance = last_chance(day, min_coverage=self.settings.min_coverage)
        is_open = self.now <= chance or self.solver.plan(request, day) is not None
        return DayState(
            self.project_id, request.name, day, status=PENDING if is_open else LOST,
            cause=self._cause(request, day, is_open=is_open, chance=chance),
        )  # fmt: skip

    def _own_cause(self, request: ClarityRequest, day: date) -> str:
        """Why a day is known by roll-up only."""
        chance = last_chance(day, min_coverage=self.settings.min_coverage)
        return f"own request: {self._cause(request, day, is_open=self.now <= chance, chance=chance)}"

    def _cause(self, request: ClarityRequest, day: date, *, is_open: bool, chance: datetime) -> str:
        """What the ledger and the answers tell of a day that is not known."""
        if request.name not in self._attempts:
            self._attempts[request.name] = self._read_attempts(request)
        tries, sent, last, reason = self._attempts[request.name].get(day, (0, 0, None, None))
        until = f"{'until' if is_open else 'it could be asked until'} {chance:%Y-%m-%d %H:%M} UTC"
        if not tries:
            return f"not asked yet, possible {until}" if is_open else f"never asked ({until})"
        what = "the answers do not tell this day" if tries == sent else reason
        attempts = "1 attempt" if tries == 1 else f"{tries} attempts"
        return f"{what} ({attempts}, last {last:%Y-%m-%d %H:%M} UTC; {until})"

    def _read_attempts(self, request: ClarityRequest) -> dict[date, tuple[int, int, datetime, str | None]]:
        """By day: attempts, answered ones, the last one's instant, and what became of it."""
        rows = self.con.execute(
            """with attempt as (
                   select for_date, reserved_at as tried_at, outcome,
                          coalesce(error, if(outcome = 'reserved', $interrupted, outcome)) as reason
                   from ops.api_request where project_id = $project and request = $name
                   union all
                   select for_date, refused_at, 'refused', reason
                   from ops.clarity_refusal where project_id = $project and request = $name)
               select for_date, count(*), count(*) filter (outcome = 'answered'), max(tried_at),
                      arg_max(reason, tried_at)
               from attempt group by for_date""",
            {"project": self.project_id, "name": request.name, "interrupted": INTERRUPTED},
        ).fetchall()
        return {day: tuple(told) for day, *told in rows}


def with_figures(state: DayState, totals: Totals, rows: int) -> DayState:
    """The state with its row count and refused keys; these become its cause."""
    cause = state.cause
    if totals.refused:
        named = "; ".join(totals.refused[:NAMED_KEYS]) + ("; …" if len(totals.refused) > NAMED_KEYS else "")
        cause = f"refused {len(totals.refused)} of {rows} keys, whose difference is below zero: {named}"
    elif state.is_truncated:
        cause = "the answer was cut at 1,000 rows a metric: its rows are a sample"
    return replace(state, row_count=rows, refused_keys=len(totals.refused), cause=cause)


def _instant(epoch_s: int) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)
