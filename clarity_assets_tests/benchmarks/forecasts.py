"""Real visitors a day in; how far forecasts of two weeks were off, and how often their intervals held, out.

python -m clarity_assets_tests.benchmarks.forecasts
"""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from clarity_assets.statistics.forecast import Forecast, forecast
from clarity_assets.statistics.series import DailySeries
from clarity_assets_tests.benchmarks.measure import Result, clocked, table

DATA = Path(__file__).parents[3] / "shared" / "data" / "daily_website_visitors" / "daily-website-visitors.csv"
DAYS_AHEAD = 14
FIRST_ORIGIN = 91  # days of history
YEAR = 455  # from here on the year before takes part
STEP = 5  # days from origin to origin; without a common factor with 364, so that every week of the year comes
MOST_OF_NAIVE = 0.9  # at least 10 % better
LOST = 0.1


@dataclass(frozen=True, eq=False)
class BackTest:
    """By origin and day ahead: absolute errors over the history's mean weekly change, and whether the interval held."""

    origins: np.ndarray
    scaled: np.ndarray
    naive_scaled: np.ndarray
    held: np.ndarray
    methods: Counter
    seconds: list[float]

    @property
    def mase(self) -> float:
        return float(np.nanmean(self.scaled))

    @property
    def naive_mase(self) -> float:
        return float(np.nanmean(self.naive_scaled))

    @property
    def coverage(self) -> float:
        return float(np.nanmean(self.held))

    def where(self, chosen: np.ndarray) -> "BackTest":
        parts = (x[chosen] for x in (self.origins, self.scaled, self.naive_scaled, self.held))
        return BackTest(*parts, self.methods, self.seconds)


def visitors(column: str = "Unique.Visits") -> DailySeries:
    """2,167 days of an academic site, 2014-09-14 to 2020-08-19, without a hole; strong weekday and term pattern."""
    with DATA.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    values = np.array([float(row[column].replace(",", "")) for row in rows])
    return DailySeries(datetime.strptime(rows[0]["Date"], "%m/%d/%Y").date(), values)


def without(series: DailySeries, *, share: float, seed: int = 0) -> DailySeries:
    """The same series with a share of its days lost."""
    is_lost = np.random.default_rng(seed).random(len(series.values)) < share
    return DailySeries(series.first, np.where(is_lost, np.nan, series.values))


def back_test(series: DailySeries, origins: Sequence[int], *, truth: DailySeries | None = None) -> BackTest:
    """Rolling origin: forecast from the first `origin` days alone, then look. Errors are scaled by that history."""
    happened = (truth or series).values
    scaled, naive, held, seconds, methods = [], [], [], [], Counter()
    for origin in origins:
        seen, ahead = series.values[:origin], happened[origin : origin + DAYS_AHEAD]
        with clocked() as clock:
            told: Forecast = forecast(DailySeries(series.first, seen), days=DAYS_AHEAD)
        unit = np.nanmean(np.abs(seen[7:] - seen[:-7]))
        scaled.append(np.abs(ahead - told.median) / unit)
        naive.append(np.abs(ahead - told.naive) / unit)
        held.append(np.where(np.isnan(ahead), np.nan, (told.low <= ahead) & (ahead <= told.high)))
        seconds.append(clock.seconds)
        methods[told.method] += 1
    return BackTest(np.array(origins), *(np.array(x) for x in (scaled, naive, held)), methods, seconds)


def results(*, every_days: int = STEP) -> list[Result]:
    """The benchmark's lines: all origins, those before and after two years of history, and with lost days."""
    series = visitors()
    forecast(series.between(series.first, series.first + timedelta(days=FIRST_ORIGIN)))  # imports
    origins = range(FIRST_ORIGIN, len(series.values) - DAYS_AHEAD + 1, every_days)
    whole = back_test(series, origins)
    holed = back_test(without(series, share=LOST), origins[::3], truth=series)
    methods = ", ".join(f"{method} {count}" for method, count in whole.methods.most_common())
    return [
        *_lines("all", whole, note=methods),
        *_lines("up to 454 days of history", whole.where(whole.origins < YEAR)),
        *_lines("455 days and more", whole.where(whole.origins >= YEAR)),
        *_lines(f"{LOST:.0%} of the days lost", holed),
        Result(
            "one forecast", whole.seconds, target=2.0, note="imports left out; at most three years of days are fitted"
        ),
    ]


def _lines(name: str, test: BackTest, *, note: str = "") -> list[Result]:
    ratio, held = test.mase / test.naive_mase, 100 * test.coverage
    verdict = "in" if 90 <= held <= 98 else "**not in**"
    return [
        Result(f"**forecast, {name}**: error / seasonal naive's", [ratio], "", MOST_OF_NAIVE,
               f"{len(test.origins)} origins; MASE {test.mase:.2f} beside {test.naive_mase:.2f}; {note}".rstrip("; ")),
        Result("- days inside their 95 % interval", [held], "%", None, f"{verdict} 90-98 %"),
    ]  # fmt: skip


if __name__ == "__main__":
    print(table(results()))
