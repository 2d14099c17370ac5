"""The landing assets through Dagster, over real HTTP: what the UI shows of days that are known and days that are not."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from clarity_assets.dagster_home import PROJECT
from clarity_assets.demo.site import SimulatedSite
from clarity_assets.demo.stand_in import StandIn
from clarity_assets.runs import QUIET, collect_days, load_definitions
from clarity_assets_tests.fixtures.projects import project_environment

FIRST = date(2026, 9, 1)
SITE = SimulatedSite.generate(first_day=FIRST - timedelta(days=4), days=14, sessions_per_day=60)
BIN = Path(sys.executable).parent


@pytest.fixture
def stand_in():
    with StandIn(SITE) as running:
        yield running


@pytest.fixture
def project(tmp_path, stand_in):
    """The environment of a fresh project, set for this process until the test ends."""
    before = dict(os.environ)
    os.environ.update(project_environment(tmp_path, stand_in, now=night(4)))
    yield tmp_path
    os.environ.clear()
    os.environ.update(before)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def night(number: int) -> datetime:
    return datetime.combine(day(number) + timedelta(days=1), datetime.min.time(), UTC) + timedelta(hours=1)


def move(stand_in: StandIn, now: datetime) -> None:
    stand_in.set_clock(now)
    os.environ["CLARITY_NOW"] = now.isoformat()


def materialize(instance, number: int) -> dg.ExecuteInProcessResult:
    job = load_definitions().resolve_job_def("collect")
    return job.execute_in_process(
        partition_key=f"{day(number)}", instance=instance, raise_on_error=False, run_config=QUIET
    )


def metadata(result, name: str) -> dict:
    [event] = [
        e for e in result.asset_materializations_for_node(f"clarity__{name}") if e.asset_key.path == ["clarity", name]
    ]
    return {key: value.value for key, value in event.metadata.items()}


def test_a_materialized_day_tells_window_coverage_method_status_and_requests_left(project, stand_in):
    with dg.DagsterInstance.ephemeral() as instance:
        result = materialize(instance, 4)
    told = metadata(result, "device")
    assert result.success
    assert told["status"] == "measured"
    assert told["method"] == "window"
    assert told["window"] == "2026-09-05 01:00:00 to 2026-09-06 01:00:00 UTC"
    assert told["coverage"] == pytest.approx(23 / 24, abs=1e-6)
    assert told["requests_left"] == 4
    assert told["dagster/partition_row_count"] > 0
    assert [c.dimensions for c in stand_in.calls][:2] == [("Browser", "Device"), ("URL", "Device")]


def test_one_request_that_fails_leaves_the_other_five(project, stand_in):
    stand_in.fail("500", dimensions=("Country",))
    with dg.DagsterInstance.ephemeral() as instance:
        result = materialize(instance, 4)
    failed = [e.step_key for e in result.filter_events(lambda e: e.is_step_failure)]
    assert failed == ["clarity__country"]
    assert len(result.asset_materializations_for_node("clarity__base")) == 1
    [failure] = result.filter_events(lambda e: e.is_step_failure)
    assert failure.event_specific_data.user_failure_data.description.startswith(
        "ServerFailed: country, 24 h: HTTP 500 with an empty body"
    )


def test_in_a_range_with_lost_days_the_others_materialize_and_the_lost_are_named(project, stand_in):
    with dg.DagsterInstance.ephemeral() as instance:
        runs = {run.day: run for run in collect_days([day(n) for n in (4, 0, 1, 2, 3)], instance=instance)}
        known = instance.get_materialized_partitions(dg.AssetKey(["clarity", "browser_device"]))
    assert runs[day(4)].failures == {}
    assert "DayLost: url_device of 2026-09-01 is lost: never asked" in runs[day(0)].failures["url_device"]
    assert known == {"2026-09-03", "2026-09-04", "2026-09-05"}
    assert len(stand_in.calls) == 10


def test_a_day_solved_by_the_way_is_shown_as_materialized_too(project, stand_in):
    with dg.DagsterInstance.ephemeral() as instance:
        for _ in collect_days([day(4), day(2)], instance=instance):  # asks 72 h and 48 h: day 3 becomes known too
            pass
        assert "2026-09-04" in instance.get_materialized_partitions(dg.AssetKey(["clarity", "browser_device"]))


def test_the_command_line_of_dagster_launches_a_partition(project, stand_in):
    done = subprocess.run(
        [str(BIN / "dg"), "launch", "--assets", "clarity/base", "--partition", f"{day(4)}"],
        cwd=PROJECT, env=os.environ, capture_output=True, text=True, timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    con = duckdb.connect(os.environ["CLARITY_WAREHOUSE"], read_only=True)
    assert con.execute("select date, status, sessions > 0 from landing.clarity_base").fetchall() == [
        (day(4), "measured", True)
    ]
    con.close()
    told = done.stdout + done.stderr
    assert os.environ["CLARITY_API_TOKEN"] not in told
