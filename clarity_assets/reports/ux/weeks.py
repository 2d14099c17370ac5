"""Daily series in; lines of a trend by week or by day, with what is unknown left unknown, out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from clarity_assets.reports.document import Line
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.figures import Source
from clarity_assets.reports.measures import MEASURES, Measure
from clarity_assets.reports.period import FOUR_WEEKS, Period
from clarity_assets.statistics.intervals import wilson
from clarity_assets.statistics.series import DailySeries

SHOWN_WEEKS = 12
LEAST_DAYS = 4  # a week of which fewer days are known is unknown: most of its weekdays are missing
WEEK = timedelta(days=7)
NO_SOURCES: Mapping[str, Source] = {}


@dataclass(frozen=True)
class Trend:
    """What a TrendChart needs: its dates, lines, lost dates and shaded period."""

    dates: tuple[date, ...]
    lines: tuple[Line, ...]
    lost: tuple[date, ...]
    marked: tuple[date, date]

    @property
    def known(self) -> list[float]:
        """All values that are known."""
        return [value for line in self.lines for value in line.values if value is not None]


def first_monday(period: Period) -> date:
    """The Monday that SHOWN_WEEKS weeks begin with, the last of which holds the period's last day."""
    return period.last - timedelta(days=period.last.weekday()) - (SHOWN_WEEKS - 1) * WEEK


def by_week(
    facts: Facts, series: Mapping[str, DailySeries], *, measure: str, sources: Mapping[str, Source] = NO_SOURCES
) -> Trend:
    """A line for each series (from `first_monday` to the period's end): the weeks' rates with their interval.

    Weeks before the first known one are left out, and one that is not over yet and not known. `sources`: of the lines.
    """
    period, asked = facts.period, MEASURES[measure]
    mondays = [first_monday(period) + i * WEEK for i in range(SHOWN_WEEKS)]
    lines = [_weeks(label, one, asked) for label, one in series.items()]
    known = [any(line.values[i] is not None for line in lines) for i in range(SHOWN_WEEKS)]
    first = known.index(True) if any(known) else SHOWN_WEEKS
    last = SHOWN_WEEKS if known[-1] or mondays[-1] + WEEK <= period.end else SHOWN_WEEKS - 1
    return Trend(
        tuple(mondays[first:last]),
        tuple(_told(_cut(line, first, last), sources, start=mondays[min(first, SHOWN_WEEKS - 1)]) for line in lines),
        tuple(mondays[i] for i in range(first, last) if not known[i]),
        (period.start - timedelta(days=period.start.weekday()), period.end),
    )  # fmt: skip


def by_day(
    facts: Facts, series: Mapping[str, DailySeries], *, measure: str, request: str,
    sources: Mapping[str, Source] = NO_SOURCES,
) -> Trend:  # fmt: skip
    """A line for each series (from `four_weeks_start` to the period's end), from the first recorded day on."""
    period, per = facts.period, MEASURES[measure].per
    days = facts.marts.days(request, start=four_weeks_start(period), end=period.end)
    first = next((i for i, day in enumerate(days) if day.status != "unrecorded"), len(days))
    lines = tuple(
        Line(label, tuple(None if np.isnan(v) else per * float(v) for v in one.ratio[first:]))
        for label, one in series.items()
    )
    lost = tuple(day.date for day in days[first:] if not day.is_known)
    if first < len(days):
        lines = tuple(_told(line, sources, start=days[first].date) for line in lines)
    return Trend(tuple(day.date for day in days[first:]), lines, lost, (period.start, period.end))


def four_weeks_start(period: Period) -> date:
    """The first of the 28 days before the period."""
    return period.start - FOUR_WEEKS


def _weeks(label: str, series: DailySeries, measure: Measure) -> Line:
    told = [_week(series, 7 * i, measure) for i in range(SHOWN_WEEKS)]
    return Line(label, *(tuple(week[i] for week in told) for i in range(3)))


def _week(series: DailySeries, place: int, measure: Measure) -> tuple[float | None, float | None, float | None]:
    """The rate of the seven days from `place` on, with its interval; None where it is not known."""
    known = series.is_known[place : place + 7]
    values, exposure = (amounts[place : place + 7][known].sum() for amounts in (series.values, series.exposure))
    if known.sum() < LEAST_DAYS or not exposure:
        return None, None, None
    limits = wilson(values, exposure) if measure.is_share and values <= exposure else None
    value = measure.per * values / exposure
    return value, *((measure.per * limits.low, measure.per * limits.high) if limits else (None, None))


def _told(line: Line, sources: Mapping[str, Source], *, start: date) -> Line:
    """The line with its source, which begins where the line does."""
    if line.label not in sources:
        return line
    return replace(line, source=replace(sources[line.label], start=start, statistic="series"))


def _cut(line: Line, first: int, last: int) -> Line:
    return Line(line.label, line.values[first:last], line.low[first:last], line.high[first:last])
