"""What stands under `dbt_like_sql/`, and the tables that it may read, in; the project's checked models out."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import duckdb

from clarity_assets.clarity.columns import landing_columns
from clarity_assets.clarity.requests import OPTIONAL_REQUESTS, ClarityRequest, all_requests
from clarity_assets.clarity.store import ensure_tables
from clarity_assets.clarity.tables import OPS_TABLES
from clarity_assets.clickstream.modules.views import EXTRA_VIEWS
from clarity_assets.clickstream.schema import VIEWS
from clarity_assets.clickstream.tables import CLICKSTREAM_TABLES
from clarity_assets.recommendations.tables import RECOMMENDATION_TABLES
from clarity_assets.settings import Settings
from clarity_assets.warehouse.models.load import load_models
from clarity_assets.warehouse.models.model import Model, Tables
from clarity_assets.warehouse.models.run import ensure_models, ensure_upstream
from clarity_assets.warehouse.tables import ensure_tables as ensure_declared

ROOT = Path(__file__).parents[1] / "dbt_like_sql"


def read_requests(requests: tuple[ClarityRequest, ...]) -> tuple[ClarityRequest, ...]:
    """The requests whose landing tables models may read: those that are collected, and the optional ones."""
    names = {request.name for request in requests}
    return requests + tuple(r for r in OPTIONAL_REQUESTS if r.name not in names)


def source_tables(requests: tuple[ClarityRequest, ...]) -> Tables:
    """The tables that models may read besides one another: `landing.*` and `ops.*`; engines' models `clickstream.*`."""
    declared = OPS_TABLES | RECOMMENDATION_TABLES | CLICKSTREAM_TABLES
    tables = {table: columns for table, (columns, _) in declared.items()}
    tables |= {f"clickstream.{view}": columns for view, columns in (VIEWS | EXTRA_VIEWS).items()}
    tables |= {request.table: landing_columns(request) for request in read_requests(requests)}
    return {table: {column.name: column.type for column in columns} for table, columns in tables.items()}


def project_models(settings: Settings) -> dict[str, Model]:
    """Every model of the project by table, upstream first. Raises SqlModelError, and SettingsError for bad extras."""
    return _load(settings.extra_requests, settings.request_order)


@cache  # assets and checks both need them when definitions load
def _load(extras: str, order: str) -> dict[str, Model]:
    return load_models(ROOT, sources=source_tables(all_requests(extras=extras, order=order)))


def ensure_sources(con: duckdb.DuckDBPyConnection, requests: tuple[ClarityRequest, ...]) -> None:
    """Make the tables that models may read besides one another, where they are missing."""
    ensure_tables(con, read_requests(requests))
    ensure_declared(con, RECOMMENDATION_TABLES | CLICKSTREAM_TABLES)


def ensure_inputs(
    con: duckdb.DuckDBPyConnection, model: Model, *, models: dict[str, Model], requests: tuple[ClarityRequest, ...]
) -> None:
    """Make all that the model reads: what was never collected or materialized is an empty table, not an error."""
    ensure_sources(con, requests)
    ensure_upstream(con, model, models=models)


def ensure_project(con: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, Model]:
    """Make every model of the project; what was never collected or materialized is an empty table. Returns them all."""
    models = project_models(settings)
    ensure_sources(con, all_requests(extras=settings.extra_requests, order=settings.request_order))
    ensure_models(con, models, models=models)
    return models


def in_steps(models: Iterable[Model]) -> list[list[Model]]:
    """Which models share a step, upstream first: all seeds, the views of a layer; a table has a step of its own.

    A step costs 0.1 s and opens the file once. Views of one layer do not read one another.
    """
    steps: dict[tuple, list[Model]] = {}
    for model in models:
        is_light = model.is_seed or (model.is_view and model.is_daily)
        steps.setdefault((model.layer,) if is_light else model.key, []).append(model)
    return list(steps.values())
