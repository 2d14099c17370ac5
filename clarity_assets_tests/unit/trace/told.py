"""A collected and modelled warehouse, numbers told of it, and their traces: what the tests of the trace share."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from clarity_assets.clarity.status import read_status
from clarity_assets.demo.site import SimulatedSite
from clarity_assets.project_models import ensure_inputs, project_models
from clarity_assets.reports.figures import Figure, Source
from clarity_assets.settings import Settings
from clarity_assets.trace.registry import remember_numbers
from clarity_assets.trace.traced import Traced
from clarity_assets.trace.tracing import trace
from clarity_assets.warehouse.models.run import run_model
from clarity_assets_tests.fixtures.collecting import FIRST_DAY, Bench, FakeApi, make_settings

MEASURED = FIRST_DAY + timedelta(days=4)
DERIVED = MEASURED + timedelta(days=1)  # missed, and saved a day later by 48 h less 24 h
AFTER = MEASURED + timedelta(days=2)
LOST = MEASURED + timedelta(days=3)  # never asked
END = MEASURED + timedelta(days=9)
REPORTED_AT = datetime.combine(END, datetime.min.time(), UTC) + timedelta(hours=6)
SITE = SimulatedSite.generate(first_day=FIRST_DAY - timedelta(days=4), days=20, sessions_per_day=40)


def collected(folder: Path) -> Bench:
    """A measured day, one derived (base and device rolled up), a measured one, lost ones, and a measured one."""
    bench = Bench(make_settings(folder), FakeApi(SITE)).at(MEASURED)
    bench.collect_all(MEASURED)
    bench.at(AFTER).collect_all(AFTER)
    bench.collect_all(DERIVED)
    last = END - timedelta(days=1)
    bench.at(last).collect_all(last)
    bench.settings = bench.settings.model_copy(update={"now": bench.api.now})
    read_status(bench.settings)  # settles what time alone has changed
    with duckdb.connect(str(bench.settings.warehouse)) as con:
        build(con, bench.settings, start=MEASURED, end=END)
    return bench


def build(con: duckdb.DuckDBPyConnection, settings: Settings, *, start: date, end: date) -> None:
    """Every model that the warehouse itself makes, over [start, end)."""
    models = project_models(settings)
    for model in (model for model in models.values() if not model.is_by_engine):
        ensure_inputs(con, model, models=models, requests=())
        run_model(con, model, **({"start": start, "end": end} if model.is_daily else {}))


@dataclass(frozen=True)
class Warehouse:
    """An open warehouse of a project."""

    con: duckdb.DuckDBPyConnection
    settings: Settings

    def one(self, sql: str, *params: object):
        """The only value of a query."""
        [(value,)] = self.con.execute(sql, params).fetchall()
        return value

    def tell(self, *figures: Figure, report: str = "ux 2026-09-07", at: datetime = REPORTED_AT) -> None:
        remember_numbers(self.con, project_id=self.settings.project_id, report=report, figures=figures, reported_at=at)

    def traced(self, source: Source, *, told: float | None = 1.0) -> Traced:
        """The trace of a number that a report told just now."""
        self.tell(Figure(told, "sessions", source))
        return trace(self.con, source.id, settings=self.settings)


def sessions(start: date = MEASURED, end: date = END, **more: object) -> Source:
    """The site's sessions."""
    return Source("marts.fct_site_daily", "sessions", (), start, end, **more)


def of_device(device: str | None, *, measure: str = "affected_sessions", signal: str = "dead_click", **more) -> Source:
    """A signal on one device."""
    where = (("dimension", "device"), ("segment", device), ("signal", signal))
    return Source("marts.fct_signal_daily", measure, where, MEASURED, END, **more)
