"""The named changes of a period in; recommendations for what has got worse, and for what grows, out."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from clarity_assets.recommendations.found import Found, counted, of_change, recommendation_id, title_of, total
from clarity_assets.recommendations.rules import MIN_NEW_SHARE, Rule
from clarity_assets.recommendations.severity import reach_of
from clarity_assets.reports.arrivals import arrival
from clarity_assets.reports.changes import Key
from clarity_assets.reports.country_growth import Growth, Rise, days_words, find_growth
from clarity_assets.reports.document import Name, Part, Sentence
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.figures import ChangeFigure, Figure
from clarity_assets.reports.marts import DIM_PAGE, FRUSTRATION, PAGE, SIGNAL, SITE, Total
from clarity_assets.reports.measures import MEASURES, SIGNAL_TITLES
from clarity_assets.reports.period import Period, day_name
from clarity_assets.statistics.change import Outcome
from clarity_assets.statistics.intervals import wilson

MOST_COUNTRIES = 100  # as many as the product report looks at

SPECIFIC = (FRUSTRATION, PAGE, SIGNAL, SITE)
"""Where a signal is watched, the most specific first: page and device, page, device or browser, site."""


def find_rises(facts: Facts, rule: Rule, *, pages: Sequence[Found] = ()) -> tuple[list[Found], list[Found]]:
    """Signals that rise, each told where it is most specific; and the `pages`, with the rise noted where they have it.

    A page and signal that has a recommendation already gets no second one. A rise of a device or of the site is told
    only where no page's rise of that signal is.
    """
    noted = {one.id: one for one in pages}
    told: dict[tuple, Found] = {}
    for signal, place, key, change in _rising(facts, rule):
        page = place.get("page")
        beside = [one for one in noted.values() if one.rule.signal == signal and one.place.get("page") == page]
        if page is not None and beside:
            for one in beside:
                noted[one.id] = _with_rise(one, change)
            continue
        is_told = any(signal == known and (page is None or page == its_page) for known, its_page in told)
        if not is_told and (one := _rise(facts, rule, signal, place, key, change)):
            told[signal, page] = one
    return list(told.values()), list(noted.values())


def _rising(facts: Facts, rule: Rule) -> Iterator[tuple[str, dict[str, str | None], Key, ChangeFigure]]:
    """Signal, place, and the change; the most specific first."""
    for table in SPECIFIC:
        for key, change in facts.changes.named(table):
            where = dict(key[2])
            signal = where.get("signal") or key[1].removesuffix("_session_rate")
            if signal not in SIGNAL_TITLES or not _is_worse(rule, change):
                continue
            place = {column: where[column] for column in ("page", "device") if column in where}
            if table == SIGNAL:
                place[where["dimension"]] = where["segment"]
            if None not in place.values():
                yield signal, place, key, change


def _is_worse(rule: Rule, change: ChangeFigure) -> bool:
    return change.is_good is False and change.outcome is Outcome.INCREASE and (change.low or 0.0) >= rule.min_ratio


def _with_rise(found: Found, change: ChangeFigure) -> Found:
    """The recommendation, with its first (most specific) rise told in its statement."""
    if "rise" in found.statement.values:
        return found
    words = f"{found.statement.template} It has got worse: {{rise}} against {against_words(change)}."
    return replace(found, statement=Sentence(words, found.statement.values | {"rise": change}),
                   evidence=(*found.evidence, change))  # fmt: skip


def _rise(facts: Facts, rule: Rule, signal: str, place: dict, key: Key, change: ChangeFigure) -> Found | None:
    table, measure, where = key
    own, other = both_sides(facts, key, change)
    names: dict[str, Part] = {column: Name(value, column) for column, value in place.items()}
    here = "".join(f" {'in' if column == 'browser' else 'on'} {{{column}}}" for column in place) or " on the whole site"
    statement = Sentence(
        f"{SIGNAL_TITLES[signal]} rise{here}: {{change}} against {against_words(change)}, from {{other}} to {{own}} of "
        "the sessions.",
        names | {"own": own, "other": other, "change": change},
    )
    affected = total(facts, table, counted(measure), dict(where))
    place = place | {"signal": signal}
    return of_change(facts, rule, change, place=place, statement=statement, own=own, other=other, affected=affected)


def both_sides(facts: Facts, key: Key, change: ChangeFigure) -> tuple[Figure, Figure]:
    """The number in the period and in the change's baseline, as the mart has it."""
    table, measure, where = key
    baseline = Period(*change.source.baseline)
    return total(facts, table, measure, dict(where)), total(facts, table, measure, dict(where), period=baseline)


def against_words(change: ChangeFigure) -> str:
    """What a change compares with."""
    start, end = change.source.baseline
    days = (end - start).days
    return "the four weeks before" if days == 28 else "the week before" if days == 7 else f"the {days} days before"


