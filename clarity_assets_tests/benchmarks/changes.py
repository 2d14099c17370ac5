"""Simulated sites in; how often a change is named where there is none, and where there is one, out as table rows."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from clarity_assets.statistics.change import Change, Outcome, compare, compare_all
from clarity_assets.statistics.series import DailySeries
from clarity_assets_tests.benchmarks.measure import Result, timed
from clarity_assets_tests.fixtures.histories import BASELINE, PERIOD, PLANTS, Site, click_series, simulate, whole_site

FIRST_SEED = 100_000  # the tests use seeds below
VISITORS = Path(__file__).parents[3] / "shared" / "data" / "daily_website_visitors" / "daily-website-visitors.csv"


@dataclass(frozen=True)
class Case:
    """One way that sites may be."""

    name: str
    site: Site = field(default_factory=Site)
    is_clicks: bool = False


CASES = (
    Case("5,000 sessions a day"),
    Case("1,000 sessions a day", Site(sessions_a_day=1_000)),
    Case("150 sessions a day", Site(sessions_a_day=150)),
    Case("busier days: 12 % a day, 6 % a part, 15 % a signal, 8 % lost",
         Site(day_cv=0.12, part_cv=0.06, signal_cv=0.15, lost_share=0.08)),
    Case("a day like the one before: autocorrelation 0.3", Site(day_autocorrelation=0.3)),
    Case("autocorrelation 0.6", Site(day_autocorrelation=0.6)),
    Case("clicks in clumps in place of affected sessions, by signal", is_clicks=True),
)  # fmt: skip


def changes(*, histories: int = 200) -> list[Result]:
    """All rows: percent of weeks, so many histories each."""
    seeds = range(FIRST_SEED, FIRST_SEED + histories)
    series = whole_site(simulate(FIRST_SEED))
    rows = [
        Result("**weekly comparison of a whole site**",
               timed(lambda: compare_all(series, period=PERIOD, baseline=BASELINE), repeats=10), target=1.0,
               note=f"{len(series):,} series of 35 days"),
    ]  # fmt: skip
    for case in CASES:
        rows += without_change(case, seeds)
    for sessions_a_day in (5_000, 2_500, 1_000):
        rows += planted(Site(sessions_a_day=sessions_a_day), seeds)
    return rows + (real_traffic() if VISITORS.is_file() else [])


def without_change(case: Case, seeds: Iterable[int]) -> list[Result]:
    """Weeks that name any change though there is none, and intervals that hold the truth."""
    named, covers, tested = [], [], []
    for seed in seeds:
        history = simulate(seed, case.site)
        if case.is_clicks:
            week = compare_all(click_series(history), period=PERIOD, baseline=BASELINE, alike=lambda key: key[0])
        else:
            week = compare_all(whole_site(history), period=PERIOD, baseline=BASELINE)
        told = [change for change in week.values() if change.interval]
        named.append(any(change.is_named for change in told))
        covers += [change.interval.low <= 1 <= change.interval.high for change in told]
        tested.append(len(told))
    return [
        Result(f"**no change**, {case.name}: weeks that name any", [100 * np.mean(named)], "%", target=10.0,
               note=f"{len(named)} histories, {np.mean(tested):.0f} series tested in each"),
        Result("- 95 % intervals that hold the truth", [100 * np.mean(covers)], "%", note=f"{len(covers):,} intervals"),
    ]  # fmt: skip


def planted(site: Site, seeds: Iterable[int]) -> list[Result]:
    """Weeks in which each planted change is not named where it is."""
    missed: dict[str, list[bool]] = {plant.name: [] for plant in PLANTS}
    for seed in seeds:
        history = simulate(seed, site)
        for plant in PLANTS:
            week = compare_all(whole_site(plant.make(history, seed)), period=PERIOD, baseline=BASELINE)
            missed[plant.name].append(week[plant.key].outcome != plant.outcome)
    target = 10.0 if site == Site() else None
    return [
        Result(f"**{name}**, {site.sessions_a_day:,.0f} sessions a day: weeks that miss it", [100 * np.mean(some)], "%",
               target=target, note=f"{len(some)} histories")
        for name, some in missed.items()
    ]  # fmt: skip


def real_traffic() -> list[Result]:
    """Weeks of a real site's daily unique visitors (2014-2020) that are named, looked at alone."""
    with VISITORS.open() as stream:
        rows = list(csv.DictReader(stream))
    month, day, year = map(int, rows[0]["Date"].split("/"))
    visits = np.array([float(row["Unique.Visits"].replace(",", "")) for row in rows])
    series = DailySeries(date(year, month, day), visits)
    weeks = [_week(series, monday) for monday in _mondays(series, before_days=28)]
    named = [change.is_named for change in weeks]
    size = np.median([abs(np.log(change.ratio)) for change in weeks if change.outcome is not Outcome.TOO_FEW])
    return [
        Result("a real site's visitors: weeks named a change on the four before", [100 * np.mean(named)], "%",
               note=f"{len(weeks)} weeks; half of them differ by more than {100 * np.expm1(size):.0f} % (holidays, terms)"),
    ]  # fmt: skip


def _mondays(series: DailySeries, *, before_days: int) -> Iterable[date]:
    monday = series.first + timedelta(days=before_days + (-series.first.weekday()) % 7)
    while monday + timedelta(days=7) <= series.dates[-1] + timedelta(days=1):
        yield monday
        monday += timedelta(days=7)


def _week(series: DailySeries, monday: date) -> Change:
    return compare(series, period=(monday, monday + timedelta(days=7)), baseline=(monday - timedelta(days=28), monday))
