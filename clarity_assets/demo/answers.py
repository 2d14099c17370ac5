"""The simulated site's answers as Clarity's API would give them, oddities included: a window in, JSON out."""

import random
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from clarity_assets.clarity.requests import DIMENSIONS
from clarity_assets.demo.catalogue import PAGES, TRAFFIC
from clarity_assets.demo.site import FIELDS, SimulatedSite, Truth

ROW_CAP = 1_000  # rows a block, the kept ones arbitrary and different from block to block
TOP = 10  # rows of a top list

SIGNAL_BLOCKS = {
    "DeadClickCount": "dead_click",
    "ExcessiveScroll": "excessive_scroll",
    "RageClickCount": "rage_click",
    "QuickbackClick": "quick_back",
    "ScriptErrorCount": "script_error",
    "ErrorClickCount": "error_click",
}
SPACED = {
    "DeadClickCount": "Dead Click Count",
    "ExcessiveScroll": "Excessive Scroll",
    "RageClickCount": "Rage Click Count",
    "QuickbackClick": "Quickback Click",
    "ScriptErrorCount": "Script Error Count",
    "ErrorClickCount": "Error Click Count",
    "ScrollDepth": "Scroll Depth",
    "EngagementTime": "Engagement Time",
    "PageTitle": "Page Title",
    "ReferrerUrl": "Referrer Url",
    "PopularPages": "Popular Pages",
}


@dataclass(frozen=True)
class Style:
    """Which of the API's spellings one answer uses: always the same for the same window and dimensions."""

    seed: str
    has_dimensions: bool

    def draw(self, what: str) -> int:
        return zlib.crc32(f"{self.seed}|{what}".encode())

    def one_in(self, count: int, what: str) -> bool:
        return self.draw(what) % count == 0

    def name(self, block: str) -> str:
        """The block's name: one answer in six writes it with spaces."""
        return SPACED.get(block, block) if self.one_in(6, "spaced") else block

    def count(self, block: str) -> Callable[[int], int | str]:
        """How a block writes whole numbers, as texts or ints: with dimensions by block, else by answer."""
        return int if self.one_in(3, f"ints of {block if self.has_dimensions else 'all'}") else str

    @property
    def visitors(self) -> str:
        return "distantUserCount" if self.one_in(4, "distant") else "distinctUserCount"

    @property
    def pages_per_session(self) -> str:
        return "PagesPerSessionPercentage" if self.one_in(4, "capital") else "pagesPerSessionPercentage"


def answer(
    site: SimulatedSite,
    *,
    start: datetime,
    end: datetime,
    dimensions: Sequence[str] = (),
    crowded: bool = False,
) -> list[dict]:
    """The JSON value of one request for the window `[start, end)`.

    Without dimensions 16 blocks, with them the first nine. A dimension that is unknown (`Country/Region` too)
    is dropped in silence: still nine blocks, but its key is in no row. `crowded`: every session brings click
    ids to its URLs, so that a request by URL exceeds 1,000 rows; on a site too small for that, Traffic does.
    """
    known = tuple(d for d in dict.fromkeys(dimensions) if d in DIMENSIONS)
    style = Style(f"{start.timestamp():.0f}|{end.timestamp():.0f}|{tuple(dimensions)}", bool(dimensions))
    is_crowded = crowded and "URL" in known
    truth = (site.with_click_ids if is_crowded else site).truth(start, end, known)
    if is_crowded:
        _fill_up(truth, known)
    blocks = _Blocks(truth, known, style).all()
    return blocks if dimensions else blocks + _top_lists(site, start, end, style)


def _fill_up(truth: Truth, known: tuple[str, ...]) -> None:
    """Add rows without any session (users alone, so in Traffic alone) until the cap is exceeded."""
    nobody = dict.fromkeys(FIELDS, 0) | {"visitors": 1}
    for i in range(ROW_CAP + 1 - len(truth)):
        url = f"{PAGES[0].url}?gclid=Cj0EAI{i:08x}"
        truth[tuple(url if d == "URL" else "Other" for d in known)] = dict(nobody)


