"""The window algebra: stored windows in, the signed windows that tell one UTC day out.

An answer's window is an arc from its start to its end (+1) and back (-1). A path from an edge near a day's start to
an edge near its end is a way to know that day: one arc measures it, several derive it.
"""

import heapq
import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import combinations, count

DAY_S = 86_400
HOUR_S = 3_600
REACH_S = 3 * DAY_S  # the API looks back 72 h at the most (Data Export docs, 2025-12)

# A longer path must bring its edges at least this much nearer to the day's (both ends together): a day collected
# at 01:00 is 2 h off and must not be traded for arithmetic that is 1 h off.
ALIGNMENT_SLACK_S = 3 * HOUR_S


@dataclass(frozen=True, slots=True, order=True)
class Arc:
    """One usable answer: its window [start, end) in epoch seconds."""

    start: int
    end: int
    answer_id: str
    is_truncated: bool = False


@dataclass(frozen=True, slots=True)
class Path:
    """Signed arcs whose sum is the window [start, end); `skew_s` adds up the gaps between edges taken for one."""

    steps: tuple[tuple[int, Arc], ...]
    start: int
    end: int
    skew_s: int = 0

    @property
    def is_truncated(self) -> bool:
        return any(arc.is_truncated for _, arc in self.steps)

    @property
    def is_measured(self) -> bool:
        return len(self.steps) == 1

    @property
    def signed_ids(self) -> tuple[str, ...]:
        """`+id` and `-id` of the answers, in the path's order."""
        return tuple(("+" if sign > 0 else "-") + arc.answer_id for sign, arc in self.steps)

    def coverage(self, day: date) -> float:
        """Share (0-1) of the UTC day inside [start, end)."""
        low, high = day_bounds(day)
        return max(0, min(self.end, high) - max(self.start, low)) / DAY_S

    def misalignment_s(self, day: date) -> int:
        """Seconds by which both edges miss the day's, added."""
        low, high = day_bounds(day)
        return abs(self.start - low) + abs(self.end - high)


def day_bounds(day: date) -> tuple[int, int]:
    """The UTC day as [start, end) in epoch seconds."""
    start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    return start, start + DAY_S


def newest_complete_day(now: datetime) -> date:
    """The last UTC day that is over at `now`."""
    return now.date() - timedelta(days=1)


class Windows:
    """All usable answers of one request, ready to be asked for days.

    `skew_tolerance_s`: edges this near are taken for one. `max_arcs`: the longest path. `min_coverage`: the share of
    the day that must be covered; as much again may lie outside of it.
    """

    def __init__(self, arcs: Iterable[Arc], *, skew_tolerance_s: float, max_arcs: int, min_coverage: float):
        self._tolerance_s = skew_tolerance_s
        self._max_arcs = max_arcs
        self._limit_s = round((1 - min_coverage) * DAY_S)
        self._set_arcs(arcs)

    def _set_arcs(self, arcs: Iterable[Arc]) -> None:
        self.arcs = sorted(arcs)
        edges = [(arc.start, 1, arc) for arc in self.arcs] + [(arc.end, -1, arc) for arc in self.arcs]
        self._edges = sorted(edges, key=lambda e: e[0])
        self._times = [e[0] for e in self._edges]

    def best_path(self, day: date) -> Path | None:
        """How the day is known best, or None.

        Complete answers come before truncated ones (which may only measure, never be subtracted); then, among paths
        whose edges are nearest to the day's (within ALIGNMENT_SLACK_S): fewest arcs, least skew, nearest edges.
        """
        single = [Path(((1, arc),), arc.start, arc.end) for arc in self._arcs_near(day)]
        single = [path for path in single if self._tells(path, day)]
        complete = [path for path in single if not path.is_truncated]
        if not any(path.misalignment_s(day) <= ALIGNMENT_SLACK_S for path in complete):
            complete += [path for path in self._paths(day) if self._tells(path, day)]
        candidates = complete or single
        if not candidates:
            return None
        nearest = min(path.misalignment_s(day) for path in candidates)
        return min(
            (path for path in candidates if path.misalignment_s(day) <= nearest + ALIGNMENT_SLACK_S),
            key=lambda path: (
                len(path.steps),
                path.skew_s,
                path.misalignment_s(day),
                path.start,
                path.signed_ids,
            ),
        )

    def is_settled(self, path: Path, day: date) -> bool:
        """Whether no later answer can bring a path other than one straight window with edges near this day's."""
        return path.is_measured and not path.is_truncated and path.misalignment_s(day) <= ALIGNMENT_SLACK_S

    def with_arcs(self, arcs: Iterable[Arc]) -> "Windows":
        """The same windows and these."""
        more = Windows.__new__(Windows)
        more._tolerance_s, more._max_arcs, more._limit_s = self._tolerance_s, self._max_arcs, self._limit_s
        more._set_arcs([*self.arcs, *arcs])
        return more

    def _tells(self, path: Path, day: date) -> bool:
        low, high = day_bounds(day)
        missing_s = max(0, path.start - low) + max(0, high - path.end)
        foreign_s = max(0, low - path.start) + max(0, path.end - high)
        return path.start < path.end and missing_s <= self._limit_s and foreign_s <= self._limit_s

    def _near(self, time_s: int, within_s: float) -> Iterator[tuple[int, int, Arc]]:
        yield from self._edges[
            bisect_left(self._times, time_s - within_s) : bisect_right(self._times, time_s + within_s)
        ]

    def _arcs_near(self, day: date) -> list[Arc]:
        low, _ = day_bounds(day)
        return [arc for _, sign, arc in self._near(low, self._limit_s) if sign > 0]

    def _paths(self, day: date) -> Iterator[Path]:
        """The shortest path between each edge near the day's start and each edge near its end."""
        low, high = day_bounds(day)
        ends = {t for t, _, _ in self._near(high, self._limit_s)}
        for start in sorted({t for t, _, _ in self._near(low, self._limit_s)}):
            yield from self._shortest(start, ends - {start})

    def _shortest(self, start: int, ends: set[int]) -> Iterator[Path]:
        """Dijkstra over (number of arcs, skew) from one edge; complete answers only, at most `max_arcs`."""
        best: set[int] = set()
        order = count()  # keeps equal entries in the order of the edges, which is fixed
        queue: list[tuple[int, int, int, int, tuple | None]] = [(0, 0, start, next(order), None)]
        left = set(ends)
        while queue and left:
            arcs, skew, time_s, _, trail = heapq.heappop(queue)
            if time_s in best:
                continue
            best.add(time_s)
            if time_s in left:
                left.discard(time_s)
                yield Path(_unwind(trail), start, time_s, skew)
            if arcs == self._max_arcs:
                continue
            for edge, sign, arc in self._near(time_s, self._tolerance_s if arcs else 0):
                target = arc.end if sign > 0 else arc.start
                if not arc.is_truncated and target not in best:
                    entry = (arcs + 1, skew + abs(edge - time_s), target, next(order), (trail, sign, arc))
                    heapq.heappush(queue, entry)


