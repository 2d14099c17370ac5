"""Labelled days and hours of the Numenta Anomaly Benchmark: what the rule finds there, beside a plain z-score."""

import numpy as np
import pytest

from clarity_assets.statistics.anomalies import THRESHOLD
from clarity_assets_tests.benchmarks.anomalies import (
    ADS,
    HOUR,
    NAB,
    compare,
    day_scores,
    hour_scores,
    labelled,
    planted,
    taxi_days,
)
from clarity_assets_tests.benchmarks.forecasts import DATA, visitors


@pytest.fixture(scope="module", autouse=True)
def real_series():
    """Skips where the real series are not there."""
    for path in (NAB, DATA):
        if not path.exists():
            pytest.skip(f"{path} is not there: real data are not part of the project")


def test_the_taxi_series_has_its_published_windows():
    taxi = taxi_days()

    assert len(taxi.values) == 215
    assert len(taxi.windows) == 5


def test_four_of_five_special_days_of_new_york_are_found_and_one_alarm_is_wrong():
    """Thanksgiving, Christmas, New Year and the snow storm; not the marathon, which ends in a usual Sunday."""
    ours, naive = compare([taxi_days()], day_scores, THRESHOLD)

    assert (ours.found, ours.windows, ours.true_alarms, ours.alarms) == (4, 5, 4, 5)
    assert (naive.found, naive.true_alarms, naive.alarms) == (3, 3, 3)


def test_ad_prices_by_the_hour_are_found_at_the_price_of_many_alarms():
    """13 of 14 windows beside 10 by a z-score; three of four alarms lie outside of all windows, as with the z-score."""
    ours, naive = compare([labelled(name, step=HOUR) for name in ADS], hour_scores, THRESHOLD)

    assert (ours.found, ours.windows) == (13, 14)
    assert (naive.found, naive.windows) == (10, 14)
    assert ours.precision >= 0.2


def test_with_as_few_alarms_as_a_z_score_has_more_windows_are_found():
    marked = [labelled(name, step=HOUR) for name in ADS]
    ours, naive = compare(marked, hour_scores, 5.5)

    assert ours.alarms <= naive.alarms
    assert ours.found >= naive.found + 2
    assert ours.precision >= naive.precision


def test_most_days_planted_in_real_visitors_are_found_and_a_z_score_finds_few():
    rng = np.random.default_rng(5)
    ours, naive = compare([planted(visitors().values, rng)], day_scores, THRESHOLD)

    assert ours.recall >= 0.8
    assert ours.precision >= 0.6  # the others are holidays and ends of terms: real, and not planted
    assert naive.recall <= 0.3
