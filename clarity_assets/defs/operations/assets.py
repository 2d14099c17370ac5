"""What keeps the data safe and readable: the published copy, the backup, what is kept no longer, health, recovery."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from clarity_assets.behind import mark_built
from clarity_assets.defs.partitions import daily
from clarity_assets.defs.resources import RUN_LIMIT, WRITERS, ClaritySettings
from clarity_assets.project_models import project_models
from clarity_assets.runs import BUILT, PUBLISHED
from clarity_assets.settings import load_settings

GROUP = "operations"
READ_BY_PEOPLE = ("marts", "quality")  # layers: once these are made and checked, a day is built

NIGHTLY = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=48), warn_window=timedelta(hours=27))

SHARED = {"group_name": GROUP, "owners": ["team:analytics"], "tags": {"layer": "operations"}, "code_version": "1"}


def built_asset() -> dg.AssetsDefinition:
    models = project_models(load_settings())

    @dg.asset(
        key=BUILT,
        deps=sorted(dg.AssetKey(m.key) for m in models.values() if m.layer in READ_BY_PEOPLE and not m.is_by_engine),
        description="Days whose marts are made and checked, and what was known of them then: `ops.built_day`. What is "
        "known now and differs is built anew by sensor `marts_behind`.",
        partitions_def=daily,
        backfill_policy=dg.BackfillPolicy.single_run(),
        kinds={"duckdb"},
        metadata={"dagster/table_name": "ops.built_day"},
        pool=WRITERS,
        **SHARED,
    )
    def built(context: dg.AssetExecutionContext, clarity: ClaritySettings) -> dg.MaterializeResult:
        days = context.partition_time_window
        rows = mark_built(clarity.settings, start=days.start.date(), end=days.end.date())
        return dg.MaterializeResult(metadata={"rows": rows})

    return built


def published_asset() -> dg.AssetsDefinition:
    @dg.asset(
        key=PUBLISHED,
        deps=[BUILT, ["marts", "recommendation"]],
        description="The warehouse as readers have it: `clarity_published.duckdb` and a Parquet file a mart, of one "
        "moment, replaced in one step in `CLARITY_PUBLISHED`. Notebooks, BI tools and APIs read only this.",
        kinds={"duckdb", "parquet"},
        freshness_policy=NIGHTLY,
        **SHARED,
    )
    def published(clarity: ClaritySettings) -> dg.MaterializeResult:
        from clarity_assets.warehouse.publish import publish

        done = publish(clarity.settings)
        return dg.MaterializeResult(
            metadata={
                "file": dg.MetadataValue.path(done.copy),
                "parquet": dg.MetadataValue.path(done.parquet),
                "rows_by_table": dg.MetadataValue.json(done.rows),
                "newest_day": f"{done.newest_date}",
                "has_changed": done.is_new,
                "writers_waited_s": round(done.held_s, 3),
            }
        )

    return published


@dg.asset(
    key=["operations", "backup"],
    description="A copy of warehouse and operations file: compressed, encrypted where CLARITY_BACKUP_KEY is set, "
    "hashed, opened and counted. Old ones go by CLARITY_BACKUP_KEEP_*.",
    kinds={"duckdb"},
    freshness_policy=NIGHTLY,
    **SHARED,
)
def backup(clarity: ClaritySettings) -> dg.MaterializeResult:
    from clarity_assets.backups.making import make_backup

    made = make_backup(clarity.settings)
    return dg.MaterializeResult(
        metadata={
            "file": dg.MetadataValue.path(made.path.resolve()),
            "bytes": made.size_bytes,
            "sha256_of_warehouse": made.sha256,
            "is_encrypted": bool(made.is_encrypted),
            "rows_by_table": dg.MetadataValue.json(made.tables),
            "deleted": dg.MetadataValue.json(list(made.deleted)),
            "warnings": "; ".join(made.warnings) or "none",
        }
    )


@dg.asset(
    key=["operations", "tidied"],
    deps=[["operations", "backup"]],
    description="What is kept no longer by CLARITY_KEEP_*: answers, landing rows, report files, logs, archived "
    "answers; and Dagster's own runs.",
    kinds={"duckdb"},
    **SHARED,
)
def tidied(context: dg.AssetExecutionContext, clarity: ClaritySettings) -> dg.MaterializeResult:
    from clarity_assets.operations.retention import tidy
    from clarity_assets.operations.runs_retention import forget_old_runs

    forgotten = forget_old_runs(context.instance, now=datetime.now(UTC))  # Dagster's records have the system's time
    return dg.MaterializeResult(metadata=tidy(clarity.settings).metadata() | {"runs_deleted": forgotten.runs})


@dg.asset(
    key=["operations", "health"],
    deps=[["operations", "backup"], ["operations", "tidied"]],
    description="Is it all well: last good collection, budget, gaps, checks, disk, backup, integrity, schedules, "
    "deliveries. The same as `clarity-assets health`.",
    kinds={"duckdb"},
    freshness_policy=NIGHTLY,
    **SHARED,
)
def health(context: dg.AssetExecutionContext, clarity: ClaritySettings) -> dg.MaterializeResult:
    from clarity_assets.dagster_facts import automation_facts
    from clarity_assets.operations.health import read_health

    found = read_health(clarity.settings, automation=automation_facts(context.instance, clarity.settings))
    return dg.MaterializeResult(metadata=found.metadata())


@dg.op
def recover(clarity: ClaritySettings) -> None:
    from clarity_assets.backups.recovering import recover_if_corrupt

    recover_if_corrupt(clarity.settings)


@dg.job(tags=RUN_LIMIT, description="A corrupt warehouse is moved aside and restored from the newest good backup.")
def recovery() -> None:
    recover()


@dg.definitions
def operations() -> dg.Definitions:
    return dg.Definitions(assets=[built_asset(), published_asset(), backup, tidied, health], jobs=[recovery])
