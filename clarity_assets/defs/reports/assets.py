"""One asset a report: the marts' rows of its week become findings, text, and one HTML file."""

import dagster as dg

from clarity_assets.defs.partitions import weekly
from clarity_assets.defs.resources import ClaritySettings, WarehouseResource

READS = ("marts/fct_site_daily", "marts/fct_frustration_daily")
CHECKED = ("quality/answer_schema",)  # its blocking check says that figures may be missing: then no report


@dg.asset(
    key=["reports", "weekly_overview"],
    description="One week of one project: how each day is known, sessions per day, pages with most rage and dead "
    "clicks by device. Reads the marts only; the file is `<CLARITY_REPORTS>/weekly_overview/<monday>.html`.",
    deps=[
        dg.AssetDep(dg.AssetKey.from_user_string(name), partition_mapping=dg.TimeWindowPartitionMapping())
        for name in (*READS, *CHECKED)
    ],
    group_name="reports",
    partitions_def=weekly,
    kinds={"html"},
    owners=["team:analytics"],
    tags={"layer": "report"},
    code_version="1",
)
def weekly_overview(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource, clarity: ClaritySettings
) -> dg.MaterializeResult:
    from clarity_assets.reports.files import write_atomically
    from clarity_assets.reports.html import render_html
    from clarity_assets.reports.markdown import render_markdown
    from clarity_assets.reports.terminal import render_text
    from clarity_assets.reports.weekly_overview import find_weekly_overview

    settings = clarity.settings
    monday = context.partition_time_window.start.date()
    with warehouse.get_connection(label=f"weekly_overview {monday}") as con:
        found = find_weekly_overview(con, project_id=settings.need_project(), monday=monday, made_at=settings.clock())
    path = write_atomically(settings.reports / "weekly_overview" / f"{monday}.html", render_html(found))
    context.log.info(render_text(found))
    return dg.MaterializeResult(
        metadata={
            "file": dg.MetadataValue.path(path.resolve()),
            "report": dg.MetadataValue.md(render_markdown(found)),
            "days_known": len(found.known_days),
            "days_by_status": dg.MetadataValue.json(found.status_counts),
            "coverage": found.coverage.value,
            "sessions": found.sessions.value,
        }
    )


@dg.definitions
def reports() -> dg.Definitions:
    return dg.Definitions(assets=[weekly_overview])
