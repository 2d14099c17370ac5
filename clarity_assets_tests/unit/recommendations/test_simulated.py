"""The simulated shop: its planted truths are found, what matters most first; without them, nothing is."""

from datetime import date

import pytest

from clarity_assets.demo.site import SimulatedSite
from clarity_assets.recommendations.evidence import find_recommendations
from clarity_assets.reports.period import Period
from clarity_assets.reports.product.geography import geography
from clarity_assets.reports.rendering.texts import sentence_text
from clarity_assets_tests.fixtures.simulated import warehouse_of
from clarity_assets_tests.unit.recommendations.worlds import facts_of

FIRST_DAY = date(2026, 8, 28)
CHECKOUT = {"page": "shop.example/checkout", "device": "Mobile"}


@pytest.fixture(scope="module")
def con():
    with warehouse_of(SimulatedSite.generate(first_day=FIRST_DAY, days=49)) as con:
        yield con


def test_the_planted_checkout_on_mobile_is_high_and_first(con):
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


@pytest.mark.parametrize("period", [Period.week(date(2026, 10, 5)), Period.span(date(2026, 9, 15), date(2026, 10, 15))])
def test_a_growing_country_is_recommended_where_the_product_report_finds_it(con, period):
    facts = facts_of(con, period)
    recommended = {one.place["country"] for one in find_recommendations(facts) if "country" in one.place}
    found = {finding.where.get("country") for finding in geography(facts).findings
             if "Its share rose" in sentence_text(finding.sentence)}  # fmt: skip
    assert recommended == found == {"Portugal"}


def test_every_week_says_the_same_of_the_checkout(con):
    weeks = [find_recommendations(facts_of(con, Period.week(date(2026, 9, day)))) for day in (7, 14, 21, 28)]
    assert [[one.place for one in found[:2]] for found in weeks] == [[CHECKOUT, CHECKOUT]] * 4
    assert len({tuple(one.id for one in found[:2]) for found in weeks}) == 1


def test_a_site_without_planted_truths_gets_no_recommendation():
    site = SimulatedSite.generate(first_day=FIRST_DAY, days=49, planted=False)
    with warehouse_of(site) as con:
        for period in (Period.week(date(2026, 10, 5)), Period.month(date(2026, 9, 1))):
            assert find_recommendations(facts_of(con, period)) == []
