"""Dagster's instance in; what it holds of runs older than some days deleted, and what was deleted out.

Dagster itself purges ticks, never runs. Its `delete_run` takes the run's materializations along, and a day that is
known would be shown as missing. So the newest event of each kind, asset and partition stays for ever, with its run;
everything else of old runs goes: their logs, events that later ones replaced, and the runs of which nothing is left.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import sqlalchemy as db

# Dagster 1.13's own tables: no public call deletes a run's log and leaves its materializations. A test holds them.
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    SqlEventLogStorageTable,
)

KEEP_RUNS_DAYS = 90  # a quarter: what a question about "last month's run" needs
BATCH = 500  # ids in one statement

EVENTS, CHECKS, TAGS = SqlEventLogStorageTable, AssetCheckExecutionsTable, AssetEventTagsTable


@dataclass(frozen=True)
class ForgottenRuns:
    """How many whole runs, logs of runs that stay, replaced events and replaced check results were deleted."""

    runs: int = 0
    logs: int = 0
    events: int = 0
    checks: int = 0


def forget_old_runs(instance: dg.DagsterInstance, *, now: datetime, keep_days: int = KEEP_RUNS_DAYS) -> ForgottenRuns:
    """Delete what runs that ended more than `keep_days` before `now` have left. Runs under way are never touched.

    `now` is the system's time, by which Dagster stamps its records, not a drill's (CLARITY_NOW).
    """
    before = now.astimezone(UTC) - timedelta(days=keep_days)
    with instance.event_log_storage.index_connection() as con:
        events = _delete(con, EVENTS, _replaced_events(before))
        checks = _delete(con, CHECKS, _replaced_checks(before))
        is_newest_of = set(
            con.execute(db.select(EVENTS.c.run_id).where(EVENTS.c.asset_key.is_not(None)).distinct()).scalars()
        )
    ended = _ended(instance, before=before)
    gone = [run_id for run_id in ended if run_id not in is_newest_of]
    for run_id in gone:
        instance.delete_run(run_id)
        _delete_files(instance, run_id)
    logs = _delete_logs(instance, [run_id for run_id in ended if run_id in is_newest_of])
    return ForgottenRuns(len(gone), logs, events, checks)


def _ended(instance: dg.DagsterInstance, *, before: datetime) -> list[str]:
    filters = dg.RunsFilter(statuses=FINISHED_STATUSES, updated_before=before)
    return [record.dagster_run.run_id for record in instance.get_run_records(filters)]


def _replaced_events(before: datetime) -> db.Select:
    """Ids of old events of an asset's partition that have a newer one of their kind."""
    later = EVENTS.alias()
    is_replaced = db.exists().where(
        later.c.dagster_event_type == EVENTS.c.dagster_event_type,
        later.c.asset_key == EVENTS.c.asset_key,
        later.c.partition.is_not_distinct_from(EVENTS.c.partition),
        later.c.id > EVENTS.c.id,
    )
    is_old = (EVENTS.c.asset_key.is_not(None), EVENTS.c.timestamp < before.replace(tzinfo=None))
    return db.select(EVENTS.c.id).where(*is_old, is_replaced)


def _replaced_checks(before: datetime) -> db.Select:
    """Ids of old results of a check that has a newer one."""
    newest = db.select(db.func.max(CHECKS.c.id)).group_by(CHECKS.c.asset_key, CHECKS.c.check_name, CHECKS.c.partition)
    return db.select(CHECKS.c.id).where(
        CHECKS.c.evaluation_event_timestamp < before.replace(tzinfo=None), CHECKS.c.id.not_in(newest)
    )


def _delete(con: db.Connection, table: db.Table, chosen: db.Select) -> int:
    ids = list(con.execute(chosen).scalars())
    for batch in _batches(ids):
        if table is EVENTS:
            con.execute(db.delete(TAGS).where(TAGS.c.event_id.in_(batch)))
        con.execute(db.delete(table).where(table.c.id.in_(batch)))
    return len(ids)


def _batches(ids: Sequence) -> Iterator[Sequence]:
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))


def _delete_logs(instance: dg.DagsterInstance, run_ids: Sequence[str]) -> int:
    """Steps and messages of these runs; what they say of assets stays. How many runs still had any."""
    had = {run_id for run_id in run_ids if _delete_files(instance, run_id)}
    with instance.event_log_storage.index_connection() as con:
        for batch in _batches(run_ids):
            of_no_asset = (EVENTS.c.run_id.in_(batch), EVENTS.c.asset_key.is_(None))
            had.update(con.execute(db.select(EVENTS.c.run_id).where(*of_no_asset).distinct()).scalars())
            con.execute(db.delete(EVENTS).where(*of_no_asset))
    return len(had)


def _delete_files(instance: dg.DagsterInstance, run_id: str) -> bool:
    """What the run printed, and SQLite's file of its log (PostgreSQL has none). False where there was neither."""
    instance.compute_log_manager.delete_logs(prefix=[run_id])
    path_of_run = getattr(instance.event_log_storage, "path_for_shard", None)
    if path_of_run is None:
        return False
    log = Path(path_of_run(run_id))
    was_there = log.exists()
    for path in (log, log.with_name(f"{log.name}-wal"), log.with_name(f"{log.name}-shm")):
        path.unlink(missing_ok=True)
    return was_there