def _unwind(trail: tuple | None) -> tuple[tuple[int, Arc], ...]:
    steps = []
    while trail is not None:
        trail, sign, arc = trail
        steps.append((sign, arc))
    return tuple(reversed(steps))


# --- asking -------------------------------------------------------------------------------------------------------

ASKED = "(asked now)"


@dataclass(frozen=True, slots=True)
class Plan:
    """Which windows (numbers of days) to ask for now so that a day becomes known, and the path they would give."""

    num_of_days: tuple[int, ...]
    path: Path


def plan(windows: Windows, day: date, *, now: datetime, without: Iterable[int] = ()) -> Plan | None:
    """The fewest requests that make the day known as well as it can be now, or None where nothing asked now would.

    The best alignment that any choice of windows reaches sets the measure; among choices within ALIGNMENT_SLACK_S of
    it: fewest requests, fewest arcs, nearest edges. Numbers of days in `without` are not asked.
    """
    lengths = [n for n in (1, 2, 3) if n not in set(without)]
    end = int(now.timestamp())
    found: list[Plan] = []
    for size in (1, 2, 3):
        for chosen in combinations(lengths, size):
            asked = [Arc(end - n * DAY_S, end, f"{ASKED}{n}") for n in chosen]
            path = windows.with_arcs(asked).best_path(day)
            if path is not None and not path.is_truncated:
                found.append(Plan(chosen, path))
    if not found:
        return None
    nearest = min(p.path.misalignment_s(day) for p in found)
    return min(
        (p for p in found if p.path.misalignment_s(day) <= nearest + ALIGNMENT_SLACK_S),
        key=lambda p: (len(p.num_of_days), len(p.path.steps), p.path.misalignment_s(day), p.num_of_days),
    )


def is_better(path: Path, other: Path, day: date) -> bool:
    """Whether a path's edges are nearer to the day's by more than the slack."""
    return path.misalignment_s(day) + ALIGNMENT_SLACK_S < other.misalignment_s(day)


def reach_of_an_answer(max_arcs: int) -> timedelta:
    """How far before an answer's window the days end that it can help to tell: a path leads there and back."""
    return timedelta(seconds=math.ceil(max_arcs / 2) * REACH_S)


def last_chance(day: date, *, min_coverage: float) -> datetime:
    """The instant after which windows asked anew no longer cover the day well enough."""
    low, _ = day_bounds(day)
    return datetime.fromtimestamp(low + REACH_S + round((1 - min_coverage) * DAY_S), UTC)
