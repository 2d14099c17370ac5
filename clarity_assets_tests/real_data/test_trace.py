"""Numbers of days that were derived from real answers lead back to these answers, and their rows are told again."""

from datetime import timedelta

import duckdb

from clarity_assets.reports.figures import Source
from clarity_assets_tests.real_data.test_series import bench, days, import_series  # noqa: F401 - a fixture
from clarity_assets_tests.unit.trace.told import Warehouse, build


def test_days_derived_from_up_to_eight_real_windows_lead_back_to_them(bench, clarity_data):  # noqa: F811
    import_series(bench, clarity_data, lengths=(1, 2))
    start, end = days("07-24", "08-04")
    with duckdb.connect(str(bench.settings.warehouse)) as con:
        build(con, bench.settings, start=start, end=end)
        warehouse = Warehouse(con, bench.settings)
        traced = warehouse.traced(Source("marts.fct_site_daily", "sessions", (), start, end))
        [side] = traced.sides
        assert traced.is_intact
        assert (traced.derivation.days, traced.derivation.left_out) == (8, ())
        # 07-24 is told by eight windows
        first = [(use.sign, answer) for answer in traced.answers for use in answer.uses if use.date == start]
        assert len(first) == 8
        signed = ((1 if sign == "+" else -1) * (answer.window_end - answer.window_start) for sign, answer in first)
        assert sum(signed, timedelta()) == timedelta(hours=24)
        assert {answer.ledger for answer in traced.answers} == {None}  # imported
        assert {day.date for day in side.missing} == set(days("07-25", "07-26", "07-31"))
        assert side.value == side.value_by_model
