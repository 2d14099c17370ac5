"""One partitioned landing asset for each Clarity request: a UTC day is asked, solved and written to DuckDB."""

import dagster as dg

from clarity_assets.clarity.collect import Collected, Collector
from clarity_assets.clarity.columns import landing_columns
from clarity_assets.clarity.requests import ClarityRequest, all_requests
from clarity_assets.clarity.store import DayState
from clarity_assets.defs.partitions import DAILY_FRESHNESS, FIRST_DATE, daily
from clarity_assets.defs.resources import WRITERS, ClaritySettings
from clarity_assets.errors import ClarityAssetsError
from clarity_assets.settings import load_settings

GROUP = "clarity_landing"


def asset_key(request_name: str) -> dg.AssetKey:
    return dg.AssetKey(["clarity", request_name])


def landing_asset(request: ClarityRequest, *, priority: int) -> dg.AssetsDefinition:
    """The asset of one request. Steps of higher priority run first, so the budget goes to the most valuable."""
    columns = [dg.TableColumn(c.name, c.type, c.meaning) for c in landing_columns(request)]
    dimensions = " × ".join(request.dimensions) or "the whole site"

    @dg.asset(
        key=asset_key(request.name),
        description=f"Clarity's nine metrics per UTC day for {dimensions}: asked from the Data Export API as rolling "
        f"windows, solved for the day, landed in `{request.table}`. A day that can no longer be known fails as lost.",
        group_name=GROUP,
        partitions_def=daily,
        backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=1),
        pool=WRITERS,
        freshness_policy=None if request.is_extra else DAILY_FRESHNESS,
        kinds={"api", "duckdb"},
        owners=["team:analytics"],
        tags={"domain": "clarity", "layer": "landing", "plan": "extra" if request.is_extra else "daily"},
        metadata={
            "dagster/column_schema": dg.TableSchema(columns),
            "dagster/table_name": request.table,
            "dimensions": ", ".join(request.dimensions) or "none",
        },
        op_tags={"dagster/priority": str(priority)},
        code_version="1",
    )
    def landing(context: dg.AssetExecutionContext, clarity: ClaritySettings) -> dg.MaterializeResult:
        day = context.partition_time_window.start.date()
        try:
            collected = Collector(clarity.settings, run_id=context.run.run_id).collect(request.name, day)
        except ClarityAssetsError as error:
            kind = type(error).__name__
            raise dg.Failure(f"{kind}: {error}", metadata={"error": kind}, allow_retries=False) from error
        for warning in collected.warnings:
            context.log.warning(warning)
        for other in collected.others:
            if other.date >= FIRST_DATE and not (other.date == day and _is_in_run(context, other.request)):
                context.log_event(_solved_by_the_way(other, context.run.run_id))
        return dg.MaterializeResult(metadata=_metadata(collected))

    return landing


def _is_in_run(context: dg.AssetExecutionContext, request_name: str) -> bool:
    """Whether this run materializes that request's asset itself, so that it will tell of its day."""
    selection = context.run.asset_selection
    return selection is None or asset_key(request_name) in selection


def _solved_by_the_way(state: DayState, run_id: str) -> dg.AssetMaterialization:
    """Another day, or a request that rolls up, became known by this answer: the UI shall show it too."""
    return dg.AssetMaterialization(
        asset_key=asset_key(state.request),
        partition=state.date.isoformat(),
        description=f"solved by an answer of run {run_id}",
        metadata=_state_metadata(state),
    )


def _metadata(collected: Collected) -> dict:
    budget = collected.budget
    return _state_metadata(collected.state) | {
        "requests_sent": collected.sent,
        "requests_left": budget.left,
        "requests_left_for_missed_days": budget.reserve_left,
        "quota_day": budget.label,
    }


def _state_metadata(state: DayState) -> dict:
    window = f"{state.window_start:%Y-%m-%d %H:%M:%S} to {state.window_end:%Y-%m-%d %H:%M:%S} UTC"
    method = f"{state.method} from {state.rolled_up_from}" if state.rolled_up_from else state.method
    return {
        "status": state.status,
        "window": window,
        "coverage": state.coverage,
        "method": method,
        "dagster/partition_row_count": state.row_count,
        "skew_s": state.skew_s,
        "is_truncated": state.is_truncated,
        "answers": dg.MetadataValue.json(list(state.answers)),
        "note": state.cause or "",
    }


@dg.definitions
def landing_assets() -> dg.Definitions:
    settings = load_settings()
    requests = all_requests(extras=settings.extra_requests, order=settings.request_order)
    assets = [landing_asset(r, priority=len(requests) - i) for i, r in enumerate(requests)]
    return dg.Definitions(assets=assets)
