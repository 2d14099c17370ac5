"""Facts in; what all product sections share out: shares of the site's sessions, cells of changes, days of charts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from clarity_assets.reports.changes import Compared
from clarity_assets.reports.document import Column, Line, Name, Sentence
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.figures import ChangeFigure, Figure, Source
from clarity_assets.reports.marts import COLLECTION
from clarity_assets.reports.period import FOUR_WEEKS, day_name
from clarity_assets.reports.site_shares import share_series
from clarity_assets.statistics.change import Outcome
from clarity_assets.statistics.intervals import wilson
from clarity_assets.statistics.series import DailySeries

TOP, MOST = 10, 100  # rows of a table, and of the long one behind it
NAMED_DAYS = 5  # that a sentence spells out

INTERVALS = (
    "The interval in brackets is that of one number by itself; a change or difference is called one only where it is "
    "more than chance among all that were looked at."
)
ONE_UNDER_SEVERAL = (
    "One session can count under several sources, so sessions and shares of sources do not add up to the site's."
)
TOO_LITTLE_BEFORE = "too little is known of the weeks before to call anything a change"
SHARE = Column(
    "Share of the site's sessions",
    True,
    "Its sessions / the site's, on days that both are known whole of; 95 % interval in brackets",
)


def known_days(facts: Facts, request: str) -> Figure:
    """How many days of the period the request's figures are known of."""
    period = facts.period
    count = sum(day.is_known for day in facts.marts.days(request))
    return Figure(count, "days", Source(COLLECTION, "known_days", (("request", request),), period.start, period.end))


def of_period(facts: Facts, request: str) -> Sentence:
    """Such as `6 days of 7 are known.`, for a section's notes."""
    whole = facts.period.day_count
    return Sentence(f"Known of this {facts.period.noun}: {{known}} of {whole}.", {"known": known_days(facts, request)})


def chart_start(facts: Facts) -> date:
    """Four weeks before the period, or the first day that anything is known of."""
    first = facts.first_known_day or facts.period.start
    return max(facts.period.start - FOUR_WEEKS, min(first, facts.period.start))


def lost_dates(facts: Facts, request: str, start: date) -> tuple[date, ...]:
    """The days of a chart that the request tells nothing of."""
    days = facts.marts.days(request, start=start, end=facts.period.end)
    return tuple(day.date for day in days if not day.is_known)


def line(label: str, series: DailySeries, *, source: Source, per: float = 1) -> Line:
    """A line of a trend: value / exposure x `per` a day, None where unknown."""
    values = tuple(None if np.isnan(value) else per * float(value) for value in series.ratio)
    return Line(label, values, source=replace(source, statistic="series"))


def share_of_site(sessions: Figure, own: DailySeries, site: DailySeries) -> Figure:
    """`sessions` in percent of the site's, with Wilson's interval, over the days of its source that both know whole."""
    share = share_series(own, site).between(sessions.source.start, sessions.source.end)
    known = share.is_known
    return share_figure(sessions, share.values[known].sum(), share.exposure[known].sum(), day_count=int(known.sum()))


def share_figure(sessions: Figure, part: float, whole: float, *, day_count: int) -> Figure:
    """`part` in percent of `whole`: sessions that `sessions` counts, and the site's, of the same whole days."""
    limits = wilson(part, whole) if 0 <= part <= whole and whole else None
    return Figure(
        100 * float(part / whole) if whole else None, "%", replace(sessions.source, statistic="ratio"),
        low=100 * limits.low if limits else None, high=100 * limits.high if limits else None,
        decimals=1, is_at_most=sessions.is_at_most, day_count=day_count,
    )  # fmt: skip


# --- changes -----------------------------------------------------------------------------------------------------


def change_columns(facts: Facts, *, of: str = "Sessions") -> tuple[Column, Column]:
    """The titles of `change_cells`."""
    meaning = f"{of}, on the same weekdays; called a change only where it is more than chance among all looked at"
    return (
        Column(f"Against the {facts.period.noun} before", True, meaning),
        Column("Against four weeks before", True, meaning),
    )


def change_cells(compared: Compared | None) -> tuple[ChangeFigure | None, ChangeFigure | None]:
    """Both comparisons; empty where nobody compares the measure."""
    return (compared.before, compared.four_weeks) if compared else (None, None)


def can_tell(compared: Iterable[Compared | None]) -> bool:
    """Whether enough is known of any of them to be tested."""
    return any(
        change.outcome is not Outcome.TOO_FEW for one in compared if one for change in (one.before, one.four_weeks)
    )


def baseline_words(facts: Facts, compared: Compared) -> str:
    """What the named change is held against."""
    return "the four weeks before" if compared.four_weeks.is_named else f"the {facts.period.noun} before"


# --- names and words ---------------------------------------------------------------------------------------------


def source_name(keys: Mapping[str, str | None]) -> Name:
    """Such as `google / organic`; source and medium as Clarity tells them."""
    source, medium = keys["source"], keys["medium"]
    if source is None and medium is None:
        return Name(None, "source")
    told = ("(no source)" if source is None else source or "(empty)",
            "(no medium)" if medium is None else medium or "(empty)")  # fmt: skip
    return Name(" / ".join(told), "source")


def days_words(days: Sequence[date]) -> str:
    """Such as `Mon 5 Oct, Tue 6 Oct and 3 more`."""
    shown = ", ".join(day_name(day) for day in days[:NAMED_DAYS])
    return f"{shown} and {len(days) - NAMED_DAYS} more" if len(days) > NAMED_DAYS else shown
