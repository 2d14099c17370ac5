"""The rows of an answer's nine metrics in, totals per raw key out."""

import math
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from clarity_assets.clarity.pages import redact_text
from clarity_assets.clarity.totals import AVERAGES, PLACE, WIDTH, Key, Row

SIGNAL_BLOCKS = {
    "deadclickcount": "dead_click",
    "rageclickcount": "rage_click",
    "quickbackclick": "quick_back",
    "excessivescroll": "excessive_scroll",
    "scripterrorcount": "script_error",
    "errorclickcount": "error_click",
}
VALUE_BLOCKS = ("traffic", "engagementtime", "scrolldepth")
KNOWN_BLOCKS = (*SIGNAL_BLOCKS, *VALUE_BLOCKS)
"""The nine metrics, in our spelling: lower case, without spaces."""

# The API's two spellings of a field meet here and nowhere else.
ALIASES = {"distinctUserCount": "distantUserCount", "pagesPerSessionPercentage": "PagesPerSessionPercentage"}

PERCENTAGES = frozenset({"sessionsWithMetricPercentage", "averageScrollDepth"})  # pagesPerSession… is a plain ratio

_SIGNAL_PLACES = [(name, PLACE[f"{signal}_count"]) for name, signal in SIGNAL_BLOCKS.items()]
_AVERAGE_PLACES = [PLACE[name] for name in AVERAGES[1:]]
_PAGES = PLACE["pages_per_session"]
SHOWN_CHARACTERS = 80  # of a value in an error
_UNTOLD = math.nan  # an average whose block is absent or cut: unknown, unlike None (told as null: nothing to average)

Figures = tuple[float | None, ...]


class PayloadProblem(ValueError):
    """An answer that is a list of blocks but cannot be trusted: to be quarantined, with the reason."""


def shown(value: object) -> str:
    """A value of an answer as an error may show it: short, and without what looks like a query string."""
    return textwrap.shorten(redact_text(repr(value)[:SHOWN_CHARACTERS]), SHOWN_CHARACTERS)


def _signal(rows: list[dict]) -> Iterable[Figures]:
    """Occurrences, page views, affected sessions and all sessions."""
    sessions, percents = _numbers(rows, "sessionsCount"), _numbers(rows, "sessionsWithMetricPercentage")
    affected = [
        None if count is None or percent is None else round(count * percent / 100)
        for count, percent in zip(sessions, percents, strict=True)
    ]
    return zip(_numbers(rows, "subTotal"), _numbers(rows, "pagesViews"), affected, sessions, strict=True)


def _traffic(rows: list[dict]) -> Iterable[Figures]:
    """Sessions, bot sessions, pages, sessions that saw them (bots in); pages per session and visitors as told."""
    names = ("totalSessionCount", "totalBotSessionCount", "pagesPerSessionPercentage", "distinctUserCount")
    for sessions, bots, ratio, visitors in zip(*(_numbers(rows, name) for name in names), strict=True):
        both = 0.0 if sessions is None or ratio is None else sessions + (bots or 0)
        yield sessions, bots, (ratio or 0) * both, both, ratio, None if visitors is None else int(visitors)


def _times(rows: list[dict]) -> Iterable[Figures]:
    return zip(_numbers(rows, "totalTime"), _numbers(rows, "activeTime"), strict=True)


def _scroll(rows: list[dict]) -> Iterable[Figures]:
    return zip(_numbers(rows, "averageScrollDepth"), strict=True)


@dataclass(frozen=True, slots=True)
class _Metric:
    """How a block is read: rows to figures, and what it tells of a key without a row.

    A complete block says that there was `nothing` of a key it leaves out; of a cut or absent one that is `unknown`.
    """

    read: Callable[[list[dict]], Iterable[Figures]]
    nothing: Figures
    unknown: Figures


