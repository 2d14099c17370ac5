"""Facts of events in; what the sections share out: what is missing, shares, names, levels, tables of differences."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from clarity_assets.recommendations.severity import level_of_difference, strength_of
from clarity_assets.reports.clickstream.facts import EventFacts
from clarity_assets.reports.clickstream.tables import MODULE_OF, SITE, is_weekly
from clarity_assets.reports.contrasts import Difference
from clarity_assets.reports.document import Bar, BarChart, Column, Finding, Level, Name, Part, Section, Sentence, Table
from clarity_assets.reports.figures import Figure, in_hundredths
from clarity_assets.reports.marts import Total
from clarity_assets.reports.measures import MEASURES
from clarity_assets.reports.period import Period
from clarity_assets.reports.product.parts import INTERVALS, MOST
from clarity_assets.reports.rendering.numbers import figure_text
from clarity_assets.reports.rendering.texts import name_text
from clarity_assets.statistics.intervals import wilson
from clarity_assets.warehouse.query import one

HIGH_FROM, MEDIUM_FROM = 1 / 20, 1 / 50  # of all purchases of the site, lost by one group for certain
MOST_FINDINGS = 4

# --- what is missing ---------------------------------------------------------------------------------------------


def missing(facts: EventFacts, table: str, *, title: str) -> Section:
    """A section without numbers: one sentence says what it lacks and what to do next."""
    module = MODULE_OF[table]
    finding = Finding("missing", {}, Sentence(_why_missing(facts, table, module)))
    return Section(module, title, findings=(finding,))


def _why_missing(facts: EventFacts, table: str, module: str) -> str:
    noun, run = facts.period.noun, f"`clarity-assets clickstream run --module {module}`"
    if is_weekly(table) and not _has_whole_week(facts.period):
        return (
            "This is told by weeks from Monday, and these days hold no whole one: ask for a week or a month, such as "
            "`clarity-assets report clickstream`."
        )
    if not facts.has_events:
        return f"No event of this {noun} was ingested: `clarity-assets ingest PATH… --mapping NAME`, then {run}."
    if _was_made(facts, module):
        return f"The analysis was made and found too little in this {noun}'s events: too few are of the kind it reads."
    return f"This {noun}'s events are there, but not analysed: {run}."


def _has_whole_week(period: Period) -> bool:
    return any(day.weekday() == 0 and (period.end - day).days >= 7 for day in period.dates)


def _was_made(facts: EventFacts, module: str) -> bool:
    [count] = one(
        facts.marts.con,
        """select count(*) from ops.clickstream_built where project_id = ? and module = ? and date >= ? and date < ?""",
        [facts.project_id, module, facts.period.start, facts.period.end],
    )
    return count > 0


def of_week(week: Period) -> Sentence:
    """Which week a section is of."""
    return Sentence(f"As of the end of the week {week.name}.")


# --- numbers -----------------------------------------------------------------------------------------------------


def share_of(part: Figure, whole: float) -> Figure:
    """`part` in percent of all rows of its mart (`whole`), with Wilson's interval."""
    value = part.value or 0.0
    limits = wilson(value, whole) if 0 <= value <= whole and whole else None
    return Figure(
        100 * value / whole if whole else None, "%", replace(part.source, statistic="ratio", against=()),
        low=100 * limits.low if limits else None, high=100 * limits.high if limits else None, decimals=1,
        day_count=part.day_count,
    )  # fmt: skip


def a_day(facts: EventFacts, figure: Figure) -> Figure:
    """A sum over the period's days as a mean of all known ones, those too on which there was none of it."""
    days = facts.known_day_count
    value = figure.value / days if days and figure.value is not None else None
    return replace(figure, value=value, decimals=1, source=replace(figure.source, statistic="ratio", against=()))


def limited(figure: Figure, row: Mapping, low: str, high: str, *, per: float = 1) -> Figure:
    """The figure with the interval that a model has found itself."""
    ends = [None if row[name] is None else per * row[name] for name in (low, high)]
    return replace(figure, low=ends[0], high=ends[1])


def source_name(keys: Mapping) -> Name:
    """Such as `google / organic`, `social / paid / autumn`; what is not told is `(none)`."""
    told = [keys["source"] or "(no source)", keys["medium"] or "(no medium)"]
    if keys["source"] is None and keys["medium"] is None and keys.get("campaign") is None:
        return Name(None, "source")
    return Name(" / ".join(told + ([keys["campaign"]] if keys.get("campaign") else [])), "source")


