"""The reports as Dagster's assets: their periods, what they rest on, their files, and what the UI shows of them."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from clarity_assets.defs.partitions import daily, monthly, weekly
from clarity_assets.defs.reports.assets import READS, READS_OF_EVENTS, period_reports
from clarity_assets.reports.make import OF_CLARITY
from clarity_assets_tests.fixtures.clickstream_marts import fill
from clarity_assets_tests.sql.by_hand import build, day, page_day, site_day, with_tables

MONDAY = date(2026, 10, 5)
ALL_WEEKLY, ALL_MONTHLY = period_reports("weekly", weekly), period_reports("monthly", monthly)


def only(asset, *names: str):
    """Some of its reports."""
    return asset.subset_for({dg.AssetKey(["reports", name]) for name in names}, selected_asset_check_keys=None)


WEEKLY = only(ALL_WEEKLY, *(f"weekly_{kind}" for kind in OF_CLARITY))
MONTHLY = only(ALL_MONTHLY, *(f"monthly_{kind}" for kind in OF_CLARITY))


def made(asset, partition: str, warehouse, clarity) -> dict[str, dict]:
    """The metadata of each report of a partition, by name."""
    with dg.build_asset_context(partition_key=partition) as context:
        results = list(asset(context, warehouse=warehouse, clarity=clarity))
    return {result.asset_key.path[-1]: result.metadata for result in results}


@pytest.mark.parametrize(
    ("asset", "partitions", "key", "days", "first", "last"),
    [
        (WEEKLY, weekly, "2026-10-05", 7, "2026-10-05", "2026-10-11"),
        (MONTHLY, monthly, "2026-09-01", 30, "2026-09-01", "2026-09-30"),
    ],
)
def test_a_period_rests_on_its_days_of_all_marts_and_of_what_the_answers_shape_tells(
    asset, partitions, key, days, first, last
):
    for spec in (asset.get_asset_spec(key) for key in asset.keys):
        by_day = [dep for dep in spec.deps if dep.asset_key != dg.AssetKey(["marts", "dim_page"])]
        assert {dep.asset_key.to_user_string() for dep in by_day} == set(READS)
        for dep in by_day:
            mapped = dep.partition_mapping.get_upstream_mapped_partitions_result_for_partitions(
                downstream_partitions_subset=partitions.subset_with_partition_keys([key]),
                downstream_partitions_def=partitions,
                upstream_partitions_def=daily,
                current_time=datetime(2026, 12, 1, tzinfo=UTC),
            )
            upstream = sorted(mapped.partitions_subset.get_partition_keys())
            assert (len(upstream), upstream[0], upstream[-1]) == (days, first, last)


def test_each_report_has_five_files_and_stands_in_the_ui(warehouse, clarity, tmp_path):
    with warehouse.get_connection() as con:
        with_tables(con)
        for i in range(7):
            site_day(con, MONDAY + timedelta(days=i), sessions=100, rage_click_sessions=3, rage_click_count=9)
            page_day(con, MONDAY + timedelta(days=i), "shop.example/<script>x</script>", "PC", sessions=80)
        day(con, MONDAY, request="country", status="lost", cause="never asked")
        build(con, MONDAY, MONDAY + timedelta(days=7))
    told = made(WEEKLY, "2026-10-05", warehouse, clarity)
    assert set(told) == {"weekly_summary", "weekly_ux", "weekly_product"}
    for name, metadata in told.items():
        for format_, ending in (
            ("html", "html"),
            ("pdf", "pdf"),
            ("json", "json"),
            ("markdown", "md"),
            ("text", "txt"),
        ):
            file = Path(metadata[f"file_{format_}"].value)
            assert file == (tmp_path / "reports" / name / f"2026-10-05.{ending}").resolve()
            assert file.stat().st_size > 500
        assert "700 sessions" in metadata["report"].value
        assert (metadata["days_known"], metadata["days"]) == (7, 7)
        assert "<script>x" not in Path(metadata["file_html"].value).read_text(encoding="utf-8")
        assert "<script>x" not in metadata["report"].value
    latest = tmp_path / "reports/exports/latest/week/weekly_summary.json"
    assert json.loads(latest.read_text())["kind"] == "summary"


def test_every_number_of_the_files_is_kept_so_that_it_can_be_traced(warehouse, clarity):
    with warehouse.get_connection() as con:
        with_tables(con)
        site_day(con, MONDAY, sessions=100)
        build(con, MONDAY, MONDAY + timedelta(days=7))
    told = made(WEEKLY, "2026-10-05", warehouse, clarity)
    with warehouse.get_connection() as con:
        kept = dict(con.execute("select report, count(*) from ops.report_number group by 1").fetchall())
    assert kept == {f"{name.removeprefix('weekly_')} 2026-10-05": m["numbers"] for name, m in told.items()}


def test_one_report_alone_can_be_made(warehouse, clarity):
    subset = only(ALL_WEEKLY, "weekly_ux")
    assert set(made(subset, "2026-10-05", warehouse, clarity)) == {"weekly_ux"}


def mapped(spec, name: str, key: str, *, of, to) -> list[str]:
    """The partitions of an upstream asset that one of the report's rests on."""
    [dep] = [dep for dep in spec.deps if dep.asset_key.to_user_string() == name]
    found = dep.partition_mapping.get_upstream_mapped_partitions_result_for_partitions(
        downstream_partitions_subset=of.subset_with_partition_keys([key]), downstream_partitions_def=of,
        upstream_partitions_def=to, current_time=datetime(2026, 12, 1, tzinfo=UTC),
    )  # fmt: skip
    return sorted(found.partitions_subset.get_partition_keys())


