"""The report as Dagster's asset: its week, its file, and what the UI shows of it."""

from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest

from clarity_assets.defs.partitions import daily, weekly
from clarity_assets.defs.reports.assets import weekly_overview
from clarity_assets.defs.resources import WarehouseResource
from clarity_assets.settings import load_settings
from clarity_assets_tests.sql.by_hand import PROJECT, build, day, site_day, with_tables

MONDAY, SUNDAY_AFTER = date(2026, 10, 5), date(2026, 10, 12)
KEY = dg.AssetKey(["reports", "weekly_overview"])


@pytest.fixture
def warehouse(tmp_path) -> WarehouseResource:
    return WarehouseResource(database=str(tmp_path / "clarity.duckdb"))


@pytest.fixture
def clarity(tmp_path):
    """The settings' resource, as a test gives it."""
    now = datetime(2026, 10, 12, 6, tzinfo=UTC)
    return SimpleNamespace(settings=load_settings(reports=tmp_path / "reports", project_id=PROJECT, now=now))


def run(warehouse, clarity) -> dict:
    """The metadata of the report of the week."""
    with dg.build_asset_context(partition_key=MONDAY.isoformat()) as context:
        return weekly_overview(context, warehouse=warehouse, clarity=clarity).metadata


def test_a_week_rests_on_its_seven_days_of_both_marts_and_of_what_the_answers_shape_tells():
    spec = weekly_overview.specs_by_key[KEY]
    assert [dep.asset_key.path for dep in spec.deps] == [
        ["marts", "fct_site_daily"],
        ["marts", "fct_frustration_daily"],
        ["quality", "answer_schema"],
    ]
    for dep in spec.deps:
        mapped = dep.partition_mapping.get_upstream_mapped_partitions_result_for_partitions(
            downstream_partitions_subset=weekly.subset_with_partition_keys([MONDAY.isoformat()]),
            downstream_partitions_def=weekly,
            upstream_partitions_def=daily,
            current_time=datetime(2026, 12, 1, tzinfo=UTC),
        )
        days = sorted(mapped.partitions_subset.get_partition_keys())
        assert (len(days), days[0], days[-1]) == (7, "2026-10-05", "2026-10-11")


def test_the_report_is_a_file_and_markdown_in_the_metadata(warehouse, clarity, tmp_path):
    with warehouse.get_connection() as con:
        with_tables(con)
        site_day(con, MONDAY, sessions=100)
        day(con, date(2026, 10, 6), status="lost", cause="never asked")
        build(con, MONDAY, SUNDAY_AFTER)
    metadata = run(warehouse, clarity)
    file = Path(metadata["file"].value)
    assert file == (tmp_path / "reports/weekly_overview/2026-10-05.html").resolve()
    assert "On the only day with figures: 100 sessions" in file.read_text(encoding="utf-8")
    assert "**On the only day with figures: 100 sessions" in metadata["report"].value
    assert (metadata["days_known"], metadata["sessions"]) == (1, 100)
    assert metadata["days_by_status"].value == {"measured": 1, "lost": 1, "unrecorded": 5}


def test_an_empty_warehouse_gives_a_report_that_says_so(warehouse, clarity):
    metadata = run(warehouse, clarity)
    assert "Nothing is known of this week" in Path(metadata["file"].value).read_text(encoding="utf-8")
    assert metadata["sessions"] is None
