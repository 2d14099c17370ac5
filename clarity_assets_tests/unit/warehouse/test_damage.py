"""What the warehouse says of a damaged, unwritable or full place, and that it touches nothing then."""

import shutil
from pathlib import Path

import duckdb
import pytest

from clarity_assets.errors import WarehouseCorrupt, WarehouseError, WarehouseFull, WarehouseUnwritable
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.tables import transaction
from clarity_assets.warehouse.troubles import duckdb_trouble
from clarity_assets_tests.unit.warehouse.writers import said_by, started

FILE = Path("/data/clarity.duckdb")
BLOCKS = 12288  # bytes of the three headers, which the data's blocks follow


def flipped(data: bytes, at: int, count: int = 8) -> bytes:
    return data[:at] + bytes(255 - byte for byte in data[at : at + count]) + data[at + count :]


def snapshot(path: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in path.parent.iterdir() if p.is_file()}


def rows_in(path: Path) -> int:
    with open_warehouse(path, timeout_s=0) as con:
        return con.execute("select count(*) from t").fetchall()[0][0]


def opened_in_vain(path: Path) -> str:
    """What WarehouseCorrupt says; fails if anything was changed or deleted."""
    before = snapshot(path)
    with pytest.raises(WarehouseCorrupt) as caught, open_warehouse(path) as con:
        con.execute("select sum(i) from t")
    assert snapshot(path) == before
    message = str(caught.value)
    assert message.startswith(f"{path} is damaged or no DuckDB database: ")
    assert "restore a backup" in message
    assert "clarity-assets import" in message
    return message


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """A whole warehouse with table `t` of 300,000 rows that do not compress, and one whose writer was killed: 100 rows
    in the file, 5000 in its write-ahead log."""
    folder = tmp_path_factory.mktemp("originals")
    with open_warehouse(folder / "whole" / FILE.name) as con:
        con.execute("create table t as select hash(range) as i from range(300000)")
    with started("commit_and_die", folder / "crashed" / FILE.name) as writer:
        assert writer.end() == -9
    return folder


@pytest.fixture
def filled(originals, path):
    return shutil.copytree(originals / "whole", path.parent) / path.name


@pytest.fixture
def crashed(originals, path):
    return shutil.copytree(originals / "crashed", path.parent) / path.name


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"PK\x03\x04 a spreadsheet",
        lambda data: bytes(len(data)),
        lambda data: data[:100],
        lambda data: data[: len(data) // 2],
        lambda data: flipped(data, 8),
        lambda data: flipped(flipped(data, 4096 + 8), 8192 + 8),
        lambda data: flipped(data, BLOCKS + 100),
    ],
    ids=["empty", "other", "zeros", "stump", "half", "no-magic", "headers", "block"],
)
def test_a_file_that_is_no_whole_database_is_named_and_left_as_it_is(filled, damage):
    filled.write_bytes(damage(filled.read_bytes()))
    opened_in_vain(filled)


def test_a_block_that_turns_out_damaged_while_reading_is_named(filled):
    data = filled.read_bytes()
    for at in range(BLOCKS + 2000, len(data), 262144):
        data = flipped(data, at)
    filled.write_bytes(data)
    assert "checksum" in opened_in_vain(filled)


def test_a_killed_writers_commits_are_all_there(crashed):
    assert rows_in(crashed) == 5100


def log_of(path: Path) -> Path:
    return path.with_name(path.name + ".wal")


@pytest.mark.parametrize("at", [0, 20, 2000], ids=["beginning", "header", "entry"])
def test_a_damaged_log_is_named_and_left_as_it_is(crashed, at):
    log_of(crashed).write_bytes(flipped(log_of(crashed).read_bytes(), at))
    assert "clarity.duckdb.wal" in opened_in_vain(crashed)


def test_a_log_of_another_database_is_named_and_left_as_it_is(crashed):
    crashed.unlink()
    duckdb.connect(str(crashed.parent / "other")).close()
    (crashed.parent / "other").rename(crashed)
    assert "WAL does not match database file" in opened_in_vain(crashed)


def test_a_log_whose_database_is_missing_is_named_and_not_deleted(crashed):
    crashed.unlink()
    assert "the file is missing, but its write-ahead log clarity.duckdb.wal is there" in opened_in_vain(crashed)


@pytest.mark.parametrize("cut", [lambda log: log[:-7], lambda log: log[:2], lambda log: bytes(300), lambda log: b""])
def test_a_log_that_a_crash_left_unfinished_is_no_damage(crashed, cut):
    log_of(crashed).write_bytes(cut(log_of(crashed).read_bytes()))
    assert rows_in(crashed) in (100, 5100)  # an unfinished commit never happened


