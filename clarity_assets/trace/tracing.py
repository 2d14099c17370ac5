"""A number's id in; all that it came from, looked up and checked again in the warehouse as it is now, out."""

import math
from datetime import date

import duckdb

from clarity_assets.clarity import store
from clarity_assets.clarity.kept import closed_before
from clarity_assets.clarity.reading import page_rule
from clarity_assets.clarity.requests import all_requests
from clarity_assets.clarity.store import DayState
from clarity_assets.project_models import ROOT, project_models, read_requests, source_tables
from clarity_assets.reports.figures import Source
from clarity_assets.settings import Settings
from clarity_assets.trace import lineage
from clarity_assets.trace.answers import used_answers
from clarity_assets.trace.derivation import derive_again
from clarity_assets.trace.events import EventsTold, changed_since, events_behind, is_of_events, model_paths
from clarity_assets.trace.registry import Told, find_number
from clarity_assets.trace.selecting import (
    REMAINDER,
    SITE,
    Selection,
    by_request,
    columns_read,
    is_vague,
    measure_of,
    requests_of,
    sides_of,
)
from clarity_assets.trace.sides import Reader, days_of, landing_read
from clarity_assets.trace.traced import AnswerTold, ModelTold, Side, Traced

ENDS_HERE = {
    "ops.api_request": "Every row is one request in the quota ledger itself: there is nothing below it.",
    "ops.check_result": "Every row is what one check found when it ran: there is nothing below it.",
    "ops.recommendation_found": "Every row is what one rule found in that period, with its own evidence: see it there.",
    "marts.fct_collection_daily": "Its rows tell how each day is known (ops.clarity_day) and what was asked for it "
    "(ops.api_request): facts of the collection, not figures of an answer.",
    "marts.dim_page": "Its rows are made of marts.fct_page_daily: the days on which a page had a row.",
    "ops.clickstream_day": "Every row is one UTC day's file of events: there is nothing below it.",
    "marts.collection_gap": "Its rows are made of marts.fct_collection_daily: days that are not known.",
}
"""Why a trace goes no further down than the rows of these tables."""


def trace(con: duckdb.DuckDBPyConnection, number_id: str, *, settings: Settings) -> Traced:
    """All that the number came from. `number_id`: the id, or its first digits. Nothing is written.

    Raises NumberUnknown for an id that is none, unknown or ambiguous, and SourceUnreadable where the number's table,
    column or measure is not there any more.
    """
    project_id = settings.need_project()
    found_id, source, told = find_number(con, number_id, project_id=project_id)
    requests = by_request(read_requests(all_requests(extras=settings.extra_requests, order=settings.request_order)))
    measure = measure_of(source)
    models = project_models(settings)
    closed = closed_before(con, project_id)
    reader = Reader(con, project_id, measure, models, requests, closed)
    selections = [reader.on_days_of_own(side) for side in sides_of(source)]
    model, below = _model(reader, source, selections)
    sides = tuple(reader.read(side, landing=below[i]) for i, side in enumerate(selections))
    states = _states(con, project_id, selections, sides, below)
    answers = used_answers(con, states)
    again = None
    if states:
        again = derive_again(
            con, states, answers=answers, requests=requests, pages=page_rule(settings), closed_before=closed
        )
    events = _events(con, source, sides, settings=settings)
    now, is_same = _now(source, sides, told)
    return Traced(
        found_id, source, told, measure.title, measure.formula, now, is_same, sides, model, answers, again,
        (*_changed_days(answers, told), *changed_since(events, told[0].reported_at)),
        (*_notes(source, selections, is_above_landing=any(below), is_answered=bool(states or events)),
         *_deleted(sides, answers, closed=closed)),
        events,
    )  # fmt: skip


def _events(
    con: duckdb.DuckDBPyConnection, source: Source, sides: tuple[Side, ...], *, settings: Settings
) -> EventsTold | None:
    """What a number of the clickstream rests on; None: it is of none of its marts."""
    if not is_of_events(source.table):
        return None
    return events_behind(con, source.table, [(side.start, side.end) for side in sides], settings=settings)


def _deleted(sides: tuple[Side, ...], answers: tuple[AnswerTold, ...], *, closed: date | None) -> tuple[str, ...]:
    """What of it was deleted because its time was over."""
    notes = []
    if closed is not None and any(side.start < closed and side.landing for side in sides):
        notes.append(
            f"Landing rows of days before {closed} were deleted (CLARITY_KEEP_LANDING_DAYS), so that the marts' rows "
            "of these days cannot be held against them any more."
        )
    if count := sum(answer.is_deleted for answer in answers):
        notes.append(
            f"The bodies of {count} of its {len(answers)} answers were deleted (CLARITY_KEEP_ANSWERS_DAYS): their "
            "windows and hashes are known, but not what they said. A backup of before has them."
        )
    return tuple(notes)


