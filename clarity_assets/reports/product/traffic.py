"""Facts in, the section on how many came, how many of them were bots, how they fared and where from out."""

from collections.abc import Iterator
from dataclasses import replace

from clarity_assets.reports.document import Column, Finding, Section, Sentence, Table, TrendChart
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.figures import Source
from clarity_assets.reports.marts import ATTRIBUTION, SITE, Total
from clarity_assets.reports.measures import MEASURES
from clarity_assets.reports.period import Period
from clarity_assets.reports.product.parts import (
    INTERVALS,
    MOST,
    ONE_UNDER_SEVERAL,
    SHARE,
    TOO_LITTLE_BEFORE,
    TOP,
    baseline_words,
    can_tell,
    change_cells,
    change_columns,
    chart_start,
    known_days,
    line,
    lost_dates,
    of_period,
    share_of_site,
    source_name,
)
from clarity_assets.reports.product.unusual import history_start, unusual_days, unusual_finding
from clarity_assets.reports.site_shares import site_sessions

SHOWN = (
    "sessions", "visitors_per_day", "bot_sessions", "bot_share", "pageviews", "pages_per_session", "total_time_s",
    "active_time_s", "active_share", "scroll_depth_pct",
)  # fmt: skip
QUALITY = ("bot_share", "total_time_s", "scroll_depth_pct", "pages_per_session")
OF_SOURCES = {"breakdown": "source_medium"}
MEANINGS = {
    "sessions": "without bots",
    "visitors_per_day": "distinct a day, on average; bots included",
    "bot_share": "of all sessions",
    "pageviews": "bots included",
    "pages_per_session": "bots included in both",
    "total_time_s": "a session, on average",
    "active_time_s": "a session, with the visitor doing something",
    "scroll_depth_pct": "of a page's height, on average",
}
CANNOT_TELL = (
    "New against returning visitors: Clarity's export has no such field. The nearest it tells is the visitors of each "
    "day beside the sessions of that day; Clarity's dashboard can filter by new and returning users.",
    "Visitors of a week or a month: distinct visitors are told a day, and whoever comes on two days would count twice.",
    "Sessions by the page they began on: the export tells every page that a session saw, not the first one.",
    "Revenue and conversions: they are not part of the export.",
)


def traffic(facts: Facts) -> Section:
    """Sessions, users, bots and their share, quality, top sources."""
    [site] = facts.marts.totals(SITE, SHOWN)
    sources = facts.marts.totals(ATTRIBUTION, ["sessions"], by=("source", "medium"), where=OF_SOURCES, top=MOST)
    if site["sessions"].value is None:
        words = f"Nothing is known of this {facts.period.noun}'s sessions yet. `clarity-assets collect` asks for "
        words += "yesterday; `clarity-assets status` says which days are missing and why."
        note = Sentence(words)
        return Section("traffic", "Traffic", notes=(note,), cannot_tell=CANNOT_TELL)
    return Section(
        "traffic",
        "Traffic",
        findings=tuple(_findings(facts, site, sources)),
        blocks=(_chart(facts, site), _measures(facts, site), *_sources(facts, sources)),
        notes=(of_period(facts, "base"),),
        cannot_tell=CANNOT_TELL,
    )


# --- findings ----------------------------------------------------------------------------------------------------


def _findings(facts: Facts, site: Total, sources: list[Total]) -> Iterator[Finding]:
    yield _sessions(facts, site)
    unusual = _unusual(facts)
    if unusual:
        yield unusual
    changed = [finding for name in QUALITY if (finding := _changed(facts, site, name))]
    yield from changed[: 2 if unusual else 3]
    if not changed:
        words = "No change is shown in the bots' share, engagement time, scroll depth and pages per session."
        if not can_tell(facts.changes.of(SITE, name) for name in QUALITY):
            words = f"Bots' share, engagement time, scroll depth and pages per session: {TOO_LITTLE_BEFORE}."
        yield Finding("total_time_s", {}, Sentence(words))
    yield _users_and_bots(site)


def _sessions(facts: Facts, site: Total) -> Finding:
    compared = facts.compared(SITE, "sessions")
    if not site["sessions"].value:
        words = "No session of a person: all {bots} of the {noun} were bots."
        values = {"bots": site["bot_sessions"], "noun": facts.period.noun}
        return Finding("sessions", {}, Sentence(words, values), sessions=site["sessions"])
    words = (
        f"{{sessions}}; {{known}} of {facts.period.day_count} days known. A day, against the four weeks before: "
        "{four_weeks}; against the {noun} before: {before}."
    )
    values = {
        "sessions": site["sessions"], "known": replace(known_days(facts, "base"), unit=""), "noun": facts.period.noun,
        "four_weeks": compared.four_weeks, "before": compared.before,
    }  # fmt: skip
    return Finding(
        "sessions", {}, Sentence(words, values), sessions=site["sessions"], is_change=compared.named is not None
    )


