"""The asset checks of every model: one check an expectation of its contract, one step for the models of a step."""

from collections.abc import Iterator
from datetime import date

import dagster as dg
import duckdb

from clarity_assets.clickstream.modules.registry import MODULES
from clarity_assets.defs.resources import ClaritySettings, WarehouseResource
from clarity_assets.project_models import in_steps, project_models
from clarity_assets.quality.suite import Check, checks_of
from clarity_assets.reports.rendering.texts import markdown_table
from clarity_assets.settings import load_settings
from clarity_assets.warehouse.models.model import Model


def model_checks(
    step: list[Model], *, name: str | None = None, scratch: duckdb.DuckDBPyConnection | None = None
) -> dg.AssetChecksDefinition:
    """The checks of models that share a step. A run looks at its own days only, a run without partitions at all rows.

    The checks themselves have no partitions: Dagster keeps those of a range under none (1.13, preview), and a check
    without partitions can also be run alone. Which days were looked at stands in the metadata and in ops.check_result.
    """
    checks = {model.table: checks_of(model, scratch=scratch) for model in step}
    keys = {model.table: dg.AssetKey(model.key) for model in step}

    @dg.multi_asset_check(
        name=(name or "__".join(step[0].key if len(step) == 1 else (step[0].layer,))) + "__checks",
        specs=[check_spec(check, keys[table]) for table, listed in checks.items() for check in listed],
        can_subset=True,
        compute_kind="greatexpectations",
    )
    def run_checks(
        context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource, clarity: ClaritySettings
    ) -> Iterator[dg.AssetCheckResult]:
        from clarity_assets.quality.checking import check_model
        from clarity_assets.quality.results import store_results

        days = _days(context) if step[0].is_daily else {}
        about = {"checked_at": clarity.settings.clock(), "run_id": context.run.run_id} | days
        selected, found = context.selected_asset_check_keys, {}
        with warehouse.get_connection(label=f"checks of {', '.join(checks)}") as con:
            for model in step:
                key = keys[model.table]
                chosen = [c for c in checks[model.table] if dg.AssetCheckKey(key, c.name) in selected]
                found[key] = check_model(con, model, checks=chosen, **days) if chosen else []
                store_results(con, model.table, found[key], **about)
        for key, results in found.items():
            for result in results:
                yield asset_check_result(result, key, days=days)

    return run_checks


def check_spec(check: Check, key: dg.AssetKey) -> dg.AssetCheckSpec:
    told = "\n\n".join(filter(None, (check.words, check.description)))
    return dg.AssetCheckSpec(
        check.name,
        asset=key,
        description=told,
        blocking=check.is_blocking,
        metadata={
            "expectation": check.expectation_name,
            "arguments": dg.MetadataValue.json({n: _said(v) for n, v in check.arguments.items()}),
            "where": check.where or "all rows",
            "severity": check.severity,
        },
    )


def asset_check_result(result, key: dg.AssetKey, *, days: dict[str, date]) -> dg.AssetCheckResult:
    """The result as Dagster shows it. A check that broke is never shown as a failed expectation."""
    check = result.check
    is_error = result.error is not None
    severity = dg.AssetCheckSeverity.ERROR if is_error or check.is_blocking else dg.AssetCheckSeverity.WARN
    figures = {"failing_rows": result.failing_rows, "rows_checked": result.rows_checked, "observed": result.observed}
    metadata = {"outcome": result.outcome} | {name: value for name, value in figures.items() if value is not None}
    metadata |= {"where": check.where or "all rows", "days": " to ".join(f"{day}" for day in days.values()) or "all"}
    if result.examples:
        rows = [row.values() for row in result.examples]
        metadata["examples"] = dg.MetadataValue.md(markdown_table(list(result.examples[0]), rows))
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=check.name,
        passed=result.passed,
        severity=severity,
        description=_told(result),
        metadata=metadata,
    )


def _told(result) -> str:
    if result.error:
        return f"the check itself broke: {result.error}"
    if result.passed:
        return result.check.words
    if result.failing_rows is None:
        return f"{result.check.words} Seen: {result.observed}."
    return f"{result.failing_rows:,} of {result.rows_checked:,} rows fail: {result.check.words}"


def _days(context: dg.AssetCheckExecutionContext) -> dict[str, date]:
    """The UTC days [start, end) of the run; nothing where it has no partitions."""
    if not (context.has_partition_key or context.has_partition_key_range):
        return {}
    window = context.partition_time_window
    return {"start": window.start.date(), "end": window.end.date()}


def _said(value: object) -> object:
    """An argument as JSON can say it (a date of YAML cannot be)."""
    if isinstance(value, list):
        return [_said(v) for v in value]
    return value if isinstance(value, bool | int | float | str) else str(value)


@dg.definitions
def checks() -> dg.Definitions:
    with duckdb.connect() as scratch:
        models = project_models(load_settings())
        steps = in_steps(model for model in models.values() if not model.is_by_engine)
        made = [model_checks(step, scratch=scratch) for step in steps]
        for module in MODULES.values():
            step = [models[table] for table in module.models]
            made.append(model_checks(step, name=f"clickstream__{module.name}", scratch=scratch))
    return dg.Definitions(asset_checks=made)
