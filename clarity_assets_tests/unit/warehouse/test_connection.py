"""Opening the warehouse: in turn, late, privately, and closed whatever happens."""

import os
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from clarity_assets.errors import WarehouseBusy, WarehouseCorrupt, WarehouseError
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.queue import WriterQueue
from clarity_assets.warehouse.tables import transaction
from clarity_assets_tests.unit.warehouse.writers import said_by, started, wait_for_tickets


def settings_of(con: duckdb.DuckDBPyConnection, *names: str) -> list[object]:
    return [con.execute("select current_setting(?)", [name]).fetchall()[0][0] for name in names]


def rows_in(path: Path) -> int:
    with open_warehouse(path, timeout_s=0) as con:
        return con.execute("select count(*) from t").fetchall()[0][0]


@pytest.fixture
def filled(path):
    """The path of a warehouse with table `t` of one row."""
    with open_warehouse(path) as con:
        con.execute("create table t as select 1 as i")
    return path


def test_what_is_missing_is_made_for_this_user_alone(path):
    with open_warehouse(path / ".." / ".." / "deep" / "er" / "clarity.duckdb") as con:
        con.execute("create table t (i integer)")
    folder = path.parent.parent / "deep"
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (folder, *folder.rglob("*"))}
    assert modes == {
        "deep": 0o700,
        "er": 0o700,
        "clarity.duckdb": 0o600,
        "clarity.duckdb.queue": 0o700,
        "draw.lock": 0o600,
        "made": 0o600,
    }


def test_an_existing_files_mode_is_left_alone(filled):
    filled.chmod(0o640)
    with open_warehouse(filled):
        pass
    assert stat.S_IMODE(filled.stat().st_mode) == 0o640


def test_what_was_written_is_there_for_the_next_one(filled):
    assert said_by("count", filled) == "1"


def test_times_are_utc_and_extensions_and_temporary_files_stay_put(path):
    with open_warehouse(path, memory_limit="512MiB") as con:
        assert settings_of(con, "TimeZone", "temp_directory", "memory_limit") == ["UTC", f"{path}.tmp", "512.0 MiB"]
        assert settings_of(con, "autoinstall_known_extensions", "autoload_known_extensions") == [False, False]
        assert settings_of(con.cursor(), "TimeZone") == ["UTC"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_in_the_body_rolls_back_and_closes(filled, error):
    def work(con: duckdb.DuckDBPyConnection) -> None:
        con.begin()
        con.execute("insert into t values (2)")
        raise error("mine")

    with pytest.raises(error, match="mine"), open_warehouse(filled) as con:
        work(con)
    with pytest.raises(duckdb.ConnectionException, match="closed"):
        con.execute("select 1")
    assert said_by("count", filled) == "1"  # another process can open it right away, without waiting


def test_an_error_closes_cursors_and_open_results_too(filled):
    kept = []

    def work(con: duckdb.DuckDBPyConnection) -> None:
        kept.extend([con.cursor(), con.sql("from t"), con.execute("select * from range(1000000)")])
        kept[0].begin()
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"), open_warehouse(filled) as con:
        work(con)
    assert said_by("count", filled) == "1"


def test_a_transaction_left_open_at_the_end_is_told_and_rolled_back(filled):
    with pytest.raises(WarehouseError, match="never committed"), open_warehouse(filled) as con:
        con.begin().execute("insert into t values (2)")
    assert rows_in(filled) == 1


def test_a_body_that_closes_the_connection_itself_is_fine(filled):
    with open_warehouse(filled) as con:
        con.close()
    assert rows_in(filled) == 1


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("select * from nowhere", duckdb.CatalogException),
        ("insert into one values (1)", duckdb.ConstraintException),
        ("select 'file \"x\": No space left on device'::integer", duckdb.ConversionException),
        ("copy t to '/proc/nowhere/t.parquet'", duckdb.IOException),
        ("from read_parquet('{path}.queue/draw.lock')", duckdb.Error),
        ("attach '{path}.queue/draw.lock' as other", duckdb.IOException),
        ("select getenv_or_not('HOME')", duckdb.CatalogException),
    ],
)
def test_an_sql_error_passes_through_unchanged(filled, sql, error):
    with open_warehouse(filled) as con:
        con.execute("create table one (i integer primary key)")
        con.execute("insert into one values (1)")
    with pytest.raises(error) as caught, open_warehouse(filled) as con, transaction(con):
        con.execute(sql.replace("{path}", str(filled)))
    assert isinstance(caught.value, duckdb.Error)