def _unusual(facts: Facts) -> Finding | None:
    start = history_start(facts)
    found = unusual_days(site_sessions(facts, start), since=facts.period.start)
    return found and unusual_finding(found, table=SITE, where={}, name=None, history=start)


def _changed(facts: Facts, site: Total, name: str) -> Finding | None:
    compared = facts.compared(SITE, name)
    if compared.named is None:
        return None
    sentence = Sentence(
        f"{MEASURES[name].title} of the whole site: {{value}}, {{change}} against {baseline_words(facts, compared)}.",
        {"value": site[name], "change": compared.named},
    )
    return Finding(name, {}, sentence, evidence=(compared.named,), is_change=True)


def _users_and_bots(site: Total) -> Finding:
    visitors, words = site["visitors_per_day"], ""
    if visitors.value is not None:
        words = "{visitors} a day on average, bots included; distinct visitors never add up over days. "
    words += "Bots made {bot_share} of all sessions ({bots}); sessions, times and rates here are without them."
    values = {"visitors": visitors, "bot_share": site["bot_share"], "bots": site["bot_sessions"]}
    return Finding("visitors_per_day", {}, Sentence(words, values))


# --- pictures and tables -----------------------------------------------------------------------------------------


def _chart(facts: Facts, site: Total) -> TrendChart:
    start, period = chart_start(facts), facts.period
    series = facts.marts.series(SITE, ["sessions", "bot_sessions"], start=start, end=period.end)
    people, bots = (series[name][()] for name in ("sessions", "bot_sessions"))

    def of(measure: str) -> Source:
        return facts.marts.source(SITE, measure, {}, Period(start, period.end))

    told = [(day, value) for day, value in zip(people.dates, people.values, strict=True) if value == value]
    own = [value for day, value in told if day >= period.start]
    summary = (
        f"Between {min(own):,.0f} and {max(own):,.0f} sessions a day on the known days of the {period.noun}; "
        f"{min(v for _, v in told):,.0f} to {max(v for _, v in told):,.0f} on all {len(told)} known days shown."
        if own
        else f"No day of the {period.noun} is known whole."
    )
    return TrendChart(
        "traffic_sessions", "Sessions and bots a day", summary, "sessions", tuple(people.dates),
        (line("Sessions", people, source=of("sessions")), line("Bot sessions", bots, source=of("bot_sessions"))),
        lost_dates(facts, "base", start), (period.start, period.end),
    )  # fmt: skip


def _measures(facts: Facts, site: Total) -> Table:
    rows = tuple(
        (MEASURES[name].title, site[name], *change_cells(facts.changes.of(SITE, name)), MEANINGS.get(name, ""))
        for name in SHOWN
    )
    columns = (Column("Of the whole site"), Column("Number", True), *change_columns(facts, of="Each measure"),
               Column("Meaning"))  # fmt: skip
    return Table("traffic_measures", "Sessions, users, bots and quality", columns, rows,
                 note=f"{INTERVALS} Empty: not among the measures compared.")  # fmt: skip


def _sources(facts: Facts, sources: list[Total]) -> Iterator[Table]:
    columns = (Column("Source / medium"), Column("Sessions", True), SHARE, *change_columns(facts))
    if not sources:
        note = "No source is told of these days: the request source_medium is not known of any of them."
        yield Table("traffic_sources", "Top sources", columns, (), note=note)
        return
    keys = [tuple(source.keys.values()) for source in sources]
    start, end = facts.period.start, facts.period.end
    own = facts.marts.series(ATTRIBUTION, ["sessions"], by=("source", "medium"), where=OF_SOURCES, keys=keys,
                             start=start, end=end)["sessions"]  # fmt: skip
    site = site_sessions(facts, start)
    rows = tuple(
        (
            source_name(source.keys),
            source["sessions"],
            share_of_site(source["sessions"], own[key], site),
            *change_cells(facts.compared(ATTRIBUTION, "sessions", **OF_SOURCES, **source.keys)),
        )
        for source, key in zip(sources, keys, strict=True)
    )
    note = f"{ONE_UNDER_SEVERAL} {INTERVALS}"
    yield Table("traffic_sources", "Top sources", columns, rows[:TOP], note=note)
    if len(rows) > TOP:
        yield Table("traffic_more_sources", "More sources", columns, rows[TOP:], note=note, is_long=True)
