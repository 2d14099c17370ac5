"""One look at a whole project: what cannot be read changes nothing, and a crash or a second look tells nothing twice."""

import multiprocessing
import os
import signal
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from pydantic import SecretStr

from clarity_assets import errors
from clarity_assets.alerts.causes import JobFacts
from clarity_assets.alerts.machine import Disk
from clarity_assets.alerts.watching import watch
from clarity_assets.delivery.queueing import queue_message
from clarity_assets.demo.site import SimulatedSite
from clarity_assets.errors import SettingsError
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets_tests.fixtures.collecting import FIRST_DAY, Bench, FakeApi
from clarity_assets_tests.unit.alerts.stage import HOOK, NOW, ROOMY, Stage, hours, stage

FAILED = (JobFacts("weekly", "failure", "1a2b3c4d", NOW, False, "TypeError: x"),)
FULL = Disk(Path("/"), 100, 1)


def ids(watched) -> set[str]:
    return {alert.cause_id for alert in watched.open}


def test_a_new_project_has_no_alert_and_no_warehouse_is_made(tmp_path):
    ops = stage(tmp_path)
    watched = ops.watch()

    assert (watched.open, watched.was_warehouse_read, watched.is_critical) == ((), False, False)
    assert not ops.settings.warehouse.exists()


def test_a_project_without_an_id_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="CLARITY_PROJECT_ID is not set"):
        stage(tmp_path, project_id=None).watch()


def test_a_week_of_server_errors_from_the_first_alert_to_the_last_resolution(tmp_path):
    """Five nights of 500: two days in a row, 48 h without an answer, days that are lost one after another."""
    site = SimulatedSite.generate(first_day=FIRST_DAY - timedelta(days=3), days=16, sessions_per_day=60)
    ops = stage(tmp_path)
    bench = Bench(ops.settings, FakeApi(site))
    for number in range(9):
        day = FIRST_DAY + timedelta(days=number)
        bench.api.fail = (
            {"all": errors.ServerFailed("the API answered 500", http_status=500)} if 1 <= number <= 5 else {}
        )
        bench.at(day).collect_all(day)
        for hour in (2.5, 13):
            ops.watch(now=bench.at(day, hour).api.now, backups=lambda _, at=bench.api.now: [_Good(at)])

    told = [(kind, subject.split("test: ")[1]) for kind, subject in ops.told]
    about = [(kind, text) for kind, text in told if not text.startswith("2026")]
    assert about == [
        ("alert", "Collection failed 2 days in a row (2026-09-02 and 2026-09-03)"),
        ("alert", "No answer of the API since 2026-09-02 01:00 UTC"),
        ("resolved", "Collection failed 2 days in a row (2026-09-05 and 2026-09-06)"),
        ("resolved", "No answer of the API since 2026-09-02 01:00 UTC"),
    ]
    lost = [text for kind, text in told if text.startswith("2026") and kind == "alert"]
    assert [text[:10] for text in lost] == [f"2026-09-0{day}" for day in range(2, 7)]
    assert sum(kind == "resolved" for kind, _ in told) == 2 + 5
    assert all(not alert.is_open for alert in ops.alerts)


class _Good:
    is_verified = True
    warnings = ()

    def __init__(self, made_at: datetime):
        self.made_at = made_at


# --- a warehouse that cannot be used ----------------------------------------------------------------------------------


def test_a_damaged_warehouse_is_told_and_what_it_would_tell_stays_as_it_is(tmp_path):
    ops = stage(tmp_path, thresholds="sessions > 5")
    ops.watch(jobs=FAILED)
    ops.found(_threshold())
    ops.settings.warehouse.write_bytes(b"no database" * 1000)
    watched = ops.watch(now=NOW + hours(1), jobs=(JobFacts("weekly", "success", "x", NOW, False, ""),))

    assert ids(watched) == {"database_error", "threshold:site_sessions>5:site"}
    [error] = [alert for alert in watched.open if alert.kind == "database_error"]
    assert "WarehouseCorrupt" in error.detail
    assert "clarity-assets recover" in error.next_step

    ops.settings.warehouse.unlink()
    with open_warehouse(ops.settings.warehouse, is_made_anew=True):
        pass
    assert ids(ops.watch(now=NOW + hours(2))) == {"threshold:site_sessions>5:site"}  # nothing is known of that day


def _threshold():
    from clarity_assets_tests.unit.alerts.stage import cause

    return cause("threshold:site_sessions>5:site", "warning")


def test_a_warehouse_that_was_there_and_is_gone_is_told(tmp_path):
    ops = stage(tmp_path)
    with open_warehouse(ops.settings.warehouse):
        pass
    ops.watch()
    ops.settings.warehouse.unlink()

    [alert] = ops.watch(now=NOW + hours(1)).open
    assert (alert.kind, alert.title) == ("database_error", "The warehouse is gone")


def test_a_busy_warehouse_is_told_only_when_nobody_could_open_it_for_30_minutes(tmp_path):
    ops = stage(tmp_path, warehouse_timeout_s=0.2)
    with open_warehouse(ops.settings.warehouse, label="a long run"):
        assert ops.watch().open == ()
        assert ops.watch(now=NOW + timedelta(minutes=29)).open == ()
        [alert] = ops.watch(now=NOW + timedelta(minutes=30)).open
    assert alert.title == "The warehouse is busy since 2026-10-05 02:30 UTC"
    assert "already in this very thread" in alert.detail

    assert ops.watch(now=NOW + hours(1)).open == ()


