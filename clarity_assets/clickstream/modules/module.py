"""What an analysis is: its tables, how far back it reads, and how an engine computes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

import pyarrow as pa

from clarity_assets.clickstream.engines.engine import Engine
from clarity_assets.settings import Settings
from clarity_assets.warehouse.models.model import Model


@dataclass(frozen=True)
class Run:
    """One computation. The engine's views `session` and `step` hold the sessions that began on the days
    [start - days back of the module, end), and one day after where the module looks ahead.

    [start, end) are UTC days: any number of them for a daily module, one week from Monday for a weekly one.
    `models`: every SQL model by table.
    """

    engine: Engine
    start: date
    end: date
    settings: Settings
    models: Mapping[str, Model]


Rows = dict[str, pa.Table]
"""Table (`marts.…`) -> its rows of the run's days, without the column project_id."""


@dataclass(frozen=True)
class Module:
    """One analysis. `days_back`: days of sessions before the start that it reads, None: all; `looks_ahead`: one after.

    `compute` gives rows for every one of `tables` (names without schema), none where there is nothing to say.
    `version`: to be raised where Python's part of it gives other rows than before; SQL is compared by itself.
    """

    name: str
    title: str
    every: Literal["day", "week"]
    tables: tuple[str, ...]
    compute: Callable[[Run], Rows]
    days_back: Callable[[Settings], int | None] = lambda settings: 0
    looks_ahead: bool = False
    version: str = "1"

    @property
    def models(self) -> tuple[str, ...]:
        """Its tables with their schema."""
        return tuple(f"marts.{table}" for table in self.tables)


def rows_of_sql(run: Run, *tables: str) -> Rows:
    """The rows of tables that the models' SQL of the run's engine gives, with `start` and `end` as parameters."""
    days = {"start": run.start, "end": run.end}
    return {t: run.engine.rows(run.models[t].engine_sql, days) for t in (f"marts.{name}" for name in tables)}
