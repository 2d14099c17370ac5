"""Backups of a real warehouse: what they hold, that they are verified, who waits, and what a full disk leaves."""

import shutil
import subprocess
import sys
import threading

import duckdb
import orjson
import pytest
from pydantic import SecretStr

from clarity_assets.backups.folder import alone, find_backup, list_backups, newest_first
from clarity_assets.backups.making import make_backup, verify_backups
from clarity_assets.backups.troubles import BackupMissing
from clarity_assets.errors import WarehouseBusy, WarehouseCorrupt, WarehouseError
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets_tests.unit.backups.places import KEY, delete, flip_a_byte, instant, sha256_of

LIMITED = """
import resource, sys
from pathlib import Path
from clarity_assets.backups.making import make_backup
from clarity_assets_tests.unit.backups.places import Project
project = Project.in_folder(Path(sys.argv[1])).at(3, 2.5)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
make_backup(project.settings)
"""


def modes(folder) -> set[int]:
    return {path.stat().st_mode & 0o777 for path in folder.iterdir()}


def test_a_backup_is_verified_private_and_tells_what_is_in_it(project):
    made = make_backup(project.settings)
    assert made.path == project.folder / "backups" / "clarity-20260904T023000Z.backup"
    assert made.sha256 == project.sha256()
    assert made.tables["ops.clarity_answer"] == 18
    assert made.tables["landing.clarity_base"] == 3
    assert made.manifest.project_id == "test"
    assert made.manifest.versions["duckdb"] == duckdb.__version__
    assert (made.is_verified, made.is_encrypted, made.warnings) == (True, False, ())
    assert list_backups(project.settings) == [made]
    assert modes(project.folder / "backups") == {0o600}
    assert (project.folder / "backups").stat().st_mode & 0o777 == 0o700
    assert project.names() == {"answers", "backups", "clarity.duckdb", "logs"}
    audit = (project.folder / "logs" / "audit-2026-09-04.jsonl").read_bytes().splitlines()
    assert orjson.loads(audit[-1])["event"] == "backup"


def test_an_encrypted_one_holds_the_same_and_its_key_is_nowhere(project):
    project = project.with_settings(backup_key=SecretStr(KEY))
    made = make_backup(project.settings)
    assert (made.is_encrypted, made.sha256) == (True, project.sha256())
    for path in project.folder.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()
    other = project.with_settings(backup_key=SecretStr("another passphrase"))
    [found] = verify_backups(other.settings)
    assert "CLARITY_BACKUP_KEY does not open it" in found.trouble
    assert found.path.suffix == ".backup"  # that is no damage


def test_two_backups_at_the_same_instant_are_two_files(project):
    first, second = make_backup(project.settings), make_backup(project.settings)
    assert [first.path.name, second.path.name] == [
        "clarity-20260904T023000Z.backup",
        "clarity-20260904T023000Z-2.backup",
    ]
    assert len(list_backups(project.settings)) == 2


def test_two_backups_at_once_are_made_one_after_the_other(project):
    made, errors = [], []

    def work() -> None:
        try:
            made.append(make_backup(project.settings))
        except WarehouseError as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len({one.path for one in made}), errors) == (3, [])


def test_a_second_backup_that_waits_too_long_says_so(project):
    impatient = project.with_settings(warehouse_timeout_s=0.1)
    with alone(project.settings, what="test"), pytest.raises(WarehouseBusy, match="another backup or restore"):
        make_backup(impatient.settings)


def test_older_ones_are_thinned(project):
    project = project.with_settings(backup_keep_daily=2, backup_keep_weekly=1, backup_keep_monthly=1)
    names = [make_backup(project.at(night, 2.5).settings).path.name for night in (3, 4, 5, 6)]
    assert [backup.path.name for backup in list_backups(project.settings)] == [names[3], names[2]]


def test_the_one_just_made_stays_where_the_clock_was_put_back(project):
    later = make_backup(project.at(3, 5).settings)
    made = make_backup(project.at(3, 3).settings)
    assert (made.size_bytes, made.deleted) == (made.path.stat().st_size, ())
    assert list_backups(project.settings) == [later, made]
    assert find_backup(project.settings, "latest", now=instant(3, hour=3)) == made


def test_two_projects_in_one_folder_neither_see_nor_delete_each_other_s(project):
    few = {"backup_keep_daily": 1, "backup_keep_weekly": 0, "backup_keep_monthly": 0}
    project = project.with_settings(**few)
    other = project.with_settings(project_id="other")
    theirs = [make_backup(other.settings, now=instant(number)) for number in (1, 3)]
    assert theirs[1].deleted == (theirs[0].path.name,)
    nobodys = project.folder / "backups" / "clarity-20260801T000000Z.backup"
    nobodys.write_bytes(b"cut")
    ours = make_backup(project.settings)
    assert (ours.deleted, ours.warnings) == ((), ())
    assert [backup.path for backup in list_backups(project.settings)] == [ours.path, nobodys]
    assert [backup.path for backup in list_backups(other.settings)] == [theirs[1].path, nobodys]
    assert newest_first(project.settings, now=instant(5)) == [ours]
    assert [backup.is_verified for backup in verify_backups(project.settings)] == [True, False]
    assert nobodys.exists()


