"""A project collected over many nights, with marts: what the tests of retention share."""

from datetime import date, datetime, timedelta
from pathlib import Path

from clarity_assets.behind import mark_built
from clarity_assets.clarity.kept import open_part
from clarity_assets.clarity.requests import STANDARD_REQUESTS
from clarity_assets.demo.site import SimulatedSite
from clarity_assets.operations.retention import Tidied, tidy
from clarity_assets.project_models import ensure_inputs, project_models
from clarity_assets.settings import Settings
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.models.run import run_model
from clarity_assets_tests.fixtures.collecting import FIRST_DAY, Bench, FakeApi, make_settings

NIGHTS = 18
ANSWERS_KEPT, LANDING_KEPT = 7, 9  # days; settings from the environment allow 30 and more only
MAX_ARCS = 2  # so that answers of 8 days ago are out of reach, in place of 80
REACH = 8
SITE = SimulatedSite.generate(first_day=FIRST_DAY - timedelta(days=4), days=NIGHTS + 6, sessions_per_day=12)
INCREMENTAL = ("fct_site_daily", "fct_page_daily", "fct_traffic_daily", "fct_signal_daily", "fct_attribution_daily",
               "fct_geography_daily", "fct_engagement_daily", "fct_frustration_daily", "fct_collection_daily")  # fmt: skip


def project(folder: Path, **settings) -> Bench:
    values = {"max_arcs": MAX_ARCS, "keep_answers_days": 0, "keep_landing_days": 0, "archive": folder / "answers"}
    folder.mkdir(exist_ok=True)
    return Bench(make_settings(folder, **values | settings), FakeApi(SITE))


def settings_now(bench: Bench, **changes) -> Settings:
    return bench.settings.model_copy(update={"now": bench.api.now} | changes)


def tidied(bench: Bench, *, answers: int = ANSWERS_KEPT, landing: int = LANDING_KEPT) -> Tidied:
    """Tidy with these settings, which must succeed."""
    done = tidy(settings_now(bench, keep_answers_days=answers, keep_landing_days=landing))
    assert done.troubles == ()
    return done


def collect_nights(bench: Bench, first: date, count: int, *, build_each: bool = True) -> date:
    """Collect so many days, each on its morning, and build their marts; the last day."""
    for i in range(count):
        last = first + timedelta(days=i)
        bench.at(last).collect_all(last)
        if build_each:
            build(bench, FIRST_DAY, last + timedelta(days=1))
    return last


def build(bench: Bench, start: date, end: date) -> None:
    """Every model that the warehouse itself makes over [start, end), as their assets run."""
    settings = settings_now(bench)
    models = project_models(settings)
    with open_warehouse(settings.warehouse, label="build") as con:
        for model in (model for model in models.values() if not model.is_by_engine):
            days = {"start": start, "end": end}
            ensure_inputs(con, model, models=models, requests=STANDARD_REQUESTS)
            run_model(con, model, **(open_part(con, **days) if model.takes_range else days))
    mark_built(settings, start=start, end=end)


def marts(bench: Bench, *, since: date = date.min, until: date = date.max) -> dict[str, list[tuple]]:
    """Every row of every mart of days, of [since, until)."""
    return {
        name: sorted(
            bench.sql(f"select * from marts.{name} where date >= ? and date < ?", since, until), key=repr
        )
        for name in INCREMENTAL
    }  # fmt: skip


def days_of(bench: Bench, *, since: date = date.min, until: date = date.max) -> list[tuple]:
    return sorted(bench.sql("select * from ops.clarity_day where date >= ? and date < ?", since, until), key=repr)


def landing_since(bench: Bench, since: date) -> dict[str, list[tuple]]:
    return {name: [row for row in rows if row[1] >= since] for name, rows in bench.landing().items()}


def midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time())
