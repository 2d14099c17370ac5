"""Two groups of the same days in: how they differ, how often nothing is taken for something, and when it is too few."""

from datetime import date

import numpy as np
import pytest

from clarity_assets.errors import RequestRefused
from clarity_assets.statistics.contrast import MIN_SESSIONS, contrast_all
from clarity_assets.statistics.intervals import ratio_interval
from clarity_assets.statistics.series import DailySeries

MONDAY = date(2026, 10, 5)


def rates(events, sessions) -> DailySeries:
    return DailySeries(MONDAY, np.array(events, float), np.array(sessions, float), "rate")


def means(sums, sessions) -> DailySeries:
    return DailySeries(MONDAY, np.array(sums, float), np.array(sessions, float), "mean")


def one(own: DailySeries, other: DailySeries):
    return contrast_all({"x": (own, other)})["x"]


def test_a_ratio_of_two_shares_worked_out_by_hand():
    found = one(rates([20] * 7, [100] * 7), rates([30] * 7, [600] * 7))
    assert (found.own, found.other) == (0.2, 0.05)
    assert found.ratio == pytest.approx(4.0)
    by_hand = ratio_interval(140, 700, 210, 4200)  # seven equal days: no day scatters, and the dispersion is 1
    assert (found.interval.low, found.interval.high) == (pytest.approx(by_hand.low), pytest.approx(by_hand.high))
    assert found.is_named
    assert found.p_adjusted < 1e-6


def test_days_that_scatter_make_the_interval_wider():
    calm = one(rates([20] * 7, [100] * 7), rates([50] * 7, [600] * 7))
    wild = one(rates([0, 40, 20, 40, 0, 20, 20], [100] * 7), rates([50] * 7, [600] * 7))
    assert wild.ratio == pytest.approx(calm.ratio)
    assert wild.interval.low < calm.interval.low
    assert wild.p > calm.p


def test_a_ratio_of_two_means_is_of_their_weighted_ones():
    own = means([1000, 2000, 3100, 3900], [10, 20, 30, 40])  # 10,000 s of 100 sessions
    other = means([5000, 5100, 4900, 5000], [100] * 4)  # 20,000 s of 400
    found = one(own, other)
    assert (found.own, found.other) == (100.0, 50.0)
    assert found.ratio == pytest.approx(2.0)
    assert found.interval.low < 2 < found.interval.high
    assert found.is_named


def test_lost_days_take_part_on_neither_side():
    nan = float("nan")
    found = one(rates([20, nan, 20], [100, nan, 100]), rates([10, 500, 10], [200, 500, 200]))
    assert found.ratio == pytest.approx(0.2 / 0.05)


def test_the_others_of_a_short_campaign_are_those_of_its_own_days():
    """Two good days: 20 of 100 against 60 of 600, twice as many. All four would say 4.4 times (140 of 2,400)."""
    own = rates([20, 20, 0, 0], [100, 100, 0, 0])
    found = one(own, rates([60, 60, 10, 10], [600] * 4))
    assert (found.own, found.other) == (0.2, pytest.approx(0.1))
    assert found.ratio == pytest.approx(2.0)
    by_hand = ratio_interval(40, 200, 120, 1200)
    assert (found.interval.low, found.interval.high) == (pytest.approx(by_hand.low), pytest.approx(by_hand.high))
    same = one(own, rates([120, 120, 10, 10], [600] * 4))  # it is only that the days were good for all
    assert (same.ratio, same.is_named) == (pytest.approx(1.0), False)


def test_the_mean_of_the_others_is_of_the_own_days_too():
    own = means([1000, 1100, 900, 1000, 0, 0], [10, 10, 10, 10, 0, 0])  # 4,000 s of 40 sessions
    other = means([5000, 4900, 5100, 5000, 90_000, 90_000], [100] * 6)  # 20,000 s of 400 on the same days
    found = one(own, other)
    assert (found.own, found.other, found.ratio) == (100.0, 50.0, pytest.approx(2.0))
    without = one(means([1000, 1100, 900, 1000], [10] * 4), means([5000, 4900, 5100, 5000], [100] * 4))
    assert (found.interval, found.p) == (without.interval, without.p)


