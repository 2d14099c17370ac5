"""What somebody decided on a recommendation in; a row of `ops.recommendation_decision`, and shares of it, out."""

import difflib
import re
from dataclasses import dataclass
from datetime import date, datetime

import duckdb
import pyarrow as pa

from clarity_assets.clarity.quota import naive
from clarity_assets.errors import ClarityAssetsError, RequestRefused
from clarity_assets.recommendations.store import (
    DISMISSED,
    DONE,
    MART,
    OPEN,
    STATES,
    Recommendation,
    read_decided,
    read_recommendations,
    read_states,
)
from clarity_assets.recommendations.tables import (
    DECISION_TABLE,
    FOUND_TABLE,
    RECOMMENDATION_DECISION,
    RECOMMENDATION_TABLES,
)
from clarity_assets.reports.figures import Figure, Source
from clarity_assets.warehouse.columns import ARROW_TYPES
from clarity_assets.warehouse.query import one
from clarity_assets.warehouse.tables import ensure_tables, insert_rows, transaction

LEAST_DIGITS = 2
_ID = re.compile(rf"#?(r[0-9a-f]{{{LEAST_DIGITS},8}})")
HOW_TO_LIST = (
    "ids of reports over other days than a week or month are not kept; `clarity-assets recommend list` shows all that "
    "are"
)
NAMED = 5  # ids that an error spells out


class RecommendationUnknown(ClarityAssetsError):
    """No evaluated period found a recommendation of this id, the id is none, or several ids begin like it."""


@dataclass(frozen=True)
class Decision:
    """What is known of a recommendation's state. `was`: the state before. `is_repeat`: all of this was told already."""

    recommendation_id: str
    state: str
    decided_on: date
    decided_by: str | None
    note: str | None
    was: str
    is_repeat: bool = False


def find_id(con: duckdb.DuckDBPyConnection, text: str, *, project_id: str) -> str:
    """The id in full of an id, or of the start of one. Raises RecommendationUnknown, naming those that come close."""
    known = dict(
        con.execute(
            f"""select recommendation_id, arg_max(title, period_end) from {FOUND_TABLE}
                where project_id = ? group by 1 order by 1""",  # noqa: S608 - a constant
            [project_id],
        ).fetchall()
    )
    wanted = text.strip().lower()
    start = _ID.fullmatch(wanted)
    if not start:
        raise RecommendationUnknown(
            f"{text[:40]!r} is no recommendation's id: that is r and 8 hexadecimal digits, such as r4e9dec9f (its "
            f"start will do, from {LEAST_DIGITS} digits on); `clarity-assets recommend list` shows all"
        )
    found = [i for i in known if i.startswith(start[1])]
    if len(found) == 1:
        return found[0]
    if found:
        raise RecommendationUnknown(
            f"{start[1]} is the start of {len(found)} ids: {_named(found, known)}; give more digits"
        )
    close = difflib.get_close_matches(start[1], known, n=NAMED)
    near = f"close to it: {_named(close, known)}; " if close else ""
    raise RecommendationUnknown(f"nothing in project {project_id!r} has the id {start[1]}; {near}{HOW_TO_LIST}")


def _named(ids: list[str], titles: dict[str, str]) -> str:
    return ", ".join(f"{i} ({titles[i]})" for i in ids[:NAMED]) + (", …" if len(ids) > NAMED else "")


def decide(
    con: duckdb.DuckDBPyConnection,
    *,
    project_id: str,
    recommendation_id: str,
    state: str,
    on: date,
    by: str | None,
    note: str | None,
    recorded_at: datetime,
) -> Decision:
    """Add a decision; any state may follow any. The same one again (state, day, who, note) adds nothing and says so.

    The same state with another day, name or note corrects what was told. `on`: the UTC day it was decided, or done.
    `recommendation_id`: an id, or the start of one. Raises RecommendationUnknown, and RequestRefused for an unknown
    state, for a day after `recorded_at`, and for one before the first period that found it begins.
    """
    if state not in STATES:
        raise RequestRefused(f"{state!r} is no state of a recommendation; there are {', '.join(STATES)}")
    today = naive(recorded_at).date()
    if on > today:
        raise RequestRefused(f"{on} lies in the future (today is {today}, UTC); tell what is {state} once it is")
    with transaction(con):
        ensure_tables(con, RECOMMENDATION_TABLES)
        its_id = find_id(con, recommendation_id, project_id=project_id)
        _need_found_by(con, project_id, its_id, on=on)
        last = _last(con, project_id, its_id)
        was = last[0] if last else OPEN
        told = (state, on, by or None, note or None)
        is_repeat = last == told or (last is None and state == OPEN)
        if not is_repeat:
            _add(con, project_id, its_id, told, recorded_at)
        return Decision(its_id, *told, was=was, is_repeat=is_repeat)


def _need_found_by(con: duckdb.DuckDBPyConnection, project_id: str, its_id: str, *, on: date) -> None:
    [first] = one(
        con,
        f"select min(period_start) from {FOUND_TABLE} where project_id = ? and recommendation_id = ?",  # noqa: S608
        [project_id, its_id],
    )
    if on < first:
        raise RequestRefused(
            f"{on} lies before {first}, when the first period begins in which {its_id} was found: nobody can have "
            f"decided on it then; give --on a day from {first} on"
        )


def _last(con: duckdb.DuckDBPyConnection, project_id: str, recommendation_id: str) -> tuple | None:
    return one(
        con,
        f"""select state, decided_on, decided_by, note from {DECISION_TABLE}
            where project_id = ? and recommendation_id = ? order by decision_no desc limit 1""",  # noqa: S608
        [project_id, recommendation_id],
    )


def _add(con: duckdb.DuckDBPyConnection, project_id: str, its_id: str, told: tuple, recorded_at: datetime) -> None:
    [number] = one(con, f"select coalesce(max(decision_no), 0) + 1 from {DECISION_TABLE}")  # noqa: S608
    values = [project_id, its_id, number, *told, naive(recorded_at)]
    schema = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in RECOMMENDATION_DECISION])
    row = dict(zip(schema.names, values, strict=True))
    insert_rows(con, DECISION_TABLE, pa.Table.from_pylist([row], schema=schema))


def implemented_share(con: duckdb.DuckDBPyConnection, *, project_id: str, until: date) -> Figure:
    """Recommendations done / all ever found and not dismissed, in percent, as of the UTC day `until` (excluded).

    Found before `until` means: by a period that begins before it. Unknown where there are none.
    """
    rows = con.execute(
        f"""select recommendation_id, min(period_start) from {FOUND_TABLE}
            where project_id = ? and period_start < ? group by 1""",  # noqa: S608 - a constant
        [project_id, until],
    ).fetchall()
    states = read_states(con, project_id=project_id, until=until)
    kept = [states.get(its_id, OPEN) for its_id, _ in rows if states.get(its_id) != DISMISSED]
    share = 100 * kept.count(DONE) / len(kept) if kept else None
    first = min((start for _, start in rows), default=until)
    return Figure(share, "%", Source(MART, "implemented_share", (), first, until))


def done_before(con: duckdb.DuckDBPyConnection, *, project_id: str, until: date) -> list[tuple[Recommendation, date]]:
    """Recommendations that were done by the UTC day `until` (excluded), with the day on which."""
    decided = read_decided(con, project_id=project_id, until=until)
    days = {its_id: on for its_id, (state, on) in decided.items() if state == DONE}
    found = read_recommendations(con, project_id=project_id) if days else []
    return [(one, days[one.recommendation_id]) for one in found if one.recommendation_id in days]