@pytest.mark.parametrize("mode", ["read", "write"])
def test_a_foreign_process_is_named_past_the_deadline(filled, mode):
    with started("foreign", filled, mode) as notebook:
        assert notebook.hears() == "holding"
        with pytest.raises(WarehouseBusy) as caught, open_warehouse(filled, timeout_s=0.1):
            pass
    message = str(caught.value)
    assert f"{filled} is busy: PID {notebook.pid} (`python" in message
    assert f"writers foreign …/clarity.duckdb {mode}`) has it open outside of the queue; we waited 0." in message
    assert isinstance(caught.value.__cause__, duckdb.IOException)


def test_a_foreign_process_that_leaves_in_time_is_waited_for(filled):
    with started("foreign", filled, "write") as notebook:
        assert notebook.hears() == "holding"
        leaving = threading.Timer(0.1, notebook.say)
        leaving.start()
        with open_warehouse(filled, timeout_s=20) as con:
            assert con.execute("from t").fetchall() == [(1,)]
        leaving.join()


def test_those_behind_one_who_waits_for_a_foreign_process_are_told_of_it(filled):
    with started("foreign", filled, "write") as notebook, ThreadPoolExecutor(1) as other_thread:
        assert notebook.hears() == "holding"

        def wait() -> None:
            with open_warehouse(filled, timeout_s=20, label="weekly report"):
                pass

        waiting = other_thread.submit(wait)
        wait_for_tickets(filled, 1)
        time.sleep(0.1)
        with pytest.raises(WarehouseBusy) as caught, WriterQueue(filled).turn(timeout_s=0.05):
            pass
        notebook.say()
        waiting.result()
    assert f"PID {os.getpid()} (" in str(caught.value)
    assert '"weekly report"' in str(caught.value)
    assert f"and waits for PID {notebook.pid} (" in str(caught.value)


def test_a_connection_of_this_process_past_the_queue_is_named_as_such(filled):
    told = pytest.raises(WarehouseBusy, match=rf"this very process \(PID {os.getpid()}")
    with duckdb.connect(str(filled)), told, open_warehouse(filled, timeout_s=0.02):
        pass


def test_opening_twice_in_one_thread_is_told_at_once(filled):
    with open_warehouse(filled, label="outer") as con:
        with pytest.raises(WarehouseBusy, match="use the connection that is open"), open_warehouse(filled):
            pass
        assert con.execute("from t").fetchall() == [(1,)]


def test_threads_take_turns(filled):
    def insert(value: int) -> None:
        with open_warehouse(filled) as con, transaction(con):
            con.execute("insert into t values (?)", [value])

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(insert, range(2, 10)))
    assert rows_in(filled) == 9


def test_nothing_but_the_file_and_its_queue_is_left_beside_it(filled):
    assert sorted(p.name for p in filled.parent.iterdir()) == ["clarity.duckdb", "clarity.duckdb.queue"]
    assert {p.name for p in (filled.parent / "clarity.duckdb.queue").iterdir()} == {"draw.lock", "made"}


def test_opening_costs_little_more_than_duckdb_itself_does(filled):
    def cost_s(opened) -> float:
        began_s = time.perf_counter()
        with opened():
            pass
        return time.perf_counter() - began_s

    pairs = [(cost_s(lambda: duckdb.connect(str(filled))), cost_s(lambda: open_warehouse(filled))) for _ in range(20)]
    assert min(ours for _, ours in pairs) - min(plain for plain, _ in pairs) < 0.005  # 1-2 ms on an idle machine


def test_a_file_that_was_lost_is_not_made_anew_in_silence(path):
    with open_warehouse(path) as con:
        con.execute("create table t (a int)")
    path.unlink()
    with (
        pytest.raises(WarehouseCorrupt, match=r"is missing, and there was one .* `clarity-assets recover`"),
        open_warehouse(path),
    ):
        pass
    assert not path.exists()
    with open_warehouse(path, is_made_anew=True):
        assert path.exists()
