"""Schedules and sensors, evaluated as the daemon does: what runs when, once, and what is left and why."""

import os
import socket
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from clarity_assets.dagster_facts import SCHEDULES, SENSORS, automation_facts, job_facts
from clarity_assets.defs.automation.schedules import is_time
from clarity_assets.defs.automation.sensors import JOBS, attempt, spans
from clarity_assets.demo.site import SimulatedSite
from clarity_assets.demo.stand_in import StandIn
from clarity_assets.processes import own_process
from clarity_assets.runs import PROCESS_TAG, QUIET, end_dead_runs, load_definitions
from clarity_assets.settings import load_settings
from clarity_assets_tests.fixtures.projects import project_environment

FIRST = date(2026, 9, 1)  # a Tuesday
SITE = SimulatedSite.generate(first_day=FIRST - timedelta(days=4), days=45, sessions_per_day=60)


@pytest.fixture
def stand_in():
    with StandIn(SITE) as running:
        yield running


@pytest.fixture
def project(tmp_path, stand_in):
    """The environment of a fresh project, set for this process until the test ends."""
    before = dict(os.environ)
    os.environ.update(project_environment(tmp_path, stand_in, now=night(0), CLARITY_FIRST_DATE=f"{FIRST}"))
    yield tmp_path
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def night(number: int, hour: float = 1.0) -> datetime:
    return datetime.combine(day(number) + timedelta(days=1), datetime.min.time(), UTC) + timedelta(hours=hour)


def move(stand_in: StandIn, now: datetime) -> None:
    stand_in.set_clock(now)
    os.environ["CLARITY_NOW"] = now.isoformat()


def tick(name: str, instance: dg.DagsterInstance):
    """What a schedule or sensor asks for now: its run requests, or the reason for none."""
    repository = load_definitions().get_repository_def()
    if name in SCHEDULES:
        with dg.build_schedule_context(instance=instance, repository_def=repository) as context:
            found = repository.get_schedule_def(name).evaluate_tick(context)
    else:
        with dg.build_sensor_context(instance=instance, repository_def=repository) as context:
            found = repository.get_sensor_def(name).evaluate_tick(context)
    return list(found.run_requests or []) or found.skip_message


