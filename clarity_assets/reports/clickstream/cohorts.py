"""Facts of events in, the section on who comes back: cohorts, first returns, who is active, at risk or gone, out."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from clarity_assets.reports.clickstream.facts import EventFacts
from clarity_assets.reports.clickstream.parts import MOST_FINDINGS, bars, missing, of_week, share_of
from clarity_assets.reports.clickstream.tables import COHORT, RECENCY, STATUS
from clarity_assets.reports.contrasts import Difference
from clarity_assets.reports.document import Bar, BarChart, Chart, Column, Finding, HeatChart, Section, Sentence, Table
from clarity_assets.reports.figures import Figure, in_hundredths
from clarity_assets.reports.marts import Total
from clarity_assets.reports.period import MONTH_NAMES, Period, day_name
from clarity_assets.reports.product.parts import INTERVALS

TITLE = "Cohorts and retention"
STATUSES = {"active": "active", "at_risk": "at risk", "churned": "churned"}
FIRST = {"day": (1, "the next day"), "week": (1, "in week 1"), "month": (1, "in month 1")}
KINDS = (
    ("week", 1, "Week 1"),
    ("week", 2, "Week 2"),
    ("month", 1, "Month 1"),
    ("day", 1, "Day 1"),
    ("day", 7, "Day 7"),
)
NOT_OVER = "not over yet"
SHOWN_PERIODS, SHOWN_COHORTS, SHOWN_DAYS = 10, 16, 21
CANNOT_TELL = (
    "People who come again on another device, or after clearing cookies, without logging in: they count as new, so "
    "true retention is higher.",
)


def cohorts(facts: EventFacts) -> Section:
    """First returns of all cohorts, cohorts that differ, and how long ago everybody came last."""
    week = facts.marts.newest_week(COHORT)
    if week is None:
        return missing(facts, COHORT, title=TITLE)
    first = [(kind, n, title, total) for kind, n, title in KINDS if (total := _retention(facts, week, kind, n))]
    statuses = facts.marts.totals(STATUS, OF_STATUS, by=("status",), period=week)
    return Section(
        "cohorts", TITLE,
        findings=tuple(_findings(facts, week, first, statuses))[:MOST_FINDINGS],
        blocks=tuple(_blocks(facts, week, first, statuses)),
        notes=(of_week(week),), cannot_tell=CANNOT_TELL,
    )  # fmt: skip


OF_STATUS = ("visitors", "buyers", "buyer_rate", "sessions", "revenue", "revenue_per_visitor")


def _retention(facts: EventFacts, week: Period, kind: str, period: int) -> Total | None:
    """Who came again in this period of all cohorts of a kind for which it is over; None: it is over for none."""
    where = {"cohort_kind": kind, "period": period, "is_complete": True}
    [total] = facts.marts.totals(COHORT, ["retention_rate", "retained", "visitors"], where=where, period=week)
    return total if total["visitors"].value else None


# --- findings ----------------------------------------------------------------------------------------------------


def _findings(facts: EventFacts, week: Period, first, statuses: Sequence[Total]) -> Iterator[Finding]:
    for kind, n, _, total in first[:1] if first and first[0][0] == "week" else []:
        words = "{rate} of new visitors came again {when} after their first ({retained} of {visitors})."
        values = {"rate": total["retention_rate"], "when": FIRST[kind][1] if n == 1 else f"in {kind} {n}",
                  "retained": replace(total["retained"], unit=""), "visitors": total["visitors"]}  # fmt: skip
        more = [one for one in first if one[:2] in (("week", 2), ("month", 1))]
        for i, (_, _, title, other) in enumerate(more):
            words = words.removesuffix(".") + f"; {title.lower()}: {{more{i}}}."
            values[f"more{i}"] = other["retention_rate"]
        yield Finding("retention_rate", {}, Sentence(words, values), total["visitors"])
    yield _cohort_that_differs(facts, week)
    if statuses:
        yield _statuses(facts, statuses, week)


def _cohort_that_differs(facts: EventFacts, week: Period) -> Finding:
    """The cohort whose first return is furthest from that of the others."""
    found = [d for d in _differences(facts) if d.is_named]
    if not found:
        words = "No week's or month's new visitors are shown to come back more or less often than the others'."
        return Finding("retention_rate", {}, Sentence(words))
    far = max(found, key=lambda d: max(d.ratio.value, 1 / max(d.ratio.value, 1e-9)))
    words = (
        "New visitors {cohort} came back {when} {how} than the others: {own}, {ratio} as many ({other}). Look first at "
        "what brought them: sources, campaign and offer of those days."
    )
    kind = far.where["cohort_kind"]
    values = {"cohort": _cohort_text(kind, far.where["cohort_start"]), "when": FIRST[kind][1],
              "how": "more often" if far.ratio.value > 1 else "less often", "own": far.own,
              "ratio": in_hundredths(far.ratio), "other": far.other}  # fmt: skip
    return Finding("retention_rate", {"cohort": far.where["cohort_start"]}, Sentence(words, values),
                   _visitors(facts, far, week))  # fmt: skip


def _visitors(facts: EventFacts, cohort: Difference, week: Period) -> Figure:
    """How many came first then."""
    return facts.marts.totals(COHORT, ["visitors"], where=cohort.where, period=week)[0]["visitors"]


def _differences(facts: EventFacts) -> list[Difference]:
    return facts.contrasts.all(COHORT, "retention_rate")


def _statuses(facts: EventFacts, statuses: Sequence[Total], week: Period) -> Finding:
    whole = sum(one.value("visitors") for one in statuses)
    told = {one.keys["status"]: one for one in statuses}
    parts, values = [], {}
    for status, words in STATUSES.items():
        if status in told:
            parts.append(f"{{{status}}} {words}")
            values[status] = share_of(told[status]["visitors"], whole)
    words = f"Of all visitors so far {', '.join(parts)}."
    if "at_risk" in told and told["at_risk"].value("buyers"):
        words += " Of those at risk {buyers} have bought before, for {revenue}: the first to write to."
        values |= {"buyers": told["at_risk"]["buyers"], "revenue": told["at_risk"]["revenue"]}
    median = _median_recency(facts, week)
    if median:
        words += " Half of all visitors came last within {median}."
        values["median"] = median
    return Finding("visitors", {}, Sentence(words, values))


def _median_recency(facts: EventFacts, week: Period) -> Figure | None:
    rows = facts.marts.rows(RECENCY, ["days_since_last_visit", "visitors"], period=week)
    whole, seen = sum(row["visitors"] for row in rows), 0
    for row in rows:
        seen += row["visitors"]
        if 2 * seen >= whole:
            source = replace(facts.marts.source(RECENCY, "recency_days", {}, week), statistic="median")
            return Figure(float(row["days_since_last_visit"]), "days", source)
    return None


def _cohort_text(kind: str, start: str) -> str:
    day = date.fromisoformat(start)
    if kind == "month":
        return f"of {MONTH_NAMES[day.month - 1]} {day.year}"
    return f"of the week of {day_name(day)} {day.year}" if kind == "week" else f"of {day_name(day)} {day.year}"


# --- pictures and tables -----------------------------------------------------------------------------------------


def _blocks(facts: EventFacts, week: Period, first, statuses: Sequence[Total]) -> Iterator[Chart | Table]:
    lines = facts.marts.totals(COHORT, ["retention_rate", "visitors"], by=("cohort_start", "period"),
                               where={"cohort_kind": "week", "is_complete": True}, period=week)  # fmt: skip
    if lines:
        yield _heat(lines)
    yield _returns(first)
    if statuses:
        yield _status_bars(statuses)
        yield _status_table(statuses)
    recency = facts.marts.totals(RECENCY, ["visitors"], by=("days_since_last_visit",), period=week)
    days = sorted(recency, key=lambda one: one.keys["days_since_last_visit"])[:SHOWN_DAYS]
    if days:
        yield bars("cohorts_recency", f"Visitors by days since their last visit (the first {len(days)})", days,
                   "visitors", label=lambda one: _days_text(one.keys["days_since_last_visit"]),
                   is_part=len(recency) > len(days))  # fmt: skip
    yield _differences_table(facts, week)


def _heat(lines: Sequence[Total]) -> HeatChart:
    """A row for each week of first visits, a column for each week after it."""
    told = {(one.keys["cohort_start"], one.keys["period"]): one["retention_rate"] for one in lines}
    starts = sorted({start for start, _ in told}, reverse=True)[:SHOWN_COHORTS]
    periods = sorted({period for start, period in told if start in starts and period})[:SHOWN_PERIODS]
    starts = [start for start in starts if any((start, period) in told for period in periods)]
    cells = [[told.get((start, period)) for period in periods] for start in starts]
    values = [cell.value for row in cells for cell in row if cell and cell.value is not None]
    summary = "No whole week after a first visit is over yet."
    if values:
        summary = (
            f"Of {len(starts)} weeks of new visitors, between {min(values):.1f} and {max(values):.1f} % came again in "
            "a given week; the newest weeks stand first."
        )
    return HeatChart(
        "cohorts_weeks",
        "Who came again, by week of the first visit",
        summary,
        "% of the week's new visitors",
        tuple(day_name(date.fromisoformat(start)) for start in starts),
        tuple(f"Week {period}" for period in periods),
        tuple(tuple(cell.value if cell else None for cell in row) for row in cells),
        decimals=1,
        sources=tuple(tuple(cell.source if cell else None for cell in row) for row in cells),
        nothing=NOT_OVER,
        is_one_scale=True,
    )


def _returns(first) -> Table:
    columns = (Column("Came again"), Column("Share", True), Column("Visitors who did", True),
               Column("New visitors", True, "Of all cohorts for which this time is over"))  # fmt: skip
    told = {title: total for _, _, title, total in first}
    rows = tuple(
        (title, total["retention_rate"], total["retained"], total["visitors"])
        if (total := told.get(title)) else (title, NOT_OVER, None, None)
        for _, _, title in KINDS
    )  # fmt: skip
    note = (
        "Week 1 are the 7 days from the Monday after the week of the first visit; month 1 is the calendar month after."
    )
    return Table("cohorts_returns", "First returns", columns, rows, note=note)


def _status_bars(statuses: Sequence[Total]) -> BarChart:
    chart = bars("cohorts_status", "Visitors: active, at risk, churned", _in_order(statuses), "visitors",
                 label=lambda one: STATUSES.get(one.keys["status"], one.keys["status"]))  # fmt: skip
    return replace(chart, bars=tuple(map(_plain_bar, chart.bars)))


def _plain_bar(bar: Bar) -> Bar:
    return replace(bar, low=None, high=None)


def _in_order(statuses: Sequence[Total]) -> list[Total]:
    order = list(STATUSES)
    return sorted(statuses, key=lambda one: order.index(one.keys["status"]) if one.keys["status"] in order else 9)


def _status_table(statuses: Sequence[Total]) -> Table:
    whole = sum(one.value("visitors") for one in statuses)
    columns = (Column("Visitors who are"), Column("Visitors", True), Column("Share", True), Column("Have bought", True),
               Column("Share who bought", True), Column("Revenue so far", True), Column("A visitor", True))  # fmt: skip
    rows = tuple(
        (STATUSES.get(one.keys["status"], one.keys["status"]), one["visitors"], share_of(one["visitors"], whole),
         one["buyers"], one["buyer_rate"], one["revenue"], one["revenue_per_visitor"])
        for one in _in_order(statuses)
    )  # fmt: skip
    note = (
        "By days since the last visit: active up to CLICKSTREAM_ACTIVE_DAYS, churned after CLICKSTREAM_CHURNED_DAYS, "
        "at risk between."
    )
    return Table("cohorts_statuses", "Who is active, at risk, churned", columns, rows, note=note)


def _days_text(days: int) -> str:
    return f"{days} day{'' if days == 1 else 's'}"


def _differences_table(facts: EventFacts, week: Period) -> Table:
    found = sorted((d for d in _differences(facts) if d.is_named), key=lambda d: d.where["cohort_start"], reverse=True)
    rows = tuple(
        (
            f"New visitors {_cohort_text(d.where['cohort_kind'], d.where['cohort_start'])}",
            _visitors(facts, d, week),
            d.own,
            d.other,
            in_hundredths(d.ratio),
        )
        for d in found
    )
    columns = (
        Column("Cohort"),
        Column("Visitors", True),
        Column("Came again", True, "In its first week or month after"),
        Column("The others", True),
        Column("Ratio", True),
    )
    nothing = "No cohort's first return differs from the others' by more than chance."
    return Table("cohorts_differences", "Cohorts that differ", columns, rows, note=INTERVALS if rows else nothing)
