"""After collections that succeed and fail in many ways, no file of the project holds any part of the token."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from clarity_assets.demo.site import SimulatedSite
from clarity_assets.demo.stand_in import StandIn
from clarity_assets_tests.fixtures.projects import project_environment

FIRST_DAY = date(2026, 9, 1)
SITE = SimulatedSite.generate(first_day=FIRST_DAY - timedelta(days=4), days=16, sessions_per_day=10)
NOW = datetime(2026, 9, 6, 1, tzinfo=UTC)


def run(folder: Path, environment: dict[str, str], *words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "clarity_assets.cli", *words], env=environment, cwd=folder, capture_output=True,
        text=True, timeout=180,
    )  # fmt: skip


def test_no_file_and_no_output_holds_any_part_of_the_token(tmp_path):
    said = []
    with StandIn(SITE) as api:
        environment = project_environment(
            tmp_path, api, now=NOW, CLARITY_FIRST_DATE=f"{FIRST_DAY}", CLARITY_REQUEST_PAUSE_S="0",
            CLARITY_ANSWER_TIMEOUT_S="1", CLARITY_CONNECT_TIMEOUT_S="1", PYTHONPATH=os.getcwd(),
        )  # fmt: skip
        api.fail("500", dimensions=())
        api.fail("slow", dimensions=("Device",), seconds=3)
        api.fail("html_200", dimensions=("Country",))
        api.fail("reset", dimensions=("Source", "Medium"))
        said.append(run(tmp_path, environment, "collect"))
        api.heal()
        api.fail("401")
        now = NOW + timedelta(days=1)
        api.set_clock(now)
        said.append(run(tmp_path, environment | {"CLARITY_NOW": now.isoformat()}, "collect"))
    assert [done.returncode for done in said] == [1, 1], said
    token = environment["CLARITY_API_TOKEN"]
    parts = [part.encode() for part in (token, *token.split(".")[1:])]  # the head is the same in every token
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"clarity.duckdb"} < {path.name for path in files}
    assert any(path.suffix == ".jsonl" for path in files)
    assert any("dagster_home" in path.parts for path in files)
    assert [path for path in files if any(part in path.read_bytes() for part in parts)] == []
    outputs = "".join(done.stdout + done.stderr for done in said)
    assert "HTTP 500" in outputs
    assert "HTTP 401" in outputs
    assert not any(part.decode() in outputs for part in parts)
