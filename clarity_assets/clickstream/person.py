"""A user's or visitor's name as the source has it in; what the newest models say of that person out."""

from dataclasses import dataclass
from datetime import date

import duckdb

from clarity_assets.clickstream.pseudonyms import pseudonym, pseudonym_key
from clarity_assets.settings import Settings

SEGMENT, PURCHASE = "marts.fct_clickstream_segment_person_weekly", "marts.fct_clickstream_purchase_person_weekly"
RECOMMENDATION = "marts.fct_clickstream_recommendation_weekly"


@dataclass(frozen=True)
class Person:
    """`recommended`: (rank, product, method); those of nobody in particular where the person is new (`is_known` false).

    `probability`: of a purchase within the horizon after the week; NULL where no model has a signal.
    """

    is_known: bool
    week: date | None
    segment: str | None
    probability: float | None
    decile: int | None
    recommended: tuple[tuple[int, str, str], ...]


def find_person(con: duckdb.DuckDBPyConnection, name: str, *, settings: Settings) -> Person:
    """The newest week's rows of the person. `name`: a user id, or a visitor id of somebody who never logged in."""
    key, project_id = pseudonym_key(settings), settings.need_project()
    ids = [pseudonym(name, key=key, kind=kind) for kind in ("user", "visitor")]
    segment = _newest(con, SEGMENT, "date, name", project_id, ids)
    purchase = _newest(con, PURCHASE, "date, probability, decile", project_id, ids)
    recommended = _recommended(con, project_id, ids)
    is_known = bool(segment or purchase or recommended)
    if not recommended:
        recommended = _recommended(con, project_id, None)
    weeks = [row[0] for row in (segment, purchase, *recommended) if row]
    return Person(
        is_known,
        max(weeks, default=None),
        segment[1] if segment else None,
        purchase[1] if purchase else None,
        purchase[2] if purchase else None,
        tuple(row[1:] for row in recommended),
    )


def _newest(con, table: str, columns: str, project_id: str, ids: list[int]) -> tuple | None:
    rows = con.execute(
        f"""select {columns} from {table} where project_id = $project_id and person_id in (select unnest($ids))
            and date = (select max(date) from {table} where project_id = $project_id) limit 1""",  # noqa: S608
        {"project_id": project_id, "ids": ids},
    ).fetchall()
    return rows[0] if rows else None


def _recommended(con, project_id: str, ids: list[int] | None) -> list[tuple]:
    """Date, rank, product and method of the newest week; `ids` None: of nobody in particular."""
    who = "person_id is null" if ids is None else "person_id in (select unnest($ids))"
    return con.execute(
        f"""select date, rank, product_id, method from {RECOMMENDATION} where project_id = $project_id and {who}
            and date = (select max(date) from {RECOMMENDATION} where project_id = $project_id) order by rank""",  # noqa: S608
        {"project_id": project_id} | ({} if ids is None else {"ids": ids}),
    ).fetchall()
