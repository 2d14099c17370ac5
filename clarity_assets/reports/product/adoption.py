"""Facts in; how pages that are new are taken up out: findings and a curve."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from clarity_assets.reports.arrivals import LEAST_DAYS_BEFORE, Arrival, arrival
from clarity_assets.reports.document import Finding, Name, Part, Sentence, TrendChart
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.marts import PAGE
from clarity_assets.reports.period import FOUR_WEEKS, Period, day_name
from clarity_assets.reports.product.parts import (
    chart_start,
    line,
    lost_dates,
    share_of_site,
)
from clarity_assets.reports.product.seen_pages import Seen
from clarity_assets.reports.rendering.texts import name_text
from clarity_assets.reports.site_shares import share_series, site_sessions
from clarity_assets.statistics.series import DailySeries

MOST_NEW, MOST_LOOKED_AT = 3, 50
LAST_DAYS = timedelta(days=7)

New = tuple[Arrival, DailySeries]


def new_pages(facts: Facts, seen: Seen) -> list[New]:
    """Pages first seen in the period or the four weeks before, the most seen first, with their daily sessions.

    Only where the day before the first is known, and LEAST_DAYS_BEFORE days altogether.
    """
    start, end = facts.period.start - FOUR_WEEKS, facts.period.end
    known = facts.marts.known_dates(PAGE, {})
    young = [
        page for page in seen.pages.values()
        if start <= page.first_seen < end and page.is_first_certain
        and sum(day < page.first_seen for day in known) >= LEAST_DAYS_BEFORE
    ]  # fmt: skip
    young = sorted(young, key=lambda page: -page.whole_sessions)[:MOST_LOOKED_AT]
    if not young:
        return []
    series = _series(facts, [page.page for page in young])
    found = [
        (told, series[page.page,])
        for page in young
        if (told := arrival((page.page,), series[page.page,].between(page.first_seen, end)))
    ]
    return sorted(found, key=lambda new: -new[0].sessions)[:MOST_NEW]


def _series(facts: Facts, pages: Sequence[str | None]) -> dict[tuple, DailySeries]:
    return facts.marts.series(
        PAGE, ["sessions"], by=("page",), keys=[(page,) for page in pages], start=facts.period.start - FOUR_WEEKS,
        end=facts.period.end,
    )["sessions"]  # fmt: skip


def adoption_findings(facts: Facts, new: Sequence[New]) -> Iterator[Finding]:
    """Since when, how many sessions, and which share of the site's in the last days."""
    end = facts.period.end
    site = site_sessions(facts, facts.period.start - FOUR_WEEKS) if new else None
    for told, series in new:
        [page] = told.key
        since = Period(told.since, end)
        last = Period(max(told.since, end - LAST_DAYS), end)
        [all_sessions] = facts.marts.totals(PAGE, ["sessions"], where={"page": page}, period=since)
        [last_sessions] = facts.marts.totals(PAGE, ["sessions"], where={"page": page}, period=last)
        values: dict[str, Part] = {
            "page": Name(page, "page"), "sessions": all_sessions["sessions"],
            "share": share_of_site(last_sessions["sessions"], series, site),
        }  # fmt: skip
        words = f"New page {{page}}, first seen on {day_name(told.since)}: {{sessions}} since then. From "
        words += f"{day_name(last.start)} to {day_name(last.last)} {{share}} of the site's sessions saw it."
        if told.stopped:
            words += f" None after {day_name(told.stopped)}."
        sentence = Sentence(words, values)
        yield Finding("sessions", {"page": page}, sentence, all_sessions["sessions"], is_change=True)


def adoption_chart(facts: Facts, new: Sequence[New]) -> TrendChart:
    """Which share of the site's sessions saw each new page, day by day."""
    start, end = max(chart_start(facts), facts.period.start - FOUR_WEEKS), facts.period.end
    site = site_sessions(facts, start)
    shares = [(told, share_series(series.between(start, end), site)) for told, series in new]
    span = Period(start, end)
    lines = tuple(
        line(name_text(Name(told.key[0], "page"), length=60), share, per=100,
             source=replace(facts.marts.source(PAGE, "sessions", {"page": told.key[0]}, span), statistic="ratio"))
        for told, share in shares
    )  # fmt: skip
    told = []
    for one in lines:
        known = [value for value in one.values if value is not None]
        told.append(f"{one.label}: {known[-1]:.1f} % on the newest known day." if known else f"{one.label}: unknown.")
    return TrendChart(
        "features_adoption", "How new pages are taken up", " ".join(told), "% of the site's sessions",
        tuple(site.dates), lines, lost_dates(facts, "url_device", start), (facts.period.start, end), decimals=1,
    )  # fmt: skip
