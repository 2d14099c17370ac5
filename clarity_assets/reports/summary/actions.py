"""Recommendations in, the executive summary and the section that says what to do first out."""

from datetime import date, timedelta

from clarity_assets.recommendations.found import Found
from clarity_assets.recommendations.rules import HORIZONS
from clarity_assets.recommendations.store import DISMISSED, DONE, OPEN, read_decided
from clarity_assets.reports.document import Bar, BarChart, Column, Finding, Level, Name, Section, Sentence, Table
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.figures import Figure, Source
from clarity_assets.reports.lead import basis
from clarity_assets.reports.period import Period, day_name
from clarity_assets.reports.rendering.texts import name_text

Decided = dict[str, tuple[str, date]]
"""State and its UTC day by recommendation."""

TOP = 3
SHOWN = 20
LEVELS = (
    "Level: how many of the site's sessions are hit more than at the others' rate, at the careful end of the 95 % "
    "interval. HIGH: one of 200 or more, MEDIUM: one of 500. MEDIUM at most: sources and means, where nothing is shown "
    "to be broken, and chances such as a growing country. To decide: clarity-assets recommend accept (or done, or "
    "dismiss) and the id."
)
NOTHING_KNOWN = "Nothing can be told: no day of it is known."


def summary_lead(facts: Facts, found: list[Found]) -> tuple[Sentence, ...]:
    """The executive summary: what is known, what matters most, how much there is to do, what is missing."""
    sentences = [basis(facts)]
    if not facts.known_day_count:
        return tuple(sentences)
    open_ones = _still_open(found, _decided(facts), facts.period)
    sentences += [one.statement for one in open_ones[:1]]
    sentences.append(_counts(facts, found, open_count=len(open_ones)))
    lost = [day for day in facts.days if not day.is_known]
    if lost:
        names = ", ".join(day_name(day.date) for day in lost[:7]) + (" and others" if len(lost) > 7 else "")
        verb = "is" if len(lost) == 1 else "are"
        sentences.append(Sentence(f"{names} {verb} missing from every number here."))
    return tuple(sentences)


def _still_open(found: list[Found], decided: Decided, period: Period) -> list[Found]:
    """Those that nobody has marked done or dismissed by the day of the report, and what was done but is still there."""
    closed = {its_id for its_id, (state, _) in decided.items() if state in (DONE, DISMISSED)}
    return [one for one in found if one.id not in closed or _is_back(one, decided, period)]


def _is_back(one: Found, decided: Decided, period: Period) -> bool:
    """Whether it was marked done before the period began: every day that shows it came after."""
    state, on = decided.get(one.id, (OPEN, period.end))
    return state == DONE and on < period.start


def _decided(facts: Facts) -> Decided:
    until = facts.made_at.date() + timedelta(days=1)
    return read_decided(facts.marts.con, project_id=facts.project_id, until=until)


def _counts(facts: Facts, found: list[Found], *, open_count: int) -> Sentence:
    if not found:
        return Sentence("Nothing stands out that would call for action.")
    counts = {level: sum(one.level is level for one in found) for level in Level}
    decided = len(found) - open_count
    rest = f" ({decided} of them done or dismissed)" if decided else ""
    words = f"{{high}} HIGH, {{medium}} MEDIUM and {{low}} LOW recommendations in this {facts.period.noun}{rest}."
    return Sentence(words, {level.value.lower(): _count(facts, level, count) for level, count in counts.items()})


def _count(facts: Facts, level: Level, count: int) -> Figure:
    """How many the period's evaluation found, decided ones too; of a range, which is not kept, without a source."""
    period = facts.period
    where = (("level", level.value), ("period_kind", period.kind))
    source = Source("ops.recommendation_found", "recommendations", where, period.start, period.end)
    return Figure(count, "", source if period.kind != "range" else None)


def actions(facts: Facts, found: list[Found]) -> Section:
    """Open recommendations by when to act: now, in the next two weeks, this month."""
    decided = _decided(facts)
    open_ones = _still_open(found, decided, facts.period)
    if not open_ones:
        return Section("actions", "What to do first", findings=(Finding("none", {}, Sentence(_calm(facts, found))),))
    back = {one.id for one in open_ones if _is_back(one, decided, facts.period)}
    blocks = [_chart(open_ones), *(_table(when, back, open_ones) for when in HORIZONS.values()), _to_try(open_ones)]
    note = Sentence(LEVELS)
    return Section(
        "actions",
        "What to do first",
        findings=tuple(one.finding for one in open_ones[:TOP]),
        blocks=tuple(block for block in blocks if block is not None),
        notes=(note,),
    )


def _calm(facts: Facts, found: list[Found]) -> str:
    """Why there is nothing to do."""
    if not facts.known_day_count:
        return NOTHING_KNOWN
    if found:
        return "All that was found is done or dismissed."
    return (
        "No page, device, browser, source or country differs from the others, or from before, by more than chance and "
        "by enough to act on."
    )


def _chart(found: list[Found]) -> BarChart | None:
    damage = sorted((one for one in found if one.rule.highest is Level.HIGH), key=lambda one: -one.severity)[:8]
    if len(damage) < 2:
        return None
    bars = tuple(Bar(_title(one), 100 * one.severity) for one in damage)
    summary = f"{_title(damage[0]).text}: at least {bars[0].value:.1f} % of the site's sessions."
    return BarChart(
        "actions_severity", "What weighs most", summary, "% of the site's sessions, at least", bars, decimals=2
    )


def _title(one: Found) -> Name:
    """The title as one text; names of the site stand in it, so renderings must make it safe."""
    return Name("".join(part if isinstance(part, str) else name_text(part) for part in one.title.parts()), "title")


def _table(when: str, back: set[str], found: list[Found]) -> Table | None:
    of_when = [one for one in found if one.horizon == when][:SHOWN]
    if not of_when:
        return None
    columns = (
        Column("Id"), Column("Level"), Column("What"), Column("Sessions affected", True), Column("Here", True),
        Column("Elsewhere or before", True), Column("Times as much", True, "95 % interval"),
    )  # fmt: skip
    rows = tuple(
        (one.id, _level(one, is_back=one.id in back), _title(one), one.affected, one.own, one.other, one.ratio)
        for one in of_when
    )  # fmt: skip
    return Table(f"actions_{when.replace(' ', '_')}", f"{when.capitalize()}", columns, rows)


def _level(one: Found, *, is_back: bool) -> str:
    return f"{one.level.value}, done but still there" if is_back else one.level.value


def _to_try(found: list[Found]) -> Table:
    seen: dict[str, Found] = {}
    for one in found:
        seen.setdefault(one.rule.name, one)
    rows = tuple((_title(one), one.rule.reason, " ".join(one.rule.to_try)) for one in seen.values())
    columns = (Column("What"), Column("Why it matters"), Column("What to try"))
    return Table("actions_to_try", "Why, and what to try", columns, rows)
