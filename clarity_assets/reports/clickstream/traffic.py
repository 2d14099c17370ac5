"""Facts of events in, the section on who came from where, how good it was, on which pages and at what hours out."""

from collections.abc import Iterator, Mapping, Sequence

from clarity_assets.reports.clickstream.facts import EventFacts
from clarity_assets.reports.clickstream.hours import hour_blocks, peak_finding
from clarity_assets.reports.clickstream.parts import (
    MOST_FINDINGS,
    bars,
    difference_words,
    differences_table,
    level_of_event_difference,
    missing,
    named_differences,
    share_of,
    source_name,
)
from clarity_assets.reports.clickstream.tables import HOUR, LANDING, SITE, SOURCE
from clarity_assets.reports.clickstream.watched import OF_SITE, SOURCE_KEYS
from clarity_assets.reports.document import (
    BubbleChart,
    Chart,
    Column,
    Finding,
    Name,
    Point,
    Section,
    Sentence,
    Table,
    TrendChart,
)
from clarity_assets.reports.known import EVENTS
from clarity_assets.reports.marts import Total
from clarity_assets.reports.measures import MEASURES
from clarity_assets.reports.period import Period
from clarity_assets.reports.product.parts import (
    INTERVALS,
    MOST,
    TOP,
    baseline_words,
    change_cells,
    change_columns,
    chart_start,
    line,
    lost_dates,
)
from clarity_assets.reports.rendering.texts import name_text
from clarity_assets.reports.site_shares import MIN_SESSIONS

