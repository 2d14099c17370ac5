"""The path of the DuckDB file in, an open connection out: opened late, in its turn, and closed whatever happens."""

import contextlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from clarity_assets.errors import WarehouseBusy, WarehouseCorrupt, WarehouseError
from clarity_assets.warehouse.processes import command_of
from clarity_assets.warehouse.queue import Turn, WriterQueue
from clarity_assets.warehouse.tickets import PRIVATE_FILE
from clarity_assets.warehouse.troubles import corrupt, explained, is_held_elsewhere, os_trouble
from clarity_assets.warehouse.waiting import Deadline, pauses

LOCK_HOLDER = re.compile(r"lock is held in (?P<program>.*?) ?\(PID (?P<pid>\d+)\)")
MADE = "made"  # in the queue's folder: there is a warehouse, so that a missing one was lost
WAL_START = b"d\x00b"  # how DuckDB (1.0 to 2.0) begins a write-ahead log: field 100, entry "version"


@contextmanager
def open_warehouse(
    path: Path | str,
    *,
    timeout_s: float = 60.0,
    label: str = "",
    memory_limit: str | None = None,
    is_made_anew: bool = False,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The only way to open the working file: waits its turn, makes what is missing, closes whatever happens.

    An error in the body rolls an open transaction back; so does a body that ends without committing, and is told so
    (WarehouseError). `label` tells others what the file is held for. `memory_limit` as DuckDB spells it (`1GB`).
    A missing file is made, but not where there was one (`is_made_anew`: then too): history would begin anew in silence.
    Times are UTC, extensions are never fetched or loaded, temporary files stay beside the file.

    Raises WarehouseBusy, WarehouseCorrupt, WarehouseUnwritable, WarehouseFull, at opening and from the body, where the
    file is the cause. All other errors of the body pass unchanged.

    A record batch reader that outlives the body keeps the file open. While the file is open, nothing in this process
    may open and close it by other means (to hash or copy it): POSIX then drops DuckDB's lock on it.
    """
    file = Path(os.path.realpath(path))
    deadline = Deadline(timeout_s)
    queue = WriterQueue(file)
    config = _config(file, memory_limit)
    with queue.turn(timeout_s=timeout_s, label=label) as turn:
        _make_sure_of(file, queue.folder, config, is_made_anew=is_made_anew)
        with explained(file, at_open=True):
            con = _connect(file, config, deadline, turn)
        with explained(file):
            try:
                turn.note("")  # whatever it waited for has gone
                con.execute("set global TimeZone = 'UTC'")  # global, so that cursors have it too
                yield con
                _refuse_open_transaction(con, file)
            except BaseException:
                with contextlib.suppress(duckdb.Error):  # there may be no transaction, or a broken database
                    con.rollback()
                raise
            finally:
                con.close()


def _config(file: Path, memory_limit: str | None) -> dict[str, str]:
    config = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "temp_directory": f"{file}.tmp",
    }
    return config | ({"memory_limit": memory_limit} if memory_limit else {})


def _make_sure_of(file: Path, private_folder: Path, config: dict[str, str], *, is_made_anew: bool) -> None:
    """Create the file if it is missing; refuse what DuckDB would open in silence without the last commits."""
    made = private_folder / MADE
    try:
        if file.exists():
            _check_log(file)
        else:
            _refuse_orphaned_log(file)
            if made.exists() and not is_made_anew:
                raise WarehouseCorrupt(
                    f"{file} is missing, and there was one ({made} says so); nothing was made in its place. Bring it "
                    f"back by `clarity-assets recover`, or delete {private_folder} to begin anew without its history"
                )
            _create(file, private_folder / "new.duckdb", config)
        made.touch(mode=PRIVATE_FILE)
    except OSError as error:
        raise os_trouble(error, file) from error


def _check_log(file: Path) -> None:
    # DuckDB 2.0 ignores a log with a strange beginning and overwrites it with the next commit (measured). A short or
    # zeroed beginning is another matter: the machine stopped before the first commit was complete.
    log = file.with_name(file.name + ".wal")
    try:
        with log.open("rb") as stream:
            start = stream.read(4096)
    except OSError:
        return  # there is none, or DuckDB meets the same trouble, and its words are explained
    if len(start) >= len(WAL_START) and not start.startswith(WAL_START) and any(start):
        raise corrupt(file, f"its write-ahead log {log.name} cannot be read, so that the last commits would be lost")


def _refuse_orphaned_log(file: Path) -> None:
    # DuckDB would create an empty database and delete the log (measured)
    logs = [entry.name for entry in os.scandir(file.parent) if entry.name.startswith(f"{file.name}.wal")]
    if any(file.with_name(name).stat().st_size for name in logs):
        raise corrupt(file, f"the file is missing, but its write-ahead log {', '.join(sorted(logs))} is there")


def _create(file: Path, staged: Path, config: dict[str, str]) -> None:
    # under another name first: a full disk or a kill -9 in the middle leaves no half-made file where the warehouse
    # lies, and the file is private before its name is known
    _remove_staged(staged)
    try:
        with explained(file, at_open=True, staged=staged):
            duckdb.connect(str(staged), config=config | {"temp_directory": f"{staged}.tmp"}).close()
        staged.chmod(PRIVATE_FILE)
        if not file.exists():
            staged.rename(file)
    finally:
        _remove_staged(staged)


def _remove_staged(staged: Path) -> None:
    for path in (staged, staged.with_name(staged.name + ".wal")):
        path.unlink(missing_ok=True)


def _connect(file: Path, config: dict[str, str], deadline: Deadline, turn: Turn) -> duckdb.DuckDBPyConnection:
    """Open the file, trying again while a process outside of the queue has it."""
    for pause_s in pauses():
        is_last_try = not deadline.left_s
        try:
            return duckdb.connect(str(file), config=config)
        except duckdb.Error as error:
            if not is_held_elsewhere(error):
                raise
            holder = _described(error)
            if is_last_try:
                raise WarehouseBusy(
                    f"{file} is busy: {holder} has it open outside of the queue; we waited {deadline.waited_s:.1f} s. "
                    "Close it there (in a notebook: `con.close()`) and try again, or read the published copy instead"
                ) from error
            turn.note(f"waits for {holder}, which has the file open outside of the queue")
        time.sleep(min(pause_s, deadline.left_s))
    raise AssertionError("pauses() never ends")


def _described(error: duckdb.Error) -> str:
    message = str(error)
    if isinstance(error, duckdb.ConnectionException):
        return f"this very process (PID {os.getpid()}, a connection with another configuration)"
    holder = LOCK_HOLDER.search(message)
    if holder is None:
        return f"another process ({message.splitlines()[0]})"
    command = command_of(int(holder["pid"])) or holder["program"]
    return f"PID {holder['pid']} (`{command}`)"


def _refuse_open_transaction(con: duckdb.DuckDBPyConnection, file: Path) -> None:
    try:
        con.rollback()
    except (duckdb.TransactionException, duckdb.ConnectionException):
        return  # as it should be: none is open, or the body has closed the connection itself
    raise WarehouseError(
        f"a transaction on {file} was begun but never committed, so it was rolled back; use `with transaction(con):`"
    )
