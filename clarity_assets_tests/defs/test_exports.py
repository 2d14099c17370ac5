"""The exports as Dagster's assets: their period, their files, and what the UI shows of them."""

from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest

from clarity_assets.defs.exports.assets import CHECKED, READS, exports
from clarity_assets.defs.partitions import daily, monthly, weekly
from clarity_assets.exports.manifest import size_and_hash
from clarity_assets_tests.sql.by_hand import build, site_day, with_tables

ASSETS = {asset.key.to_user_string(): asset for asset in exports().assets}
PERIODS = {
    "exports/weekly_files": (weekly, "2026-10-05", ("2026-10-05", "2026-10-11", 7)),
    "exports/monthly_files": (monthly, "2026-10-01", ("2026-10-01", "2026-10-31", 31)),
}


@pytest.mark.parametrize("name", PERIODS)
def test_the_files_of_a_period_rest_on_all_its_days_of_every_mart_that_they_tell(name):
    partitions, key, expected = PERIODS[name]
    spec = ASSETS[name].specs_by_key[dg.AssetKey.from_user_string(name)]
    assert [dep.asset_key.to_user_string() for dep in spec.deps] == [*READS, *CHECKED]
    assert (spec.group_name, spec.kinds) == ("exports", {"csv", "json", "parquet", "excel"})
    assert spec.partitions_def == partitions
    for dep in spec.deps:
        mapped = dep.partition_mapping.get_upstream_mapped_partitions_result_for_partitions(
            downstream_partitions_subset=partitions.subset_with_partition_keys([key]),
            downstream_partitions_def=partitions,
            upstream_partitions_def=daily,
            current_time=datetime(2026, 12, 1, tzinfo=UTC),
        )
        days = sorted(mapped.partitions_subset.get_partition_keys())
        assert (days[0], days[-1], len(days)) == expected


@pytest.mark.parametrize(
    ("name", "folder", "rows"), [("exports/weekly_files", "2026-10-05", 1), ("exports/monthly_files", "2026-10", 2)]
)
def test_the_metadata_names_the_folder_the_rows_and_the_manifest(warehouse, clarity, tmp_path, name, folder, rows):
    with warehouse.get_connection() as con:
        with_tables(con)
        site_day(con, date(2026, 10, 5), sessions=100)
        site_day(con, date(2026, 10, 12), sessions=90)
        build(con, date(2026, 10, 1), date(2026, 11, 1))
    with dg.build_asset_context(partition_key=PERIODS[name][1]) as context:
        metadata = ASSETS[name](context, warehouse=warehouse, clarity=clarity).metadata
    made = Path(metadata["folder"].value)
    assert made == (tmp_path / "reports/exports" / folder).resolve()
    assert metadata["rows_by_file"].value[f"engagement_{folder}.csv"] == rows
    assert metadata["manifest_sha256"] == size_and_hash(made / "manifest.json")[1]
    assert f"| engagement_{folder}.csv | {rows} |" in metadata["files"].value
    assert metadata["latest_kept"].value == []
