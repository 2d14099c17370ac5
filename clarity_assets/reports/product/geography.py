"""Facts in, the section on which countries sessions came from, which grow, and where visitors fare worse out."""

from collections.abc import Iterator, Sequence

from clarity_assets.reports.contrasts import Difference
from clarity_assets.reports.country_growth import Growth, days_words, find_growth
from clarity_assets.reports.document import Bar, BarChart, Column, Finding, Name, Part, Section, Sentence, Table
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.figures import Figure, in_hundredths
from clarity_assets.reports.marts import GEOGRAPHY, Total
from clarity_assets.reports.measures import MEASURES, SIGNAL_RATES
from clarity_assets.reports.product.parts import (
    INTERVALS,
    MOST,
    SHARE,
    TOO_LITTLE_BEFORE,
    TOP,
    baseline_words,
    can_tell,
    change_cells,
    change_columns,
    of_period,
    share_of_site,
)
from clarity_assets.reports.rendering.texts import name_text

SHOWN = ("sessions", "total_time_s", "rage_click_session_rate", "dead_click_session_rate")
DIFFERING = ("total_time_s", *SIGNAL_RATES)
LARGE_PCT = 5  # of the site's sessions: from here on a country is large enough to be worth its own texts and prices
MOST_FINDINGS, MOST_MOVING, MOST_LOCAL = 5, 3, 2
TO_TRY = (
    "To try: texts in its language, prices in its currency, its ways of payment and delivery times; and recordings of "
    "sessions from there."
)
CANNOT_TELL = (
    "Regions, cities and languages: the export tells the country alone.",
    "Why visitors of a country fare differently: the export does not tell devices, pages or sources by country; "
    "Clarity's recordings can be filtered by it.",
    "Revenue and conversions by country: they are not part of the export.",
)


def geography(facts: Facts) -> Section:
    """Top 10 countries, engagement by country, growth, and what may be worth localising."""
    countries = facts.marts.totals(GEOGRAPHY, SHOWN, by=("country",), top=MOST)
    if not countries:
        words = (
            f"No country is known of this {facts.period.noun}: `clarity-assets status` says of which days `country` "
        )
        words += "is missing, and why; `clarity-assets collect` asks for yesterday."
        finding = Finding("sessions", {}, Sentence(words))
        return Section("geography", "Geography", findings=(finding,), cannot_tell=CANNOT_TELL)
    growth = find_growth(facts, [line.keys["country"] for line in countries])
    shares = {
        line.keys["country"]: share_of_site(line["sessions"], growth.series[line.keys["country"]], growth.site)
        for line in countries
    }
    return Section(
        "geography",
        "Geography",
        findings=tuple(_findings(facts, countries, shares, growth))[:MOST_FINDINGS],
        blocks=tuple(_blocks(facts, countries, shares, growth)),
        notes=(of_period(facts, "country"),),
        cannot_tell=CANNOT_TELL,
    )


# --- findings ----------------------------------------------------------------------------------------------------


def _findings(facts: Facts, countries: Sequence[Total], shares: dict, growth: Growth) -> Iterator[Finding]:
    moving = [finding for line in countries if (finding := _moving(facts, line, shares, growth))]
    moving.sort(key=lambda finding: _gained(facts, finding, growth), reverse=True)
    yield from moving[:MOST_MOVING]
    local = list(_local(facts, countries, shares, growth))
    yield from local
    if not local:
        yield Finding("total_time_s", {}, Sentence(_nothing_local(facts, countries)))
    if not moving:
        compared = (facts.changes.of(GEOGRAPHY, "sessions", **line.keys) for line in countries)
        words = f"Growth: {TOO_LITTLE_BEFORE}."
        if growth.is_tested or can_tell(compared):
            words = "Growth: no country's sessions, nor its share of the site's, changed by more than chance."
        yield Finding("sessions", {}, Sentence(words))
    first = countries[0]
    if not first["sessions"].value:
        return
    values = {"country": _name(first), "sessions": first["sessions"], "share": shares[first.keys["country"]]}
    sentence = Sentence("Most sessions came from {country}: {sessions}, {share} of the site's.", values)
    yield Finding("sessions", dict(first.keys), sentence, first["sessions"])


def _moving(facts: Facts, line: Total, shares: dict, growth: Growth) -> Finding | None:
    """A country whose sessions changed, or whose share has a trend."""
    country = line.keys["country"]
    compared = facts.compared(GEOGRAPHY, "sessions", country=country)
    trend, moved = growth.named.get(country), growth.moved.get(country)
    if trend is None and moved is None and compared.named is None:
        return None
    values: dict[str, Part] = {"country": _name(line), "sessions": line["sessions"], "share": shares[country]}
    words = "{country}: {sessions}, {share} of the site's"
    if compared.named:
        words += f"; {{change}} against {baseline_words(facts, compared)}"
        values["change"] = compared.named
    if trend:
        words += f". Its share {'rises' if trend.value > 0 else 'falls'} steadily, {{trend}} over {growth.weeks} weeks"
        values["trend"] = trend
    elif moved and (compared.named is None or growth.earlier[1] < growth.later[0]):
        words += f". Its share {'rose' if moved.value > 1 else 'fell'}: {{moved}}, {days_words(growth.later)} against "
        words += days_words(growth.earlier)
        values["moved"] = moved
    return Finding("sessions", dict(line.keys), Sentence(f"{words}.", values), line["sessions"], is_change=True)


def _gained(facts: Facts, finding: Finding, growth: Growth) -> float:
    """Sessions of the period more or fewer than without the change: what matters most comes first."""
    change = facts.compared(GEOGRAPHY, "sessions", **finding.where).named
    ratios = (change.value if change and change.value else 1.0, growth.ratio(finding.where["country"]))
    return (finding.sessions.value or 0.0) * max(abs(1 - 1 / ratio) for ratio in ratios if ratio)


