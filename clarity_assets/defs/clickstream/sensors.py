"""What is looked after: files in the drop folder, and analyses that are behind the events."""

import hashlib

import dagster as dg

from clarity_assets.clickstream.schema import FILE_OF_EVENTS
from clarity_assets.dagster_facts import runs_under_way, was_asked
from clarity_assets.defs.automation.schedules import LOOK_TIMEOUT_S, default_status
from clarity_assets.defs.automation.sensors import attempt, spans
from clarity_assets.defs.clickstream.assets import days_job, ingest_job, weeks_job
from clarity_assets.errors import WarehouseBusy, WarehouseCorrupt
from clarity_assets.settings import Settings, load_settings

ANALYSES = ("clickstream_days", "clickstream_weeks")

Asked = list[dg.RunRequest] | dg.SkipReason


def _looked(name: str, *, jobs: tuple, every_s: int, description: str, waits_for: tuple[str, ...]):
    """Decorates what asks for runs; it waits while a run of the jobs `waits_for` is queued or under way."""

    def decorated(look) -> dg.SensorDefinition:
        @dg.sensor(
            name=name,
            jobs=list(jobs),
            minimum_interval_seconds=every_s,
            default_status=default_status(dg.DefaultSensorStatus),
            description=description,
        )
        def looked(context: dg.SensorEvaluationContext) -> Asked:
            settings = load_settings(warehouse_timeout_s=LOOK_TIMEOUT_S)
            if not settings.project_id:
                return dg.SkipReason("CLARITY_PROJECT_ID is not set; put it into .env")
            running = [run.job_name for run in runs_under_way(context.instance) if run.job_name in waits_for]
            if running:
                return dg.SkipReason(f"{', '.join(running)} is queued or running")
            try:
                return look(settings, context)
            except (WarehouseBusy, WarehouseCorrupt) as error:  # the alerts tell it where it lasts
                return dg.SkipReason(f"{type(error).__name__}: {error}")

        return looked

    return decorated


@_looked(
    "clickstream_files",
    jobs=(ingest_job,),
    every_s=30,
    waits_for=("clickstream_ingest", *ANALYSES),
    description="Files of events in CLICKSTREAM_DROP/<mapping>/ that nobody writes to any more: they are ingested.",
)
def clickstream_files(settings: Settings, context: dg.SensorEvaluationContext) -> Asked:
    from clarity_assets.clickstream.ingest.dropped import find_dropped, find_misplaced

    found = find_dropped(settings)
    if not found:
        passed_over = [f"{name} {what}" for name, what in find_misplaced(settings).items()]
        return dg.SkipReason("; ".join([f"no finished file in {settings.drop_folder}/<mapping>/", *passed_over[:3]]))
    stamps = sorted((f"{path}", (s := path.stat()).st_size, s.st_mtime_ns, s.st_ctime_ns) for path, _ in found)
    files = hashlib.sha256(repr(stamps).encode()).hexdigest()[:12]
    run_key = f"files {files} {attempt(settings)}"  # those that failed are tried again hours later
    if was_asked(context.instance, run_key):
        return dg.SkipReason(f"{len(found)} files were tried, and are tried again later")
    return [dg.RunRequest(run_key=run_key)]


@_looked(
    "clickstream_behind",
    jobs=(days_job, weeks_job),
    every_s=60,
    waits_for=ANALYSES,  # not for files: where one comes every minute, their turn would never come
    description="Days whose events, or whose sessions, are newer than what was made of them; then the last four whole "
    "weeks, where the days are done.",
)
def clickstream_behind(settings: Settings, context: dg.SensorEvaluationContext) -> Asked:
    from clarity_assets.clickstream.behind import find_behind

    if not (settings.events_folder / FILE_OF_EVENTS).exists():
        return dg.SkipReason("no events yet: clarity-assets ingest FILE… --mapping NAME")
    behind = find_behind(settings, first=settings.first_date)
    asked = [
        _request(
            context,
            "clickstream_days",
            f"days {begin} {end} {behind.state} {attempt(settings)}",
            tags={"dagster/asset_partition_range_start": f"{begin}", "dagster/asset_partition_range_end": f"{end}"},
        )
        for begin, end in spans(behind.days)
    ] or [
        _request(
            context, "clickstream_weeks", f"week {monday} {behind.state} {attempt(settings)}", partition_key=f"{monday}"
        )
        for monday in behind.weeks
    ]
    asked = [request for request in asked if request]
    return asked or dg.SkipReason(behind.told or "the analyses tell what the events tell, or were tried just now")


def _request(context, job: str, run_key: str, **options) -> dg.RunRequest | None:
    """Asked once in CLARITY_RETRY_AFTER_H hours for the same: a run that fails is not begun over and over."""
    if was_asked(context.instance, run_key):
        return None
    return dg.RunRequest(run_key=run_key, job_name=job, **options)


@dg.definitions
def sensors() -> dg.Definitions:
    return dg.Definitions(sensors=[clickstream_files, clickstream_behind])
