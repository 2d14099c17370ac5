"""The simulated shop: its planted truths are found, what matters most first; without them, nothing is."""

from datetime import date

import pytest

from clarity_assets.demo.run import FIRST_DAY, demo_site
from clarity_assets.demo.site import SimulatedSite
from clarity_assets.recommendations.evidence import find_recommendations
from clarity_assets.reports.period import Period
from clarity_assets_tests.unit.recommendations.simulated import warehouse_of
from clarity_assets_tests.unit.recommendations.worlds import facts_of

CHECKOUT = {"page": "shop.example/checkout", "device": "Mobile"}


@pytest.fixture(scope="module")
def con():
    with warehouse_of(demo_site()) as con:
        yield con


def test_the_demos_checkout_on_mobile_is_high_and_first(con):
    found = find_recommendations(facts_of(con, Period.week(date(2026, 10, 5))))
    assert [(one.rule.name, one.place, one.level.value) for one in found[:2]] == [
        ("dead_clicks_on_page", CHECKOUT, "HIGH"),
        ("rage_clicks_on_page", CHECKOUT, "HIGH"),
    ]
    assert {one.rule.name: one.place for one in found[2:]} == {
        "source_of_low_quality": {"source": "instagram", "medium": "paid_social"},
        "new_page_takes_off": {"page": "shop.example/category/outdoor"},
        "country_worth_localising": {"country": "Portugal"},
    }
    assert [one.level.value for one in found[2:]] == ["MEDIUM"] * 3


def test_every_week_of_the_demo_says_the_same_of_the_checkout(con):
    weeks = [find_recommendations(facts_of(con, Period.week(date(2026, 9, day)))) for day in (7, 14, 21, 28)]
    assert {tuple(one.id for one in found[:2]) for found in weeks} == {tuple(one.id for one in weeks[0][:2])}


def test_a_site_without_planted_truths_gets_no_recommendation():
    site = SimulatedSite.generate(first_day=FIRST_DAY, days=42, planted=False)
    with warehouse_of(site) as con:
        assert find_recommendations(facts_of(con, Period.week(date(2026, 10, 5)))) == []
