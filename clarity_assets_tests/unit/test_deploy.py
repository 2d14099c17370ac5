"""The files of deploy/ against what reads them: Dagster, systemd, nginx and PostgreSQL, where these are installed."""

import base64
import configparser
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import dagster as dg
import pytest
import requests
import urllib3
import yaml
from dagster._core.instance.ref import InstanceRef

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


# --- nginx ----------------------------------------------------------------------------------------------------------


class Upstream(BaseHTTPRequestHandler):
    """Stands for Dagster's webserver; tells what headers reached it."""

    def do_GET(self):
        body = repr({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_): ...


@pytest.fixture(scope="module")
def proxy(tmp_path_factory) -> Iterator[str]:
    """The address of nginx with deploy/nginx.conf before a server that stands for Dagster's."""
    if not (shutil.which("nginx") and shutil.which("openssl")):
        pytest.skip("needs nginx and openssl")
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    thread = threading.Thread(target=upstream.serve_forever)
    thread.start()
    nginx = subprocess.Popen(
        ["nginx", "-c", _configured(folder, port, upstream.server_port)], stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port)
        yield f"https://127.0.0.1:{port}"
    finally:
        nginx.terminate()
        nginx.wait(10)
        upstream.shutdown()
        upstream.server_close()
        thread.join()


def _configured(folder: Path, port: int, upstream_port: int) -> Path:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=clarity.example.com",
         "-keyout", folder / "key", "-out", folder / "cert"], check=True, capture_output=True,
    )  # fmt: skip
    hashed = subprocess.run(["openssl", "passwd", "-apr1", "horse"], check=True, capture_output=True, text=True).stdout
    (folder / "password").write_text(f"ada:{hashed}")
    text = (DEPLOY / "nginx.conf").read_text()
    for old, new in (
        ("listen 80;", f"listen 127.0.0.1:{free_port()};"), ("listen 443", f"listen 127.0.0.1:{port}"),
        ("/etc/ssl/certs/clarity-assets.pem", f"{folder}/cert"), ("127.0.0.1:3000", f"127.0.0.1:{upstream_port}"),
        ("/etc/ssl/private/clarity-assets.key", f"{folder}/key"),
        ("/etc/nginx/clarity-assets.htpasswd", f"{folder}/password"),
    ):  # fmt: skip
        assert old in text
        text = text.replace(old, new)
    (folder / "site.conf").write_text(text)
    as_root = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{as_root} daemon off; pid {folder}/pid; error_log {folder}/errors; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n"
        f"fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n"
        f"include {folder}/site.conf; }}"
    )
    return folder / "nginx.conf"


def _wait_for(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("nginx did not start within 10 s")


def asked(url: str, *, method: str = "GET", password: str | None = "horse", **headers: str) -> requests.Response:
    """The proxy's answer. Its certificate is its own, so it is not looked at."""
    if password:
        headers["Authorization"] = "Basic " + base64.b64encode(f"ada:{password}".encode()).decode()
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    with pytest.warns(urllib3.exceptions.InsecureRequestWarning):
        return requests.request(method, url, headers=told, verify=False, timeout=10)


def test_the_proxy_lets_nobody_in_without_the_password(proxy):
    assert asked(f"{proxy}/", password=None).status_code == 401
    assert asked(f"{proxy}/", password="donkey").status_code == 401
    assert asked(f"{proxy}/graphql", method="POST", password=None).status_code == 401
    assert asked(f"{proxy}/").status_code == 200


def test_the_password_ends_at_the_proxy(proxy):
    assert "authorization" not in asked(f"{proxy}/").text


def test_a_page_of_another_site_cannot_start_runs_through_a_readers_browser(proxy):
    """Dagster's webserver itself takes mutations by GET and without a content type (seen with 1.13.27)."""
    query = f"{proxy}/graphql?query=mutation"
    assert asked(query).status_code == 405
    assert asked(query, method="POST", Origin="https://evil.example").status_code == 403
    assert asked(query, method="POST", Sec_Fetch_Site="cross-site").status_code == 403
    assert asked(query, Connection="Upgrade", Upgrade="websocket", Origin="https://evil.example").status_code == 403


def test_pages_of_the_ui_itself_may_ask_and_open_websockets(proxy):
    assert asked(f"{proxy}/graphql", method="POST", Origin=proxy, Sec_Fetch_Site="same-origin").status_code == 200
    upgraded = asked(f"{proxy}/graphql", Origin=proxy, Connection="Upgrade", Upgrade="websocket").text
    assert "'upgrade': 'websocket'" in upgraded
    assert "'connection': 'upgrade'" in upgraded
