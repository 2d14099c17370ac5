"""Checks through Dagster: what a person sees of them, what blocks, and which days a run looks at."""

import json
from datetime import date

import dagster as dg
import pytest

from clarity_assets.defs.quality.checks import model_checks
from clarity_assets.defs.resources import ClaritySettings, WarehouseResource
from clarity_assets.project_models import project_models
from clarity_assets.quality.results import newest_results
from clarity_assets.runs import load_definitions
from clarity_assets.settings import load_settings
from clarity_assets.warehouse.models.model import Model
from clarity_assets_tests.unit.quality.by_hand import fill, make_model

DAY, NEXT = date(2026, 10, 5), date(2026, 10, 6)
COLUMNS = {"date": "DATE", "page": "VARCHAR", "sessions": "BIGINT"}
TESTS = """page| - expect_column_values_to_not_be_null: {description: Every page has a name.}
sessions| - expect_column_values_to_be_between: {arguments: {min_value: 0}, config: {severity: warn, where: "page <> '/test'"}}"""
GOOD, NO_PAGE, NEGATIVE = (DAY, "/", 5), (DAY, None, 5), (DAY, "/a", -5)
LATER = (date(2026, 10, 7), None, -1)
daily = dg.DailyPartitionsDefinition("2026-10-01")


@pytest.fixture
def warehouse(tmp_path) -> WarehouseResource:
    return WarehouseResource(database=str(tmp_path / "clarity.duckdb"))


@pytest.fixture
def model(tmp_path) -> Model:
    return make_model(tmp_path, columns=COLUMNS, tests=TESTS, grain="date, page", materialized="incremental")


def run(model: Model, warehouse: WarehouseResource, rows: list[tuple], **options) -> dg.ExecuteInProcessResult:
    """Materialize a table with these rows and what is downstream, with the model's checks, in one run."""

    @dg.asset(key=model.key, partitions_def=daily, backfill_policy=dg.BackfillPolicy.single_run())
    def table(warehouse: WarehouseResource) -> dg.MaterializeResult:
        with warehouse.get_connection() as con:
            fill(con, model, rows)
        return dg.MaterializeResult()

    @dg.asset(deps=[dg.AssetKey(model.key)], partitions_def=daily, backfill_policy=dg.BackfillPolicy.single_run())
    def report() -> dg.MaterializeResult:
        return dg.MaterializeResult()

    definitions = dg.Definitions(
        assets=[table, report], asset_checks=[model_checks([model])], resources={"warehouse": warehouse, "clarity": ClaritySettings()},
        executor=dg.in_process_executor, jobs=[dg.define_asset_job("checks", selection=options.pop("selection", "*"))],
    )  # fmt: skip
    with dg.DagsterInstance.ephemeral() as instance:
        job = definitions.resolve_job_def("checks")
        return job.execute_in_process(instance=instance, raise_on_error=False, **options)


