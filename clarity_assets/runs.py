"""Days in, Dagster runs out: collection a day at a time, marts over a range, reports; the UI shows them all."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import dagster as dg

from clarity_assets.clarity.kept import closed_before, closed_text
from clarity_assets.clarity.windows import newest_complete_day
from clarity_assets.dagster_facts import failure_message
from clarity_assets.errors import RequestRefused
from clarity_assets.processes import is_gone
from clarity_assets.reports.period import Period
from clarity_assets.settings import Settings
from clarity_assets.warehouse.connection import open_warehouse

PROCESS_TAG = "clarity_assets/process"
"""Tag of a run that names the process it lives in: host/pid/start/run id. Set by the run itself."""

MODEL_GROUPS = ("seeds", "staging", "intermediate", "marts", "quality")
"""The asset groups of the SQL models: the folders of `dbt_like_sql/`."""

BUILT = dg.AssetKey(["operations", "built_days"])
"""The asset that says which days' marts are made and checked."""

PUBLISHED = dg.AssetKey(["operations", "published"])
"""The asset that is the read-only copy of the warehouse, with its Parquet files."""

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Run config under which the terminal stays quiet; Dagster's event log has everything."""


@dataclass(frozen=True)
class DayRun:
    """One day's run: the error of each asset that failed, by request name."""

    day: date
    run_id: str
    failures: dict[str, str]


def days_to_collect(first: date, last: date, *, settings: Settings) -> list[date]:
    """The days of [first, last] in the order that saves most: the newest complete one, then the oldest first.

    Raises RequestRefused as `need_days`.
    """
    need_days(first, last, settings=settings)
    newest = newest_complete_day(settings.clock())
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    return sorted(days, key=lambda day: (day != newest, day))


def need_days(first: date, last: date, *, settings: Settings) -> None:
    """Raises RequestRefused where [first, last] is empty, not over, or begins before CLARITY_FIRST_DATE."""
    newest = newest_complete_day(settings.clock())
    if first > last:
        raise RequestRefused(f"--from {first} lies after --to {last}; nothing was asked")
    if last > newest:
        raise RequestRefused(f"{last} is not over yet (the newest complete UTC day is {newest}); nothing was asked")
    if first < settings.first_date:
        raise RequestRefused(
            f"{first} lies before CLARITY_FIRST_DATE={settings.first_date}; set it to an earlier day first"
        )


def need_open_days(first: date, *, settings: Settings) -> None:
    """Raises RequestRefused where the day's landing rows were deleted (CLARITY_KEEP_LANDING_DAYS)."""
    opened = open_warehouse(settings.warehouse, timeout_s=settings.warehouse_timeout_s, label="open days")
    with opened as con:
        before = closed_before(con)
    if before is not None and first < before:
        raise RequestRefused(closed_text(first, before))


def collect_days(
    days: Iterable[date], *, instance: dg.DagsterInstance, job: dg.JobDefinition | None = None
) -> Iterator[DayRun]:
    """Run job `collect` for each day, one run a day, in this process; a failing day does not stop the others."""
    job = job or load_definitions().resolve_job_def("collect")
    end_dead_runs(instance)
    for day in days:
        result = job.execute_in_process(
            partition_key=day.isoformat(),
            instance=instance,
            raise_on_error=False,
            run_config=QUIET,
        )
        failures = {
            event.step_key.removeprefix("clarity__"): failure_message(event)
            for event in result.filter_events(lambda e: e.is_step_failure)
        }
        yield DayRun(day, result.run_id, failures)


def end_dead_runs(instance: dg.DagsterInstance) -> None:
    """Mark runs as failed whose process was killed, on this machine: they would run on forever.

    A tag of another run (a re-execution takes them along) says nothing of this one.
    """
    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING])):
        process, _, run_id = run.tags.get(PROCESS_TAG, "").rpartition("/")
        if run_id == run.run_id and is_gone(process):
            instance.report_run_failed(run, f"its process {process} is gone")


