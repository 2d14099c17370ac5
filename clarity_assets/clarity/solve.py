"""Solve days: the stored windows of all requests in, how a day is known, or what to ask so that it will be, out."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property

import duckdb

from clarity_assets.clarity import store
from clarity_assets.clarity.kept import deleted_answers
from clarity_assets.clarity.payload import read_totals
from clarity_assets.clarity.reading import page_rule
from clarity_assets.clarity.requests import ClarityRequest
from clarity_assets.clarity.totals import Totals, combine, roll_up
from clarity_assets.clarity.windows import ASKED, DAY_S, Arc, Path, Plan, Windows, is_better, plan
from clarity_assets.settings import Settings
from clarity_assets.warehouse.query import one

JUST_ASKED_S = 15 * 60  # asked again within this time, a window would tell the same
CACHED_ANSWERS = 8  # a path of 72 h minus two days, for the two or three days that one answer brings


@dataclass(frozen=True)
class Solution:
    """How a day is known: a path of one request's answers, and whether it is rolled up from a finer request."""

    path: Path
    source: ClarityRequest


@dataclass
class Solver:
    """Solves one project's days within one open transaction; `known_totals` are of answers read a moment ago, by id.

    `without` names answers whose windows are not looked at.
    """

    con: duckdb.DuckDBPyConnection
    settings: Settings
    now: datetime
    project_id: str
    requests: tuple[ClarityRequest, ...]
    known_totals: dict[str, Totals] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    _windows: dict[str, Windows] = field(default_factory=dict)
    _read: OrderedDict[str, Totals] = field(default_factory=OrderedDict)
    _asked: dict[str, tuple[set[int], Windows]] = field(default_factory=dict)

    def windows(self, request: ClarityRequest) -> Windows:
        """All usable windows of a request, read once."""
        if request.name not in self._windows:
            arcs = store.load_arcs(self.con, self.project_id, request.name)
            self._windows[request.name] = Windows(
                [arc for arc in arcs if arc.answer_id not in self.without],
                skew_tolerance_s=self.settings.skew_tolerance_s,
                max_arcs=self.settings.max_arcs,
                min_coverage=self.settings.min_coverage,
            )
        return self._windows[request.name]

    @cached_property
    def deleted(self) -> frozenset[str]:
        """The answers whose bodies retention has deleted. Their windows still say how a day is known."""
        return deleted_answers(self.con, self.project_id)

    @cached_property
    def of_the_kept(self) -> "Solver":
        """A solver that knows the answers alone that can be read."""
        if not self.deleted or self.without:
            return self
        return replace(self, without=self.deleted, _windows={}, _read=OrderedDict(), _asked={})

    def rests_on_deleted(self, solution: Solution) -> bool:
        """Whether an answer of the path cannot be read any more."""
        return any(arc.answer_id in self.deleted for _, arc in solution.path.steps)

    def solve(self, request: ClarityRequest, day: date) -> Solution | None:
        """How the day is known: from the request's own answers, or rolled up from a finer one's.

        The roll-up is taken where there is nothing else, and where its edges are clearly nearer to the day's.
        """
        own = self.windows(request).best_path(day)
        if own is not None and self.windows(request).is_settled(own, day):
            return Solution(own, request)
        rolled = self.rolled_up(request, day)
        if own is None or (rolled is not None and is_better(rolled.path, own, day)):
            return rolled
        return Solution(own, request)

    def rolled_up(self, request: ClarityRequest, day: date) -> Solution | None:
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
        if self.of_the_kept is not self:
            return self.of_the_kept.plan(request, day)
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


def solved_totals(request: ClarityRequest, solution: Solution, parts: Iterable[tuple[int, Totals]]) -> Totals:
    """The totals of a day from its path's signed parts: one window as told, several combined, a finer one rolled up."""
    parts = list(parts)
    if solution.source != request:
        keep = tuple(solution.source.dimensions.index(d) for d in request.dimensions)
        return combine([(sign, roll_up(totals, keep)) for sign, totals in parts])
    return parts[0][1] if len(parts) == 1 else combine(parts)
