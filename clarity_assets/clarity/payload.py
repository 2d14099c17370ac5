"""Turn one Clarity answer (bytes) into its stored form and into totals per dimension values."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain

import orjson

from clarity_assets.clarity.pages import PageRule, UrlRedactor, strip_query
from clarity_assets.clarity.requests import DIMENSIONS, ClarityRequest
from clarity_assets.clarity.totals import AVERAGES, PLACE, WIDTH, Key, Row, Totals, merge_rows
from clarity_assets.errors import UnusableAnswer

ROW_CAP = 1000  # rows a block, the kept ones arbitrary (Data Export docs, 2025-12; per block: measured)

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

TOP_LISTS = frozenset({"browser", "device", "os", "country", "pagetitle", "referrerurl", "popularpages"})
"""Top-10 lists of an answer without dimensions: kept in the stored answer, not used."""

# The API's two spellings meet here and nowhere else.
ALIASES = {"distinctUserCount": "distantUserCount", "pagesPerSessionPercentage": "PagesPerSessionPercentage"}
FIELDS = frozenset({
    "sessionsCount", "sessionsWithMetricPercentage", "sessionsWithoutMetricPercentage", "pagesViews", "subTotal",
    "averageScrollDepth", "totalSessionCount", "totalBotSessionCount", "distinctUserCount", "distantUserCount",
    "pagesPerSessionPercentage", "PagesPerSessionPercentage", "totalTime", "activeTime",
})  # fmt: skip
DIMENSION_KEYS = {d.key.lower(): d for d in DIMENSIONS.values()}


class PayloadProblem(ValueError):
    """An answer that is a list of blocks but cannot be trusted: to be quarantined, with the reason."""


@dataclass(slots=True)
class Blocks:
    """One answer's nine metrics: block -> raw keys and rows, side by side; plus what was odd about it."""

    rows: dict[str, tuple[list[Key], list[dict]]] = field(default_factory=dict)
    truncated: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    row_count: int = 0


def stored_form(body: bytes) -> bytes:
    """The answer as it is kept: compact JSON without query strings, fragments or credentials in any URL.

    Raises UnusableAnswer for an empty body, text that is no JSON, and JSON that is no list of metric blocks.
    """
    if not body.strip():
        raise UnusableAnswer("the answer's body is empty")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        kind = "an HTML page" if body.lstrip()[:1] == b"<" else f"no JSON ({error})"
        raise UnusableAnswer(f"the answer is {kind}") from None
    redact = UrlRedactor()
    for block in _blocks_of(value):
        for row in block["information"]:
            for key, text in row.items():
                if isinstance(text, str) and ("://" in text or key == "Url") and block["metricName"] != "PageTitle":
                    row[key] = redact(text)
    return orjson.dumps(value)


def _blocks_of(value: object) -> list[dict]:
    """The answer's blocks. Raises UnusableAnswer where the value is not shaped like an answer."""
    if not isinstance(value, list) or not value:
        shown = f"{type(value).__name__}" + (f" with keys {sorted(value)[:5]}" if isinstance(value, dict) else "")
        raise UnusableAnswer(f"the answer is JSON but no list of metric blocks ({shown or 'empty'})")
    for block in value:
        if not (
            isinstance(block, dict)
            and isinstance(block.get("metricName"), str)
            and isinstance(block.get("information"), list)
            and all(isinstance(row, dict) for row in block["information"])
        ):
            raise UnusableAnswer("the answer has a block without metricName or a list of rows under information")
    if not any(_spelling(block["metricName"]) in KNOWN_BLOCKS for block in value):
        names = ", ".join(block["metricName"] for block in value[:5])
        raise UnusableAnswer(f"the answer has none of the nine metrics (it has {names}; a mobile-app project?)")
    return value


def _spelling(name: str) -> str:
    return name.replace(" ", "").lower()


def read_blocks(stored: bytes, request: ClarityRequest) -> Blocks:
    """The nine metrics' rows by raw key.

    Raises PayloadProblem where a requested dimension is missing from the rows, or another one is in them.
    """
    blocks = Blocks()
    wanted = tuple(DIMENSIONS[d].key for d in request.dimensions)
    for block in _blocks_of(orjson.loads(stored)):
        name, information = _spelling(block["metricName"]), block["information"]
        if name not in KNOWN_BLOCKS:
            if name not in TOP_LISTS:
                blocks.warnings.append(f"unknown metric {block['metricName']!r} kept in the stored answer only")
            continue
        if len(information) >= ROW_CAP:
            blocks.truncated.append(block["metricName"])
        blocks.row_count += len(information)
        keys, rows = blocks.rows.setdefault(name, ([], []))
        if information:
            names = _dimension_keys(information[0], wanted, block["metricName"])
            for odd in information[0].keys() - FIELDS - set(names):
                blocks.warnings.append(f"unknown field {odd!r} of {block['metricName']} kept in the stored answer only")
            keys += _keys(information, names)
            rows += information
    if absent := [b for b in KNOWN_BLOCKS if b not in blocks.rows]:
        blocks.warnings.append(f"missing metrics: {', '.join(absent)} (their columns are NULL)")
    return blocks


