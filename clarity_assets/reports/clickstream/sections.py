"""Facts of events in; the nine sections of the clickstream report, and its first sentences, out."""

from clarity_assets.reports.clickstream.carts import carts
from clarity_assets.reports.clickstream.cohorts import cohorts
from clarity_assets.reports.clickstream.conversion import conversion
from clarity_assets.reports.clickstream.facts import EventFacts
from clarity_assets.reports.clickstream.journeys import journeys
from clarity_assets.reports.clickstream.patterns import patterns
from clarity_assets.reports.clickstream.purchase import purchase
from clarity_assets.reports.clickstream.recommendations import recommendations
from clarity_assets.reports.clickstream.segments import segments
from clarity_assets.reports.clickstream.tables import MODULE_OF, SITE
from clarity_assets.reports.clickstream.traffic import traffic
from clarity_assets.reports.document import Finding, Section, Sentence
from clarity_assets.reports.lead import SHOWN, most_important

SECTIONS = (traffic, carts, cohorts, journeys, recommendations, segments, conversion, purchase, patterns)


def clickstream_sections(facts: EventFacts) -> tuple[Section, ...]:
    """The nine sections in their order; each says itself what it lacks. Without any event, one that says so."""
    if not facts.has_events and not any(facts.marts.has_rows(table) for table in MODULE_OF):
        return (_no_events(facts),)
    return tuple(section(facts) for section in SECTIONS)


def clickstream_lead(facts: EventFacts, sections: tuple[Section, ...]) -> tuple[Sentence, ...]:
    """What is known of the period, then the findings that matter most."""
    top = most_important(sections)[:SHOWN]
    return (_basis(facts), *(finding.sentence for finding in top if finding.where or finding.level))


def _basis(facts: EventFacts) -> Sentence:
    if not facts.known_day_count:
        return Sentence(f"No event of this {facts.period.noun} is analysed.")
    [site] = facts.marts.totals(SITE, ["sessions", "conversion_rate"])
    words = "{sessions} on {known}; {rate} of them bought."
    values = {"sessions": site["sessions"], "known": facts.known_days, "rate": site["conversion_rate"]}
    return Sentence(words, values)


def _no_events(facts: EventFacts) -> Section:
    """What to do first."""
    if facts.event_span is None:
        words = (
            "No event was ever ingested. `clarity-assets ingest PATH… --mapping NAME` reads JSON lines, CSV and "
            "Parquet; `clarity-assets clickstream run` analyses them."
        )
    else:
        first, last = facts.event_span
        since = max(first, last.replace(day=1))
        words = (
            f"No event of this {facts.period.noun} was ingested; there are events from {first} to {last}. "
            f"`clarity-assets report clickstream --from {since} --to {last}` tells of these days; "
            "`clarity-assets ingest PATH… --mapping NAME` brings more."
        )
    return Section("events", "Events", findings=(Finding("missing", {}, Sentence(words)),))
