"""Settings in; the warehouse's answers and landing rows whose time is over deleted, in one transaction, and told.

An answer loses its body; its row stays, so that every window is known and every day says what it came from. A day
loses its landing rows; its state stays in `ops.clarity_day`, its marts stay, and it is closed (clarity/kept.py).
Neither goes as long as it is needed: a body may be part of a later day's path, landing rows of marts not made yet.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from clarity_assets.behind import COMPARED, TABLE, TABLES
from clarity_assets.clarity import store
from clarity_assets.clarity.kept import ANSWERS, LANDING, note_deleted
from clarity_assets.clarity.settle import Settlement
from clarity_assets.clarity.windows import reach_of_an_answer
from clarity_assets.settings import Settings
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.query import one
from clarity_assets.warehouse.tables import ensure_tables, quoted, transaction

WINDOW = timedelta(days=3)  # the longest one: an answer that is older by it than the reach of a path is out of reach
SLACK = timedelta(days=2)  # edges lie up to half a day beside a day's, on both ends; and the day that is collected


@dataclass(frozen=True)
class Deleted:
    """What one run deleted: answers' bodies and landing rows, each of UTC days before a date; and why some stayed."""

    answers: int = 0
    answers_before: date | None = None
    landing_rows: int = 0
    landing_before: date | None = None
    notes: tuple[str, ...] = ()


def tidy_warehouse(settings: Settings, *, now: datetime) -> Deleted:
    """Delete what is older than CLARITY_KEEP_ANSWERS_DAYS and CLARITY_KEEP_LANDING_DAYS. Raises WarehouseError."""
    if not (settings.keep_answers_days or settings.keep_landing_days) or not settings.warehouse.exists():
        return Deleted()
    opened = open_warehouse(settings.warehouse, timeout_s=settings.warehouse_timeout_s, label="tidy")
    with opened as con:
        with transaction(con):
            settlement = Settlement(con, settings, now)
            store.ensure_tables(con, settlement.requests)
            ensure_tables(con, TABLES)
            settlement.settle_all()  # what time alone has changed: a day that is lost by now must be told as lost
            deleted = _tidy(settlement)
        if deleted.answers or deleted.landing_rows:
            con.execute("checkpoint")  # the room of what was deleted is used again
    return deleted


def _tidy(settlement: Settlement) -> Deleted:
    settings, notes = settlement.settings, []
    answers = rows = 0
    answers_before = landing_before = None
    if settings.keep_answers_days:
        answers_before = _answers_before(settlement, notes)
        answers = _delete_bodies(settlement, answers_before)
    if settings.keep_landing_days:
        landing_before = _landing_before(settlement, notes)
        rows = _delete_landing(settlement, landing_before)
    return Deleted(answers, answers_before, rows, landing_before, tuple(notes))


# --- answers ------------------------------------------------------------------------------------------------------


def _answers_before(settlement: Settlement, notes: list[str]) -> date:
    """Answers whose windows ended before this day go: no path that a later answer is part of leads back to them."""
    today, settings = settlement.now.date(), settlement.settings
    wanted = today - timedelta(days=settings.keep_answers_days)
    out_of_reach = today - reach_of_an_answer(settings.max_arcs) - WINDOW - SLACK
    if out_of_reach < wanted:
        kept = one(
            settlement.con,
            """select count(*) from ops.clarity_answer
               where project_id = ? and window_end >= ? and window_end < ? and body is not null""",
            [settlement.project_id, _midnight(out_of_reach), _midnight(wanted)],
        )[0]
        if kept:
            notes.append(
                f"{kept} answers of {out_of_reach} to {wanted - timedelta(days=1)} are kept longer than "
                f"CLARITY_KEEP_ANSWERS_DAYS={settings.keep_answers_days}: with CLARITY_MAX_ARCS={settings.max_arcs} a "
                f"day may still be told through answers of the last {(today - out_of_reach).days} days"
            )
    return min(wanted, out_of_reach)


def _delete_bodies(settlement: Settlement, before: date) -> int:
    con, project_id = settlement.con, settlement.project_id
    which = "where project_id = ? and window_end < ? and body is not null"
    params = [project_id, _midnight(before)]
    [count] = one(con, f"select count(*) from ops.clarity_answer {which}", params)  # noqa: S608 - a constant
    if count:
        con.execute(f"update ops.clarity_answer set body = null {which}", params)  # noqa: S608 - a constant
        note_deleted(con, ANSWERS, project_id=project_id, before=before, now=settlement.now, count=count)
    return count


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


# --- landing rows -------------------------------------------------------------------------------------------------


def _landing_before(settlement: Settlement, notes: list[str]) -> date:
    """Days before this one lose their landing rows: those old enough, up to the first whose marts are not as known."""
    wanted = settlement.now.date() - timedelta(days=settlement.settings.keep_landing_days)
    first_unmade = _first_unmade(settlement, wanted)
    if first_unmade is None:
        return wanted
    notes.append(
        f"landing rows of {first_unmade} and later are kept longer than CLARITY_KEEP_LANDING_DAYS="
        f"{settlement.settings.keep_landing_days}: the marts of {first_unmade} were not made whole of what is known of "
        f"it; run `clarity-assets build --from {first_unmade} --to {wanted - timedelta(days=1)}`"
    )
    return first_unmade


def _first_unmade(settlement: Settlement, before: date) -> date | None:
    """The first open day before this one whose marts were not made whole of what is known of it now (behind.py)."""
    differs = " or ".join(f"d.{name} is distinct from b.{name}" for name in COMPARED)
    [day] = one(
        settlement.con,
        f"""select min(d.date) from ops.clarity_day d left join {TABLE} b using (project_id, request, date)
            where d.project_id = $project and d.date < $before and coalesce(d.date >= $open, true)
              and (b.status is null or {differs})""",  # noqa: S608 - constants
        {"project": settlement.project_id, "before": before, "open": settlement.closed_before},
    )
    return day


def _delete_landing(settlement: Settlement, before: date) -> int:
    con, project_id = settlement.con, settlement.project_id
    tables = con.execute(  # rejected rows of event files are of no day
        """select table_name from duckdb_columns()
           where schema_name = 'landing' and column_name = 'date' and database_name = current_database()"""
    ).fetchall()
    count = 0
    for (name,) in tables:
        sql = f"delete from {quoted(f'landing.{name}')} where project_id = ? and date < ?"  # noqa: S608 - quoted
        count += one(con, sql, [project_id, before])[0]
    if count:
        note_deleted(con, LANDING, project_id=project_id, before=before, now=settlement.now, count=count)
    return count
