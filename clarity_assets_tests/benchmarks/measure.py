"""Samples in, one table in Markdown out: medians with their spread, beside targets and the machine they are from."""

import os
import platform
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

MB = 1_000_000


@dataclass(frozen=True)
class Result:
    """One line of the table. `samples` are seconds, or of `unit` where it is given; `target` is a limit of the same."""

    what: str
    samples: list[float]
    unit: str = "s"
    target: float | None = None
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    @property
    def verdict(self) -> str:
        if self.target is None:
            return ""
        return f"≤ {shown(self.target, self.unit)}: {'met' if self.median <= self.target else '**missed**'}"

    @property
    def line(self) -> str:
        low, high = min(self.samples), max(self.samples)
        spread = f"{shown(low, self.unit)} - {shown(high, self.unit)}" if len(self.samples) > 1 else ""
        cells = (self.what, shown(self.median, self.unit), spread, str(len(self.samples)), self.verdict, self.note)
        return f"| {' | '.join(cells)} |"


def shown(value: float, unit: str) -> str:
    """A number with its unit, at most three digits of it: `183 ms`, `41.2 s`, `117 MB`."""
    if unit == "s" and value < 1:
        value, unit = 1000 * value, "ms"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


def table(results: list[Result]) -> str:
    head = "| | median | min - max | n | target | what it is |\n|---|---:|---:|---:|---|---|"
    return "\n".join([head, *(result.line for result in results)])


def timed(work: Callable[[], object], *, repeats: int) -> list[float]:
    """Seconds of each repeat; one run before them warms up and is not counted."""
    work()
    return [clock.seconds for clock in (_run(work) for _ in range(repeats))]


@dataclass
class Clock:
    """Seconds that a `with` took."""

    seconds: float = 0.0


@contextmanager
def clocked(clock: Clock | None = None) -> Iterator[Clock]:
    """Add the body's seconds to the clock."""
    clock = clock or Clock()
    start = time.perf_counter()
    try:
        yield clock
    finally:
        clock.seconds += time.perf_counter() - start


def _run(work: Callable[[], object]) -> Clock:
    with clocked() as clock:
        work()
    return clock


def machine() -> str:
    """What it ran on, in one line."""
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory_gb:.0f} GB memory, {platform.system()} {platform.release()}; "
        f"Python {platform.python_version()}, DuckDB {duckdb.__version__}, SQLite {sqlite3.sqlite_version}; "
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, load {os.getloadavg()[0]:.1f}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def sync_s(folder: Path) -> float:
    """Seconds that this disk takes to make 4 kB durable: what every commit pays at least once."""
    path = folder / "sync"
    with path.open("wb") as stream:

        def write() -> None:
            stream.write(b"x" * 4096)
            stream.flush()
            os.fsync(stream.fileno())

        return statistics.median(timed(write, repeats=50))