METRICS = dict.fromkeys(SIGNAL_BLOCKS, _Metric(_signal, (0.0, 0.0, 0.0, None), (None,) * 4)) | {
    "traffic": _Metric(_traffic, (0.0, 0.0, 0.0, 0.0, None, None), (None, None, None, None, _UNTOLD, None)),
    "engagementtime": _Metric(_times, (None,) * 2, (_UNTOLD,) * 2),
    "scrolldepth": _Metric(_scroll, (None,), (_UNTOLD,)),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What one block tells of each raw key, and of every other."""

    by_key: dict[Key, Figures]
    of_others: Figures

    @classmethod
    def read(cls, name: str, found: tuple[list[Key], list[dict]] | None, *, is_cut: bool) -> "Told":
        """From the block's keys and rows; None where it is absent. Raises PayloadProblem where they are unsound."""
        metric = METRICS[name]
        if found is None:
            return cls({}, metric.unknown)
        keys, rows = found
        by_key = dict(zip(keys, metric.read(rows), strict=True))
        if len(by_key) < len(keys):
            twice = next(key for i, key in enumerate(keys) if key in keys[:i])
            raise PayloadProblem(f"the row of {shown(twice)} stands twice in {name}")
        return cls(by_key, metric.unknown if is_cut else metric.nothing)

    def of(self, key: Key) -> Figures:
        return self.by_key.get(key, self.of_others)


def row_of(key: Key, told: dict[str, Told]) -> Row:
    """One raw key's totals over the nine blocks."""
    values: list[float | None] = [None] * WIDTH
    denominator = None
    for name, place in _SIGNAL_PLACES:
        *values[place : place + 3], sessions = told[name].of(key)
        denominator = sessions if denominator is None else denominator
    values[0], values[1], values[_PAGES], values[_PAGES + 1], ratio, visitors = told["traffic"].of(key)
    weight = denominator if values[0] is None else values[0]
    averages = (*told["engagementtime"].of(key), *told["scrolldepth"].of(key))
    for place, value in zip(_AVERAGE_PLACES, averages, strict=True):
        _weigh(values, place, value, weight)
    return Row(values, visitors, tuple([None if v is _UNTOLD else v for v in (ratio, *averages)]))


def places_of(block: str) -> frozenset[int]:
    """The places of the totals that a block fills (weights count to the average they carry)."""
    if block in SIGNAL_BLOCKS:
        first = PLACE[f"{SIGNAL_BLOCKS[block]}_count"]
        return frozenset((first, first + 1, first + 2))
    if block == "traffic":
        pages = PLACE["pages_per_session"]
        return frozenset((PLACE["sessions"], PLACE["bot_sessions"], pages, pages + 1))
    names = ("scroll_depth_pct",) if block == "scrolldepth" else ("total_time_s", "active_time_s")
    return frozenset(i for name in names for i in (PLACE[name], PLACE[name] + 1))


def _weigh(values: list, place: int, value: float | None, weight: float | None) -> None:
    """Put value x weight and weight at their places: both unknown where either is, zero where nothing is averaged."""
    if value is None and not weight:
        values[place] = values[place + 1] = 0.0
    elif value is not _UNTOLD and value is not None and weight is not None:
        values[place], values[place + 1] = value * weight, weight


def _numbers(rows: list[dict], name: str) -> list[float | None]:
    """A field of all rows as numbers: ints, floats and their texts alike; null and absent are None.

    Raises PayloadProblem for anything else, and for what no count, percentage or average can be.
    """
    values = [row.get(name) for row in rows]
    if name in ALIASES and None in values:
        values = [row.get(ALIASES[name]) if value is None else value for value, row in zip(values, rows, strict=True)]
    numbers: list[float | None] = []
    most = 100.0 if name in PERCENTAGES else 1e15
    try:
        for value in values:
            number = float(value) if value.__class__ is str else value
            if number is not None and (not 0 <= number <= most or number.__class__ is bool):
                raise ValueError
            numbers.append(number)
    except (ValueError, TypeError):
        raise PayloadProblem(f"{name} = {shown(value)} is no number from 0 to {most:g}") from None
    return numbers
