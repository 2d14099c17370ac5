"""A copy holds what was committed, of one moment; it is there whole or not at all, whatever happens."""

import hashlib
import random
import stat
import threading
import time
from pathlib import Path

import duckdb
import pytest

from clarity_assets.errors import WarehouseBusy, WarehouseCorrupt, WarehouseError, WarehouseUnwritable
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.copying import Copied, copy_warehouse
from clarity_assets_tests.unit.warehouse.copiers import killed_when, said_by
from clarity_assets_tests.unit.warehouse.writers import started


@pytest.fixture
def target(tmp_path) -> Path:
    return tmp_path / "copies" / "copy.duckdb"


@pytest.fixture
def filled(path) -> Path:
    with open_warehouse(path) as con:
        con.execute("create table t as select hash(range) as i from range(300000)")
    return path


def copy(path: Path, target: Path, *, timeout_s: float = 5.0, **more) -> Copied:
    return copy_warehouse(path, target, timeout_s=timeout_s, label="copy", **more)


def rows_in(file: Path) -> int:
    with duckdb.connect(str(file), read_only=True) as con:
        return con.execute("select count(*) from t").fetchall()[0][0]


def names_beside(target: Path) -> list[str]:
    return sorted(entry.name for entry in target.parent.iterdir())


def test_the_copy_has_all_rows_its_hash_is_told_and_only_its_owner_may_read_it(filled, target):
    copied = copy(filled, target)
    assert rows_in(target) == 300_000
    assert copied.path == target
    assert copied.sha256 == hashlib.sha256(target.read_bytes()).hexdigest()
    assert copied.size_bytes == target.stat().st_size == filled.stat().st_size
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert 0 < copied.held_s < 5
    assert names_beside(target) == ["copy.duckdb"]


def test_the_copy_can_be_for_the_group_too(filled, target):
    copy(filled, target, mode=0o640)
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_commits_that_a_killed_writer_left_in_its_log_are_in_the_copy(path, target):
    with started("commit_and_die", path) as writer:
        assert writer.end() == -9
    copy(path, target)
    assert rows_in(target) == 5_100


def test_two_copies_of_an_unchanged_warehouse_are_equal(filled, target, tmp_path):
    assert copy(filled, target).sha256 == copy(filled, tmp_path / "other.duckdb").sha256


def test_a_copy_replaces_the_one_before_it_and_who_has_that_open_reads_on(filled, target):
    copy(filled, target)
    with duckdb.connect(str(target), read_only=True) as reader:
        with open_warehouse(filled) as con:
            con.execute("delete from t where i % 2 = 0")
        copy(filled, target)
        assert reader.execute("select count(*) from t").fetchall() == [(300_000,)]
    assert rows_in(target) < 200_000


def test_a_writer_waits_only_while_the_bytes_are_copied(filled, target):
    """Somebody commits in a loop while copies are made: each copy has a whole transaction, none a half."""
    with open_warehouse(filled) as con:
        con.execute("create table pair (side varchar, n int)")
    stop, waits = threading.Event(), []

    def write() -> None:
        n = 0
        while not stop.is_set():
            n += 1
            start = time.monotonic()
            with open_warehouse(filled, timeout_s=10) as con:
                waits.append(time.monotonic() - start)
                con.begin()
                con.execute("insert into pair values ('left', ?)", [n])
                con.execute("insert into pair values ('right', ?)", [n])
                con.commit()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(8):
            copy(filled, target)
            with duckdb.connect(str(target), read_only=True) as con:
                left, right = con.execute(
                    "select count(*) filter (side = 'left'), count(*) filter (side = 'right') from pair"
                ).fetchall()[0]
            assert left == right
    finally:
        stop.set()
        writer.join()
    assert len(waits) > 8
    assert max(waits) < 5


def test_a_missing_warehouse_is_no_empty_copy(path, target):
    with pytest.raises(WarehouseError, match=r"is not there.*clarity-assets collect"):
        copy(path, target)
    assert not path.exists()
    assert not target.exists()


def test_a_warehouse_that_is_held_is_busy_and_named(filled, target):
    with started("hold", filled, "collect 2026-10-04") as holder:
        assert holder.hears() == "holding"
        with pytest.raises(WarehouseBusy, match="collect 2026-10-04"):
            copy(filled, target, timeout_s=0.2)
        holder.end()
    assert not target.exists()


def test_a_warehouse_that_is_open_outside_of_the_queue_is_not_copied(filled, target):
    with started("foreign", filled, "write") as notebook:
        assert notebook.hears() == "holding"
        with pytest.raises(WarehouseBusy, match=f"PID {notebook.pid}"):
            copy(filled, target, timeout_s=0.2)
        notebook.end()
    assert not target.exists()


def test_a_damaged_warehouse_is_told_and_the_copy_before_it_stays(filled, target):
    copy(filled, target)
    before = target.read_bytes()
    filled.write_bytes(b"no database" * 2000)
    with pytest.raises(WarehouseCorrupt, match="is damaged or no DuckDB database"):
        copy(filled, target)
    assert target.read_bytes() == before
    assert names_beside(target) == ["copy.duckdb"]


def test_a_full_disk_is_told_and_leaves_neither_half_a_copy_nor_a_held_warehouse(filled, target):
    told = said_by("fill", filled, "copy", 1_000_000)
    assert told.startswith(f"WarehouseFull: no space left to write {target}")
    assert "are intact" in told
    assert names_beside(target) == []
    assert copy(filled, target, timeout_s=0).size_bytes > 1_000_000


def test_a_folder_that_cannot_be_made_is_told(filled, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WarehouseUnwritable, match=r"file/copy\.duckdb cannot be written"):
        copy(filled, tmp_path / "file" / "copy.duckdb")


def test_a_killed_copy_leaves_the_one_before_it_whole_and_nothing_that_the_next_does_not_remove(filled, target):
    with open_warehouse(filled) as con:
        con.execute("insert into t select hash(range) from range(3000000)")  # it takes a while to copy
    whole = copy(filled, target).sha256
    hits, moments = 0, random.Random(5)

    def is_copying() -> bool:
        return len(names_beside(target)) > 1

    for _ in range(6):
        killed_when(is_copying, "copy", filled, target, after_s=moments.uniform(0, 0.02))
        assert hashlib.sha256(target.read_bytes()).hexdigest() == whole
        hits += is_copying()
        copy(filled, target, timeout_s=0)  # nobody is in the way
        assert names_beside(target) == ["copy.duckdb"]
    assert hits > 0