def find_growing_countries(facts: Facts, rule: Rule) -> list[Found]:
    """Countries whose share of the site's sessions rises, by the product report's own test (`find_growth`).

    `reach` is of the sessions that the growth has added; `strength` the part of these that is certain, so that their
    product is the share of the site's sessions that were surely added. `other` is unknown: sessions of two spans of
    days do not compare, their shares do.
    """
    lines = facts.marts.totals(rule.table, [rule.measure], by=("country",), top=MOST_COUNTRIES)
    if not lines:
        return []
    growth = find_growth(facts, [line.keys["country"] for line in lines])
    rises = growth.rises()
    named = [line for line in lines if line.keys["country"] is not None and line.keys["country"] in rises]
    found = [_growing_country(facts, rule, line, growth, rises[line.keys["country"]]) for line in named]
    return [one for one in found if one]


def _growing_country(facts: Facts, rule: Rule, line: Total, growth: Growth, rise: Rise) -> Found | None:
    country, own, ratio = line.keys["country"], line[rule.measure], None
    values: dict[str, Part] = {"country": Name(country, "country"), "own": own, "rise": rise.figure}
    words = f"{{country}} sends more visitors: {{own}} in the {facts.period.noun}. Its share of the site's sessions "
    if isinstance(rise.figure, ChangeFigure):
        ratio = rise.figure
        words += f"rose: {{rise}}, {days_words(growth.later)} against {days_words(growth.earlier)}."
    else:
        words += f"rises steadily, {{rise}} over {growth.weeks} weeks."
    affected = total(facts, rule.table, rule.measure, {"country": country}, period=rise.days)
    sessions = affected.value or 0.0
    reach = reach_of(facts, rule.table, affected.source.where, sessions=sessions * rise.added)
    if reach is None or sessions < rule.min_sessions:
        return None
    place = {"country": country}
    return Found(
        recommendation_id(facts.project_id, rule.name, place), rule, place, title_of(rule, place),
        Sentence(words, values), own, None, ratio, affected, total(facts, SITE, "sessions", {}), reach,
        strength=rise.surely_added / rise.added, evidence=() if ratio else (rise.figure,),
    )  # fmt: skip


def find_bots(facts: Facts, rule: Rule) -> list[Found]:
    """The share of bots, where it rises; its reach is of all sessions, bots included."""
    change = facts.compared(rule.table, rule.measure).named
    if change is None or not _is_worse(rule, change):
        return []
    key = (rule.table, rule.measure, ())
    own, other = both_sides(facts, key, change)
    statement = Sentence(
        f"Bots make {{own}} of all sessions, after {{other}} in {against_words(change)}: {{change}}.",
        {"own": own, "other": other, "change": change},
    )
    one = of_change(facts, rule, change, place={}, statement=statement, own=own, other=other,
                    affected=total(facts, rule.table, counted(rule.measure), {}),
                    reach=(own.value or 0.0) / MEASURES[rule.measure].per)  # fmt: skip
    return [one] if one else []


def find_new_pages(facts: Facts, rule: Rule) -> list[Found]:
    """Pages first seen in the period or the four weeks before it, for certain, that have found their visitors.

    The day told is the one that the product report tells (`arrival`): the first that the page was there all day.
    There is nothing to compare with: the strength is how much of the page's share is certain (lower end / share).
    """
    period = facts.period
    rows = facts.marts.con.execute(
        f"""select page, first_seen_date from {DIM_PAGE}
            where project_id = ? and is_first_seen_certain and first_seen_date >= ? and first_seen_date < ?
            order by page""",  # noqa: S608 - a constant
        [facts.project_id, period.four_weeks_before.start, period.end],
    ).fetchall()
    found = [_new_page(facts, rule, page, first) for page, first in rows]
    return [one for one in found if one]


def _new_page(facts: Facts, rule: Rule, page: str, first: date) -> Found | None:
    sessions, site = total(facts, PAGE, "sessions", {"page": page}), total(facts, SITE, "sessions", {})
    if not sessions.value or not site.value or sessions.value < rule.min_sessions:
        return None
    share = wilson(min(sessions.value, site.value), site.value)
    if share.low < MIN_NEW_SHARE:
        return None
    reach = min(1.0, sessions.value / site.value)
    keys = (page,)
    series = facts.marts.series(PAGE, ["sessions"], by=("page",), keys=[keys], start=first, end=facts.period.end)
    told = arrival(keys, series["sessions"][keys])
    since = told.since if told else first
    statement = Sentence(
        f"{{page}} was first seen on {day_name(since)}; {{sessions}} saw it in the {facts.period.noun}.",
        {"page": Name(page, "page"), "sessions": sessions},
    )
    place = {"page": page}
    return Found(
        recommendation_id(facts.project_id, rule.name, place), rule, place, title_of(rule, place), statement, sessions,
        None, None, sessions, site, reach, strength=share.low / reach,
    )  # fmt: skip
