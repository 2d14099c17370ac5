"""Facts and countries in; whose share of the site's sessions rises or falls (corrected), and by how much, out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from clarity_assets.reports.changes import change_figure
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.figures import ChangeFigure, Figure, Source
from clarity_assets.reports.marts import GEOGRAPHY
from clarity_assets.reports.period import FOUR_WEEKS, Period, day_name
from clarity_assets.reports.rendering.numbers import TOO_FEW
from clarity_assets.reports.site_shares import share_series, site_sessions
from clarity_assets.statistics.change import Change, compare_all
from clarity_assets.statistics.multiple import false_discovery_adjusted
from clarity_assets.statistics.series import DailySeries
from clarity_assets.statistics.trend import weekly_trend

LONGEST = timedelta(weeks=12)  # of growth that is still news
LOOKED_AT = 25  # countries; the more, the surer a growth must be, and the small ones show none
LEAST_RATIO = 1.25  # between both ends, and surely so: less is no reason to act, and slow waves reach it
LEAST_SESSIONS = 100  # in the later days; fewer may be some dozens of visitors who come back
FALSE_NAME_SHARE = 0.01  # stricter than elsewhere: two ways of looking, and visitors who return make slow waves
NO_TREND = "no clear trend"

Country = str | None


Span = tuple[date, date]


@dataclass(frozen=True)
class Growth:
    """Daily sessions of countries and site over the last `weeks`; the trends that may be called one, in % a week.

    `tested`: countries whose trend was looked at and is not named. `moved`: countries whose share in the days `later`
    may be called another than in the days `earlier`. `is_tested`: whether enough was known to test anything.
    """

    series: dict[Country, DailySeries]
    site: DailySeries
    weeks: int
    named: dict[Country, Figure]
    tested: frozenset[Country]
    later: Span
    earlier: Span
    moved: dict[Country, ChangeFigure]
    is_tested: bool

    def cell(self, country: Country) -> Figure | str:
        """What a table shows."""
        return self.named.get(country) or (NO_TREND if country in self.tested else TOO_FEW)

    def ratio(self, country: Country) -> float:
        """How many times as large its share is named to be as earlier; 1 where nothing is named."""
        trend, moved = self.named.get(country), self.moved.get(country)
        if moved:
            return moved.value
        return _over(trend.value, timedelta(weeks=self.weeks)) if trend else 1.0

    def rises(self) -> dict[Country, "Rise"]:
        """Countries whose share is named to rise."""
        found = {}
        for country in dict.fromkeys((*self.moved, *self.named)):
            trend, moved = self.named.get(country), self.moved.get(country)
            if moved and moved.value > 1:
                found[country] = Rise(moved, Period(*self.later), moved.value, moved.low)
            elif not moved and trend and trend.value > 0:
                start, end = trend.source.start, trend.source.end
                days = Period(max(start, self.later[0]), end)
                over = timedelta(days=(days.start - start).days + days.day_count / 2)
                found[country] = Rise(trend, days, _over(trend.value, over), _over(trend.low, over))
        return found


@dataclass(frozen=True)
class Rise:
    """A named rise of a country's share. `figure`: what may be told; `days`: when the added sessions came.

    `ratio`: the share in these days, times that of the days it is held against (of a trend: at its start, by the fit);
    `low`: the careful end of it.
    """

    figure: Figure
    days: Period
    ratio: float
    low: float

    @property
    def added(self) -> float:
        """The part of the days' sessions that would not have come at the old share, 0-1."""
        return 1 - 1 / self.ratio

    @property
    def surely_added(self) -> float:
        """The same at the careful end."""
        return max(0.0, 1 - 1 / self.low)