def evaluations(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {found.check_name: found for found in result.get_asset_check_evaluations()}


def is_reported(result: dg.ExecuteInProcessResult) -> bool:
    return bool(result.asset_materializations_for_node("report"))


# --- what a person sees -------------------------------------------------------------------------------------------


def test_one_expectation_is_one_check_with_its_rule_in_words(model):
    specs = {spec.name: spec for spec in model_checks([model]).check_specs}
    assert list(specs) == ["grain_is_unique", "page_not_null", "sessions_at_least_0"]
    assert specs["page_not_null"].description == "page is never NULL.\n\nEvery page has a name."
    assert [spec.blocking for spec in specs.values()] == [True, True, False]
    metadata = specs["sessions_at_least_0"].metadata
    assert metadata["expectation"] == "expect_column_values_to_be_between"
    assert metadata["arguments"].value == {"column": "sessions", "min_value": 0}
    assert (metadata["where"], metadata["severity"]) == ("page <> '/test'", "warn")


def test_every_model_of_the_project_has_its_checks():
    checked = {key.asset_key for key in load_definitions().resolve_asset_graph().asset_check_keys}
    assert checked == {dg.AssetKey(model.key) for model in project_models(load_settings()).values()}


def test_a_passing_run_tells_figures_and_keeps_them(model, warehouse):
    result = run(model, warehouse, [GOOD, LATER], partition_key=f"{DAY}")
    assert result.success
    assert is_reported(result)
    found = evaluations(result)
    assert [e.passed for e in found.values()] == [True] * 3
    metadata = {name: value.value for name, value in found["sessions_at_least_0"].metadata.items()}
    assert metadata == {
        "outcome": "passed", "failing_rows": 0, "rows_checked": 1, "observed": "5 to 5",
        "where": "page <> '/test'", "days": "2026-10-05 to 2026-10-06",
    }  # fmt: skip
    with warehouse.get_connection() as con:
        kept = newest_results(con, table="marts.fct")
    assert {row["run_id"] for row in kept} == {result.run_id}
    assert {(row["outcome"], row["partition_start"], row["partition_end"]) for row in kept} == {("passed", DAY, NEXT)}


# --- blocking -----------------------------------------------------------------------------------------------------


def test_a_failing_blocking_check_stops_what_is_downstream(model, warehouse):
    result = run(model, warehouse, [GOOD, NO_PAGE], partition_key=f"{DAY}")
    assert not result.success
    assert not is_reported(result)
    found = evaluations(result)["page_not_null"]
    assert (found.passed, found.severity, found.blocking) == (False, dg.AssetCheckSeverity.ERROR, True)
    assert found.description == "1 of 2 rows fail: page is never NULL."
    assert found.metadata["examples"].value == "| date | page |\n| --- | --- |\n| 2026-10-05 |  |"
    with warehouse.get_connection() as con:
        kept = {row["check_name"]: row for row in newest_results(con)}
    assert kept["page_not_null"]["outcome"] == "failed"
    assert json.loads(kept["page_not_null"]["examples"]) == [{"date": "2026-10-05", "page": None}]


def test_a_failing_warning_stops_nothing(model, warehouse):
    result = run(model, warehouse, [GOOD, NEGATIVE], partition_key=f"{DAY}")
    assert result.success
    assert is_reported(result)
    found = evaluations(result)["sessions_at_least_0"]
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert found.description == "1 of 2 rows fail: sessions is at least 0, looked at where page <> '/test'."


def test_a_check_that_breaks_stops_what_is_downstream_and_is_no_failed_expectation(model, warehouse):
    broken = make_model(
        model.path.parent, columns={**COLUMNS, "gone": "BIGINT"}, grain="date, page", materialized="incremental",
        tests="gone| - expect_column_values_to_not_be_null",
    )  # fmt: skip

    @dg.asset(key=model.key, partitions_def=daily)
    def table(warehouse: WarehouseResource) -> dg.MaterializeResult:
        with warehouse.get_connection() as con:
            fill(con, model, [GOOD])
        return dg.MaterializeResult()

    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            [table, model_checks([broken])], instance=instance, resources={"warehouse": warehouse, "clarity": ClaritySettings()},
            partition_key=f"{DAY}", raise_on_error=False,
        )  # fmt: skip
    assert not result.success
    found = evaluations(result)
    assert found["grain_is_unique"].passed
    assert found["gone_not_null"].metadata["outcome"].value == "error"
    assert found["gone_not_null"].severity == dg.AssetCheckSeverity.ERROR
    assert found["gone_not_null"].description == (
        "the check itself broke: column gone is missing in marts.fct: materialize it anew"
    )


# --- days ---------------------------------------------------------------------------------------------------------


def test_a_range_of_days_is_looked_at_in_one_run(model, warehouse):
    rows = [GOOD, (NEXT, "/", None), (NEXT, "/b", -2), LATER]
    span = {"dagster/asset_partition_range_start": f"{DAY}", "dagster/asset_partition_range_end": f"{NEXT}"}
    result = run(model, warehouse, rows, tags=span)
    assert result.success
    assert is_reported(result)
    found = evaluations(result)
    assert {e.metadata["days"].value for e in found.values()} == {"2026-10-05 to 2026-10-07"}
    assert {e.metadata["rows_checked"].value for e in found.values()} == {3}
    assert found["sessions_at_least_0"].metadata["failing_rows"].value == 1


def test_one_check_is_run_alone_and_looks_at_everything_where_the_run_has_no_days(model, warehouse):
    with warehouse.get_connection() as con:
        fill(con, model, [GOOD, NO_PAGE, LATER])
    selection = dg.AssetSelection.checks(dg.AssetCheckKey(dg.AssetKey(model.key), "page_not_null"))
    result = run(model, warehouse, [], selection=selection)
    [found] = evaluations(result).values()
    assert (found.check_name, found.passed) == ("page_not_null", False)
    assert (found.metadata["rows_checked"].value, found.metadata["days"].value) == (3, "all")
    with warehouse.get_connection() as con:
        [kept] = newest_results(con)
    assert (kept["check_name"], kept["partition_start"], kept["failing_rows"]) == ("page_not_null", None, 2)