def _notes(
    source: Source, selections: list[Selection], *, is_above_landing: bool, is_answered: bool
) -> tuple[str, ...]:
    """Why there are no answers to be told; and what cannot be told of the rows."""
    notes = []
    if is_vague(source):
        notes.append(
            "It is of all rows but those that it is held against; which these are, the number beside it names. "
            "The rows above are all of them together."
        )
    if any(side.only_on is not None and len(side.only_on) < (side.end - side.start).days for side in selections):
        notes.append(
            "The others are those of days on which the rows that they are held against have any session: other days "
            "say nothing of the difference."
        )
    if not is_answered and is_above_landing:
        notes.append("No day of it is known, so that no answer stands behind it.")
    elif not is_answered:
        notes.append(ENDS_HERE.get(source.table, f"{source.table} is no mart of landing rows: nothing is below it."))
    return tuple(notes)


def _model(reader: Reader, source: Source, selections: list[Selection]) -> tuple[ModelTold | None, list[dict]]:
    """The table's model with the lines of the columns read; and by side the landing columns that they end at."""
    model = reader.models.get(source.table)
    if model is None:
        return None, [{} for _ in selections]
    if model.is_by_engine:
        told = ModelTold(model.table, model_paths(model, ROOT.parent), tuple(model.upstream))
        return told, [{} for _ in selections]
    columns = columns_read(reader.measure, model.column_types)
    tables = source_tables(tuple(reader.requests.values())) | {t: m.column_types for t, m in reader.models.items()}
    lines = lineage.lines_down(reader.models, table=source.table, columns=columns, tables=tables)
    below, keep = [], set()
    for side in selections:
        leaves = set()
        for column in columns:
            ends = lineage.leaves_of(lines, (source.table, column))
            leaves |= _concerned(ends, side, reader)
            keep |= {end for end in ends if not end[0].startswith("landing.")} | leaves
        signal = dict(side.where).get("signal")
        leaves &= {leaf for sources in lineage.pruned(lines, keep=leaves, signal=signal).values() for leaf in sources}
        below.append(landing_read(leaves, reader.requests) if requests_of(side) else {})
    signals = {dict(side.where).get("signal") for side in selections}
    kept = lineage.pruned(lines, keep=keep, signal=signals.pop() if len(signals) == 1 else None)
    told = ModelTold(model.table, str(model.path.relative_to(ROOT.parent)), tuple(model.upstream), tuple(kept.items()))
    return told, below


def _concerned(ends: set, side: Selection, reader: Reader) -> set:
    """Of the landing columns that a mart's column may come from, those of the requests that tell this side's rows.

    The site's are among them where the column is of the site, and for a truncated day's remainder.
    """
    landing = {end for end in ends if end[0].startswith("landing.")}
    site = reader.requests[SITE].table
    own = {reader.requests[name].table for name in requests_of(side)}
    if {table for table, _ in landing} == {site} or dict(side.where).get(REMAINDER) is True:
        own.add(site)
    return {end for end in landing if end[0] in own}


def _states(con, project_id: str, selections: list[Selection], sides: tuple[Side, ...], below: list[dict]):
    """How each day of the requests concerned is known, by request and day."""
    found: dict[tuple[str, date], DayState] = {}
    for name in dict.fromkeys(name for side in below for name in side):
        days = set(days_of(tuple(side for side, of_side in zip(sides, below, strict=True) if name in of_side)))
        for day, state in store.load_days(con, project_id, name).items():
            if day in days and state.is_known:
                found[name, day] = state
    return found


def _now(source: Source, sides: tuple[Side, ...], told: tuple[Told, ...]) -> tuple[float | None, bool | None]:
    """The value now, and whether it is what the newest report told; None where the two may differ by right."""
    own = sides[0].value
    if is_vague(source):
        return None, None
    if source.statistic == "value":
        newest = told[0].value
        if own is None or newest is None:
            is_none = not sides[0].rows.count  # without rows a report may tell 0 or nothing
            return own, own == newest or (is_none and not own and not newest)
        return own, math.isclose(own, newest, rel_tol=1e-9)
    if source.statistic in ("trend", "forecast", "series", "median") or len(sides) < 2:
        return None, None
    first, second = (_level(side, per_day=source.statistic == "change") for side in (sides[0], sides[-1]))
    now = first / second if first is not None and second else None
    if now is not None and told[0].value is not None and math.isclose(now, told[0].value, rel_tol=1e-9):
        return now, True
    return now, None


def _level(side: Side, *, per_day: bool) -> float | None:
    """A count a known day where two spans of days are compared; a rate or a mean as it is."""
    if side.denominator is not None or not per_day or side.value is None:
        return side.value
    return side.value / side.known_days if side.known_days else None


def _changed_days(answers: tuple[AnswerTold, ...], told: tuple[Told, ...]) -> tuple[date, ...]:
    """Days of which an answer came after the newest report."""
    newest = told[0].reported_at
    late = [answer for answer in answers if answer.received_at and answer.received_at > newest]
    return tuple(sorted({use.date for answer in late for use in answer.uses}))
