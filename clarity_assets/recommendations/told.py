"""Recommendations as kept in; rows and lines for a terminal out: all of them, one with all that is known of it."""

from datetime import timedelta

import duckdb

from clarity_assets.clarity.windows import newest_complete_day
from clarity_assets.project_models import ensure_project
from clarity_assets.recommendations.decisions import Decision, find_id
from clarity_assets.recommendations.effect import CAUTION, effects
from clarity_assets.recommendations.store import DONE, Evaluation, Recommendation, read_history, read_recommendations
from clarity_assets.reports.facts import read_facts
from clarity_assets.reports.period import Period
from clarity_assets.reports.rendering.numbers import number_text
from clarity_assets.reports.rendering.texts import printable, sentence_text, shorten
from clarity_assets.settings import Settings

LIST_COLUMNS = ("id", "state", "level", "when", "severity", "sessions", "last found", "what")
HISTORY_SHOWN = 12


def list_rows(
    con: duckdb.DuckDBPyConnection, *, settings: Settings, states: tuple[str, ...] | None = None
) -> list[tuple[str, ...]]:
    """A row of LIST_COLUMNS for each recommendation of the project (of these states): open ones first, by severity.

    A chance, such as a page that takes off, hits nobody: `chance` in place of its severity.
    """
    ensure_project(con, settings)
    found = read_recommendations(con, project_id=settings.need_project(), states=states)
    return [
        (
            one.recommendation_id, one.state, one.level.value, one.horizon, _severity(one),
            _number(one.affected_sessions), _period(one), printable(one.title),
        )
        for one in found
    ]  # fmt: skip


def show_lines(con: duckdb.DuckDBPyConnection, *, settings: Settings, recommendation_id: str) -> list[str]:
    """All that is known of one: statement, evidence, reason, what to try, decision, history, effect.

    Raises RecommendationUnknown.
    """
    ensure_project(con, settings)
    project_id = settings.need_project()
    its_id = find_id(con, recommendation_id, project_id=project_id)
    [one] = [r for r in read_recommendations(con, project_id=project_id) if r.recommendation_id == its_id]
    lines = [
        f"{one.recommendation_id}  {printable(one.title)}",
        f"{one.level.value} (act {_when(one)}), {_state(one)}",
        "",
        printable(one.statement),
        _weighed(one),
        *_advice(one),
        "",
        "Evidence (clarity-assets trace ID):",
        *(f"  {_evidence(number)}" for number in one.evidence),
        "",
        f"Found in {one.times_found} period{'' if one.times_found == 1 else 's'}, first from {one.first_period_start}:",
        *(f"  {_evaluation(e, one.unit)}" for e in read_history(con, project_id=project_id, recommendation_id=its_id)
          [:HISTORY_SHOWN]),
    ]  # fmt: skip
    return lines + (_effect(con, one, settings) if one.state == DONE else [])


def decided_line(decision: Decision) -> str:
    """What a decision has changed, in words."""
    by = f" by {printable(decision.decided_by)}" if decision.decided_by else ""
    now = f"{decision.recommendation_id} is {decision.state} since {decision.decided_on}{by}"
    if decision.is_repeat:
        return f"{decision.recommendation_id} is {decision.state} already; nothing was added"
    if decision.was == decision.state:
        return f"{now}: corrected"
    return f"{now} (it was {decision.was})"


def _is_chance(one: Recommendation) -> bool:
    return one.told_by is not None and one.told_by.is_chance


def _severity(one: Recommendation) -> str:
    return "chance" if _is_chance(one) else f"{100 * one.severity:.2f} %"


def _weighed(one: Recommendation) -> str:
    touched = f"Touches {_number(one.affected_sessions)} of the {_number(one.site_sessions)} sessions of {_period(one)}"
    if _is_chance(one):
        return (
            f"{touched}; a chance: added sessions {100 * one.reach:.2f} % × sure part {one.strength:.2f} = "
            f"{100 * one.severity:.2f} % of all sessions, at least."
        )
    return (
        f"{touched}; severity = reach {100 * one.reach:.2f} % × strength {one.strength:.2f} = "
        f"{100 * one.severity:.2f} % of all sessions hit without need, at least."
    )


def _advice(one: Recommendation) -> list[str]:
    if one.told_by is None:
        return []
    return [
        "",
        f"Why it matters: {one.told_by.reason}",
        "What to try:",
        *(f"  - {text}" for text in one.told_by.to_try),
    ]


def _when(one: Recommendation) -> str:
    return one.horizon if one.horizon != "next two weeks" else "in the next two weeks"


def _state(one: Recommendation) -> str:
    if one.decided_on is None:
        return one.state
    by = f" by {printable(one.decided_by)}" if one.decided_by else ""
    note = f": {printable(one.note)}" if one.note else ""
    return f"{one.state} on {one.decided_on}{by}{note}"


def _period(one: Recommendation) -> str:
    return Period(one.last_period_start, one.last_period_end, one.last_period_kind).name


def _number(value: float | None, decimals: int = 0) -> str:
    return "unknown" if value is None else number_text(value, decimals)


def _evidence(number: dict) -> str:
    low, high = number["low"], number["high"]
    limits = "" if low is None and high is None else f" ({_limit(low)}–{_limit(high)})"
    kind = "" if number["statistic"] == "value" else f" ({number['statistic']})"
    place = ", ".join(_named(column, value) for column, value in number["where"].items())
    of = f" of {place}" if place else ""
    return f"{number['id']}  {number['measure']}{of}{kind}: {_amount(number['value'], number['unit'])}{limits}"


def _named(column: str, value: str | bool | None) -> str:
    return "all others" if column == "is_other" else shorten(printable(str(value or f"no {column}")), length=60)


def _amount(value: float | None, unit: str) -> str:
    return f"{_number(value, 0 if 'sessions' in unit else 1)} {unit}"


def _limit(value: float | None) -> str:
    return "any" if value is None else number_text(value, 2)


def _evaluation(evaluation: Evaluation, unit: str) -> str:
    parts = [f"{evaluation.period.name}: {evaluation.level.value}, {_amount(evaluation.own, unit)}"]
    if evaluation.other is not None:
        parts.append(f"against {_number(evaluation.other, 1)}")
    if evaluation.ratio is not None:
        parts.append(f"{_number(evaluation.ratio, 2)} times ({_limit(evaluation.low)}–{_limit(evaluation.high)})")
    return ", ".join([*parts, f"{_number(evaluation.affected_sessions)} sessions"])


def _effect(con: duckdb.DuckDBPyConnection, one: Recommendation, settings: Settings) -> list[str]:
    """What happened since it was done, up to the newest complete day."""
    end = newest_complete_day(settings.clock()) + timedelta(days=1)
    facts = read_facts(con, settings=settings, period=Period(end - timedelta(days=7), end), made_at=settings.clock())
    told = [e.statement for e in effects(facts) if e.recommendation.recommendation_id == one.recommendation_id]
    lines = [*(sentence_text(statement) for statement in told), CAUTION]
    return ["", "What came of it:", *(f"  {line}" for line in lines)] if told else []
