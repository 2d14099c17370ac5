"""The raw events of a simulated site's own sessions: a site and UTC days in, events as a tracker sends them out."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Self

import numpy as np

from clarity_assets.demo.catalogue import COUNTRIES, EQUIPMENT, PRODUCTS, TRAFFIC
from clarity_assets.demo.event_catalogue import AGENTS, BOT_AGENTS, EVENT_TYPES, GOODS, TIMEZONES
from clarity_assets.demo.event_people import NOBODY, People, draw_people
from clarity_assets.demo.event_plan import NOTHING, Events, Plan
from clarity_assets.demo.simulate import BOT, DAY_S
from clarity_assets.demo.site import SimulatedSite, raw_urls

FIRST_ACCOUNT, FIRST_ORDER = 100_000, 500_000


@dataclass(frozen=True, eq=False)
class SiteEvents:
    """All events of a site; made by `of`, told day by day.

    The events of a session lie less than 30 minutes apart and carry the session's own id. Sessions without a page
    have none. A site of the same arguments has the same events, whichever days are asked for. `sessions_before`: how
    many sessions an earlier site of the same shop had, from where accounts and orders are numbered on.
    """

    site: SimulatedSite
    people: People
    events: Events
    sessions_before: int = 0

    @classmethod
    def of(cls, site: SimulatedSite, *, sessions_before: int = 0) -> Self:
        people = draw_people(site)
        return cls(site, people, Plan(site, people).draw(), sessions_before)

    def __len__(self) -> int:
        return len(self.events.time_ms)

    @cached_property
    def _texts(self) -> "_Texts":
        return _Texts(self)

    def days(self, *, first: date, last: date, until: datetime | None = None) -> Iterator[tuple[date, list[dict]]]:
        """The events of each UTC day from `first` to `last`, of those before `until`."""
        texts = self._texts
        names = [f.name for f in fields(Events)]
        end = datetime.combine(last, time(), UTC) + timedelta(days=1)
        end_ms = int(1_000 * min(end, until or end).timestamp())
        for i in range((last - first).days + 1):
            day = first + timedelta(days=i)
            start_ms = 1_000 * int(datetime.combine(day, time(), UTC).timestamp())
            stop_ms = max(start_ms, min(start_ms + 1_000 * DAY_S, end_ms))
            begins, ends = np.searchsorted(self.events.time_ms, (start_ms, stop_ms)).tolist()
            columns = [getattr(self.events, name)[begins:ends] for name in names]
            times = np.datetime_as_string(columns[0].astype("datetime64[ms]"), timezone="UTC").tolist()
            others = [column.tolist() for column in columns[1:]]
            yield day, [texts.event(*row) for row in zip(range(begins, ends), times, *others, strict=True)]


def site_events(
    site: SimulatedSite, *, first: date, last: date, until: datetime | None = None
) -> Iterator[dict[str, str | float | int]]:
    """The site's events of the UTC days `first` to `last` (and before `until`), in order of time.

    Keys are those of mapping `events`; what an event does not have is left out.
    """
    for _, rows in SiteEvents.of(site).days(first=first, last=last, until=until):
        yield from rows


class _Texts:
    """Turns numbers into what a tracker would write."""

    def __init__(self, told: SiteEvents):
        site, people, views = told.site, told.people, told.site.views
        first_account = FIRST_ACCOUNT + told.sessions_before
        self.first_order = FIRST_ORDER + told.sessions_before
        urls, code = raw_urls(views)
        self.url = [urls[i] for i in code.tolist()]
        self.session = views.session.tolist()
        begins = np.searchsorted(views.session, views.session)
        self.is_landing = (begins == np.arange(len(begins))).tolist()
        self.referrer = [TRAFFIC[i].referrer for i in site.sessions.traffic.tolist()]
        self.event_id = _ids(site, "event", len(told))
        session_id = _ids(site, "session", len(site.starts_s))
        visitor_id = _ids(site, "visitor", len(site.starts_s))
        account = [None if a == NOBODY else f"c{first_account + a}" for a in people.account.tolist()]
        self.of_session = [
            _left_out_where_none(
                visitor_id=visitor_id[visitor], user_id=account[i], session_id=session_id[i],
                user_agent=_agent(row, kind, visitor), country=COUNTRIES[country][0],
                timezone=_timezone(COUNTRIES[country][0], visitor),
            )
            for i, (visitor, row, kind, country) in enumerate(zip(
                site.visitors.tolist(), site.sessions.equipment.tolist(), site.sessions.kind.tolist(),
                site.sessions.country.tolist(), strict=True,
            ))
        ]  # fmt: skip
        self.goods = [
            {"product_id": p, "category": GOODS[p].category, "brand": GOODS[p].brand, "price": GOODS[p].price}
            for p in PRODUCTS
        ]

    def event(self, i: int, at: str, kind: int, view: int, product: int, quantity: int, order: int) -> dict:
        session = self.session[view]
        referrer = self.referrer[session] if self.is_landing[view] else self.url[view - 1]
        told = {
            "event_id": self.event_id[i],
            "event_time": at,
            "event_type": EVENT_TYPES[kind],
            **self.of_session[session],
            "url": self.url[view],
        }
        if referrer is not None:
            told["referrer"] = referrer
        if product != NOTHING:
            told |= self.goods[product]
        if quantity:
            told["quantity"] = quantity
        if order != NOTHING:
            told["order_id"] = f"LO-{self.first_order + order}"
        return told


def _left_out_where_none(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}


def _agent(equipment: int, kind: int, visitor: int) -> str:
    if kind == BOT:
        return BOT_AGENTS[equipment][visitor % len(BOT_AGENTS[equipment])]
    return AGENTS.get(EQUIPMENT[equipment][:3], BOT_AGENTS[equipment][0])


def _timezone(country: str, visitor: int) -> str:
    return TIMEZONES[country][visitor % len(TIMEZONES[country])]


def _ids(site: SimulatedSite, what: str, count: int) -> list[str]:
    """So many different ids of 16 hex digits, the same for the same site and unlike those of another."""
    salt = np.random.default_rng([site.seed, site.first_day.toordinal(), *what.encode()]).integers(0, 2**63)
    x = np.arange(count, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(salt)  # splitmix64: one to one
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return [f"{v:016x}" for v in (x ^ (x >> np.uint64(31))).tolist()]