def _dimension_keys(row: dict, wanted: tuple[str, ...], metric: str) -> tuple[str, ...]:
    """The row's own spelling of each wanted dimension key. Raises PayloadProblem as `read_blocks` says."""
    by_lower = {key.lower(): key for key in row}
    for key in wanted:
        if key.lower() not in by_lower:
            raise PayloadProblem(
                f"dimension {key!r} was requested but is missing from the rows of {metric}: "
                "the API drops a dimension that it does not know in silence"
            )
    lower_wanted = {key.lower() for key in wanted}
    for lower, key in by_lower.items():
        if lower in DIMENSION_KEYS and lower not in lower_wanted:
            raise PayloadProblem(f"dimension {key!r} was not requested but is in the rows of {metric}")
    return tuple(by_lower[key.lower()] for key in wanted)


def _keys(information: list[dict], names: tuple[str, ...]) -> list[Key]:
    try:
        columns = [[row[name] for row in information] for name in names]
    except KeyError as error:
        raise PayloadProblem(f"dimension {error.args[0]!r} is missing from some rows") from None
    return list(zip(*columns, strict=True)) if names else [()] * len(information)


def read_totals(stored: bytes, request: ClarityRequest, *, pages: PageRule) -> tuple[Totals, Blocks]:
    """Totals per key (URLs folded to pages), and the blocks they came from.

    Raises PayloadProblem for dimension mismatches and for values that are no numbers.
    """
    blocks = read_blocks(stored, request)
    missing = frozenset().union(*(_places_of(name) for name in KNOWN_BLOCKS if name not in blocks.rows))
    totals = Totals(missing=missing, is_truncated=bool(blocks.truncated))
    cut = {_spelling(name) for name in blocks.truncated}
    told = {name: _Told.read(name, blocks.rows.get(name), is_cut=name in cut) for name in KNOWN_BLOCKS}
    fold = _folder(request, pages)
    groups: dict[Key, list[Row]] = {}
    for raw_key in dict.fromkeys(chain.from_iterable(block.by_key for block in told.values())):
        groups.setdefault(fold(raw_key), []).append(_row(raw_key, told))
    for key, rows in groups.items():
        merged = merge_rows(rows)
        merged.is_upper_bound = len(rows) > 1
        totals.rows[key] = merged
    return totals, blocks


def _places_of(block: str) -> frozenset[int]:
    """The places of the totals that a block fills (weights count to the average they carry)."""
    if block in SIGNAL_BLOCKS:
        first = PLACE[f"{SIGNAL_BLOCKS[block]}_count"]
        return frozenset((first, first + 1, first + 2))
    if block == "traffic":
        pages = PLACE["pages_per_session"]
        return frozenset((PLACE["sessions"], PLACE["bot_sessions"], pages, pages + 1))
    names = ("scroll_depth_pct",) if block == "scrolldepth" else ("total_time_s", "active_time_s")
    return frozenset(i for name in names for i in (PLACE[name], PLACE[name] + 1))


def _folder(request: ClarityRequest, pages: PageRule):
    """A function from a raw key to our key: URLs become pages, other values lose a query string if they have one."""
    cache: dict[str, str] = {}

    def page(url: str) -> str:
        name = cache.get(url)
        if name is None:
            name = cache[url] = pages.page(url)
        return name

    is_url = tuple(d == "URL" for d in request.dimensions)

    def fold(key: Key) -> Key:
        return tuple(
            [
                value if value is None else page(value) if url else strip_query(value) if "://" in value else value
                for value, url in zip(key, is_url, strict=True)
            ]
        )

    return fold


_UNTOLD = math.nan  # an average whose block is absent or cut: unknown, unlike None (told as null: nothing to average)

Figures = tuple[float | None, ...]


@dataclass(slots=True)
class _Told:
    """What one block tells of each raw key, and of a key that it does not list."""

    by_key: dict[Key, Figures]
    of_others: Figures

    @classmethod
    def read(cls, name: str, found: tuple[list[Key], list[dict]] | None, *, is_cut: bool) -> "_Told":
        """A complete block says that there was nothing of a key it leaves out; a cut or absent one says nothing."""
        if name in SIGNAL_BLOCKS:
            figures, add, nothing, unknown = _signal, _add_signals, (0.0, 0.0, 0.0, None), (None,) * 4
        elif name == "traffic":
            figures, add = _traffic, _add_traffic
            nothing, unknown = (0.0, 0.0, 0.0, 0.0, None, None), (None, None, None, None, _UNTOLD, None)
        else:  # no key stands twice in a block, so nothing says which of two averages to weigh by what
            figures, width = (_times, 2) if name == "engagementtime" else (_scroll, 1)
            nothing, unknown = (None,) * width, (_UNTOLD,) * width
            add = lambda one, other: (_UNTOLD,) * len(one)  # noqa: E731
        if found is None:
            return cls({}, unknown)
        keys, rows = found
        by_key: dict[Key, Figures] = {}
        try:
            for key, row in zip(keys, figures(rows), strict=True):
                by_key[key] = add(by_key[key], row) if key in by_key else row
        except TypeError as error:
            raise PayloadProblem(f"a dimension's value is no text: {error}") from None
        return cls(by_key, unknown if is_cut else nothing)

    def of(self, key: Key) -> Figures:
        return self.by_key.get(key, self.of_others)


