"""The warehouse in; what can be told from it out, and whether it can be used at all."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import duckdb

from clarity_assets.alerts.causes import Cause, Found, joined, of_kind, utc
from clarity_assets.alerts.checking import checks_failed
from clarity_assets.alerts.collecting import budget_exceeded, collection_failed, day_endangered, first_seen, no_data
from clarity_assets.alerts.limits import passed_limits
from clarity_assets.alerts.thresholds import Rule
from clarity_assets.alerts.unusual import unusual_figures
from clarity_assets.clarity.settle import Settlement
from clarity_assets.errors import SettingsError, WarehouseBusy, WarehouseCorrupt, WarehouseError, WarehouseFull
from clarity_assets.project_models import ensure_project, project_models
from clarity_assets.quality.results import ensure_results
from clarity_assets.reports.marts import Marts
from clarity_assets.reports.period import Period
from clarity_assets.settings import Settings
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.tables import transaction

BUSY_IS_WRONG = timedelta(minutes=30)  # the longest run that is not ended by itself (CLARITY_RUN_LIMIT_MIN)
TIMEOUT_S = 20.0  # the next look comes soon; nobody waits for this one

RULES_CAUSE = "settings:CLARITY_THRESHOLDS"  # read before the warehouse is opened

NEXT_STEPS = {
    WarehouseCorrupt: "clarity-assets recover moves it aside and restores the newest good backup",
    WarehouseFull: "Make room on that disk; what was committed is intact",
    WarehouseBusy: "End the process that is named, or close the file there; readers read the published copy instead",
}
"""By the error's class; of any other, its message says it."""


@dataclass(frozen=True)
class Looked:
    """What a look at the warehouse says. `busy_since`: since when nobody could open it; None where it was opened.

    `first_seen`: when the project was collected first (UTC); None where nobody knows.
    """

    found: Found
    was_opened: bool
    busy_since: datetime | None = None
    first_seen: datetime | None = None


def look(
    settings: Settings, *, rules: tuple[Rule, ...] | None, now: datetime, open_ids: frozenset[str],
    busy_since: datetime | None, was_there: bool,
) -> Looked:  # fmt: skip
    """Everything that the warehouse tells; `rules` None: they are wrong, so no limit is judged.

    `busy_since`, `was_there`: what earlier looks found. A file that never was there is no cause, and is not made.
    """
    if not settings.warehouse.exists() and not _log(settings).exists():
        return _missing(settings, was_there)
    timeout_s = min(TIMEOUT_S, settings.warehouse_timeout_s)
    try:
        project_models(settings)  # kept from here on: nobody waits for the warehouse while SQL is read
        with open_warehouse(settings.warehouse, timeout_s=timeout_s, label="look for alerts") as con:
            found, seen = _read(con, settings, rules=rules, now=now, open_ids=open_ids)
    except WarehouseBusy as error:
        since = busy_since or now
        is_wrong = now - since >= BUSY_IS_WRONG
        causes = (_error(error, f"The warehouse is busy since {utc(since)}"),) if is_wrong else ()
        return Looked(Found(causes), False, since)
    except WarehouseError as error:
        return Looked(Found((_error(error, "The warehouse cannot be used"),)), False)
    except duckdb.Error as error:
        return Looked(Found((_error(error, "The warehouse cannot be read as it should be"),)), False)
    except SettingsError as error:
        return Looked(Found((wrong_setting(error),)), False)
    over = {i: f"the warehouse was opened and read at {utc(now)}" for i in of_kind(open_ids, "database_error")}
    over |= {i: "it is right now" for i in of_kind(open_ids, "settings") if i != RULES_CAUSE}
    return Looked(joined([found, Found(over=over)]), True, None, seen)


def _log(settings: Settings):
    return settings.warehouse.with_name(settings.warehouse.name + ".wal")


def _missing(settings: Settings, was_there: bool) -> Looked:
    if not was_there:
        return Looked(Found(), False)
    cause = Cause(
        "database_error", "database_error", "critical", "The warehouse is gone",
        f"{settings.warehouse} was there and is no longer.",
        "Look whether it was moved or CLARITY_WAREHOUSE was changed; else clarity-assets restore",
    )  # fmt: skip
    return Looked(Found((cause,)), False)


def _read(
    con: duckdb.DuckDBPyConnection, settings: Settings, *, rules: tuple[Rule, ...] | None, now: datetime,
    open_ids: frozenset[str],
) -> tuple[Found, datetime | None]:  # fmt: skip
    """Every condition on the open warehouse, with its days settled for this instant."""
    models = ensure_project(con, settings)
    ensure_results(con)
    about = {"settings": settings, "now": now, "open_ids": open_ids}
    with transaction(con):
        settlement = Settlement(con, settings, now)
        settlement.settle_all()
        found = [day_endangered(settlement, open_ids=open_ids)]
    found += [condition(con, **about) for condition in (collection_failed, budget_exceeded, no_data, checks_failed)]
    day = now.date()
    marts = Marts(con, project_id=settlement.project_id, period=Period(day - timedelta(days=1), day), models=models)
    found.append(unusual_figures(marts, now=now, open_ids=open_ids))
    if rules is not None:
        found.append(passed_limits(marts, rules, now=now, open_ids=open_ids))
    seen = first_seen(con, project_id=settlement.project_id)
    return joined(found), seen and seen.replace(tzinfo=UTC)


def _error(error: Exception, title: str) -> Cause:
    step = next((told for kind, told in NEXT_STEPS.items() if isinstance(error, kind)), "Do what the message says")
    return Cause(
        "database_error", "database_error", "critical", title, f"{type(error).__name__}: {str(error).strip()}", step
    )


def wrong_setting(error: SettingsError) -> Cause:
    """The cause of a setting that is wrong, by its name: it must not stop all other alerts."""
    return Cause(
        f"settings:{name_of(error)}", "settings", "critical", f"{name_of(error)} is wrong",
        f"What depends on it is not looked at. {error}.",
        "Put it right in .env (.env.example says unit and default) and restart the services",
    )  # fmt: skip


def name_of(error: SettingsError) -> str:
    """The variable that the error is about."""
    found = re.search(r"CLARITY_[A-Z_]+", str(error))
    return found[0] if found else "A setting"
