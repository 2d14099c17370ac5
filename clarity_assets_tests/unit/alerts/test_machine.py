"""Disks, token and backups, jobs, checks and deliveries: what each condition opens and what ends it."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from pydantic import SecretStr

from clarity_assets.alerts.causes import KINDS, Found, JobFacts
from clarity_assets.alerts.checking import checks_failed
from clarity_assets.alerts.delivering import deliveries
from clarity_assets.alerts.machine import Disk, backup_old, disk_low, disk_of, token_expires
from clarity_assets.alerts.running import jobs_failed
from clarity_assets.demo.token import make_token
from clarity_assets.quality.results import TABLE, ensure_results
from clarity_assets_tests.fixtures.collecting import make_settings
from clarity_assets_tests.sql.by_hand import insert
from clarity_assets_tests.unit.alerts.stage import HOOK, NOW, hours, stage

NOTHING = frozenset()


# --- disks ------------------------------------------------------------------------------------------------------------


def disks(folder: Path, free: float, *, open_ids=("disk_low:/data",), mount: str = "/data", **settings) -> Found:
    made = make_settings(folder, **settings)
    return disk_low(made, open_ids=frozenset(open_ids), disk=lambda _: Disk(Path(mount), 1000, round(10 * free)))


def test_a_disk_is_low_below_the_limit_and_critical_below_half_of_it(tmp_path):
    assert disks(tmp_path, 10.0).causes == ()
    [low] = disks(tmp_path, 9.9).causes
    [full] = disks(tmp_path, 4.9).causes

    assert (low.severity, full.severity) == ("warning", "critical")
    assert low.title == "9.9 % of the disk at /data is free"


def test_a_disk_is_well_again_only_two_points_above_the_limit(tmp_path):
    assert disks(tmp_path, 11.9) == Found()
    assert disks(tmp_path, 12.0).over == {"disk_low:/data": "12.0 % is free again"}


def test_a_disk_that_nothing_lies_on_any_more_is_over(tmp_path):
    assert list(disks(tmp_path, 50, mount="/new").over) == ["disk_low:/data"]


def test_two_disks_are_two_causes(tmp_path):
    made = make_settings(tmp_path, backups=tmp_path / "b")
    found = disk_low(
        made, open_ids=NOTHING, disk=lambda folder: Disk(Path("/b" if folder.name == "b" else "/"), 100, 1)
    )

    assert {cause.cause_id for cause in found.causes} == {"disk_low:/", "disk_low:/b"}


def test_the_disk_of_a_folder_that_is_not_there_yet_is_its_parents(tmp_path):
    disk = disk_of(tmp_path / "not" / "there")

    assert disk.mount.is_mount()
    assert 0 < disk.free_bytes <= disk.total_bytes


# --- token ------------------------------------------------------------------------------------------------------------


def token(folder: Path, lasts: timedelta | None, *open_ids: str) -> Found:
    secret = None if lasts is None else SecretStr(make_token(expires_at=NOW + lasts))
    return token_expires(make_settings(folder, api_token=secret), now=NOW, open_ids=frozenset(open_ids))


def test_a_token_is_told_14_days_before_its_end_and_critical_after_it(tmp_path):
    assert token(tmp_path, timedelta(days=14)).causes == ()
    [soon] = token(tmp_path, timedelta(days=13, hours=23)).causes
    [late] = token(tmp_path, timedelta(hours=-1)).causes

    assert (soon.severity, soon.title) == ("warning", "The API token expires in 13 days")
    assert (late.severity, late.title) == ("critical", "The API token has expired")


def test_a_new_token_ends_it_and_no_token_says_nothing(tmp_path):
    assert list(token(tmp_path, timedelta(days=100), "token_expires").over) == ["token_expires"]
    assert token(tmp_path, None, "token_expires") == Found()


def test_a_token_is_never_in_the_text(tmp_path):
    secret = "eyJ" + "x" * 40
    made = make_settings(tmp_path, api_token=SecretStr(secret))
    [cause] = token_expires(made, now=NOW, open_ids=NOTHING).causes

    assert secret not in str(cause)
    assert cause.title == "The API token is of no use"


# --- backups ----------------------------------------------------------------------------------------------------------


LONG_AGO = NOW - timedelta(days=40)


@dataclass
class Backup:
    made_at: datetime
    is_verified: bool = True
    warnings: tuple[str, ...] = ()


def backed_up(*backups: Backup, first_seen: datetime | None = LONG_AGO, open_ids=("backup_old",)) -> Found:
    return backup_old(backups, first_seen=first_seen, now=NOW, open_ids=frozenset(open_ids))


def test_a_verified_backup_of_48_hours_is_new_enough(tmp_path):
    assert list(backed_up(Backup(NOW - hours(48))).over) == ["backup_old"]
    [cause] = backed_up(Backup(NOW - hours(49)), Backup(NOW - hours(1), is_verified=False)).causes
    assert cause.severity == "warning"
    assert "The newest is of 2026-10-03 01:30 UTC" in cause.detail


def test_no_backup_is_told_of_a_project_older_than_48_hours():
    assert backed_up(first_seen=NOW - hours(47)) == Found()
    assert backed_up(first_seen=None) == Found()
    assert "There is none" in backed_up().causes[0].detail


def test_what_the_newest_backup_warns_of_is_told_until_one_warns_of_nothing():
    warned = Backup(NOW - hours(3), warnings=("18 answers are missing",))
    found = backed_up(Backup(NOW - hours(27)), warned)
    [cause] = found.causes
    assert (cause.cause_id, cause.kind, cause.severity) == ("backup_old:warning", "backup_old", "warning")
    assert "That of 2026-10-04 23:30 UTC: 18 answers are missing." in cause.detail
    assert list(found.over) == ["backup_old"]
    both = ("backup_old", "backup_old:warning")
    assert set(backed_up(warned, Backup(NOW - hours(2)), open_ids=both).over) == set(both)


def test_a_backup_that_a_wrong_clock_dated_far_into_the_future_is_not_the_newest():
    [cause] = backed_up(Backup(NOW + hours(49)), Backup(NOW - hours(49))).causes
    assert "The newest is of 2026-10-03 01:30 UTC" in cause.detail
    assert backed_up(Backup(NOW + hours(2))).causes == ()


# --- jobs -------------------------------------------------------------------------------------------------------------


def job(status: str, *open_ids: str, name: str = "weekly", ended: bool = False, error: str = "TypeError: x") -> Found:
    facts = JobFacts(name, status, "1a2b3c4d5e", NOW, ended, error)
    return jobs_failed((facts,), open_ids=frozenset(open_ids))


def test_a_failed_job_is_critical_and_its_next_success_ends_it():
    [cause] = job("failure").causes
    assert (cause.cause_id, cause.severity) == ("run_failed:weekly", "critical")
    assert "Run 1a2b3c4d at 2026-10-05 02:30 UTC: TypeError: x" in cause.detail

    both = ("run_failed:weekly", "run_ended:weekly", "run_failed:daily")
    assert set(job("success", *both).over) == {"run_failed:weekly", "run_ended:weekly"}


def test_a_run_that_was_ended_for_its_time_is_told_as_that():
    [cause] = job("failure", ended=True).causes
    assert cause.cause_id == "run_ended:weekly"


def test_a_run_whose_process_was_killed_is_started_again_by_itself_where_a_sensor_does_that():
    gone = "its process 4711 is gone"
    assert job("failure", name="daily", error=gone).causes[0].next_step.startswith("Nothing, the job is started again")
    for name, error in (("daily", "KeyError: 'x'"), ("own_job", gone)):
        assert "launch the job again" in job("failure", name=name, error=error).causes[0].next_step


@pytest.mark.parametrize("status", ["running", "canceled"])
def test_a_running_job_and_one_that_somebody_ended_say_nothing(status):
    assert job(status, "run_failed:weekly") == Found()


def test_a_collection_that_the_api_failed_is_told_by_other_alerts():
    error = "ServerFailed: base, 24 h: the API answered 500 with an empty body"
    assert job("failure", name="daily", error=error).causes == ()
    assert len(job("failure", name="weekly", error=error).causes) == 1
    assert len(job("failure", name="daily", error=f"{error}\nWarehouseFull: no space left").causes) == 1
    assert len(job("failure", name="collect", error="KeyError: 'x'").causes) == 1


# --- checks -----------------------------------------------------------------------------------------------------------

DAY = date(2026, 10, 4)


class Checks:
    """`ops.check_result` by hand."""

    def __init__(self, folder: Path):
        self.folder, self.con = folder, duckdb.connect()
        ensure_results(self.con)
        self.clock = NOW - hours(100)

    def add(self, outcome: str, *, severity: str = "error", check: str = "not_null", table: str = "marts.fct_x",
            start: date | None = DAY, days: int = 1) -> None:  # fmt: skip
        self.clock += hours(1)
        insert(
            self.con, TABLE, checked_at=self.clock.replace(tzinfo=None), table_name=table, check_name=check,
            column_name="page", severity=severity, outcome=outcome, partition_start=start,
            partition_end=None if start is None else start + timedelta(days=days), rows_checked=1200, failing_rows=3,
            examples=json.dumps([{"page": "shop.example/<b>"}]), error="KeyError: 'x'" if outcome == "error" else None,
        )  # fmt: skip

    def found(self, *open_ids: str, **settings) -> Found:
        made = make_settings(self.folder, **settings)
        return checks_failed(self.con, settings=made, now=NOW, open_ids=frozenset(open_ids))


@pytest.fixture
def checks(tmp_path):
    made = Checks(tmp_path)
    yield made
    made.con.close()


def test_a_table_whose_blocking_check_fails_is_one_critical_cause_with_examples(checks):
    checks.add("failed")
    checks.add("failed", check="unique")
    checks.add("passed", check="other")
    [cause] = checks.found().causes

    assert (cause.cause_id, cause.severity, cause.title) == (
        "checks_failed:marts.fct_x",
        "critical",
        "2 checks fail on marts.fct_x",
    )
    assert "not_null (page) of 2026-10-04: 3 of 1,200 rows, such as" in cause.detail


def test_it_is_over_when_a_later_result_of_that_day_or_a_newer_one_passes(checks):
    checks.add("failed")
    checks.add("passed", start=DAY - timedelta(days=1))
    assert checks.found("checks_failed:marts.fct_x").over == {}

    checks.add("passed", start=DAY - timedelta(days=3), days=4)
    assert list(checks.found("checks_failed:marts.fct_x").over) == ["checks_failed:marts.fct_x"]


def test_a_failure_of_a_backfilled_day_is_told_although_a_newer_day_passed_before(checks):
    checks.add("passed")
    checks.add("failed", start=DAY - timedelta(days=1))

    assert len(checks.found().causes) == 1


def test_warnings_are_told_only_where_they_are_asked_for(checks):
    checks.add("failed", severity="warn")

    assert checks.found().causes == ()
    [cause] = checks.found(alert_checks="warn").causes
    assert cause.severity == "warning"


def test_a_broken_check_is_critical_whatever_its_severity(checks):
    checks.add("error", severity="warn")
    [cause] = checks.found().causes

    assert cause.severity == "critical"
    assert "is broken: KeyError: 'x'" in cause.detail


def test_old_days_are_no_news_and_a_table_without_days_is(checks):
    checks.add("failed", start=DAY - timedelta(days=8))
    assert checks.found("checks_failed:marts.fct_x").over != {}

    checks.add("failed", start=None, table="seeds.x")
    assert [cause.cause_id for cause in checks.found().causes] == ["checks_failed:seeds.x"]


# --- deliveries -------------------------------------------------------------------------------------------------------


def delivered(ops, *rows: tuple[str, str, datetime], channel: str | None = None, **told) -> None:
    """(message, status, instant) on the stage's channel."""
    from clarity_assets.delivery.channels import channels_of

    [hook] = channels_of(HOOK)
    for message_id, status, at in rows:
        values = {
            "delivery_id": f"d-{message_id}", "project_id": "test", "message_id": message_id, "kind": "report",
            "subject": f"Subject of {message_id}", "channel_id": channel or hook.channel_id, "channel": hook.name,
            "status": status, "reserved_at": at.replace(tzinfo=None), "queued_at": at.replace(tzinfo=None), "attempts": 6,
            "sent_at": at.replace(tzinfo=None) if status == "sent" else None,
        } | told  # fmt: skip
        with ops.open() as con:
            insert(con, "ops.delivery", **values)