@dataclass(frozen=True)
class Built:
    """What one run of the models came to: whether all of them were made, and what their checks said."""

    run_id: str
    is_complete: bool
    checks: tuple[dg.AssetCheckEvaluation, ...]
    failures: dict[str, str]

    @property
    def failed_checks(self) -> list[dg.AssetCheckEvaluation]:
        """Those that did not pass; what blocks comes first."""
        failed = [check for check in self.checks if not check.passed]
        return sorted(failed, key=lambda c: (c.severity != dg.AssetCheckSeverity.ERROR, c.asset_key, c.check_name))


def build_marts(first: date, last: date, *, instance: dg.DagsterInstance) -> Built:
    """Materialize every SQL model over the days [first, last] in one run, check it, and publish the warehouse."""
    span = {"dagster/asset_partition_range_start": f"{first}", "dagster/asset_partition_range_end": f"{last}"}
    selection = dg.AssetSelection.groups(*MODEL_GROUPS) | dg.AssetSelection.assets(BUILT, PUBLISHED)
    result = _materialize(selection, instance=instance, tags=span, raise_on_error=False)
    failures = {e.step_key: failure_message(e) for e in result.filter_events(lambda e: e.is_step_failure)}
    checks = tuple(result.get_asset_check_evaluations())
    return Built(result.run_id, result.success, checks, failures)


def build_clickstream(
    first: date, last: date, *, weeks: Iterable[date], instance: dg.DagsterInstance
) -> dict[str, str]:
    """Ingest what was dropped, then the daily analyses of [first, last] and the weekly ones of weeks by their Mondays.

    Through the jobs that sensors start; the errors by step, empty where all went well.
    """
    defs = load_definitions()
    span = {"dagster/asset_partition_range_start": f"{first}", "dagster/asset_partition_range_end": f"{last}"}
    asked = [("clickstream_ingest", {}), ("clickstream_days", {"tags": span})]
    asked += [("clickstream_weeks", {"partition_key": f"{monday}"}) for monday in weeks]
    failures: dict[str, str] = {}
    for job, options in asked:
        result = defs.resolve_job_def(job).execute_in_process(
            instance=instance, raise_on_error=False, run_config=QUIET, **options
        )
        failures |= {e.step_key: failure_message(e) for e in result.filter_events(lambda e: e.is_step_failure)}
    return failures


def build_reports(period: Period, *, instance: dg.DagsterInstance) -> dict[str, dict[str, Path]]:
    """Materialize the reports of a week or month; the files of each by kind and format. Raises what the run raises."""
    from clarity_assets.reports.make import OF_CLARITY  # heavy: statistics and renderings

    every = "weekly" if period.kind == "week" else "monthly"
    keys = [dg.AssetKey(["reports", f"{every}_{kind}"]) for kind in OF_CLARITY]
    result = _materialize(dg.AssetSelection.assets(*keys), instance=instance, partition_key=f"{period.start}")
    files = {}
    for event in result.asset_materializations_for_node(f"{every}_reports"):
        told = {name.removeprefix("file_"): Path(value.value) for name, value in event.metadata.items()
                if name.startswith("file_")}  # fmt: skip
        files[event.asset_key.path[-1].removeprefix(f"{every}_")] = told
    return files


def build_exports(period: Period, *, instance: dg.DagsterInstance) -> None:
    """Materialize the exported files of a week or month. Raises what the run raises."""
    key = dg.AssetKey(["exports", "weekly_files" if period.kind == "week" else "monthly_files"])
    _materialize(dg.AssetSelection.assets(key), instance=instance, partition_key=f"{period.start}")


def _materialize(selection: dg.AssetSelection, *, instance: dg.DagsterInstance, **options):
    defs = load_definitions()
    keys = selection.resolve(defs.resolve_asset_graph())
    job = defs.resolve_implicit_global_asset_job_def()
    return job.execute_in_process(instance=instance, asset_selection=list(keys), run_config=QUIET, **options)


def load_definitions() -> dg.Definitions:
    """The project's definitions as the environment has them now."""
    from clarity_assets.definitions import defs

    return defs()
