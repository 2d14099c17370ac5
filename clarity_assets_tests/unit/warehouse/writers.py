"""Other processes that want the warehouse: what the tests of this folder start, talk to and kill.

Run as `python -m clarity_assets_tests.unit.warehouse.writers VERB FILE …`; a verb says what it does on stdout and waits
for a line on stdin where it needs the test's word.
"""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from clarity_assets.errors import WarehouseError
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.queue import WriterQueue
from clarity_assets.warehouse.tables import transaction

ROOT = Path(__file__).parents[3]
PATIENCE_S = 20.0


# --- the test's side ------------------------------------------------------------------------------------------------


class Writer:
    """A started process and what it says."""

    def __init__(self, *words: object, environment: dict[str, str] | None = None):
        command = [sys.executable, "-m", "clarity_assets_tests.unit.warehouse.writers", *map(str, words)]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | (environment or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.pid = self.process.pid

    def hears(self) -> str:
        """The next line that it says; empty once it has ended."""
        return self.process.stdout.readline().strip()

    def say(self, word: str = "go") -> None:
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def end(self) -> int:
        """Let it run to its end; returns its exit code."""
        self.process.stdin.close()
        return self.process.wait(PATIENCE_S)


@contextmanager
def started(*words: object, environment: dict[str, str] | None = None) -> Iterator[Writer]:
    writer = Writer(*words, environment=environment)
    try:
        yield writer
    finally:
        writer.kill()
        writer.process.stdin.close()
        writer.process.stdout.close()


def said_by(*words: object) -> str:
    """All that a writer says until it ends by itself."""
    with started(*words) as writer:
        said = writer.process.stdout.read()
        assert writer.end() == 0
        return said.strip()


def wait_for_tickets(path: Path, count: int) -> None:
    """Return once so many writers are in the queue."""
    folder, until_s = path.with_name(path.name + ".queue"), time.monotonic() + PATIENCE_S
    while len(list(folder.glob("*.ticket"))) != count:
        assert time.monotonic() < until_s, f"no {count} tickets within {PATIENCE_S} s"
        time.sleep(0.005)


# --- the process's side -----------------------------------------------------------------------------------------------


def take(path: Path, log: str, name: str, turns: str) -> None:
    """That many turns one after another, each with two lines in the log."""
    _say("ready")
    sys.stdin.readline()
    for _ in range(int(turns)):
        with WriterQueue(path).turn(timeout_s=PATIENCE_S, label=name):
            _append(log, f"in {name}")
            time.sleep(0.002)
            _append(log, f"out {name}")


def hold(path: Path, label: str) -> None:
    """Hold a turn until told otherwise."""
    with WriterQueue(path).turn(timeout_s=PATIENCE_S, label=label):
        _say("holding")
        sys.stdin.readline()


def foreign(path: Path, mode: str) -> None:
    """Open the file past the queue, as a notebook does."""
    with duckdb.connect(str(path), read_only=mode == "read"):
        _say("holding")
        sys.stdin.readline()


def count(path: Path) -> None:
    with open_warehouse(path, timeout_s=0) as con:
        _say(str(con.execute("select count(*) from t").fetchall()[0][0]))


def commit_and_die(path: Path) -> None:
    """100 rows in the file, 5000 more in its write-ahead log, and no clean end."""
    with open_warehouse(path) as con:
        con.execute("create table t as select range as i from range(100)")
        con.execute("checkpoint")
        con.execute("insert into t select range from range(5000)")
        os.kill(os.getpid(), signal.SIGKILL)


def fork(path: Path) -> None:
    """Say whether the ticket is still there after a forked child has left the `with`."""
    try:
        with WriterQueue(path).turn(timeout_s=0):
            child = os.fork()
            if child == 0:
                raise ChildProcessError
            os.waitpid(child, 0)
            _say(str(len(list(path.with_name(path.name + ".queue").glob("*.ticket")))))
    except ChildProcessError:
        os._exit(0)


def fill(path: Path, room: str, rows: str) -> None:
    """Write rows where files may only grow by `room` bytes; say which error comes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    size = path.stat().st_size if path.exists() else 0
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + int(room), resource.RLIM_INFINITY))
    try:
        with open_warehouse(path) as con, transaction(con):
            con.execute("insert into t select hash(range) from range(?)", [int(rows)])
    except WarehouseError as error:
        _say(f"{type(error).__name__}: {error} (from {type(error.__cause__).__name__})")


def _say(word: str) -> None:
    print(word, flush=True)


def _append(log: str, line: str) -> None:
    with open(log, "a") as stream:
        stream.write(line + "\n")


VERBS = {verb.__name__: verb for verb in (take, hold, foreign, count, commit_and_die, fork, fill)}

if __name__ == "__main__":
    VERBS[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
