"""Sessions by day, channel, source, landing page and hour in; the charts and tables of the traffic section out."""

from collections.abc import Iterator, Mapping, Sequence

from clarity_assets.reports.clickstream.facts import EventFacts
from clarity_assets.reports.clickstream.hours import hour_blocks
from clarity_assets.reports.clickstream.parts import (
    a_day,
    bars,
    differences_table,
    named_differences,
    share_of,
    source_name,
)
from clarity_assets.reports.clickstream.tables import LANDING, SITE, SOURCE
from clarity_assets.reports.clickstream.watched import OF_SITE
from clarity_assets.reports.document import (
    BubbleChart,
    Chart,
    Column,
    Name,
    Point,
    Table,
    TrendChart,
)
from clarity_assets.reports.known import EVENTS
from clarity_assets.reports.marts import Total
from clarity_assets.reports.measures import MEASURES
from clarity_assets.reports.period import Period
from clarity_assets.reports.product.parts import (
    INTERVALS,
    TOP,
    change_cells,
    change_columns,
    chart_start,
    line,
    lost_dates,
)
from clarity_assets.reports.rendering.texts import name_text
from clarity_assets.reports.site_shares import MIN_SESSIONS

MEASURED = (
    "sessions",
    "events",
    "visitors_per_day",
    "users_per_day",
    "bot_sessions",
    "pageviews_per_session",
    "visit_duration_s",
    "bounce_rate",
    "conversion_rate",
    "orders",
    "revenue",
    "revenue_per_session",
)
OF_SOURCES = ("sessions", "visitors", "events", "visit_duration_s", "bounce_rate", "conversion_rate",
              "revenue_per_session")  # fmt: skip
QUALITY = ("conversion_rate", "bounce_rate")
MEANINGS = {
    "events": "of every type",
    "visitors_per_day": "distinct a day, on average; they never add up over days",
    "users_per_day": "of them, logged in",
    "bot_sessions": "left out of all other numbers",
    "bounce_rate": "sessions of one page view without cart, checkout or purchase",
    "conversion_rate": "sessions with a purchase",
    "revenue": "price x quantity, in the shop's currency",
    "visit_duration_s": "a session, from its first to its last event",
}
VISITORS = "Distinct a day, on average over all known days; who comes from two sources on a day counts at both"
BUBBLES = 20


def traffic_blocks(facts: EventFacts, site: Total, sources, pages, hours) -> Iterator[Chart | Table]:
    yield _trend(facts)
    channels = facts.marts.totals(SOURCE, OF_SOURCES, by=("channel",))
    if channels:
        yield bars("traffic_channels", "Sessions by channel", channels[:TOP], "sessions", label=_channel,
                   is_part=len(channels) > TOP)  # fmt: skip
        yield _table(
            facts,
            "traffic_channel_quality",
            "Channels",
            "Channel",
            channels,
            lambda keys: Name(keys["channel"], "channel"),
        )
    if len(sources) > 1:
        yield _bubbles(sources)
    yield _table(facts, "traffic_source_quality", "Sources", "Source / medium / campaign", sources[:TOP], source_name)
    found = named_differences(facts, SOURCE, QUALITY, [one.keys for one in sources])
    nothing = "No source differs from the others in bounces or purchases by more than chance."
    yield differences_table("traffic_source_differences", "Sources that differ from the others", "Source", found,
                            named=source_name, nothing=nothing)  # fmt: skip
    yield _pages(facts, "traffic_landing_pages", "Landing pages", pages[:TOP])
    if hours:
        yield from hour_blocks(hours)
    yield _measures(facts, site)
    if len(sources) > TOP:
        yield _table(
            facts,
            "traffic_more_sources",
            "More sources",
            "Source / medium / campaign",
            sources[TOP:],
            source_name,
            is_long=True,
        )
    if len(pages) > TOP:
        yield _pages(facts, "traffic_more_pages", "More landing pages", pages[TOP:], is_long=True)


def _channel(line: Total) -> Name:
    return Name(line.keys["channel"], "channel")


