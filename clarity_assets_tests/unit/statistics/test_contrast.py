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


# --- shares above one half

CARTS, LEFT = [18, 17, 18, 17, 17, 18, 17], [17, 17, 17, 17, 16, 17, 17]  # 118 of 122 carts
OTHER_CARTS, OTHER_LEFT = [286, 285, 286, 286, 285, 286, 286], [215, 214, 215, 215, 214, 214, 215]  # 1,502 of 2,000


def rest(series: DailySeries) -> DailySeries:
    return DailySeries(series.first, series.exposure - series.values, series.exposure, "rate")


def test_a_product_left_in_nearly_all_carts_is_named():
    found = one(rates(LEFT, CARTS), rates(OTHER_LEFT, OTHER_CARTS))
    assert (found.own, found.other) == (118 / 122, 1502 / 2000)
    assert found.ratio == pytest.approx(118 / 122 / 0.751)
    assert found.is_named
    assert found.p_adjusted < 1e-6
    assert 1.2 < found.interval.low < found.ratio < found.interval.high <= 1 / found.other


def test_a_share_above_one_half_is_tested_by_what_is_left_of_it():
    own, other = rates(LEFT, CARTS), rates(OTHER_LEFT, OTHER_CARTS)
    of_share, of_rest = one(own, other), one(rest(own), rest(other))
    assert of_share.p == of_rest.p
    assert (of_share.own, of_share.other) == (pytest.approx(1 - of_rest.own), pytest.approx(1 - of_rest.other))
    assert (of_share.ratio > 1, of_rest.ratio < 1) == (True, True)
    assert (of_share.interval.low > 1, of_rest.interval.high < 1) == (True, True)
    back = one(other, own)
    assert (back.interval.low, back.interval.high) == (
        pytest.approx(1 / of_share.interval.high, rel=0.005), pytest.approx(1 / of_share.interval.low, rel=0.005)
    )  # fmt: skip


def test_up_to_one_half_a_share_is_tested_itself():
    own, other = rates([70] * 7, [100] * 7), rates([280] * 7, [600] * 7)  # pooled: 350 of 700 a day
    by_hand = ratio_interval(490, 700, 1960, 4200)
    found = one(own, other)
    assert (found.interval.low, found.interval.high) == (pytest.approx(by_hand.low), pytest.approx(by_hand.high))


def test_events_that_may_be_more_than_the_sessions_are_no_share():
    own, other = rates([70, 110] * 4, [100] * 8), rates([540] * 8, [600] * 8)  # 90 % of both, but not of anything
    assert one(own, other).interval.high - 1 > 2 * (one(rates([90] * 8, [100] * 8), other).interval.high - 1)


def test_all_of_one_group_is_an_interval_that_ends_at_the_whole():
    found = one(rates([20] * 7, [20] * 7), rates([480] * 7, [600] * 7))
    assert (found.own, found.ratio, found.is_named) == (1.0, pytest.approx(1.25), True)
    assert 1.2 < found.interval.low < 1.25 <= found.interval.high < 1.28


def test_a_share_of_nearly_all_in_both_groups_has_too_few_that_are_not():
    found = one(rates([20] * 7, [20] * 7), rates([599] * 7, [600] * 7))
    assert found.reason == "7 sessions not part of the share in both groups; 10 are needed"
    assert (found.own, found.ratio, found.is_named) == (1.0, None, False)


@pytest.mark.parametrize("share", [0.75, 0.9])
def test_high_shares_without_a_difference_are_seldom_named_and_their_intervals_hold_one(share):
    rng = np.random.default_rng(15)
    reports_with_a_name, holds = 0, []
    for _ in range(200):
        pairs = {}
        for i in range(30):
            sessions, others = rng.poisson(rng.uniform(10, 200), 7), rng.poisson(2000, 7)
            pairs[i] = (rates(rng.binomial(sessions, share), sessions), rates(rng.binomial(others, share), others))
        found = contrast_all(pairs).values()
        reports_with_a_name += any(each.is_named for each in found)
        holds += [each.interval.low <= 1 <= each.interval.high for each in found if each.interval]
    assert reports_with_a_name / 200 <= 0.05
    assert 0.94 <= np.mean(holds) <= 0.985


@pytest.mark.parametrize("share", [0.75, 0.9])
def test_high_shares_that_scatter_from_day_to_day_are_seldom_named(share):
    """The own days have shares of their own (beta, intraclass correlation of 0.01); groups of like size."""
    rng = np.random.default_rng(16)
    reports_with_a_name = 0
    for _ in range(100):
        pairs = {}
        for i in range(30):
            sessions, others = rng.poisson(100, 14), rng.poisson(2000, 14)
            of_days = rng.beta(99 * share, 99 * (1 - share), 14)
            pairs[i] = (rates(rng.binomial(sessions, of_days), sessions), rates(rng.binomial(others, share), others))
        reports_with_a_name += any(each.is_named for each in contrast_all(pairs).values())
    assert reports_with_a_name / 100 <= 0.10


def test_a_true_ratio_of_high_shares_lies_in_95_percent_of_the_intervals():
    rng = np.random.default_rng(17)
    inside = []
    for _ in range(600):
        sessions, others = rng.poisson(20, 7), rng.poisson(300, 7)
        interval = one(
            rates(rng.binomial(sessions, 0.95), sessions), rates(rng.binomial(others, 0.75), others)
        ).interval
        inside.append(interval.low <= 0.95 / 0.75 <= interval.high)
    assert 0.93 <= np.mean(inside) <= 0.985
