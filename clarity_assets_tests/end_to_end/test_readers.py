"""Eight readers in processes of their own query what is published while fifty collections run and publish."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import duckdb

from clarity_assets.clarity.requests import STANDARD_REQUESTS
from clarity_assets.demo.site import SimulatedSite
from clarity_assets.project_models import ensure_inputs, project_models
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.models.run import run_model
from clarity_assets.warehouse.publish import publish
from clarity_assets_tests.end_to_end.reader import DAILY
from clarity_assets_tests.fixtures.collecting import FIRST_DAY, Bench, FakeApi, make_settings
from clarity_assets_tests.fixtures.projects import PROJECT

READERS, COLLECTIONS = 8, 50
LONGEST_WAIT_S = 1.0  # in the queue; how long opening takes where nobody queues is the machine's, and comes on top
PAUSE_S = 0.05  # of the other writer, between its turns: so it comes at any moment of a night
TURNS_A_NIGHT, TURNS_AN_ALONE = 2, 3
SITE = SimulatedSite.generate(first_day=FIRST_DAY - timedelta(days=4), days=COLLECTIONS + 10, sessions_per_day=25)


def make_tables(bench: Bench) -> None:
    """The marts that readers look at and what these read, no others: each more is another Parquet file, fifty times."""
    models = project_models(bench.settings)
    with open_warehouse(bench.settings.warehouse) as con:
        for name in DAILY:
            ensure_inputs(con, models[f"marts.{name}"], models=models, requests=STANDARD_REQUESTS)


def collect_and_publish(bench: Bench, i: int) -> float:
    """One night: the finest request, whose day tells the devices' and the site's too, the marts, the copy; seconds held."""
    day = FIRST_DAY + timedelta(days=i)
    bench.at(day).collector.collect("browser_device", day)
    models = project_models(bench.settings)
    with open_warehouse(bench.settings.warehouse, label="marts") as con:  # one turn: the others wait the longer for it
        for name in DAILY:
            run_model(con, models[f"marts.{name}"], start=day, end=day + timedelta(days=1))
    return publish(bench.settings).held_s


@dataclass
class Waits:
    """Seconds that openings took: of the warehouse, and of a file that nobody else wants, which tells the machine's.

    `due`: turns that the other writer has not had yet.
    """

    shared_s: list[float]
    alone_s: list[float]
    due: threading.Semaphore

    def collecting(self, bench: Bench, i: int) -> float:
        """A night in which the other writer comes too; seconds held."""
        self.due.release(TURNS_A_NIGHT)
        return collect_and_publish(bench, i)


@contextmanager
def _timed_opening(path: Path, waits_s: list[float]) -> Iterator[duckdb.DuckDBPyConnection]:
    """The open file, once its opening has been timed."""
    start_s = time.monotonic()
    with open_warehouse(path, label="another writer") as con:
        waits_s.append(time.monotonic() - start_s)
        yield con


@contextmanager
def another_writer(bench: Bench) -> Iterator[Waits]:
    """Somebody else who writes twice a night, however fast the machine is."""
    waits, stop = Waits([], [], threading.Semaphore(0)), threading.Event()
    alone = bench.settings.warehouse.with_name("alone.duckdb")

    def write() -> None:
        while waits.due.acquire() and not stop.wait(PAUSE_S):
            with _timed_opening(bench.settings.warehouse, waits.shared_s) as con:
                con.execute("create schema if not exists ops")
                con.execute("create or replace table ops.note as select ? as n", [len(waits.shared_s)])
            if len(waits.shared_s) % TURNS_AN_ALONE == 0:
                with _timed_opening(alone, waits.alone_s):
                    pass

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield waits
    finally:
        stop.set()
        waits.due.release()
        thread.join()


@contextmanager
def readers(published: Path, stop: Path) -> Iterator[list[subprocess.Popen]]:
    command = [sys.executable, "-m", "clarity_assets_tests.end_to_end.reader", str(published), str(stop)]
    started = [
        subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(READERS)
    ]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


def test_eight_readers_never_fail_wait_or_see_half_of_a_day_while_fifty_collections_run(tmp_path):
    bench = Bench(make_settings(tmp_path), FakeApi(SITE))
    make_tables(bench)
    stop, held = tmp_path / "stop", [collect_and_publish(bench, 0)]
    with readers(bench.settings.published_folder, stop) as started:
        assert [process.stdout.readline() for process in started] == ["ready\n"] * READERS
        with another_writer(bench) as waits:
            held += [waits.collecting(bench, i) for i in range(1, COLLECTIONS)]
        stop.touch()
        ended = [(*process.communicate(timeout=30), process.returncode) for process in started]
    assert [(error, code) for _, error, code in ended] == [("", 0)] * READERS
    for told, _, _ in ended:
        for days in json.loads(told).values():
            assert days == sorted(days)  # nobody saw a day go away again
            assert len(set(days)) > 3  # and everybody saw many publications
    print(
        f"longest wait {max(waits.shared_s):.2f} s in {len(waits.shared_s)} openings, of a private file "
        f"{max(waits.alone_s):.2f} s; longest held for a publication {max(held):.2f} s"
    )
    assert len(waits.shared_s) > COLLECTIONS
    assert max(waits.shared_s) <= LONGEST_WAIT_S + max(waits.alone_s)
    assert max(held) <= LONGEST_WAIT_S
