"""Named differences and changes in; findings with their sentence, evidence and sessions out."""

from collections.abc import Collection, Iterable

from clarity_assets.reports.changes import Key
from clarity_assets.reports.contrasts import Difference
from clarity_assets.reports.document import Finding, Name, Sentence
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.figures import ChangeFigure, Figure, Where
from clarity_assets.reports.marts import FRUSTRATION, PAGE
from clarity_assets.reports.measures import SIGNAL_TITLES
from clarity_assets.reports.period import Period
from clarity_assets.reports.ux.shared import baseline_words

RATE = "_session_rate"
MEANS = {
    "total_time_s": ("sessions last {own} on average", "as long as"),
    "scroll_depth_pct": ("sessions scroll to {own} of the page on average", "as deep as"),
    "pages_per_session": ("a session sees {own} on average (bots included)", "as many as"),
}
"""Measure that is a mean -> what is said of it, and how a ratio of it is read."""


# --- which --------------------------------------------------------------------------------------------------------


def signal_of(measure: str, where: dict) -> str | None:
    """The signal that a measure is of; None where it is of none."""
    signal = where.get("signal") or measure.removesuffix(RATE)
    return signal if signal in SIGNAL_TITLES else None


def worse_signals(facts: Facts, signals: Collection[str]) -> list[Difference]:
    """Pages, and pages on a device, that have a signal named more often than the others, most sessions spared first.

    Of a page that stands out on one device, only that: it says more.
    """
    contrasts = facts.contrasts
    found = [d for d in contrasts.all(FRUSTRATION, "affected_session_rate") if d.is_worse and d.where["signal"] in signals]
    told = {(d.where["page"], d.where["signal"]) for d in found}
    for signal in signals:
        found += [d for d in contrasts.all(PAGE, f"{signal}{RATE}") if d.is_worse and (d.where["page"], signal) not in told]
    return by_excess(found)


def by_excess(differences: Iterable[Difference]) -> list[Difference]:
    """Those first that spare most sessions if they were as the others are; by the cautious end of the interval."""
    return sorted(differences, key=excess_sessions, reverse=True)


def excess_sessions(difference: Difference) -> float:
    """Sessions that would not have the signal at the others' rate: affected x (1 - 1 / ratio), at its lower end.

    Source: fraction of cases among the exposed, Miettinen (1974), Am. J. Epidemiol. 99, 325-332. Of a mean: all sessions
    in place of affected ones, and how far it falls short.
    """
    low, high = difference.ratio.low, difference.ratio.high
    sessions = difference.sessions.value or 0.0
    if signal_of(difference.measure, difference.where) is None:
        return sessions * max(0.0, 1 - (high if high is not None else 1.0))
    affected = sessions * (difference.own.value or 0.0) / 100
    return affected * max(0.0, 1 - 1 / low) if low else 0.0


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
    return Finding(
        difference.measure, _where(names, signal), Sentence(text, names | values),
        sessions=_sessions(facts, _table_of(difference), difference.measure, difference.where),
        evidence=(difference.own, difference.other, difference.ratio),
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
    return Finding(
        measure, _where(names, signal), Sentence(text, names | {"own": now, "change": change, "then": then}),
        sessions=_sessions(facts, table, measure, where), evidence=(now, then, change), is_change=True,
    )  # fmt: skip


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


def _table_of(difference: Difference) -> str:
    return difference.own.source.table


def _sessions(facts: Facts, table: str, measure: str, where: dict[str, str | bool | None] | Where) -> Figure:
    """The affected sessions of a signal; of a mean all sessions of the rows."""
    if measure == "affected_session_rate":
        name = "affected_sessions"
    elif signal_of(measure, dict(where)):
        name = f"{measure.removesuffix(RATE)}_sessions"
    else:
        name = "sessions"
    return facts.marts.totals(table, [name], where=dict(where))[0][name]
