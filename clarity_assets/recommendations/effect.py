"""Recommendations marked done in; what happened to their numbers afterwards, all corrected together, out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from clarity_assets.recommendations.decisions import done_before
from clarity_assets.recommendations.store import Recommendation, read_last_found
from clarity_assets.reports.document import Finding, Name, Sentence
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.figures import ChangeFigure, Figure, Source
from clarity_assets.reports.measures import MEASURES
from clarity_assets.reports.period import Period, day_name
from clarity_assets.statistics.change import FALSE_NAME_SHARE, Change, Outcome, compare_all
from clarity_assets.statistics.multiple import false_discovery_adjusted
from clarity_assets.statistics.series import DailySeries

KINDS_OF_ROWS = ("dimension", "breakdown")  # columns that say which request tells a row, not what it is of
BASELINE = timedelta(days=28)  # before the day itself: whole weeks, as long as that number is usually still
LONGEST = timedelta(weeks=13)  # after it: later days tell of whatever else has changed since
AFTER = "the 13 weeks after"

CAUTION = "The 28 days before were picked for being bad; some of a drop comes by itself."
"""What every telling of effects says once (regression to the mean)."""


@dataclass(frozen=True)
class Effect:
    """What happened to the number of one recommendation once it was done. `before`, `after`: the days compared.

    `change` says what may be said; with few days it is `too few`. It tells what came after, not what it came from.
    """

    recommendation: Recommendation
    done_on: date
    before: Period
    after: Period
    own_before: Figure | None
    own_after: Figure | None
    change: ChangeFigure
    statement: Sentence

    @property
    def finding(self) -> Finding:
        """The same as a report's finding."""
        figures = tuple(figure for figure in (self.own_before, self.own_after, self.change) if figure)
        its = self.recommendation
        return Finding(its.rule, its.place, self.statement, evidence=figures, is_change=self.change.is_named)


def effects(facts: Facts) -> list[Effect]:
    """For each recommendation done before the period's end: the days since against the 28 before, newest first.

    The day itself is on neither side; of the days since, the first 13 weeks count. Whether one may be called a change
    is decided for all of them together (Benjamini-Hochberg), as in `statistics.change.compare_all`.
    """
    con, end = facts.marts.con, facts.period.end
    done = done_before(con, project_id=facts.project_id, until=end)
    changes = _compared(facts, done)
    newest = read_last_found(con, project_id=facts.project_id, until=end)
    found = [
        _effect(facts, its, on, changes[its.recommendation_id], _again(newest.get(its.recommendation_id), on))
        for its, on in done
    ]
    return sorted(found, key=lambda effect: (effect.done_on, effect.recommendation.recommendation_id), reverse=True)


def _periods(facts: Facts, on: date) -> tuple[Period, Period]:
    """The 28 days before, and the days since, LONGEST at most; these are none where it was done on the last day."""
    start = on + timedelta(days=1)
    return Period(on - BASELINE, on), Period(start, max(start, min(facts.period.end, start + LONGEST)))


def _compared(facts: Facts, done: Sequence[tuple[Recommendation, date]]) -> dict[str, Change]:
    """By id. Those of one day are compared at once, and all p-values are corrected together."""
    found: dict[str, Change] = {}
    for on in {on for _, on in done}:
        before, after = _periods(facts, on)
        those = {its.recommendation_id: its for its, its_on in done if its_on == on}
        if not after.day_count:
            nothing = Change(Outcome.TOO_FEW, np.nan, np.nan, 0, 0, reason="done on the last day")
            found |= dict.fromkeys(those, nothing)
            continue
        series = {its_id: _series(facts, its, Period(before.start, after.end)) for its_id, its in those.items()}
        found |= compare_all(series, period=(after.start, after.end), baseline=(before.start, before.end),
                             alike=lambda its_id, those=those: those[its_id].measure)  # fmt: skip
    return _corrected(found)


