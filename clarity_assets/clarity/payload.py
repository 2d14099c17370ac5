"""Turn one Clarity answer (bytes) into its stored form and into totals per dimension values."""

import math
from dataclasses import dataclass, field

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
ALIASES = {"distantUserCount": "distinctUserCount", "PagesPerSessionPercentage": "pagesPerSessionPercentage"}
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
    """One answer's nine metrics: block -> raw key -> row, plus what was odd about it."""

    rows: dict[str, dict[Key, list[dict]]] = field(default_factory=dict)
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
        keyed = blocks.rows.setdefault(name, {})
        if information:
            keys = _dimension_keys(information[0], wanted, block["metricName"])
            for odd in information[0].keys() - FIELDS - set(keys):
                blocks.warnings.append(f"unknown field {odd!r} of {block['metricName']} kept in the stored answer only")
            _by_key(keyed, information, keys)
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


def _by_key(keyed: dict[Key, list[dict]], information: list[dict], keys: tuple[str, ...]) -> None:
    try:
        for row in information:
            key = tuple([row[k] for k in keys])
            rows = keyed.get(key)
            if rows is None:
                keyed[key] = [row]
            else:
                rows.append(row)
    except KeyError as error:
        raise PayloadProblem(f"dimension {error.args[0]!r} is missing from some rows") from None
    except TypeError as error:
        raise PayloadProblem(f"a dimension's value is no text: {error}") from None


def read_totals(stored: bytes, request: ClarityRequest, *, pages: PageRule) -> tuple[Totals, Blocks]:
    """Totals per key (URLs folded to pages), and the blocks they came from.

    Raises PayloadProblem for dimension mismatches and for values that are no numbers.
    """
    blocks = read_blocks(stored, request)
    missing = frozenset().union(*(_places_of(name) for name in KNOWN_BLOCKS if name not in blocks.rows))
    totals = Totals(missing=missing, is_truncated=bool(blocks.truncated))
    cut = {_spelling(name) for name in blocks.truncated}
    fold = _folder(request, pages)
    groups: dict[Key, list[Row]] = {}
    for raw_key in dict.fromkeys(k for name in KNOWN_BLOCKS for k in blocks.rows.get(name, ())):
        groups.setdefault(fold(raw_key), []).append(_row(raw_key, blocks.rows, cut))
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


def _row(key: Key, blocks: dict[str, dict[Key, list[dict]]], cut: set[str]) -> Row:
    """One raw key's totals over the nine blocks; a key that a cut block does not list is unknown there, not 0."""
    values: list[float | None] = [0.0] * WIDTH
    denominator = None
    for name, signal in SIGNAL_BLOCKS.items():
        place = PLACE[f"{signal}_count"]
        found = blocks[name].get(key) if name in blocks else None
        if found is None:
            if name not in blocks or name in cut:
                values[place] = values[place + 1] = values[place + 2] = None
            continue
        for row in found:
            sessions = _number(row, "sessionsCount")
            percent = _number(row, "sessionsWithMetricPercentage")
            values[place] = _plus(values[place], _number(row, "subTotal"))
            values[place + 1] = _plus(values[place + 1], _number(row, "pagesViews"))
            affected = None if sessions is None or percent is None else round(sessions * percent / 100)
            values[place + 2] = _plus(values[place + 2], affected)
            denominator = sessions if denominator is None else denominator
    traffic, visitors = _traffic(key, blocks, cut, values)
    weight = values[PLACE["sessions"]] if values[PLACE["sessions"]] is not None else denominator
    times = _average(key, blocks, cut, "engagementtime", ("totalTime", "activeTime"))
    scroll = _average(key, blocks, cut, "scrolldepth", ("averageScrollDepth",))
    direct = (traffic, *times, *scroll)
    for name, value in zip(AVERAGES[1:], direct[1:], strict=True):
        _weigh(values, PLACE[name], value, weight)
    return Row(values, visitors, tuple(None if v is _UNTOLD else v for v in direct))


_UNTOLD = math.nan  # an average whose block is absent or cut: unknown, unlike None (told as null: nothing to average)


def _traffic(key: Key, blocks: dict, cut: set[str], values: list) -> tuple[float | None, int | None]:
    """Fill sessions, bot sessions and pages; return pages per session as told, and visitors."""
    found = blocks["traffic"].get(key) if "traffic" in blocks else None
    pages = PLACE["pages_per_session"]
    if found is None:
        if "traffic" not in blocks or "traffic" in cut:
            values[0] = values[1] = values[pages] = values[pages + 1] = None
            return _UNTOLD, None
        return None, None
    visitors, ratio = None, None
    for row in found:
        sessions, bots = _number(row, "totalSessionCount"), _number(row, "totalBotSessionCount")
        ratio = _number(row, "pagesPerSessionPercentage")
        values[0], values[1] = _plus(values[0], sessions), _plus(values[1], bots)
        visitors = _number(row, "distinctUserCount")
        if sessions is not None and ratio is not None:
            values[pages] += ratio * (sessions + (bots or 0))
            values[pages + 1] += sessions + (bots or 0)
    return (ratio, None if visitors is None else int(visitors)) if len(found) == 1 else (None, None)


def _average(key: Key, blocks: dict, cut: set[str], name: str, fields: tuple[str, ...]) -> tuple[float | None, ...]:
    found = blocks[name].get(key) if name in blocks else None
    if found is None:
        return (_UNTOLD if name not in blocks or name in cut else None,) * len(fields)
    if len(found) > 1:  # no key stands twice in a block, so nothing says which of them to weigh by what
        return (_UNTOLD,) * len(fields)
    return tuple(_number(found[0], field) for field in fields)


def _weigh(values: list, place: int, value: float | None, weight: float | None) -> None:
    """Put value x weight and weight at their places; unknown where either is unknown, zero where nothing is averaged."""
    if value is _UNTOLD or (value is not None and weight is None) or (value is None and weight):
        values[place] = values[place + 1] = None
    elif value is not None:
        values[place], values[place + 1] = value * weight, weight


def _plus(known: float | None, value: float | None) -> float | None:
    return None if known is None or value is None else known + value


def _number(row: dict, name: str) -> float | None:
    """A field as a number: ints, floats and their texts alike; null and absent are None. Raises PayloadProblem."""
    value = row.get(name)
    if value is None:
        for other, canonical in ALIASES.items():
            if canonical == name and row.get(other) is not None:
                value = row[other]
                break
        else:
            return None
    if value.__class__ is int or value.__class__ is float:
        number = value
    else:
        try:
            number = float(value.strip())
        except (ValueError, AttributeError):
            raise PayloadProblem(f"{name} = {value!r} is no number") from None
    if not 0 <= number < 1e15:
        raise PayloadProblem(f"{name} = {value!r} is out of range")
    return number
