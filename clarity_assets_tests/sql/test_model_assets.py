"""The models as Dagster's assets: what the map says of them, and a range of days run through Dagster."""

from datetime import date, timedelta

import dagster as dg
import pytest

from clarity_assets.clarity.requests import STANDARD_REQUESTS
from clarity_assets.defs.resources import WarehouseResource
from clarity_assets.defs.sql_models import model_assets
from clarity_assets.project_models import in_steps
from clarity_assets.runs import QUIET
from clarity_assets_tests.sql.by_hand import MODELS, page_day, rows, site_day, with_tables

# the backfill policy is a beta parameter of Dagster 1.13

DAY = date(2026, 10, 5)
SITE, FRUSTRATION = dg.AssetKey(["marts", "fct_site_daily"]), dg.AssetKey(["marts", "fct_frustration_daily"])


@pytest.fixture(scope="module")
def assets() -> dict[dg.AssetKey, dg.AssetsDefinition]:
    steps = in_steps(model for model in MODELS.values() if not model.is_by_engine)
    made = [model_assets(step, models=MODELS, requests=STANDARD_REQUESTS) for step in steps]
    return {key: asset for asset in made for key in asset.keys}


@pytest.fixture
def warehouse(tmp_path) -> WarehouseResource:
    return WarehouseResource(database=str(tmp_path / "clarity.duckdb"))


def run(assets, warehouse, *, first: date, last: date) -> dg.ExecuteInProcessResult:
    """One run of all models over the days [first, last]."""
    tags = {
        "dagster/asset_partition_range_start": first.isoformat(),
        "dagster/asset_partition_range_end": last.isoformat(),
    }
    with dg.DagsterInstance.ephemeral() as instance:
        return dg.materialize(
            list(dict.fromkeys(assets.values())),
            instance=instance,
            resources={"warehouse": warehouse},
            tags=tags,
            run_config=QUIET,
        )


def test_an_asset_says_where_it_comes_from_and_what_its_columns_mean(assets):
    spec = assets[FRUSTRATION].specs_by_key[FRUSTRATION]
    upstream = ("stg_clarity__base", "stg_clarity__url_device")
    assert [dep.asset_key for dep in spec.deps] == [dg.AssetKey(["staging", name]) for name in upstream]
    assert (spec.group_name, spec.kinds, spec.owners) == ("marts", {"duckdb", "sql"}, ["team:analytics"])
    assert spec.code_version == MODELS["marts.fct_frustration_daily"].code_version
    assert spec.metadata["dagster/table_name"] == "marts.fct_frustration_daily"
    columns = {c.name: c for c in spec.metadata["dagster/column_schema"].columns}
    assert columns["sessions"].type == "BIGINT"
    assert "NULL are sessions without a page" in columns["page"].description


def test_a_model_that_reads_ops_tables_depends_on_all_landing_assets_which_write_them(assets):
    deps = assets[SITE].specs_by_key[SITE].deps
    landing = {dg.AssetKey(["clarity", request.name]) for request in STANDARD_REQUESTS}
    assert {dep.asset_key for dep in deps} == landing | {dg.AssetKey(["staging", "stg_clarity__base"])}


def test_an_asset_of_days_takes_a_range_in_one_run(assets):
    for model in MODELS.values():
        if not model.is_by_engine:
            asset = assets[dg.AssetKey(model.key)]
            assert asset.backfill_policy == (dg.BackfillPolicy.single_run() if model.is_daily else None)


def test_a_range_of_days_is_one_run_that_tells_its_rows_lineage_and_a_preview(assets, warehouse):
    with warehouse.get_connection() as con:
        with_tables(con)
        for i in range(3):
            site_day(con, DAY + timedelta(days=i), sessions=100 + i)
            page_day(con, DAY + timedelta(days=i), "<b>|/checkout", "PC", sessions=10)
    result = run(assets, warehouse, first=DAY, last=DAY + timedelta(days=1))
    assert result.success
    told = result.asset_materializations_for_node("marts__fct_frustration_daily")
    assert [m.partition for m in told] == ["2026-10-05", "2026-10-06"]
    metadata = told[0].metadata
    assert (metadata["rows_of_run"].value, metadata["dagster/row_count"].value) == (12, 12)
    assert metadata["days"].value == "start 2026-10-05, end 2026-10-07"
    assert "| &lt;b&gt;\\|/checkout |" in metadata["preview"].value
    lineage = metadata["dagster/column_lineage"].value.deps_by_column
    assert lineage["page"] == [
        dg.TableColumnDep(asset_key=dg.AssetKey(["staging", "stg_clarity__url_device"]), column_name="page")
    ]
    with warehouse.get_connection() as con:
        found = rows(con, "select date, sessions from marts.fct_site_daily order by date")
    assert [tuple(row.values()) for row in found] == [(DAY, 100), (DAY + timedelta(days=1), 101)]


def test_an_empty_warehouse_is_no_error(assets, warehouse):
    result = run(assets, warehouse, first=DAY, last=DAY)
    assert result.success
    [told] = result.asset_materializations_for_node("marts__fct_site_daily")
    assert told.metadata["rows_of_run"].value == 0
