"""Facts of events in, the section on groups of visitors who behave alike: who they are, how sure, how stable, out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from clarity_assets.reports.clickstream.facts import EventFacts
from clarity_assets.reports.clickstream.parts import missing, of_week
from clarity_assets.reports.clickstream.tables import SEGMENT, SEGMENTATION
from clarity_assets.reports.document import (
    Bar,
    BarChart,
    Chart,
    Column,
    Finding,
    HeatChart,
    Name,
    Section,
    Sentence,
    Table,
)
from clarity_assets.reports.figures import Figure
from clarity_assets.reports.marts import Total
from clarity_assets.reports.measures import MEASURES
from clarity_assets.reports.rendering.texts import name_text

TITLE = "Segments"
MEANS = ("segment_sessions", "segment_active_days", "segment_events", "segment_views", "segment_cart_adds",
         "segment_purchases", "segment_revenue", "segment_recency_days")  # fmt: skip
CLEAR_FROM, STABLE_FROM = 0.25, 0.6
"""Silhouette of groups that are told apart (Kaufman & Rousseeuw 1990); adjusted Rand index of mostly the same ones."""

NO_PERSONAS = (
    "Groups are found by behaviour alone (k-means), which parts any people, if only into those who bought and those "
    "who did not; they are no personas."
)
CANNOT_TELL = ("Why people behave so, and whether a mail or an offer changes it: a test with two groups tells it.",)


def segments(facts: EventFacts) -> Section:
    """The groups in words, their share and revenue; how clear and how stable they are."""
    week = facts.marts.newest_week(SEGMENTATION)
    if week is None:
        return missing(facts, SEGMENTATION, title=TITLE)
    [of_all] = facts.marts.totals(
        SEGMENTATION, ["persons", "k", "silhouette", "stability", "compared_persons"], period=week
    )
    [row] = facts.marts.rows(SEGMENTATION, ["is_default_k", "note"], period=week)
    measures = ["persons", "segment_share", *MEANS, "segment_revenue_sum"]
    lines = facts.marts.totals(SEGMENT, measures, by=("segment", "name"), period=week)
    return Section(
        "segments", TITLE, findings=tuple(_findings(of_all, row, lines)), blocks=tuple(_blocks(lines)),
        notes=(of_week(week), Sentence(NO_PERSONAS)),
        cannot_tell=CANNOT_TELL,
    )  # fmt: skip


# --- findings ----------------------------------------------------------------------------------------------------


def _findings(of_all: Total, row: Mapping, lines: Sequence[Total]) -> Iterator[Finding]:
    if not lines:
        words = "No groups were made: {why}."
        why = (row["note"] or "too few persons came").rstrip(".")
        yield Finding("segment_share", {}, Sentence(words, {"why": why}), of_all["persons"])
        return
    if len(lines) == 1:
        yield _one_group(lines[0], row)
        return
    yield _worth(lines)
    yield _largest(lines)
    yield _sureness(of_all, row)


def _one_group(everybody: Total, row: Mapping) -> Finding:
    """That nobody is told apart, and why."""
    words = "All {persons} are one group{why}."
    why = f" ({row['note'].rstrip('.')})" if row["note"] else ""
    return Finding(
        "segment_share", {}, Sentence(words, {"persons": everybody["persons"], "why": why}), everybody["persons"]
    )


def _bought(line: Total) -> float:
    """Purchases of all its persons."""
    return line.value("segment_purchases") * line.value("persons")


def _worth(lines: Sequence[Total]) -> Finding:
    """The group that brings most revenue, against its share of persons."""
    first = max(lines, key=lambda one: one.value("segment_revenue_sum"))
    whole = sum(one.value("segment_revenue_sum") for one in lines)
    if not whole:
        return _worth_without_prices(lines)
    words = (
        "Most revenue comes from “{name}”: {share} of persons ({persons}) bring {part} of it, {revenue} each. Look "
        "after them first: service, early access, what they buy again."
    )
    part = Figure(
        100 * first.value("segment_revenue_sum") / whole, "%", first["segment_revenue_sum"].source, decimals=0
    )
    part = _ratio(part)
    values = {
        "name": _name(first),
        "share": first["segment_share"],
        "persons": first["persons"],
        "part": part,
        "revenue": first["segment_revenue"],
    }
    return Finding("segment_revenue", {"segment": first.keys["name"]}, Sentence(words, values), first["persons"])


def _worth_without_prices(lines: Sequence[Total]) -> Finding:
    """The group that buys most, where no purchase has a price."""
    first = max(lines, key=_bought)
    if not _bought(first):
        return Finding("segment_revenue", {}, Sentence("No group bought anything in these weeks."))
    words = (
        "No price is told of any purchase, so no revenue is known. Most is bought by “{name}”: {bought} purchases a "
        "person, by {share} of persons ({persons}). Look after them first: service, early access, what they buy again."
    )
    values = {"name": _name(first), "bought": first["segment_purchases"], "share": first["segment_share"],
              "persons": first["persons"]}  # fmt: skip
    return Finding("segment_purchases", {"segment": first.keys["name"]}, Sentence(words, values), first["persons"])


def _ratio(part: Figure) -> Figure:
    """A share of all segments' sum."""
    return replace(part, source=replace(part.source, statistic="ratio", against=()))


