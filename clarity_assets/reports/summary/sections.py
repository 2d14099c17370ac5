"""Facts, recommendations and the sections of both reports in; the sections of the summary out."""

from clarity_assets.recommendations.found import Found
from clarity_assets.reports.document import Finding, Section, Sentence
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.lead import most_important
from clarity_assets.reports.summary.actions import NOTHING_KNOWN, actions
from clarity_assets.reports.summary.data_quality import data_quality
from clarity_assets.reports.summary.implemented import implemented
from clarity_assets.reports.summary.outlook import outlook

INSIGHTS = 5


def summary_sections(
    facts: Facts, found: list[Found], *, ux: tuple[Section, ...], product: tuple[Section, ...]
) -> tuple[Section, ...]:
    """What to do, what was found, what became of what was done, the next two weeks, and how far to trust it."""
    known = facts.known_day_count > 0
    return (
        actions(facts, found),
        _insights("ux_insights", "What people struggle with", ux, more="the UX report", is_known=known),
        _insights(
            "product_insights",
            "What people use, and where they come from",
            product,
            more="the product report",
            is_known=known,
        ),
        implemented(facts),
        outlook(facts),
        data_quality(facts),
    )


def _insights(name: str, title: str, sections: tuple[Section, ...], *, more: str, is_known: bool) -> Section:
    """The findings of a report that matter most; where there is none, that, in words."""
    top = tuple(most_important(sections)[:INSIGHTS])
    if not top:
        nothing = "Nothing stands out from what chance alone would show." if is_known else NOTHING_KNOWN
        top = (Finding("none", {}, Sentence(nothing)),)
    note = Sentence(f"Tables and charts: {more} of the same days.")
    return Section(name, title, findings=top, notes=(note,))
