"""A warehouse that is damaged while everything runs by itself: restored, caught up, told, and nothing else touched."""

from dataclasses import dataclass

import pytest

from clarity_assets.alerts.store import ALERT_TABLES, open_alerts
from clarity_assets.backups.making import make_backup
from clarity_assets.backups.recovering import find_damage, recover_if_corrupt, recover_warehouse
from clarity_assets.backups.troubles import BackupMissing, RestoreRefused
from clarity_assets.clarity.client import RawAnswer
from clarity_assets.clarity.collect import Collector, Pacer
from clarity_assets.errors import WarehouseCorrupt
from clarity_assets.operations.file import open_operations
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets_tests.unit.backups.places import DAMAGES, Project, day, delete, flip_a_byte, overwrite


def alerts(project: Project) -> list:
    with open_operations(project.settings, tables=ALERT_TABLES, label="test") as con:
        return open_alerts(con, project_id="test")


@pytest.mark.parametrize("destroy", DAMAGES)
def test_after_any_destruction_everything_that_was_known_is_known_again(project, destroy):
    make_backup(project.settings)
    project.collect(3)
    before = project.known()
    destroy(project.warehouse)
    done = recover_if_corrupt(project.settings)
    assert done.caught_up.imported == 6
    assert project.known() == before
    assert project.slots_by_day()[day(4)] == 10
    assert (done.aside is None) == (destroy is delete)
    if done.aside:
        assert done.aside.name == "clarity.duckdb.corrupt-20260905T010000Z"
    [alert] = alerts(project)
    assert (alert.kind, alert.severity) == ("warehouse_restored", "critical")
    assert "6 answers kept since were imported" in alert.detail
    assert "othing was changed" not in alert.detail
    assert recover_if_corrupt(project.settings) is None


def test_a_healthy_warehouse_is_left_alone(project):
    make_backup(project.settings)
    sha256 = project.sha256()
    assert recover_if_corrupt(project.settings) is None
    with pytest.raises(RestoreRefused, match="is not damaged"):
        recover_warehouse(project.settings)
    assert project.sha256() == sha256


def test_a_project_that_has_not_begun_is_not_damaged(tmp_path):
    project = Project.in_folder(tmp_path)
    assert find_damage(project.settings) is None
    assert not project.warehouse.exists()


def test_a_damage_that_only_reading_finds_is_not_seen_by_opening(project):
    flip_a_byte(project.warehouse)
    assert find_damage(project.settings, is_deep=False) is None
    assert "checksum" in find_damage(project.settings)


def test_an_answer_that_was_changed_inside_an_intact_file_is_damage(project):
    make_backup(project.settings)
    before = project.known()
    with open_warehouse(project.warehouse) as con:
        con.execute("update ops.clarity_answer set body = 'x'::blob where request = 'base'")
    assert "3 of its answers are damaged" in find_damage(project.settings)
    with pytest.raises(WarehouseCorrupt):
        make_backup(project.settings)
    recover_warehouse(project.settings)
    assert project.known() == before


def test_the_newest_good_backup_is_taken_where_newer_ones_are_damaged(project):
    good = make_backup(project.settings)
    project.collect(3)
    bad = make_backup(project.at(4, 2.5).settings)
    data = bytearray(bad.path.read_bytes())
    data[5000] ^= 1
    bad.path.write_bytes(data)
    before = project.known()
    overwrite(project.warehouse)
    done = recover_warehouse(project.settings)
    assert done.backup == good
    assert bad.path.name in done.passed_over[0]
    assert project.known() == before


def test_without_a_good_backup_the_damaged_file_stays_where_it_is(project):
    overwrite(project.warehouse)
    sha256 = project.sha256()
    with pytest.raises(BackupMissing, match="--from-archive"):
        recover_if_corrupt(project.settings)
    assert project.sha256() == sha256
    assert alerts(project) == []


def test_from_the_archive_alone_every_kept_answer_and_its_days_come_back(project):
    before = project.known()
    overwrite(project.warehouse)
    done = recover_warehouse(project.settings, from_archive=True)
    assert (done.backup, done.caught_up.imported) == (None, 18)
    assert project.known() == before
    assert project.slots_by_day()[day(3)] == 10