@pytest.mark.parametrize(
    ("own", "other", "says"),
    [
        (rates([5] * 7, [4] * 7), rates([5] * 7, [400] * 7), "28 sessions in the smaller group; 30 are needed"),
        (rates([1] * 7, [100] * 7), rates([0] * 7, [600] * 7), "7 sessions or events in both groups; 10 are needed"),
        (rates([0] * 7, [0] * 7), rates([9] * 7, [600] * 7), "0 sessions in the smaller group"),
        (means([900] * 3, [30] * 3), means([800] * 3, [30] * 3), "3 days with sessions; 4 are needed"),
        (means([0] * 5, [30] * 5), means([800] * 5, [30] * 5), "a mean of zero has no ratio"),
    ],
)
def test_too_few_says_what_is_missing(own, other, says):
    found = one(own, other)
    assert says in found.reason
    assert (found.ratio, found.p, found.is_named) == (None, None, False)


def test_nothing_on_the_other_side_is_an_open_end_and_no_error():
    found = one(rates([10] * 7, [100] * 7), rates([0] * 7, [600] * 7))
    assert found.ratio == float("inf")
    assert found.interval.low > 5
    assert found.is_named


def test_many_groups_without_a_difference_are_seldom_named():
    rng = np.random.default_rng(11)
    reports_with_a_name = 0
    for _ in range(200):
        pairs = {}
        for i in range(60):
            sessions = rng.poisson(rng.uniform(10, 200), 7)
            others = rng.poisson(3000, 7)
            rate = rng.uniform(0.005, 0.1)
            pairs[i] = (rates(rng.binomial(sessions, rate), sessions), rates(rng.binomial(others, rate), others))
        reports_with_a_name += any(found.is_named for found in contrast_all(pairs).values())
    assert reports_with_a_name / 200 <= 0.10


def test_means_without_a_difference_are_seldom_named():
    rng = np.random.default_rng(12)
    reports_with_a_name = 0
    for _ in range(100):
        pairs = {}
        for i in range(30):
            sessions, others = rng.poisson(60, 7) + 1, rng.poisson(2000, 7)
            own = np.array([rng.lognormal(4.5, 1.0, n).sum() for n in sessions])
            other = np.array([rng.lognormal(4.5, 1.0, n).sum() for n in others])
            pairs[i] = (means(own, sessions), means(other, others))
        reports_with_a_name += any(found.is_named for found in contrast_all(pairs).values())
    assert reports_with_a_name / 100 <= 0.10


def test_a_true_ratio_lies_in_95_percent_of_the_intervals():
    rng = np.random.default_rng(13)
    inside = []
    for _ in range(600):
        sessions, others = rng.poisson(100, 7), rng.poisson(1500, 7)
        pair = (rates(rng.binomial(sessions, 0.1), sessions), rates(rng.binomial(others, 0.05), others))
        interval = one(*pair).interval
        inside.append(interval.low <= 2.0 <= interval.high)
    assert 0.93 <= np.mean(inside) <= 0.985  # a dispersion of at least 1 makes them a little too wide


def test_a_planted_double_rate_is_found_among_many():
    rng = np.random.default_rng(14)
    found = 0
    for _ in range(100):
        pairs = {}
        for i in range(60):
            sessions, others = rng.poisson(100, 7), rng.poisson(3000, 7)
            rate = 0.06
            own = rate * (3 if i == 0 else 1)
            pairs[i] = (rates(rng.binomial(sessions, own), sessions), rates(rng.binomial(others, rate), others))
        found += contrast_all(pairs)[0].is_named
    assert found >= 95


def test_a_percentage_in_place_of_a_share_is_refused():
    with pytest.raises(RequestRefused, match="level 95"):
        contrast_all({}, level=95)


def test_the_least_number_of_sessions_is_as_stated():
    just = rates([6] * 5, [6] * 5)
    assert MIN_SESSIONS == 30
    assert one(just, rates([6] * 5, [60] * 5)).reason == ""
