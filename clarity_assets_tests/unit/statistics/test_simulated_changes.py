"""Hundreds of simulated sites: without a change hardly any is named, planted ones are, and intervals hold the truth."""

from collections import Counter

import numpy as np
import pytest

from clarity_assets.statistics.change import Change, Outcome, compare_all
from clarity_assets.statistics.series import DailySeries
from clarity_assets_tests.fixtures.histories import (
    BASELINE,
    PERIOD,
    PERIOD_DAYS,
    PLANTS,
    WEEKDAY_FACTORS,
    History,
    Site,
    click_series,
    simulate,
    whole_site,
)

HISTORIES = 200
PLANTED_HISTORIES = 100
one_worker = pytest.mark.xdist_group("weeks")  # the comparison of all histories is made once


def week_of(series: dict) -> dict[tuple, Change]:
    return compare_all(series, period=PERIOD, baseline=BASELINE)


def is_any_named(changes: dict[tuple, Change]) -> bool:
    return any(change.is_named for change in changes.values())


@pytest.fixture(scope="module")
def histories() -> list[History]:
    return [simulate(seed) for seed in range(HISTORIES)]


@pytest.fixture(scope="module")
def weeks(histories) -> list[dict[tuple, Change]]:
    """The weekly comparison of each site, of everything at once."""
    return [week_of(whole_site(history)) for history in histories]


@one_worker
def test_a_whole_site_is_looked_at(weeks):
    keys = set(weeks[0])
    assert len(keys) > 1_300
    assert {("sessions", "site"), ("sessions", "channel", "OrganicSearch"), ("rage_click", "site")} < keys
    assert sum(len(key) == 4 and key[0] != "sessions" for key in keys) == 45 * 3 * 6
    tested = [sum(change.outcome is not Outcome.TOO_FEW for change in week.values()) for week in weeks]
    assert min(tested) > 400


@one_worker
def test_without_a_change_fewer_than_one_week_in_ten_names_any(weeks):
    assert sum(map(is_any_named, weeks)) < HISTORIES / 10


@one_worker
def test_without_a_change_every_twentieth_interval_misses_one(weeks):
    covers = [c.interval.low <= 1 <= c.interval.high for week in weeks for c in week.values() if c.interval]
    assert len(covers) > 80_000
    assert 0.93 < np.mean(covers) < 0.97


@one_worker
def test_small_p_values_are_as_rare_as_they_say(weeks):
    p = np.array([c.p for week in weeks for c in week.values() if c.p is not None])
    for rare in (1e-2, 1e-3, 1e-4):
        assert np.mean(p < rare) < 1.5 * rare


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_a_planted_change_is_named_in_nine_of_ten_weeks(plant, histories):
    named: Counter = Counter()
    for seed, history in enumerate(histories[:PLANTED_HISTORIES]):
        named[week_of(whole_site(plant.make(history, seed)))[plant.key].outcome.value] += 1
    assert named[plant.outcome] >= 0.9 * PLANTED_HISTORIES


def test_days_that_resemble_the_day_before_do_not_make_changes():
    site = Site(day_autocorrelation=0.3)
    assert sum(is_any_named(week_of(whole_site(simulate(seed, site)))) for seed in range(500, 550)) < 6


def test_a_small_site_is_mostly_too_few_and_names_nothing_more():
    weeks = [week_of(whole_site(simulate(seed, Site(sessions_a_day=150)))) for seed in range(600, 650)]
    assert sum(map(is_any_named, weeks)) < 5
    few = [np.mean([c.outcome is Outcome.TOO_FEW for c in week.values()]) for week in weeks]
    assert min(few) > 0.8


def test_clicks_in_clumps_do_not_make_changes_where_signals_are_steadied_apart():
    named = 0
    for seed in range(700, 800):
        series = click_series(simulate(seed))
        named += is_any_named(compare_all(series, period=PERIOD, baseline=BASELINE, alike=lambda key: key[0]))
    assert named < 10


@pytest.mark.parametrize("truth", [0.5, 0.8, 1.0, 1.45, 2.0])
@pytest.mark.parametrize("kind", ["count", "rate", "mean"])
def test_intervals_hold_a_planted_ratio_at_93_to_97_percent(kind, truth):
    rng = np.random.default_rng([int(100 * truth), len(kind)])
    factor = np.where(np.arange(35) < 35 - PERIOD_DAYS, 1.0, truth)
    series = {}
    for i in range(2_000):
        sessions = rng.poisson(300 * WEEKDAY_FACTORS[np.arange(35) % 7] * rng.gamma(200, 1 / 200, 35)).astype(float)
        if kind == "count":
            values, exposure = rng.poisson(sessions * factor).astype(float), None
        elif kind == "rate":
            values, exposure = rng.binomial(sessions.astype(int), 0.05 * factor).astype(float), sessions
        else:
            values, exposure = rng.gamma(sessions / 1.7, 60 * 1.7 * factor), sessions
        series[i] = DailySeries(BASELINE[0], values, exposure, kind)
    intervals = [change.interval for change in week_of(series).values()]
    assert 0.93 < np.mean([i.low <= truth <= i.high for i in intervals]) < 0.97
