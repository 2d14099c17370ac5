"""Facts and sections in, the first sentences of a report out: what is known, and what stands out most."""

from clarity_assets.reports.document import Finding, Level, Section, Sentence
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.marts import SITE

SHOWN = 3
MOSTLY_BOTS_PCT = 50  # of all sessions: then nothing else is as important
ORDER = {Level.HIGH: 0, Level.MEDIUM: 1, Level.LOW: 2}


def lead_of(facts: Facts, sections: tuple[Section, ...]) -> tuple[Sentence, ...]:
    """What is known of the period, then the findings that matter most."""
    top = most_important(sections)[:SHOWN]
    return (basis(facts), *(finding.sentence for finding in top))


def basis(facts: Facts) -> Sentence:
    """How many sessions, on how many of the period's days, and whether that is a change."""
    [site] = facts.marts.totals(SITE, ["sessions", "bot_share"])
    values = {"known": facts.known_days}
    if facts.known_day_count == 0:
        if facts.period.day_count == 1:
            return Sentence("Nothing is known of this day.")
        return Sentence(f"Nothing is known of this {facts.period.noun}: {{known}} have figures.", values)
    values["sessions"] = site["sessions"]
    if site.value("bot_share") >= MOSTLY_BOTS_PCT:
        return Sentence(
            "{sessions} on {known}; {bots} of all sessions were bots.", values | {"bots": site["bot_share"]}
        )
    change = facts.compared(SITE, "sessions").four_weeks
    if not change.is_named:
        return Sentence("{sessions} on {known}.", values)
    values["change"] = change
    return Sentence("{sessions} on {known}; a day, {change} against the four weeks before.", values)


def most_important(sections: tuple[Section, ...]) -> list[Finding]:
    """Findings with a level, HIGH first, then named changes; in the order of the sections otherwise."""
    found = [finding for section in sections for finding in section.findings if finding.level or finding.is_change]
    return sorted(found, key=lambda finding: ORDER.get(finding.level, len(ORDER)))
