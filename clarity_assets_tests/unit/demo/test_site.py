"""The simulated site: its truths are the same every time, add up, subtract, and hold what was planted."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarity_assets.demo.site import ADDITIVE, FIELDS, PLANTED, SimulatedSite
from clarity_assets.errors import RequestRefused

FIRST_DAY = date(2026, 9, 1)
START = datetime(2026, 9, 1, tzinfo=UTC)
DAYS = 30
SITE = SimulatedSite.generate(first_day=FIRST_DAY, days=DAYS)
PLAIN = SimulatedSite.generate(first_day=FIRST_DAY, days=DAYS, planted=False)
SMALL = SimulatedSite.generate(first_day=FIRST_DAY, days=8, sessions_per_day=50)
WHOLE = (START, START + timedelta(days=DAYS))
CHECKOUT = PLANTED["checkout_on_mobile"]


def _day(index: int) -> tuple[datetime, datetime]:
    return START + timedelta(days=index), START + timedelta(days=index + 1)


def _sessions_with(site: SimulatedSite, signal: str, *, device: str, bare_url: str) -> float:
    """Share of a page's sessions on a device that show a signal, all its raw URLs together."""
    truth = site.truth(*WHOLE, ("URL", "Device"))
    rows = [r for (url, d), r in truth.items() if d == device and url and url.split("?")[0] == bare_url]
    return sum(r[f"{signal}_sessions"] for r in rows) / sum(r["sessions"] for r in rows)


def test_the_same_arguments_give_the_same_site_and_another_seed_another():
    again = SimulatedSite.generate(first_day=FIRST_DAY, days=8, sessions_per_day=50)
    other = SimulatedSite.generate(first_day=FIRST_DAY, days=8, sessions_per_day=50, seed=8)
    window = (START, START + timedelta(days=8))
    assert again.truth(*window, ("URL", "Device")) == SMALL.truth(*window, ("URL", "Device"))
    assert other.truth(*window, ("URL", "Device")) != SMALL.truth(*window, ("URL", "Device"))


@settings(max_examples=25, deadline=None)
@given(
    end_s=st.integers(2 * 86_400, 8 * 86_400),
    dimensions=st.sampled_from([(), ("Device",), ("URL", "Device"), ("Source", "Medium"), ("Campaign", "URL", "OS")]),
)
def test_48_hours_minus_24_hours_is_the_day_before(end_s, dimensions):
    end = START + timedelta(seconds=end_s)
    middle, start = end - timedelta(hours=24), end - timedelta(hours=48)
    long, short, older = (SMALL.truth(*w, dimensions) for w in ((start, end), (middle, end), (start, middle)))
    assert set(long) == set(short) | set(older)
    nothing = dict.fromkeys(FIELDS, 0)
    for key, row in long.items():
        left = {name: row[name] - short.get(key, nothing)[name] for name in ADDITIVE}
        assert left == {name: older.get(key, nothing)[name] for name in ADDITIVE}


def test_a_session_belongs_to_the_window_that_its_start_lies_in_half_open():
    at_s = int(SMALL.starts_s[5])
    at, second = datetime.fromtimestamp(at_s, UTC), timedelta(seconds=1)
    for window, inside in (
        ((START, at), SMALL.starts_s < at_s),
        ((at, at + second), SMALL.starts_s == at_s),
        ((START, at + second), SMALL.starts_s <= at_s),
    ):
        total = SMALL.truth(*window)[()]
        assert [total[n] for n in ADDITIVE] == SMALL.session_facts[inside].sum(axis=0).tolist()
    assert SMALL.truth(at, at)[()] == dict.fromkeys(FIELDS, 0)


@pytest.mark.parametrize("dimension", ["Device", "OS", "Browser", "Country", "Source", "Campaign", "Channel"])
def test_rows_over_what_a_session_has_one_of_add_up_to_the_total(dimension):
    total = SITE.truth(*WHOLE)[()]
    rows = SITE.truth(*WHOLE, (dimension,)).values()
    assert {n: sum(r[n] for r in rows) for n in ADDITIVE} == {n: total[n] for n in ADDITIVE}


def test_sessions_by_url_exceed_the_total_but_page_views_and_clicks_add_up():
    total = SITE.truth(*WHOLE)[()]
    rows = SITE.truth(*WHOLE, ("URL",)).values()
    assert sum(r["sessions"] for r in rows) > total["sessions"]
    for name in ("page_views_all", "total_time_s_sum", "dead_click_count", "script_error_pageviews"):
        assert sum(r[name] for r in rows) == total[name]


def test_visitors_return_and_bots_behave_in_no_way():
    total = SITE.truth(*WHOLE)[()]
    by_day = sum(SITE.truth(*_day(i))[()]["visitors"] for i in range(DAYS))
    assert total["visitors"] < by_day
    bots = SITE.truth(*WHOLE, ("Device",))[("Other",)]
    assert bots["bot_sessions"] > 0
    assert {n for n in ADDITIVE if bots[n]} == {"bot_sessions", "page_views_all"}


def test_none_and_empty_text_are_both_there_and_differ():
    campaigns = SITE.truth(*WHOLE, ("Campaign",))
    assert campaigns[(None,)]["sessions"] != campaigns[("",)]["sessions"] > 0
    no_page = SITE.truth(*WHOLE, ("URL",))[(None,)]
    assert no_page["visitors"] > 0
    assert not any(no_page[n] for n in ADDITIVE)


