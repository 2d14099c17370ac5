"""Sessions in few words in; their steps, and the tables that the module of journeys makes of them, out."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

from clarity_assets.clickstream.engines.engine import Engine
from clarity_assets.clickstream.modules.journeys import MODULE
from clarity_assets.clickstream.modules.module import Rows, Run
from clarity_assets.project_models import project_models
from clarity_assets.settings import load_settings
from clarity_assets_tests.fixtures.clickstream import engine_with, step_rows

PATH, LENGTH, TRANSITION, NGRAM, FUNNEL = MODULE.tables
KEYS = {
    PATH: ["date", "path", "is_converted"],
    LENGTH: ["date", "path_length", "is_converted"],
    TRANSITION: ["date", "step_from", "from_node", "to_node"],
    NGRAM: ["date", "n", "ngram"],
    FUNNEL: ["date", "device", "step_number"],
}
DAY = date(2026, 10, 5)
NEXT_DAY = DAY + timedelta(days=1)
NOON = datetime(2026, 10, 5, 12)
FUNNEL_OF_THREE = {"clickstream_funnel": "view, cart, purchase"}


def walk(key: int, way: str, at: datetime = NOON, *, seconds: float = 10.0, **told) -> list[dict]:
    """A session's steps, `seconds` apart: event types, and pages (with a slash, or `pageview` for one without a page)."""
    return [
        {
            "date": at.date(),
            "session_key": key,
            "step": number,
            "event_at": at + timedelta(seconds=seconds * (number - 1)),
            "event_type": "pageview" if "/" in node else node,
            "page": node if "/" in node else None,
        }
        | told
        for number, node in enumerate(way.split(), start=1)
    ]


def run(
    engine: Engine, folder: Path, *walks: Iterable[dict], start: date = DAY, end: date = NEXT_DAY, **settings
) -> Rows:
    """What the module makes of the days."""
    settings = load_settings(**settings)
    engine_with(engine, folder, step=step_rows(step for steps in walks for step in steps))
    return MODULE.compute(Run(engine, start, end, settings, project_models(settings)))


def told(rows: Rows, table: str, *names: str) -> list[tuple]:
    """The named columns of a table, in the order of its keys, NULL first."""
    found = rows[f"marts.{table}"].to_pylist()
    found.sort(key=lambda row: [(row[key] is not None, row[key]) for key in KEYS[table]])
    return [tuple(row[name] for name in names or row) for row in found]


WAY = "/ /p/1 https://s.example/p/2 pageview view view cart checkout purchase search ü"
NODES = WAY.split()


def random_walks(seed: int, *, count: int, days: int) -> list[list[dict]]:
    """Sessions of few persons at few instants, so that they overlap, tie, and go on over midnight; some are bots'."""
    chance, walks = np.random.default_rng(seed), []
    for key in range(1, count + 1):
        way = " ".join(chance.choice(NODES, size=int(chance.geometric(0.18))))
        at = datetime(2026, 10, 4) + timedelta(minutes=15 * int(chance.integers(0, 96 * (days + 2))))
        gap = float(chance.choice([0.0, 0.000001, 60.0, 900.0, 1500.0]))
        told = {"person_id": int(chance.integers(0, count // 5)), "is_bot": bool(chance.random() < 0.08)}
        told["device"] = chance.choice([None, "PC", "Mobile"])
        steps = walk(key, way, at=at, seconds=gap, **told)
        walks.append([step for step in steps if (step["event_at"].date() - at.date()).days <= 1])
    return walks
