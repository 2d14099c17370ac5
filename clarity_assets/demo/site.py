"""A simulated shop of known sessions: day, length and seed in, the exact truth of any window out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Self

import numpy as np

from clarity_assets.clarity.columns import SIGNALS
from clarity_assets.clarity.requests import DIMENSIONS
from clarity_assets.demo.catalogue import COUNTRIES, EQUIPMENT, PAGES, PLANTED, TRAFFIC, Planted
from clarity_assets.demo.simulate import BOT, PERSON, SUFFIXES, Sessions, Views, simulate
from clarity_assets.errors import RequestRefused

__all__ = ["ADDITIVE", "FIELDS", "PLANTED", "Planted", "SimulatedSite", "Truth"]

ADDITIVE = (
    "sessions",
    "bot_sessions",
    "page_views_all",
    "total_time_s_sum",
    "active_time_s_sum",
    "scroll_depth_sum",
    "scroll_depth_weight",
    *(f"{signal}_{suffix}" for signal in SIGNALS for suffix in ("count", "pageviews", "sessions")),
)
"""What a truth tells and what adds up over windows; `scroll_depth_sum` is percent, whole for each session."""

FIELDS = ("visitors", *ADDITIVE)
"""Everything a truth tells; visitors (bots and sessions without page included) never add up."""

Key = tuple[str | None, ...]
Truth = dict[Key, dict[str, int]]

_FIRST_SIGNAL = ADDITIVE.index(f"{next(iter(SIGNALS))}_count")


@dataclass(frozen=True, eq=False)
class SimulatedSite:
    """Sessions in order of start, and what each session did on each raw URL; made by `generate`.

    A session belongs whole to its start, so windows subtract exactly. It has one device, browser, OS,
    country, source, medium, campaign and channel, and counts under every URL it saw. A session without a page
    counts as a visitor and as nothing else (as with Clarity: rows of `Url: null` have users, but 0 sessions).

    `starts_s` (epoch seconds, UTC) and `visitors` have one entry a session. `values` and `codes`: by
    dimension its values, and the place of each session's (for URL: of each visit's) value. A visit is one
    session on one URL (or none); `visit_sessions` names its session, `visit_offsets` where a session's begin.
    `session_facts` and `visit_facts` have one column for each of `ADDITIVE`. `sessions` and `views` are what all
    of it was made of; the site's raw events are of the same (`events`).
    """

    first_day: date
    days: int
    starts_s: np.ndarray
    visitors: np.ndarray
    values: dict[str, list[str | None]]
    codes: dict[str, np.ndarray]
    session_facts: np.ndarray
    visit_facts: np.ndarray
    visit_sessions: np.ndarray
    visit_offsets: np.ndarray
    sessions: Sessions
    views: Views
    seed: int
    planted: bool

    @classmethod
    def generate(
        cls, *, first_day: date, days: int, sessions_per_day: int = 900, seed: int = 7, planted: bool = True
    ) -> Self:
        """The site of so many UTC days from `first_day`; the same arguments give the same site.

        `sessions_per_day` (bots included) is the mean of the first week; it grows by 0.4 % of that a day.
        With `planted=False` the truths of `PLANTED` are missing and everything else is the same.
        """
        if days < 1 or sessions_per_day < 0 or seed < 0:
            raise RequestRefused(
                f"days={days}, sessions_per_day={sessions_per_day}, seed={seed}: "
                "a simulated site needs one day or more, and no negative number"
            )
        sessions, views = simulate(
            first_day=first_day, days=days, sessions_per_day=sessions_per_day, seed=seed, planted=planted
        )
        values, codes = _session_dimensions(sessions)
        values["URL"], url_of_view = raw_urls(views)
        facts, visits = _facts(sessions, views, url_of_view, no_page=len(values["URL"]) - 1)
        visit_facts, visit_sessions, codes["URL"] = visits
        offsets = np.searchsorted(visit_sessions, np.arange(len(sessions.start_s) + 1))
        return cls(
            first_day, days, sessions.start_s, sessions.visitor, values, codes, session_facts=facts,
            visit_facts=visit_facts, visit_sessions=visit_sessions, visit_offsets=offsets,
            sessions=sessions, views=views, seed=seed, planted=planted,
        )  # fmt: skip

    @cached_property
    def with_click_ids(self) -> "SimulatedSite":
        """The same site, but each session brings a click id of its own to every URL: far too many rows."""
        urls = self.values["URL"]
        split = [
            None if (url := urls[code]) is None else f"{url}{'&' if '?' in url else '?'}gclid=Cj0KCQ{i:08x}"
            for i, code in enumerate(self.codes["URL"].tolist())
        ]
        values = self.values | {"URL": split}
        return replace(self, values=values, codes=self.codes | {"URL": np.arange(len(split))})

    def truth(self, start: datetime, end: datetime, dimensions: Sequence[str] = ()) -> Truth:
        """What happened in `[start, end)` by values of the dimensions, in their order: key -> `FIELDS`.

        Without dimensions there is always the key `()`, of zeros where nothing happened.
        Raises RequestRefused for an unknown dimension.
        """
        for name in dimensions:
            if name not in DIMENSIONS:
                raise RequestRefused(f"{name!r} is no dimension; known are {', '.join(DIMENSIONS)}")
        first, last = (int(np.searchsorted(self.starts_s, math.ceil(t.timestamp()))) for t in (start, end))
        if first >= last:
            return {} if dimensions else {(): dict.fromkeys(FIELDS, 0)}
        if "URL" in dimensions:
            rows = slice(self.visit_offsets[first], self.visit_offsets[last])
            facts, session = self.visit_facts[rows], self.visit_sessions[rows]
        else:
            rows = session = slice(first, last)
            facts = self.session_facts[rows]
        group = np.zeros(len(facts), np.int64)
        for name in dimensions:
            group = group * len(self.values[name]) + self.codes[name][rows if name == "URL" else session]
        groups, place = np.unique(group, return_inverse=True)
        sums = np.column_stack([_distinct(place, self.visitors[session]), _sum_by(place, facts)])
        rows_told = (dict(zip(FIELDS, row, strict=True)) for row in sums.tolist())
        return dict(zip(self._keys(groups, dimensions), rows_told, strict=True))

    def _keys(self, groups: np.ndarray, dimensions: Sequence[str]) -> list[Key]:
        if not dimensions:
            return [()]
        columns = []
        for name in reversed(dimensions):
            groups, code = np.divmod(groups, len(self.values[name]))
            columns.append([self.values[name][i] for i in code.tolist()])
        return list(zip(*reversed(columns), strict=True))


def _sum_by(place: np.ndarray, facts: np.ndarray) -> np.ndarray:
    """Sums of the rows that share a place (0, 1, ... without gaps)."""
    order = np.argsort(place, kind="stable")
    sorted_place = place[order]
    begins = np.flatnonzero(np.r_[True, sorted_place[1:] != sorted_place[:-1]])
    return np.add.reduceat(facts[order], begins, axis=0, dtype=np.int64)


def _distinct(place: np.ndarray, visitors: np.ndarray) -> np.ndarray:
    """Number of different visitors at each place."""
    span = int(visitors.max()) + 1
    return np.bincount(np.unique(place * span + visitors) // span)


def _coded(values: list[str | None], places: np.ndarray) -> tuple[list[str | None], np.ndarray]:
    """The different values, and for each place in the list the place among the different ones."""
    different = list(dict.fromkeys(values))
    return different, np.array([different.index(v) for v in values])[places]


def _session_dimensions(sessions: Sessions) -> tuple[dict[str, list], dict[str, np.ndarray]]:
    columns = {
        "Device": ([row[0] for row in EQUIPMENT], sessions.equipment),
        "Browser": ([row[1] for row in EQUIPMENT], sessions.equipment),
        "OS": ([row[2] for row in EQUIPMENT], sessions.equipment),
        "Country": ([row[0] for row in COUNTRIES], sessions.country),
        "Source": ([t.source for t in TRAFFIC], sessions.traffic),
        "Medium": ([t.medium for t in TRAFFIC], sessions.traffic),
        "Campaign": ([t.campaign for t in TRAFFIC], sessions.traffic),
        "Channel": ([t.channel for t in TRAFFIC], sessions.traffic),
    }
    coded = {name: _coded(*column) for name, column in columns.items()}
    return {name: c[0] for name, c in coded.items()}, {name: c[1] for name, c in coded.items()}


def raw_urls(views: Views) -> tuple[list[str | None], np.ndarray]:
    """The different raw URLs (None, for sessions without a page, last), and the place of each view's URL."""
    plain = views.page * len(SUFFIXES) + views.suffix
    kinds, code = np.unique(plain, return_inverse=True)
    urls = [PAGES[kind // len(SUFFIXES)].url + SUFFIXES[kind % len(SUFFIXES)] for kind in kinds.tolist()]
    clicked = np.flatnonzero(views.click_id)
    code[clicked] = len(urls) + np.arange(len(clicked))
    for view in clicked.tolist():
        base = PAGES[views.page[view]].url + SUFFIXES[views.suffix[view]]
        name = "gclid" if "utm_medium=cpc" in base else "fbclid"
        urls.append(f"{base}{'&' if '?' in base else '?'}{name}={int(views.click_id[view]):016x}")
    return [*urls, None], code


def _facts(
    sessions: Sessions, views: Views, url_of_view: np.ndarray, *, no_page: int
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Facts by session; facts, session and URL by visit (a session without a page has one of no facts)."""
    n = len(sessions.start_s)
    by_session = np.zeros((n, len(ADDITIVE)), np.int32)
    pair, place = np.unique(views.session * (no_page + 1) + url_of_view, return_inverse=True)
    seen = np.unique(views.session)
    if len(seen):
        by_session[seen] = _summary(np.searchsorted(seen, views.session), views, sessions.kind[seen])
    pageless = np.setdiff1d(np.arange(n), seen)
    visit_session = np.concatenate([pair // (no_page + 1), pageless])
    visit_url = np.concatenate([pair % (no_page + 1), np.full(len(pageless), no_page)])
    by_visit = np.zeros((len(visit_session), len(ADDITIVE)), np.int32)
    if len(pair):
        by_visit[: len(pair)] = _summary(place, views, sessions.kind[visit_session[: len(pair)]])
    order = np.argsort(visit_session, kind="stable")
    return by_session, (by_visit[order], visit_session[order], visit_url[order])


def _summary(place: np.ndarray, views: Views, kind: np.ndarray) -> np.ndarray:
    """One row of facts for each place (a session, or a session on one URL); `kind` is the session's."""
    columns = [np.ones_like(place), views.total_s, views.active_s, views.scroll_pct]
    sums = _sum_by(place, np.column_stack([*columns, views.signals, views.signals > 0]))
    person = (kind == PERSON).astype(np.int64)
    facts = np.empty((len(sums), len(ADDITIVE)), np.int64)
    facts[:, 0], facts[:, 1], facts[:, 2] = person, kind == BOT, sums[:, 0]
    facts[:, 3], facts[:, 4] = sums[:, 1], sums[:, 2]
    facts[:, 5], facts[:, 6] = np.rint(sums[:, 3] / sums[:, 0]), person
    count = len(SIGNALS)
    occurrences = sums[:, 4 : 4 + count]
    facts[:, _FIRST_SIGNAL::3] = occurrences
    facts[:, _FIRST_SIGNAL + 1 :: 3] = sums[:, 4 + count :]
    facts[:, _FIRST_SIGNAL + 2 :: 3] = occurrences > 0
    return facts