def _largest(lines: Sequence[Total]) -> Finding:
    """The group with most persons, and the one that looks most without buying."""
    largest = max(lines, key=lambda one: one.value("persons"))
    words = "The largest is “{name}”: {share} of persons ({persons})."
    values = {"name": _name(largest), "share": largest["segment_share"], "persons": largest["persons"]}
    best = max(lines, key=lambda one: (one.value("segment_revenue_sum"), _bought(one)))
    known = [largest, best] if _bought(best) else [largest]  # told of already
    lookers = [one for one in lines if one.value("segment_views") and one not in known]
    looker = max(
        lookers, key=lambda one: one.value("segment_views") / (one.value("segment_purchases") + 0.1), default=None
    )
    if looker:
        words += " Most to win: “{looker}” with {views} products viewed and {bought} purchases a person."
        values |= {"looker": _name(looker), "views": looker["segment_views"], "bought": looker["segment_purchases"]}
    return Finding("segment_share", {"segment": largest.keys["name"]}, Sentence(words, values), largest["persons"])


def _sureness(of_all: Total, row: Mapping) -> Finding:
    """How clear the groups are, and whether they are the same as a week ago."""
    silhouette, stability = of_all["silhouette"], of_all["stability"]
    is_clear = (silhouette.value or 0) >= CLEAR_FROM
    words = "{k} can be told apart" if is_clear else "{k} run into one another"
    words += " (silhouette {silhouette}; 1 is best)"
    if row["is_default_k"]:
        words += "; no number of groups stood out, so the default is shown"
    if stability.value is None:
        words += ". Against the week before nothing can be said: too few persons came in both."
    else:
        same = (
            "mostly the same groups as the week before"
            if stability.value >= STABLE_FROM
            else "NOT the groups of the week before"
        )
        words += (
            f". They are {same} (adjusted Rand index {{stability}} on {{compared}}; 1 the same, 0 chance; the weeks "
            "looked back on are the same but for one)"
        )
        words += "." if stability.value >= STABLE_FROM else ", so build no campaign on them yet."
    values = {
        "k": of_all["k"],
        "silhouette": silhouette,
        "stability": stability,
        "compared": of_all["compared_persons"],
    }
    if row["note"]:
        words += " Note: {note}."
        values["note"] = row["note"].rstrip(".")
    return Finding("stability", {}, Sentence(words, values), of_all["persons"])


def _name(line: Total) -> Name:
    return Name(line.keys["name"], "segment")


# --- pictures and tables -----------------------------------------------------------------------------------------


def _blocks(lines: Sequence[Total]) -> Iterator[Chart | Table]:
    if not lines:
        return
    ordered = sorted(lines, key=lambda one: one.keys["segment"])
    yield _shares(ordered)
    yield _heat(ordered)
    columns = (Column("Segment"), Column("Persons", True), Column("Share", True),
               *(Column(MEASURES[name].title, True) for name in MEANS))  # fmt: skip
    rows = tuple((_name(one), one["persons"], one["segment_share"], *(one[name] for name in MEANS)) for one in ordered)
    yield Table(
        "segments_all", "Segments in numbers", columns, rows, note="Means of a person over the weeks looked at."
    )


def _shares(lines: Sequence[Total]) -> BarChart:
    whole = sum(one.value("segment_revenue_sum") for one in lines)
    marks = []
    for one in lines:
        marks.append(Bar(_name(one), one.value("segment_share"), "Persons", source=one["segment_share"].source))
        if whole:
            source = _ratio(one["segment_revenue_sum"]).source
            marks.append(Bar(_name(one), 100 * one.value("segment_revenue_sum") / whole, "Revenue", source=source))
    first = max(lines, key=lambda one: one.value("persons"))
    summary = (
        f"{name_text(_name(first), length=60)} is the largest, with {first.value('segment_share'):.1f} % of persons."
    )
    return BarChart("segments_shares", "Share of persons and of revenue", summary, "%", tuple(marks), decimals=1)


def _heat(lines: Sequence[Total]) -> HeatChart:
    """A row for each segment, a column for each mean."""
    cells = [[one[name] for name in MEANS] for one in lines]
    return HeatChart(
        "segments_means",
        "What tells them apart: means of a person",
        "The strongest colour is the largest of a column.",
        "a person",
        tuple(_name(one) for one in lines),
        tuple(MEASURES[name].title for name in MEANS),
        tuple(tuple(cell.value for cell in row) for row in cells),
        decimals=1,
        sources=tuple(tuple(cell.source for cell in row) for row in cells),
    )
