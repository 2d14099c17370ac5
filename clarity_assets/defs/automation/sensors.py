"""What is looked after between the schedules: missed days, marts that are behind, and what people must be told."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import dagster as dg

from clarity_assets.alerts.causes import JobFacts
from clarity_assets.behind import days_behind
from clarity_assets.clarity.missed_days import MissedDay, find_missed_days
from clarity_assets.dagster_facts import job_facts, runs_under_way, was_asked
from clarity_assets.defs.automation.jobs import build_job, collect_job, monthly_job, publish_job, upkeep_job, weekly_job
from clarity_assets.defs.automation.schedules import LOOK_TIMEOUT_S, damage_told, default_status
from clarity_assets.defs.clarity.assets import asset_key
from clarity_assets.defs.operations.assets import recovery
from clarity_assets.errors import WarehouseBusy, WarehouseCorrupt
from clarity_assets.overdue import find_overdue
from clarity_assets.runs import end_dead_runs
from clarity_assets.settings import Settings, load_settings

JOBS = (
    "daily", "collect", "build", "weekly", "monthly", "publish", "upkeep", "recovery",
    "clickstream_ingest", "clickstream_days", "clickstream_weeks",
)  # fmt: skip
CORRUPT = WarehouseCorrupt.__name__
FAST_S = 10  # between two looks where the clock runs fast
SPAN_GAP = timedelta(days=7)  # days behind that lie nearer are built in one run

SEND_BUDGET_S = 25.0  # of a tick, which Dagster ends after 60 s

Asked = tuple[list[dg.RunRequest], str]
"""What a sensor asks for, and what is told where it asks for nothing."""

Look = Callable[[Settings, dg.SensorEvaluationContext], Asked]


def healing_sensor(name: str, *, jobs: tuple, every_s: int, description: str, waits_for: tuple[str, ...] = ()):
    """Decorates what compares what should be with what is (settings and the tick's context in, `Asked` out).

    It waits while a run (of the jobs `waits_for`, or any) is queued or under way, and while the warehouse is held or
    must be restored.
    """

    def decorated(look: Look) -> dg.SensorDefinition:
        def looked(context: dg.SensorEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
            end_dead_runs(context.instance)
            settings = load_settings(warehouse_timeout_s=LOOK_TIMEOUT_S)
            requests: list[dg.RunRequest] = []
            try:
                told = _why_wait(context, settings, waits_for)
                if not told:
                    requests, told = look(settings, context)
            except (WarehouseBusy, WarehouseCorrupt) as error:  # the alerts tell it where it lasts
                told = f"{type(error).__name__}: {error}"
            return requests or dg.SkipReason(told)

        return _sensor(name, jobs=jobs, every_s=every_s, description=description)(looked)

    return decorated


def _sensor(name: str, *, jobs: tuple, every_s: int, description: str):
    return dg.sensor(
        name=name,
        jobs=list(jobs),
        minimum_interval_seconds=FAST_S if load_settings().clock_speed else every_s,
        default_status=default_status(dg.DefaultSensorStatus),
        description=description,
    )


@healing_sensor(
    "missed_days",
    jobs=(collect_job,),
    every_s=60,
    waits_for=("daily", "collect"),
    description="Days that are not known but can still be asked: a run for each that the budget allows, the most "
    "endangered first, never out of what the next collection needs; the others are told with the time they are lost.",
)
def missed_days(settings: Settings, context: dg.SensorEvaluationContext) -> Asked:
    found = find_missed_days(settings)
    left = [f"{day.told}: {why}" for day, why in found.left]
    for line in left:
        context.log.warning(f"left: {line}")
    asked = [
        dg.RunRequest(
            run_key=missed_key(day, settings),
            partition_key=f"{day.date}",
            asset_selection=None if day.is_whole else [asset_key(cost.request) for cost in day.costs],
        )
        for day in found.ask
    ]
    return asked, "; ".join(left) or "no day is missed"


def missed_key(day: MissedDay, settings: Settings) -> str:
    return f"missed {day.date} {attempt(settings)}"


def days_first(settings: Settings, instance: dg.DagsterInstance) -> str:
    """Which missed days are asked before anything is made of the others; empty where none is, or was tried just now."""
    asked = [d for d in find_missed_days(settings).ask if not was_asked(instance, missed_key(d, settings))]
    return f"{', '.join(f'{day.date}' for day in asked)}: asked first" if asked else ""


@healing_sensor(
    "marts_behind",
    jobs=(build_job,),
    every_s=60,
    description="Days of which more (or less) is known than their marts tell: they are built anew and published.",
)
def marts_behind(settings: Settings, context: dg.SensorEvaluationContext) -> Asked:
    waits = days_first(settings, context.instance)
    if waits:
        return [], waits
    behind = days_behind(settings)
    asked = [
        dg.RunRequest(
            run_key=f"behind {first} {last} {behind.state} {attempt(settings)}",
            tags={"dagster/asset_partition_range_start": f"{first}", "dagster/asset_partition_range_end": f"{last}"},
        )
        for first, last in spans(behind.days)
    ]
    return asked, "the marts tell what is known"


@healing_sensor(
    "overdue",
    jobs=(weekly_job, monthly_job, publish_job, upkeep_job),
    every_s=300,
    description="What a schedule should have brought and did not (the machine was off, a run was killed, marts were "
    "behind): reports of the newest week and month, the backup, the published copy.",
)
def overdue(settings: Settings, context: dg.SensorEvaluationContext) -> Asked:
    waits = days_first(settings, context.instance)
    if waits:
        return [], waits
    asked = []
    for one in find_overdue(settings):
        context.log.info(f"{one.job}: {one.why}")
        run_key = f"overdue {one.job} {one.partition or ''} {attempt(settings)}"
        asked.append(dg.RunRequest(run_key=run_key, job_name=one.job, partition_key=one.partition))
    return asked, "all that was due is done"


@_sensor(
    "alerts",
    jobs=(recovery,),
    every_s=60,
    description="What people must be told: one message for each cause, one when it is over. Sends what is due. A "
    "corrupt warehouse is restored from the newest good backup.",
)
def alerts(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    from clarity_assets.alerts.watching import watch
    from clarity_assets.delivery.outbox import send_due

    settings = load_settings(warehouse_timeout_s=LOOK_TIMEOUT_S)
    if not settings.project_id:
        yield dg.SkipReason("CLARITY_PROJECT_ID is not set; put it into .env")
        return
    facts = job_facts(context.instance, JOBS)
    watched = watch(settings, jobs=facts)
    sent = send_due(settings, budget_s=SEND_BUDGET_S)
    for error in sent.errors:
        context.log.warning(error)
    told = (
        f"{len(watched.opened)} alerts opened, {len(watched.resolved)} resolved, {len(watched.open)} open; "
        f"{sent.sent} messages sent, {len(sent.errors)} not"
    )
    # a damaged block is met by who reads it: then the run's error says so, while the file itself still opens
    try:
        damage = damage_told(settings) or _corrupt_of_runs(facts)
    except WarehouseBusy:
        damage = ""  # looked at again in a minute
    if damage:
        context.log.error(damage)
        yield dg.RunRequest(run_key=f"recovery {attempt(settings)}")
    else:
        yield dg.SkipReason(told)


def _corrupt_of_runs(facts: tuple[JobFacts, ...]) -> str:
    """What a run since the last recovery said of a damaged warehouse."""
    recovered = max((f.last_ended_at for f in facts if f.job == "recovery" and f.last_ended_at), default=None)
    said = (f.error for f in facts if CORRUPT in f.error and (recovered is None or f.last_ended_at > recovered))
    return next(said, "")


def spans(days: tuple[date, ...]) -> list[tuple[date, date]]:
    """First and last day of each group of days that lie near one another."""
    found: list[tuple[date, date]] = []
    for day in days:
        if found and day - found[-1][1] <= SPAN_GAP:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def attempt(settings: Settings) -> str:
    """Names a stretch of CLARITY_RETRY_AFTER_H hours: what is asked within it is asked once, however it ends."""
    now = settings.clock()
    return f"{now:%Y-%m-%d} {now.hour // settings.retry_after_h}"


def _why_wait(context: dg.SensorEvaluationContext, settings: Settings, waits_for: tuple[str, ...]) -> str:
    if not (settings.project_id and settings.api_token):
        return "CLARITY_PROJECT_ID and CLARITY_API_TOKEN are not both set; put them into .env"
    running = [r.job_name for r in runs_under_way(context.instance) if not waits_for or r.job_name in waits_for]
    if running:
        return f"{', '.join(running)} is queued or running"
    damage = damage_told(settings)
    return f"{damage}; it is restored first (sensor `alerts`)" if damage else ""
