"""One asset for each model under `dbt_like_sql/`: key = layer and name, table = schema and name."""

from datetime import date

import dagster as dg

from clarity_assets.clarity.requests import ClarityRequest, all_requests
from clarity_assets.clarity.tables import OPS_TABLES
from clarity_assets.defs.partitions import DAILY_FRESHNESS, daily
from clarity_assets.defs.resources import WarehouseResource
from clarity_assets.project_models import ensure_inputs, project_models, source_tables
from clarity_assets.reports.words import markdown_table
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
    """The assets that the model reads; the tables of `ops` are written by all landing assets."""
    found = {keys[table] for table in model.upstream if table in keys}
    if any(table in OPS_TABLES for table in model.upstream):
        found |= {keys[request.table] for request in requests}
    return found


def model_asset(model: Model, *, models: dict[str, Model], requests: tuple[ClarityRequest, ...]) -> dg.AssetsDefinition:
    """The asset of one model: its rows of the run's days are replaced, over a whole range in one run."""
    keys = asset_keys(models, requests)
    meta = model.contract.meta
    columns = [dg.TableColumn(c.name, c.type, c.meaning) for c in model.contract.columns]

    @dg.asset(
        key=dg.AssetKey(model.key),
        description=f"{model.contract.description}\n\nGrain: {', '.join(meta.grain)}.",
        deps=sorted(upstream_assets(model, keys=keys, requests=requests)),
        group_name=model.layer,
        partitions_def=daily if model.is_daily else None,
        backfill_policy=dg.BackfillPolicy.single_run() if model.is_daily else None,
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
    def sql_model(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> dg.MaterializeResult:
        days = _days(context) if model.is_daily else {}
        with warehouse.get_connection(label=model.table) as con:
            ensure_inputs(con, model, models=models, requests=requests)
            rows = run_model(con, model, **days)
            [(total,)] = con.execute(f"select count(*) from {model.table}").fetchall()  # noqa: S608 - a checked name
            preview = _preview(con, model, days)
        tables = source_tables(requests) | {table: other.column_types for table, other in models.items()}
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": total,
                "rows_of_run": rows,
                "days": ", ".join(f"{name} {day}" for name, day in days.items()) or "all",
                "preview": dg.MetadataValue.md(preview),
                "dagster/column_lineage": _lineage(column_lineage(model, tables=tables), keys),
            }
        )

    return sql_model


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


def _lineage(lineage: dict[str, list[tuple[str, str]]], keys: dict[str, dg.AssetKey]) -> dg.TableColumnLineage:
    return dg.TableColumnLineage(
        {
            column: [
                dg.TableColumnDep(asset_key=keys[table], column_name=name) for table, name in pairs if table in keys
            ]
            for column, pairs in lineage.items()
        }
    )


@dg.definitions
def sql_models() -> dg.Definitions:
    settings = load_settings()
    requests = all_requests(extras=settings.extra_requests, order=settings.request_order)
    models = project_models(settings)
    return dg.Definitions(assets=[model_asset(m, models=models, requests=requests) for m in models.values()])
