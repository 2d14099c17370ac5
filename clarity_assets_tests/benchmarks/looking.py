"""A warehouse in; seconds to open it, to find a day's path and to tell its status out."""

import subprocess
import sys
from datetime import timedelta

import duckdb

from clarity_assets.clarity import store
from clarity_assets.clarity.requests import STANDARD_REQUESTS
from clarity_assets.clarity.status import read_status
from clarity_assets.clarity.windows import Windows, newest_complete_day, plan
from clarity_assets.settings import Settings
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.tables import literal
from clarity_assets_tests.benchmarks.measure import Result, timed
from clarity_assets_tests.benchmarks.rebuilding import environment_of

URL_DEVICE = next(r for r in STANDARD_REQUESTS if r.name == "url_device")


def opening(settings: Settings, *, repeats: int) -> list[Result]:
    """A plain `duckdb.connect` beside our turn in the queue, both closed again without a change."""

    def ours() -> None:
        with open_warehouse(settings.warehouse, label="benchmark"):
            pass

    plain = timed(lambda: duckdb.connect(str(settings.warehouse)).close(), repeats=repeats)
    with duckdb.connect() as running:

        def attach() -> None:
            running.execute(f"attach {literal(str(settings.warehouse))} as years")
            running.execute("detach years")

        attached = timed(attach, repeats=repeats)
    return [
        Result("open and close, `attach` in a running DuckDB", attached, note="what starting DuckDB does not cost"),
        Result("open and close, plain `duckdb.connect`", plain),
        Result("open and close, `open_warehouse`", timed(ours, repeats=repeats), note="queue, checks, UTC"),
    ]


def windows(settings: Settings, *, repeats: int) -> list[Result]:
    """Reading all windows of one request, and asking them for the newest day and for one that nothing tells."""
    rules = {
        "skew_tolerance_s": settings.skew_tolerance_s,
        "max_arcs": settings.max_arcs,
        "min_coverage": settings.min_coverage,
    }
    now = settings.clock()
    newest = newest_complete_day(now)
    with open_warehouse(settings.warehouse, label="benchmark") as con:
        arcs = store.load_arcs(con, settings.need_project(), URL_DEVICE.name)
        days = store.load_days(con, settings.need_project(), URL_DEVICE.name)
    known = Windows(arcs, **rules)
    lost = next((day for day, state in days.items() if state.status == store.LOST), newest - timedelta(days=9_999))
    return [
        Result(
            f"windows of `url_device` ({len(arcs):,}) made ready",
            timed(lambda: Windows(arcs, **rules), repeats=repeats),
        ),
        Result("`best_path` of the newest day", timed(lambda: known.best_path(newest), repeats=repeats)),
        Result("`best_path` of a lost day", timed(lambda: known.best_path(lost), repeats=repeats), note="finds none"),
        Result("`plan` of a lost day", timed(lambda: plan(known, lost, now=now), repeats=repeats), note="finds none"),
    ]


def status(settings: Settings, *, repeats: int) -> list[Result]:
    """The settled state of all days, and the whole command with its imports."""
    command = [sys.executable, "-m", "clarity_assets.cli", "status"]
    environment = environment_of(settings)

    def whole() -> None:
        subprocess.run(command, env=environment, check=True, capture_output=True)

    return [
        Result("status of all days, in process", timed(lambda: read_status(settings), repeats=repeats)),
        Result("`clarity-assets status`", timed(whole, repeats=3), note="a new process, imports and all"),
    ]
