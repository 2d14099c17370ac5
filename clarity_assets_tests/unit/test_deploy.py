"""The files of deploy/ against what reads them: Dagster, systemd, nginx and PostgreSQL, where these are installed."""

import configparser
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.instance.ref import InstanceRef

from clarity_assets.alerts.causes import KINDS
from clarity_assets.cli import main
from clarity_assets.dagster_home import PROJECT
from clarity_assets.operations.runs_retention import ForgottenRuns, forget_old_runs

DEPLOY = PROJECT / "deploy"
SERVER = "/srv/clarity-assets"
SERVICES = sorted((DEPLOY / "systemd").glob("*.service"))
UNITS = [*SERVICES, *(DEPLOY / "systemd").glob("*.timer")]
POSTGRES = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))), None)


def unit(path: Path) -> configparser.ConfigParser:
    """A unit's sections; of a key that stands twice, both values, a line each."""
    text = re.sub(r"^(Environment=.*)$", lambda m: m[1].replace("Environment=", f"Environment_{m.start()}="),
                  path.read_text(), flags=re.M)  # fmt: skip
    parsed = configparser.ConfigParser(interpolation=None, delimiters="=", comment_prefixes="#")
    parsed.optionxform = str
    parsed.read_string(text)
    return parsed


# --- systemd --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SERVICES, ids=lambda p: p.name)
def test_a_service_has_few_rights_and_leaves_nothing_for_others_to_read(path):
    service = unit(path)["Service"]
    assert service["User"] == service["Group"] == "clarity"
    assert service["EnvironmentFile"] == f"{SERVER}/.env"
    assert service["ReadWritePaths"] == f"{SERVER}/.data"
    rights = {"NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes",
              "CapabilityBoundingSet": "", "RestrictSUIDSGID": "yes", "UMask": "0077"}  # fmt: skip
    assert {name: service[name] for name in rights} == rights


@pytest.mark.parametrize("path", SERVICES, ids=lambda p: p.name)
def test_a_service_starts_what_make_install_put_there(path):
    service = unit(path)["Service"]
    for line in (service["ExecStart"], service.get("ExecStartPre", service["ExecStart"])):
        words = line.split()
        assert words[0].startswith(f"{SERVER}/.venv/bin/")
        assert Path(sys.executable).with_name(Path(words[0]).name).exists()
        assert "-w" not in words or (PROJECT / words[words.index("-w") + 1]).exists()


def test_the_ui_answers_this_machine_only_and_the_watch_needs_no_dagster():
    assert "-h 127.0.0.1" in unit(DEPLOY / "systemd/clarity-assets-webserver.service")["Service"]["ExecStart"]
    watch = unit(DEPLOY / "systemd/clarity-assets-watch.service")["Service"]["ExecStart"]
    assert watch.split()[1:] == ["watch"]
    assert "watch" in main.commands
    assert "dagster" not in watch


def test_a_stopped_daemon_tells_its_runs_too():
    """Told alone, it leaves its run as started for half an hour (measured with Dagster 1.13.27)."""
    service = unit(DEPLOY / "systemd/clarity-assets-daemon.service")["Service"]
    assert service["KillMode"] == "control-group"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_takes_the_units(tmp_path):
    binaries = Path(sys.executable).parent
    for path in UNITS:
        text = path.read_text().replace(f"{SERVER}/.venv/bin", str(binaries)).replace(SERVER, str(PROJECT))
        (tmp_path / path.name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / path.name) for path in UNITS)],
        capture_output=True, text=True, env=os.environ | {"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


# --- Dagster --------------------------------------------------------------------------------------------------------


def test_both_settings_of_dagster_differ_in_storage_alone():
    plain, postgres = (
        yaml.safe_load((DEPLOY / name).read_text()) for name in ("dagster.yaml", "dagster-postgres.yaml")
    )
    assert postgres.pop("storage") == {"postgres": {"postgres_url": {"env": "DAGSTER_POSTGRES_URL"}}}
    assert postgres == plain


def opened(folder: Path) -> dg.DagsterInstance:
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(folder)))


@pytest.fixture
def instance(tmp_path) -> Iterator[dg.DagsterInstance]:
    """An instance with the settings of deploy/dagster.yaml."""
    shutil.copyfile(DEPLOY / "dagster.yaml", tmp_path / "dagster.yaml")
    with opened(tmp_path) as instance:
        yield instance


def test_dagster_takes_the_settings_and_a_missed_tick_is_made_up_for_once(instance):
    assert instance.scheduler.max_catchup_runs == 1
    assert instance.run_monitoring_enabled
    assert instance.run_monitoring_max_runtime_seconds == 1800
    assert not instance.telemetry_enabled
    assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 1


def test_a_run_in_the_pool_of_writers_stores_no_slot_that_could_stay_taken(instance):
    seen = []

    @dg.asset(pool="duckdb")
    def writes(context: dg.AssetExecutionContext):
        seen.append(context.instance.event_log_storage.get_concurrency_run_ids())

    assert dg.materialize([writes], instance=instance).success
    assert seen == [set()]


DAYS = dg.DailyPartitionsDefinition("2026-10-01", end_date="2026-10-04")


