"""A busy site's answers: a day's number in, the JSON bytes of each of its six requests out, the same every time."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import orjson

from clarity_assets.clarity.requests import DIMENSIONS, STANDARD_REQUESTS, ClarityRequest

SIGNALS = (
    "DeadClickCount",
    "ExcessiveScroll",
    "RageClickCount",
    "QuickbackClick",
    "ScriptErrorCount",
    "ErrorClickCount",
)
WITH_INTS = frozenset({"ExcessiveScroll", "Traffic"})  # these blocks write whole numbers as ints, the others as texts
DEVICES = ("PC", "Mobile", "Tablet", "Other")
BROWSERS = ("Chrome", "MobileSafari", "Edge", "Firefox", "SamsungInternet", "Opera", "Safari")
SOURCES = ("google", "(direct)", "facebook.com", "newsletter", "shop.example", "bing", "chatgpt.com", "x.com")
WORDS = ("ladies", "outdoor", "kitchen", "summer", "guide", "offer", "garden", "leather", "office", "winter", "blue")

PAGES = 380
URLS_WITH_CLICK_ID = 85  # they fold to the first pages when their query strings are dropped
COUNTRIES = 40
BLOCKS = 9


@dataclass(frozen=True)
class Shape:
    """One request's rows: the dimension values of each key (None: a session without), and its sessions a day."""

    request: ClarityRequest
    keys: list[tuple[str | None, ...]]
    sessions: np.ndarray

    @property
    def rows(self) -> int:
        """Rows of the nine metrics in one answer."""
        return BLOCKS * len(self.keys)


def shapes(*, size: float = 1.0) -> dict[str, Shape]:
    """The six requests of one day: about 9,100 rows of metrics together at `size` 1."""
    keys = {
        "url_device": [(url, device) for url in _urls(size) for device in DEVICES[:2]],
        "country": [(f"Country {i:02d}",) for i in range(COUNTRIES)],
        "source_medium": [(s, m) for s in SOURCES for m in ("organic", "cpc", None)],
        "browser_device": [(b, d) for b in BROWSERS for d in DEVICES[:2]],
        "device": [(d,) for d in DEVICES],
        "base": [()],
    }
    return {
        request.name: Shape(request, keys[request.name], _falling(len(keys[request.name])))
        for request in STANDARD_REQUESTS
    }


def _urls(size: float) -> list[str]:
    """Raw URLs, the last of them the first pages again with a click id (`{}`: another one every day)."""
    pages = [
        f"https://www.shop.example/{WORDS[i % 11]}/{WORDS[i // 11 % 11]}-{WORDS[i // 7 % 11]}-{1000 + 37 * i}"
        for i in range(round(PAGES * size))
    ]
    clicked = [
        f"{page}?utm_source=google&utm_medium=cpc&gclid={{}}" for page in pages[: round(URLS_WITH_CLICK_ID * size)]
    ]
    return pages + clicked


def _falling(keys: int) -> np.ndarray:
    """Mean sessions a day: 900 of the first key, 9 of the hundredth."""
    return np.maximum(900 / np.arange(1, keys + 1), 1.5)


def answer(shape: Shape, days: Sequence[int]) -> bytes:
    """The answer whose window is exactly these days: its counts are the sums of theirs."""
    facts = sum(_facts(shape, day) for day in days)
    ids = np.random.default_rng(days[-1]).bytes(8 * len(shape.keys)).hex()
    names = [DIMENSIONS[d].key for d in shape.request.dimensions]
    dimensions = [
        {n: v and v.replace("{}", ids[16 * i : 16 * i + 16]) for n, v in zip(names, key, strict=True)}
        for i, key in enumerate(shape.keys)
    ]
    blocks = [_signal(block, i, facts, dimensions) for i, block in enumerate(SIGNALS)]
    blocks += [_scroll(facts, dimensions), _traffic(facts, dimensions), _times(facts, dimensions)]
    if not names:
        blocks.append({"metricName": "Device", "information": [{"name": d, "sessionsCount": "7"} for d in DEVICES]})
    return orjson.dumps(blocks)


# places of the facts, one row of the matrix each; the signals' three follow
SESSIONS, BOTS, USERS, PAGEVIEWS, TOTAL_S, ACTIVE_S, SCROLL = range(7)


def _facts(shape: Shape, day: int) -> np.ndarray:
    """What happened on one day: a fact a row, a key a column; all of it adds up over days."""
    rng = np.random.default_rng((day, zlib.crc32(shape.request.name.encode())))
    sessions = rng.poisson(shape.sessions) + 1
    rows = [sessions, rng.poisson(shape.sessions / 20), rng.poisson(sessions * 0.8) + 1, rng.poisson(sessions * 2.4)]
    rows += [sessions * rng.integers(60, 400, sessions.size), sessions * rng.integers(20, 60, sessions.size)]
    rows += [sessions * rng.integers(20, 95, sessions.size)]
    for i in range(len(SIGNALS)):
        affected = rng.binomial(sessions, 0.12 / (i + 1))
        pageviews = affected + rng.binomial(affected, 0.3)
        rows += [affected, pageviews, pageviews + rng.poisson(pageviews * 0.8)]
    return np.stack(rows)


def _spelled(block: str, numbers: np.ndarray) -> list:
    return numbers.tolist() if block in WITH_INTS else [str(n) for n in numbers.tolist()]


def _plain(numbers: np.ndarray) -> list[int | float]:
    """Numbers as the API writes them: 12, not 12.0."""
    return [int(n) if n.is_integer() else n for n in np.round(numbers, 2).tolist()]


def _signal(block: str, place: int, facts: np.ndarray, dimensions: list[dict]) -> dict:
    affected, pageviews, count = facts[7 + 3 * place : 10 + 3 * place]
    percent = 100 * affected / facts[SESSIONS]
    columns = (
        _spelled(block, facts[SESSIONS]), _plain(percent), _plain(100 - percent),
        _spelled(block, pageviews), _spelled(block, count),
    )  # fmt: skip
    names = (
        "sessionsCount",
        "sessionsWithMetricPercentage",
        "sessionsWithoutMetricPercentage",
        "pagesViews",
        "subTotal",
    )
    return _block(block, names, columns, dimensions)


def _traffic(facts: np.ndarray, dimensions: list[dict]) -> dict:
    columns = [_spelled("Traffic", facts[i]) for i in (SESSIONS, BOTS, USERS)]
    columns.append(_plain(facts[PAGEVIEWS] / (facts[SESSIONS] + facts[BOTS])))
    names = ("totalSessionCount", "totalBotSessionCount", "distinctUserCount", "pagesPerSessionPercentage")
    return _block("Traffic", names, columns, dimensions)


def _scroll(facts: np.ndarray, dimensions: list[dict]) -> dict:
    return _block("ScrollDepth", ("averageScrollDepth",), (_plain(facts[SCROLL] / facts[SESSIONS]),), dimensions)


def _times(facts: np.ndarray, dimensions: list[dict]) -> dict:
    columns = [_spelled("EngagementTime", facts[i] // facts[SESSIONS]) for i in (TOTAL_S, ACTIVE_S)]
    return _block("EngagementTime", ("totalTime", "activeTime"), columns, dimensions)


def _block(name: str, names: Sequence[str], columns: Sequence[list], dimensions: list[dict]) -> dict:
    told = zip(zip(*columns, strict=True), dimensions, strict=True)
    return {"metricName": name, "information": [dict(zip(names, row, strict=True)) | key for row, key in told]}
