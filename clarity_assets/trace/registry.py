"""The numbers that reports tell in, rows of `ops.report_number` out; an id, or the start of one, back to its source."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb
import pyarrow as pa

from clarity_assets.clarity.quota import naive
from clarity_assets.errors import ClarityAssetsError
from clarity_assets.reports.figures import Figure, Source
from clarity_assets.warehouse.columns import ARROW_TYPES, Column
from clarity_assets.warehouse.query import one
from clarity_assets.warehouse.tables import ensure_tables, insert_rows, transaction

TABLE = "ops.report_number"
COMMENT = "Every number that a report told, and where it came from; replaced when the report is made anew."

REPORT_NUMBER = (
    Column("project_id", "VARCHAR", "Clarity project."),
    Column("number_id", "VARCHAR", "n and 12 hexadecimal digits; the same number has the same id in every report."),
    Column("source", "JSON", "Table, measure, rows, days, statistic, and what it is compared with."),
    Column("value", "DOUBLE", "The number as told, in its unit. NULL: told as unknown."),
    Column("low", "DOUBLE", "Lower end of its 95 % interval. NULL: it has none."),
    Column("high", "DOUBLE", "Upper end of its 95 % interval. NULL: it has none."),
    Column("unit", "VARCHAR", "Unit of value, low and high."),
    Column("report", "VARCHAR", "Which report told it: kind and slug."),
    Column("reported_at", "TIMESTAMP", "When that report was made (UTC)."),
)

LEAST_DIGITS = 4  # as git: fewer would nearly always be ambiguous
_ID = re.compile(rf"#?(n[0-9a-f]{{{LEAST_DIGITS},12}})")
HOW_IDS_LOOK = (
    f"an id is n and 12 hexadecimal digits, such as n3fa02c77b1de (its start will do, from {LEAST_DIGITS} digits on); "
    "it stands beside every number of a report's JSON as `id`, and in its HTML"
)
NAMED = 5  # ids that an error spells out


class NumberUnknown(ClarityAssetsError):
    """No report told a number of this id, the id is none, or several ids begin like it."""


@dataclass(frozen=True)
class Told:
    """A number as one report told it."""

    report: str
    reported_at: datetime
    value: float | None
    low: float | None
    high: float | None
    unit: str


def remember_numbers(
    con: duckdb.DuckDBPyConnection,
    *,
    project_id: str,
    report: str,
    figures: Iterable[Figure],
    reported_at: datetime,
) -> int:
    """Replace what `report` (kind and slug) told before by these figures, in one transaction; how many.

    Figures without a source are passed over; of several with one id the first counts. `reported_at` has a zone.
    """
    found = {figure.id: figure for figure in reversed(list(figures)) if figure.source}
    columns = {
        "project_id": [project_id] * len(found),
        "number_id": list(found),
        "source": [json.dumps(figure.source.as_json()) for figure in found.values()],
        **{name: [getattr(figure, name) for figure in found.values()] for name in ("value", "low", "high", "unit")},
        "report": [report] * len(found),
        "reported_at": [naive(reported_at)] * len(found),
    }
    rows = pa.table({c.name: pa.array(columns[c.name], ARROW_TYPES[c.type]) for c in REPORT_NUMBER})
    with transaction(con):
        ensure_tables(con, {TABLE: (REPORT_NUMBER, COMMENT)})
        con.execute(f"delete from {TABLE} where project_id = ? and report = ?", [project_id, report])  # noqa: S608
        return insert_rows(con, TABLE, rows) if rows.num_rows else 0


def find_number(con: duckdb.DuckDBPyConnection, text: str, *, project_id: str) -> tuple[str, Source, tuple[Told, ...]]:
    """The id in full, its source, and how each report told it, newest first. `text`: an id, or the start of one.

    Raises NumberUnknown for what is no id, what no report told, and a start that several ids have.
    """
    start = _ID.fullmatch(text.strip().lower())
    if not start:
        raise NumberUnknown(f"{_shown(text)} is no number's id; {HOW_IDS_LOOK}")
    rows = _rows(con, start[1], project_id=project_id)
    if not rows:
        raise NumberUnknown(
            f"no report of project {project_id!r} told a number {start[1]}; {HOW_IDS_LOOK} "
            "(a report that was made anew may tell other numbers now)"
        )
    ids = list(dict.fromkeys(row[0] for row in rows))
    if len(ids) > 1:
        named = ", ".join(f"{i} ({_measure(rows, i)})" for i in ids[:NAMED]) + (", …" if len(ids) > NAMED else "")
        raise NumberUnknown(f"{start[1]} is the start of {len(ids)} ids: {named}; give more digits")
    told = tuple(Told(report, at.replace(tzinfo=UTC), *value) for _, _, report, at, *value in rows)
    return ids[0], Source.from_json(json.loads(rows[0][1])), told


def _rows(con: duckdb.DuckDBPyConnection, start: str, *, project_id: str) -> list[tuple]:
    """By report, newest first; none where no report was ever made."""
    is_there = one(con, "select 1 from duckdb_tables() where schema_name || '.' || table_name = ?", [TABLE])
    if not is_there:
        return []
    return con.execute(
        f"""select number_id, source, report, reported_at, value, low, high, unit from {TABLE}
            where project_id = ? and starts_with(number_id, ?) order by reported_at desc, report, number_id""",  # noqa: S608
        [project_id, start],
    ).fetchall()


def _measure(rows: list[tuple], number_id: str) -> str:
    source, report = next((row[1], row[2]) for row in rows if row[0] == number_id)
    return f"{json.loads(source)['measure']} in {report}"


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")
