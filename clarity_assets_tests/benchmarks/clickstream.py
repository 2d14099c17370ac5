"""Numbers of events in; seconds and peak memory of sessions, funnel and analyses by each engine out."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from clarity_assets_tests.benchmarks.clickstream_events import land_events
from clarity_assets_tests.benchmarks.clickstream_work import FIRST_FOUR, settings_of
from clarity_assets_tests.benchmarks.measure import MB, Result

EVENTS = 10_000_000
SIZES = (1_000_000, 10_000_000, 50_000_000)
FOUR_TARGET_S, FOUR_TARGET_MB = 15.0, 4 * 1024**3 / MB
ENGINES = ("duckdb", "spark")
LOOK_S = 0.1


@dataclass(frozen=True)
class Worked:
    """Seconds of each part, a sample a repeat, and the most memory that the process and its children held."""

    seconds: dict[str, list[float]]
    peak_mb: float

    def total(self, *parts: str) -> list[float]:
        return [sum(of) for of in zip(*(self.seconds[part] for part in parts), strict=True)]


def work(folder: Path, *, engine: str, what: str, repeats: int) -> Worked:
    """Run the work in a process of its own (`clickstream_work`). Raises RuntimeError with its words where it fails."""
    command = [sys.executable, "-m", "clarity_assets_tests.benchmarks.clickstream_work"]
    process = subprocess.Popen(
        [*command, str(folder), engine, what, str(repeats)], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ,
    )  # fmt: skip
    peak = [0.0]
    watcher = threading.Thread(target=_watch, args=(process, peak))
    watcher.start()
    out, err = process.communicate()
    watcher.join()
    if process.returncode:
        raise RuntimeError(f"{what} by {engine} failed: {err[-2000:]}")
    lines = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    return Worked({part: [line[part] for line in lines] for part in lines[0]}, peak[0])


def _watch(process: subprocess.Popen, peak: list[float]) -> None:
    """Resident memory of the process tree, the JVM's too; pages that are shared count once for each."""
    family = psutil.Process(process.pid)
    while process.poll() is None:
        held = 0
        for one in (family, *_children(family)):
            try:
                held += one.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        peak[0] = max(peak[0], held / MB)
        threading.Event().wait(LOOK_S)


def _children(family: psutil.Process) -> list[psutil.Process]:
    try:
        return family.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def results(folder: Path, *, events: int = EVENTS, repeats: int = 5) -> Iterator[Result]:
    """Sessions and the first four analyses by DuckDB; sessions and the funnel side by side with Spark on one machine."""
    folder.mkdir(parents=True, exist_ok=True)
    landed = land_events(settings_of(folder, "duckdb"), events=events)
    told = f"{landed.events:,} events of 30 days, {landed.byte_count / MB:,.0f} MB of Parquet"
    done = work(folder, engine="duckdb", what="modules", repeats=repeats)
    yield Result("**sessions and analyses 1 to 4, DuckDB**", done.total("sessions", *FIRST_FOUR), target=FOUR_TARGET_S,
                 note=f"{told}; files and marts written")  # fmt: skip
    yield Result("  sessions and steps", done.seconds["sessions"])
    for name in FIRST_FOUR:
        yield Result(f"  {name}", done.seconds[name])
    yield Result("  peak memory", [done.peak_mb], "MB", FOUR_TARGET_MB, "of the process, over all repeats")
    for what in ("sessions", "funnel"):
        for engine in ENGINES:
            if engine == "spark" and shutil.which("java") is None:
                continue
            done = work(folder, engine=engine, what=what, repeats=repeats)
            yield Result(f"{what}, {engine}", done.seconds[what], note="local[*]" if engine == "spark" else "")
            yield Result("  peak memory", [done.peak_mb], "MB")


def curve(folder: Path, *, sizes: tuple[int, ...] = SIZES) -> Iterator[Result]:
    """Time and memory against events, both engines, once each: for docs/scale.md."""
    for events in sizes:
        here = folder / f"{events}"
        here.mkdir(parents=True)
        landed = land_events(settings_of(here, "duckdb"), events=events)
        for engine in ENGINES:
            for what in ("modules", "funnel"):
                done = work(here, engine=engine, what=what, repeats=1)
                for part, seconds in done.seconds.items():
                    yield Result(f"{landed.events:,} events: {part}, {engine}", seconds)
                yield Result(f"{landed.events:,} events: peak of {what}, {engine}", [done.peak_mb], "MB")
        shutil.rmtree(here)
