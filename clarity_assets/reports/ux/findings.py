"""Named differences and changes in; findings with their sentence, evidence and sessions out."""

from collections.abc import Collection, Iterable

from clarity_assets.recommendations.rules import MAX_MEAN_RATIO, MIN_RATIO
from clarity_assets.recommendations.severity import (
    affected_of,
    level_of,
    level_of_difference,
    reach_of,
    severity,
    strength_of,
)
from clarity_assets.reports.changes import Key
from clarity_assets.reports.contrasts import Difference
from clarity_assets.reports.document import Finding, Level, Name, Sentence
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.figures import ChangeFigure, Figure, Where
from clarity_assets.reports.marts import FRUSTRATION, PAGE
from clarity_assets.reports.measures import MEASURES, SIGNAL_TITLES
from clarity_assets.reports.period import Period
from clarity_assets.reports.ux.shared import baseline_words

RATE = "_session_rate"
MEANS = {
    "total_time_s": ("engagement time is {own} on average", "as long as"),
    "active_time_s": ("active time is {own} on average", "as long as"),
    "scroll_depth_pct": ("scroll depth is {own} on average", "as deep as"),
    "pages_per_session": ("a session sees {own} on average (bots included)", "as many as"),
}
"""Measure that is a mean -> what is said of it, and how a ratio of it is read."""


# --- which --------------------------------------------------------------------------------------------------------


def signal_of(measure: str, where: dict) -> str | None:
    """The signal that a measure is of; None where it is of none."""
    signal = where.get("signal") or measure.removesuffix(RATE)
    return signal if signal in SIGNAL_TITLES else None


def worse_signals(facts: Facts, signals: Collection[str]) -> list[Difference]:
    """Pages, and pages on a device, that have a signal more often than the others by more than chance.

    The one first that would spare most sessions. Of a page that stands out on one device, only that: it says more.
    """
    contrasts = facts.contrasts
    found = [
        d for d in contrasts.all(FRUSTRATION, "affected_session_rate") if d.is_worse and d.where["signal"] in signals
    ]
    told = {(d.where["page"], d.where["signal"]) for d in found}
    for signal in signals:
        found += [
            d for d in contrasts.all(PAGE, f"{signal}{RATE}") if d.is_worse and (d.where["page"], signal) not in told
        ]
    return by_excess(found)


def by_excess(differences: Iterable[Difference]) -> list[Difference]:
    """The one first that would spare most sessions."""
    return sorted(differences, key=spared_sessions, reverse=True)


def spared_sessions(difference: Difference) -> float:
    """Sessions that would not be hit if the group were as the others are; by the cautious end of the interval."""
    return affected_of(difference) * strength_of(difference.ratio, better=MEASURES[difference.measure].better)


def named_changes(facts: Facts, table: str, measures: Collection[str], **where: str) -> list[tuple[Key, ChangeFigure]]:
    """Named changes of a mart's measures whose rows have these values: for the worse first, then the surest."""
    found = [
        (key, change)
        for key, change in facts.changes.named(table)
        if key[1] in measures and where.items() <= dict(key[2]).items()
    ]
    return sorted(found, key=lambda pair: (pair[1].is_good is not False, pair[1].p_adjusted or 0.0))


# --- how they are said --------------------------------------------------------------------------------------------


def difference_finding(facts: Facts, difference: Difference) -> Finding:
    """A group that differs from the others; its sessions are the affected ones, of a mean all that tell it."""
    signal = signal_of(difference.measure, difference.where)
    place, names = _place(difference.where)
    own, how = _said(difference.measure, signal)
    at = "in" if "browser" in names else "on"
    if difference.other.value == 0:
        text = f"{place}: {own}; {at} {difference.against} none."
    else:
        text = f"{place}: {own}, {{ratio}} {how} {at} {difference.against} ({{other}})."
    values = {"own": difference.own, "ratio": difference.ratio, "other": difference.other}
    level = _level(difference, level_of_difference(facts, difference))
    return Finding(
        difference.measure, _where(names, signal), Sentence(text, names | values),
        sessions=_sessions(facts, difference.own.source.table, difference.measure, difference.where),
        evidence=(difference.own, difference.other, difference.ratio), level=level,
    )  # fmt: skip


def change_finding(facts: Facts, key: Key, change: ChangeFigure) -> Finding:
    """A series that changed: its level now, the change, and its level in what it is compared with."""
    table, measure, rows = key
    where = dict(rows)
    signal = signal_of(measure, where)
    place, names = _place(where)
    own, _ = _said(measure, signal)
    start, end = change.source.baseline
    now, then = (
        facts.marts.totals(table, [measure], where=where, period=period)[0][measure]
        for period in (facts.period, Period(start, end))
    )
    text = f"{place}: {own}, {{change}} against {baseline_words(facts, change)} ({{then}})."
    sessions = _sessions(facts, table, measure, where)
    return Finding(
        measure, _where(names, signal), Sentence(text, names | {"own": now, "change": change, "then": then}),
        sessions=sessions, evidence=(now, then, change), level=_level_of_change(facts, key, change, sessions),
        is_change=True,
    )  # fmt: skip


def _level(found: Difference | ChangeFigure, level: Level | None) -> Level | None:
    """LOW at most where it is sure but small: below what recommendations ask for."""
    ratio = found.ratio if isinstance(found, Difference) else found
    is_small = (ratio.low or 0.0) < MIN_RATIO and (ratio.high is None or ratio.high > MAX_MEAN_RATIO)
    return Level.LOW if level and is_small else level


def _level_of_change(facts: Facts, key: Key, change: ChangeFigure, sessions: Figure) -> Level | None:
    """None unless it is for the worse; a mean is MEDIUM at most, as for differences."""
    if change.is_good is not False:
        return None
    table, measure, where = key
    reach = reach_of(facts, table, where, sessions=sessions.value or 0.0)
    highest = Level.HIGH if MEASURES[measure].is_share else Level.MEDIUM
    strength = strength_of(change, better=change.better)
    return None if reach is None else _level(change, level_of(severity(reach, strength), highest=highest))


def _said(measure: str, signal: str | None) -> tuple[str, str]:
    if signal:
        return f"{{own}} of sessions have {SIGNAL_TITLES[signal].lower()}", "as many as"
    return MEANS[measure]


def _place(where: dict) -> tuple[str, dict[str, Name]]:
    """Where it is in words, with the names that stand in them."""
    if "page" in where and "device" in where:
        return "On {page}, {device}", {"page": Name(where["page"], "page"), "device": Name(where["device"], "device")}
    if "page" in where:
        return "On {page}", {"page": Name(where["page"], "page")}
    kind = where.get("dimension")
    if kind == "device":
        return "On {device}", {"device": Name(where["segment"], "device")}
    return ("In {browser}", {"browser": Name(where["segment"], "browser")}) if kind == "browser" else ("Whole site", {})


def _where(names: dict[str, Name], signal: str | None) -> dict[str, str | None]:
    return {kind: name.text for kind, name in names.items()} | ({"signal": signal} if signal else {})


def _sessions(facts: Facts, table: str, measure: str, where: dict[str, str | bool | None] | Where) -> Figure:
    """The affected sessions of a signal; of a mean all sessions of the rows."""
    if measure == "affected_session_rate":
        name = "affected_sessions"
    elif signal_of(measure, dict(where)):
        name = f"{measure.removesuffix(RATE)}_sessions"
    else:
        name = "sessions"
    return facts.marts.totals(table, [name], where=dict(where))[0][name]
