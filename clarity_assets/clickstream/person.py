"""A user's or visitor's name as the source has it in; what the newest models say of that person out."""

from dataclasses import dataclass
from datetime import date

import duckdb

from clarity_assets.clickstream.pseudonyms import pseudonym, pseudonym_key
from clarity_assets.settings import Settings
from clarity_assets.warehouse.query import one

SEGMENTATION, SEGMENT = "marts.fct_clickstream_segmentation_weekly", "marts.fct_clickstream_segment_person_weekly"
MODEL, PURCHASE = "marts.fct_clickstream_purchase_model_weekly", "marts.fct_clickstream_purchase_person_weekly"
RECOMMENDATION = "marts.fct_clickstream_recommendation_weekly"
TABLES = (SEGMENTATION, SEGMENT, MODEL, PURCHASE, RECOMMENDATION)

NO_WEEK = "not known: no week is made yet"
NOT_SEEN = "not known: no visit in the days looked back on"
NO_CLOSER = "come no closer than the share of buyers"  # how a model's note says that its probabilities are off


@dataclass(frozen=True)
class Segment:
    """Of the newest week that segments were made of. `why`: what there is to say where `name` is NULL."""

    week: date | None
    name: str | None = None
    why: str = ""


@dataclass(frozen=True)
class Chance:
    """Of a purchase within the horizon after the week, the newest that a model was made of; `decile` 1 is the highest.

    `why`: what there is to say where `probability` is NULL; `reserve`: why the number is not to be taken at its word.
    """

    week: date | None
    probability: float | None = None
    decile: int | None = None
    why: str = ""
    reserve: str = ""


@dataclass(frozen=True)
class Offer:
    """`products`: (rank, product, method); where the person has no list (`is_own` false), what everybody new gets."""

    week: date | None
    is_own: bool
    products: tuple[tuple[int, str, str], ...]


@dataclass(frozen=True)
class Person:
    """`kind`: user or visitor, empty where no table knows the name."""

    kind: str
    segment: Segment
    chance: Chance
    offer: Offer


def find_person(con: duckdb.DuckDBPyConnection, name: str, *, settings: Settings) -> Person:
    """What TABLES, which must be there, tell of `name`: a user id, or a visitor id of somebody who never logged in.

    Where the name is both a user's and a visitor's, the user is meant.
    """
    key, project_id = pseudonym_key(settings), settings.need_project()
    ids = {kind: pseudonym(name, key=key, kind=kind) for kind in ("user", "visitor")}
    kind = next((kind for kind in ids if _is_known(con, project_id, ids[kind])), "")
    who = {"project_id": project_id, "person_id": ids.get(kind)}
    return Person(kind, _segment(con, who), _chance(con, who), _offer(con, who))


def _is_known(con, project_id: str, person_id: int) -> bool:
    """Whether the person stands in any week of any table."""
    return any(
        one(con, f"select 1 from {table} where project_id = ? and person_id = ? limit 1", [project_id, person_id])  # noqa: S608
        for table in (SEGMENT, PURCHASE, RECOMMENDATION)
    )


def _segment(con, who: dict) -> Segment:
    newest = _newest(con, SEGMENTATION, "k, note", who)
    if newest is None:
        return Segment(None, why=NO_WEEK)
    week, k, note = newest
    if not k:
        return Segment(week, why=f"not known: {note or 'too few persons'}")
    found = _of_week(con, SEGMENT, "name", who, week)
    return Segment(week, found[0]) if found else Segment(week, why=NOT_SEEN)


def _chance(con, who: dict) -> Chance:
    newest = _newest(con, MODEL, "verdict, note", who)
    if newest is None:
        return Chance(None, why=NO_WEEK)
    week, verdict, note = newest
    if verdict == "too few":
        return Chance(week, why=f"not known: {f'too few: {note}' if note else 'too few'}")
    if verdict != "signal":
        return Chance(week, why="not known: the model has no signal")
    found = _of_week(con, PURCHASE, "probability, decile", who, week)
    if not found:
        return Chance(week, why=NOT_SEEN)
    reserve = next((part for part in (note or "").split("; ") if NO_CLOSER in part), "")
    return Chance(week, *found, reserve=reserve)


def _offer(con, who: dict) -> Offer:
    newest = _newest(con, RECOMMENDATION, "project_id", who)
    if newest is None:
        return Offer(None, False, ())
    sql = f"""select rank, product_id, method from {RECOMMENDATION} where project_id = $project_id and date = $week
              and person_id is not distinct from $person_id order by rank"""  # noqa: S608 - a constant
    own = con.execute(sql, who | {"week": newest[0]}).fetchall() if who["person_id"] is not None else []
    products = own or con.execute(sql, who | {"week": newest[0], "person_id": None}).fetchall()
    return Offer(newest[0], bool(own), tuple(products))


def _newest(con, table: str, columns: str, who: dict) -> tuple | None:
    """Date and columns of the table's newest week, whoever it tells of."""
    sql = f"select date, {columns} from {table} where project_id = $project_id order by date desc limit 1"  # noqa: S608
    return one(con, sql, {"project_id": who["project_id"]})


def _of_week(con, table: str, columns: str, who: dict, week: date) -> tuple | None:
    sql = f"select {columns} from {table} where project_id = $project_id and date = $week and person_id = $person_id"  # noqa: S608
    return one(con, sql, who | {"week": week})
