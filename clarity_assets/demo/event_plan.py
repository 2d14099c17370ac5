"""What visitors do on the pages they see: a site and its people in; one entry an event, in order of time, out."""

from dataclasses import dataclass, fields

import numpy as np

from clarity_assets.demo import event_catalogue as events
from clarity_assets.demo.catalogue import EQUIPMENT, PAGE_PLACE, PAGES, PRODUCTS
from clarity_assets.demo.event_catalogue import CATEGORY_OF_PRODUCT, EVENT_TYPES, PLANTED_EVENTS
from clarity_assets.demo.event_people import People
from clarity_assets.demo.simulate import BOT, PERSON, pick, stream
from clarity_assets.demo.site import SimulatedSite

NOTHING = -1
LOOKED_AT = ("home", "category", "product", "blog", "search")  # sections that show goods
PRODUCT_OF_PAGE = np.array(
    [PRODUCTS.index(p.path.rpartition("/")[2]) if p.section == "product" else NOTHING for p in PAGES]
)
BOT_PAUSE_MS = 2_000

# The order of events on one page view.
_SEEN, _SEARCHED, _LOOKED, _REMOVED, _AT_CHECKOUT, _LEFT_OUT, _BOUGHT = range(7)


@dataclass
class Events:
    """One entry an event; `kind` is a place in EVENT_TYPES, `view` one in the site's views, `order` names an order."""

    time_ms: np.ndarray
    kind: np.ndarray
    view: np.ndarray
    product: np.ndarray
    quantity: np.ndarray
    order: np.ndarray


@dataclass
class Items:
    """Products put into carts, in order: the view it happened on, and which of the view's looks it follows."""

    view: np.ndarray
    look: np.ndarray
    product: np.ndarray
    quantity: np.ndarray

    def where(self, chosen: np.ndarray) -> "Items":
        return Items(*(getattr(self, f.name)[chosen] for f in fields(Items)))


