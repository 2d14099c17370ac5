"""Settle what is known: stored answers in, a status for every day and the landing rows of the known ones out.

The result depends on the stored answers and the settings alone (and, for pending against lost, on the instant), not
on the order in which answers came: settling after each answer and settling everything anew give the same rows.
"""

import math
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

import duckdb

from clarity_assets.clarity import store
from clarity_assets.clarity.pages import PageRule
from clarity_assets.clarity.payload import read_totals
from clarity_assets.clarity.requests import ClarityRequest, all_requests
from clarity_assets.clarity.store import DERIVED, LOST, MEASURED, PENDING, DayState
from clarity_assets.clarity.totals import Totals, combine, roll_up
from clarity_assets.clarity.windows import (
    ASKED,
    DAY_S,
    Arc,
    Path,
    Plan,
    Windows,
    is_better,
    last_chance,
    newest_complete_day,
    plan,
    reach_of_an_answer,
)
from clarity_assets.settings import Settings
from clarity_assets.warehouse.query import one

JUST_ASKED_S = 15 * 60  # asked again within this time, a window would tell the same
CACHED_ANSWERS = 8  # a path of 72 h minus two days, for the two or three days that one answer brings
INTERRUPTED = "interrupted after its slot was reserved; it may have been spent"
NAMED_KEYS = 3  # how many refused keys a cause spells out


@dataclass(frozen=True)
class Solution:
    """How a day is known: a path of one request's answers, and whether it is rolled up from a finer request."""

    path: Path
    source: ClarityRequest


