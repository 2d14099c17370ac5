"""Labelled and planted anomalies in; how many are found, and how much else, beside a plain z-score, out.

python -m clarity_assets_tests.benchmarks.anomalies
"""

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from clarity_assets.statistics.anomalies import NAIVE_THRESHOLD, THRESHOLD, anomalies, deviations, z_scores
from clarity_assets.statistics.series import DailySeries
from clarity_assets_tests.benchmarks.forecasts import visitors
from clarity_assets_tests.benchmarks.measure import Result
from clarity_assets_tests.fixtures.waves import counted, counts

NAB = Path(__file__).parents[3] / "shared" / "data" / "nab"
TAXI = "realKnownCause/nyc_taxi"
ADS = [f"realAdExchange/exchange-{name}_results" for name in ("2_cpc", "2_cpm", "3_cpc", "3_cpm", "4_cpc", "4_cpm")]
HOUR = timedelta(hours=1)
PLANTED = (0.4, 0.55, 1.6, 2.2)  # a day's value times one of these
PLANTED_FIRST, PLANTED_EVERY = 91, 25  # days


@dataclass(frozen=True)
class Marked:
    """Values in even steps, NaN where none came, the labelled windows (places), and what is to be judged."""

    values: np.ndarray
    windows: list[np.ndarray]


