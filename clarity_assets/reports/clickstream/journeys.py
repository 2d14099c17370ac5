"""Facts of events in, the section on the ways through the site (flows, funnel, paths and their length) out."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from clarity_assets.reports.clickstream.facts import EventFacts
from clarity_assets.reports.clickstream.flow import flow_chart
from clarity_assets.reports.clickstream.funnel import Funnel, funnel_blocks, funnel_findings, read_funnel
from clarity_assets.reports.clickstream.parts import MOST_FINDINGS, missing, share_of
from clarity_assets.reports.clickstream.tables import FUNNEL, NGRAM, PATH, PATH_LENGTH
from clarity_assets.reports.document import Chart, Column, Finding, Name, Section, Sentence, Table
from clarity_assets.reports.figures import Figure, Source
from clarity_assets.reports.marts import Total
from clarity_assets.reports.product.parts import INTERVALS, TOP

TITLE = "Journeys"
OTHER = "(other)"
MOST_GRAMS = 15
CANNOT_TELL = (
    "Why people leave: recordings and heatmaps of the step show it; events only tell that they did.",
    "How the newest day's attempts ended: they go on for CLICKSTREAM_FUNNEL_WINDOW_H hours, and count once they did.",
    "The order of two events of the same instant, beyond the usual one (a page before a cart before a purchase).",
)


def journeys(facts: EventFacts) -> Section:
    """Where people drop off, which ways lead to a purchase, how long they are."""
    if not facts.marts.has_rows(PATH):
        return missing(facts, PATH, title=TITLE)
    paths = facts.marts.totals(PATH, ["sessions"], by=("path", "is_converted"))
    funnel = read_funnel(facts) if facts.marts.has_rows(FUNNEL) else None
    return Section(
        "journeys", TITLE,
        findings=tuple(_findings(facts, funnel, paths))[:MOST_FINDINGS],
        blocks=tuple(_blocks(facts, funnel, paths)), cannot_tell=CANNOT_TELL,
    )  # fmt: skip


# --- findings ----------------------------------------------------------------------------------------------------


def _findings(facts: EventFacts, funnel: Funnel | None, paths: Sequence[Total]) -> Iterator[Finding]:
    if funnel:
        yield from funnel_findings(facts, funnel)
    if finding := _common_way(paths):
        yield finding
    if finding := _length(facts):
        yield finding


def _common_way(paths: Sequence[Total]) -> Finding | None:
    """The way that most sessions with a purchase went."""
    bought = [one for one in paths if one.keys["is_converted"] and one.keys["path"] != OTHER]
    if not bought:
        words = "No session of these days ends in a purchase, so no way leads to one."
        return Finding("sessions", {}, Sentence(words))
    whole = sum(one.value("sessions") for one in paths if one.keys["is_converted"])
    first = max(bought, key=lambda one: one.value("sessions"))
    words = "The commonest way to a purchase: {path} ({sessions}, {share} of those that bought)."
    share = share_of_these(first["sessions"], whole, (("is_converted", True),))
    values = {"path": Name(first.keys["path"], "path"), "sessions": first["sessions"], "share": share}
    return Finding("sessions", {"path": first.keys["path"]}, Sentence(words, values), first["sessions"])


def share_of_these(part: Figure, whole: float, against: tuple) -> Figure:
    """`part` in percent of the rows `against`."""
    share = share_of(part, whole)
    return replace(share, source=replace(share.source, against=against))


def _length(facts: EventFacts) -> Finding | None:
    told = {line.keys["is_converted"]: line["path_length"]
            for line in facts.marts.totals(PATH_LENGTH, ["path_length"], by=("is_converted",))}  # fmt: skip
    if not told:
        return None
    parts, values = [], {}
    for is_converted, words in ((True, "sessions that bought"), (False, "the others")):
        if is_converted in told:
            parts.append(
                f"{words} took {{mean{is_converted:d}}} on average, half of them {{median{is_converted:d}}} or fewer"
            )
            values[f"mean{is_converted:d}"] = told[is_converted]
            values[f"median{is_converted:d}"] = _median(facts, is_converted)
    words = "; ".join(parts)
    return Finding("path_length", {}, Sentence(f"{words[0].upper()}{words[1:]}.", values))


def _median(facts: EventFacts, is_converted: bool) -> Figure:
    """The middle session's steps, from the counts by length."""
    lines = facts.marts.totals(PATH_LENGTH, ["sessions"], by=("path_length",), where={"is_converted": is_converted})
    lines = sorted(lines, key=lambda line: line.keys["path_length"])
    whole, seen = sum(line.value("sessions") for line in lines), 0.0
    source = Source(PATH_LENGTH, "path_length", (("is_converted", is_converted),), facts.period.start,
                    facts.period.end, "median")  # fmt: skip
    for line in lines:
        seen += line.value("sessions")
        if 2 * seen >= whole:
            return Figure(float(line.keys["path_length"]), "steps", source)
    return Figure(None, "steps", source)


