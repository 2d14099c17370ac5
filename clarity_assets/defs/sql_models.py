"""One asset for each model of `dbt_like_sql/` that the warehouse computes: key = layer, name; table = schema.name."""

from collections.abc import Iterator
from datetime import date

import dagster as dg

from clarity_assets.clarity.kept import open_part
from clarity_assets.clarity.requests import ClarityRequest, all_requests
from clarity_assets.clarity.tables import OPS_TABLES
from clarity_assets.defs.partitions import DAILY_FRESHNESS, daily
from clarity_assets.defs.resources import WRITERS, WarehouseResource
from clarity_assets.project_models import ensure_inputs, in_steps, project_models, source_tables
from clarity_assets.recommendations.tables import RECOMMENDATION_TABLES
from clarity_assets.reports.rendering.texts import markdown_table
from clarity_assets.settings import load_settings
from clarity_assets.warehouse.models.model import Model
from clarity_assets.warehouse.models.run import run_model
from clarity_assets.warehouse.models.sql_text import column_lineage

PREVIEW_ROWS, PREVIEW_COLUMNS = 5, 12


def asset_keys(models: dict[str, Model], requests: tuple[ClarityRequest, ...]) -> dict[str, dg.AssetKey]:
    """Table -> asset, for all tables that are assets of their own (`ops.*` is none)."""
    landing = {request.table: dg.AssetKey(["clarity", request.name]) for request in requests}
    return landing | {table: dg.AssetKey(model.key) for table, model in models.items()}


def upstream_assets(model: Model, *, keys: dict[str, dg.AssetKey], requests: tuple[ClarityRequest, ...]) -> set:
    """The assets that the model reads; `ops` tables are written by all landing assets, recommendations by reports."""
    found = {keys[table] for table in model.upstream if table in keys}
    if any(table in OPS_TABLES for table in model.upstream):
        found |= {keys[request.table] for request in requests}
    if any(table in RECOMMENDATION_TABLES for table in model.upstream):
        found |= {dg.AssetKey(["reports", f"{every}_summary"]) for every in ("weekly", "monthly")}
    return found


def model_spec(model: Model, *, keys: dict[str, dg.AssetKey], requests: tuple[ClarityRequest, ...]) -> dg.AssetSpec:
    """What the map says of one model."""
    meta = model.contract.meta
    columns = [dg.TableColumn(c.name, c.type, c.meaning) for c in model.contract.columns]
    return dg.AssetSpec(
        dg.AssetKey(model.key),
        description=f"{model.contract.description}\n\nGrain: {', '.join(meta.grain)}.",
        deps=sorted(upstream_assets(model, keys=keys, requests=requests)),
        group_name=model.layer,
        partitions_def=daily if model.is_daily else None,
        freshness_policy=DAILY_FRESHNESS if model.takes_range else None,
        kinds={"duckdb", "csv" if model.is_seed else "sql"},
        owners=meta.owners,
        tags={"layer": model.layer, "materialized": meta.materialized},
        metadata={
            "dagster/column_schema": dg.TableSchema(columns),
            "dagster/table_name": model.table,
            "reads": dg.MetadataValue.md(", ".join(f"`{table}`" for table in model.upstream) or "nothing"),
            "sql": dg.MetadataValue.md(f"```sql\n{model.sql}\n```"),
        },
        code_version=model.code_version,
    )


def model_assets(
    step: list[Model], *, models: dict[str, Model], requests: tuple[ClarityRequest, ...]
) -> dg.AssetsDefinition:
    """The assets of one step: the rows of the run's days are replaced, over a whole range in one run."""
    keys = asset_keys(models, requests)
    first = step[0]

    @dg.multi_asset(
        name="__".join(first.key) if len(step) == 1 else first.layer,
        specs=[model_spec(model, keys=keys, requests=requests) for model in step],
        can_subset=len(step) > 1,
        pool=WRITERS,
        backfill_policy=dg.BackfillPolicy.single_run() if first.is_daily else None,
    )
    def replace_rows(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Iterator[dg.MaterializeResult]:
        days = _days(context) if first.is_daily else {}
        selected = [model for model in step if keys[model.table] in context.selected_asset_keys]
        with warehouse.get_connection(label=", ".join(model.table for model in selected)) as con:
            told = {model.table: _run(con, model, days, models=models, requests=requests) for model in selected}
        for model in selected:
            lineage = _lineage(model, models=models, keys=keys, requests=requests)
            yield dg.MaterializeResult(
                asset_key=keys[model.table], metadata=told[model.table] | {"dagster/column_lineage": lineage}
            )

    return replace_rows


def _run(con, model: Model, days: dict[str, date], *, models: dict[str, Model], requests: tuple) -> dict:
    """Run one model; what a person needs to judge it."""
    ensure_inputs(con, model, models=models, requests=requests)
    days = open_part(con, **days) if model.takes_range else days
    rows = run_model(con, model, **days)
    [(total,)] = con.execute(f"select count(*) from {model.table}").fetchall()  # noqa: S608 - a checked name
    return {
        "dagster/row_count": total,
        "rows_of_run": rows,
        "days": ", ".join(f"{name} {day}" for name, day in days.items()) or "all",
        "preview": dg.MetadataValue.md(_preview(con, model, days)),
    }


def _days(context: dg.AssetExecutionContext) -> dict[str, date]:
    window = context.partition_time_window
    return {"start": window.start.date(), "end": window.end.date()}


def _preview(con, model: Model, days: dict[str, date]) -> str:
    """The first rows of the run's days, in their first columns."""
    names = list(model.column_types)[:PREVIEW_COLUMNS]
    where = "where date >= $start and date < $end" if days else ""
    order = ", ".join(model.contract.meta.grain)
    sql = f"select {', '.join(names)} from {model.table} {where} order by {order} limit {PREVIEW_ROWS}"  # noqa: S608
    return markdown_table(names, con.execute(sql, days).fetchall())


def _lineage(
    model: Model, *, models: dict[str, Model], keys: dict[str, dg.AssetKey], requests: tuple[ClarityRequest, ...]
) -> dg.TableColumnLineage:
    tables = source_tables(requests) | {table: other.column_types for table, other in models.items()}
    return dg.TableColumnLineage(
        {
            column: [
                dg.TableColumnDep(asset_key=keys[table], column_name=name) for table, name in pairs if table in keys
            ]
            for column, pairs in column_lineage(model, tables=tables).items()
        }
    )


@dg.definitions
def sql_models() -> dg.Definitions:
    settings = load_settings()
    requests = all_requests(extras=settings.extra_requests, order=settings.request_order)
    models = project_models(settings)
    steps = in_steps(model for model in models.values() if not model.is_by_engine)  # those: defs/clickstream
    return dg.Definitions(assets=[model_assets(step, models=models, requests=requests) for step in steps])
