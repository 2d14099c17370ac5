"""Draw the sessions and page views of the simulated shop: day, length and seed in, arrays out."""

import zlib
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time

import numpy as np

from clarity_assets.clarity.columns import SIGNALS
from clarity_assets.demo import catalogue
from clarity_assets.demo.catalogue import COUNTRIES, EQUIPMENT, PAGE_PLACE, PAGES, PLANTED, TRAFFIC

PERSON, BOT, PAGELESS = 0, 1, 2
DAY_S = 86_400
LONGEST_VIEW_S = 1_790  # a session ends after 30 idle minutes

_OF_SECTIONS = [suffix for _, some in catalogue.SECTION_SUFFIXES.values() for suffix in some]
SUFFIXES = tuple(dict.fromkeys(["", *_OF_SECTIONS, *(t.suffix for t in TRAFFIC)]))
"""Every query string or fragment (without click id) that a URL may end in."""


@dataclass
class Sessions:
    """One entry a session, in order of `start_s` (epoch seconds UTC); the others are places in catalogues."""

    start_s: np.ndarray
    kind: np.ndarray
    visitor: np.ndarray
    equipment: np.ndarray
    country: np.ndarray
    traffic: np.ndarray


@dataclass
class Views:
    """One entry a page view, in order of session; `signals` has one column a signal, `click_id` 0 = none."""

    session: np.ndarray
    page: np.ndarray
    suffix: np.ndarray
    click_id: np.ndarray
    signals: np.ndarray
    scroll_pct: np.ndarray
    total_s: np.ndarray
    active_s: np.ndarray


@dataclass(frozen=True)
class Quality:
    """How a group of sessions behaves, against the usual."""

    stop_rate: float = 0.42
    time_factor: float = 1.0
    scroll_factor: float = 1.0
    quick_back_factor: float = 1.0
    buyer_share: float = catalogue.BUYER_SHARE


POOR = Quality(stop_rate=0.75, time_factor=0.4, scroll_factor=0.5, quick_back_factor=3.0, buyer_share=0.02)


def simulate(*, first_day: date, days: int, sessions_per_day: int, seed: int, planted: bool) -> tuple[Sessions, Views]:
    """Every session and page view of the site.

    Each planted truth draws from a stream of its own, so that the rest is the same with and without them.
    """
    midnight_s = int(datetime.combine(first_day, time(), UTC).timestamp())
    expected = _expected_a_day(first_day, days, sessions_per_day)
    sessions = _draw_sessions(stream(seed, "sessions"), midnight_s, expected)
    if planted:
        _grow_country(stream(seed, "country"), sessions, midnight_s, days)
    views = _draw_paths(stream(seed, "paths"), sessions, Quality())
    if planted:
        _open_page(stream(seed, "page"), sessions, views, midnight_s, days)
    _draw_behaviour(stream(seed, "behaviour"), sessions, views, Quality())
    if planted:
        extra = _draw_campaign(stream(seed, "campaign"), midnight_s, expected)
        sessions, views = _merge((sessions, views), extra)
        _frustrate(stream(seed, "checkout"), sessions, views, midnight_s, days)
    return sessions, views