@pytest.mark.parametrize("place", ["file/clarity.duckdb", "folder", "/proc/clarity.duckdb", "x" * 300])
def test_a_place_that_cannot_be_written_is_named(tmp_path, place):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    with pytest.raises(WarehouseUnwritable) as caught, open_warehouse(tmp_path / place):
        pass
    assert str(caught.value).startswith(f"{tmp_path / place} cannot be written: ")
    assert "CLARITY_WAREHOUSE" in str(caught.value)
    assert isinstance(caught.value.__cause__, (OSError, duckdb.Error))
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(("room", "rows"), [(0, 100_000), (300_000, 400_000)])
def test_a_full_disk_is_told_and_what_was_committed_stays(path, room, rows):
    with open_warehouse(path) as con:
        con.execute("create table t as select hash(range) as i from range(100)")
    said = said_by("fill", path, room, rows)
    assert said.startswith(f"WarehouseFull: no space left to write {path}: ")
    assert "File too large" in said
    assert "make room" in said
    assert said.endswith("(from TransactionException)")
    assert rows_in(path) == 100
    with open_warehouse(path) as con, transaction(con):
        con.execute("insert into t select 1")
    assert rows_in(path) == 101


def test_a_full_disk_while_the_file_is_made_leaves_no_half_made_file(path):
    assert said_by("fill", path, 6000, 1).startswith(f"WarehouseFull: no space left to write {path}: ")
    assert [p.name for p in path.parent.rglob("*")] == ["clarity.duckdb.queue", "draw.lock"]
    with open_warehouse(path) as con:
        con.execute("create table t (i integer)")
    assert rows_in(path) == 0


def test_a_checkpoint_on_a_full_disk_is_told_although_duckdb_gives_up_the_connection():
    error = duckdb.FatalException(
        "FATAL Error: Failed: database has been invalidated because of a previous fatal error.\nOriginal error: "
        f'"Failed to create checkpoint because of error: Could not write file "{FILE}": File too large"'
    )
    assert isinstance(duckdb_trouble(error, FILE), WarehouseFull)


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (duckdb.IOException(f'Could not write file "{FILE}": No space left on device'), WarehouseFull),
        (duckdb.IOException(f'Could not write file "{FILE}.wal": Disk quota exceeded'), WarehouseFull),
        (duckdb.IOException(f'Could not write file "{FILE}.tmp/s_32.tmp": No space left on device'), WarehouseFull),
        (duckdb.IOException(f'Cannot open file "{FILE}": Read-only file system'), WarehouseUnwritable),
        (duckdb.IOException(f'Cannot open file "{FILE}.wal": Permission denied'), WarehouseUnwritable),
        (duckdb.IOException(f'Could not read from file "{FILE}": Input/output error'), WarehouseCorrupt),
        (duckdb.Error("Corrupt database file: computed checksum 1 does not match"), WarehouseCorrupt),
        (duckdb.Error("Corrupted RLE segment: rle_count_offset is corrupted"), WarehouseCorrupt),
        (duckdb.IOException(f'Could not write file "{FILE}.bak": No space left on device'), type(None)),
        (duckdb.IOException('Cannot open file "/x.csv": Permission denied'), type(None)),
        (duckdb.InvalidInputException("Parquet file '/x': metadata is corrupt"), type(None)),
        (duckdb.InternalException("INTERNAL Error: something of DuckDB's"), type(None)),
        (duckdb.ConstraintException(f'file "{FILE}": No space left on device'), type(None)),
    ],
)
def test_only_what_is_about_the_file_is_explained(error, trouble):
    assert type(duckdb_trouble(error, FILE)) is trouble


@pytest.mark.parametrize(
    ("error", "trouble", "words"),
    [
        (duckdb.InternalException("INTERNAL Error: while loading"), WarehouseCorrupt, "while loading"),
        (duckdb.SerializationException("Serialization Error: field id mismatch"), WarehouseCorrupt, "field id"),
        (
            duckdb.IOException("Trying to read a database file with storage version number 99, but we can only …"),
            WarehouseError,
            f"another version of DuckDB than ours ({duckdb.__version__})",
        ),
        (duckdb.IOException("Cannot open encrypted database without a key"), WarehouseError, "cannot be opened"),
    ],
)
def test_at_opening_every_failure_to_load_is_about_the_file(error, trouble, words):
    told = duckdb_trouble(error, FILE, at_open=True)
    assert type(told) is trouble
    assert words in str(told)
