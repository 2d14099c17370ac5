"""Backup, destruction, restore: everything comes back with equal hashes, and no eleventh request leaves."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pydantic import SecretStr

from clarity_assets.backups.folder import alone
from clarity_assets.backups.making import make_backup
from clarity_assets.backups.restoring import restore_backup
from clarity_assets.backups.troubles import BackupDamaged, BackupKeyWrong, BackupMissing, RestoreRefused
from clarity_assets.delivery.tables import DELIVERY_TABLES
from clarity_assets.errors import SettingsError, WarehouseBusy
from clarity_assets.operations.file import open_operations
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.queue import WriterQueue
from clarity_assets_tests.unit.backups.places import DAMAGES, KEY, Project, day, delete, put_garbage_into_the_log


def snapshot(project: Project) -> dict[str, bytes]:
    """Every file that a failed restore must leave as it was."""
    return {
        str(path.relative_to(project.folder)): path.read_bytes()
        for path in project.folder.rglob("*")
        if path.is_file() and ".queue" not in str(path) and path.name != ".lock"
    }


@pytest.mark.parametrize("destroy", DAMAGES)
def test_after_any_destruction_the_restored_file_has_the_hash_and_the_rows_of_the_backup(project, destroy):
    before, sha256 = project.known(), project.sha256()
    made = make_backup(project.settings)
    destroy(project.warehouse)
    done = restore_backup(project.settings, replace=True, nothing_spent_since=True)
    assert done.sha256 == made.sha256 == sha256 == project.sha256()
    assert (done.tables, project.known()) == (made.tables, before)
    assert project.warehouse.stat().st_mode & 0o777 == 0o600
    assert (done.aside is None) == (destroy is delete)
    names = {"answers", "backups", "clarity.duckdb", "logs"}
    aside = {"clarity.duckdb.replaced-20260904T023000Z"} if done.aside else set()
    if destroy is put_garbage_into_the_log:
        aside.add("clarity.duckdb.replaced-20260904T023000Z.wal")
    assert project.names() == names | aside


def test_an_encrypted_backup_comes_back_on_a_clean_machine_with_the_right_key_alone(project, tmp_path):
    project = project.with_settings(backup_key=SecretStr(KEY))
    made = make_backup(project.settings)
    clean = Project.in_folder(tmp_path / "clean" / "data", backup_key=SecretStr("another passphrase")).at(3, 2.6)
    with pytest.raises(BackupKeyWrong, match="nothing was touched"):
        restore_backup(clean.settings, made.path)
    assert not clean.warehouse.exists()
    clean = clean.with_settings(backup_key=SecretStr(KEY))
    done = restore_backup(clean.settings, made.path, nothing_spent_since=True)
    assert done.sha256 == clean.sha256() == project.sha256()
    assert clean.known() == project.known()


# --- the budget -------------------------------------------------------------------------------------------------------


def test_no_eleventh_request_leaves_on_the_day_of_a_restore(project):
    make_backup(project.settings)
    project.collect(3)  # six requests that the backup knows nothing of
    shutil.rmtree(project.folder / "answers")
    delete(project.warehouse)
    sent = len(project.bench.api.calls)
    done = restore_backup(project.settings)
    assert (done.caught_up.imported, done.caught_up.maybe_spent) == (0, 10)
    project.bench.collect_all(day(3))
    assert len(project.bench.api.calls) == sent
    assert project.slots_by_day()[day(4)] == 10
    [(told,)] = project.bench.sql("select distinct error from ops.api_request where request = 'unknown'")
    assert "restored from the backup of 2026-09-04 02:30 UTC" in told
    project.collect(4)  # the next day has its own budget, and what was missed comes out of the reserve
    project.bench.collect_all(day(3))
    assert len(project.bench.api.calls) <= sent + 10
    assert dict(project.bench.sql("select status, count(*) from ops.clarity_day where date >= ? group by all", day(3))) == {
        "measured": 6, "derived": 6,
    }  # fmt: skip


def test_late_in_the_evening_tomorrow_s_budget_stays_whole(project):
    make_backup(project.settings)
    delete(project.warehouse)
    restore_backup(project.at(3, 23.9).settings)
    project.collect(3)
    assert project.slots_by_day()[day(4)] == 6


def test_with_nothing_spent_since_the_day_s_budget_is_what_the_backup_knows(project):
    make_backup(project.settings)  # of day 3, on which six were spent
    delete(project.warehouse)
    done = restore_backup(project.settings, nothing_spent_since=True)
    assert done.caught_up.maybe_spent == 0
    assert project.slots_by_day()[day(3)] == 6


def test_a_rolling_quota_day_is_filled_too(project):
    project = project.with_settings(quota_day="rolling")
    make_backup(project.settings)
    delete(project.warehouse)
    assert restore_backup(project.settings).caught_up.maybe_spent == 4
    sent = len(project.bench.api.calls)
    project.at(4, 0.5).bench.collect_all(day(3))
    assert len(project.bench.api.calls) == sent


# --- answers kept since -----------------------------------------------------------------------------------------------


def test_answers_kept_since_the_backup_come_back_as_they_were(project):
    make_backup(project.settings)
    project.collect(3).collect(4)
    before = project.known()
    delete(project.warehouse)
    done = restore_backup(project.settings)
    assert (done.caught_up.imported, done.caught_up.refused, done.caught_up.maybe_spent) == (12, (), 4)
    assert project.known() == before
    assert project.slots_by_day() == {day(1): 6, day(2): 6, day(3): 6, day(4): 6, day(5): 10}


def test_what_was_spent_since_is_known_from_kept_answers_even_where_nothing_is_said_to_be(project):
    make_backup(project.settings)
    project.collect(3)
    before = project.known()
    delete(project.warehouse)
    done = restore_backup(project.settings, nothing_spent_since=True)
    assert (done.caught_up.imported, done.caught_up.maybe_spent) == (6, 0)
    assert project.known() == before


def test_a_kept_file_that_is_damaged_is_named_and_the_others_come_back(project):
    make_backup(project.settings)
    project.collect(3)
    [bad] = (project.folder / "answers").rglob("*-base-1d-20260905*")
    bad.write_bytes(b"damaged")
    delete(project.warehouse)
    done = restore_backup(project.settings)
    assert done.caught_up.imported == 5
    assert str(bad) in done.caught_up.refused[0]


def test_answers_of_another_project_in_the_same_archive_are_left_alone(project):
    make_backup(project.settings)
    other = project.with_settings(project_id="test-other", warehouse=project.folder / "other.duckdb")
    other.collect(3)
    delete(project.warehouse)
    done = restore_backup(project.at(4, 2).settings)
    assert (done.caught_up.imported, done.caught_up.refused) == (0, ())


# --- refused ----------------------------------------------------------------------------------------------------------


def test_an_existing_warehouse_is_not_overwritten(project):
    make_backup(project.settings)
    project.collect(3)
    before = snapshot(project)
    with pytest.raises(RestoreRefused, match="--replace"):
        restore_backup(project.settings)
    assert snapshot(project) == before


def test_a_backup_of_another_project_is_refused_unless_it_is_asked_for(project):
    made = make_backup(project.settings)
    other = project.with_settings(project_id="other", warehouse=project.folder / "other.duckdb")
    before = snapshot(project)
    with pytest.raises(
        RestoreRefused, match=r"a backup of project 'test', and CLARITY_PROJECT_ID is 'other'.*--other-project"
    ):
        restore_backup(other.settings, made.path)
    with pytest.raises(BackupMissing, match="no verified backup of project 'other'"):
        restore_backup(other.settings)
    assert snapshot(project) == before
    done = restore_backup(other.settings, made.path, other_project=True, nothing_spent_since=True)
    assert done.sha256 == made.sha256


def test_a_wrong_key_asks_for_the_key_and_not_for_another_backup(project):
    made = make_backup(project.with_settings(backup_key=SecretStr(KEY)).settings)
    with pytest.raises(BackupKeyWrong, match=r"set CLARITY_BACKUP_KEY to the passphrase it was made with$"):
        restore_backup(project.settings, made.path, replace=True)


def test_replacing_moves_a_healthy_warehouse_aside_whole(project):
    make_backup(project.settings)
    project.collect(3)
    newer = project.known()
    done = restore_backup(project.settings, replace=True)
    assert done.aside.name == "clarity.duckdb.replaced-20260905T010000Z"
    assert Project.in_folder(project.folder, warehouse=done.aside).known() == newer
    assert project.known() == newer  # by the answers kept since


def test_a_damaged_backup_touches_nothing(project):
    made = make_backup(project.settings)
    data = bytearray(made.path.read_bytes())
    data[5000] ^= 1
    made.path.write_bytes(data)
    before = snapshot(project)
    with pytest.raises(BackupDamaged, match=made.path.name):
        restore_backup(project.settings, replace=True)
    assert snapshot(project) == before


def test_without_a_backup_there_is_nothing_to_restore(project):
    with pytest.raises(BackupMissing, match="no verified backup"):
        restore_backup(project.settings, replace=True)


def test_without_a_project_id_nobody_knows_whose_budget_to_mark(project):
    made = make_backup(project.settings)
    delete(project.warehouse)
    with pytest.raises(SettingsError, match="CLARITY_PROJECT_ID"):
        restore_backup(project.with_settings(project_id=None).settings, made.path)
    assert not project.warehouse.exists()


@pytest.mark.parametrize("what", ["clarity.duckdb", "clarity.duckdb.collection"])
def test_while_others_write_or_collect_a_restore_waits_and_then_says_so(project, what):
    make_backup(project.settings)
    before = snapshot(project)
    impatient = project.with_settings(warehouse_timeout_s=0.2)
    with other_thread_has(project.folder / what), pytest.raises(WarehouseBusy):
        restore_backup(impatient.settings, replace=True)
    assert snapshot(project) == before


def test_two_restores_at_once_are_refused_or_one_after_the_other(project):
    make_backup(project.settings)
    impatient = project.with_settings(warehouse_timeout_s=0.1)
    with alone(project.settings, what="test"), pytest.raises(WarehouseBusy):
        restore_backup(impatient.settings, replace=True)


@contextmanager
def other_thread_has(path) -> Iterator[None]:
    """A turn in another thread, as this thread's own would be refused at once."""
    has, go = threading.Event(), threading.Event()

    def hold() -> None:
        with WriterQueue(path).turn(timeout_s=5, label="test"):
            has.set()
            go.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    has.wait()
    try:
        yield
    finally:
        go.set()
        thread.join()


