"""The commands backup, restore and recover, as a person uses them: another machine, a damaged file, a lost key."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clarity_assets.cli import main
from clarity_assets.demo.site import SimulatedSite
from clarity_assets.demo.stand_in import StandIn
from clarity_assets_tests.fixtures.collecting import FIRST_DAY, Bench, FakeApi, make_settings
from clarity_assets_tests.unit.backups.places import sha256_of

SITE = SimulatedSite.generate(first_day=FIRST_DAY - timedelta(days=4), days=20, sessions_per_day=20)
FIRST_NIGHT = datetime(2026, 9, 4, 2, 30, tzinfo=UTC)
KEY = "a passphrase that nobody sees"


@dataclass
class Machine:
    """A folder with a warehouse, the environment that names it, and the API that it asks."""

    folder: Path
    api: StandIn
    now: datetime = FIRST_NIGHT
    more: dict[str, str] = field(default_factory=dict)

    @property
    def warehouse(self) -> Path:
        return self.folder / "clarity.duckdb"

    @property
    def environment(self) -> dict[str, str | None]:
        unset = {name: None for name in os.environ if name.startswith(("CLARITY_", "CLICKSTREAM_"))}
        return unset | {
            "CLARITY_PROJECT_ID": "test", "CLARITY_API_TOKEN": self.api.token(), "CLARITY_NOW": self.now.isoformat(),
            "CLARITY_API_BASE_URL": self.api.base_url, "CLARITY_WAREHOUSE": str(self.warehouse),
            "CLARITY_FIRST_DATE": FIRST_DAY.isoformat(), "CLARITY_REQUEST_PAUSE_S": "0",
            "DAGSTER_HOME": str(self.folder / "dagster_home"),
        } | self.more  # fmt: skip

    def at(self, now: datetime) -> "Machine":
        self.now = now
        self.api.set_clock(now)
        return self

    def run(self, *words: str) -> Result:
        with chdir(self.folder):
            return CliRunner().invoke(main, words, env=self.environment)

    def told(self, *words: str, exit_code: int = 0) -> str:
        """What a command says, in one line of words."""
        done = self.run(*words)
        assert done.exit_code == exit_code, done.output
        assert KEY not in done.output
        return " ".join(done.output.split())

    def collect(self) -> subprocess.CompletedProcess:
        environment = {k: v for k, v in (os.environ | self.environment).items() if v is not None}
        return subprocess.run(
            [sys.executable, "-m", "clarity_assets.cli", "collect"], env=environment, cwd=self.folder,
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    @property
    def bench(self) -> Bench:
        return Bench(make_settings(self.folder), FakeApi(SITE))


@pytest.fixture
def api() -> Iterator[StandIn]:
    with StandIn(SITE) as api:
        yield api


@pytest.fixture
def machine(tmp_path, api) -> Machine:
    """One that has collected two days, in the night after them."""
    machine = Machine(tmp_path / "old", api)
    machine.folder.mkdir()
    for number in range(2):
        bench = machine.bench.at(FIRST_DAY + timedelta(days=number))
        assert all(
            collected.state.is_known
            for collected in bench.collect_all(bench.api.now.date() - timedelta(days=1)).values()
        )
    return machine.at(FIRST_NIGHT - timedelta(days=1))


def test_moving_to_another_machine_brings_everything_along_and_spends_nothing_twice(machine, api, tmp_path):
    path = Path(machine.run("backup").output.splitlines()[0])
    said = machine.told("backup", "--list")
    assert f"2026-09-03 02:30:00 {path.stat().st_size:,} 12 no verified {path.name}" in said
    assert "verified" in machine.told("backup", "--verify")
    new = Machine(tmp_path / "new", api).at(machine.now + timedelta(hours=1))
    new.folder.mkdir()
    carried = Path(shutil.copy(path, new.folder / "carried.backup"))
    said = new.told("restore", str(carried), "--nothing-spent-since")
    [sha256] = re.findall(r"sha256 ([0-9a-f]{64}), equal", said)
    assert sha256 == sha256_of(new.warehouse) == sha256_of(machine.warehouse)
    assert new.bench.landing() == machine.bench.landing()
    assert "6 of 10 requests spent" in new.told("status")
    done = new.at(FIRST_NIGHT).collect()
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(api.calls) == 6


def test_a_deleted_warehouse_comes_back_and_today_s_requests_count_as_spent(machine, api):
    machine.told("backup")
    machine.warehouse.unlink()
    said = machine.told("restore")
    assert "0 answers kept since were imported; 4 requests of today count as spent, as nobody knows" in said
    assert "10 of 10 requests spent" in machine.told("status")
    assert "RestoreRefused" in machine.told("restore", exit_code=1)
    said = machine.told("restore", "--replace")
    assert f"What was there before is {machine.warehouse}.replaced-20260903T023000Z" in said


def test_a_damaged_warehouse_is_recovered_and_a_healthy_one_left_alone(machine):
    assert "RestoreRefused" in machine.told("recover", exit_code=1)
    machine.warehouse.write_bytes(b"damaged" * 1000)
    assert "BackupMissing" in machine.told("recover", exit_code=1)
    assert machine.warehouse.read_bytes() == b"damaged" * 1000
    said = machine.told("recover", "--from-archive")
    assert "begun anew from the archived answers alone" in said
    assert "12 answers kept since were imported" in said
    machine.told("backup")
    machine.warehouse.write_bytes(b"damaged" * 1000)
    assert "restored from" in machine.told("recover")
    assert "The warehouse was damaged and has been restored" in machine.told("alerts")


def test_without_the_right_key_an_encrypted_backup_says_so_and_touches_nothing(machine):
    machine.more["CLARITY_BACKUP_KEY"] = KEY
    assert "encrypted, verified" in machine.told("backup")
    machine.warehouse.unlink()
    for key, said in (("another passphrase", "CLARITY_BACKUP_KEY does not open it"), ("", "set CLARITY_BACKUP_KEY")):
        machine.more["CLARITY_BACKUP_KEY"] = key
        assert said in machine.told("restore", exit_code=1)
        assert not machine.warehouse.exists()
    machine.more["CLARITY_BACKUP_KEY"] = KEY
    machine.told("restore")
    assert KEY.encode() not in b"".join(p.read_bytes() for p in machine.folder.rglob("*") if p.is_file())


def test_options_that_exclude_each_other_are_refused(machine):
    assert "--list or --verify, not both" in machine.told("backup", "--list", "--verify", exit_code=2)
    assert "No backup yet" in machine.told("backup", "--list")


def test_a_damaged_backup_is_named_and_ends_with_exit_code_1(machine):
    path = Path(machine.run("backup").output.splitlines()[0])
    path.write_bytes(path.read_bytes()[:-20_000])
    said = machine.told("backup", "--list", exit_code=1)
    assert "not good" in said
    assert "is incomplete" in said