def test_alerts_and_deliveries_are_in_it_and_where_they_are_damaged_the_warehouse_still_is(project):
    with open_warehouse(project.settings.operations_file) as con:
        con.execute("create schema ops; create table ops.alert as select 7 as i")
    made = make_backup(project.settings)
    assert made.manifest.files["operations.duckdb"].tables == {"ops.alert": 1}
    project.settings.operations_file.write_bytes(b"damaged" * 10_000)
    made = make_backup(project.settings)
    assert set(made.manifest.files) == {"warehouse.duckdb"}
    assert "alerts and deliveries are not in it" in made.warnings[0]


# --- what cannot be backed up -----------------------------------------------------------------------------------------


def test_a_missing_warehouse_is_not_backed_up_as_an_empty_one(project):
    make_backup(project.settings)
    delete(project.warehouse)
    with pytest.raises(WarehouseError, match="nothing to copy"):
        make_backup(project.settings)
    assert len(list_backups(project.settings)) == 1
    assert not project.warehouse.exists()


def test_a_damaged_block_that_opening_does_not_see_is_found_before_it_becomes_a_backup(project):
    flip_a_byte(project.warehouse)
    with pytest.raises(WarehouseCorrupt, match="is damaged, so no backup was made of it"):
        make_backup(project.settings)
    assert list_backups(project.settings) == []


def test_a_warehouse_that_was_begun_anew_drives_no_older_backup_out(project):
    project = project.with_settings(backup_keep_daily=1, backup_keep_weekly=0, backup_keep_monthly=0)
    old = make_backup(project.settings)
    delete(project.warehouse)
    shutil.rmtree(project.warehouse.with_name(f"{project.warehouse.name}.queue"))  # else a lost one is not made anew
    project.collect(4)
    new = make_backup(project.at(5, 2.5).settings)
    assert "6 answers, and an older backup 18" in new.warnings[0]
    assert f"`clarity-assets restore --replace {old.path.name}` brings the older one back" in new.warnings[0]
    assert new.deleted == ()
    assert list_backups(project.settings) == [new, old]
    assert find_backup(project.settings, "latest", now=instant(5, hour=3)) == old
    assert find_backup(project.settings, new.path.name, now=instant(5, hour=3)) == new
    old.path.unlink()
    with pytest.raises(BackupMissing, match=f"{new.path.name} has fewer answers than an older one had"):
        find_backup(project.settings, "latest", now=instant(5, hour=3))
    assert not make_backup(project.at(6, 2.5).settings).is_shrunk  # nobody misses the older ones any more


@pytest.mark.parametrize("limit", [20_000, 1_000_000], ids=["the packed file", "the copy"])
def test_a_full_disk_leaves_nothing_half_made(project, limit):
    before = project.known()
    told = subprocess.run(
        [sys.executable, "-c", LIMITED, str(project.folder), str(limit)], capture_output=True, text=True, timeout=60
    )
    assert "WarehouseFull" in told.stderr
    assert list((project.folder / "backups").glob("[!.]*")) == []
    assert project.names() == {"answers", "backups", "clarity.duckdb", "logs"}
    assert project.known() == before
    assert make_backup(project.settings).is_verified


# --- looking at them --------------------------------------------------------------------------------------------------


def test_a_damaged_backup_is_set_apart_and_counts_no_more(project):
    good = make_backup(project.settings)
    bad = make_backup(project.at(4, 2.5).settings)
    data = bytearray(bad.path.read_bytes())
    data[5000] ^= 1
    bad.path.write_bytes(data)
    assert [backup.is_verified for backup in list_backups(project.settings)] == [True, True]  # sizes are as they were
    found = verify_backups(project.settings)
    assert [backup.is_verified for backup in found] == [False, True]
    assert "was changed or is damaged" in found[0].trouble
    assert found[0].path.name == "clarity-20260905T023000Z.damaged"
    assert newest_first(project.settings, now=instant(5)) == [good]
    make_backup(project.at(5, 2.5).settings)
    assert [backup.is_verified for backup in list_backups(project.settings)] == [True, True]  # thinned


def test_a_cut_backup_is_seen_without_reading_it(project):
    made = make_backup(project.settings)
    made.path.write_bytes(made.path.read_bytes()[:-30_000])
    [found] = list_backups(project.settings)
    assert (found.is_verified, found.made_at) == (False, made.made_at)
    assert "incomplete" in found.trouble


def test_what_is_named_otherwise_is_no_backup(project):
    made = make_backup(project.settings)
    for name in ("notes.txt", "clarity-2026.backup", "clarity-20260904T023000Z.backup.part"):
        (project.folder / "backups" / name).write_text("mine")
    assert list_backups(project.settings) == [made]


def test_the_latest_is_the_newest_one_that_no_wrong_clock_has_dated_into_the_future(project):
    future = make_backup(project.settings, now=instant(4000))
    real = make_backup(project.settings)
    assert find_backup(project.settings, "latest", now=instant(3, hour=3)) == real
    assert find_backup(project.settings, future.path.name, now=instant(3)) == future
    assert find_backup(project.settings, future.path, now=instant(3)) == future
    with pytest.raises(BackupMissing, match="neither a file nor a backup"):
        find_backup(project.settings, "../clarity.duckdb.nowhere", now=instant(3))


def test_the_warehouse_is_held_for_a_moment_only(project):
    made = make_backup(project.settings)
    assert made.held_s < 2
    assert made.made_at == instant(3, hour=2, minute=30)
    assert sha256_of(project.warehouse) == made.sha256