@dataclass
class Settlement:
    """The state of one project's days, within one open transaction.

    `known_totals` are totals of answers that were read a moment ago, by answer id.
    """

    con: duckdb.DuckDBPyConnection
    settings: Settings
    now: datetime
    known_totals: dict[str, Totals] = field(default_factory=dict)
    _windows: dict[str, Windows] = field(default_factory=dict)
    _read: OrderedDict[str, Totals] = field(default_factory=OrderedDict)
    _first_days: dict[tuple[str, ...], date | None] = field(default_factory=dict)
    _attempts: dict[str, dict[date, tuple]] = field(default_factory=dict)
    _asked: dict[str, tuple[set[int], Windows]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.project_id = self.settings.need_project()
        self.requests = all_requests(extras=self.settings.extra_requests, order=self.settings.request_order)
        self._by_name = {request.name: request for request in self.requests}

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
        if everything:
            before, closed = store.load_days(self.con, self.project_id, request.name), set()
        else:
            reach = reach_of_an_answer(self.settings.max_arcs)
            before, closed = store.load_open_days(
                self.con, self.project_id, request.name, also=also, near=near, reach=reach
            )
        self._attempts.pop(request.name, None)  # the ledger may have changed since the last settling
        changed = []
        for day in self.days(request, {*before, also} - {None}):
            if day in closed:
                continue
            old = before.get(day)
            new = self.settled_day(request, day, old)
            if new != old:
                changed.append(new)
        store.save_days(self.con, changed)
        return changed

    def settled_day(self, request: ClarityRequest, day: date, old: DayState | None = None) -> DayState:
        """The day's state now; writes its landing rows where they are others than before."""
        solution = self.solve(request, day)
        if solution is None:
            return self._forgotten(request, day, old)
        new = self.known_state(request, day, solution)
        same = old is not None and (old.status, old.answers, old.rolled_up_from) == (
            new.status, new.answers, new.rolled_up_from)  # fmt: skip
        if same:
            cause = new.cause if new.rolled_up_from else old.cause
            return replace(new, refused_keys=old.refused_keys, row_count=old.row_count, cause=cause)
        totals = self.totals_of(request, solution)
        if totals.is_refused:
            solution = self._rolled_up(request, day) if solution.source == request else None
            totals = self.totals_of(request, solution) if solution else totals
            if totals.is_refused:
                return self._forgotten(request, day, old, f"every difference is below zero ({totals.refused[0]})")
            new = self.known_state(request, day, solution)
        rows = store.replace_landing(self.con, new, request, totals)
        return with_figures(new, totals, rows)

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
            is_final=not rolled_up and self.windows(request).is_settled(path, day),
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

    # --- solving ------------------------------------------------------------------------------------------------

    def windows(self, request: ClarityRequest) -> Windows:
        """All usable windows of a request, read once."""
        if request.name not in self._windows:
            self._windows[request.name] = Windows(
                store.load_arcs(self.con, self.project_id, request.name),
                skew_tolerance_s=self.settings.skew_tolerance_s,
                max_arcs=self.settings.max_arcs,
                min_coverage=self.settings.min_coverage,
            )
        return self._windows[request.name]

    def solve(self, request: ClarityRequest, day: date) -> Solution | None:
        """How the day is known: from the request's own answers, or rolled up from a finer one's.

        The roll-up is taken where there is nothing else, and where its edges are clearly nearer to the day's.
        """
        own = self.windows(request).best_path(day)
        if own is not None and self.windows(request).is_settled(own, day):
            return Solution(own, request)
        rolled = self._rolled_up(request, day)
        if own is None or (rolled is not None and is_better(rolled.path, own, day)):
            return rolled
        return Solution(own, request)

    def _rolled_up(self, request: ClarityRequest, day: date) -> Solution | None:
        """The best roll-up to the request from a finer one's complete answers."""
        rolled = [
            Solution(path, finer)
            for finer in self.requests
            if finer.rolls_up_to(request)
            and (path := self.windows(finer).best_path(day)) is not None
            and not path.is_truncated
        ]
        return min(
            rolled,
            key=lambda s: (
                len(s.path.steps),
                s.path.skew_s,
                s.path.misalignment_s(day),
                len(s.source.dimensions),
                s.source.name,
            ),
            default=None,
        )

    def plan(self, request: ClarityRequest, day: date) -> Plan | None:
        """What to ask now so that the request's day becomes known, or known for clearly more of its hours.

        A day that is rolled up is also worth a straight window of its own, which tells visitors. None where nothing
        asked now would help; never what was answered a moment ago (`JUST_ASKED_S`).
        """
        if request.name not in self._asked:
            self._asked[request.name] = self._read_asked(request)
        answered, with_all = self._asked[request.name]
        if with_all.best_path(day) is None:
            return None  # what all windows together do not tell, no choice of them does
        found = plan(self.windows(request), day, now=self.api_now, without=answered)
        known = self.solve(request, day)
        if found is None or known is None or is_better(found.path, known.path, day):
            return found
        is_measured_at_last = known.source != request and found.path.is_measured
        return found if is_measured_at_last and not is_better(known.path, found.path, day) else None

    def _read_asked(self, request: ClarityRequest) -> tuple[set[int], Windows]:
        """The numbers of days answered a moment ago, and the windows with all others that could be asked now."""
        rows = self.con.execute(
            """select num_of_days from ops.api_request where project_id = ? and request = ? and outcome = 'answered'
               and abs(epoch(reserved_at) - ?) <= ?""",
            [self.project_id, request.name, self.now.timestamp(), max(JUST_ASKED_S, self.settings.skew_tolerance_s)],
        ).fetchall()
        answered = {num_of_days for (num_of_days,) in rows}
        end = int(self.api_now.timestamp())
        asked = [Arc(end - n * DAY_S, end, f"{ASKED}{n}") for n in sorted({1, 2, 3} - answered)]
        return answered, self.windows(request).with_arcs(asked)

    @cached_property
    def api_now(self) -> datetime:
        """Now by the API's clock, as far as its last answer tells: the windows end by its clock, not by ours."""
        row = one(
            self.con,
            """select epoch(window_end) - epoch(received_at) from ops.clarity_answer
               where project_id = ? and origin = 'api' and window_end_source = 'server' and quarantine_reason is null
               order by received_at desc limit 1""",
            [self.project_id],
        )
        return self.now + timedelta(seconds=round(row[0])) if row else self.now

    def totals_of(self, request: ClarityRequest, solution: Solution) -> Totals:
        """The solved day's totals, from the stored answers."""
        parts = [(sign, self._answer_totals(arc.answer_id, solution.source)) for sign, arc in solution.path.steps]
        return solved_totals(request, solution, parts)

    def _answer_totals(self, answer_id: str, request: ClarityRequest) -> Totals:
        if answer_id in self.known_totals:
            return self.known_totals[answer_id]
        if answer_id not in self._read:
            stored = store.load_stored(self.con, answer_id)
            self._read[answer_id], _ = read_totals(stored, request, pages=page_rule(self.settings))
            if len(self._read) > CACHED_ANSWERS:
                self._read.popitem(last=False)
        self._read.move_to_end(answer_id)
        return self._read[answer_id]

    # --- what is not known --------------------------------------------------------------------------------------

    def unknown_state(self, request: ClarityRequest, day: date) -> DayState:
        """The state of a day that no path tells: pending while it can still be asked, else lost; with its cause."""
        chance = last_chance(day, min_coverage=self.settings.min_coverage)
        is_open = self.now <= chance or self.plan(request, day) is not None
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


def solved_totals(request: ClarityRequest, solution: Solution, parts: Iterable[tuple[int, Totals]]) -> Totals:
    """The totals of a day from its path's signed parts: one window as told, several combined, a finer one rolled up."""
    parts = list(parts)
    if solution.source != request:
        keep = tuple(solution.source.dimensions.index(d) for d in request.dimensions)
        return combine([(sign, roll_up(totals, keep)) for sign, totals in parts])
    return parts[0][1] if len(parts) == 1 else combine(parts)


def with_figures(state: DayState, totals: Totals, rows: int) -> DayState:
    """The state with its row count and refused keys; these become its cause."""
    cause = state.cause
    if totals.refused:
        named = "; ".join(totals.refused[:NAMED_KEYS]) + ("; …" if len(totals.refused) > NAMED_KEYS else "")
        cause = f"refused {len(totals.refused)} of {rows} keys, whose difference is below zero: {named}"
    elif state.is_truncated:
        cause = "the answer was cut at 1,000 rows a metric: its rows are a sample"
    return replace(state, row_count=rows, refused_keys=len(totals.refused), cause=cause)


def page_rule(settings: Settings) -> PageRule:
    return PageRule(keep_scheme=settings.page_keep_scheme, keep_host=settings.page_keep_host)


def _instant(epoch_s: int) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)