class _Blocks:
    """The nine metrics of one answer."""

    def __init__(self, truth: Truth, known: tuple[str, ...], style: Style):
        self.style = style
        self.keys = [DIMENSIONS[d].key for d in known]
        self.rows = list(truth.items())
        random.Random(style.draw("order")).shuffle(self.rows)
        # Only Traffic tells rows without people's sessions; without dimensions there is always one row.
        self.rows_with_sessions = [r for r in self.rows if r[1]["sessions"] or not known]

    def all(self) -> list[dict]:
        """In the API's order."""
        signals = [self._block(block, self._signal(block, signal)) for block, signal in SIGNAL_BLOCKS.items()]
        return [
            *signals,
            self._block("ScrollDepth", self._scroll),
            self._block("Traffic", self._traffic(), self.rows),
            self._block("EngagementTime", self._times()),
        ]

    def _block(self, block: str, tell: Callable[[dict], dict], rows: list | None = None) -> dict:
        rows = self.rows_with_sessions if rows is None else rows
        if len(rows) > ROW_CAP:
            rows = random.Random(self.style.draw(f"cap of {block}")).sample(rows, ROW_CAP)
        told = [tell(row) | dict(zip(self.keys, key, strict=True)) for key, row in rows]
        return {"metricName": self.style.name(block), "information": told}

    def _signal(self, block: str, signal: str) -> Callable[[dict], dict]:
        count = self.style.count(block)

        def tell(row: dict) -> dict:
            percent = _plain(round(100 * row[f"{signal}_sessions"] / (row["sessions"] or 1), 2))
            return {
                "sessionsCount": count(row["sessions"]),
                "sessionsWithMetricPercentage": percent,
                "sessionsWithoutMetricPercentage": 100 - percent,
                "pagesViews": count(row[f"{signal}_pageviews"]),
                "subTotal": count(row[f"{signal}_count"]),
            }

        return tell

    def _scroll(self, row: dict) -> dict:
        weight = row["scroll_depth_weight"]
        return {"averageScrollDepth": _plain(round(row["scroll_depth_sum"] / weight, 2)) if weight else None}

    def _traffic(self) -> Callable[[dict], dict]:
        count = self.style.count("Traffic")
        visitors, ratio = self.style.visitors, self.style.pages_per_session
        return lambda row: {
            "totalSessionCount": count(row["sessions"]),
            "totalBotSessionCount": count(row["bot_sessions"]),
            visitors: count(row["visitors"]),
            ratio: _pages_per_session(row),
        }

    def _times(self) -> Callable[[dict], dict]:
        count = self.style.count("EngagementTime")

        def average(row: dict, name: str) -> int | str | None:
            return count(round(row[name] / row["sessions"])) if row["sessions"] else None

        return lambda row: {
            "totalTime": average(row, "total_time_s_sum"),
            "activeTime": average(row, "active_time_s_sum"),
        }


def _plain(number: float) -> int | float:
    """A number as JSON writes it: 12, not 12.0."""
    return int(number) if float(number).is_integer() else number


def _pages_per_session(row: dict) -> int | float | None:
    all_sessions = row["sessions"] + row["bot_sessions"]
    if all_sessions:
        return _plain(row["page_views_all"] / all_sessions)
    return 1 if row["visitors"] else None  # as real rows of users without sessions (`Url: null`, 2026-08-04)


def _top_lists(site: SimulatedSite, start: datetime, end: datetime, style: Style) -> list[dict]:
    """The seven top lists; in PageTitle a session that saw a page under two URLs counts twice."""
    by_source, by_url = (site.truth(start, end, (d,)) for d in ("Source", "URL"))
    by_url.pop((None,), None)
    totals = {
        d: _added(site.truth(start, end, (d,)), lambda value: value, "sessions")
        for d in ("Browser", "Device", "OS", "Country")
    }
    titles = {page.url: page.title for page in PAGES}
    totals["PageTitle"] = _added(by_url, lambda url: titles[_bare(url)], "sessions")
    totals["ReferrerUrl"] = _added(by_source, {t.source: t.referrer for t in TRAFFIC}.get, "sessions")
    lists = [_top_block(name, "name", "sessionsCount", found, style) for name, found in totals.items()]
    visits = _added(by_url, _bare, "page_views_all")
    return [*lists, _top_block("PopularPages", "url", "visitsCount", visits, style)]


def _bare(url: str) -> str:
    return url.partition("?")[0].partition("#")[0]


def _added(truth: Truth, name_of: Callable, field: str) -> dict[str | None, int]:
    totals: dict[str | None, int] = {}
    for (value,), row in truth.items():
        if row[field]:
            name = name_of(value)
            totals[name] = totals.get(name, 0) + row[field]
    return totals


def _top_block(block: str, label: str, field: str, totals: dict[str | None, int], style: Style) -> dict:
    count = style.count(block)
    first = sorted(totals.items(), key=lambda item: -item[1])[:TOP]
    return {"metricName": style.name(block), "information": [{label: n, field: count(v)} for n, v in first]}
