"""What a period's evaluation found in; rows of `ops.recommendation_found`, and recommendations read back, out."""

import json
import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime

import duckdb
import pyarrow as pa

from clarity_assets.clarity.quota import naive
from clarity_assets.recommendations.found import Found
from clarity_assets.recommendations.rules import HORIZONS, RULES_BY_NAME, Rule
from clarity_assets.recommendations.severity import ORDER
from clarity_assets.recommendations.tables import (
    FOUND_TABLE,
    RECOMMENDATION_FOUND,
    RECOMMENDATION_TABLES,
    VALID_DECISIONS,
)
from clarity_assets.reports.document import Level
from clarity_assets.reports.figures import Figure, Where
from clarity_assets.reports.period import Period
from clarity_assets.reports.rendering.texts import sentence_text
from clarity_assets.warehouse.columns import ARROW_TYPES
from clarity_assets.warehouse.tables import ensure_tables, replace_partition, transaction

MART = "marts.recommendation"
OPEN, ACCEPTED, DONE, DISMISSED = "open", "accepted", "done", "dismissed"
STATES = (OPEN, ACCEPTED, DONE, DISMISSED)


@dataclass(frozen=True)
class Recommendation:
    """One row of `marts.recommendation`; the columns' meanings stand in its contract."""

    recommendation_id: str
    rule: str
    audience: str
    place: dict[str, str | None]
    title: str
    statement: str
    table_name: str
    measure: str
    mart_rows: dict[str, str | bool | None]
    unit: str
    own: float | None
    other: float | None
    ratio: float | None
    low: float | None
    high: float | None
    affected_sessions: int | None
    site_sessions: int | None
    reach: float
    strength: float
    severity: float
    level: Level
    evidence: list[dict]
    first_period_start: date
    last_period_kind: str
    last_period_start: date
    last_period_end: date
    times_found: int
    found_at: datetime
    state: str
    decided_on: date | None
    decided_by: str | None
    note: str | None

    @property
    def horizon(self) -> str:
        """When to act: `now`, `next two weeks` or `this month`."""
        return HORIZONS[self.level]

    @property
    def told_by(self) -> Rule | None:
        """Its rule, with reason and what to try; None where that rule is no more."""
        return RULES_BY_NAME.get(self.rule)

    @property
    def where(self) -> Where:
        """The mart's rows, as a number's source has them."""
        return tuple(self.mart_rows.items())


def store_found(
    con: duckdb.DuckDBPyConnection, *, project_id: str, period: Period, found: Iterable[Found], found_at: datetime
) -> int:
    """Replace what the period's evaluation found before, in one transaction; how many. None clears it."""
    about = {
        "project_id": project_id, "period_kind": period.kind, "period_start": period.start, "period_end": period.end,
    }  # fmt: skip
    rows = [about | _row(one) | {"found_at": naive(found_at)} for one in found]
    schema = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in RECOMMENDATION_FOUND])
    with transaction(con):
        ensure_tables(con, RECOMMENDATION_TABLES)
        return replace_partition(con, FOUND_TABLE, pa.Table.from_pylist(rows, schema=schema), where=about)


def _row(found: Found) -> dict[str, object]:
    place, source, ratio, other = found.place, found.own.source, found.ratio, found.other
    return {
        "recommendation_id": found.id, "rule": found.rule.name, "audience": found.rule.audience,
        "place": json.dumps(place, ensure_ascii=False), "page": place.get("page"), "device": place.get("device"),
        "segment": _segment(place), "signal": place.get("signal") or found.rule.signal,
        "title": sentence_text(found.title), "statement": sentence_text(found.statement),
        "table_name": source.table, "measure": source.measure,
        "mart_rows": json.dumps(dict(source.where), ensure_ascii=False), "unit": found.own.unit,
        "own": _finite(found.own.value), "other": _finite(other.value) if other else None,
        "ratio": _finite(ratio.value) if ratio else None, "low": _finite(ratio.low) if ratio else None,
        "high": _finite(ratio.high) if ratio else None, "affected_sessions": _whole(found.affected.value),
        "site_sessions": _whole(found.site_sessions.value), "reach": found.reach, "strength": found.strength,
        "severity": found.severity, "level": found.level.value,
        "evidence": json.dumps([_told(figure) for figure in _figures(found)], ensure_ascii=False),
    }  # fmt: skip


