"""Many daily series and two periods in, one table of series x days (and what is known of them) out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from clarity_assets.errors import RequestRefused
from clarity_assets.statistics.series import DailySeries
from clarity_assets.statistics.spread import Calendar
from clarity_assets.statistics.weekday_ratio import WeekdayRatio

Period = tuple[date, date]
"""[start, end), UTC days."""


@dataclass(frozen=True, eq=False)
class Aligned:
    """Series on the days of a baseline and a period. `values` and `exposure` are 0 where a day says nothing."""

    values: np.ndarray  # series x days
    exposure: np.ndarray  # series x days; 1 a day for a count
    is_known: np.ndarray  # series x days
    kinds: np.ndarray  # series
    calendar: Calendar

    @property
    def fit(self) -> WeekdayRatio:
        return WeekdayRatio(self.values, self.exposure, self.calendar.weekdays, self.calendar.is_after)

    @property
    def days_before(self) -> np.ndarray:
        """Known days of the baseline, by series."""
        return self.is_known[:, ~self.calendar.is_after].sum(axis=1)

    @property
    def days_after(self) -> np.ndarray:
        return self.is_known[:, self.calendar.is_after].sum(axis=1)

    @property
    def telling_days(self) -> tuple[np.ndarray, np.ndarray]:
        """Days with exposure of the baseline and of the period, by series: of a count all known days."""
        tells = self.exposure > 0
        return tells[:, ~self.calendar.is_after].sum(axis=1), tells[:, self.calendar.is_after].sum(axis=1)

    def only(self, rows: np.ndarray) -> "Aligned":
        """These series alone."""
        parts = (self.values, self.exposure, self.is_known, self.kinds)
        return Aligned(*(part[rows] for part in parts), self.calendar)


def align(series: Sequence[DailySeries], *, period: Period, baseline: Period) -> Aligned:
    """The days of both periods, in the calendar's order. Days outside of a series are unknown.

    Raises RequestRefused for periods that are empty or share days.
    """
    _need_apart(period, baseline)
    parts = sorted([(*baseline, False), (*period, True)])
    days = np.concatenate([np.arange(start.toordinal(), end.toordinal()) for start, end, _ in parts])
    is_after = np.concatenate([np.full((end - start).days, after) for start, end, after in parts])
    calendar = Calendar(days, (days - 1) % 7, is_after)  # ordinal 1 is a Monday
    values, exposure = np.full((2, len(series), len(days)), np.nan)
    for i, one in enumerate(series):
        place = days - one.first.toordinal()
        inside = (place >= 0) & (place < len(one.values))
        values[i, inside] = one.values[place[inside]]
        exposure[i, inside] = 1.0 if one.exposure is None else one.exposure[place[inside]]
    known = np.isfinite(values) & np.isfinite(exposure)
    says = known & (exposure > 0)
    kinds = np.array([one.kind for one in series], dtype=object)
    return Aligned(np.where(says, values, 0.0), np.where(says, exposure, 0.0), known, kinds, calendar)


def _need_apart(period: Period, baseline: Period) -> None:
    for name, (start, end) in (("period", period), ("baseline", baseline)):
        if start >= end:
            raise RequestRefused(f"{name} [{start}, {end}) has no day; give its first day and the day after its last")
    if period[0] < baseline[1] and baseline[0] < period[1]:
        raise RequestRefused(
            f"period [{period[0]}, {period[1]}) and baseline [{baseline[0]}, {baseline[1]}) share days; "
            "end one before the other begins"
        )
