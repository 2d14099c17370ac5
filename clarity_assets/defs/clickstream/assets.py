"""Events as they are dropped, the sessions made of them, and one asset a table of each analysis."""

from collections.abc import Iterator
from datetime import date

import dagster as dg

from clarity_assets.clickstream.modules.module import Module
from clarity_assets.clickstream.modules.registry import MODULES
from clarity_assets.defs.partitions import FIRST_DATE, daily, weekly
from clarity_assets.defs.resources import RUN_LIMIT, ClaritySettings
from clarity_assets.project_models import project_models
from clarity_assets.reports.rendering.texts import markdown_table
from clarity_assets.runs import PUBLISHED
from clarity_assets.settings import load_settings
from clarity_assets.warehouse.models.model import Model

GROUP = "clickstream"
ENGINE_POOL = "clickstream"  # one run at a time: an engine takes all the machine
FILES, EVENTS, SESSIONS = (dg.AssetKey(["clickstream", name]) for name in ("event_files", "events", "sessions"))
SHARED = {"group_name": GROUP, "owners": ["team:analytics"]}
KINDS = {"duckdb": {"duckdb", "parquet"}, "spark": {"spark", "parquet"}}[load_settings().clickstream_engine]

events = dg.AssetSpec(
    EVENTS,
    deps=[FILES],
    description="Events by UTC day, a Parquet file each, in `CLICKSTREAM_FOLDER`: what `event_files` has landed.",
    partitions_def=daily,
    kinds={"parquet"},
    tags={"domain": "clickstream", "layer": "landing"},
    **SHARED,
)


@dg.asset(
    key=FILES,
    description="Takes the files of events from `CLICKSTREAM_DROP/<mapping>/`: new events land in their UTC days, "
    "known ones are left out, rows that are none go to `landing.clickstream_rejected` with their reason.",
    kinds={"json", "csv", "parquet"},
    tags={"domain": "clickstream", "layer": "landing"},
    pool=ENGINE_POOL,
    **SHARED,
)
def event_files(context: dg.AssetExecutionContext, clarity: ClaritySettings) -> dg.MaterializeResult:
    from clarity_assets.clickstream.ingest.dropped import ingest_dropped

    done = ingest_dropped(clarity.settings, now=clarity.settings.clock())
    for day in done.days_changed:
        if day >= FIRST_DATE:
            context.log_event(dg.AssetMaterialization(EVENTS, partition=f"{day}"))
    if done.failed:  # an alert tells it; what could be read is landed
        told = "; ".join(f"{name}: {why}" for name, why in done.failed.items())
        raise dg.Failure(f"{len(done.failed)} files were not ingested: {told}", allow_retries=False)
    return dg.MaterializeResult(
        metadata={
            "files": dg.MetadataValue.md(markdown_table(done.columns, done.rows)),
            "events_new": done.events_new,
            "rows_rejected": done.rows_rejected,
            "days_changed": len(done.days_changed),
        }
    )


@dg.asset(
    key=SESSIONS,
    deps=[EVENTS],
    description="Sessions (30 minutes without an event end one) and their steps by UTC day, as Parquet in "
    "`CLICKSTREAM_FOLDER`. A day's depend on its own events and on those of the days beside it. With "
    "CLARITY_FIRST_DATE those of all days before it are made, where events reach further back.",
    partitions_def=daily,
    backfill_policy=dg.BackfillPolicy.single_run(),
    kinds=KINDS,
    tags={"domain": "clickstream", "layer": "intermediate"},
    pool=ENGINE_POOL,
    **SHARED,
)
def sessions(context: dg.AssetExecutionContext, clarity: ClaritySettings) -> dg.MaterializeResult:
    from clarity_assets.clickstream.sessions.build import build_sessions, build_sessions_before

    days = _days(context)
    if days["start"] == FIRST_DATE:
        build_sessions_before(clarity.settings, FIRST_DATE)
    made = build_sessions(clarity.settings, **days)
    return dg.MaterializeResult(metadata={"days": made.days, "sessions": made.sessions, "steps": made.steps})