def run(request: dg.RunRequest, job: str, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    found = load_definitions().resolve_job_def(request.job_name or job)
    return found.execute_in_process(
        partition_key=request.partition_key,
        tags=request.tags,
        instance=instance,
        run_config=QUIET,
        raise_on_error=False,
    )


def keys(requests) -> list[str]:
    assert isinstance(requests, list), requests
    return [request.run_key for request in requests]


def test_what_is_told_of_schedules_and_sensors_are_those_that_there_are():
    repository = load_definitions().get_repository_def()
    assert {s.name for s in repository.schedule_defs} == set(SCHEDULES)
    assert {s.name for s in repository.sensor_defs} == set(SENSORS)
    assert {j.name for j in repository.get_all_jobs()} == {*JOBS, "__ASSET_JOB"}


def test_times_come_from_the_settings(project):
    crons = {s.name: s.cron_schedule for s in load_definitions().get_repository_def().schedule_defs}
    assert crons == {
        "daily_collection": "0 1 * * *", "nightly_upkeep": "30 2 * * *", "weekly_reports": "0 8 * * 1",
        "monthly_reports": "0 8 1 * *",
    }  # fmt: skip


@pytest.mark.parametrize(("automation", "status"), [("on", "RUNNING"), ("off", "STOPPED")])
def test_schedules_and_sensors_run_unless_they_are_switched_off(project, automation, status):
    os.environ["CLARITY_AUTOMATION"] = automation
    from clarity_assets.defs.automation.schedules import default_status

    assert default_status(dg.DefaultScheduleStatus).value == status
    with dg.DagsterInstance.local_temp() as kept:
        told = automation_facts(kept, load_settings())
    assert set(told.schedules_running.values()) == set(told.sensors_running.values()) == {automation == "on"}


def test_a_run_is_ended_after_the_limit_of_the_settings():
    repository = load_definitions().get_repository_def()
    for name in ("daily", "collect", "build", "weekly", "monthly", "upkeep"):
        assert repository.get_job(name).tags["dagster/max_runtime"] == "1800"


def test_the_daily_tick_asks_for_yesterday_once_however_often_it_comes(project, instance):
    [request] = tick("daily_collection", instance)
    assert (request.partition_key, request.run_key) == ("2026-09-01", "daily 2026-09-01")
    move_to = night(0, hour=15)
    os.environ["CLARITY_NOW"] = move_to.isoformat()
    assert keys(tick("daily_collection", instance)) == ["daily 2026-09-01"]


def test_without_token_or_before_the_first_date_nothing_is_asked(project, instance):
    os.environ["CLARITY_FIRST_DATE"] = "2026-09-05"
    assert "2026-09-01 lies before CLARITY_FIRST_DATE=2026-09-05" in tick("daily_collection", instance)
    del os.environ["CLARITY_API_TOKEN"]
    for name in ("daily_collection", "missed_days", "marts_behind", "overdue"):
        assert "CLARITY_API_TOKEN" in tick(name, instance)


def test_weekly_and_monthly_ticks_ask_for_the_last_whole_one(project, instance):
    os.environ["CLARITY_FIRST_DATE"] = "2026-08-01"
    os.environ["CLARITY_NOW"] = "2026-09-14T08:00:00Z"  # a Monday
    assert tick("weekly_reports", instance) == "2026-09-13 can still be asked; it is asked first"
    os.environ["CLARITY_NOW"] = "2026-09-15T08:00:00Z"
    assert [(r.partition_key, r.run_key) for r in tick("weekly_reports", instance)] == [
        ("2026-09-07", "weekly 2026-09-07")
    ]
    assert [r.partition_key for r in tick("monthly_reports", instance)] == ["2026-08-01"]


def test_a_day_from_the_tick_to_the_published_copy_in_one_run(project, instance, stand_in):
    [request] = tick("daily_collection", instance)
    result = run(request, "daily", instance)
    assert result.success
    assert (project / "published" / "clarity_published.duckdb").exists()
    assert tick("missed_days", instance) == "no day is missed"
    assert tick("marts_behind", instance) == "the marts tell what is known"
    assert len(stand_in.calls) == 6


def test_where_a_request_fails_the_marts_of_the_others_are_built_and_the_failed_one_is_asked_again(
    project, instance, stand_in
):
    stand_in.fail("500", dimensions=("Country",))
    [request] = tick("daily_collection", instance)
    assert not run(request, "daily", instance).success
    [facts] = job_facts(instance, ("daily",))
    assert facts.last_status == "failure"
    assert "clarity__country: ServerFailed" in facts.error
    [build] = tick("marts_behind", instance)
    assert build.tags["dagster/asset_partition_range_start"] == build.tags["dagster/asset_partition_range_end"]
    assert run(build, "build", instance).success
    assert tick("marts_behind", instance) == "the marts tell what is known"
    stand_in.heal()
    move(stand_in, night(0, hour=4))
    [again] = tick("missed_days", instance)
    assert (again.partition_key, again.run_key) == ("2026-09-01", "missed 2026-09-01 2026-09-02 1")
    assert run(again, "collect", instance).success
    assert [r.job_name or "build" for r in tick("marts_behind", instance)] == ["build"]
    assert len(stand_in.calls) == 7


def test_a_missed_day_is_asked_and_what_is_left_is_told(project, instance, stand_in):
    run(tick("daily_collection", instance)[0], "collect", instance)
    move(stand_in, night(3))
    run(tick("daily_collection", instance)[0], "collect", instance)
    found = tick("missed_days", instance)
    assert keys(found) == ["missed 2026-09-02 2026-09-05 0"]
    run(found[0], "collect", instance)
    left = tick("missed_days", instance)
    assert "2026-09-03: " in left
    assert "lost after 2026-09-06 12:00 UTC" in left
    assert "anew at 2026-09-06 00:00 UTC" in left


def test_sensors_wait_while_a_run_is_under_way(project, instance):
    run_id = instance.create_run_for_job(
        load_definitions().resolve_job_def("collect"), status=dg.DagsterRunStatus.STARTED
    ).run_id
    for name in ("missed_days", "marts_behind", "overdue"):
        assert tick(name, instance) == "collect is queued or running"
    instance.delete_run(run_id)


def test_an_attempt_is_a_stretch_of_hours_and_days_that_lie_near_are_one_span(project):
    assert attempt(load_settings()) == "2026-09-02 0"
    os.environ["CLARITY_NOW"] = night(0, hour=3).isoformat()
    assert attempt(load_settings()) == "2026-09-02 1"
    assert spans((day(0), day(3), day(20))) == [(day(0), day(3)), (day(20), day(20))]
    assert spans(()) == []


@pytest.mark.parametrize(
    ("cron", "now", "is_due"),
    [
        ("0 1 * * *", "2026-09-02T00:59:00Z", False),
        ("0 1 * * *", "2026-09-02T13:00:00Z", True),
        ("0 8 * * 1", "2026-09-13T09:00:00Z", False),  # a Sunday
        ("0 8 * * 1", "2026-09-14T08:00:00Z", True),
        ("0 8 1 * *", "2026-09-02T09:00:00Z", False),
        ("0 8 1 * *", "2026-10-01T08:00:00Z", True),
    ],
)
def test_by_a_fast_clock_it_is_time_once_the_hour_has_come(project, cron, now, is_due):
    os.environ["CLARITY_NOW"] = now
    assert is_time(cron, load_settings()) == is_due


def test_a_missing_or_damaged_warehouse_is_restored_before_anything_is_collected(project, instance, stand_in):
    run(tick("daily_collection", instance)[0], "daily", instance)
    from clarity_assets.backups.making import make_backup

    make_backup(load_settings())
    (project / "clarity.duckdb").write_bytes(b"no database any more")
    for name in ("missed_days", "marts_behind", "overdue", "daily_collection"):
        assert "it is restored first" in tick(name, instance)
    [request] = tick("alerts", instance)
    assert run(request, "recovery", instance).success
    assert "1 open" in tick("alerts", instance)  # that it was restored stays open until somebody has read it
    assert tick("marts_behind", instance) == "the marts tell what is known"
    assert list(project.glob("clarity.duckdb.corrupt-*"))
    (project / "clarity.duckdb").unlink()
    assert "it is restored first" in tick("daily_collection", instance)


def test_a_run_whose_process_is_gone_is_ended_and_others_are_not(instance):
    job = load_definitions().resolve_job_def("collect")
    gone = f"{socket.gethostname()}/999999999/1"
    runs = {
        name: instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=tags).run_id
        for name, tags in (
            ("dead", {}),
            ("alive", {}),
            ("re-executed", {PROCESS_TAG: f"{gone}/another-run"}),
            ("untagged", {}),
        )
    }
    instance.add_run_tags(runs["dead"], {PROCESS_TAG: f"{gone}/{runs['dead']}"})
    instance.add_run_tags(runs["alive"], {PROCESS_TAG: f"{own_process()}/{runs['alive']}"})
    end_dead_runs(instance)
    statuses = {name: instance.get_run_by_id(run_id).status.value for name, run_id in runs.items()}
    assert statuses == {"dead": "FAILURE", "alive": "STARTED", "re-executed": "STARTED", "untagged": "STARTED"}
    [facts] = job_facts(instance, ("collect",))
    assert "is gone" in facts.error


def test_a_run_that_was_ended_for_time_is_told_as_that(instance):
    job = load_definitions().resolve_job_def("collect")
    run_id = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED).run_id
    instance.report_run_canceling(
        instance.get_run_by_id(run_id), message="Canceling due to exceeding maximum runtime of 60 seconds."
    )
    instance.report_run_failed(instance.get_run_by_id(run_id), "Exceeded maximum runtime of 60 seconds.")
    [facts] = job_facts(instance, ("collect",))
    assert facts.was_ended_for_time
    assert facts.last_status == "failure"


def test_a_schedule_asks_once_for_what_an_earlier_tick_has_asked_for(project):
    with dg.DagsterInstance.local_temp() as kept:
        [request] = tick("daily_collection", kept)
        kept.create_run_for_job(
            load_definitions().resolve_job_def("collect"), tags={"dagster/run_key": request.run_key}
        )
        assert tick("daily_collection", kept) == "daily 2026-09-01 was asked for before"
