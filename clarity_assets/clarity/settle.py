"""Settle what is known: stored answers in, a status for every day and the landing rows of the known ones out.

The result depends on the stored answers and the settings alone (and, for pending against lost, on the instant), not
on the order in which answers came: settling after each answer and settling everything anew give the same rows.
"""

import math
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

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
)
from clarity_assets.settings import Settings
from clarity_assets.warehouse.query import one

CACHED_ANSWERS = 8  # a path of 72 h minus two days, for the two or three days that one answer brings
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

        Looks at every day that is not final, at the final ones within `near` (or all of them), and at the day
        `also`, which may lie before the first one that anything is known of.
        """
        own = self._by_name[name]
        changed = self._settle_one(own, also=also, near=near, everything=everything)
        for coarser in self.requests:
            if own.rolls_up_to(coarser):
                changed += self._settle_one(coarser, near=near, everything=everything)
        return changed

    def settle_all(self) -> list[DayState]:
        """Settle every request's days that are not final; returns the days that changed."""
        return [state for request in self.requests for state in self._settle_one(request)]

    def _settle_one(self, request: ClarityRequest, *, also=None, near=None, everything=False) -> list[DayState]:
        if everything:
            before, closed = store.load_days(self.con, self.project_id, request.name), set()
        else:
            before, closed = store.load_open_days(self.con, self.project_id, request.name, near=near)
        self._attempts.pop(request.name, None)  # the ledger may have changed since the last settling
        changed = []
        for day in self.days(request, {*before, also} - {None}):
            if day in closed:
                continue
            old = before.get(day)
            new = self._settled_day(request, day, old)
            if new != old:
                changed.append(new)
        store.save_days(self.con, changed)
        return changed

    def _settled_day(self, request: ClarityRequest, day: date, old: DayState | None) -> DayState:
        """The day's state now; writes its landing rows where they are others than before."""
        solution = self.solve(request, day)
        if solution is None:
            new = self.unknown_state(request, day)
            if old is not None and old.is_known:
                store.replace_landing(self.con, new, request, Totals())
            return new
        new = self.known_state(request, day, solution)
        same = old is not None and (old.status, old.answers, old.rolled_up_from) == (
            new.status, new.answers, new.rolled_up_from)  # fmt: skip
        if same:
            cause = new.cause if new.rolled_up_from else old.cause
            return replace(new, refused_keys=old.refused_keys, row_count=old.row_count, cause=cause)
        totals = self.totals_of(request, solution)
        rows = store.replace_landing(self.con, new, request, totals)
        return with_figures(new, totals, rows)

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
        """How the day is known: from the request's own answers, else rolled up from a finer request's."""
        own = self.windows(request).best_path(day)
        if own is not None:
            return Solution(own, request)
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

        None where nothing asked now would do that; never what was answered a moment ago.
        """
        if request.name not in self._asked:
            self._asked[request.name] = self._read_asked(request)
        answered, with_all = self._asked[request.name]
        if with_all.best_path(day) is None:
            return None  # what all windows together do not tell, no choice of them does
        found = plan(self.windows(request), day, now=self.now, without=answered)
        known = self.windows(request).best_path(day)
        return found if found is not None and is_better(found.path, known, day) else None

    def _read_asked(self, request: ClarityRequest) -> tuple[set[int], Windows]:
        """The numbers of days answered a moment ago, and the windows with all others that could be asked now."""
        rows = self.con.execute(
            """select num_of_days from ops.clarity_answer where project_id = ? and request = ?
               and abs(epoch(window_end) - ?) <= ?""",
            [self.project_id, request.name, self.now.timestamp(), self.settings.skew_tolerance_s],
        ).fetchall()
        answered = {num_of_days for (num_of_days,) in rows}
        end = int(self.now.timestamp())
        asked = [Arc(end - n * DAY_S, end, f"{ASKED}{n}") for n in sorted({1, 2, 3} - answered)]
        return answered, self.windows(request).with_arcs(asked)

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
                   select for_date, reserved_at as tried_at, outcome, coalesce(error, outcome) as reason
                   from ops.api_request where project_id = $project and request = $name
                   union all
                   select for_date, refused_at, 'refused', reason
                   from ops.clarity_refusal where project_id = $project and request = $name)
               select for_date, count(*), count(*) filter (outcome = 'answered'), max(tried_at),
                      arg_max(reason, tried_at)
               from attempt group by for_date""",
            {"project": self.project_id, "name": request.name},
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