class Plan:
    """Draws a site's events; each kind of deed has a stream of its own."""

    def __init__(self, site: SimulatedSite, people: People):
        self.site, self.people = site, people
        self.session, self.page = site.views.session, site.views.page
        self.n, self.m = len(site.starts_s), len(site.views.page)
        self.is_person = site.sessions.kind[self.session] == PERSON
        self.temper = np.where(people.compares, 1, 0)[self.session]
        self.tempers = (events.READER, events.COMPARER) if site.planted else (events.EVERYBODY,) * 2
        self.cart = self._first_view(PAGE_PLACE["/cart"])
        self.checkout = self._first_view(PAGE_PLACE["/checkout"])

    def draw(self) -> Events:
        looks, items = self._looks_and_items()
        parts = [self._rows(np.arange(self.m), _SEEN, "pageview"), self._searches(), looks]
        parts.append(self._rows(items.view, _LOOKED, "cart", items=items, look=2 * items.look + 1))
        removed = self._removals(items)
        parts.append(self._rows(self.cart[self.session[items.view[removed]]], _REMOVED, "remove",
                                items=items.where(removed)))  # fmt: skip
        reached = self.checkout[self.checkout < self.m]
        parts.append(self._rows(reached, _AT_CHECKOUT, "checkout"))
        parts += self._purchases(items.where(~removed))
        return self._timed({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})

    def _first_view(self, page: int) -> np.ndarray:
        """By session, the first view of a page by a person; beyond the last view where there is none."""
        first = np.full(self.n, self.m)
        there = np.flatnonzero((self.page == page) & self.is_person)
        np.minimum.at(first, self.session[there], there)
        return first

    def _by_temper(self, name: str) -> np.ndarray:
        """By view, what its visitor's temper says."""
        return np.array([getattr(temper, name) for temper in self.tempers])[self.temper]

    def _rows(self, view, stage: int, kind: str, *, items: Items | None = None, look=0, product=NOTHING, order=NOTHING):
        count = len(view)
        told = {"product": items.product, "quantity": items.quantity} if items else {"product": product, "quantity": 0}
        named = {"stage": stage, "look": look, "kind": EVENT_TYPES.index(kind), "order": order} | told
        return {"view": view} | {name: np.broadcast_to(value, count) for name, value in named.items()}

    def _searches(self) -> dict[str, np.ndarray]:
        """On the search page, and from the search field of any page that shows goods."""
        rng = stream(self.site.seed, "event searches")
        elsewhere = self._shows_goods() & (rng.random(self.m) < self._by_temper("search_share"))
        return self._rows(np.flatnonzero((self.page == PAGE_PLACE["/search"]) | elsewhere), _SEARCHED, "search")

    def _shows_goods(self) -> np.ndarray:
        return np.isin([p.section for p in PAGES], LOOKED_AT)[self.page] & self.is_person

    def _looks_and_items(self) -> tuple[dict[str, np.ndarray], Items]:
        """Products looked at, and those of them that are put in."""
        rng = stream(self.site.seed, "event looks")
        first = np.r_[True, self.session[1:] != self.session[:-1]] if self.m else np.zeros(0, bool)
        quick = rng.poisson(self._by_temper("more_looks")) + first * self._by_temper("first_looks")
        quick = quick * self._shows_goods()
        page_product = PRODUCT_OF_PAGE[self.page]
        count = quick + (page_product >= 0)
        count[self._in_need(count)] += 1
        view = np.repeat(np.arange(self.m), count)
        look = np.arange(len(view)) - np.repeat(np.cumsum(count) - count, count)
        own = (look == 0) & (page_product[view] >= 0)
        product = np.where(own, page_product[view], self._taste(rng, view))
        rows = self._rows(view, _LOOKED, "view", look=2 * look, product=product)
        return rows, self._put_in(view, look, product)

    def _in_need(self, count: np.ndarray) -> np.ndarray:
        """The view before the first cart or checkout, of each session that comes there without a product seen."""
        goal = np.minimum(self.cart, self.checkout)
        before = np.arange(self.m) < goal[self.session]
        seen = np.bincount(self.session[before], weights=count[before], minlength=self.n)
        return goal[(goal < self.m) & (seen == 0)] - 1

    def _taste(self, rng: np.random.Generator, view: np.ndarray) -> np.ndarray:
        """A product for each look: of the person's favourite category, or any."""
        categories = list(dict.fromkeys(CATEGORY_OF_PRODUCT))
        members = [np.flatnonzero(np.array(CATEGORY_OF_PRODUCT) == name) for name in categories]
        table = np.array([np.resize(m, 12) for m in members])  # 12: every size of category divides it
        favourite = table[self.people.category[self.session[view]], rng.integers(0, 12, len(view))]
        return np.where(
            rng.random(len(view)) < events.FAVOURITE_SHARE, favourite, rng.integers(0, len(PRODUCTS), len(view))
        )

    def _put_in(self, view: np.ndarray, look: np.ndarray, product: np.ndarray) -> Items:
        """At most three different products a session; one or more before a cart or checkout that it comes to."""
        rng = stream(self.site.seed, "event carts")
        session = self.session[view]
        goal = np.minimum(self.cart, self.checkout)
        share = self._by_temper("cart_share")[view]
        share = np.where((goal < self.m)[session], np.maximum(share, events.CART_SHARE_OF_GOERS), share)
        chance = rng.random(len(view)) < share
        quantity = 1 + pick(rng, events.QUANTITY_WEIGHTS, len(view))
        fresh = np.zeros(len(view), bool)
        fresh[np.unique(session * len(PRODUCTS) + product, return_index=True)[1]] = True
        puts = chance & fresh & self.is_person[view]
        early = view < goal[session]
        has = np.bincount(session[puts & early], minlength=self.n) > 0
        last = np.full(self.n, NOTHING)
        candidates = np.flatnonzero(fresh & early)
        np.maximum.at(last, session[candidates], candidates)
        puts[last[(goal < self.m) & ~has]] = True
        earlier = np.cumsum(puts) - puts
        begins = np.searchsorted(session, np.arange(self.n))
        within = earlier - earlier[np.minimum(begins, len(view) - 1)][session] if len(view) else earlier
        puts &= within < events.CART_CAP
        return Items(view[puts], look[puts], product[puts], quantity[puts])

    def _removals(self, items: Items) -> np.ndarray:
        """Whether an item is taken out on /cart: the last one, where there are several."""
        rng = stream(self.site.seed, "event removals")
        session = self.session[items.view]
        there = (items.view < self.cart[session]) & (self.cart[session] < self.checkout[session])
        there &= self.cart[session] < self.m
        several = np.bincount(session[there], minlength=self.n) > 1
        last = np.full(self.n, NOTHING)
        np.maximum.at(last, session[there], np.flatnonzero(there))
        removed = np.zeros(len(session), bool)
        removed[last[several & (rng.random(self.n) < events.REMOVAL_SHARE)]] = True
        return removed

    def _purchases(self, items: Items) -> list[dict[str, np.ndarray]]:
        """What is bought at the checkout, and what is left out there."""
        rng = stream(self.site.seed, "event purchases")
        completes = (rng.random(self.n) < events.COMPLETION_SHARE) & (self.checkout < self.m)
        session = self.session[items.view]
        left_out = np.zeros(len(session), bool)
        if self.site.planted:
            own = stream(self.site.seed, "event planted")
            leak, lonely = PLANTED_EVENTS["leaking_step"], PLANTED_EVENTS["abandoned_product"]
            mobile = np.array([row[0] == leak.dimensions["device"] for row in EQUIPMENT])[self.site.sessions.equipment]
            completes &= ~(mobile & (own.random(self.n) < leak.size))
            left_out = items.product == PRODUCTS.index(lonely.dimensions["product_id"])
            left_out &= own.random(len(session)) < lonely.size
        ready = items.view < self.checkout[session]
        completes &= np.bincount(session[ready & ~left_out], minlength=self.n) > 0
        ready &= completes[session]
        out, bought = items.where(ready & left_out), items.where(ready & ~left_out)
        return [
            self._rows(self._checkout_of(out), _LEFT_OUT, "remove", items=out),
            self._rows(self._checkout_of(bought), _BOUGHT, "purchase", items=bought, order=self.session[bought.view]),
        ]

    def _checkout_of(self, items: Items) -> np.ndarray:
        return self.checkout[self.session[items.view]]

    def _timed(self, rows: dict[str, np.ndarray]) -> Events:
        """Spread each view's events over its seconds, in their order; an order's purchases happen at one instant."""
        rng = stream(self.site.seed, "event times")
        place = np.argsort(np.lexsort((rows["look"], rows["stage"], rows["view"])), kind="stable")
        key = (rows["view"] * 8 + rows["stage"]) * 128 + np.minimum(rows["look"], 127)
        groups, group = np.unique(key, return_inverse=True)
        view = groups // 1024
        begins = np.searchsorted(view, np.arange(self.m + 1))
        slot, slots = np.arange(len(groups)) - begins[view], np.diff(begins)[view] - 1
        share = np.where(slot > 0, (slot - rng.uniform(0.1, 0.9, len(groups))) / np.maximum(slots, 1), 0.0)
        start_ms, length_ms = self._view_times(rng)
        time_ms = (start_ms[view] + np.floor(share * length_ms[view])).astype(np.int64)[group]
        order = np.lexsort((place, time_ms))
        return Events(time_ms[order], *(rows[f.name][order] for f in fields(Events)[1:]))

    def _view_times(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """When each view begins, and how long it lasts (ms): people's by their seconds, bots' at most two."""
        pause = rng.integers(0, BOT_PAUSE_MS + 1, self.m)
        bot = self.site.sessions.kind[self.session] == BOT
        length_ms = np.where(bot, pause, 1_000 * self.site.views.total_s)
        started_ms = 1_000 * self.site.starts_s + rng.integers(0, 1_000, self.n)  # within the second: same hour
        before = np.cumsum(length_ms) - length_ms
        begins = np.searchsorted(self.session, self.session)
        return started_ms[self.session] + before - before[begins], length_ms