def _signal(rows: list[dict]) -> Iterable[Figures]:
    """Occurrences, page views, affected sessions and all sessions."""
    sessions, percents = _numbers(rows, "sessionsCount"), _numbers(rows, "sessionsWithMetricPercentage")
    affected = [
        None if count is None or percent is None else round(count * percent / 100)
        for count, percent in zip(sessions, percents, strict=True)
    ]
    return zip(_numbers(rows, "subTotal"), _numbers(rows, "pagesViews"), affected, sessions, strict=True)


def _add_signals(one: Figures, other: Figures) -> Figures:
    sessions = other[3] if one[3] is None else one[3]
    return *map(_plus, one[:3], other[:3]), sessions


def _traffic(rows: list[dict]) -> Iterable[Figures]:
    """Sessions, bot sessions, pages, sessions that saw them (bots in); pages per session and visitors as told."""
    fields = ("totalSessionCount", "totalBotSessionCount", "pagesPerSessionPercentage", "distinctUserCount")
    for sessions, bots, ratio, visitors in zip(*(_numbers(rows, name) for name in fields), strict=True):
        both = 0.0 if sessions is None or ratio is None else sessions + (bots or 0)
        yield sessions, bots, (ratio or 0) * both, both, ratio, None if visitors is None else int(visitors)


def _add_traffic(one: Figures, other: Figures) -> Figures:
    return *map(_plus, one[:4], other[:4]), None, None


def _times(rows: list[dict]) -> Iterable[Figures]:
    return zip(_numbers(rows, "totalTime"), _numbers(rows, "activeTime"), strict=True)


def _scroll(rows: list[dict]) -> Iterable[Figures]:
    return zip(_numbers(rows, "averageScrollDepth"), strict=True)


def _row(key: Key, told: dict[str, _Told]) -> Row:
    """One raw key's totals over the nine blocks."""
    values: list[float | None] = [None] * WIDTH
    denominator = None
    for name, place in _SIGNAL_PLACES:
        *values[place : place + 3], sessions = told[name].of(key)
        denominator = sessions if denominator is None else denominator
    pages = PLACE["pages_per_session"]
    values[0], values[1], values[pages], values[pages + 1], ratio, visitors = told["traffic"].of(key)
    weight = denominator if values[0] is None else values[0]
    averages = (*told["engagementtime"].of(key), *told["scrolldepth"].of(key))
    for place, value in zip(_AVERAGE_PLACES, averages, strict=True):
        _weigh(values, place, value, weight)
    return Row(values, visitors, tuple([None if v is _UNTOLD else v for v in (ratio, *averages)]))


_SIGNAL_PLACES = [(name, PLACE[f"{signal}_count"]) for name, signal in SIGNAL_BLOCKS.items()]
_AVERAGE_PLACES = [PLACE[name] for name in AVERAGES[1:]]


def _weigh(values: list, place: int, value: float | None, weight: float | None) -> None:
    """Put value x weight and weight at their places; unknown where either is unknown, zero where nothing is averaged."""
    if value is None and not weight:
        values[place] = values[place + 1] = 0.0
    elif value is not _UNTOLD and value is not None and weight is not None:
        values[place], values[place + 1] = value * weight, weight


def _plus(known: float | None, value: float | None) -> float | None:
    return None if known is None or value is None else known + value


def _numbers(rows: list[dict], name: str) -> list[float | None]:
    """A field of all rows as numbers: ints, floats and their texts alike; null and absent are None.

    Raises PayloadProblem for anything else, and for what no count, percentage or average can be.
    """
    values = [row.get(name) for row in rows]
    if name in ALIASES and None in values:
        values = [row.get(ALIASES[name]) if value is None else value for value, row in zip(values, rows, strict=True)]
    numbers: list[float | None] = []
    try:
        for value in values:
            number = float(value) if value.__class__ is str else value
            if number is not None and (not 0 <= number < 1e15 or number.__class__ is bool):
                raise ValueError
            numbers.append(number)
    except (ValueError, TypeError):
        raise PayloadProblem(f"{name} = {value!r} is no number from 0 to 10^15") from None
    return numbers
