"""How often an alert of an anomaly comes where nothing is, and whether a campaign is found on its first day."""

from datetime import timedelta

import numpy as np
import pytest

from clarity_assets.alerts.unusual import THRESHOLD, WATCHED
from clarity_assets.demo.run import FIRST_DAY
from clarity_assets.demo.site import PLANTED, SimulatedSite
from clarity_assets.project_models import project_models
from clarity_assets.reports.marts import SITE, Marts
from clarity_assets.reports.period import Period
from clarity_assets.statistics.anomalies import anomalies
from clarity_assets.statistics.series import DailySeries
from clarity_assets_tests.fixtures.histories import SIGNALS
from clarity_assets_tests.fixtures.simulated import warehouse_of
from clarity_assets_tests.fixtures.waves import MONDAY, counts
from clarity_assets_tests.sql.by_hand import PROJECT
from clarity_assets_tests.unit.recommendations.worlds import SETTINGS

DAYS = 400
SIZES = {
    "900 sessions a day": {"mean": 900, "sd": 0.07, "autocorrelation": 0.3, "rate_cv": 0.05},
    "150 sessions a day": {"mean": 150, "sd": 0.1, "autocorrelation": 0.3, "rate_cv": 0.05},
    "1,000 sessions a day that jump": {"mean": 1000, "sd": 0.15, "autocorrelation": 0.6, "rate_cv": 0.15},
}


def unremarkable(rng: np.random.Generator, *, rate_cv: float, **size) -> list[DailySeries]:
    """The 14 series of a site where nothing happens: days wander, clicks come in clumps, 3 % of the days are lost."""
    sessions = counts(rng, DAYS, **size)
    lost = rng.random(DAYS) < 0.03

    def told(values: np.ndarray, on: np.ndarray | None = None) -> DailySeries:
        exposure = None if on is None else np.where(lost, np.nan, on)
        return DailySeries(MONDAY, np.where(lost, np.nan, values), exposure, "count" if on is None else "rate")

    bots = rng.poisson(sessions * 0.1 * rng.gamma(25, 1 / 25, DAYS))
    series = [told(sessions), told(bots, sessions + bots)]
    for rate, more in SIGNALS.values():
        of_day = rate * rng.gamma(1 / rate_cv**2, rate_cv**2, DAYS)
        affected = rng.binomial(sessions.astype(int), np.minimum(of_day, 1))
        further = [rng.negative_binomial(n, 1 / (1 + more)) if n and more else 0 for n in affected]
        series += [told(affected, sessions), told(affected + np.array(further), sessions)]
    return series


def alarms_a_month(size: dict, *, seed: int, sites: int = 4) -> float:
    rng = np.random.default_rng(seed)
    named = judged = 0
    for _ in range(sites):
        for series in unremarkable(rng, **size):
            found = anomalies(series, threshold=THRESHOLD)
            days = [one.date for one in found.found]
            named += sum(day - timedelta(days=1) not in days for day in days)
            judged += found.judged_days
    return 30 * named / (judged / 14)


@pytest.mark.parametrize("name", SIZES)
def test_where_nothing_happens_there_is_far_less_than_an_alarm_a_month(name):
    assert sum(map(len, WATCHED.values())) == 14
    assert alarms_a_month(SIZES[name], seed=21) < 0.4


@pytest.mark.parametrize("seed", [1, 2])
def test_a_campaign_is_found_on_its_first_day_and_its_end_too(seed):
    first, days = FIRST_DAY - timedelta(days=105), 130
    site = SimulatedSite.generate(first_day=first, days=days, seed=seed)
    with warehouse_of(site) as con:
        marts = Marts(con, project_id=PROJECT, period=Period(first, FIRST_DAY), models=project_models(SETTINGS))
        sessions = marts.series(SITE, ["sessions"], start=first, end=first + timedelta(days=days))["sessions"][()]
    found = {one.date: one.direction for one in anomalies(sessions, threshold=THRESHOLD).found}
    began = first + timedelta(days=PLANTED["campaign"].day_range(days)[0])

    highs = [day for day, direction in found.items() if direction == "high"]
    assert began <= min(highs) <= began + timedelta(days=1)
    assert max(found) <= began + timedelta(days=15)  # after the end the usual is usual again
    assert found[max(found)] == "low"
