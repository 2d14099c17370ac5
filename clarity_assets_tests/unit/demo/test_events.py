"""The simulated site's raw events: the very sessions of its Clarity side, in order, and as real trackers tell them."""

import gzip
import json
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import available_timezones

import pytest

from clarity_assets.clickstream.user_agents import agent_of
from clarity_assets.demo.catalogue import COUNTRIES, EQUIPMENT, PRODUCTS
from clarity_assets.demo.event_catalogue import AGENTS, BOT_AGENTS, GOODS, TIMEZONES
from clarity_assets.demo.event_files import AGAIN_COUNT, LATE_HOURS, Mishaps, write_event_files
from clarity_assets.demo.event_people import cohort_week
from clarity_assets.demo.events import SiteEvents, site_events
from clarity_assets.demo.simulate import BOT, PAGELESS
from clarity_assets.demo.site import SimulatedSite

FIRST_DAY = date(2026, 9, 1)
DAYS = 16  # a whole week after the returning cohort's
LAST_DAY = FIRST_DAY + timedelta(days=DAYS - 1)
SITE = SimulatedSite.generate(first_day=FIRST_DAY, days=DAYS, sessions_per_day=120)
TOLD = SiteEvents.of(SITE)
EVENTS = list(site_events(SITE, first=FIRST_DAY, last=LAST_DAY + timedelta(days=1)))
BOTS = {agent for agents in BOT_AGENTS for agent in agents}
IDLE = timedelta(minutes=30)


def at(event: dict) -> datetime:
    return datetime.fromisoformat(event["event_time"])


def by_session(events=EVENTS) -> dict[str, list[dict]]:
    """Each session's events, in their order."""
    found = defaultdict(list)
    for event in events:
        found[event["session_id"]].append(event)
    return found


def people() -> list[list[dict]]:
    return [events for events in by_session().values() if events[0]["user_agent"] not in BOTS]


def of(kind: str, events: list[dict]) -> list[dict]:
    return [event for event in events if event["event_type"] == kind]


def path(event: dict) -> str:
    return event["url"].removeprefix("https://shop.example").split("?")[0].split("#")[0]


# --- the same sessions --------------------------------------------------------------------------------------------


def test_every_session_with_a_page_has_events_and_none_without():
    sessions = by_session()
    seen = SITE.sessions.kind != PAGELESS
    assert len(sessions) == seen.sum() < len(seen)
    starts = sorted(int(at(events[0]).timestamp()) for events in sessions.values())
    assert starts == SITE.starts_s[seen].tolist()


def test_every_page_view_is_a_pageview_of_its_raw_url():
    told = Counter(event["url"] for event in of("pageview", EVENTS))
    start = datetime.combine(FIRST_DAY, datetime.min.time(), UTC)
    truth = SITE.truth(start, start + timedelta(days=DAYS), ("URL",))
    assert told == {url: facts["page_views_all"] for (url,), facts in truth.items() if url is not None}


def test_visitors_are_claritys_whoever_is_logged_in():
    told = {event["visitor_id"] for event in EVENTS}
    assert len(told) == len(set(SITE.visitors[SITE.sessions.kind != PAGELESS].tolist()))
    browsers = defaultdict(set)
    for event in EVENTS:
        if "user_id" in event:
            browsers[event["user_id"]].add(event["visitor_id"])
    assert max(len(some) for some in browsers.values()) > 1


def test_a_session_has_one_visitor_and_is_never_idle_for_thirty_minutes():
    for events in by_session().values():
        assert len({(e["visitor_id"], e.get("user_id"), e["user_agent"], e["country"]) for e in events}) == 1
        times = [at(event) for event in events]
        assert times == sorted(times)
        assert max((b - a for a, b in pairwise(times)), default=timedelta()) < IDLE


def test_the_seconds_between_pageviews_are_those_that_clarity_is_told():
    told = Counter()
    for events in people():
        times = [at(event) for event in of("pageview", events)]
        told.update(round((b - a).total_seconds()) for a, b in pairwise(times))
    assert told.total() > 1_000
    assert not told - Counter(SITE.views.total_s.tolist())


