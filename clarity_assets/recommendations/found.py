"""A rule and what speaks for it in; one recommendation as data, with an id that stays from week to week, out."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

from clarity_assets.recommendations.rules import HORIZONS, Rule
from clarity_assets.recommendations.severity import ORDER, affected_of, level_of, reach_of, severity, strength_of
from clarity_assets.reports.contrasts import Difference
from clarity_assets.reports.document import Finding, Level, Name, Part, Sentence
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.figures import ChangeFigure, Figure, in_hundredths
from clarity_assets.reports.marts import SITE
from clarity_assets.reports.measures import MEASURES, SIGNAL_TITLES
from clarity_assets.reports.period import Period

Place = Mapping[str, str | None]
"""Where it is, for people and for the id: page, device, browser, source, medium, country, signal."""


@dataclass(frozen=True)
class Found:
    """One thing that should be done, as one period shows it.

    `ratio`: own against other with interval; None for what was not there before. `affected`: sessions it touches, of a
    mean all sessions of the group. `reach`: of the site's sessions on the days that both are known; of what grows, the
    added sessions alone. `strength`: how much worse for certain, 0-1; of what grows, which part of the added sessions
    is certain. `severity` = reach x strength.
    """

    id: str
    rule: Rule
    place: dict[str, str | None]
    title: Sentence
    statement: Sentence
    own: Figure
    other: Figure | None
    ratio: Figure | None
    affected: Figure
    site_sessions: Figure
    reach: float
    strength: float
    evidence: tuple[Figure, ...] = ()

    @property
    def severity(self) -> float:
        return severity(self.reach, self.strength)

    @property
    def level(self) -> Level:
        return level_of(self.severity, highest=self.rule.highest)

    @property
    def horizon(self) -> str:
        """When to act: `now`, `next two weeks` or `this month`."""
        return HORIZONS[self.level]

    @property
    def weight(self) -> tuple:
        """For sorting: what matters most first."""
        return ORDER.index(self.level), self.rule.is_chance, -self.severity, self.id

    @property
    def finding(self) -> Finding:
        """The same as a report's finding."""
        figures = (self.own, *((self.other,) if self.other else ()), *((self.ratio,) if self.ratio else ()))
        return Finding(
            self.rule.name, self.place, self.statement, sessions=self.affected, evidence=(*figures, *self.evidence),
            level=self.level, is_change=isinstance(self.ratio, ChangeFigure),
        )  # fmt: skip


def recommendation_id(project_id: str, rule: str, place: Place) -> str:
    """`r` and 8 hexadecimal digits of sha256; the same problem of the same project has the same id always."""
    text = json.dumps([project_id, rule, dict(sorted(place.items()))], ensure_ascii=False)
    return f"r{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def title_of(rule: Rule, place: Place) -> Sentence:
    """The rule's title with the place's names; device, page and country that it does not name itself are added."""
    values: dict[str, Part] = {column: Name(value, column) for column, value in place.items() if column != "signal"}
    if signal := place.get("signal"):
        values["signal"] = SIGNAL_TITLES[signal]
    added = [f" {'in' if column == 'browser' else 'on'} {{{column}}}" for column in ("page", "device", "browser")
             if column in place and f"{{{column}}}" not in rule.title]  # fmt: skip
    return Sentence(rule.title + "".join(added), values)


def total(facts: Facts, table: str, measure: str, where: Place, *, period: Period | None = None) -> Figure:
    """One number of a mart, with its source."""
    [line] = facts.marts.totals(table, [measure], where=where, period=period)
    return line[measure]


def counted(measure: str) -> str:
    """The measure that counts the sessions of a share, or all sessions of a mean."""
    if measure == "bot_share":
        return "bot_sessions"
    return measure.replace("_session_rate", "_sessions") if MEASURES[measure].is_share else "sessions"


def is_far(rule: Rule, difference: Difference | None, *, limit: float | None = None) -> bool:
    """Whether a difference is named, for the worse, and for certain as far from "the same" as the rule asks."""
    if difference is None or not difference.is_worse:
        return False
    ratio, limit = difference.ratio, rule.min_ratio if limit is None else limit
    if MEASURES[difference.measure].better == "high":
        return ratio.high is not None and ratio.high <= limit
    return ratio.low is not None and ratio.low >= limit and affected_of(difference) >= rule.min_sessions


def of_difference(
    facts: Facts,
    rule: Rule,
    difference: Difference,
    *,
    place: dict[str, str | None],
    statement: Sentence,
    evidence: tuple[Figure, ...] = (),
) -> Found | None:
    """The recommendation that rests on a difference; None where the site's sessions are not known."""
    source, sessions = difference.own.source, affected_of(difference)
    reach = reach_of(facts, source.table, source.where, sessions=sessions)
    if reach is None or sessions < rule.min_sessions:
        return None
    return Found(
        recommendation_id(facts.project_id, rule.name, place), rule, place, title_of(rule, place), statement,
        difference.own, difference.other, in_hundredths(difference.ratio),
        affected=total(facts, source.table, counted(difference.measure), dict(source.where)),
        site_sessions=total(facts, SITE, "sessions", {}), reach=reach,
        strength=strength_of(difference.ratio, better=MEASURES[difference.measure].better),
        evidence=evidence,
    )  # fmt: skip


def of_change(
    facts: Facts,
    rule: Rule,
    change: ChangeFigure,
    *,
    place: dict[str, str | None],
    statement: Sentence,
    own: Figure,
    other: Figure | None,
    affected: Figure,
    reach: float | None = None,
) -> Found | None:
    """The recommendation that rests on a named increase; None where too few are affected or the site is not known."""
    source, sessions = change.source, affected.value or 0.0
    if reach is None:
        reach = reach_of(facts, source.table, source.where, sessions=sessions)
    strength = strength_of(change, better="low")
    if reach is None or sessions < rule.min_sessions or not math.isfinite(strength):
        return None
    return Found(
        recommendation_id(facts.project_id, rule.name, place), rule, place, title_of(rule, place), statement, own,
        other, change, affected, total(facts, SITE, "sessions", {}), reach, strength,
    )  # fmt: skip