def test_the_report_of_events_rests_on_its_days_and_weeks_of_the_clickstream_s_marts_alone():
    week = ALL_WEEKLY.get_asset_spec(dg.AssetKey(["reports", "weekly_clickstream"]))
    month = ALL_MONTHLY.get_asset_spec(dg.AssetKey(["reports", "monthly_clickstream"]))
    for spec in (week, month):
        assert {dep.asset_key.to_user_string() for dep in spec.deps} == set(READS_OF_EVENTS)
    site, cohort = "marts/fct_clickstream_site_daily", "marts/fct_clickstream_cohort_weekly"
    days = mapped(week, site, "2026-10-05", of=weekly, to=daily)
    assert (len(days), days[0], days[-1]) == (7, "2026-10-05", "2026-10-11")
    assert mapped(week, cohort, "2026-10-05", of=weekly, to=weekly) == ["2026-10-05"]
    assert len(mapped(month, site, "2026-09-01", of=monthly, to=daily)) == 30
    assert {"2026-09-07", "2026-09-14", "2026-09-21"} <= set(mapped(month, cohort, "2026-09-01", of=monthly, to=weekly))


def test_the_report_of_events_is_made_by_itself(warehouse, clarity):
    with warehouse.get_connection() as con:
        fill(con)
    told = made(only(ALL_WEEKLY, "weekly_clickstream"), "2026-10-05", warehouse, clarity)
    assert set(told) == {"weekly_clickstream"}
    assert (told["weekly_clickstream"]["days_known"], told["weekly_clickstream"]["days"]) == (7, 7)
    assert "Look first at social / paid" in told["weekly_clickstream"]["report"].value


@pytest.mark.parametrize(("asset", "key"), [(WEEKLY, "2026-10-05"), (MONTHLY, "2026-10-01")])
def test_an_empty_warehouse_gives_reports_that_say_so(warehouse, clarity, asset, key):
    for metadata in made(asset, key, warehouse, clarity).values():
        assert "Nothing is known of this" in metadata["report"].value
        assert "Nothing is known of this" in Path(metadata["file_html"].value).read_text(encoding="utf-8")
        assert metadata["days_known"] == 0