def test_urls_carry_queries_click_ids_and_fragments():
    urls = [url for (url,) in SITE.truth(*WHOLE, ("URL",)) if url]
    for trace in ("utm_campaign=", "gclid=", "fbclid=", "#reviews", "?q="):
        assert any(trace in url for url in urls), trace
    assert 25 <= len({url.split("?")[0].split("#")[0] for url in urls}) <= 60


def test_an_ordinary_answer_by_url_and_device_stays_below_the_cap():
    rows = [len(SITE.truth(*_window, ("URL", "Device"))) for _window in (_three_days(i) for i in range(DAYS - 2))]
    assert max(rows) < 1_000


def _three_days(index: int) -> tuple[datetime, datetime]:
    return START + timedelta(days=index), START + timedelta(days=index + 3)


def test_the_planted_checkout_frustrates_on_mobile_alone():
    for signal in ("rage_click", "dead_click"):
        there = _sessions_with(SITE, signal, device="Mobile", bare_url=CHECKOUT.dimensions["URL"])
        desktop = _sessions_with(SITE, signal, device="PC", bare_url=CHECKOUT.dimensions["URL"])
        without = _sessions_with(PLAIN, signal, device="Mobile", bare_url=CHECKOUT.dimensions["URL"])
        assert there > 4 * desktop
        assert there > 4 * without


def test_the_planted_campaign_lasts_ten_days_and_is_poorer():
    campaign = PLANTED["campaign"]
    key = (campaign.dimensions["Campaign"],)
    seen = [i for i in range(DAYS) if key in SITE.truth(*_day(i), ("Campaign",))]
    assert seen == list(campaign.day_range(DAYS)) == list(range(20, 30))
    assert key not in PLAIN.truth(*WHOLE, ("Campaign",))
    rows = SITE.truth(START + timedelta(days=20), WHOLE[1], ("Campaign",))
    poor, usual = rows[key], rows[(None,)]
    for name, factor in (("total_time_s_sum", 0.5), ("scroll_depth_sum", 0.7), ("page_views_all", 0.8)):
        assert poor[name] / poor["sessions"] < factor * usual[name] / usual["sessions"]


def test_the_planted_page_appears_on_its_day_and_the_planted_country_grows():
    page, country = PLANTED["new_page"], PLANTED["growing_country"]

    def seen(site, index):
        return any(u and u.startswith(page.dimensions["URL"]) for (u,) in site.truth(*_day(index), ("URL",)))

    assert [i for i in range(DAYS) if seen(SITE, i)] == list(page.day_range(DAYS)) == list(range(18, 30))
    assert not any(seen(PLAIN, i) for i in range(DAYS))
    key = (country.dimensions["Country"],)
    shares = {}
    for name, site in (("planted", SITE), ("plain", PLAIN)):
        window = (START + timedelta(days=DAYS - 5), WHOLE[1])
        shares[name] = site.truth(*window, ("Country",))[key]["sessions"] / site.truth(*window)[()]["sessions"]
    assert shares["planted"] > 3 * shares["plain"]


def test_without_the_planted_truths_the_rest_is_the_same():
    window = (START, START + timedelta(days=12))  # before campaign, page and country begin
    for dimensions in ((), ("Device",), ("Source", "Medium"), ("Country",)):
        with_them, without = (s.truth(*window, dimensions) for s in (SITE, PLAIN))
        assert {k: r["sessions"] for k, r in with_them.items()} == {k: r["sessions"] for k, r in without.items()}
    assert SITE.truth(*window, ("URL",)).keys() == PLAIN.truth(*window, ("URL",)).keys()


def test_weekdays_hours_and_growth_have_a_pattern():
    year = SimulatedSite.generate(first_day=date(2026, 3, 2), days=140, planted=False, sessions_per_day=300)
    monday = datetime(2026, 3, 2, tzinfo=UTC)
    weeks = [year.truth(monday + timedelta(weeks=i), monday + timedelta(weeks=i + 1))[()]["sessions"] for i in (0, 19)]
    assert weeks[1] > 1.3 * weeks[0]
    weekdays = year.starts_s // 86_400 % 7  # day 0 of the epoch was a Thursday: Saturday is 2, Sunday 3
    assert (weekdays == 2).sum() < 0.9 * (weekdays == 3).sum()
    hours = year.starts_s % 86_400 // 3600
    assert (hours == 20).sum() > 5 * (hours == 3).sum()


def test_a_site_without_sessions_tells_zeros():
    empty = SimulatedSite.generate(first_day=FIRST_DAY, days=2, sessions_per_day=0)
    assert empty.truth(START, START + timedelta(days=2)) == {(): dict.fromkeys(FIELDS, 0)}
    assert empty.truth(START, START + timedelta(days=2), ("URL",)) == {}


def test_an_unknown_dimension_and_a_site_of_no_days_are_refused():
    with pytest.raises(RequestRefused, match="Country/Region"):
        SMALL.truth(*_day(0), ("Country/Region",))
    with pytest.raises(RequestRefused, match="days=0"):
        SimulatedSite.generate(first_day=FIRST_DAY, days=0)