def _segment(place: dict[str, str | None]) -> str | None:
    if "source" in place:
        return " / ".join(part or "(none)" for part in (place["source"], place.get("medium")))
    return place.get("browser") or place.get("country")


def _figures(found: Found) -> list[Figure]:
    finding = found.finding
    figures = (found.affected, found.site_sessions, *finding.evidence)
    return list({figure.id: figure for figure in reversed(figures) if figure.source}.values())[::-1]


def _told(figure: Figure) -> dict[str, object]:
    return {
        "id": figure.id, "measure": figure.source.measure, "where": dict(figure.source.where),
        "statistic": figure.source.statistic,
        "value": _finite(figure.value), "low": _finite(figure.low), "high": _finite(figure.high), "unit": figure.unit,
    }  # fmt: skip


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def read_recommendations(
    con: duckdb.DuckDBPyConnection, *, project_id: str, states: Collection[str] | None = None
) -> list[Recommendation]:
    """All that were ever found, open ones first, then by level and severity; of these `states` alone, if given."""
    names = [field.name for field in fields(Recommendation)]
    rows = con.execute(f"select {', '.join(names)} from {MART} where project_id = ?", [project_id]).fetchall()  # noqa: S608
    found = [_recommendation(dict(zip(names, row, strict=True))) for row in rows]
    if states is not None:
        found = [one for one in found if one.state in states]
    return sorted(found, key=_weight)


def _weight(one: Recommendation) -> tuple:
    """For sorting, as `Found.weight` within each state."""
    is_chance = one.told_by is not None and one.told_by.is_chance
    return STATES.index(one.state), ORDER.index(one.level), is_chance, -one.severity, one.recommendation_id


def read_states(con: duckdb.DuckDBPyConnection, *, project_id: str, until: date | None = None) -> dict[str, str]:
    """State by id, of those that somebody decided on; as it was before the UTC day `until`, if given."""
    decided = read_decided(con, project_id=project_id, until=until)
    return {its_id: state for its_id, (state, _) in decided.items()}


def read_decided(con: duckdb.DuckDBPyConnection, *, project_id: str, until: date | None) -> dict[str, tuple[str, date]]:
    """State and the UTC day of it by id, of those that somebody decided on before the UTC day `until` (None: ever)."""
    rows = con.execute(
        f"""select recommendation_id, arg_max(state, decision_no), arg_max(decided_on, decision_no)
            from {VALID_DECISIONS}
            where project_id = $project_id and ($until is null or decided_on < $until)
            group by recommendation_id""",  # noqa: S608 - a constant
        {"project_id": project_id, "until": until},
    ).fetchall()
    return {its_id: (state, on) for its_id, state, on in rows}


def read_last_found(con: duckdb.DuckDBPyConnection, *, project_id: str, until: date) -> dict[str, tuple[date, date]]:
    """Latest start and latest end (excluded) of the periods that found it, by id; of those that end by `until`.

    The two can be of two periods: a month that ends last began before weeks within it.
    """
    rows = con.execute(
        f"""select recommendation_id, max(period_start), max(period_end) from {FOUND_TABLE}
            where project_id = ? and period_end <= ? group by recommendation_id""",  # noqa: S608 - a constant
        [project_id, until],
    ).fetchall()
    return {its_id: (start, end) for its_id, start, end in rows}


@dataclass(frozen=True)
class Evaluation:
    """What one period said of a recommendation."""

    period: Period
    own: float | None
    other: float | None
    ratio: float | None
    low: float | None
    high: float | None
    affected_sessions: int | None
    severity: float
    level: Level


def read_history(con: duckdb.DuckDBPyConnection, *, project_id: str, recommendation_id: str) -> Sequence[Evaluation]:
    """Every period that found it, the newest first."""
    rows = con.execute(
        f"""select period_start, period_end, period_kind, own, other, ratio, low, high, affected_sessions, severity,
                level
            from {FOUND_TABLE} where project_id = ? and recommendation_id = ?
            order by period_end desc, period_start desc""",  # noqa: S608 - a constant
        [project_id, recommendation_id],
    ).fetchall()
    return [Evaluation(Period(*row[:3]), *row[3:-1], Level(row[-1])) for row in rows]


def _recommendation(row: dict) -> Recommendation:
    for name in ("place", "mart_rows", "evidence"):
        row[name] = json.loads(row[name])
    return Recommendation(**row | {"level": Level(row["level"])})
