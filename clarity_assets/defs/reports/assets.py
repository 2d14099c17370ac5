"""The reports of each week and month: the marts' rows of the period become findings, and these become files."""

from collections.abc import Iterator

import dagster as dg

from clarity_assets.defs.partitions import monthly, weekly
from clarity_assets.defs.resources import WRITERS, ClaritySettings, WarehouseResource
from clarity_assets.reports.clickstream.tables import MODULE_OF

MARTS = ("site", "page", "frustration", "signal", "traffic", "engagement", "geography", "attribution", "collection")
CHECKED = ("quality/answer_schema",)  # its blocking check says that figures may be missing: then no report
READS = (*(f"marts/fct_{name}_daily" for name in MARTS), *CHECKED)
READS_OF_EVENTS = tuple(table.replace(".", "/") for table in MODULE_OF)

ABOUT = {
    "summary": "what to do first, whether it is real, the next two weeks, and how far the numbers can be trusted",
    "ux": "frustration, usability, engagement, devices side by side",
    "product": "traffic, feature usage, geography, attribution",
    "clickstream": "of events: traffic sources, carts, cohorts, journeys, recommendations, segments, predictions, "
    "patterns",
}
"""Kind -> what its report is about. `clickstream` is in no scheduled job: it is made where it is asked for."""


def _deps(kind: str, mapping: dg.PartitionMapping) -> list[dg.AssetDep | dg.AssetKey]:
    """What a kind of report rests on: the marts of its days (and weeks)."""
    reads = READS_OF_EVENTS if kind == "clickstream" else READS
    deps = [dg.AssetDep(dg.AssetKey.from_user_string(name), partition_mapping=mapping) for name in reads]
    return deps if kind == "clickstream" else [*deps, dg.AssetKey(["marts", "dim_page"])]


def period_reports(every: str, partitions: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """The reports of one kind of period (`weekly` or `monthly`): the marts are read once for all of them."""
    mapping = dg.TimeWindowPartitionMapping()
    names = {kind: f"{every}_{kind}" for kind in ABOUT}

    @dg.multi_asset(
        name=f"{every}_reports",
        specs=[
            dg.AssetSpec(
                ["reports", names[kind]],
                description=f"The {every} report for people: {about}. Compared with the period before and the four "
                f"weeks before. Files: `<CLARITY_REPORTS>/{names[kind]}/` as HTML, PDF, Markdown, text and JSON.",
                deps=_deps(kind, mapping),
                group_name="reports",
                partitions_def=partitions,
                kinds={"html", "pdf", "json"},
                owners=["team:analytics"],
                tags={"layer": "report"},
                code_version="2",
            )
            for kind, about in ABOUT.items()
        ],
        can_subset=True,
        pool=WRITERS,
    )
    def write_reports(
        context: dg.AssetExecutionContext, warehouse: WarehouseResource, clarity: ClaritySettings
    ) -> Iterator[dg.MaterializeResult]:
        from clarity_assets.reports.make import make_reports, renderer, write_report
        from clarity_assets.reports.period import Period

        settings = clarity.settings
        first = context.partition_time_window.start.date()
        period = Period.week(first) if every == "weekly" else Period.month(first)
        kinds = [kind for kind, name in names.items() if dg.AssetKey(["reports", name]) in context.selected_asset_keys]
        with warehouse.get_connection(label=f"{every} reports {period.slug}") as con:
            made = make_reports(con, settings=settings, period=period, kinds=kinds)
        for kind, report in made.items():
            files = write_report(report, folder=settings.reports)
            yield dg.MaterializeResult(
                asset_key=["reports", names[kind]],
                metadata={
                    "report": dg.MetadataValue.md(renderer("markdown")(report)),
                    **{f"file_{format_}": dg.MetadataValue.path(path.resolve()) for format_, path in files.items()},
                    "days_known": report.known_days,
                    "days": len(report.days),
                    "numbers": len(report.figures),
                },
            )

    return write_reports


@dg.definitions
def reports() -> dg.Definitions:
    return dg.Definitions(assets=[period_reports("weekly", weekly), period_reports("monthly", monthly)])
