"""Health: each check seen good, bad and unknown; without a warehouse, with a damaged, a busy and an empty one."""

import json
import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from clarity_assets.alerts.causes import Cause
from clarity_assets.alerts.machine import Disk
from clarity_assets.alerts.store import note_event
from clarity_assets.alerts.tables import ALERT_TABLES
from clarity_assets.cli.health import health, tidy
from clarity_assets.demo.token import make_token
from clarity_assets.operations.file import open_operations
from clarity_assets.operations.health import AutomationFacts, Health, read_health
from clarity_assets.operations.health_machine import (
    automation_checks,
    backup_check,
    disk_check,
    settings_check,
    token_check,
)
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.tables import transaction
from clarity_assets_tests.fixtures.collecting import FIRST_DAY, Bench
from clarity_assets_tests.unit.operations.kept import build, collect_nights, project, settings_now

DAY = FIRST_DAY + timedelta(days=1)
OF_THE_WAREHOUSE = ("warehouse", "integrity", "collection", "budget", "gaps", "checks", "marts")


@pytest.fixture(scope="module")
def collected(tmp_path_factory) -> Bench:
    """Two days, known whole, with their marts."""
    bench = project(tmp_path_factory.mktemp("collected"))
    collect_nights(bench, FIRST_DAY, 2, build_each=False)
    build(bench, FIRST_DAY, DAY + timedelta(days=1))
    return bench


@pytest.fixture
def bench(collected, tmp_path) -> Bench:
    copy = project(tmp_path)
    shutil.copyfile(collected.settings.warehouse, copy.settings.warehouse)
    copy.api.now = collected.api.now
    return copy


def health_of(bench: Bench, *, later: timedelta = timedelta(), **changes) -> Health:
    bench.api.now += later
    return read_health(settings_now(bench, **changes), automation=AutomationFacts({"daily": True}, {}, {}))


def verdicts(found: Health, *names: str) -> dict[str, bool | None]:
    return {check.name: check.is_good for check in found.checks if not names or check.name in names}


def told(found: Health, name: str) -> str:
    [check] = [check for check in found.checks if check.name == name]
    return f"{check.told} -> {check.next_step}"


def test_a_collected_project_is_well(bench):
    found = health_of(bench)
    assert verdicts(found, *OF_THE_WAREHOUSE) == dict.fromkeys(OF_THE_WAREHOUSE, True)
    assert f"the newest day that is known whole is {DAY}" in told(found, "collection")
    assert "6 of 10 requests" in told(found, "budget")
    assert "tables read, and the newest 12 answers hashed again" in told(found, "integrity")
    assert found.is_healthy
    assert found.exit_code == 3  # nobody is told of alerts, and nothing is backed up
    assert {check.name for check in found.bad} == {"settings", "backup", "published"}


def test_a_deep_look_reads_every_answer(bench):
    found = read_health(settings_now(bench), is_deep=True)
    assert "every answer hashed again" in told(found, "integrity")


def test_before_the_first_collection_it_says_so_and_makes_no_file(tmp_path):
    bench = project(tmp_path)
    found = health_of(bench)
    assert verdicts(found, *OF_THE_WAREHOUSE) == dict.fromkeys(OF_THE_WAREHOUSE)
    assert "there is none yet" in told(found, "warehouse")
    assert (found.is_healthy, found.exit_code) == (True, 3)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_warehouse_has_nothing_to_tell(tmp_path):
    bench = project(tmp_path)
    with open_warehouse(bench.settings.warehouse):
        pass
    found = health_of(bench)
    assert verdicts(found, "warehouse", "collection", "gaps") == {"warehouse": True, "collection": None, "gaps": True}


def test_a_damaged_warehouse_is_critical(bench):
    bench.settings.warehouse.write_bytes(b"no database" * 500)
    found = health_of(bench)
    assert verdicts(found, *OF_THE_WAREHOUSE) == dict.fromkeys(OF_THE_WAREHOUSE) | {"warehouse": False}
    assert "clarity-assets recover" in told(found, "warehouse")
    assert found.exit_code == 1