def _series(facts: Facts, its: Recommendation, days: Period) -> DailySeries:
    """The number day by day; a known day without a row of it has none, as where a page is gone."""
    kinds = {column: value for column, value in its.mart_rows.items() if column in KINDS_OF_ROWS}
    names = {column: value for column, value in its.mart_rows.items() if column not in KINDS_OF_ROWS}
    key = tuple(names.values())
    found = facts.marts.series(
        its.table_name, [its.measure], by=tuple(names), where=kinds, keys=[key], start=days.start, end=days.end
    )
    return found[its.measure][key]


def _corrected(found: dict[str, Change]) -> dict[str, Change]:
    """The changes, each named or not by the p-values of all."""
    p = false_discovery_adjusted(np.array([np.nan if c.p is None else c.p for c in found.values()], float))
    return {
        its_id: change
        if change.p is None
        else replace(change, p_adjusted=float(adjusted), outcome=_outcome(change, float(adjusted)))
        for (its_id, change), adjusted in zip(found.items(), p, strict=True)
    }


def _outcome(change: Change, p_adjusted: float) -> Outcome:
    if p_adjusted > FALSE_NAME_SHARE:
        return Outcome.NO_CHANGE_SHOWN
    return Outcome.INCREASE if (change.ratio or 0.0) > 1 else Outcome.DECREASE


def _again(last_found: tuple[date, date] | None, on: date) -> str:
    """Whether it was found since. `last_found`: latest start and latest end of the periods that found it."""
    if last_found is None or last_found[1] <= on + timedelta(days=1):
        return ""
    if last_found[0] > on:
        return " It is still found."
    return " It is still found, in a period that holds days before it too."


def _effect(facts: Facts, its: Recommendation, on: date, change: Change, again: str) -> Effect:
    before, after = _periods(facts, on)
    measure = MEASURES[its.measure]
    figure = ChangeFigure(
        change.ratio, "times",
        Source(its.table_name, its.measure, its.where, after.start, after.end, "change", (before.start, before.end)),
        low=change.interval.low if change.interval else None, high=change.interval.high if change.interval else None,
        decimals=2, outcome=change.outcome, better=measure.better, p_adjusted=change.p_adjusted, reason=change.reason,
        day_count=change.days_after,
    )  # fmt: skip
    own = [None, None] if measure.kind == "count" else [_own(facts, its, period) for period in (before, after)]
    is_over = facts.period.end > after.end
    statement = _statement(its, on, *own, figure, is_over=is_over, again=again)
    return Effect(its, on, before, after, *own, figure, statement)


def _own(facts: Facts, its: Recommendation, period: Period) -> Figure | None:
    if not period.day_count:
        return None
    [line] = facts.marts.totals(its.table_name, [its.measure], where=its.mart_rows, period=period)
    return line[its.measure]


def _statement(
    its: Recommendation, on: date, before: Figure | None, after: Figure | None, change: ChangeFigure, *,
    is_over: bool, again: str,
) -> Sentence:  # fmt: skip
    """Such as `Dead clicks on /checkout, done on Tue 6 Oct 2026: 5.1 % of the sessions since, against 22.4 % in …`.

    `is_over`: the LONGEST time after it lies behind. `again`: whether it is still found, in words.
    """
    start, measure = f"{{title}}, done on {day_name(on)} {on.year}: ", MEASURES[its.measure]
    values = {"title": Name(its.title, "title"), "before": before, "after": after, "change": change}
    if change.outcome is Outcome.TOO_FEW:
        little = f"too little is known of {AFTER} to say" if is_over else "too early to say"
        return Sentence(f"{start}{little} what came of it ({{reason}}).", values | {"reason": change.reason})
    since = f"in {AFTER}" if is_over else "since"
    if after is None:
        told = f"{measure.title.lower()} a day {since}, against the 28 days before: "
    else:
        of_sessions = " of the sessions" if measure.is_share else ""
        told = f"{{after}}{of_sessions} {since}, against {{before}} in the 28 days before: "
    word = " That is better." if change.is_good else " That is worse." if change.is_good is False else ""
    return Sentence(f"{start}{told}{{change}}.{word}{again}", values)
