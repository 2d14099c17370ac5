"""Who is behind the simulated visitors: a site in; for each session its person, account and kind of visitor out."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from clarity_assets.demo import event_catalogue as events
from clarity_assets.demo.catalogue import PAGE_PLACE, PRODUCTS
from clarity_assets.demo.event_catalogue import CATEGORY_OF_PRODUCT, PLANTED_EVENTS
from clarity_assets.demo.simulate import DAY_S, PERSON, pick, stream
from clarity_assets.demo.site import SimulatedSite

WEEK_S = 7 * DAY_S
NOBODY = -1
TO_THE_CART = (PAGE_PLACE["/cart"], PAGE_PLACE["/checkout"])


@dataclass
class People:
    """One entry a session: who it is (`account` -1: not logged in), what they like, whether they compare."""

    person: np.ndarray
    account: np.ndarray
    category: np.ndarray
    compares: np.ndarray


def draw_people(site: SimulatedSite) -> People:
    """Clarity's visitors stay as they are; an account can join several of them to one person."""
    sessions, n = site.sessions, len(site.starts_s)
    rng = stream(site.seed, "event people")
    has_account = (rng.random(n) < events.ACCOUNT_SHARE)[sessions.visitor] & (sessions.kind == PERSON)
    favourite = pick(rng, np.ones(len(PRODUCTS)), n)  # a product, so that each is as likely as another
    owner = np.arange(n)
    if site.planted:
        owner, more = _returning_cohort(stream(site.seed, "event cohort"), site, has_account)
        has_account |= more
    person = owner[sessions.visitor]
    categories = list(dict.fromkeys(CATEGORY_OF_PRODUCT))
    category = np.array([categories.index(name) for name in CATEGORY_OF_PRODUCT])[favourite[person]]
    compares = np.zeros(n, bool)
    if site.planted:
        compares = _comparers(stream(site.seed, "event segments"), site, person)
    return People(person, np.where(has_account, person, NOBODY), category, compares)


def cohort_week(first_day: date, days: int) -> date:
    """Monday of the week whose new visitors come back, in a site of so many days."""
    earliest = first_day + timedelta(days=PLANTED_EVENTS["returning_cohort"].day_range(days).start)
    return earliest + timedelta(days=-earliest.weekday() % 7)


def _returning_cohort(
    rng: np.random.Generator, site: SimulatedSite, has_account: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Planted: visitor -> visitor whose account it uses; and which sessions are logged in because of that."""
    truth, sessions = PLANTED_EVENTS["returning_cohort"], site.sessions
    monday = datetime.combine(cohort_week(site.first_day, site.days), time(), UTC)
    week = (sessions.start_s - int(monday.timestamp())) // WEEK_S
    n = len(week)
    visitors, first = np.unique(sessions.visitor, return_index=True)
    visitors, first = visitors[sessions.kind[first] == PERSON], first[sessions.kind[first] == PERSON]
    cohort = first[week[first] == 0]
    owner = np.arange(n)
    for later in range(1, int(week.max(initial=0)) + 1):
        coming = rng.permutation(cohort[rng.random(len(cohort)) < truth.size])
        fresh = rng.permutation(first[(week[first] == later) & ~has_account[first]])
        for place in np.unique(sessions.country[coming]):
            members = sessions.visitor[coming[sessions.country[coming] == place]]
            strangers = sessions.visitor[fresh[sessions.country[fresh] == place]]
            count = min(len(members), len(strangers))
            owner[strangers[:count]] = members[:count]
    joined = np.zeros(n, bool)
    moved = np.flatnonzero(owner != np.arange(n))
    joined[moved], joined[owner[moved]] = True, True
    return owner, joined[sessions.visitor]


def _comparers(rng: np.random.Generator, site: SimulatedSite, person: np.ndarray) -> np.ndarray:
    """Planted: by session, whether its person compares; the others only read."""
    goes = np.zeros(len(person), bool)
    goes[person[site.views.session[np.isin(site.views.page, TO_THE_CART)]]] = True
    share = np.where(goes, PLANTED_EVENTS["two_segments"].size, events.COMPARER_SHARE)
    return (rng.random(len(person)) < share)[person] & (site.sessions.kind == PERSON)