def test_a_damaged_answer_is_critical(bench):
    with duckdb.connect(str(bench.settings.warehouse)) as con:
        con.execute("update ops.clarity_answer set body = 'x'::blob where request = 'base'")
    found = health_of(bench)
    assert "DAMAGED" in told(found, "integrity")
    assert found.exit_code == 1


def test_a_busy_warehouse_is_unknown_and_named(bench):
    settings = settings_now(bench, warehouse_timeout_s=0.2)
    with open_warehouse(settings.warehouse, label="a long build"):
        found = read_health(settings)
    assert verdicts(found, *OF_THE_WAREHOUSE) == dict.fromkeys(OF_THE_WAREHOUSE)
    assert "very thread" in told(found, "warehouse")
    assert found.exit_code == 3


def test_a_project_without_a_name_is_told_first(bench):
    found = read_health(settings_now(bench, project_id=None))
    assert [(check.name, check.is_good) for check in found.checks] == [("settings", False)]
    assert found.exit_code == 1


def test_three_days_of_silence_are_critical_and_a_day_about_to_be_lost_is_named(bench):
    found = health_of(bench, later=timedelta(days=3, hours=12))
    assert verdicts(found, "collection", "gaps", "marts") == {"collection": False, "gaps": False, "marts": False}
    assert "clarity-assets collect --from" in told(found, "collection")
    assert f"6 were lost in 30 days (the last on {DAY + timedelta(days=1)})" in told(found, "gaps")
    assert f"{DAY + timedelta(days=2)} will be lost at" in told(found, "gaps")
    assert "clarity-assets build --from" in told(found, "marts")
    assert found.exit_code == 1


def test_a_lost_day_is_told_for_a_month(bench):
    found = health_of(bench, later=timedelta(days=6))
    assert verdicts(found, "gaps") == {"gaps": False}
    much_later = health_of(bench, later=timedelta(days=40))
    assert "162 were lost in 30 days" in told(much_later, "gaps")  # six requests, 19 September to 15 October


def test_a_spent_budget_is_a_warning(bench):
    bench.settings = bench.settings.model_copy(update={"quota_limit": 6, "quota_reserve": 0})
    bench.collector_error("country", FIRST_DAY - timedelta(days=1))
    found = health_of(bench)
    assert "6 of 6 requests" in told(found, "budget")
    assert [check.severity for check in found.bad if check.name == "budget"] == ["warning"]


# --- beside the warehouse -----------------------------------------------------------------------------------------


def test_limits_and_addresses_that_cannot_be_understood_are_critical(bench):
    check = settings_check(
        settings_now(bench, thresholds="page rage_click over 100", alert_to=SecretStr("nothing://x y"))
    )
    assert (check.is_good, check.severity) == (False, "critical")
    assert "CLARITY_THRESHOLDS" in check.told
    assert "CLARITY_ALERT_TO: address 1" in check.told


def test_a_token_is_good_ends_soon_or_is_of_no_use(bench):
    now = bench.api.now
    for lives, is_good, severity in ((400, True, "critical"), (5, False, "warning"), (-1, False, "critical")):
        token = SecretStr(make_token(expires_at=now + timedelta(days=lives)))
        check = token_check(settings_now(bench, api_token=token), now=now)
        assert (check.is_good, check.severity) == (is_good, severity), check
    assert token_check(settings_now(bench, api_token=None), now=now).is_good is False


def test_a_disk_is_good_low_or_unknown(bench):
    def disk(free: int):
        return lambda folder: Disk(Path("/"), 100, free)

    def unreadable(folder: Path) -> Disk:
        raise PermissionError(13, "Permission denied", str(folder))

    assert [disk_check(settings_now(bench), disk=d).is_good for d in (disk(50), disk(4), unreadable)] == [
        True,
        False,
        None,
    ]
    assert "4.0 % of the disk" in disk_check(settings_now(bench), disk=disk(4)).told


@dataclass
class Made:
    made_at: object
    is_verified: bool = True
    warnings: tuple[str, ...] = ()


