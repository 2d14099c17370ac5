"""The jobs that schedules and sensors start, and the UI's Launchpad: what runs together in one run."""

import dagster as dg

from clarity_assets.defs.clarity.assets import GROUP as LANDING
from clarity_assets.defs.resources import RUN_LIMIT
from clarity_assets.runs import BUILT, MODEL_GROUPS, PUBLISHED

COPY = dg.AssetSelection.assets(PUBLISHED)
MODELS = dg.AssetSelection.groups(*MODEL_GROUPS) | dg.AssetSelection.assets(BUILT)


def _of_period(every: str) -> dg.AssetSelection:
    """The reports and exports of a kind of period, their delivery, and the tables that tell of them."""
    reports = [dg.AssetKey(["reports", f"{every}_{kind}"]) for kind in ("summary", "ux", "product")]
    rest = [["exports", f"{every}_files"], ["delivery", f"{every}_report"], ["marts", "recommendation"]]
    return dg.AssetSelection.assets(*reports, *rest) | COPY


daily_job = dg.define_asset_job(
    "daily",
    selection=dg.AssetSelection.groups(LANDING) | MODELS | COPY,
    tags=RUN_LIMIT,
    description="One UTC day from Clarity's answers to checked marts and the published copy. Where a request fails, "
    "the marts of what is known are made by `build`.",
)
collect_job = dg.define_asset_job(
    "collect",
    selection=dg.AssetSelection.groups(LANDING),
    tags=RUN_LIMIT,
    description="One UTC day of every Clarity request.",
)
build_job = dg.define_asset_job(
    "build",
    selection=MODELS | COPY,
    tags=RUN_LIMIT,
    description="Marts and checks of a range of UTC days, and the published copy.",
)
weekly_job = dg.define_asset_job(
    "weekly",
    selection=_of_period("weekly"),
    tags=RUN_LIMIT,
    description="Reports and exports of a week, sent to CLARITY_REPORT_TO.",
)
monthly_job = dg.define_asset_job(
    "monthly",
    selection=_of_period("monthly"),
    tags=RUN_LIMIT,
    description="Reports and exports of a month, sent to CLARITY_REPORT_TO.",
)
publish_job = dg.define_asset_job("publish", selection=COPY, tags=RUN_LIMIT, description="The published copy alone.")
upkeep_job = dg.define_asset_job(
    "upkeep",
    selection=dg.AssetSelection.assets(*(["operations", name] for name in ("backup", "tidied", "health"))),
    tags=RUN_LIMIT,
    description="Backup, what is kept no longer, and the health of it all.",
)


@dg.definitions
def jobs() -> dg.Definitions:
    return dg.Definitions(jobs=[daily_job, collect_job, build_job, weekly_job, monthly_job, publish_job, upkeep_job])
