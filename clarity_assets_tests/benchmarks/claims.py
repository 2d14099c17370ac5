"""Simulated sites with nothing planted, and with, in; how often the reports recommend something that is, or is not, there."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from clarity_assets.demo.site import SimulatedSite
from clarity_assets.recommendations.evidence import find_recommendations
from clarity_assets.recommendations.found import Found
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.marts import Marts
from clarity_assets.reports.period import Period
from clarity_assets_tests.benchmarks.measure import Result
from clarity_assets_tests.fixtures.simulated import warehouse_of
from clarity_assets_tests.sql.by_hand import MODELS, PROJECT

FIRST = date(2026, 8, 3)  # a Monday
DAYS = 49
WEEKS = (date(2026, 9, 7), date(2026, 9, 14))
TARGET_PCT = 5.0  # of weeks of a site without anything to find


def found_in(*, seed: int, sessions_per_day: int, planted: bool) -> Iterator[list[Found]]:
    """What the rules find in each of the weeks of one site."""
    site = SimulatedSite.generate(
        first_day=FIRST, days=DAYS, sessions_per_day=sessions_per_day, seed=seed, planted=planted
    )
    with warehouse_of(site) as con:
        for monday in WEEKS:
            marts = Marts(con, project_id=PROJECT, period=Period.week(monday), models=MODELS)
            yield find_recommendations(
                Facts(marts, datetime.combine(monday + timedelta(days=8), datetime.min.time(), UTC))
            )


def results(*, sites: int = 30) -> list[Result]:
    """Percent of site-weeks, at two sizes of a site."""
    lines = []
    for size in (300, 900):
        quiet = [weeks for seed in range(sites) for weeks in found_in(seed=seed, sessions_per_day=size, planted=False)]
        wrong = sum(bool(week) for week in quiet)
        told = [w for seed in range(sites // 3) for w in found_in(seed=seed, sessions_per_day=size, planted=True)]
        right = sum(any(_is_planted(one) for one in week) for week in told)
        lines += [
            Result(f"weeks with any recommendation where nothing is planted, {size} sessions a day",
                   [100 * wrong / len(quiet)], "%", TARGET_PCT, note=f"{wrong} of {len(quiet)} weeks of {sites} sites"),
            Result(f"weeks that find the planted checkout on mobile, and call it HIGH, {size} sessions a day",
                   [100 * right / len(told)], "%", note=f"{right} of {len(told)} weeks of {sites // 3} sites"),
        ]  # fmt: skip
    return lines


def _is_planted(one: Found) -> bool:
    return (
        one.place.get("page", "").endswith("/checkout") and one.place.get("device") == "Mobile" and one.level == "HIGH"
    )
