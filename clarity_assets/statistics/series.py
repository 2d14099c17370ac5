"""Daily rows of a mart in, one metric a UTC day in calendar order out, with what is unknown left unknown."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np

from clarity_assets.errors import RequestRefused

MIN_COVERAGE = 0.9  # below, a day's hours are another mix of night and day than its neighbours'

Kind = Literal["count", "rate", "mean"]


@dataclass(frozen=True, eq=False)
class DailySeries:
    """One metric, one place a UTC day from `first` on, without holes in the calendar. NaN is unknown, 0 is none.

    `values`: what happened (occurrences, sessions, session-seconds). `exposure`: what it is divided by (sessions),
    None for a count by itself. `kind`: "count" (values alone), "rate" (events on exposure, so their spread is at
    least Poisson's) or "mean" (a sum of amounts on exposure, such as seconds: only the days tell their spread).
    """

    first: date
    values: np.ndarray
    exposure: np.ndarray | None = None

    kind: Kind = "count"

    def __post_init__(self) -> None:
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
    rows: Iterable[tuple], *, start: date, end: date, kind: Kind = "count", min_coverage: float = MIN_COVERAGE
) -> DailySeries:
    """The series of [start, end) from rows of (date, value, exposure[, coverage]); days without a row are unknown.

    A count of a day whose coverage is below `min_coverage` is unknown too. A rate or a mean of such a day stays: value
    and exposure are of the same hours. Raises RequestRefused for a day that comes twice.
    """
    days = (end - start).days
    values, exposure = np.full(days, np.nan), np.full(days, np.nan)
    seen: set[date] = set()
    for day, value, divided_by, *coverage in rows:
        if day in seen:
            raise RequestRefused(f"{day} comes twice; a series has one row a day: add up or select a key first")
        seen.add(day)
        if not start <= day < end:
            continue
        is_partial = bool(coverage) and (coverage[0] is None or coverage[0] < min_coverage)
        if kind == "count" and is_partial:
            continue
        place = (day - start).days
        values[place] = np.nan if value is None else value
        exposure[place] = np.nan if divided_by is None else divided_by
    return DailySeries(start, values, None if kind == "count" else exposure, kind)
