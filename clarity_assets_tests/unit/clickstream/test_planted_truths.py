"""The truths planted into the simulated site's raw events: found in them by plain counting, and only where planted."""

from datetime import timedelta

import pandas as pd
import pytest

from clarity_assets.demo.event_catalogue import BOT_AGENTS, PLANTED_EVENTS
from clarity_assets.demo.event_people import cohort_week
from clarity_assets.demo.events import site_events
from clarity_assets.demo.run import DAYS, FIRST_DAY
from clarity_assets.demo.site import SimulatedSite

SESSIONS_PER_DAY = 450  # half the demo's: quicker, and still enough of each
PRODUCT = PLANTED_EVENTS["abandoned_product"].dimensions["product_id"]


def people_events(*, planted: bool) -> pd.DataFrame:
    """The events of people, with the person and the week (0: the demo's first) of each."""
    site = SimulatedSite.generate(first_day=FIRST_DAY, days=DAYS, sessions_per_day=SESSIONS_PER_DAY, planted=planted)
    events = pd.DataFrame(site_events(site, first=FIRST_DAY, last=FIRST_DAY + timedelta(days=DAYS)))
    events = events[~events["user_agent"].isin([agent for agents in BOT_AGENTS for agent in agents])]
    day = pd.to_datetime(events["event_time"].str[:10])
    return events.assign(
        person=events["user_id"].fillna(events["visitor_id"]), week=(day - pd.Timestamp(FIRST_DAY)).dt.days // 7
    )


@pytest.fixture(scope="module")
def planted() -> pd.DataFrame:
    return people_events(planted=True)


@pytest.fixture(scope="module")
def plain() -> pd.DataFrame:
    return people_events(planted=False)


def sessions_with(events: pd.DataFrame, kind: str, by: str) -> pd.Series:
    return events[events["event_type"] == kind].groupby(by)["session_id"].nunique()


# --- the abandoned product ----------------------------------------------------------------------------------------


def carted_and_bought_share(events: pd.DataFrame) -> pd.DataFrame:
    """By product: sessions that put it in, and the share of them that bought it."""
    pairs = {
        kind: events[events["event_type"] == kind][["session_id", "product_id"]].drop_duplicates()
        for kind in ("cart", "purchase")
    }
    bought = pairs["cart"].merge(pairs["purchase"])["product_id"].value_counts()
    carted = pairs["cart"]["product_id"].value_counts()
    return pd.DataFrame({"carted": carted, "share": bought / carted})


def test_the_planted_product_is_put_in_as_often_as_others_and_bought_much_less(planted):
    found = carted_and_bought_share(planted)
    others = found.drop(PRODUCT)
    assert others["carted"].min() * 0.9 < found.loc[PRODUCT, "carted"] < others["carted"].max() * 1.1
    assert found.loc[PRODUCT, "share"] < 0.4 * others["share"].min()


def test_without_planted_truths_the_product_is_bought_as_others_are(plain):
    found = carted_and_bought_share(plain)
    assert found.loc[PRODUCT, "share"] > 0.75 * found["share"].median()
    assert found["share"].min() > 0.7 * found["share"].median()


# --- the leaking step ---------------------------------------------------------------------------------------------


def completion(events: pd.DataFrame) -> dict[str, float]:
    """Share of the sessions at the checkout that buy, on phones and on PCs."""
    agent = events["user_agent"]
    device = agent.str.contains("Windows NT|Macintosh|X11").map({True: "PC", False: "Tablet"})
    device = device.mask(agent.str.contains("iPhone|Android.*Mobile"), "Mobile")
    events = events.assign(device=device)
    return (sessions_with(events, "purchase", "device") / sessions_with(events, "checkout", "device")).to_dict()


def test_checkouts_on_phones_lose_far_more_than_on_pcs(planted):
    found = completion(planted)
    assert found["PC"] > 0.65
    assert found["Mobile"] < 0.55 * found["PC"]
    assert abs(found["Mobile"] / found["PC"] - (1 - PLANTED_EVENTS["leaking_step"].size)) < 0.08


def test_without_planted_truths_devices_complete_alike(plain):
    found = completion(plain)
    assert abs(found["Mobile"] - found["PC"]) < 0.06


# --- the returning cohort -----------------------------------------------------------------------------------------


def retention(events: pd.DataFrame, *, period: int) -> dict[int, float]:
    """By week of the first visit: share of its persons who come again so many weeks later, where that week is whole."""
    seen = events[["person", "week"]].drop_duplicates()
    seen = seen.assign(first=seen.groupby("person")["week"].transform("min"))
    size = seen[seen["week"] == seen["first"]]["first"].value_counts()
    back = seen[seen["week"] - seen["first"] == period]["first"].value_counts()
    return (back / size).loc[: DAYS // 7 - 1 - period].to_dict()


def planted_week() -> int:
    return (cohort_week(FIRST_DAY, DAYS) - FIRST_DAY).days // 7


@pytest.mark.parametrize(("period", "times"), [(1, 2), (2, 5), (3, 10)])
def test_the_planted_week_comes_again_far_more_than_any_other(planted, period, times):
    found = retention(planted, period=period)
    cohort = found.pop(planted_week())
    assert cohort > PLANTED_EVENTS["returning_cohort"].size
    assert cohort > times * max(found.values())


def test_without_planted_truths_every_week_comes_again_alike(plain):
    found = retention(plain, period=1)
    assert len(found) == DAYS // 7 - 1
    assert max(found.values()) < 1.4 * min(found.values())


def test_the_cohort_comes_again_by_its_accounts_while_browsers_seem_new(planted):
    per_browser = planted.assign(person=planted["visitor_id"])
    assert max(retention(per_browser, period=3).values()) < 0.05
    browsers = planted.dropna(subset="user_id").groupby("user_id")["visitor_id"].nunique()
    assert browsers.max() > 2


# --- the two segments ---------------------------------------------------------------------------------------------


def looks_in_two_sessions(events: pd.DataFrame) -> pd.DataFrame:
    """Product views in the first and in the second session of everyone who came twice."""
    looks = (events["event_type"] == "view").groupby([events["person"], events["session_id"]], sort=False).sum()
    looks = looks.reset_index(name="looks")
    looks["nth"] = looks.groupby("person").cumcount()
    return looks[looks["nth"] < 2].pivot(index="person", columns="nth", values="looks").dropna()


def test_who_compares_once_compares_again_and_who_reads_reads(planted):
    looks = looks_in_two_sessions(planted)
    assert looks[0].corr(looks[1]) > 0.5
    compares = looks[0] >= 4
    assert 0.25 < compares.mean() < 0.6
    assert looks[1][compares].median() >= 4
    assert looks[1][compares].mean() > 3 * looks[1][~compares].mean()


def test_without_planted_truths_one_session_says_nothing_of_the_next(plain):
    looks = looks_in_two_sessions(plain)
    assert abs(looks[0].corr(looks[1])) < 0.1


def test_comparers_search_and_fill_carts_and_readers_hardly(planted):
    kinds = planted.groupby(["person", "event_type"]).size().unstack(fill_value=0)
    sessions = planted.groupby("person")["session_id"].nunique()
    compares = kinds["view"] / sessions >= 4
    for kind, times in (("cart", 8), ("search", 4), ("purchase", 8)):
        rate = kinds[kind] / sessions
        assert rate[compares].mean() > times * rate[~compares].mean()