def _local(facts: Facts, countries: Sequence[Total], shares: dict, growth: Growth) -> Iterator[Finding]:
    """Large or growing countries whose visitors stay shorter or meet more frustration than the others'."""
    found = []
    for line in countries:
        country = line.keys["country"]
        is_large = (shares[country].value or 0) >= LARGE_PCT
        if country is not None and (is_large or _grows(facts, country, growth)):
            worse = [one for one in _differences(facts, country) if one.is_worse]
            found += [(line, worse, is_large)] if worse else []
    for line, worse, is_large in found[:MOST_LOCAL]:
        values: dict[str, Part] = {"country": _name(line), "sessions": line["sessions"]}
        told = []
        for i, one in enumerate(worse):
            told.append(
                f"{MEASURES[one.measure].title.lower()} {{own{i}}}, {{ratio{i}}} the other countries' {{other{i}}}"
            )
            values |= {f"own{i}": one.own, f"other{i}": one.other, f"ratio{i}": in_hundredths(one.ratio)}
        size = "a large country" if is_large else "a growing country"
        words = f"Worth a look: {{country}}, {size} with {{sessions}}. Its {'; its '.join(told)}. {TO_TRY}"
        yield Finding(worse[0].measure, dict(line.keys), Sentence(words, values), line["sessions"])


def _nothing_local(facts: Facts, countries: Sequence[Total]) -> str:
    found = (facts.contrasts.of(GEOGRAPHY, name, **line.keys) for line in countries for name in DIFFERING)
    if not any(one and one.ratio.value is not None for one in found):
        return "Localisation: too few sessions are known to hold the countries against one another."
    return "Localisation: no large or growing country is shown to fare worse than the others, in time or frustration."


def _grows(facts: Facts, country: str | None, growth: Growth) -> bool:
    change = facts.compared(GEOGRAPHY, "sessions", country=country).named
    return bool(change and (change.value or 0) > 1) or growth.ratio(country) > 1


def _differences(facts: Facts, country: str | None) -> list[Difference]:
    found = (facts.contrasts.of(GEOGRAPHY, name, country=country) for name in DIFFERING)
    return [one for one in found if one and one.is_named]


def _name(line: Total) -> Name:
    return Name(line.keys["country"], "country")


# --- pictures and tables -----------------------------------------------------------------------------------------


def _blocks(facts: Facts, countries: Sequence[Total], shares: dict, growth: Growth) -> Iterator[BarChart | Table]:
    top = countries[:TOP]
    yield _bars("geography_shares", "Share of sessions by country", top, [shares[c.keys["country"]] for c in top])
    yield _bars("geography_time", "Engagement time by country", top, [line["total_time_s"] for line in top])
    trend = (
        f"Percent a week over the last {growth.weeks} weeks, by a log-linear fit with a weekday pattern; clear where "
        "it is more than chance and makes a quarter or more in all"
    )
    columns = (
        Column("Country"), Column("Sessions", True), SHARE, Column("Trend of the share", True, trend),
        Column("Engagement time", True), Column("With rage clicks", True, "Share of sessions"),
        Column("With dead clicks", True, "Share of sessions"), change_columns(facts)[1],
    )  # fmt: skip
    rows = [_row(facts, line, shares, growth) for line in countries]
    yield Table("geography_countries", "Top countries", columns, tuple(rows[:TOP]), note=INTERVALS)
    yield _differ_table(facts, countries)
    if len(rows) > TOP:
        yield Table("geography_more", "More countries", columns, tuple(rows[TOP:]), note=INTERVALS, is_long=True)


def _row(facts: Facts, line: Total, shares: dict, growth: Growth) -> tuple[Part, ...]:
    country = line.keys["country"]
    compared = facts.compared(GEOGRAPHY, "sessions", country=country)
    return (_name(line), line["sessions"], shares[country], growth.cell(country),
            *(line[name] for name in SHOWN[1:]), change_cells(compared)[1])  # fmt: skip


def _bars(name: str, title: str, countries: Sequence[Total], figures: Sequence[Figure]) -> BarChart:
    bars = tuple(Bar(_name(line), figure.value, low=figure.low, high=figure.high, source=figure.source)
                 for line, figure in zip(countries, figures, strict=True) if figure.value is not None)  # fmt: skip
    unit, decimals = (figures[0].unit, figures[0].decimals) if figures else ("", 0)
    summary = "Nothing is known to be shown."
    if bars:
        high, low = (pick(bars, key=lambda bar: bar.value) for pick in (max, min))
        summary = (
            f"Of the {len(bars)} countries with most sessions, from {name_text(low.label, length=40)} with "
            f"{low.value:,.{decimals}f} {unit} to {name_text(high.label, length=40)} with "
            f"{high.value:,.{decimals}f} {unit}."
        )
    return BarChart(name, title, summary, unit, bars, decimals=decimals)


def _differ_table(facts: Facts, countries: Sequence[Total]) -> Table:
    """Every named difference of a country's engagement or frustration from the others'."""
    rows = tuple(
        (_name(line), MEASURES[one.measure].title, one.own, one.other, in_hundredths(one.ratio),
         "worse" if one.is_worse else "better")
        for line in countries for one in _differences(facts, line.keys["country"])
    )  # fmt: skip
    ratio = Column("Ratio", True, "Its own / the others', with its 95 % interval")
    columns = (Column("Country"), Column("Measure"), Column("Its own", True), Column("Other countries", True), ratio,
               Column("For visitors"))  # fmt: skip
    note = INTERVALS if rows else "No country differs from the others in engagement or frustration by more than chance."
    return Table("geography_differences", "Engagement and frustration by country", columns, rows[:MOST], note=note)
