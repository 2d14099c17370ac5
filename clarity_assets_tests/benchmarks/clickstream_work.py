"""One piece of work by one engine in a process of its own: a folder of landed events in, seconds of each repeat out.

    python -m clarity_assets_tests.benchmarks.clickstream_work FOLDER ENGINE WORK REPEATS

Prints a line of JSON a repeat: {"part": seconds, …}. The first repeat of `sessions` writes the files that the others read.
"""

import json
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from clarity_assets.clickstream.computing import compute
from clarity_assets.clickstream.engines.choose import open_engine
from clarity_assets.clickstream.engines.engine import Engine
from clarity_assets.clickstream.modules.journeys import funnel_steps
from clarity_assets.clickstream.modules.registry import MODULES
from clarity_assets.clickstream.schema import STEP
from clarity_assets.clickstream.sessions.build import build_sessions
from clarity_assets.clickstream.sessions.files import step_files
from clarity_assets.project_models import project_models
from clarity_assets.settings import Settings, load_settings
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets_tests.benchmarks.clickstream_events import DAYS, FIRST
from clarity_assets_tests.benchmarks.measure import clocked

END = FIRST + timedelta(days=DAYS)
FUNNEL = "marts.fct_clickstream_funnel_daily"
FIRST_FOUR = ("traffic", "carts", "cohorts", "journeys")


def settings_of(folder: Path, engine: str) -> Settings:
    """A warehouse and its events in the folder; the clock stands a day after the last event."""
    return load_settings(
        warehouse=folder / "clarity.duckdb", project_id="bench", clickstream_engine=engine,
        now=datetime(END.year, END.month, END.day, 12, tzinfo=UTC) + timedelta(days=7),
    )  # fmt: skip


def sessions(engine: Engine, settings: Settings) -> dict[str, float]:
    """Sessions and steps of all events, written and recorded."""
    with clocked() as clock:
        build_sessions(settings, start=FIRST, end=END + timedelta(days=1), engine=engine)
    return {"sessions": clock.seconds}


def modules(engine: Engine, settings: Settings) -> dict[str, float]:
    """Sessions, then the first four analyses, their rows in the warehouse."""
    took = sessions(engine, settings)
    monday = END - timedelta(days=END.weekday()) - timedelta(days=7)
    for name in FIRST_FOUR:
        start, end = (FIRST, END) if MODULES[name].every == "day" else (monday, monday + timedelta(days=7))
        with clocked() as clock:
            compute(engine, MODULES[name], start=start, end=end, settings=settings)
        took[name] = clock.seconds
    return took


def funnel(engine: Engine, settings: Settings) -> dict[str, float]:
    """The rows of the funnel of all days."""
    with open_warehouse(settings.warehouse) as con:
        files = step_files(con, settings, start=date.min, end=date.max)
    with clocked() as clock:
        engine.read("step", files, columns=STEP)
        engine.take("funnel_step", funnel_steps(settings))
        engine.rows(project_models(settings)[FUNNEL].engine_sql, {"start": FIRST, "end": END})
    return {"funnel": clock.seconds}


WORK = {"sessions": sessions, "modules": modules, "funnel": funnel}


def main(folder: str, engine: str, work: str, repeats: str) -> None:
    settings = settings_of(Path(folder), engine)
    with open_engine(settings) as opened:
        for _ in range(int(repeats)):
            print(json.dumps(WORK[work](opened, settings)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