def hours_text(hour: int) -> str:
    return f"{hour:02}–{(hour + 1) % 24:02} h"


# --- differences -------------------------------------------------------------------------------------------------


def level_of_event_difference(facts: EventFacts, difference: Difference) -> Level | None:
    """How much a difference matters; of a conversion rate by the purchases that are lost, of all of the site's."""
    if difference.measure != "conversion_rate":
        return level_of_difference(facts, difference)
    if not difference.is_worse:
        return None
    [site] = facts.marts.totals(SITE, ["conversions"])
    lost = strength_of(difference.ratio, better="high") * (difference.other.value or 0) / 100
    share = lost * (difference.sessions.value or 0) / (site.value("conversions") or 1)
    return Level.HIGH if share >= HIGH_FROM else Level.MEDIUM if share >= MEDIUM_FROM else Level.LOW


def named_differences(
    facts: EventFacts, table: str, measures: Sequence[str], keys: Iterable[Mapping]
) -> list[Difference]:
    """What of these groups is named to differ from the others."""
    found = (facts.contrasts.of(table, name, **of) for of in keys for name in measures)
    return [one for one in found if one and one.is_named]


def difference_words(found: Sequence[Difference]) -> tuple[str, dict[str, Part]]:
    """Such as `bounce rate {own0}, {ratio0} the other sources' ({other0})`, and its numbers."""
    told, values = [], {}
    for i, difference in enumerate(found):
        title, against = MEASURES[difference.measure].title, difference.against
        told.append(f"{title[0].lower()}{title[1:]} {{own{i}}}, {{ratio{i}}} that of {against} ({{other{i}}})")
        values |= {f"own{i}": difference.own, f"ratio{i}": in_hundredths(difference.ratio)}
        values[f"other{i}"] = difference.other
    return "; ".join(told), values


def differences_table(
    name: str, title: str, first: str, found: Sequence[Difference], *, named: Callable[[Mapping], Part], nothing: str
) -> Table:
    """Every named difference, the strongest first; both ways."""

    def strength(one: Difference) -> float:
        return max(one.ratio.value, 1 / max(one.ratio.value, 1e-9))

    rows = tuple(
        (named(one.where), MEASURES[one.measure].title, one.own, one.other, in_hundredths(one.ratio),
         "worse" if one.is_worse else "better")
        for one in sorted(found, key=strength, reverse=True)[:MOST]
    )  # fmt: skip
    ratio = Column("Ratio", True, "Its own / the others', with its 95 % interval")
    columns = (Column(first), Column("Measure"), Column("Its own", True), Column("The others", True), ratio,
               Column("For the shop"))  # fmt: skip
    return Table(name, title, columns, rows, note=INTERVALS if rows else nothing)


# --- pictures ----------------------------------------------------------------------------------------------------


def bars(
    name: str, title: str, lines: Sequence[Total], measure: str, *, label: Callable[[Total], Name | str],
    unit: str = "", is_part: bool = False,
) -> BarChart:  # fmt: skip
    """A bar for each line, with its interval; the summary names the first and the last.

    `is_part`: there are lines that are not handed in, so that the least of these need not be the least of all.
    """
    told = [(label(line), line[measure]) for line in lines if line[measure].value is not None]
    shown = tuple(Bar(of, f.value, low=f.low, high=f.high, source=f.source) for of, f in told)
    unit = unit or MEASURES[measure].unit
    summary = "Nothing is known to be shown."
    if told:
        (most, high), (least, low) = (pick(told, key=lambda one: one[1].value) for pick in (max, min))
        ends = [f"{name_text(of, length=40)} with {figure_text(f)}" for of, f in ((most, high), (least, low))]
        among = f"of the {len(told)} shown, least" if is_part else "least"
        summary = f"Only {ends[0]}." if len(told) == 1 and not is_part else f"Most: {ends[0]}"
        summary += f"; {among}: {ends[1]}." if len(told) > 1 else "" if summary.endswith(".") else "."
    return BarChart(name, title, summary, unit, shown, decimals=MEASURES[measure].decimals)
