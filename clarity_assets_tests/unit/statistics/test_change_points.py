"""Change points: the Nile, planted changes, and how often one is named in histories that have none."""

from datetime import date, timedelta

import numpy as np
import pytest

from clarity_assets.statistics.change_points import change_points
from clarity_assets.statistics.series import DailySeries
from clarity_assets_tests.fixtures.waves import MONDAY, counted, counts

# Flow of the Nile at Aswan, 1871-1970, 10^8 m^3 a year (Cobb 1978, Biometrika 65:243; R's `Nile`): the level fell in 1899,
# from a mean of 1,097.75 (28 years) to 849.97 (72 years).
NILE = np.array([
    1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180, 799, 958, 1140,
    1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833, 701, 916, 692, 1020, 1050, 969,
    831, 726, 456, 824, 702, 1120, 1100, 832, 764, 821, 768, 845, 864, 862, 698, 845, 744, 796, 1040, 759,
    781, 865, 845, 944, 984, 897, 822, 1010, 771, 676, 649, 846, 812, 742, 801, 1040, 860, 874, 848, 890,
    744, 749, 838, 1050, 918, 986, 797, 923, 975, 815, 1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740,
])  # fmt: skip


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def test_the_nile_fell_in_1899_and_not_otherwise():
    """A year is a day here; its "weekdays" mean nothing."""
    found = change_points(counted(NILE))

    [point] = found.points
    assert point.first_date == day(28)
    assert point.before == pytest.approx(1097.75, rel=0.01)
    assert point.after == pytest.approx(849.97, rel=0.01)
    assert point.ratio == pytest.approx(849.97 / 1097.75, rel=0.01)
    # least squares on the two means: standard error of log ratio about 127 x sqrt(1 / 28 / 1098^2 + 1 / 72 / 850^2)
    assert np.log(point.interval.high / point.interval.low) / 2 == pytest.approx(2 * 0.0281, rel=0.35)
    assert point.p < 1e-5
    assert found.error < found.naive_error


def test_a_level_without_noise_gives_back_its_two_sizes():
    values = np.where(np.arange(112) < 56, 100.0, 150.0)

    [point] = change_points(counted(values)).points

    assert (point.first_date, point.before, point.after) == (
        day(56),
        pytest.approx(100, rel=1e-3),
        pytest.approx(150, rel=1e-3),
    )
    assert point.interval.low < 1.5 < point.interval.high


def test_a_signal_that_begins_from_nothing_is_found():
    """No script errors for ten weeks, then 50 a day."""
    rng = np.random.default_rng(1)
    values = np.where(np.arange(140) < 70, 0, rng.poisson(50, 140))

    [point] = change_points(counted(values)).points

    assert point.first_date == day(70)
    assert point.before == pytest.approx(0, abs=0.1)
    assert point.after == pytest.approx(50, rel=0.05)


def test_a_change_inside_a_gap_is_dated_at_its_end():
    values = np.where(np.arange(112) < 56, 100.0, 150.0)
    values[50:60] = np.nan

    [point] = change_points(counted(values)).points

    assert point.first_date == day(60)


def test_the_size_of_a_rate_is_on_its_exposure():
    """Sessions double, the rate stays; then the rate doubles."""
    rng = np.random.default_rng(2)
    sessions = np.where(np.arange(140) < 70, 1000.0, 2000.0)
    same = DailySeries(MONDAY, rng.poisson(0.05 * sessions).astype(float), sessions, "rate")
    doubled = DailySeries(
        MONDAY, rng.poisson(np.where(np.arange(140) < 91, 0.05, 0.1) * sessions).astype(float), sessions, "rate"
    )

    assert change_points(same).outcome == "no_change_shown"
    [point] = change_points(doubled).points
    assert point.first_date == day(91)
    assert (point.before, point.after) == (pytest.approx(0.05, rel=0.05), pytest.approx(0.1, rel=0.05))


def test_a_mean_changes_too():
    rng = np.random.default_rng(3)
    sessions = rng.poisson(100, 140).astype(float)
    seconds = np.where(np.arange(140) < 70, 40, 60) * rng.normal(1, 0.08, 140)

    [point] = change_points(DailySeries(MONDAY, seconds * sessions, sessions, "mean")).points

    assert point.first_date == day(70)
    assert point.interval.low < 1.5 < point.interval.high


def test_one_odd_day_is_no_change_of_level():
    values = counts(np.random.default_rng(4), 140)
    values[70] *= 20

    assert change_points(counted(values)).points == ()


def test_a_steady_rise_is_left_to_the_trend():
    values = counts(np.random.default_rng(5), 365, growth_a_week=0.03)

    found = change_points(counted(values))

    assert found.outcome == "no_change_shown"
    assert "trend" in found.reason
    assert found.error == found.naive_error


@pytest.mark.parametrize(
    ("days", "wander", "most"),
    [
        (120, {}, 0.05),
        (365, {"lost": 0.05}, 0.05),
        (365, {"mean": 10, "sd": 0.2, "lost": 0.1}, 0.05),
        (365, {"autocorrelation": 0.9, "noise": 1.0}, 0.25),  # weeks-long waves are hard to tell from levels
    ],
)
def test_a_change_is_rarely_named_where_there_is_none(days, wander, most):
    rng = np.random.default_rng(31)
    named = [change_points(counted(counts(rng, days, **wander))).outcome == "changes_shown" for _ in range(100)]

    assert np.mean(named) <= most


def test_planted_changes_are_found_within_a_week_and_their_intervals_hold():
    rng = np.random.default_rng(37)
    held, near = [], 0
    for _ in range(60):
        values = counts(rng, 180, lost=0.05)
        values[93:] = np.round(values[93:] * 1.4)
        points = change_points(counted(values)).points
        hits = [point for point in points if abs((point.first_date - day(93)).days) <= 7]
        near += bool(hits)
        held += [point.interval.low <= 1.4 <= point.interval.high for point in hits]

    assert near >= 54
    assert np.mean(held) >= 0.88


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.full(49, 100.0), "7 weeks with 4 known days or more; 8 are needed"),
        (np.where(np.arange(84) % 2, 1.0, 0.0), "42 events in all; 100 are needed"),
    ],
)
def test_too_few_is_said_with_its_reason(values, reason):
    found = change_points(counted(values))

    assert found.outcome == "too_few"
    assert reason in found.reason
    assert found.points == ()
    assert found.error is None