# --- what visitors do ---------------------------------------------------------------------------------------------


def test_carts_come_before_the_cart_page_and_hold_at_most_three_products():
    reached = 0
    for events in people():
        carts = of("cart", events)
        assert len({e["product_id"] for e in carts}) == len(carts) <= 3
        goal = next((e for e in of("pageview", events) if path(e) in ("/cart", "/checkout")), None)
        if goal is not None:
            reached += 1
            assert any(at(e) <= at(goal) for e in carts)
    assert reached > 50
    abandoned = [events for events in people() if of("cart", events) and not of("purchase", events)]
    assert len(abandoned) > 50


def test_a_purchase_follows_a_checkout_and_is_one_order_of_what_the_cart_holds():
    orders = Counter()
    for events in people():
        bought = of("purchase", events)
        if not bought:
            continue
        [checkout] = of("checkout", events)
        assert path(checkout) == "/checkout"
        assert at(checkout) <= at(bought[0])
        assert len({(e["order_id"], e["event_time"], e["url"]) for e in bought}) == 1
        orders[bought[0]["order_id"]] += 1
        held = {e["product_id"]: e["quantity"] for e in of("cart", events) if at(e) <= at(checkout)}
        for event in of("remove", events):
            assert held.pop(event["product_id"]) == event["quantity"]
        assert {e["product_id"]: e["quantity"] for e in bought} == held
    assert len(orders) > 20
    assert set(orders.values()) == {1}


def test_a_product_page_tells_its_product_and_the_search_page_a_search():
    for events in by_session().values():
        shown = [path(e).rpartition("/")[2] for e in of("pageview", events) if path(e).startswith("/product/")]
        assert not Counter(shown) - Counter(e["product_id"] for e in of("view", events))
        searches = [e for e in of("pageview", events) if path(e) == "/search"]
        assert len(of("search", events)) >= len(searches)
    for event in EVENTS:
        if event["event_type"] in ("view", "cart", "remove", "purchase"):
            good = GOODS[event["product_id"]]
            assert (event["category"], event["brand"], event["price"]) == (good.category, good.brand, good.price)
        else:
            assert "product_id" not in event
    assert {e["event_type"] for e in EVENTS if "quantity" in e} == {"cart", "remove", "purchase"}


def test_bots_are_quick_look_at_pages_and_products_and_put_nothing_in():
    bots = [events for events in by_session().values() if events[0]["user_agent"] in BOTS]
    assert len(bots) == (SITE.sessions.kind == BOT).sum() > 0
    assert {e["event_type"] for events in bots for e in events} <= {"pageview", "view", "search"}
    assert max((at(events[-1]) - at(events[0])).total_seconds() for events in bots) <= 4


# --- as trackers tell ---------------------------------------------------------------------------------------------


def test_landings_carry_campaigns_click_ids_and_referrers_and_later_pages_the_page_before():
    urls = [events[0]["url"] for events in people()]
    for trace in ("utm_campaign=brand_search", "gclid=", "fbclid=", "utm_source=chatgpt.com"):
        assert any(trace in url for url in urls), trace
    assert {"https://www.google.com/", "https://chatgpt.com/", None} <= {
        events[0].get("referrer") for events in people()
    }
    for events in people():
        pages = of("pageview", events)
        assert [e["referrer"] for e in pages[1:]] == [e["url"] for e in pages[:-1]]


def test_every_equipment_country_and_product_has_what_its_events_tell():
    assert set(AGENTS) == {row[:3] for row in EQUIPMENT if row[3] > 0}
    assert set(TIMEZONES) == {name for name, _, _ in COUNTRIES}
    assert {zone for zones in TIMEZONES.values() for zone in zones} <= available_timezones()
    assert tuple(GOODS) == PRODUCTS


def test_user_agents_say_the_device_that_clarity_tells_and_bots_that_they_are_bots():
    for (device, _, _), agent in AGENTS.items():
        told = agent_of(agent)
        assert (told.device, told.is_bot) == ("PC" if device == "Email" else device, False)
    assert all(agent_of(agent).is_bot for agent in BOTS)