def stream(seed: int, name: str) -> np.random.Generator:
    """Random numbers of their own for each name: what one draws changes nothing of another."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def _expected_a_day(first_day: date, days: int, sessions_per_day: int) -> np.ndarray:
    day = np.arange(days)
    weekday = np.array(catalogue.WEEKDAY_FACTORS)[(first_day.weekday() + day) % 7]
    return sessions_per_day * weekday * (1 + catalogue.GROWTH_A_DAY * day)


def pick(rng: np.random.Generator, weights, count: int) -> np.ndarray:
    """Places in `weights`, drawn by weight."""
    edges = np.cumsum(np.asarray(weights, float))
    return np.searchsorted(edges / edges[-1], rng.random(count), side="right")


def _draw_sessions(rng: np.random.Generator, midnight_s: int, expected: np.ndarray) -> Sessions:
    counts = rng.poisson(expected)
    n = int(counts.sum())
    day = np.repeat(np.arange(len(counts)), counts)
    hour = pick(rng, catalogue.HOUR_WEIGHTS, n)
    start_s = np.sort(midnight_s + day * DAY_S + hour * 3600 + rng.integers(0, 3600, n))
    bots, pageless = catalogue.BOT_SHARE, catalogue.PAGELESS_SHARE
    kind = pick(rng, (1 - bots - pageless, bots, pageless), n)
    visitor = _draw_visitors(rng, kind, reach=3 * n / len(counts))
    people_weights = [row[3] for row in EQUIPMENT]
    equipment = np.choose(kind, [
        pick(rng, people_weights, n), pick(rng, catalogue.EQUIPMENT_OF_BOTS, n),
        pick(rng, catalogue.EQUIPMENT_OF_PAGELESS, n),
    ])  # fmt: skip
    at_home = pick(rng, [people for _, people, _ in COUNTRIES], n)
    country = np.where(kind == BOT, pick(rng, [bots for _, _, bots in COUNTRIES], n), at_home)
    traffic = np.choose(kind, [
        pick(rng, [t.people_weight for t in TRAFFIC], n), pick(rng, [t.bots_weight for t in TRAFFIC], n),
        np.full(n, catalogue.TRAFFIC_OF_PAGELESS),
    ])  # fmt: skip
    return Sessions(start_s, kind, visitor, equipment[visitor], country[visitor], traffic)


def _draw_visitors(rng: np.random.Generator, kind: np.ndarray, *, reach: float) -> np.ndarray:
    """Each session's visitor, named by the place of that visitor's first session; some 30 % are returns."""
    place = np.arange(len(kind))
    earlier = place - rng.geometric(1 / max(1.0, reach), len(kind))
    returns = (rng.random(len(kind)) < 0.3) & (earlier >= 0)
    returns &= kind[np.maximum(earlier, 0)] == kind
    visitor = np.where(returns, earlier, place)
    while True:  # follow each session back to its visitor's first one; the distance doubles every time
        further = visitor[visitor]
        if np.array_equal(further, visitor):
            return visitor
        visitor = further


def _draw_paths(rng: np.random.Generator, sessions: Sessions, quality: Quality) -> Views:
    """Which pages every session sees; the behaviour on them is still empty."""
    n, person = len(sessions.start_s), sessions.kind == PERSON
    length = np.minimum(rng.geometric(quality.stop_rate, n), 12)
    buys = person & (rng.random(n) < quality.buyer_share)
    length = np.where(buys, np.maximum(length, 4), length)
    length = np.where(sessions.kind == BOT, 1 + (rng.random(n) < 0.2), length)
    length[sessions.kind == PAGELESS] = 0
    session = np.repeat(np.arange(n), length)
    m = len(session)
    step = np.arange(m) - np.repeat(np.cumsum(length) - length, length)
    left = length[session] - 1 - step
    entry = pick(rng, [p.entry_weight for p in PAGES], m)
    page = np.where(step == 0, entry, pick(rng, [p.inner_weight for p in PAGES], m))
    page[buys[session] & (left == 1)] = PAGE_PLACE["/cart"]
    page[buys[session] & (left == 0)] = PAGE_PLACE["/checkout"]
    suffix, click_id = _draw_suffixes(rng, page, sessions.traffic[session], (step == 0) & person[session])
    empty = np.zeros(m, np.int64)
    return Views(session, page, suffix, click_id, np.zeros((m, len(SIGNALS)), np.int64), empty, empty, empty)


def _draw_suffixes(
    rng: np.random.Generator, page: np.ndarray, traffic: np.ndarray, is_landing: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Query strings, fragments, click ids: a landing has what its traffic adds, others their section's."""
    nothing = (0.0, ("",))
    some = [catalogue.SECTION_SUFFIXES.get(p.section, nothing) for p in PAGES]
    first = np.array([SUFFIXES.index(texts[0]) for _, texts in some])
    which = (rng.random(len(page)) * np.array([len(texts) for _, texts in some])[page]).astype(np.int64)
    has_own = rng.random(len(page)) < np.array([share for share, _ in some])[page]
    suffix = np.where(has_own, first[page] + which, 0)
    added = np.array([SUFFIXES.index(t.suffix) for t in TRAFFIC])[traffic]
    clicks = np.array([bool(t.click_id) for t in TRAFFIC])[traffic]
    has_click_id = is_landing & clicks & (rng.random(len(page)) < catalogue.CLICK_ID_SHARE)
    suffix = np.where(is_landing & ((added > 0) | has_click_id), added, suffix)
    return suffix, np.where(has_click_id, rng.integers(1, 2**62, len(page)), 0)


def _draw_behaviour(rng: np.random.Generator, sessions: Sessions, views: Views, quality: Quality) -> None:
    """Fill in signals, scroll depth and seconds; bots show none of them."""
    m = len(views.session)
    person = sessions.kind[views.session] == PERSON
    rates = np.array([catalogue.SIGNAL_RATES[s] for s in SIGNALS])
    rates[list(SIGNALS).index("quick_back")] *= quality.quick_back_factor
    shows = (rng.random((m, len(rates))) < rates) & person[:, None]
    repeats = rng.poisson([catalogue.SIGNAL_REPEATS[s] for s in SIGNALS], (m, len(rates)))
    views.signals = shows * (1 + repeats)
    total_s = np.clip(rng.lognormal(3.6, 1.0, m) * quality.time_factor, 1, LONGEST_VIEW_S)
    views.total_s = total_s.astype(np.int64) * person
    views.active_s = (views.total_s * rng.beta(2.5, 2.0, m)).astype(np.int64)
    views.scroll_pct = np.rint(100 * rng.beta(2.0, 2.2, m) * quality.scroll_factor).astype(np.int64) * person


