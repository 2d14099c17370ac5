"""Putting a new file in the place of an old one, with and without a log, and going on where it was killed."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from clarity_assets.backups.swapping import finish_interrupted, swap
from clarity_assets.errors import WarehouseCorrupt
from clarity_assets.warehouse.connection import open_warehouse

NOW = datetime(2026, 9, 4, 2, 30, tzinfo=UTC)
ASIDE = "x.duckdb.corrupt-20260904T023000Z"


@pytest.fixture
def live(tmp_path) -> Path:
    (tmp_path / "new").write_text("new")
    (tmp_path / "x.duckdb").write_text("old")
    return tmp_path / "x.duckdb"


def texts(live: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(live.parent.iterdir())}


def test_a_file_without_a_log_is_replaced_and_kept(live):
    assert swap(live.with_name("new"), live, aside_as="corrupt", now=NOW) == live.with_name(ASIDE)
    assert texts(live) == {"x.duckdb": "new", ASIDE: "old"}


def test_a_file_with_logs_takes_them_along(live):
    live.with_name("x.duckdb.wal").write_text("log")
    live.with_name("x.duckdb.wal.checkpoint").write_text("checkpoint")
    swap(live.with_name("new"), live, aside_as="corrupt", now=NOW)
    assert texts(live) == {
        "x.duckdb": "new", ASIDE: "old", f"{ASIDE}.wal": "log", f"{ASIDE}.wal.checkpoint": "checkpoint",
    }  # fmt: skip


def test_where_only_a_log_is_left_it_goes_aside(live):
    live.unlink()
    live.with_name("x.duckdb.wal").write_text("log")
    swap(live.with_name("new"), live, aside_as="corrupt", now=NOW)
    assert texts(live) == {"x.duckdb": "new", f"{ASIDE}.wal": "log"}


def test_where_there_is_nothing_the_file_takes_its_place(live):
    live.unlink()
    assert swap(live.with_name("new"), live, aside_as="corrupt", now=NOW) is None
    assert texts(live) == {"x.duckdb": "new"}


def test_an_empty_log_is_none(live):
    live.with_name("x.duckdb.wal").touch()
    swap(live.with_name("new"), live, aside_as="corrupt", now=NOW)
    assert texts(live) == {"x.duckdb": "new", ASIDE: "old"}


def test_a_second_file_of_the_same_second_has_another_name(live):
    swap(live.with_name("new"), live, aside_as="corrupt", now=NOW)
    live.with_name("new").write_text("newer")
    assert swap(live.with_name("new"), live, aside_as="corrupt", now=NOW) == live.with_name(f"{ASIDE}-2")
    assert texts(live) == {"x.duckdb": "newer", ASIDE: "old", f"{ASIDE}-2": "new"}


def test_names_with_signs_of_patterns_are_taken_by_the_letter(tmp_path):
    live = tmp_path / "x[1]*.duckdb"
    live.write_text("old")
    (tmp_path / "new").write_text("new")
    live.with_name(live.name + ".wal").write_text("log")
    (tmp_path / "x1.duckdb.wal").write_text("another's")
    aside = swap(tmp_path / "new", live, aside_as="replaced", now=NOW)
    assert (live.read_text(), aside.with_name(aside.name + ".wal").read_text()) == ("new", "log")
    assert (tmp_path / "x1.duckdb.wal").read_text() == "another's"


# what a kill leaves after each step of a swap with a log: files and texts
STEPS = {
    "the new file has its name": {"x.duckdb": "old", "x.duckdb.wal": "log", "x.duckdb.restored": "new"},
    "the old one has two": {"x.duckdb": "old", ASIDE: "old", "x.duckdb.wal": "log", "x.duckdb.restored": "new"},
    "marked": {
        "x.duckdb": "old", ASIDE: "old", "x.duckdb.wal": "log", "x.duckdb.restored": "new",
        "x.duckdb.wal.restoring": f"{ASIDE}\n",
    },
    "the old one has one": {
        ASIDE: "old", "x.duckdb.wal": "log", "x.duckdb.restored": "new", "x.duckdb.wal.restoring": f"{ASIDE}\n",
    },
    "the log is aside": {
        ASIDE: "old", f"{ASIDE}.wal": "log", "x.duckdb.restored": "new", "x.duckdb.wal.restoring": f"{ASIDE}\n",
    },
    "the new one is in place": {
        "x.duckdb": "new", ASIDE: "old", f"{ASIDE}.wal": "log", "x.duckdb.wal.restoring": f"{ASIDE}\n",
    },
}  # fmt: skip
NEW = {"x.duckdb": "new", ASIDE: "old", f"{ASIDE}.wal": "log"}
OLD = {"x.duckdb": "old", "x.duckdb.wal": "log"}


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_swap_is_finished_or_leaves_the_old_file(tmp_path, step):
    live = tmp_path / "x.duckdb"
    for name, text in STEPS[step].items():
        (tmp_path / name).write_text(text)
    finish_interrupted(live)
    found = texts(live)
    if step in ("the new file has its name", "the old one has two"):
        assert {name: text for name, text in found.items() if name != ASIDE} == OLD
    else:
        assert found == NEW
    assert finish_interrupted(live) is False


@pytest.mark.parametrize("step", ["the old one has one", "the log is aside"])
def test_nobody_begins_an_empty_warehouse_in_the_middle_of_a_swap(tmp_path, step):
    live = tmp_path / "x.duckdb"
    for name, text in STEPS[step].items():
        (tmp_path / name).write_text(text)
    with pytest.raises(WarehouseCorrupt, match="write-ahead log"), open_warehouse(live):
        pass
    assert not live.exists()