def test_event_ids_are_unique_and_another_seed_has_others():
    ids = {event["event_id"] for event in EVENTS}
    assert len(ids) == len(EVENTS)
    other = SimulatedSite.generate(first_day=FIRST_DAY, days=2, sessions_per_day=50, seed=8)
    same = SimulatedSite.generate(first_day=FIRST_DAY, days=2, sessions_per_day=50)
    told, again = (list(site_events(s, first=FIRST_DAY, last=LAST_DAY)) for s in (other, same))
    assert not {e["event_id"] for e in told} & {e["event_id"] for e in again}
    assert again == list(site_events(same, first=FIRST_DAY, last=LAST_DAY))


def test_a_part_of_the_days_has_the_same_events_as_all_of_them():
    first, last, until = date(2026, 9, 3), date(2026, 9, 5), datetime(2026, 9, 5, 1, tzinfo=UTC)
    part = list(site_events(SITE, first=first, last=last, until=until))
    assert part == [e for e in EVENTS if first.isoformat() <= e["event_time"] < "2026-09-05T01"]
    assert list(site_events(SITE, first=first, last=last, until=datetime(2026, 9, 3, tzinfo=UTC))) == []


def test_a_site_without_people_or_long_enough_for_no_cohort_has_its_events_too():
    empty = SimulatedSite.generate(first_day=FIRST_DAY, days=2, sessions_per_day=0)
    assert list(site_events(empty, first=FIRST_DAY, last=LAST_DAY)) == []
    short = SimulatedSite.generate(first_day=FIRST_DAY, days=1, sessions_per_day=100)
    assert cohort_week(FIRST_DAY, 1) > FIRST_DAY
    assert len(SiteEvents.of(short)) >= len(short.views.page) > 0


# --- files --------------------------------------------------------------------------------------------------------


def lines(file) -> list[bytes]:
    return gzip.decompress(file.read_bytes()).splitlines()


def test_a_file_a_day_with_the_same_bytes_every_time(tmp_path):
    days = list(TOLD.days(first=FIRST_DAY, last=date(2026, 9, 3)))
    told = [write_event_files(days, tmp_path / name) for name in ("one", "two")]
    assert [file.name for file in told[0]] == [f"2026-09-0{i}.jsonl.gz" for i in (1, 2, 3)]
    assert [file.read_bytes() for file in told[0]] == [file.read_bytes() for file in told[1]]
    assert [json.loads(line) for file in told[0] for line in lines(file)] == [
        e for e in EVENTS if e["event_time"] < "2026-09-04"
    ]
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == [file.name for file in told[0]]


def test_mishaps_repeat_delay_and_break_rows_but_lose_none(tmp_path):
    mishaps = Mishaps(
        again=date(2026, 9, 1), late=date(2026, 9, 2), arrives=date(2026, 9, 4), broken=date(2026, 9, 3)
    )  # fmt: skip
    files = write_event_files(TOLD.days(first=FIRST_DAY, last=date(2026, 9, 4)), tmp_path, mishaps=mishaps)
    told = {file.name.removesuffix(".jsonl.gz"): lines(file) for file in files}
    assert told["2026-09-01-again"] == told["2026-09-01"][:AGAIN_COUNT]
    late = [json.loads(line) for line in told["2026-09-04-late"]]
    assert {at(e).hour for e in late} == set(LATE_HOURS)
    assert {e["event_time"][:10] for e in late} == {"2026-09-02"}
    assert not {at(json.loads(line)).hour for line in told["2026-09-02"]} & set(LATE_HOURS)
    good = {json.dumps(e, ensure_ascii=False, separators=(",", ":")) for e in EVENTS}
    broken = [line for line in told["2026-09-03"] if line.decode() not in good]
    assert len(broken) == 5
    with pytest.raises(json.JSONDecodeError):
        json.loads(broken[0])
    whole = [json.loads(line) for name in told for line in told[name] if line not in broken]
    assert {e["event_id"] for e in whole} == {e["event_id"] for e in EVENTS if e["event_time"] < "2026-09-05"}
