"""Dagster's own daemon over the project: a simulated night comes, and the day is collected, published and told by itself."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from clarity_assets.demo.site import SimulatedSite
from clarity_assets.demo.stand_in import StandIn
from clarity_assets_tests.fixtures.projects import PROJECT, project_environment
from clarity_assets_tests.unit.delivery.servers import webhook

DAY = date(2026, 9, 7)
SITE = SimulatedSite.generate(first_day=DAY - timedelta(days=4), days=8, sessions_per_day=60)
SPEED = 60  # a simulated hour is a minute
STARTED_S = 30  # by then the daemon looks at its schedules, on a busy machine too
LONGEST_S = 240  # usually 60-120: the daemon starts, a whole minute comes, a run, a look for alerts


def test_the_daemon_collects_publishes_and_tells_by_itself(tmp_path):
    midnight = datetime.combine(DAY + timedelta(days=1), datetime.min.time(), UTC)
    until_tick_s = STARTED_S + 60 - (time.time() + STARTED_S) % 60  # schedules tick at whole minutes
    at_tick = midnight + timedelta(hours=1, minutes=5)
    now = at_tick - timedelta(seconds=until_tick_s * SPEED)
    with StandIn(SITE, speed=SPEED) as stand_in, webhook() as hook:
        environment = project_environment(
            tmp_path, stand_in, now=now, CLARITY_FIRST_DATE=f"{DAY}", CLARITY_CLOCK_SPEED=f"{SPEED}",
            CLARITY_NOW_SINCE=datetime.now(UTC).isoformat(), CLARITY_THRESHOLDS="site sessions > 1",
            CLARITY_ALERT_TO=hook.url(), PATH=os.environ["PATH"],
        )  # fmt: skip
        command = [str(Path(sys.executable).with_name("dagster-daemon")), "run", "-w", "workspace.yaml"]
        with (tmp_path / "daemon.log").open("wb") as log:
            daemon = subprocess.Popen(
                command, cwd=PROJECT, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        try:
            published = tmp_path / "published" / "clarity_published.duckdb"
            wait_for(lambda: published.exists() and hook.bodies, daemon, log=tmp_path / "daemon.log")
        finally:
            os.killpg(daemon.pid, signal.SIGTERM)
            daemon.wait(timeout=60)
        calls = len(stand_in.calls)
    assert [body["title"].partition(":")[0] for body in hook.bodies] == ["[warning] demo"]
    assert "Sessions of the site" in hook.bodies[0]["title"]
    assert calls == 6
    with dg.DagsterInstance.from_config(environment["DAGSTER_HOME"]) as instance:
        runs = [run.status.value for run in instance.get_runs() if run.job_name == "daily"]
    assert runs == ["SUCCESS"]  # however many ticks came by the fast clock
    with duckdb.connect(str(published), read_only=True) as con:
        assert con.execute("select date, count(*) from marts.fct_site_daily group by date").fetchall() == [(DAY, 1)]


def wait_for(is_there, daemon: subprocess.Popen, *, log: Path) -> None:
    until = time.monotonic() + LONGEST_S
    while not is_there():
        if daemon.poll() is not None or time.monotonic() > until:
            pytest.fail(f"nothing came within {LONGEST_S} s; the daemon's last words: {log.read_text()[-3000:]}")
        time.sleep(0.5)