def _trend(facts: EventFacts) -> TrendChart:
    start, period = chart_start(facts), facts.period
    series = facts.marts.series(SITE, ["sessions", "bot_sessions"], start=start, end=period.end)
    people, bots = (series[name][()] for name in ("sessions", "bot_sessions"))
    told = [
        value for day, value in zip(people.dates, people.values, strict=True) if value == value and day >= period.start
    ]
    summary = f"No day of the {period.noun} is known."
    if told:
        span = f"{min(told):,.0f} and {max(told):,.0f} sessions a day"
        summary = f"Between {span} on the {len(told)} known days of the {period.noun}."
    lines = tuple(
        line(label, one, source=facts.marts.source(SITE, name, {}, Period(start, period.end)))
        for label, one, name in (("Sessions", people, "sessions"), ("Bot sessions", bots, "bot_sessions"))
    )
    return TrendChart(
        "traffic_sessions",
        "Sessions and bots a day",
        summary,
        "sessions",
        tuple(people.dates),
        lines,
        lost_dates(facts, EVENTS, start),
        (period.start, period.end),
    )


def _bubbles(sources: Sequence[Total]) -> BubbleChart:
    """Sources with MIN_SESSIONS or more."""
    shown = [one for one in sources[:BUBBLES] if one.value("sessions") >= MIN_SESSIONS]
    points = tuple(
        Point(source_name(one.keys), one.value("bounce_rate"), one.value("conversion_rate"), one.value("sessions"),
              one["bounce_rate"].source, one["conversion_rate"].source, one["sessions"].source)
        for one in shown
    )  # fmt: skip
    summary = f"Fewer than two sources have {MIN_SESSIONS} sessions or more; there is nothing to compare."
    if len(points) > 1:
        best, worst = max(points, key=lambda p: p.y), max(points, key=lambda p: p.x)
        summary = (
            f"Of {len(points)} sources with {MIN_SESSIONS} sessions or more, {name_text(best.label)} buys most ("
            f"{best.y:.1f} %), and {name_text(worst.label)} bounces most ({worst.x:.1f} %)."
        )
    return BubbleChart(
        "traffic_quality", "Sources by quality", summary, "Bounce rate (%)", "Conversion rate (%)", "Sessions", points
    )


def _table(facts, name: str, title: str, first: str, lines: Sequence[Total], named, *, is_long: bool = False) -> Table:
    whole = facts.marts.totals(SOURCE, ["sessions"])[0].value("sessions")
    columns = (Column(first), Column("Sessions", True), Column("Share", True, "Of all sessions"),
               Column("Visitors a day", True, VISITORS), Column("Events", True),
               Column("Time", True, "From first to last event, a session"),
               Column("Bounce rate", True), Column("Conversion rate", True), Column("Revenue a session", True),
               change_columns(facts)[1])  # fmt: skip
    rows = tuple(
        (named(one.keys), one["sessions"], share_of(one["sessions"], whole), a_day(facts, one["visitors"]),
         *(one[m] for m in OF_SOURCES[2:]),
         change_cells(facts.compared(SOURCE, "sessions", **one.keys))[1])
        for one in lines
    )  # fmt: skip
    return Table(name, title, columns, rows, note=INTERVALS, is_long=is_long)


def _pages(facts: EventFacts, name: str, title: str, pages: Sequence[Total], *, is_long: bool = False) -> Table:
    columns = (Column("Landing page"), Column("Sessions", True), Column("Bounce rate", True),
               Column("Conversion rate", True), change_columns(facts)[1])  # fmt: skip
    rows = tuple(
        (page_name(one.keys), one["sessions"], one["bounce_rate"], one["conversion_rate"],
         change_cells(facts.compared(LANDING, "sessions", **one.keys))[1])
        for one in pages
    )  # fmt: skip
    return Table(name, title, columns, rows, note=INTERVALS, is_long=is_long)


def _measures(facts: EventFacts, site: Total) -> Table:
    rows = tuple(
        (MEASURES[name].title, site[name], *change_cells(facts.changes.of(SITE, name) if name in OF_SITE else None),
         MEANINGS.get(name, ""))
        for name in MEASURED
    )  # fmt: skip
    columns = (Column("Of the whole site"), Column("Number", True), *change_columns(facts, of="Each measure"),
               Column("Meaning"))  # fmt: skip
    return Table("traffic_measures", "The whole site in numbers", columns, rows,
                 note=f"{INTERVALS} Empty: not among the measures compared.")  # fmt: skip


def page_name(keys: Mapping) -> Name:
    return Name(keys["landing_page"], "page")
