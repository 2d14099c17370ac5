"""What retention has deleted (operations/retention.py): the warehouse in; the days and answers concerned out.

Deleted are an answer's body, whose row stays with window and hash; and a day's landing rows, whose state stays in
`ops.clarity_day` and whose marts stay. Such a day is closed: nothing is settled, rebuilt or built of it any more.
"""

from datetime import date, datetime

import duckdb

from clarity_assets.clarity.quota import naive
from clarity_assets.errors import RequestRefused
from clarity_assets.warehouse.query import one

ANSWERS, LANDING = "answers", "landing"


def closed_before(con: duckdb.DuckDBPyConnection, project_id: str | None = None) -> date | None:
    """The first UTC day whose landing rows are kept, of one project or of all; None where none were deleted."""
    return _before(con, LANDING, project_id)


def open_part(con: duckdb.DuckDBPyConnection, *, start: date, end: date) -> dict[str, date]:
    """The days of [start, end) that marts can be made of: without landing rows, marts would be emptied.

    Raises RequestRefused where all of them are closed, of whichever project.
    """
    before = closed_before(con)
    if before is None or start >= before:
        return {"start": start, "end": end}
    if end <= before:
        raise RequestRefused(closed_text(start, before))
    return {"start": before, "end": end}


def closed_text(day: date, before: date) -> str:
    return (
        f"{day}: days before {before} are closed, because their landing rows were deleted (CLARITY_KEEP_LANDING_DAYS); "
        f"their marts stay as they are - begin at {before} or later"
    )


def deleted_answers(con: duckdb.DuckDBPyConnection, project_id: str) -> frozenset[str]:
    """The answers whose bodies were deleted: their windows are known, but nothing can be read of them."""
    before = _before(con, ANSWERS, project_id)
    if before is None:
        return frozenset()
    rows = con.execute(
        "select answer_id from ops.clarity_answer where project_id = ? and window_end < ? and body is null",
        [project_id, before],
    ).fetchall()
    return frozenset(answer_id for (answer_id,) in rows)


def _before(con: duckdb.DuckDBPyConnection, what: str, project_id: str | None) -> date | None:
    is_there = one(
        con,
        """select 1 from duckdb_tables() where schema_name = 'ops' and table_name = 'retention'
           and database_name = current_database()""",
    )
    if not is_there:
        return None
    [before] = one(
        con,
        "select max(before_date) from ops.retention where what = $what and coalesce(project_id = $project, true)",
        {"what": what, "project": project_id},
    )
    return before


def note_deleted(
    con: duckdb.DuckDBPyConnection, what: str, *, project_id: str, before: date, now: datetime, count: int
) -> None:
    """Remember what was deleted, in the transaction that deletes it."""
    con.execute("insert into ops.retention values (?, ?, ?, ?, ?)", [project_id, what, before, naive(now), count])