TITLE = "Traffic sources and SEO"
MEASURED = (
    "sessions",
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
OF_ALL = (*MEASURED, "bot_share", "conversions", "local_time_share")
OF_SOURCES = ("sessions", "visit_duration_s", "bounce_rate", "conversion_rate", "revenue_per_session")
QUALITY = ("conversion_rate", "bounce_rate")
MEANINGS = {
    "visitors_per_day": "distinct a day, on average; they never add up over days",
    "users_per_day": "of them, logged in",
    "bot_sessions": "left out of all other numbers",
    "bounce_rate": "sessions of one page view without cart, checkout or purchase",
    "conversion_rate": "sessions with a purchase",
    "revenue": "price x quantity, in the shop's currency",
    "visit_duration_s": "a session, from its first to its last event",
}
BUBBLES = 20
CANNOT_TELL = (
    "What people searched for before they came, and at which place in the results the page stood: a search engine's "
    "own tools tell it (Google Search Console).",
    "Sources of visits that block scripts or come through apps that hide the referrer: they count as direct.",
)


def traffic(facts: EventFacts) -> Section:
    """Sessions and their quality by channel and source, landing pages, peak hours."""
    if not facts.marts.has_rows(SITE):
        return missing(facts, SITE, title=TITLE)
    [site] = facts.marts.totals(SITE, OF_ALL)
    sources = facts.marts.totals(SOURCE, OF_SOURCES, by=SOURCE_KEYS, top=MOST)
    pages = facts.marts.totals(LANDING, ["sessions", *QUALITY], by=("landing_page",), top=MOST)
    hours = facts.marts.totals(HOUR, ["sessions", "conversion_rate"], by=("clock", "hour"))
    return Section(
        "traffic", TITLE,
        findings=tuple(_findings(facts, site, sources, pages, hours))[:MOST_FINDINGS],
        blocks=tuple(_blocks(facts, site, sources, pages, hours)),
        cannot_tell=CANNOT_TELL,
    )  # fmt: skip


# --- findings ----------------------------------------------------------------------------------------------------


def _findings(facts: EventFacts, site: Total, sources, pages, hours) -> Iterator[Finding]:
    compared = facts.compared(SITE, "sessions")
    words = (
        "{sessions}; {conversion} of them bought, {bounce} left after one page. A day, against the four weeks before: "
        "{four_weeks}; against the {noun} before: {before}. Bots made {bots} of all sessions and are left out."
    )
    values = {"sessions": site["sessions"], "conversion": site["conversion_rate"], "bounce": site["bounce_rate"],
              "four_weeks": compared.four_weeks, "before": compared.before, "noun": facts.period.noun,
              "bots": site["bot_share"]}  # fmt: skip
    yield Finding("sessions", {}, Sentence(words, values), site["sessions"], is_change=compared.named is not None)
    yield _first_source(facts, sources)
    page = _first_page(facts, pages)
    changed = _changed(facts, sources)
    if page or changed:
        yield page or changed
    if peak := peak_finding(site, hours):
        yield peak


def _first_source(facts: EventFacts, sources: Sequence[Total]) -> Finding:
    """The source that loses most, by the purchases it would have had as the others have them."""
    worse = []
    for source in sources:
        found = [d for d in named_differences(facts, SOURCE, QUALITY, [source.keys]) if d.is_worse]
        if found:
            worse.append((source, found))
    if not worse:
        words = "No source is shown to bounce more or to buy less than the others by more than chance."
        return Finding("conversion_rate", {}, Sentence(words))
    source, found = max(worse, key=lambda one: one[0].value("sessions"))
    told, values = difference_words(found)
    words = (
        f"Look first at {{name}} ({{sessions}}): {told}. To try: what its links promise against what the landing page "
        "shows; less budget if it is paid."
    )
    return Finding(
        found[0].measure,
        dict(source.keys),
        Sentence(words, values | {"name": source_name(source.keys), "sessions": source["sessions"]}),
        source["sessions"],
        level=level_of_event_difference(facts, found[0]),
    )


def _first_page(facts: EventFacts, pages: Sequence[Total]) -> Finding | None:
    """The busiest landing page that bounces more, or buys less."""
    for page in pages:
        found = [d for d in named_differences(facts, LANDING, QUALITY, [page.keys]) if d.is_worse]
        if not found:
            continue
        told, values = difference_words(found)
        words = (
            f"Landing page {{page}} ({{sessions}}): {told}. For SEO: does it answer what it is found for, and does it "
            "lead on to products?"
        )
        return Finding(
            found[0].measure,
            dict(page.keys),
            Sentence(words, values | {"page": _page(page.keys), "sessions": page["sessions"]}),
            page["sessions"],
            level=level_of_event_difference(facts, found[0]),
        )
    return None


def _changed(facts: EventFacts, sources: Sequence[Total]) -> Finding | None:
    for source in sources:
        compared = facts.changes.of(SOURCE, "sessions", **source.keys)
        if compared and compared.named:
            words = f"Sessions from {{name}}: {{sessions}}, {{change}} against {baseline_words(facts, compared)}."
            values = {"name": source_name(source.keys), "sessions": source["sessions"], "change": compared.named}
            return Finding("sessions", dict(source.keys), Sentence(words, values), source["sessions"], is_change=True)
    return None


def _page(keys: Mapping) -> Name:
    return Name(keys["landing_page"], "page")


# --- pictures and tables -----------------------------------------------------------------------------------------


def _blocks(facts: EventFacts, site: Total, sources, pages, hours) -> Iterator[Chart | Table]:
    yield _trend(facts)
    channels = facts.marts.totals(SOURCE, OF_SOURCES, by=("channel",))
    if channels:
        yield bars("traffic_channels", "Sessions by channel", channels[:TOP], "sessions", label=_channel)
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
               Column("Time", True, "From first to last event, a session"),
               Column("Bounce rate", True), Column("Conversion rate", True), Column("Revenue a session", True),
               change_columns(facts)[1])  # fmt: skip
    rows = tuple(
        (named(one.keys), one["sessions"], share_of(one["sessions"], whole), *(one[m] for m in OF_SOURCES[1:]),
         change_cells(facts.compared(SOURCE, "sessions", **one.keys))[1])
        for one in lines
    )  # fmt: skip
    return Table(name, title, columns, rows, note=INTERVALS, is_long=is_long)


def _pages(facts: EventFacts, name: str, title: str, pages: Sequence[Total], *, is_long: bool = False) -> Table:
    columns = (Column("Landing page"), Column("Sessions", True), Column("Bounce rate", True),
               Column("Conversion rate", True), change_columns(facts)[1])  # fmt: skip
    rows = tuple(
        (_page(one.keys), one["sessions"], one["bounce_rate"], one["conversion_rate"],
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