def _grow_country(rng: np.random.Generator, sessions: Sessions, midnight_s: int, days: int) -> None:
    """Planted: more and more new visitors come from one country."""
    truth = PLANTED["growing_country"]
    on = truth.day_range(days)
    day = (sessions.start_s - midnight_s) / DAY_S
    share = truth.size * np.clip((day - on.start) / max(1, len(on)), 0, None)
    moves = (rng.random(len(day)) < share) & (sessions.kind == PERSON)
    place = [name for name, _, _ in COUNTRIES].index(truth.dimensions["Country"])
    sessions.country = np.where(moves[sessions.visitor], place, sessions.country)


def _open_page(rng: np.random.Generator, sessions: Sessions, views: Views, midnight_s: int, days: int) -> None:
    """Planted: a page that nobody has seen before takes some views of categories and products."""
    truth = PLANTED["new_page"]
    day = (sessions.start_s[views.session] - midnight_s) // DAY_S
    shops = np.array([p.section in ("category", "product") for p in PAGES])[views.page]
    moves = shops & (day >= truth.day_range(days).start) & (rng.random(len(day)) < truth.size)
    views.page = np.where(moves, [p.url for p in PAGES].index(truth.dimensions["URL"]), views.page)


def _draw_campaign(rng: np.random.Generator, midnight_s: int, expected: np.ndarray) -> tuple[Sessions, Views]:
    """Planted: the added, poorer sessions of a campaign."""
    truth = PLANTED["campaign"]
    on = np.zeros(len(expected))
    on[truth.day_range(len(expected))] = truth.size
    sessions = _draw_sessions(rng, midnight_s, expected * on)
    sessions.kind[:] = PERSON
    sessions.traffic[:] = catalogue.TRAFFIC_OF_CAMPAIGN
    weights = [row[3] if row in catalogue.MOBILE else row[3] / 4 for row in EQUIPMENT]
    sessions.equipment = pick(rng, weights, len(sessions.kind))[sessions.visitor]
    at_home = pick(rng, [people for _, people, _ in COUNTRIES], len(sessions.kind))
    sessions.country = at_home[sessions.visitor]
    views = _draw_paths(rng, sessions, POOR)
    _draw_behaviour(rng, sessions, views, POOR)
    return sessions, views


def _frustrate(rng: np.random.Generator, sessions: Sessions, views: Views, midnight_s: int, days: int) -> None:
    """Planted: rage clicks and dead clicks on one page and device."""
    truth = PLANTED["checkout_on_mobile"]
    place = [p.url for p in PAGES].index(truth.dimensions["URL"])
    device = np.array([row[0] == truth.dimensions["Device"] for row in EQUIPMENT])
    day = (sessions.start_s[views.session] - midnight_s) // DAY_S
    there = (views.page == place) & device[sessions.equipment[views.session]]
    there &= (day >= truth.day_range(days).start) & (sessions.kind[views.session] == PERSON)
    dead_click_share = truth.size * catalogue.DEAD_CLICKS_PER_RAGE
    for signal, share in (("rage_click", truth.size), ("dead_click", dead_click_share)):
        shows = there & (rng.random(len(there)) < share)
        views.signals[:, list(SIGNALS).index(signal)] += shows * (1 + rng.poisson(1.8, len(there)))


def _merge(one: tuple[Sessions, Views], two: tuple[Sessions, Views]) -> tuple[Sessions, Views]:
    """Two groups of sessions (with visitors of their own) as one, in order of start."""
    count = len(one[0].start_s)
    two[0].visitor, two[1].session = two[0].visitor + count, two[1].session + count
    order = np.argsort(np.concatenate([one[0].start_s, two[0].start_s]), kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    sessions = Sessions(*(_joined(one[0], two[0], f.name)[order] for f in fields(Sessions)))
    views = Views(*(_joined(one[1], two[1], f.name) for f in fields(Views)))
    views.session = place[views.session]
    by_session = np.argsort(views.session, kind="stable")
    return sessions, Views(*(getattr(views, f.name)[by_session] for f in fields(Views)))


def _joined(one: object, two: object, name: str) -> np.ndarray:
    return np.concatenate([getattr(one, name), getattr(two, name)])