def looked_at(ops, *open_ids: str) -> Found:
    with ops.open() as con:
        return deliveries(con, settings=ops.settings, open_ids=frozenset(open_ids))


def test_a_channel_whose_newest_message_was_given_up_is_told_until_one_arrives(tmp_path):
    ops = stage(tmp_path)
    delivered(ops, ("a", "sent", NOW - hours(5)), ("b", "given_up", NOW - hours(2)), last_error="refused")
    [cause] = looked_at(ops).causes
    assert cause.kind == "delivery_failed"
    assert (
        "1 message was given up, the last one (Subject of b) at 2026-10-05 00:30 UTC after 6 attempts: refused"
        in cause.detail
    )

    delivered(ops, ("c", "sent", NOW - hours(1)))
    assert list(looked_at(ops, cause.cause_id).over) == [cause.cause_id]


def test_a_channel_that_is_no_longer_in_the_settings_fails_no_more(tmp_path):
    ops = stage(tmp_path)
    delivered(ops, ("b", "given_up", NOW), channel="another")

    assert looked_at(ops).causes == ()


def test_an_interrupted_message_and_a_held_report_are_told_until_they_are_neither(tmp_path):
    ops = stage(tmp_path)
    delivered(ops, ("a", "interrupted", NOW), ("report:weekly:2026-09-28", "held", NOW), reason="5 of 7 days known")
    found = looked_at(ops)
    assert [cause.cause_id for cause in found.causes] == [
        "delivery_interrupted:d-a",
        "report_held:report:weekly:2026-09-28",
    ]
    assert "5 of 7 days known" in found.causes[1].detail

    ops.sql("update ops.delivery set status = 'sent'")
    assert len(looked_at(ops, *(cause.cause_id for cause in found.causes)).over) == 2


def test_every_kind_has_a_title_for_the_runbook():
    assert len(KINDS) == 18
    assert NOW.tzinfo is UTC
