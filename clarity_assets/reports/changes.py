"""The marts of a period in; for everything that a report watches, what changed (all corrected together) out."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from clarity_assets.reports.figures import ChangeFigure, Source, Where
from clarity_assets.reports.marts import (
    ATTRIBUTION,
    ENGAGEMENT,
    FRUSTRATION,
    GEOGRAPHY,
    PAGE,
    SIGNAL,
    SITE,
    TRAFFIC,
    Marts,
)
from clarity_assets.reports.measures import MEASURES, SIGNAL_RATES
from clarity_assets.reports.period import Period
from clarity_assets.statistics.change import Change, Outcome, compare_all
from clarity_assets.statistics.series import DailySeries

WATCHED_PAGES = 100  # the busiest ones; with fewer sessions no change could be shown anyway
WATCHED_BY_DEVICE = 30  # of them, split by device
WATCHED_SEGMENTS = 40  # busiest countries, sources, campaigns

WIDE = ("sessions", *SIGNAL_RATES, "total_time_s", "active_time_s", "scroll_depth_pct")
ENGAGED = ("total_time_s", "active_time_s", "scroll_depth_pct", "pages_per_session")

Key = tuple[str, str, Where]
"""Mart, measure, and the rows (column = value)."""


@dataclass(frozen=True)
class Compared:
    """One series against the period before and against the four weeks before."""

    before: ChangeFigure
    four_weeks: ChangeFigure

    @property
    def named(self) -> ChangeFigure | None:
        """The one that may be called a change, the longer baseline first; None where neither may."""
        return next((change for change in (self.four_weeks, self.before) if change.is_named), None)


class Changes:
    """What `find_changes` found."""

    def __init__(self, found: Mapping[Key, Compared]) -> None:
        self._found = found

    def of(self, table: str, measure: str, **where: str | int | bool | None) -> Compared | None:
        """The comparison of one series; None where it is not watched (too small to be)."""
        return self._found.get((table, measure, tuple(sorted(where.items()))))

    def named(self, table: str, measure: str | None = None) -> list[tuple[Key, ChangeFigure]]:
        """All that may be called a change in a mart, the surest first."""
        found = [
            (key, change)
            for key, compared in self._found.items()
            if key[0] == table and measure in (None, key[1]) and (change := compared.named) is not None
        ]
        return sorted(found, key=lambda pair: pair[1].p_adjusted or 0.0)

    def __len__(self) -> int:
        return len(self._found)


def find_changes(marts: Marts) -> Changes:
    """Compare every watched series of the period with the period before, and with the four weeks before.

    Each of the two comparisons is corrected for all that it looked at: `statistics.change.compare_all`.
    """
    return compare_watched(_watched(marts))


def compare_watched(watching: "Watching") -> Changes:
    """The same of whatever is watched."""
    period, watched = watching.marts.period, watching.found
    compared = {
        baseline: compare_all(
            watched,
            period=(period.start, period.end),
            baseline=(baseline.start, baseline.end),
            alike=lambda key: (key[1], dict(key[2]).get("signal")),
        )
        for baseline in (period.before, period.four_weeks_before)
    }
    before, four_weeks = period.before, period.four_weeks_before
    return Changes(
        {
            key: Compared(
                change_figure(key, compared[before][key], period=period, baseline=before),
                change_figure(key, compared[four_weeks][key], period=period, baseline=four_weeks),
            )
            for key in watched
        }
    )


class Watching:
    """Series that are looked at, from the first day of either baseline to the end of the period."""

    def __init__(self, marts: Marts) -> None:
        self.marts = marts
        self.found: dict[Key, DailySeries] = {}
        period = marts.period
        self._whole = Period(min(period.before.start, period.four_weeks_before.start), period.end)

    def busiest(self, table: str, by: tuple[str, ...], top: int, *, measure: str = "sessions", **where) -> list[tuple]:
        """The keys with most of a measure."""
        lines = self.marts.totals(table, [measure], by=by, where=where, period=self._whole, top=top)
        return [tuple(line.keys.values()) for line in lines]

    def watch(
        self, table: str, measures: tuple[str, ...], by: tuple[str, ...] = (), *, keys=None, only=None, **where
    ) -> None:
        """Look at these measures of every key, or of `keys`."""
        series = self.marts.series(
            table, measures, by=by, where=where, keys=keys, only=only, start=self._whole.start, end=self._whole.end
        )
        for measure, by_key in series.items():
            for key, one in by_key.items():
                rows = where | dict(zip(by, key, strict=True))
                self.found[table, measure, tuple(sorted(rows.items()))] = one


def _watched(marts: Marts) -> Watching:
    watching = Watching(marts)
    busiest, watch = watching.busiest, watching.watch
    pages = busiest(PAGE, ("page",), WATCHED_PAGES)
    by_device = {"page": [page for (page,) in pages[:WATCHED_BY_DEVICE]]}
    watch(SITE, (*WIDE, "bot_share", "pages_per_session"))
    watch(PAGE, WIDE, ("page",), keys=pages)
    watch(FRUSTRATION, ("affected_session_rate",), ("signal", "page", "device"), only=by_device)
    for dimension in ("device", "browser"):
        watch(TRAFFIC, ("sessions",), ("segment",), dimension=dimension)
        watch(ENGAGEMENT, ENGAGED, ("segment",), dimension=dimension)
        watch(SIGNAL, ("affected_session_rate",), ("segment", "signal"), dimension=dimension)
    countries = busiest(GEOGRAPHY, ("country",), WATCHED_SEGMENTS)
    watch(GEOGRAPHY, ("sessions", "total_time_s", *SIGNAL_RATES), ("country",), keys=countries)
    for breakdown, by in (
        ("source_medium", ("source", "medium")),
        ("source_medium", ("channel",)),
        ("campaign", ("campaign",)),
    ):
        keys = busiest(ATTRIBUTION, by, WATCHED_SEGMENTS, breakdown=breakdown)
        watch(ATTRIBUTION, ("sessions", "total_time_s", "scroll_depth_pct", "quick_back_session_rate"), by, keys=keys,
              breakdown=breakdown)  # fmt: skip
    return watching


def change_figure(key: Key, change: Change, *, period: Period, baseline: Period) -> ChangeFigure:
    """A comparison as a report's number: the ratio with its interval, and the levels in the measure's own unit."""
    table, measure, where = key
    source = Source(table, measure, where, period.start, period.end, "change", (baseline.start, baseline.end))
    per = MEASURES[measure].per
    return ChangeFigure(
        change.ratio, "times", source,
        low=change.interval.low if change.interval else None,
        high=change.interval.high if change.interval else None,
        decimals=2, outcome=change.outcome, better=MEASURES[measure].better,
        before=_finite(change.before, per), after=_finite(change.after, per), p_adjusted=change.p_adjusted,
        reason=change.reason, day_count=change.days_after,
    )  # fmt: skip


def _finite(value: float, per: float) -> float | None:
    return per * value if math.isfinite(value) else None


UNWATCHED = ChangeFigure(None, "times", outcome=Outcome.TOO_FEW, reason="too few sessions to be compared")
"""What a table shows where there is no comparison."""
