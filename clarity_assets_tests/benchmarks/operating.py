"""Dagster's own daemon and webserver over a project; seconds from a night's tick to the published day, memory, a backfill."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import psutil
from pydantic import SecretStr

from clarity_assets.clarity.collect import Collector
from clarity_assets.clarity.requests import STANDARD_REQUESTS
from clarity_assets.dagster_home import PROJECT
from clarity_assets.demo.site import SimulatedSite
from clarity_assets.demo.stand_in import StandIn
from clarity_assets.runs import PUBLISHED
from clarity_assets_tests.benchmarks.measure import MB, Result, clocked
from clarity_assets_tests.fixtures.collecting import make_settings
from clarity_assets_tests.fixtures.projects import project_environment

FIRST = date(2026, 9, 1)
SPEED = 1440  # a simulated day is a minute, so that every tick of the schedule has a day to collect
TICK_TARGET_S = 20.0
BACKFILLED_DAYS = 30
BIN = Path(sys.executable).parent


def results(folder: Path, *, repeats: int) -> list[Result]:
    """`repeats` nights with the daemon running, and a backfill of 30 days."""
    folder = folder.resolve()  # Dagster takes no other
    nights, memory = _nights(folder / "nights", repeats=repeats)
    return [
        Result(
            "tick of the schedule → day published", [night["published"] for night in nights], target=TICK_TARGET_S,
            note="a new process for the run; 900 sessions a day, requests answered at once",
        ),
        Result("  of these until the run's process begins", [night["started"] for night in nights],
               note="queue, new process, import of Dagster and the project"),
        Result("  six requests, collected and landed", [night["collected"] for night in nights]),
        Result("  models, 179 checks, published copy", [night["published"] - night["landed"] for night in nights],
               note="of it about two thirds Dagster's event log in SQLite"),
        *[Result(f"memory: {name}", [mb], unit="MB", note="proportional set size after the nights")
          for name, mb in memory.items()],
        *_backfill(folder / "backfill"),
    ]  # fmt: skip


def _nights(folder: Path, *, repeats: int) -> tuple[list[dict], dict[str, float]]:
    folder.mkdir(parents=True)
    # a minute is a day: begin so that the next whole minute is 02:00
    phase = timedelta(seconds=(60 - time.time() % 60) * SPEED)
    now = datetime.combine(FIRST + timedelta(days=2), datetime.min.time(), UTC) + timedelta(hours=2) - phase
    site = SimulatedSite.generate(first_day=FIRST - timedelta(days=4), days=repeats + 12, sessions_per_day=900)
    with StandIn(site, speed=SPEED) as stand_in:
        environment = project_environment(
            folder, stand_in, now=now, CLARITY_FIRST_DATE=f"{FIRST}", CLARITY_CLOCK_SPEED=f"{SPEED}",
            CLARITY_NOW_SINCE=datetime.now(UTC).isoformat(), PATH=os.environ["PATH"],
            CLARITY_BACKUP_AT="23:59", CLARITY_REPORTS_AT="23:59",  # the daily run alone
        )  # fmt: skip
        with (
            _running("dagster-daemon", "run", environment=environment, folder=folder) as daemon,
            _running("dagster-webserver", "-p", "0", environment=environment, folder=folder) as webserver,
            dg.DagsterInstance.from_config(environment["DAGSTER_HOME"]) as instance,
        ):
            until = time.monotonic() + 60 * (repeats + 4)
            while len(found := _of_runs(instance)) < repeats + 1 and time.monotonic() < until:
                if daemon.poll() is not None:
                    raise RuntimeError(f"the daemon ended with {daemon.returncode}; see {folder}/dagster-daemon.log")
                time.sleep(1)
            memory = {
                "daemon, with its code server": _memory_mb(daemon),
                "webserver, with its own": _memory_mb(webserver),
            }
    if len(found) <= repeats:
        raise RuntimeError(f"only {len(found)} of {repeats + 1} nights came through; see {folder}/dagster-daemon.log")
    return found[1 : repeats + 1], memory  # the first one makes all tables


def _of_runs(instance: dg.DagsterInstance) -> list[dict]:
    """Seconds since the tick of each finished daily run, oldest first."""
    runs = instance.get_run_records(
        dg.RunsFilter(job_name="daily", statuses=[dg.DagsterRunStatus.SUCCESS]), ascending=True
    )
    return [_of_run(instance, record) for record in runs]


def _of_run(instance: dg.DagsterInstance, record: dg.RunRecord) -> dict:
    run_id = record.dagster_run.run_id
    tick = datetime.fromisoformat(record.dagster_run.tags[".dagster/scheduled_execution_time"]).timestamp()
    events = instance.all_logs(
        run_id, of_type={dg.DagsterEventType.STEP_SUCCESS, dg.DagsterEventType.ASSET_MATERIALIZATION}
    )
    landed = max(e.timestamp for e in events if (e.dagster_event.step_key or "").startswith("clarity__"))
    [published] = [
        e.timestamp
        for e in events
        if e.dagster_event.is_step_materialization and e.dagster_event.asset_key == PUBLISHED
    ]
    return {
        "started": record.start_time - tick,
        "collected": landed - record.start_time,
        "landed": landed - tick,
        "published": published - tick,
    }


@contextmanager
def _running(*command: str, environment: dict[str, str], folder: Path) -> Iterator[subprocess.Popen]:
    with (folder / f"{command[0]}.log").open("wb") as log:
        process = subprocess.Popen(
            [str(BIN / command[0]), *command[1:], "-w", "workspace.yaml"], cwd=PROJECT, env=environment, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=60)


def _memory_mb(process: subprocess.Popen) -> float:
    """Of the process and its children, shared pages divided among those who share them."""
    family = psutil.Process(process.pid)
    return sum(p.memory_full_info().pss for p in (family, *family.children(recursive=True))) / MB


def _backfill(folder: Path) -> Iterator[Result]:
    """30 days backfilled by hand: looked at by a collecting run each, then built in one run, each by its command."""
    folder.mkdir(parents=True)
    last = FIRST + timedelta(days=BACKFILLED_DAYS - 1)
    site = SimulatedSite.generate(first_day=FIRST - timedelta(days=4), days=BACKFILLED_DAYS + 6, sessions_per_day=900)
    with StandIn(site) as stand_in:
        for number in range(BACKFILLED_DAYS):
            now = datetime.combine(FIRST + timedelta(days=number + 1), datetime.min.time(), UTC) + timedelta(hours=1)
            environment = project_environment(
                folder, stand_in, now=now, CLARITY_FIRST_DATE=f"{FIRST}", PATH=os.environ["PATH"]
            )
            settings = make_settings(
                folder,
                project_id="demo",
                api_base_url=stand_in.base_url,
                now=now,
                api_token=SecretStr(stand_in.token()),
            )
            for request in STANDARD_REQUESTS:
                Collector(settings).collect(request.name, FIRST + timedelta(days=number))
        with clocked() as clock:
            _command("collect", "--from", f"{FIRST}", "--to", f"{last}", environment=environment, folder=folder)
        yield Result(
            f"{BACKFILLED_DAYS} days backfilled by `collect`, a run each",
            [clock.seconds],
            note="known already: no request",
        )
        with clocked() as clock:
            _command("build", "--from", f"{FIRST}", "--to", f"{last}", environment=environment, folder=folder)
        yield Result(
            f"{BACKFILLED_DAYS} days backfilled by `build`, in one run",
            [clock.seconds],
            note="models, checks, published copy",
        )


def _command(*arguments: str, environment: dict[str, str], folder: Path) -> None:
    subprocess.run(
        [str(BIN / "clarity-assets"), *arguments], env=environment, cwd=folder, check=True, capture_output=True
    )