# --- alerts and deliveries --------------------------------------------------------------------------------------------


def test_alerts_and_deliveries_come_back_where_there_are_none_and_stay_where_there_are(project):
    place = project.settings.operations_file
    with open_warehouse(place) as con:
        con.execute("create schema ops; create table ops.alert as select 7 as i")
    make_backup(project.settings)
    delete(project.warehouse)
    with open_warehouse(place) as con:
        con.execute("insert into ops.alert values (8)")
    assert restore_backup(project.settings).has_operations is False
    delete(place)
    assert restore_backup(project.settings, replace=True).has_operations is True
    with open_warehouse(place) as con:
        assert con.execute("select i from ops.alert").fetchall() == [(7,)]
    assert place.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("nothing_spent_since", "status"), [(False, "interrupted"), (True, "queued")])
def test_a_message_that_waited_is_not_sent_a_second_time_by_itself(project, nothing_spent_since, status):
    place = project.settings.operations_file
    with open_operations(project.settings, tables=DELIVERY_TABLES, label="test") as con:
        con.execute("insert into ops.delivery (delivery_id, status) values ('d1', 'queued'), ('d2', 'sent')")
    make_backup(project.settings)
    delete(place)
    restore_backup(project.settings, replace=True, nothing_spent_since=nothing_spent_since)
    with open_warehouse(place) as con:
        found = con.execute("select delivery_id, status from ops.delivery order by all").fetchall()
    assert found == [("d1", status), ("d2", "sent")]