@dg.asset(partitions_def=DAYS)
def day_of_old(context: dg.AssetExecutionContext):
    context.log.info("made")
    if context.partition_key == "2026-10-03":
        raise dg.Failure("no such day")


def test_what_old_runs_leave_is_the_newest_of_each_day_and_nothing_else(instance, tmp_path):
    runs = {}
    for name, day in (("replaced", "2026-10-01"), ("newest", "2026-10-01"), ("other", "2026-10-02")):
        runs[name] = dg.materialize([day_of_old], instance=instance, partition_key=day).run_id
    now = datetime.now(UTC) + timedelta(minutes=1)
    assert forget_old_runs(instance, now=now, keep_days=90) == ForgottenRuns()

    gone = forget_old_runs(instance, now=now, keep_days=0)
    assert (gone.runs, gone.logs) == (1, 2)
    assert {run.run_id for run in instance.get_runs()} == {runs["newest"], runs["other"]}
    assert instance.get_materialized_partitions(day_of_old.key) == {"2026-10-01", "2026-10-02"}
    [newest] = instance.fetch_materializations(
        dg.AssetRecordsFilter(day_of_old.key, asset_partitions=["2026-10-01"]), limit=5
    ).records
    assert newest.run_id == runs["newest"]
    with opened(tmp_path) as anew:  # as another process sees it: this one keeps a run's log open
        assert list(anew.all_logs(runs["newest"])) == []
    assert forget_old_runs(instance, now=now, keep_days=0).events == 0


def test_a_failed_run_stays_only_as_long_as_nothing_came_after_it(instance):
    failed = [
        dg.materialize([day_of_old], instance=instance, partition_key="2026-10-03", raise_on_error=False).run_id
        for _ in range(2)
    ]
    gone = forget_old_runs(instance, now=datetime.now(UTC) + timedelta(minutes=1), keep_days=0)
    assert gone.runs == 1
    assert [run.run_id for run in instance.get_runs()] == failed[1:]


# --- PostgreSQL -----------------------------------------------------------------------------------------------------

IN_POSTGRES = """
import sys
from datetime import UTC, datetime, timedelta
import dagster as dg
from clarity_assets.operations.runs_retention import forget_old_runs

@dg.asset(partitions_def=dg.DailyPartitionsDefinition("2026-10-01"))
def one(): ...

with dg.DagsterInstance.get() as instance:
    assert "Postgres" in type(instance.event_log_storage).__name__ or "Postgres" in repr(instance.get_ref().storage_data)
    for _ in range(2):
        assert dg.materialize([one], instance=instance, partition_key="2026-10-01").success
    gone = forget_old_runs(instance, now=datetime.now(UTC) + timedelta(minutes=1), keep_days=0)
    assert (gone.runs, gone.logs) == (1, 1), gone
    assert instance.get_materialized_partitions(one.key) == {"2026-10-01"}
    print("kept", len(instance.get_runs()))
"""


@contextmanager
def postgres_server() -> Iterator[str]:
    """The address of an empty database of a server of its own, on a free port of this machine."""
    user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="clarity-postgres-"))
    try:
        if user:
            shutil.chown(folder, user)
        run = {"check": True, "capture_output": True, "user": user, "cwd": folder}
        subprocess.run([POSTGRES, "-D", folder / "data", "-A", "trust", "-U", "dagster", "--no-sync"], **run)
        port = free_port()
        server = [POSTGRES.with_name("pg_ctl"), "-D", folder / "data", "-l", folder / "log", "-w"]
        subprocess.run([*server, "-o", f"-p {port} -k {folder} -c listen_addresses=127.0.0.1", "start"], **run)
        try:
            yield f"postgresql+psycopg2://dagster@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*server, "-m", "immediate", "stop"], **run)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def has_user(name: str) -> bool:
    return name in {entry.pw_name for entry in pwd.getpwall()}


@pytest.mark.skipif(
    POSTGRES is None or (os.geteuid() == 0 and not has_user("postgres")), reason="needs PostgreSQL's server"
)
def test_dagster_keeps_runs_and_events_in_postgresql(tmp_path):
    shutil.copyfile(DEPLOY / "dagster-postgres.yaml", tmp_path / "dagster.yaml")
    with postgres_server() as url:
        done = subprocess.run(
            [sys.executable, "-c", IN_POSTGRES], capture_output=True, text=True, cwd=PROJECT,
            env=os.environ | {"DAGSTER_HOME": str(tmp_path), "DAGSTER_POSTGRES_URL": url},
        )  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, "kept 1"), done.stderr[-2000:]
    assert not (tmp_path / "history").exists()


# --- the runbook ----------------------------------------------------------------------------------------------------


def test_every_alert_and_every_link_of_the_runbook_has_its_section():
    text = (PROJECT / "docs" / "runbook.md").read_text()
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.S), re.M)
    anchors = [re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings]
    assert len(anchors) == len(set(anchors))
    assert {kind.replace("_", "-") for kind in KINDS} <= set(anchors)
    linked = re.findall(r"\]\(#([^)]+)\)", text)
    linked += re.findall(r"\]\(runbook\.md#([^)]+)\)", (PROJECT / "docs" / "security.md").read_text())
    assert set(linked) <= set(anchors)
    for name in re.findall(r"`(deploy/[^`]+)`", text):
        assert (PROJECT / name).exists(), name
