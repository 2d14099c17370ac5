"""Turn one Clarity answer (bytes) into its stored form and into totals per dimension values."""

from dataclasses import dataclass, field
from itertools import chain, product

import orjson

from clarity_assets.clarity.metrics import KNOWN_BLOCKS, PayloadProblem, Told, places_of, row_of, shown
from clarity_assets.clarity.pages import PageRule, UrlRedactor, looks_like_url, without_ordinal
from clarity_assets.clarity.requests import DIMENSIONS, ClarityRequest
from clarity_assets.clarity.totals import Key, Row, Totals, merge_rows
from clarity_assets.errors import UnusableAnswer

ROW_CAP = 1000  # rows a block, the kept ones arbitrary (Data Export docs, 2025-12; per block: measured)

TOP_LISTS = frozenset({"browser", "device", "os", "country", "pagetitle", "referrerurl", "popularpages"})
"""Top-10 lists of an answer without dimensions: kept in the stored answer, not used."""

FIELDS = frozenset({
    "sessionsCount", "sessionsWithMetricPercentage", "sessionsWithoutMetricPercentage", "pagesViews", "subTotal",
    "averageScrollDepth", "totalSessionCount", "totalBotSessionCount", "distinctUserCount", "distantUserCount",
    "pagesPerSessionPercentage", "PagesPerSessionPercentage", "totalTime", "activeTime",
})  # fmt: skip
URL_KEYS = frozenset(map("".join, product("uU", "rR", "lL")))  # in any case: an answer has 40,000 texts to look at
DIMENSION_KEYS = {d.key.lower(): d for d in DIMENSIONS.values()}


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
    _blocks_of(value)
    try:
        _redact(value, UrlRedactor())
        return orjson.dumps(value)
    except (orjson.JSONEncodeError, RecursionError):
        raise UnusableAnswer("the answer is JSON that is nested deeper than any answer of the API") from None


def _redact(value: dict | list, redact: UrlRedactor, key: str = "", metric: str = "") -> None:
    """Redact every URL in the value, wherever it stands; titles of pages are texts unless they hold one."""
    is_dict = isinstance(value, dict)
    if is_dict and isinstance(value.get("metricName"), str):
        metric = _spelling(value["metricName"])
    for place, item in value.items() if is_dict else enumerate(value):
        name = place if is_dict else key
        if isinstance(item, str):
            is_url = name in URL_KEYS or (metric == "referrerurl" and name == "name")
            if is_url or (not item.isdecimal() and looks_like_url(item)):
                value[place] = redact(item)
        elif isinstance(item, dict | list):
            _redact(item, redact, name, metric)


def _blocks_of(value: object) -> list[dict]:
    """The answer's blocks. Raises UnusableAnswer where the value is not shaped like an answer.

    Only the nine metrics must be lists of rows; an unknown block may hold anything.
    """
    if not isinstance(value, list) or not value:
        shown = f"{type(value).__name__}" + (f" with keys {sorted(value)[:5]}" if isinstance(value, dict) else "")
        raise UnusableAnswer(f"the answer is JSON but no list of metric blocks ({shown or 'empty'})")
    for block in value:
        if not (isinstance(block, dict) and isinstance(block.get("metricName"), str)):
            raise UnusableAnswer("the answer has a block without metricName")
        rows = block.get("information")
        is_known = _spelling(block["metricName"]) in KNOWN_BLOCKS
        if is_known and not (isinstance(rows, list) and all(isinstance(row, dict) for row in rows)):
            raise UnusableAnswer(f"the answer's block {block['metricName']} has no list of rows under information")
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
        name, information = _spelling(block["metricName"]), block.get("information")
        if name not in KNOWN_BLOCKS:
            if name not in TOP_LISTS:
                blocks.warnings.append(f"unknown metric {shown(block['metricName'])} kept in the stored answer only")
            continue
        if name in blocks.rows:
            raise PayloadProblem(f"the metric {block['metricName']} stands twice in the answer")
        if len(information) >= ROW_CAP:
            blocks.truncated.append(block["metricName"])
        blocks.row_count += len(information)
        keys, rows = blocks.rows[name] = ([], [])
        if information:
            names = _dimension_keys(information[0], wanted, block["metricName"])
            for odd in information[0].keys() - FIELDS - set(names):
                blocks.warnings.append(f"unknown field {shown(odd)} of {block['metricName']} kept raw only")
            keys += _keys(information, names)
            rows += information
    if not blocks.rows:
        raise PayloadProblem("the answer has none of the nine metrics; is it a project of a mobile app?")
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
    for name, column in zip(names, columns, strict=True):
        for value in column:
            if value is not None and value.__class__ is not str:
                raise PayloadProblem(f"dimension {name!r} = {shown(value)} is neither text nor null")
    return list(zip(*columns, strict=True)) if names else [()] * len(information)


def read_totals(stored: bytes, request: ClarityRequest, *, pages: PageRule) -> tuple[Totals, Blocks]:
    """Totals per key (URLs folded to pages), and the blocks they came from.

    Raises PayloadProblem for dimension mismatches and for values that are no numbers.
    """
    blocks = read_blocks(stored, request)
    missing = frozenset().union(*(places_of(name) for name in KNOWN_BLOCKS if name not in blocks.rows))
    totals = Totals(missing=missing, is_truncated=bool(blocks.truncated))
    cut = {_spelling(name) for name in blocks.truncated}
    told = {name: Told.read(name, blocks.rows.get(name), is_cut=name in cut) for name in KNOWN_BLOCKS}
    fold = _folder(request, pages)
    groups: dict[Key, list[Row]] = {}
    if not request.dimensions and not any(block.by_key for block in told.values()):
        groups[()] = [row_of((), told)]  # a site without traffic: its row of zeros
    for raw_key in dict.fromkeys(chain.from_iterable(block.by_key for block in told.values())):
        groups.setdefault(fold(raw_key), []).append(row_of(raw_key, told))
    for key, rows in groups.items():
        merged = merge_rows(rows)
        merged.is_upper_bound = len(rows) > 1
        totals.rows[key] = merged
    return totals, blocks


def _folder(request: ClarityRequest, pages: PageRule):
    """A function from a raw key to our key: URLs become pages, other texts lose the number that redaction gave them."""
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
                value if value is None else page(value) if url else without_ordinal(value)
                for value, url in zip(key, is_url, strict=True)
            ]
        )

    return fold
