"""Simulated days of which all is known in; how often trend, weekday pattern and change points are right about them, out.

python -m clarity_assets_tests.benchmarks.levels
"""

from datetime import timedelta

import numpy as np

from clarity_assets.statistics.change_points import change_points
from clarity_assets.statistics.trend import weekly_trend
from clarity_assets.statistics.weekdays import weekday_pattern
from clarity_assets_tests.benchmarks.measure import Result, table
from clarity_assets_tests.fixtures.waves import MONDAY, WEEKDAY_FACTORS, counted, counts

HISTORIES = 200
DAYS = (56, 182, 365)
PLANTED_RATIO = 1.4
KINDS = {
    "1,000 a day": {"lost": 0.05},
    "10 a day": {"mean": 10, "sd": 0.2, "lost": 0.05},
    "1,000 a day in slow waves": {"autocorrelation": 0.9, "noise": 1.0, "lost": 0.05},
}


def trends(days: int, **size) -> tuple[float, float, float]:
    """Shares of histories: with a trend named where there is none; with 1 % a week in the interval; and named rising."""
    rng = np.random.default_rng(days)
    flat = [weekly_trend(counted(counts(rng, days, **size))) for _ in range(HISTORIES)]
    rising = [weekly_trend(counted(counts(rng, days, growth_a_week=0.01, **size))) for _ in range(HISTORIES)]
    flat, rising = ([one for one in some if one.interval] for some in (flat, rising))
    return (
        float(np.mean([one.outcome != "no_trend_shown" for one in flat])),
        float(np.mean([one.interval.low <= 1.0 <= one.interval.high for one in rising])),
        float(np.mean([one.outcome == "rising" for one in rising])),
    )


def patterns(days: int, **size) -> tuple[float, float, float]:
    """Shares: a pattern named where there is none; a factor in its interval; a pattern of 0.7 to 1.2 named."""
    rng = np.random.default_rng(days)
    flat = [weekday_pattern(counted(counts(rng, days, weekdays=np.ones(7), **size))) for _ in range(HISTORIES)]
    real = [weekday_pattern(counted(counts(rng, days, **size))) for _ in range(HISTORIES)]
    flat, real = ([one for one in some if one.intervals] for some in (flat, real))
    held = [i.low <= true <= i.high for one in real for i, true in zip(one.intervals, WEEKDAY_FACTORS, strict=True)]
    return (
        float(np.mean([one.outcome == "pattern_shown" for one in flat])),
        float(np.mean(held)),
        float(np.mean([one.outcome == "pattern_shown" for one in real])),
    )


def changes(days: int, **size) -> tuple[float, float, float]:
    """Shares: a change named where there is none; the ratio in its interval; +40 % in the middle found within a week."""
    rng = np.random.default_rng(days)
    named = [bool(change_points(counted(counts(rng, days, **size))).points) for _ in range(HISTORIES)]
    start = days // 2 + 3
    held, found = [], 0
    for _ in range(HISTORIES):
        values = counts(rng, days, **size)
        values[start:] = np.round(values[start:] * PLANTED_RATIO)
        points = change_points(counted(values)).points
        near = [p for p in points if abs((p.first_date - MONDAY - timedelta(days=start)).days) <= 7]
        found += bool(near)
        held += [p.interval.low <= PLANTED_RATIO <= p.interval.high for p in near]
    return float(np.mean(named)), float(np.mean(held)) if held else np.nan, found / HISTORIES


def results() -> list[Result]:
    """One line a statistic, length of history and kind of days; the column is what is named where nothing is."""
    lines = []
    for name, judge, real in (
        ("trend", trends, "1 % a week named"),
        ("weekday pattern", patterns, "a pattern of 0.7 to 1.2 named"),
        ("change point", changes, "+40 % found within 7 days"),
    ):
        for days in DAYS:
            for kind, size in KINDS.items():
                wrong, held, found = judge(days, **size)
                note = f"{HISTORIES} histories each; its 95 % interval held in {held:.0%}; {real}: {found:.0%}"
                lines.append(
                    Result(f"{name}, {days} days, {kind}: named where none is", [100 * wrong], "%", None, note)
                )
    return lines


if __name__ == "__main__":
    print(table(results()))
