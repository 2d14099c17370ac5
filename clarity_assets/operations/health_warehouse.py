"""The warehouse in; whether it opens and is intact, and what it tells of collection, budget, gaps and checks, out."""

from dataclasses import replace
from datetime import datetime, timedelta

import duckdb

from clarity_assets.alerts.checking import checks_failed
from clarity_assets.alerts.collecting import budget_exceeded, collection_failed, day_endangered, no_data
from clarity_assets.behind import days_behind
from clarity_assets.clarity.quota import ledger_of
from clarity_assets.clarity.requests import STANDARD_REQUESTS
from clarity_assets.clarity.settle import Settlement
from clarity_assets.clarity.store import ensure_tables
from clarity_assets.errors import WarehouseBusy, WarehouseCorrupt, WarehouseError
from clarity_assets.operations.health_told import HealthCheck, bad, good, of_causes, unknown
from clarity_assets.quality.results import ensure_results
from clarity_assets.settings import Settings
from clarity_assets.trace.answers import verify_newest
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.query import one
from clarity_assets.warehouse.tables import quoted, transaction

TIMEOUT_S = 5.0  # somebody waits for the verdict
MOST_CELLS = 15_000_000  # rows times columns that are read: about half a second
NEWEST_ANSWERS = 64
LOST_DAYS = timedelta(days=30)
OF_THE_WAREHOUSE = ("integrity", "collection", "budget", "gaps", "checks", "marts")
NAMES = [request.name for request in STANDARD_REQUESTS]


def warehouse_checks(settings: Settings, *, now: datetime) -> list[HealthCheck]:
    """Every check that needs the open warehouse; `unknown` where it cannot be opened. Makes no file."""
    file = settings.warehouse
    if not file.exists():
        return _nothing_told(
            unknown(
                "warehouse", f"there is none yet ({file})", "`clarity-assets collect` makes it; if there was one, "
                "`clarity-assets restore`", severity="critical"),
            "no warehouse yet",
        )  # fmt: skip
    try:
        return [good("warehouse", f"{file} opens, {file.stat().st_size / 1e6:,.1f} MB", severity="critical"),
                *_read(settings, now=now), _marts(settings)]  # fmt: skip
    except WarehouseBusy as error:
        return _nothing_told(
            unknown("warehouse", str(error), "Look again when that process has ended", severity="critical"),
            "the warehouse is busy",
        )
    except WarehouseCorrupt as error:
        step = "`clarity-assets recover` moves it aside and restores the newest good backup"
        return _nothing_told(bad("warehouse", str(error), step, severity="critical"), "the warehouse is damaged")
    except (WarehouseError, duckdb.Error) as error:
        told = f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
        return _nothing_told(
            bad("warehouse", told, "Do what the message says", severity="critical"), "it cannot be read"
        )


def _nothing_told(first: HealthCheck, why: str) -> list[HealthCheck]:
    return [first, *(unknown(name, why) for name in OF_THE_WAREHOUSE)]


def _read(settings: Settings, *, now: datetime) -> list[HealthCheck]:
    timeout_s = min(TIMEOUT_S, settings.warehouse_timeout_s)
    with open_warehouse(settings.warehouse, timeout_s=timeout_s, label="health") as con:
        with transaction(con):
            settlement = Settlement(con, settings, now)
            ensure_tables(con, settlement.requests)
            settlement.settle_all()  # what time alone has changed
            endangered = day_endangered(settlement, open_ids=frozenset()).causes
        ensure_results(con)
        about = {"settings": settings, "now": now, "open_ids": frozenset()}
        return [
            _integrity(con, settings),
            _collection(con, settings, now=now, causes=(*collection_failed(con, **about).causes,
                                                        *no_data(con, **about).causes)),
            of_causes("budget", budget_exceeded(con, **about).causes, well=_budget(con, settings, now=now)),
            _gaps(con, settings, now=now, endangered=endangered),
            of_causes("checks", checks_failed(con, **about).causes, well=_checks(con)),
        ]  # fmt: skip


# --- integrity ----------------------------------------------------------------------------------------------------


