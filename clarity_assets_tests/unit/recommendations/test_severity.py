"""Severity worked out by hand: reach x strength from the careful end of an interval, and its level."""

import pytest

from clarity_assets.recommendations.found import recommendation_id
from clarity_assets.recommendations.rules import HORIZONS, RULES
from clarity_assets.recommendations.severity import level_of, severity, strength_of
from clarity_assets.reports.document import Level
from clarity_assets.reports.figures import Figure
from clarity_assets.reports.measures import MEASURES, SIGNAL_TITLES


def ratio(value: float, low: float | None, high: float | None) -> Figure:
    return Figure(value, "times", low=low, high=high)


def test_a_share_is_as_strong_as_the_affected_sessions_that_the_others_rate_would_spare():
    assert strength_of(ratio(3, 2, 4.5), better="low") == 0.5  # at twice the rate, half of them
    assert strength_of(ratio(10, 4, 25), better="low") == 0.75
    assert strength_of(ratio(1.5, 0.9, 2.5), better="low") == 0  # it may be the same
    assert strength_of(ratio(3, None, None), better="low") == 0
    assert strength_of(ratio(float("inf"), float("inf"), float("inf")), better="low") == 1


def test_a_mean_is_as_strong_as_what_each_session_lacks():
    assert strength_of(ratio(0.25, 0.2, 0.3), better="high") == pytest.approx(0.7)
    assert strength_of(ratio(0.9, 0.8, 1.1), better="high") == 0
    assert strength_of(ratio(0.9, None, None), better="high") == 0


def test_severity_is_the_share_of_all_sessions_that_are_hit_without_need():
    # 150 of 10,000 sessions are affected; at a lower end of 4 three in four of them need not be: 112.5
    assert severity(150 / 10_000, strength_of(ratio(5, 4, 6), better="low")) == pytest.approx(112.5 / 10_000)


@pytest.mark.parametrize(
    ("value", "level"),
    [
        (0.0, "LOW"),
        (0.001, "LOW"),
        (0.00199, "LOW"),
        (0.002, "MEDIUM"),
        (0.00499, "MEDIUM"),
        (0.005, "HIGH"),
        (1, "HIGH"),
    ],
)
def test_levels_begin_at_one_of_500_and_one_of_200_sessions(value, level):
    assert level_of(value) == level
    assert level_of(value, highest=Level.LOW) == "LOW"


def test_what_touches_one_session_of_a_thousand_is_low_however_bad_it_is():
    assert level_of(severity(0.001, 1.0)) is Level.LOW


def test_an_id_is_of_project_rule_and_place_and_of_nothing_else():
    place = {"page": "/checkout", "device": "Mobile"}
    assert recommendation_id("shop", "rage_clicks_on_page", place) == "r76e73441"
    assert recommendation_id("shop", "rage_clicks_on_page", dict(reversed(place.items()))) == "r76e73441"
    others = [
        recommendation_id("other", "rage_clicks_on_page", place),
        recommendation_id("shop", "dead_clicks_on_page", place),
        recommendation_id("shop", "rage_clicks_on_page", {"page": "/checkout"}),
        recommendation_id("shop", "rage_clicks_on_page", place | {"device": None}),
    ]
    assert len({"r76e73441", *others}) == 5


def test_every_rule_has_a_name_of_its_own_a_reason_and_two_or_three_things_to_try():
    assert len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.reason.endswith(".")
        assert 2 <= len(rule.to_try) <= 3
        assert all(t.endswith(".") for t in rule.to_try)
        assert rule.measure in MEASURES or rule.looks == "rise"
        assert rule.signal in (*SIGNAL_TITLES, None)
    assert set(HORIZONS) == set(Level)