@dataclass(frozen=True)
class Found:
    """Alarms (flags in a row are one) and labelled windows; only places that both rules can judge count."""

    alarms: int = 0
    true_alarms: int = 0
    windows: int = 0
    found: int = 0
    judged: int = 0

    def __add__(self, other: "Found") -> "Found":
        return Found(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    @property
    def precision(self) -> float:
        return self.true_alarms / self.alarms if self.alarms else 0.0

    @property
    def recall(self) -> float:
        return self.found / self.windows if self.windows else 0.0

    @property
    def text(self) -> str:
        return (
            f"precision {self.precision:.2f} ({self.true_alarms} of {self.alarms} alarms), "
            f"recall {self.recall:.2f} ({self.found} of {self.windows})"
        )


def labelled(name: str, *, step: timedelta) -> Marked:
    """One series of the Numenta Anomaly Benchmark with its combined windows, set into a grid of `step`."""
    with (NAB / "data" / f"{name}.csv").open(newline="") as stream:
        rows = [(datetime.fromisoformat(row["timestamp"]), float(row["value"])) for row in csv.DictReader(stream)]
    start = rows[0][0]
    values = np.full(round((rows[-1][0] - start) / step) + 1, np.nan)
    for at, value in rows:
        values[round((at - start) / step)] = value
    spans = json.loads((NAB / "labels" / "combined_windows.json").read_text())[f"{name}.csv"]
    edges = [[round((datetime.fromisoformat(edge) - start) / step) for edge in span] for span in spans]
    return Marked(values, [np.arange(low, high + 1) for low, high in edges])


def taxi_days() -> Marked:
    """New York taxi rides a day (the half hours added up): marathon, Thanksgiving, Christmas, New Year, snow storm."""
    halves = labelled(TAXI, step=timedelta(minutes=30))
    days = len(halves.values) // 48
    return Marked(
        halves.values[: days * 48].reshape(days, 48).sum(axis=1), [np.unique(w // 48) for w in halves.windows]
    )


def judge(scores: np.ndarray, threshold: float, windows: list[np.ndarray], is_judged: np.ndarray) -> Found:
    flags = is_judged & (np.abs(np.nan_to_num(scores)) > threshold)
    marked = np.zeros(len(scores), dtype=bool)
    asked = [window[window < len(scores)] for window in windows]
    asked = [window for window in asked if is_judged[window].any()]
    for window in asked:
        marked[window] = True
    starts = np.flatnonzero(flags & ~np.concatenate([[False], flags[:-1]]))
    ends = np.flatnonzero(flags & ~np.concatenate([flags[1:], [False]]))
    true = sum(bool(marked[start : end + 1].any()) for start, end in zip(starts, ends, strict=True))
    return Found(
        len(starts), true, len(asked), sum(bool(flags[window].any()) for window in asked), int(is_judged.sum())
    )


def day_scores(values: np.ndarray) -> np.ndarray:
    """The scores of `anomalies` as an array: where it names no anomaly, 0; where it judges not, NaN."""
    told = anomalies(counted(values))
    scores = np.where(np.isfinite(deviations(np.log(values + 0.5)).score), 0.0, np.nan)
    for found in told.found:
        scores[(found.date - counted(values).first).days] = found.score
    return scores


def hour_scores(values: np.ndarray) -> np.ndarray:
    """The same rule with the hour of day as its season (nine weeks are too short for hours of the week)."""
    return deviations(np.log(values), season=24).score


def compare(
    all_marked: list[Marked], rule: Callable[[np.ndarray], np.ndarray], threshold: float
) -> tuple[Found, Found]:
    """The rule and the plain z-score on the same places."""
    ours, naive = Found(), Found()
    for marked in all_marked:
        scores, plain = rule(marked.values), z_scores(marked.values)
        is_judged = np.isfinite(scores) & np.isfinite(plain)
        ours += judge(scores, threshold, marked.windows, is_judged)
        naive += judge(plain, NAIVE_THRESHOLD, marked.windows, is_judged)
    return ours, naive


def planted(values: np.ndarray, rng: np.random.Generator) -> Marked:
    """One day in every 25 multiplied by one of PLANTED."""
    changed, windows = values.copy(), []
    for first in range(PLANTED_FIRST, len(values) - PLANTED_EVERY, PLANTED_EVERY):
        place = first + int(rng.integers(PLANTED_EVERY - 3))
        changed[place] = np.round(changed[place] * rng.choice(PLANTED))
        windows.append(np.array([place]))
    return Marked(changed, windows)


def simulated(*, seed: int, histories: int = 30, **size) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(seed)
    for _ in range(histories):
        yield counts(rng, 400, **size)


def false_alarms(**size) -> tuple[int, int]:
    """Days named and days judged in histories that hold nothing."""
    told = [anomalies(counted(values)) for values in simulated(seed=11, lost=0.05, **size)]
    return sum(len(one.found) for one in told), sum(one.judged_days for one in told)


SIZES = {
    "1,000 a day": {},
    "1,000 a day in slow waves": {"autocorrelation": 0.9, "noise": 1.0},
    "1,000 a day, growing 2 % a week": {"growth_a_week": 0.02},
    "30 a day": {"mean": 30},
    "4 a day": {"mean": 4},
}


def results() -> list[Result]:
    """The benchmark's lines: labelled days and hours, planted days, and days without anything."""
    rng = np.random.default_rng(5)
    real: DailySeries = visitors()
    lines = [
        _line("taxi rides a day (NAB)", *compare([taxi_days()], day_scores, THRESHOLD)),
        _line(
            "ad prices an hour (6 of NAB)",
            *compare([labelled(name, step=HOUR) for name in ADS], hour_scores, THRESHOLD),
        ),
        _line(
            "planted in real visitors", *compare([planted(real.values, rng) for _ in range(3)], day_scores, THRESHOLD)
        ),
    ]
    for name, size in SIZES.items():
        marked = [planted(values, rng) for values in simulated(seed=7, **size)]
        lines.append(_line(f"planted in simulated days, {name}", *compare(marked, day_scores, THRESHOLD)))
    for name, size in SIZES.items():
        named, judged = false_alarms(**size)
        note = f"{named} of {judged:,} simulated days, {name}, 5 % lost"
        lines.append(Result("anomalies named where nothing is", [1000 * named / judged], "of 1,000", 5.0, note))
    return lines


def _line(name: str, ours: Found, naive: Found) -> Result:
    note = f"{ours.text}; plain z-score: {naive.text}; {ours.judged:,} places judged by both"
    return Result(f"**anomalies, {name}**: recall", [100 * ours.recall], "%", None, note)


if __name__ == "__main__":
    from clarity_assets_tests.benchmarks.measure import table

    print(table(results()))