def find_growth(facts: Facts, countries: Sequence[Country]) -> Growth:
    """Of the LOOKED_AT busiest countries' shares of sessions: where the whole site grows, a country grows with it."""
    end = facts.period.end
    first = facts.first_known_day or facts.period.start
    start = max(end - LONGEST, min(first, facts.period.start - FOUR_WEEKS))
    start = min(start, facts.period.start)  # a longer period is looked at whole
    keys = [(country,) for country in countries]
    series = facts.marts.series(GEOGRAPHY, ["sessions"], by=("country",), keys=keys, start=start, end=end)["sessions"]
    site = site_sessions(facts, start)
    shares = {country: share_series(series[country,], site) for country in countries[:LOOKED_AT]}
    later, earlier = _spans(facts, max(start, first))
    large = {country for (country,), one in series.items()
             if np.nansum(one.between(*later).values) >= LEAST_SESSIONS}  # fmt: skip
    named, tested = _trends(shares, start=start, end=end, large=large)
    compared = compare_all(shares, period=later, baseline=earlier, false_name_share=FALSE_NAME_SHARE)
    moved = {country: _moved(country, change, later=later, earlier=earlier)
             for country, change in compared.items()
             if country in large and change.is_named and _is_much(change.interval.low, change.interval.high)
             }  # fmt: skip
    is_tested = bool(named or tested) or any(change.p is not None for change in compared.values())
    by_country = {country: one for (country,), one in series.items()}
    weeks = (end - max(start, first)).days // 7
    return Growth(by_country, site, weeks, named, tested, later, earlier, moved, is_tested)


def _spans(facts: Facts, first: date) -> tuple[Span, Span]:
    """What is held against what, so that slow growth shows, which four weeks just before hold most of already.

    The period against the first four weeks looked at, where these end before it. Else the second half of a period of
    four weeks or more, or the whole of a shorter one, against the four weeks before it.
    """
    start, end = facts.period.start, facts.period.end
    if first + FOUR_WEEKS <= start:
        return (start, end), (first, first + FOUR_WEEKS)
    if end - start >= FOUR_WEEKS:
        middle = start + timedelta(days=facts.period.day_count // 2)
        return (middle, end), (middle - FOUR_WEEKS, middle)
    return (start, end), (start - FOUR_WEEKS, start)


def _trends(
    shares: Mapping[Country, DailySeries], *, start: date, end: date, large: Collection[Country]
) -> tuple[dict[Country, Figure], frozenset[Country]]:
    """Trends in percent a week, corrected for how many were looked at; and what was looked at without being named."""
    trends = {country: weekly_trend(share) for country, share in shares.items()}
    tested = {country: trend for country, trend in trends.items() if trend.p is not None}
    adjusted = false_discovery_adjusted(np.array([trend.p for trend in tested.values()]))
    named = {
        country: Figure(
            trend.pct_per_week, "% a week",
            Source(GEOGRAPHY, "site_share", (("country", country),), start, end, "trend"),
            low=trend.interval.low, high=trend.interval.high, decimals=1, day_count=trend.known_days,
        )
        for (country, trend), p in zip(tested.items(), adjusted, strict=True)
        if p <= FALSE_NAME_SHARE and country in large
        and _is_much(*(_over(share, end - start) for share in (trend.interval.low, trend.interval.high)))
    }  # fmt: skip
    return named, frozenset(tested) - frozenset(named)


def days_words(days: Span) -> str:
    """Such as `Mon 5 Oct – Sun 11 Oct`."""
    return f"{day_name(days[0])} – {day_name(days[1] - timedelta(days=1))}"


def _is_much(low: float, high: float) -> bool:
    """Whether a ratio between these is LEAST_RATIO or more, or its inverse or less."""
    return low >= LEAST_RATIO or high <= 1 / LEAST_RATIO


def _over(pct_per_week: float, days: timedelta) -> float:
    """The ratio that so many percent a week make over the days."""
    return float((1 + pct_per_week / 100) ** (days / timedelta(weeks=1)))


def _moved(country: Country, change: Change, *, later: Span, earlier: Span) -> ChangeFigure:
    key = (GEOGRAPHY, "site_share", (("country", country),))
    return change_figure(key, change, period=Period(*later), baseline=Period(*earlier))
