"""Decisions on recommendations in; how many were carried out, and what became of their numbers, out."""

from clarity_assets.recommendations.decisions import implemented_share
from clarity_assets.recommendations.effect import CAUTION, Effect, effects
from clarity_assets.reports.document import Column, Finding, Name, Section, Sentence, Table
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.period import day_name

TITLE = "What became of what was done"
SHOWN = 5


def implemented(facts: Facts) -> Section:
    """The share of recommendations that were done by the period's end, and each done one's number before and after."""
    share = implemented_share(facts.marts.con, project_id=facts.project_id, until=facts.period.end)
    if share.value is None:
        none_yet = Sentence("Nothing was recommended so far, so there is nothing to look back on.")
        return Section("implemented", TITLE, findings=(Finding("implemented_share", {}, none_yet),))
    told = effects(facts)
    sentence = Sentence(
        "{share} of all recommendations that were ever made, and not dismissed, are marked done.", {"share": share}
    )
    how = Sentence(
        "To mark one: clarity-assets recommend done, its id, and --on with the day. Later reports tell what came of it."
    )
    return Section(
        "implemented",
        TITLE,
        findings=(Finding("implemented_share", {}, sentence), *(one.finding for one in told[:SHOWN])),
        blocks=(_table(told),) if told else (),
        notes=(how,),
        cannot_tell=(f"Whether it was the repair: other things may have changed on the same days. {CAUTION}",)
        if told
        else (),
    )


def _table(told: list[Effect]) -> Table:
    columns = (
        Column("Recommendation"), Column("Done on"), Column("28 days before", True),
        Column("Since, 13 weeks at most", True),
        Column("Change", True), Column("Id"),
    )  # fmt: skip
    rows = tuple(
        (
            Name(one.recommendation.title, "title"), Name(f"{day_name(one.done_on)} {one.done_on.year}", "day"),
            one.own_before, one.own_after, one.change, one.recommendation.recommendation_id,
        )
        for one in told
    )  # fmt: skip
    return Table("implemented_effects", "Before and after", columns, rows)
