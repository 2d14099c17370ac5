"""A daily series in; the days that do not fit their own weekday's history, by a robust rule, out."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np

from clarity_assets.errors import RequestRefused
from clarity_assets.statistics.log_scale import log_scale
from clarity_assets.statistics.series import DailySeries

SEASON = 7  # days; a day is held against the same weekday
HISTORY = 8  # known values of the same weekday; more would be of another time of the year
REACH = 12  # weeks back in which they must lie
MIN_HISTORY = 4  # below, one odd day among them is half of what the median rests on
SPREAD_SEASONS = 8  # weeks whose deviations tell what is usual
THRESHOLD = 3.5  # Iglewicz & Hoaglin (1993); here 1-3 of 1,000 days that hold nothing (docs/metrics.md)
NAIVE_THRESHOLD = 3.0  # plain z-score: "three sigma"
MIN_NAIVE_DAYS = 28
MIN_SPREAD = 0.01  # of the value: steadier than that, and a rounding in the source would be an anomaly
MAD_TO_SD = 1.4826  # of a normal distribution


@dataclass(frozen=True)
class Anomaly:
    """One day: its `value` and the `expected` one, in the series' unit; `score` in robust standard deviations.

    `naive_score`: the plain z-score of the same day. None where too few days came before it.
    """

    date: date
    value: float
    expected: float
    direction: Literal["high", "low"]
    score: float
    naive_score: float | None


@dataclass(frozen=True)
class Anomalies:
    """`found` in calendar order. `judged_days` known days had enough history; `unjudged_days` had too little of it.

    `naive_dates`: what a plain z-score beyond NAIVE_THRESHOLD names instead.
    """

    outcome: Literal["anomalies_shown", "no_anomaly_shown", "too_few"]
    reason: str
    found: tuple[Anomaly, ...]
    judged_days: int
    unjudged_days: int
    naive_dates: tuple[date, ...]


@dataclass(frozen=True, eq=False)
class Deviations:
    """By place, NaN where unknown or not judged. In logs: `expected`, `deviation` from it, and its usual `spread`."""

    expected: np.ndarray
    deviation: np.ndarray
    spread: np.ndarray

    @property
    def score(self) -> np.ndarray:
        return self.deviation / self.spread


def anomalies(series: DailySeries, *, threshold: float = THRESHOLD, since: date | None = None) -> Anomalies:
    """The days (from `since` on, if given) that lie `threshold` robust standard deviations from what their weekday was.

    Score: see `deviations`. For counts and rates it is the smaller one of that and of the distance in counting noise
    alone, 2 (sqrt(y + 3/8) - sqrt(m + 3/8)) / sqrt(1 + pi / (2 x HISTORY)) with y events where m are expected
    (Anscombe 1948, Biometrika 35:246; the root allows for the median's own error), so a rare event coming twice is no
    anomaly.
    Assumptions: a weekday's usual level moves slowly; at most half of any history is odd itself. Only days before a day
    judge it: the newest day can be judged, and later days do not change a verdict. Lost days neither judge nor are
    judged. Raises RequestRefused for a threshold that is not above 0 and finite.
    """
    if not 0 < threshold < np.inf:
        raise RequestRefused(
            f"threshold={threshold}; give a finite number of standard deviations above 0, such as {THRESHOLD}"
        )
    scores, expected = _scores(series)
    naive = z_scores(series.ratio)
    is_asked = np.array([since is None or day >= since for day in series.dates], dtype=bool)
    is_judged = np.isfinite(scores) & is_asked
    shown = np.flatnonzero(is_judged & (np.abs(np.nan_to_num(scores)) > threshold))
    by_naive = np.flatnonzero(is_asked & (np.abs(np.nan_to_num(naive)) > NAIVE_THRESHOLD))
    return Anomalies(
        outcome="too_few" if not is_judged.any() else "anomalies_shown" if shown.size else "no_anomaly_shown",
        reason=""
        if is_judged.any()
        else "no known day has enough known days of its weekday, and of its weeks, before it",
        found=tuple(_anomaly(series, place, scores=scores, expected=expected, naive=naive) for place in shown),
        judged_days=int(is_judged.sum()),
        unjudged_days=int((np.isfinite(series.ratio) & is_asked & ~is_judged).sum()),
        naive_dates=tuple(series.dates[place] for place in by_naive),
    )


def _scores(series: DailySeries) -> tuple[np.ndarray, np.ndarray]:
    """Score and expected value of each day; NaN where it is unknown or has too little history."""
    scale = log_scale(series)
    found = deviations(scale.log(series.ratio), season=SEASON)
    expected = scale.value(found.expected)
    if series.kind == "mean":
        return found.score, expected
    exposure = 1.0 if series.exposure is None else series.exposure
    return _no_more_than(found.score, _counting_score(series.values, expected * exposure)), expected


def _anomaly(
    series: DailySeries, place: int, *, scores: np.ndarray, expected: np.ndarray, naive: np.ndarray
) -> Anomaly:
    return Anomaly(
        date=series.dates[place],
        value=float(series.ratio[place]),
        expected=float(expected[place]),
        direction="high" if scores[place] > 0 else "low",
        score=float(scores[place]),
        naive_score=float(naive[place]) if np.isfinite(naive[place]) else None,
    )


def deviations(logs: np.ndarray, *, season: int = SEASON, recent: int | None = None) -> Deviations:
    """Each place against the same one of earlier seasons: a day and its weekday (7), an hour and its hour of day (24).

    expected = median of the last HISTORY known values of that season place (within REACH seasons; at least MIN_HISTORY)
    + median of what the last `recent` places (default: a season) were above theirs, so that a slow rise is no anomaly.
    spread = 1.4826 x median |deviation| over the SPREAD_SEASONS seasons before (at least twice `recent`), at least
    MIN_SPREAD. All season places share one spread: with eight values a median absolute deviation of their own would
    be so unsure that 3.5 of them are passed 20-40 times in 1,000 days without cause, and 1-3 times so.
    Source: modified z-score, Iglewicz & Hoaglin (1993), How to Detect and Handle Outliers; Hampel (1974), JASA 69:383.
    """
    recent = season if recent is None else recent
    own = np.full(len(logs), np.nan)
    for place in range(len(logs)):
        past = _known(logs[max(place % season, place - REACH * season) : place : season])[-HISTORY:]
        if past.size >= MIN_HISTORY:
            own[place] = np.median(past)
    above = logs - own
    shift = _rolling(above, recent, at_least=recent // 2 + 1)
    deviation = above - shift
    spread = MAD_TO_SD * _rolling(np.abs(deviation), SPREAD_SEASONS * season, at_least=2 * recent)
    return Deviations(own + shift, deviation, np.maximum(spread, MIN_SPREAD))


def z_scores(values: np.ndarray) -> np.ndarray:
    """The naive rule: (value - mean) / standard deviation of all known values before; NaN below MIN_NAIVE_DAYS."""
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    count, total, squares = (np.cumsum(x) - x for x in (known.astype(float), filled, filled**2))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / count
        sd = np.sqrt(np.maximum(squares - count * mean**2, 0) / (count - 1))
        return np.where(known & (count >= MIN_NAIVE_DAYS) & (sd > 0), (values - mean) / sd, np.nan)


def _rolling(values: np.ndarray, length: int, *, at_least: int) -> np.ndarray:
    """Median of the known ones among the `length` values before each place; NaN with less than `at_least` of them."""
    medians = np.full(len(values), np.nan)
    for place in range(len(values)):
        before = _known(values[max(0, place - length) : place])
        if before.size >= at_least:
            medians[place] = np.median(before)
    return medians


def _known(values: np.ndarray) -> np.ndarray:
    return values[np.isfinite(values)]


def _counting_score(events: np.ndarray, expected: np.ndarray) -> np.ndarray:
    return 2 * (np.sqrt(events + 0.375) - np.sqrt(expected + 0.375)) / np.sqrt(1 + np.pi / 2 / HISTORY)


def _no_more_than(scores: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """The one nearer to zero; zero where they point to different sides."""
    return np.where(scores * limit > 0, np.sign(scores) * np.minimum(np.abs(scores), np.abs(limit)), scores * limit * 0)