def test_backups_are_good_old_damaged_or_none(bench):
    now = bench.api.now

    def check(*backups: Made):
        return backup_check(settings_now(bench), now=now, backups=lambda settings: backups)

    fresh, old = Made(now - timedelta(hours=22)), Made(now - timedelta(days=3))
    assert [check(fresh, old).is_good, check(old).is_good, check().is_good] == [True, False, False]
    assert "22 h ago" in check(fresh).told
    assert "1 damaged" in check(fresh, Made(now, is_verified=False)).told
    assert check(fresh, Made(now, is_verified=False)).is_good is False
    warned = check(old, Made(now, warnings=("alerts and deliveries are not in it",)))
    assert (warned.is_good, warned.severity) == (False, "warning")
    assert "alerts and deliveries are not in it" in warned.told


def test_a_backup_of_the_future_is_told_as_such(bench):
    now = bench.api.now

    def check(*backups: Made):
        return backup_check(settings_now(bench), now=now, backups=lambda settings: backups)

    soon, far = Made(now + timedelta(hours=2)), Made(now + timedelta(days=300))
    assert "(dated 2 h into the future, look at the clock)" in check(soon).told
    assert "(0 h ago)" in check(Made(now + timedelta(seconds=20))).told
    assert (check(far).is_good, check(far, Made(now)).is_good) == (False, True)
    assert "1 are dated into the future, look at the clock" in check(far).told


def test_schedules_run_are_off_or_nobody_knows(bench):
    assert [check.is_good for check in automation_checks(None)] == [None, None, None]
    found = automation_checks(AutomationFacts({"daily_collection": True}, {"alerts": False}, {"SENSOR": False}))
    assert [(check.is_good, check.severity) for check in found] == [
        (True, "critical"), (False, "warning"), (False, "critical")]  # fmt: skip
    assert found[1].told == "not running: alerts"


def test_open_alerts_are_told_with_their_titles(bench):
    cause = Cause("warehouse_restored:1", "warehouse_restored", "critical", "The warehouse was restored", "", "")
    with open_operations(bench.settings, tables=ALERT_TABLES, label="test") as con, transaction(con):
        note_event(con, cause, project_id="test", now=bench.api.now)
    found = health_of(bench)
    assert "1 open: The warehouse was restored" in told(found, "alerts")
    assert found.exit_code == 1


def test_what_dagster_shows_is_a_line_a_check(bench):
    found = health_of(bench)
    metadata = found.metadata()
    assert metadata["is_healthy"] is True
    assert metadata["schedules"] == "good: running: daily"
    assert json.loads(json.dumps(found.as_json()))["exit_code"] == 3


# --- the commands -------------------------------------------------------------------------------------------------


def run(bench: Bench, command, *words: str):
    settings = bench.settings
    environment = {
        "CLARITY_PROJECT_ID": "test", "CLARITY_API_TOKEN": settings.api_token.get_secret_value(),
        "CLARITY_WAREHOUSE": str(settings.warehouse), "CLARITY_NOW": bench.api.now.isoformat(),
        "CLARITY_FIRST_DATE": f"{FIRST_DAY}", "DAGSTER_HOME": str(settings.warehouse.parent / "none"),
        "CLARITY_REPORTS": str(settings.warehouse.parent / "reports"),
    }  # fmt: skip
    return CliRunner().invoke(command, words, env=environment)


def test_the_command_prints_a_line_a_check_and_what_to_do(bench):
    result = run(bench, health)
    assert result.exit_code == 3, result.output
    assert "warning backup" in result.output
    assert "-> `clarity-assets backup` makes one" in result.output
    assert "good    collection" in result.output
    assert json.loads(run(bench, health, "--json").output)["is_healthy"] is True


def test_the_tidy_command_says_what_it_did(bench):
    result = run(bench, tidy)
    assert result.exit_code == 0, result.output
    assert "answers deleted: 0" in result.output
    assert json.loads(run(bench, tidy, "--json").output)["troubles"] == []
