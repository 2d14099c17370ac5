"""Additive totals per dimension values: what windows can add and subtract, and how they become landing columns."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from clarity_assets.clarity.columns import MEASURES, SIGNALS

COUNTS = ("sessions", "bot_sessions") + tuple(
    f"{signal}_{suffix}" for signal in SIGNALS for suffix in ("count", "pageviews", "sessions")
)
"""Columns that add up over windows as they are."""

AVERAGES = ("pages_per_session", "total_time_s", "active_time_s", "scroll_depth_pct")
"""Columns that add up over windows only as value x weight; the weight follows each in a row of totals."""

PLACE = {name: i for i, name in enumerate(COUNTS)} | {name: len(COUNTS) + 2 * i for i, name in enumerate(AVERAGES)}
WIDTH = len(COUNTS) + 2 * len(AVERAGES)

# One answer's blocks, and the windows of one evening, are computed at slightly different instants (measured on
# real answers: up to 1 %), so a difference may fall this share of its parts below zero and still mean none.
DRIFT = 0.01
# `round(sessions x percent)` from a percentage of two decimals is off by up to one session a window.
ROUNDED = frozenset(i for i, name in enumerate(COUNTS) if name.endswith("_sessions") and name != "bot_sessions")

Key = tuple[str | None, ...]


@dataclass(slots=True)
class Row:
    """Totals of one key: `values` has WIDTH places (None = not told).

    `direct` holds what only a single raw row of a single answer may say: the averages as told, and visitors.
    """

    values: list[float | None]
    visitors: int | None = None
    direct: tuple[float | None, ...] | None = None
    is_upper_bound: bool = False


@dataclass(slots=True)
class Totals:
    """Totals of one answer, or of a day solved from several; `missing` are the places of absent blocks."""

    rows: dict[Key, Row] = field(default_factory=dict)
    missing: frozenset[int] = frozenset()
    is_truncated: bool = False
    refused: list[str] = field(default_factory=list)

    @property
    def is_refused(self) -> bool:
        """Whether every key was refused: nothing is told at all."""
        return bool(self.refused) and len(self.refused) == len(self.rows)


def add_values(into: list[float | None], values: Iterable[float | None], sign: int = 1) -> None:
    """Add (or subtract) place by place; unknown plus anything is unknown."""
    for i, value in enumerate(values):
        known = into[i]
        into[i] = None if known is None or value is None else known + sign * value


def merge_rows(rows: list[Row]) -> Row:
    """Several rows of one answer as one: totals add up; visitors and told averages do not survive."""
    if len(rows) == 1:
        return rows[0]
    values: list[float | None] = [0.0] * WIDTH
    for row in rows:
        add_values(values, row.values)
    return Row(values, is_upper_bound=any(r.is_upper_bound for r in rows))


def roll_up(totals: Totals, keep: tuple[int, ...]) -> Totals:
    """Totals over the dimensions at the places `keep` alone; visitors never add up, so they are unknown.

    A roll-up to no dimension always has its one row, of zeros where there was no traffic.
    """
    groups: dict[Key, list[Row]] = {} if keep else {(): []}
    for key, row in totals.rows.items():
        groups.setdefault(tuple(key[i] for i in keep), []).append(row)
    rows = {}
    for key, members in groups.items():
        merged = merge_rows(members) if members else Row(_zeros(totals.missing))
        rows[key] = Row(list(merged.values), is_upper_bound=merged.is_upper_bound)
    return Totals(rows, totals.missing, totals.is_truncated)


def combine(parts: list[tuple[int, Totals]]) -> Totals:
    """The signed sum of several answers' totals: what happened in the hours that remain.

    A key that an answer does not list had nothing in its window (0); a block that an answer lacks makes its columns
    unknown. A value below zero beyond rounding and drift refuses the whole key: it stays as a row of unknowns and is
    named in `refused`. Keys where nothing happened are dropped.
    """
    missing = frozenset().union(*(totals.missing for _, totals in parts))
    sums: dict[Key, list[float | None]] = {}
    sizes: dict[Key, list[float]] = {}
    bounds: set[Key] = set()
    for sign, totals in parts:
        for key, row in totals.rows.items():
            if key not in sums:
                sums[key], sizes[key] = _zeros(missing), [0.0] * len(COUNTS)
            add_values(sums[key], row.values, sign)
            size = sizes[key]
            for i in range(len(COUNTS)):
                size[i] += row.values[i] or 0
            if row.is_upper_bound:
                bounds.add(key)
    result = Totals(missing=missing, is_truncated=any(t.is_truncated for _, t in parts))
    for key, values in sums.items():
        problem = _settle_negatives(values, sizes[key], windows=len(parts))
        if problem:
            result.refused.append(f"{' × '.join(str(k) for k in key) or 'total'}: {problem}")
            values = [None] * WIDTH
        elif key and not any(values):
            continue
        result.rows[key] = Row(values, is_upper_bound=key in bounds)
    return result


def _zeros(missing: frozenset[int]) -> list[float | None]:
    return [None if i in missing else 0.0 for i in range(WIDTH)]


def _settle_negatives(values: list[float | None], sizes: list[float], *, windows: int) -> str | None:
    """Lift values that are below zero by rounding or drift to 0; return what is below beyond that, if anything."""
    for i in range(len(COUNTS)):
        value = values[i]
        if value is None or value >= 0:
            continue
        if value < -(sizes[i] * DRIFT + (windows if i in ROUNDED else 0)):
            return f"{COUNTS[i]} = {value:.0f}"
        values[i] = 0.0
    for name in AVERAGES:
        place = PLACE[name]
        total, weight = values[place], values[place + 1]
        if total is not None and weight is not None and (total < 0 or weight < 0):
            values[place] = values[place + 1] = 0.0
    return None


_COUNT_PLACES = {name: PLACE[name] for name in COUNTS}
_AVERAGE_PLACES = tuple(PLACE[name] for name in AVERAGES)


def measures(totals: Totals) -> dict[str, list]:
    """The measure columns of a landing table, one list a column, in the order of `totals.rows`.

    Averages are divided last (weighted sum / weight) unless one raw row told them; a scroll depth that rounding
    carries out of 0-100 is unknown.
    """
    rows = list(totals.rows.values())
    columns: dict[str, list] = {
        name: [None if (v := row.values[place]) is None else round(v) for row in rows]
        for name, place in _COUNT_PLACES.items()
    }
    columns["visitors"] = [row.visitors for row in rows]
    for i, (name, place) in enumerate(zip(AVERAGES, _AVERAGE_PLACES, strict=True)):
        columns[name] = [
            row.direct[i] if row.direct is not None else _divide(row.values[place], row.values[place + 1])
            for row in rows
        ]
    columns["scroll_depth_pct"] = [
        None if v is not None and not 0 <= v <= 100 else v for v in columns["scroll_depth_pct"]
    ]
    return {column.name: columns[column.name] for column in MEASURES}


def _divide(total: float | None, weight: float | None) -> float | None:
    return total / weight if total is not None and weight else None
