"""Collections killed with -9 at random moments: nothing lost, nothing doubled, never an eleventh request."""

import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from clarity_assets.clarity.rebuild import rebuild
from clarity_assets.demo.site import SimulatedSite
from clarity_assets.demo.stand_in import StandIn
from clarity_assets_tests.fixtures.collecting import FIRST_DAY, Bench, FakeApi, make_settings
from clarity_assets_tests.fixtures.projects import PROJECT, project_environment

KILLS = 60
SITE = SimulatedSite.generate(first_day=FIRST_DAY - timedelta(days=4), days=70, sessions_per_day=60)


def test_sixty_kills_at_random_moments_lose_nothing_and_double_nothing(tmp_path):
    with StandIn(SITE, quota=None) as stand_in:
        driver = subprocess.run(
            [sys.executable, "-m", "clarity_assets_tests.end_to_end.kill_driver", str(tmp_path), stand_in.base_url, str(KILLS), "11"],
            capture_output=True, text=True, timeout=400,
        )  # fmt: skip
        assert driver.returncode == 0, driver.stdout + driver.stderr
        sent = Counter(call.dimensions for call in stand_in.calls)
    assert driver.stdout.endswith(f"{KILLS} kills\n")
    assert "complete" in driver.stdout
    bench = Bench(make_settings(tmp_path), FakeApi(SITE))
    slots = bench.sql(
        "select count(*), count(*) filter (outcome = 'reserved') from ops.api_request where outcome <> 'not_sent'"
    )
    [(counted, maybe)] = slots
    assert sent.total() <= counted  # whatever left this machine has a slot that counts
    assert maybe > 0  # some kills did hit between reserving and landing
    before = bench.landing()
    assert sum(map(len, before.values())) > 100
    now = FIRST_DAY + timedelta(days=60)
    rebuild(bench.settings.model_copy(update={"now": bench.at(now).api.now}))
    assert bench.landing() == before


def test_a_killed_run_does_not_stand_in_the_way_of_the_next(tmp_path):
    with StandIn(SITE) as stand_in:
        now = datetime.combine(FIRST_DAY + timedelta(days=5), datetime.min.time(), UTC) + timedelta(hours=1)
        environment = project_environment(tmp_path, stand_in, now=now)
        stand_in.fail("slow", seconds=30, times=1)
        command = [str(Path(sys.executable).with_name("clarity-assets")), "collect"]
        killed = subprocess.Popen(command, env=environment, cwd=PROJECT)
        while not stand_in.calls:
            time.sleep(0.05)
        killed.kill()
        killed.wait()
        done = subprocess.run(command, env=environment, cwd=PROJECT, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stdout + done.stderr
    with dg.DagsterInstance.from_config(environment["DAGSTER_HOME"]) as instance:
        statuses = sorted(run.status.value for run in instance.get_runs())
    assert statuses == ["FAILURE", "SUCCESS"]
    bench = Bench(make_settings(tmp_path), FakeApi(SITE))
    assert bench.sql("select count(*), count(*) filter (outcome = 'reserved') from ops.api_request") == [(7, 1)]
