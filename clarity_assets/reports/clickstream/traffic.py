"""Facts of events in, the section on who came from where, how good it was, on which pages and at what hours out."""

from collections.abc import Iterator, Sequence

from clarity_assets.reports.clickstream.facts import EventFacts
from clarity_assets.reports.clickstream.hours import peak_finding
from clarity_assets.reports.clickstream.parts import (
    MOST_FINDINGS,
    difference_words,
    level_of_event_difference,
    missing,
    named_differences,
    source_name,
)
from clarity_assets.reports.clickstream.tables import HOUR, LANDING, SITE, SOURCE
from clarity_assets.reports.clickstream.traffic_blocks import MEASURED, OF_SOURCES, QUALITY, page_name, traffic_blocks
from clarity_assets.reports.clickstream.watched import SOURCE_KEYS
from clarity_assets.reports.document import Finding, Section, Sentence
from clarity_assets.reports.marts import Total
from clarity_assets.reports.product.parts import MOST, baseline_words

TITLE = "Traffic sources and SEO"
OF_ALL = (*MEASURED, "bot_share", "conversions", "local_time_share")
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
        blocks=tuple(traffic_blocks(facts, site, sources, pages, hours)),
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
    """The busiest source that bounces more, or buys less."""
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
            Sentence(words, values | {"page": page_name(page.keys), "sessions": page["sessions"]}),
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
