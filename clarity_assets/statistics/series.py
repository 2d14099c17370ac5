"""Daily rows of a mart in, one metric a UTC day in calendar order out, with what is unknown left unknown."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np

from clarity_assets.errors import RequestRefused
from clarity_assets.statistics.shares import need_share

MIN_COVERAGE = 0.9  # below, a day's hours are another mix of night and day than its neighbours'

Kind = Literal["count", "rate", "mean"]


@dataclass(frozen=True, eq=False)
class DailySeries:
    """One metric, one place a UTC day from `first` on, without holes in the calendar. NaN is unknown, 0 is none.

    `values`: what happened (occurrences, sessions, session-seconds). `exposure`: what it is divided by (sessions),
    None for a count by itself. `kind`: "count" (values alone), "rate" (events on exposure, so their spread is at
    least Poisson's) or "mean" (a sum of amounts on exposure, such as seconds: only the days tell their spread).
    Lists become arrays. Raises RequestRefused for what is no list of numbers, infinite or negative.
    """

    first: date
    values: np.ndarray
    exposure: np.ndarray | None = None
    kind: Kind = "count"

    def __post_init__(self) -> None:
        for name in ("values", "exposure"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _amounts(name, getattr(self, name), first=self.first))
        if self.exposure is not None and len(self.exposure) != len(self.values):
            raise RequestRefused(f"{len(self.values)} values on {len(self.exposure)} exposures; give one of each a day")
        if (self.kind == "count") != (self.exposure is None):
            raise RequestRefused(f"kind {self.kind!r} with exposure={self.exposure is not None}; counts have none")

    @property
    def dates(self) -> list[date]:
        return [self.first + timedelta(days=i) for i in range(len(self.values))]

    @property
    def weekdays(self) -> np.ndarray:
        """0 = Monday, by place."""
        return (self.first.weekday() + np.arange(len(self.values))) % 7

    @property
    def is_known(self) -> np.ndarray:
        """Where both the value and what it is divided by are known."""
        known = np.isfinite(self.values)
        return known if self.exposure is None else known & np.isfinite(self.exposure)

    @property
    def ratio(self) -> np.ndarray:
        """Value / exposure a day (the values themselves for a count); NaN where unknown, or the exposure is zero."""
        if self.exposure is None:
            return self.values
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.exposure > 0, self.values / self.exposure, np.nan)

    def between(self, start: date, end: date) -> "DailySeries":
        """The days [start, end); those outside of the series are unknown."""
        return daily_series(
            zip(self.dates, self.values, self.exposure if self.exposure is not None else self.values, strict=True),
            start=start,
            end=end,
            kind=self.kind,
        )


def daily_series(
    rows: Iterable[tuple],
    *,
    start: date,
    end: date,
    kind: Kind = "count",
    min_coverage: float = MIN_COVERAGE,
    known_dates: Collection[date] | None = None,
) -> DailySeries:
    """The series of [start, end) from rows of (date, value, exposure[, coverage]).

    `known_dates`: days that are known whole, so that on a day of these without a row there was nothing: value and
    exposure are 0. On all other days without a row they are unknown. A mart has no row for a page, segment or signal on
    a day without it, so give them for these: the dates of `marts.fct_collection_daily` where not is_gap and not
    is_truncated and coverage >= MIN_COVERAGE, of the request that tells the rows (`url_device` for pages), less days on
    which the metric is NULL in all rows (the answer lacked it). Rows of truncated days (a sample) stay out then. None:
    every known day has a row, as in `marts.fct_site_daily`.

    A count of a day whose coverage is below `min_coverage` is unknown too. A rate or a mean of such a day stays: value
    and exposure are of the same hours. Raises RequestRefused for a range without a day and a day that comes twice.
    """
    need_share("min_coverage", min_coverage, such_as=MIN_COVERAGE)
    if start >= end:
        raise RequestRefused(f"[{start}, {end}) has no day; give the first day and the day after the last")
    values, exposure = np.full((2, (end - start).days), np.nan)
    for day in known_dates or ():
        if start <= day < end:
            values[(day - start).days] = exposure[(day - start).days] = 0.0
    seen: set[date] = set()
    for day, value, divided_by, *coverage in rows:
        if day in seen:
            raise RequestRefused(f"{day} comes twice; a series has one row a day: add up or select a key first")
        seen.add(day)
        if not start <= day < end:
            continue
        is_partial = bool(coverage) and (coverage[0] is None or coverage[0] < min_coverage)
        is_unknown = kind == "count" and is_partial
        place = (day - start).days
        values[place] = np.nan if value is None or is_unknown else value
        exposure[place] = np.nan if divided_by is None or is_unknown else divided_by
    return DailySeries(start, values, None if kind == "count" else exposure, kind)


def _amounts(name: str, given: object, *, first: date) -> np.ndarray:
    """Numbers of 0 or more, one a day, NaN for unknown; RequestRefused for anything else."""
    rule = "a series is one list of finite numbers of 0 or more, a place a day, NaN for unknown"
    try:
        amounts = np.asarray(given, float)
    except (TypeError, ValueError) as error:
        raise RequestRefused(f"{name}: {error}; {rule}: leave out what is no number") from error
    if amounts.ndim != 1:
        raise RequestRefused(f"{name} of shape {amounts.shape}; {rule}: give one series at a time")
    wrong = np.flatnonzero(np.isinf(amounts) | (amounts < 0))
    if wrong.size:
        day = first + timedelta(days=int(wrong[0]))
        raise RequestRefused(f"{name} has {amounts[wrong[0]]:g} on {day}; {rule}: look at the rows of that day")
    return amounts