def test_a_busy_spell_that_ended_is_forgotten(tmp_path):
    ops = stage(tmp_path, warehouse_timeout_s=0.2)
    for minutes, is_held in ((0, True), (20, False), (40, True), (60, True)):
        if is_held:
            with open_warehouse(ops.settings.warehouse):
                assert ops.watch(now=NOW + timedelta(minutes=minutes)).open == ()
        else:
            assert ops.watch(now=NOW + timedelta(minutes=minutes)).was_warehouse_read


# --- messages that were given up --------------------------------------------------------------------------------------


def test_a_critical_alert_that_was_given_up_is_told_once_its_channel_works_again_while_it_is_open(tmp_path):
    ops = stage(tmp_path, delivery_attempts=1)
    ops.watch(jobs=FAILED)
    ops.send(NOW, "failed")
    ops.found(_threshold(), now=NOW + hours(1))
    ops.send(NOW + hours(1), "sent")

    assert ops.watch(jobs=FAILED, now=NOW + hours(2)).queued == 1
    assert ops.watch(jobs=FAILED, now=NOW + hours(2)).queued == 0
    ops.send(NOW + hours(2), "sent")
    ops.watch(jobs=(JobFacts("weekly", "success", "x", NOW, False, ""),), now=NOW + hours(3))
    ops.send(NOW + hours(3), "sent")
    told = ops.sql("select kind from ops.delivery where status = 'sent' and contains(subject, 'weekly') order by rowid")
    assert told == [("alert",), ("resolved",)]


# --- settings ---------------------------------------------------------------------------------------------------------


def test_wrong_limits_are_told_and_stop_no_other_alert(tmp_path):
    ops = stage(tmp_path, thresholds="page rage_click = 100")
    watched = ops.watch(jobs=FAILED)
    assert ids(watched) == {"settings:CLARITY_THRESHOLDS", "run_failed:weekly"}

    mended = Stage(ops.settings.model_copy(update={"thresholds": "page rage_click > 100"}))
    assert ids(mended.watch(now=NOW + hours(1))) == {"run_failed:weekly"}


def test_wrong_extra_requests_are_told_and_stop_no_other_alert(tmp_path):
    ops = stage(tmp_path, extra_requests="Weather")
    with open_warehouse(ops.settings.warehouse):
        pass

    assert ids(ops.watch(jobs=FAILED)) == {"settings:CLARITY_EXTRA_REQUESTS", "run_failed:weekly"}


def test_a_folder_that_cannot_be_looked_at_says_nothing(tmp_path):
    def broken(_):
        raise PermissionError("no right")

    assert ids(stage(tmp_path).watch(jobs=FAILED, disk=broken, backups=broken)) == {"run_failed:weekly"}


# --- crashes and second looks -----------------------------------------------------------------------------------------


def _look(folder: Path, kill_at: str) -> None:
    """A look in a process of its own, which may be killed on its way."""

    def die():
        os.kill(os.getpid(), signal.SIGKILL)

    def disk(_):
        if kill_at == "looking":
            die()
        return FULL

    def queue(con, message, **options):
        added = queue_message(con, message, **options)
        if kill_at == "queueing":
            die()
        return added

    ops = stage(folder)
    watch(ops.settings, now=NOW, jobs=FAILED, disk=disk, backups=lambda _: [], queue=queue)


def _in_processes(folder: Path, kills: list[str]) -> list[int]:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_look, args=(folder, kill)) for kill in kills]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    codes = [process.exitcode for process in processes]
    for process in processes:
        process.close()
    return codes


def test_a_look_that_is_killed_leaves_nothing_and_the_next_tells_all(tmp_path):
    assert _in_processes(tmp_path, ["looking", "queueing"]) == [-signal.SIGKILL, -signal.SIGKILL]
    ops = stage(tmp_path)
    assert (ops.alerts, ops.told) == ([], [])

    watched = ops.watch(jobs=FAILED, disk=lambda _: FULL)
    assert ids(watched) == {"run_failed:weekly", "disk_low:/"}
    assert len(ops.told) == 2


def test_three_looks_at_once_tell_once(tmp_path):
    assert _in_processes(tmp_path, ["never"] * 3) == [0, 0, 0]

    assert len(stage(tmp_path).told) == 2
    assert oct(stage(tmp_path).settings.operations_file.stat().st_mode & 0o777) == "0o600"


def test_two_addresses_are_two_rows_of_one_message(tmp_path):
    ops = stage(tmp_path, alert_to=SecretStr(f"{HOOK.get_secret_value()} json://127.0.0.1:9/other"))
    watched = ops.watch(jobs=FAILED, disk=lambda _: ROOMY)

    assert watched.queued == 2
    assert ops.sql("select count(distinct message_id), count(distinct channel_id) from ops.delivery") == [(1, 2)]


def test_a_query_that_fails_on_a_strange_warehouse_is_told(tmp_path):
    ops = stage(tmp_path)
    with duckdb.connect(str(ops.settings.warehouse)) as con:
        con.execute("create schema ops")
        con.execute("create view ops.clarity_answer as select 1 as x")
    [alert] = ops.watch().open

    assert alert.kind == "database_error"
