"""What a schedule should have brought by now and did not: settings and time in, the jobs to start out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import duckdb

from clarity_assets.behind import built_hash, days_behind
from clarity_assets.clarity.missed_days import find_missed_days
from clarity_assets.clarity.store import KNOWN
from clarity_assets.clarity.windows import newest_complete_day
from clarity_assets.delivery.report_files import every, read_summary
from clarity_assets.delivery.report_state import state_of
from clarity_assets.delivery.tables import DELIVERY_TABLES, HELD, TABLE
from clarity_assets.operations.file import open_operations
from clarity_assets.reports.period import Period, newest_month, newest_week
from clarity_assets.settings import Settings
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.publish import COPY
from clarity_assets.warehouse.query import one

GRACE = timedelta(minutes=15)  # the schedule's own tick comes first
BACKUP_EVERY = timedelta(hours=26)


@dataclass(frozen=True)
class Overdue:
    """A job that was missed, or failed. `partition` is the first day of its week or month; None for others."""

    job: str
    partition: str | None
    why: str


def find_overdue(settings: Settings, *, now: datetime | None = None) -> list[Overdue]:
    """Reports of the newest week and month that were not made and queued, a backup that was not made, a published copy
    that knows other days than the warehouse.

    A report waits for marts that are behind. A period without a known day, or that begins before CLARITY_FIRST_DATE,
    is not overdue. Raises WarehouseError.
    """
    now = now or settings.clock()
    found = [_report(settings, period, now) for period in _periods(now)]
    return [job for job in (*found, *_upkeep(settings, now), *_publish(settings)) if job]


def report_waits(settings: Settings, period: Period) -> str:
    """Why a report of the period would tell less than it soon can; empty where it would not."""
    asked = [day.date for day in find_missed_days(settings).ask if period.start <= day.date < period.end]
    if asked:
        return f"{asked[0]} can still be asked; it is asked first"
    behind = [day for day in days_behind(settings).days if period.start <= day < period.end]
    return f"the marts of {behind[0]} are behind; they are built first" if behind else ""


def _periods(now: datetime) -> tuple[Period, Period]:
    newest = newest_complete_day(now)
    return newest_week(newest), newest_month(newest)


def _report(settings: Settings, period: Period, now: datetime) -> Overdue | None:
    job = "weekly" if period.kind == "week" else "monthly"
    due = datetime.combine(period.end, time.fromisoformat(settings.reports_at), UTC) + GRACE
    if now < due or period.start < settings.first_date or not _has_known_day(settings, period):
        return None
    why = _not_done(settings, period, f"{job}_summary", now)
    if not why or _is_behind(settings, period):
        return None
    return Overdue(job, period.start.isoformat(), why)


def _is_behind(settings: Settings, period: Period) -> bool:
    return any(period.start <= day < period.end for day in days_behind(settings).days)


def _not_done(settings: Settings, period: Period, report: str, now: datetime) -> str:
    """What is missing of a period's report: its file, its delivery, what is known since it was held."""
    if not (settings.reports / report / f"{period.slug}.json").exists():
        return f"the report of {period.name} was not made"
    if not settings.report_to.get_secret_value().strip():
        return ""
    states = _deliveries(settings, period)
    if not states:
        return f"the report of {period.name} was not sent"
    if HELD in states and _is_stale(settings, period, now):
        return f"more is known of {period.name} than its report, which is held"
    return ""


def _deliveries(settings: Settings, period: Period) -> set[str]:
    """The states of a report's deliveries."""
    with open_operations(settings, tables=DELIVERY_TABLES, label="overdue reports") as con:
        found = con.execute(
            f"select distinct status from {TABLE} where project_id = ? and message_id = ?",  # noqa: S608 - a constant
            [settings.need_project(), f"report:{every(period)}:{period.slug}"],
        ).fetchall()
    return {status for (status,) in found}


def _is_stale(settings: Settings, period: Period, now: datetime) -> bool:
    summary = read_summary(settings, period)
    opened = open_warehouse(settings.warehouse, timeout_s=settings.warehouse_timeout_s, label="held reports")
    with opened as con:
        return state_of(con, summary, project_id=settings.need_project(), now=now).stale is not None


def _has_known_day(settings: Settings, period: Period) -> bool:
    if not settings.warehouse.exists():
        return False
    opened = open_warehouse(settings.warehouse, timeout_s=settings.warehouse_timeout_s, label="overdue reports")
    with opened as con:
        if not one(con, "select 1 from duckdb_tables() where schema_name = 'ops' and table_name = 'clarity_day'"):
            return False
        known = one(
            con,
            "select 1 from ops.clarity_day where project_id = ? and date >= ? and date < ? and status in ? limit 1",
            [settings.need_project(), period.start, period.end, list(KNOWN)],
        )
    return known is not None


def _publish(settings: Settings) -> Iterator[Overdue]:
    copy = settings.published_folder / COPY
    if not settings.warehouse.exists():
        return
    with open_warehouse(settings.warehouse, timeout_s=settings.warehouse_timeout_s, label="overdue copy") as con:
        built = built_hash(con)
    if built is None:
        return
    if not copy.exists():
        yield Overdue("publish", None, "nothing was published yet")
        return
    with duckdb.connect(copy, read_only=True) as con:
        published = built_hash(con)
    if published != built:
        yield Overdue("publish", None, "days were built since the published copy was made")


def _upkeep(settings: Settings, now: datetime) -> Iterator[Overdue]:
    from clarity_assets.backups.folder import list_backups

    due = datetime.combine(now.date(), time.fromisoformat(settings.backup_at), UTC) + GRACE
    if now < due or not settings.warehouse.exists():
        return
    newest = max((backup.made_at for backup in list_backups(settings) if backup.is_verified), default=None)
    if newest is None or now - newest > BACKUP_EVERY:
        yield Overdue("upkeep", None, f"the newest backup is of {newest:%Y-%m-%d %H:%M} UTC" if newest else "no backup")
