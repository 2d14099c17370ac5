"""Weekly and monthly files for other tools: the daily marts of a period as CSV, JSON, Parquet and Excel."""

import dagster as dg

from clarity_assets.defs.partitions import monthly, weekly
from clarity_assets.defs.resources import ClaritySettings, WarehouseResource

READS = (
    "marts/fct_traffic_daily",
    "marts/fct_engagement_daily",
    "marts/fct_frustration_daily",
    "marts/fct_geography_daily",
    "marts/fct_attribution_daily",
    "marts/fct_signal_daily",
    "marts/fct_site_daily",
)
CHECKED = ("quality/answer_schema",)  # its blocking check says that figures may be missing: then no files


def files_asset(noun: str, partitions: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """The asset of one kind of period: `week` or `month`."""

    @dg.asset(
        key=["exports", f"{noun}ly_files"],
        description=f"One {noun} of one project for other tools: traffic, engagement, frustration, geography and "
        "attribution by UTC day as CSV, Parquet and Excel, and the feed for Power BI, with hashes in `manifest.json`. "
        f"In `<CLARITY_REPORTS>/exports/<period>`, and under names that stay in `exports/latest/{noun}`.",
        deps=[
            dg.AssetDep(dg.AssetKey.from_user_string(name), partition_mapping=dg.TimeWindowPartitionMapping())
            for name in (*READS, *CHECKED)
        ],
        group_name="exports",
        partitions_def=partitions,
        kinds={"csv", "json", "parquet", "excel"},
        owners=["team:analytics"],
        tags={"layer": "export"},
        code_version="1",
    )
    def files(
        context: dg.AssetExecutionContext, warehouse: WarehouseResource, clarity: ClaritySettings
    ) -> dg.MaterializeResult:
        from clarity_assets.exports.exporting import export_period
        from clarity_assets.exports.manifest import size_and_hash
        from clarity_assets.reports.period import Period

        settings = clarity.settings
        first = context.partition_time_window.start.date()
        period = Period.week(first) if noun == "week" else Period.month(first)
        with warehouse.get_connection(label=f"{noun}ly_files {period.slug}") as con:
            exported = export_period(
                con,
                project_id=settings.need_project(),
                period=period,
                folder=settings.reports / "exports",
                made_at=settings.clock(),
            )
        return dg.MaterializeResult(
            metadata={
                "folder": dg.MetadataValue.path(exported.folder.resolve()),
                "rows_by_file": dg.MetadataValue.json({file.name: file.rows for file in exported.files}),
                "manifest_sha256": size_and_hash(exported.manifest)[1],
                "files": dg.MetadataValue.md(exported.preview),
                "latest_kept": dg.MetadataValue.json(list(exported.kept)),  # they tell of a later period
            }
        )

    return files


@dg.definitions
def exports() -> dg.Definitions:
    return dg.Definitions(assets=[files_asset("week", weekly), files_asset("month", monthly)])