# --- pictures and tables -----------------------------------------------------------------------------------------


def _blocks(facts: EventFacts, funnel: Funnel | None, paths: Sequence[Total]) -> Iterator[Chart | Table]:
    yield flow_chart(facts)
    if funnel:
        yield from funnel_blocks(facts, funnel)
    yield _paths(paths, is_converted=True)
    yield _paths(paths, is_converted=False)
    yield _lengths(facts)
    yield _grams(facts)


def _paths(paths: Sequence[Total], *, is_converted: bool) -> Table:
    these = [one for one in paths if one.keys["is_converted"] is is_converted]
    whole = sum(one.value("sessions") for one in these)
    shown = sorted(these, key=lambda one: (one.keys["path"] == OTHER, -one.value("sessions")))[:TOP]
    rows = tuple(
        (Name(one.keys["path"], "path"), one["sessions"],
         share_of_these(one["sessions"], whole, (("is_converted", is_converted),)))
        for one in shown
    )  # fmt: skip
    name, title = ("bought", "Ways to a purchase") if is_converted else ("left", "Ways without a purchase")
    note = (
        "The first eight steps; a page counts by the first part of its address, an event by its type; the same twice "
        "in a row counts once."
    )
    return Table(
        f"journeys_{name}",
        title,
        (Column("Way"), Column("Sessions", True), Column("Share", True)),
        rows,
        note=note if rows else "No session went so.",
    )


def _lengths(facts: EventFacts) -> Table:
    lines = facts.marts.totals(PATH_LENGTH, ["sessions"], by=("path_length", "is_converted"))
    told = {(line.keys["path_length"], line.keys["is_converted"]): line["sessions"] for line in lines}
    lengths = sorted({length for length, _ in told})
    rows = tuple((f"{length}", told.get((length, True)), told.get((length, False))) for length in lengths)
    columns = (Column("Steps"), Column("Sessions that bought", True), Column("Others", True))
    return Table("journeys_lengths", "Sessions by number of steps", columns, rows, is_long=True)


def _grams(facts: EventFacts) -> Table:
    """The commonest sequences of two and of three."""
    rows = []
    for n in (3, 2):
        lines = facts.marts.totals(
            NGRAM, ["sessions", "occurrences", "conversion_rate"], by=("ngram",), where={"n": n}, top=MOST_GRAMS
        )
        rows += [(Name(one.keys["ngram"], "path"), one["sessions"], one["occurrences"], one["conversion_rate"])
                 for one in lines]  # fmt: skip
    columns = (Column("One after the other"), Column("Sessions", True), Column("Times", True),
               Column("Bought", True, "Sessions with it that have a purchase, before it or after"))  # fmt: skip
    note = f"Sequences of three, then of two. One session has several, so sessions do not add up. {INTERVALS}"
    return Table("journeys_sequences", "Common sequences", columns, tuple(rows), note=note)
