"""The jobs that schedules and sensors start, and the UI's Launchpad: what runs together in one run."""

import dagster as dg

from clarity_assets.defs.clarity.assets import GROUP as LANDING
from clarity_assets.defs.partitions import daily, monthly, weekly
from clarity_assets.runs import MODEL_GROUPS, PUBLISHED
from clarity_assets.settings import load_settings

COPY = dg.AssetSelection.assets(PUBLISHED)
MODELS = dg.AssetSelection.groups(*MODEL_GROUPS)


def _of_period(every: str) -> dg.AssetSelection:
    """The reports and exports of a kind of period, their delivery, and the tables that tell of them."""
    reports = [dg.AssetKey(["reports", f"{every}_{kind}"]) for kind in ("summary", "ux", "product")]
    rest = [["exports", f"{every}_files"], ["delivery", f"{every}_report"], ["marts", "recommendation"]]
    return dg.AssetSelection.assets(*reports, *rest) | COPY


@dg.definitions
def jobs() -> dg.Definitions:
    limit = {"dagster/max_runtime": str(round(load_settings().run_limit_min * 60))}
    return dg.Definitions(
        jobs=[
            dg.define_asset_job(
                "daily",
                selection=dg.AssetSelection.groups(LANDING) | MODELS | COPY,
                partitions_def=daily,
                tags=limit,
                description="One UTC day from Clarity's answers to checked marts and the published copy. Where a "
                "request fails, the marts of what is known are made by `build`.",
            ),
            dg.define_asset_job(
                "collect",
                selection=dg.AssetSelection.groups(LANDING),
                partitions_def=daily,
                tags=limit,
                description="One UTC day of every Clarity request.",
            ),
            dg.define_asset_job(
                "build",
                selection=MODELS | COPY,
                partitions_def=daily,
                tags=limit,
                description="Marts and checks of a range of UTC days, and the published copy.",
            ),
            dg.define_asset_job(
                "weekly",
                selection=_of_period("weekly"),
                partitions_def=weekly,
                tags=limit,
                description="Reports and exports of a week, sent to CLARITY_REPORT_TO.",
            ),
            dg.define_asset_job(
                "monthly",
                selection=_of_period("monthly"),
                partitions_def=monthly,
                tags=limit,
                description="Reports and exports of a month, sent to CLARITY_REPORT_TO.",
            ),
            dg.define_asset_job(
                "upkeep",
                selection=dg.AssetSelection.groups("operations") - COPY,
                tags=limit,
                description="Backup, what is kept no longer, and the health of it all.",
            ),
        ]
    )