def _integrity(con: duckdb.DuckDBPyConnection, settings: Settings) -> HealthCheck:
    """Read as many tables, smallest first, as MOST_CELLS allow, and hash the newest answers again.

    Reading a column makes DuckDB compare each of its blocks with the block's checksum: it has no other check of a file.
    """
    tables = con.execute(
        """select schema_name || '.' || table_name, estimated_size * column_count from duckdb_tables()
           where database_name = current_database() and not temporary and table_name <> 'clarity_answer'
           order by 2, 1"""
    ).fetchall()
    read = cells = 0
    for table, size in tables:
        if cells + size > MOST_CELLS:
            break
        one(con, f"select count(*), max(hash(columns(*))) from {quoted(table)}")  # noqa: S608 - quoted
        read, cells = read + 1, cells + size
    found = verify_newest(con, project_id=settings.need_project(), count=NEWEST_ANSWERS)
    told = f"{read} of {len(tables)} tables read, and the newest {found.answers} answers hashed again"
    if found.damaged:
        step = "`clarity-assets recover` restores the newest good backup"
        return bad("integrity", f"{told}: {found.damaged[0].damage}", step, severity="critical")
    return good("integrity", f"{told}; `clarity-assets health --deep` reads all", severity="critical")


# --- what it tells ------------------------------------------------------------------------------------------------


def _collection(con, settings: Settings, *, now: datetime, causes: tuple) -> HealthCheck:
    last, newest = one(
        con,
        """select (select max(reserved_at) from ops.api_request where project_id = $project and outcome = 'answered'
                   and reserved_at <= $now),
                  (select max(date) from (
                       select date from ops.clarity_day where project_id = $project and request in $names
                         and status in ('measured', 'derived') group by date having count(*) = $count))""",
        {"project": settings.need_project(), "names": NAMES, "count": len(NAMES), "now": now.replace(tzinfo=None)},
    )
    if last is None and newest is None and not causes:
        return unknown("collection", "nothing was collected yet", "`clarity-assets collect`", severity="critical")
    answered = f"the API answered last at {last:%Y-%m-%d %H:%M} UTC" if last else "the API never answered"
    known = f"the newest day that is known whole is {newest}" if newest else "no day is known whole"
    return of_causes("collection", causes, well=f"{answered}; {known}", severity="critical")


def _budget(con, settings: Settings, *, now: datetime) -> str:
    budget = ledger_of(con, settings).budget(now=now)
    return f"{budget.spent} of {budget.limit} requests of {budget.label} are spent, {budget.left} left"


def _gaps(con, settings: Settings, *, now: datetime, endangered: tuple) -> HealthCheck:
    """Days that are pending or were lost lately, as (request, day)."""
    pending, first, lost, last = one(
        con,
        """select count(*) filter (status = 'pending'), min(date) filter (status = 'pending'),
                  count(*) filter (status = 'lost' and date >= $since),
                  max(date) filter (status = 'lost' and date >= $since)
           from ops.clarity_day where project_id = $project and request in $names""",
        {"project": settings.need_project(), "since": (now - LOST_DAYS).date(), "names": NAMES},
    )
    told = f"{pending} days of a request are pending" + (f" (since {first})" if pending else "")
    told += f", {lost} were lost in {LOST_DAYS.days} days" + (f" (the last on {last})" if lost else "")
    if endangered:
        worst = of_causes("gaps", endangered, well="")
        return replace(worst, told=f"{told}; {worst.told}")
    if lost:
        return bad("gaps", told, "`clarity-assets status` names each with its cause; a lost day cannot be asked again")
    return good("gaps", told)


def _checks(con) -> str:
    count, last = one(con, "select count(*), max(checked_at) from ops.check_result")
    return f"no newest result fails; the last ran at {last:%Y-%m-%d %H:%M} UTC" if count else "none has run yet"


def _marts(settings: Settings) -> HealthCheck:
    days = days_behind(settings).days
    if not days:
        return good("marts", "they tell what is known of every day")
    told = f"{len(days)} days are known otherwise than their marts tell ({days[0]} to {days[-1]})"
    return bad("marts", told, f"`clarity-assets build --from {days[0]} --to {days[-1]}`, or switch marts_behind on")