def test_a_missing_warehouse_without_a_backup_begins_anew_from_the_archive_where_that_is_asked_for(project):
    before = project.known()
    delete(project.warehouse)
    assert find_damage(project.settings) is None
    with pytest.raises(
        RestoreRefused, match=r"is missing, and .* holds no good backup of it; .*--from-archive.* 18 answers"
    ):
        recover_warehouse(project.settings)
    assert not project.warehouse.exists()
    done = recover_warehouse(project.settings, from_archive=True)
    assert "is missing, and 18 answers of it are kept as files" in done.damage
    assert (done.is_of_missing, done.caught_up.imported, project.known()) == (True, 18, before)
    [alert] = alerts(project)
    assert alert.title == "The warehouse was missing and has been restored"


def test_a_project_without_anything_has_nothing_to_recover(tmp_path):
    project = Project.in_folder(tmp_path)
    with pytest.raises(RestoreRefused, match=r"is missing, and .* no answer is kept in .* `clarity-assets collect`"):
        recover_warehouse(project.settings, from_archive=True)
    assert not project.warehouse.exists()


def test_a_backup_of_a_warehouse_that_was_begun_anew_is_not_what_comes_back(project):
    good = make_backup(project.settings)
    delete(project.warehouse)
    with open_warehouse(project.folder / "empty.duckdb"):
        pass
    (project.folder / "empty.duckdb").rename(project.warehouse)
    assert make_backup(project.at(3, 4).settings).is_shrunk
    overwrite(project.warehouse)
    assert recover_warehouse(project.settings).backup == good


def test_another_project_s_backup_is_not_what_comes_back(project):
    make_backup(project.with_settings(project_id="other").settings)
    overwrite(project.warehouse)
    with pytest.raises(BackupMissing, match="holds none"):
        recover_warehouse(project.settings)


@dataclass
class DamagingApi:
    """Answers as the project's own does, and damages the warehouse meanwhile."""

    project: Project

    def __call__(self, token) -> "DamagingApi":
        return self

    def fetch(self, dimensions: tuple[str, ...], *, num_of_days: int) -> RawAnswer:
        overwrite(self.project.warehouse)
        return self.project.bench.api.fetch(dimensions, num_of_days=num_of_days)


def test_an_answer_that_the_damaged_warehouse_could_not_take_is_imported_from_where_it_was_rescued(project):
    make_backup(project.settings)
    project.at(4, 1.0)
    clock = project.bench.api.clock
    with pytest.raises(WarehouseCorrupt, match="rescued"):
        Collector(project.settings, clock=clock, client=DamagingApi(project), pacer=Pacer()).collect("base", day(3))
    assert recover_if_corrupt(project.settings).caught_up.imported == 1
    found = project.bench.sql("select status from ops.clarity_day where request = 'base' and date = ?", day(3))
    assert found == [("measured",)]


def test_a_restore_that_was_killed_half_way_is_completed_and_told(project):
    """The new file is finished, the old one has its other name: what a kill leaves in the middle of a swap."""
    make_backup(project.settings)
    live = project.warehouse
    live.rename(live.with_name("clarity.duckdb.restored"))
    live.with_name("clarity.duckdb.wal.restoring").write_text("clarity.duckdb.corrupt-x\n")
    with pytest.raises(WarehouseCorrupt), open_warehouse(live):
        pass
    assert recover_if_corrupt(project.settings).was_half_done
    assert len(project.known()["answers"]) == 18
    assert ["had been killed" in alert.detail for alert in alerts(project)] == [True]


def test_where_alerts_cannot_be_kept_the_recovery_stands_and_says_so(project):
    make_backup(project.settings)
    overwrite(project.warehouse)
    project.settings.operations_file.write_bytes(b"damaged" * 10_000)
    done = recover_if_corrupt(project.settings)
    assert "no alert could be opened" in done.warnings[0]
    assert find_damage(project.settings) is None
