"""A Dagster instance in; plain facts of its runs, schedules and daemons out, for alerts and health."""

from collections.abc import Iterable
from datetime import UTC, datetime

import dagster as dg

from clarity_assets.alerts.causes import JobFacts
from clarity_assets.settings import Settings

UNDER_WAY = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)
ENDED = {
    dg.DagsterRunStatus.SUCCESS: "success",
    dg.DagsterRunStatus.FAILURE: "failure",
    dg.DagsterRunStatus.CANCELED: "canceled",
}
SCHEDULES = ("daily_collection", "weekly_reports", "monthly_reports", "nightly_upkeep")
SENSORS = ("missed_days", "marts_behind", "overdue", "alerts", "clickstream_files", "clickstream_behind")
TOO_LONG = "maximum runtime"  # what Dagster's run monitoring says of a run that it ended (1.13)


def runs_under_way(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """Runs that are queued or running, newest first."""
    return list(instance.get_runs(dg.RunsFilter(statuses=list(UNDER_WAY))))


def was_asked(instance: dg.DagsterInstance, run_key: str) -> bool:
    """Whether any run of this key was ever asked for: Dagster itself compares keys within one tick of a schedule."""
    return bool(instance.get_runs(dg.RunsFilter(tags={"dagster/run_key": run_key}), limit=1))


def job_facts(instance: dg.DagsterInstance, jobs: Iterable[str]) -> tuple[JobFacts, ...]:
    """The newest ended run of each job that ever ran, with its error."""
    found = []
    for job in jobs:
        records = instance.get_run_records(dg.RunsFilter(job_name=job, statuses=list(ENDED)), limit=1)
        found += [_facts(instance, job, record) for record in records]
    return tuple(found)


def _facts(instance: dg.DagsterInstance, job: str, record: dg.RunRecord) -> JobFacts:
    run = record.dagster_run
    error, of_run = _errors(instance, run.run_id) if run.status != dg.DagsterRunStatus.SUCCESS else ("", "")
    ended_at = None if record.end_time is None else datetime.fromtimestamp(record.end_time, UTC)
    return JobFacts(job, ENDED[run.status], run.run_id, ended_at, TOO_LONG in of_run, error or of_run)


def _errors(instance: dg.DagsterInstance, run_id: str) -> tuple[str, str]:
    """What the run's failed steps said, and what was said of the run itself: why it was ended, say."""
    kinds = {
        dg.DagsterEventType.STEP_FAILURE,
        dg.DagsterEventType.RUN_FAILURE,
        dg.DagsterEventType.RUN_CANCELED,
        dg.DagsterEventType.RUN_CANCELING,
    }
    events = [entry.dagster_event for entry in instance.all_logs(run_id, of_type=kinds) if entry.dagster_event]
    steps = [f"{event.step_key}: {failure_message(event)}" for event in events if event.is_step_failure]
    of_run = [event.message or "" for event in events if not event.is_step_failure]
    return "; ".join(dict.fromkeys(steps)), "; ".join(dict.fromkeys(of_run))


def failure_message(event: dg.DagsterEvent) -> str:
    """The message of a step's failure: its description, or what was raised."""
    data = event.event_specific_data
    failure = data.user_failure_data
    if failure is not None and failure.description:
        return failure.description
    error = data.error and (data.error.cause or data.error)
    return error.message.strip() if error else "failed"


def automation_facts(instance: dg.DagsterInstance, settings: Settings):
    """AutomationFacts: whether schedules, sensors and daemons run; None where the instance keeps no schedules."""
    if instance.schedule_storage is None:
        return None
    from clarity_assets.operations.health import AutomationFacts  # heavy, and Dagster loads this file with its map

    by_default = settings.automation == "on"
    states = {state.name: state.status.value for state in instance.all_instigator_state()}
    return AutomationFacts(
        schedules_running={name: _runs(states.get(name), by_default) for name in SCHEDULES},
        sensors_running={name: _runs(states.get(name), by_default) for name in SENSORS},
        daemons_healthy={name: s.healthy for name, s in instance.get_daemon_statuses().items() if s.required},
    )


def _runs(status: str | None, by_default: bool) -> bool:
    is_switched = status in ("RUNNING", "STOPPED")  # else DECLARED_IN_CODE, or never evaluated
    return status == "RUNNING" if is_switched else by_default