def _days(context: dg.AssetExecutionContext) -> dict[str, date]:
    window = context.partition_time_window
    return {"start": window.start.date(), "end": window.end.date()}


def table_spec(model: Model, module: Module) -> dg.AssetSpec:
    """What the map says of one table of an analysis."""
    columns = [dg.TableColumn(c.name, c.type, c.meaning) for c in model.contract.columns]
    sql = {
        name: dg.MetadataValue.md(f"```sql\n{text}\n```")
        for name, text in (("sql", model.sql), ("spark_sql", model.spark_sql))
        if text
    }
    mapping = dg.TimeWindowPartitionMapping(
        start_offset=0 if module.every == "week" else -1, end_offset=int(module.looks_ahead)
    )
    return dg.AssetSpec(
        dg.AssetKey(model.key),
        description=f"{model.contract.description}\n\nGrain: {', '.join(model.contract.meta.grain)}.",
        deps=[
            dg.AssetDep(SESSIONS, partition_mapping=mapping if module.every == "week" or module.looks_ahead else None)
        ],
        partitions_def=weekly if module.every == "week" else daily,
        kinds=KINDS,
        tags={"domain": "clickstream", "layer": "mart", "module": module.name},
        metadata={
            "dagster/column_schema": dg.TableSchema(columns),
            "dagster/table_name": model.table,
            **sql,
        },
        code_version=f"{module.version} {model.code_version}",
        **SHARED,
    )


def module_assets(module: Module, models: dict[str, Model]) -> dg.AssetsDefinition:
    """The tables of one analysis, computed together by CLICKSTREAM_ENGINE."""

    @dg.multi_asset(
        name=f"clickstream__{module.name}",
        specs=[table_spec(models[table], module) for table in module.models],
        backfill_policy=dg.BackfillPolicy.single_run() if module.every == "day" else None,  # models: a run a week
        pool=ENGINE_POOL,
    )
    def analysis(context: dg.AssetExecutionContext, clarity: ClaritySettings) -> Iterator[dg.MaterializeResult]:
        from clarity_assets.clickstream.computing import compute
        from clarity_assets.clickstream.engines.choose import open_engine

        with open_engine(clarity.settings) as engine:
            done = compute(engine, module, settings=clarity.settings, **_days(context))
        for table, rows in done.rows.items():
            yield dg.MaterializeResult(
                asset_key=models[table].key,
                metadata={"rows_of_run": rows, "engine": engine.name, "took_s": round(done.took_s, 2)},
            )

    return analysis


@dg.definitions
def clickstream() -> dg.Definitions:
    models = project_models(load_settings())
    every = [module_assets(module, models) for module in MODULES.values()]
    return dg.Definitions(assets=[events, event_files, sessions, *every], jobs=[ingest_job, days_job, weeks_job])


def _of(every: str) -> dg.AssetSelection:
    return dg.AssetSelection.assets(
        *(dg.AssetKey(["marts", t]) for m in MODULES.values() if m.every == every for t in m.tables)
    )


ingest_job = dg.define_asset_job(
    "clickstream_ingest",
    selection=dg.AssetSelection.assets(FILES),
    tags=RUN_LIMIT,
    description="Files of events from CLICKSTREAM_DROP into their UTC days.",
)
days_job = dg.define_asset_job(
    "clickstream_days",
    selection=dg.AssetSelection.assets(SESSIONS, PUBLISHED) | _of("day"),
    tags=RUN_LIMIT,
    description="Sessions and the daily analyses of a range of UTC days, checked, and the published copy.",
)
weeks_job = dg.define_asset_job(
    "clickstream_weeks",
    selection=dg.AssetSelection.assets(["reports", "weekly_clickstream"], PUBLISHED) | _of("week"),
    tags=RUN_LIMIT,
    description="The weekly analyses and models of a week, checked, its clickstream report, and the published copy.",
)
