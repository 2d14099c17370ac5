"""Marts of events, which have no coverage, no truncation and no remainder, in; totals, series, rows and weeks out."""

from datetime import date, timedelta

import numpy as np
import pytest

from clarity_assets.errors import RequestRefused
from clarity_assets.reports.clickstream.tables import CART, CART_SIZE, COHORT, SITE, SOURCE
from clarity_assets.reports.period import Period
from clarity_assets_tests.fixtures.clickstream_marts import MONDAY, WEEK, ensure, marts_of
from clarity_assets_tests.sql.by_hand import PROJECT, insert

TUESDAY = MONDAY + timedelta(days=1)


@pytest.fixture
def con(tmp_path):
    import duckdb

    with duckdb.connect() as con:
        yield ensure(con)


def source_day(con, when: date, source: str | None, **values: object) -> None:
    insert(con, SOURCE, project_id=PROJECT, date=when, source=source, **values)


def test_a_total_counts_all_rows_and_has_no_flags_of_samples_or_bounds(con):
    source_day(con, MONDAY, "google", sessions=60, conversions=6)
    source_day(con, TUESDAY, "google", sessions=40, conversions=4)
    [line] = marts_of(con).totals(SOURCE, ["sessions", "conversion_rate"], by=("source",))
    assert (line["sessions"].value, line["conversion_rate"].value) == (100, 10.0)
    assert [getattr(line["sessions"], flag) for flag in ("is_sample", "is_at_most", "is_at_least")] == [False] * 3
    assert line["conversion_rate"].low < 10 < line["conversion_rate"].high


def test_a_day_that_was_analysed_without_the_source_has_none_of_it_and_any_other_day_is_unknown(con):
    source_day(con, MONDAY, "google", sessions=60)
    insert(con, "ops.clickstream_day", project_id=PROJECT, date=TUESDAY, events=5)
    insert(con, "ops.clickstream_built", project_id=PROJECT, module="traffic", date=TUESDAY)
    series = marts_of(con).series(SOURCE, ["sessions"], by=("source",), start=MONDAY, end=MONDAY + timedelta(days=3))
    np.testing.assert_array_equal(series["sessions"][("google",)].values, [60, 0, np.nan])


def test_a_day_that_was_built_without_events_is_not_known(con):
    insert(con, SITE, project_id=PROJECT, date=MONDAY, sessions=5)
    insert(con, "ops.clickstream_built", project_id=PROJECT, module="traffic", date=TUESDAY)
    assert marts_of(con).known_dates(SITE, {}) == {MONDAY}


def test_numbers_and_dates_among_the_keys_are_kept_as_json_can_hold_them(con):
    insert(con, COHORT, project_id=PROJECT, date=MONDAY, cohort_kind="week", cohort_start=MONDAY, period=1,
           visitors=10, retained=4, is_complete=True)  # fmt: skip
    [line] = marts_of(con).totals(
        COHORT, ["retention_rate"], by=("cohort_start", "period"), where={"is_complete": True}
    )
    assert line.keys == {"cohort_start": "2026-10-05", "period": 1}
    assert line["retention_rate"].source.as_json()["where"] == {
        "is_complete": True, "cohort_start": "2026-10-05", "period": 1
    }  # fmt: skip
    assert line["retention_rate"].id.startswith("n")


def test_series_of_keys_that_are_numbers_are_found(con):
    insert(con, CART_SIZE, project_id=PROJECT, date=MONDAY, cart_size=2, carts=7, abandoned_carts=3)
    found = marts_of(con).series(CART_SIZE, ["size_abandonment_rate"], by=("cart_size",), keys=[(2,)],
                                 start=MONDAY, end=TUESDAY)  # fmt: skip
    assert found["size_abandonment_rate"][(2,)].values.tolist() == [3]


def test_rows_are_told_as_they_are_and_only_of_columns_that_are_there(con):
    insert(con, CART, project_id=PROJECT, date=MONDAY, cart_sessions=3, abandoned_carts=1)
    assert marts_of(con).rows(CART, ["date", "cart_sessions"]) == [{"date": "2026-10-05", "cart_sessions": 3}]
    with pytest.raises(RequestRefused, match=r"fct_clickstream_cart_daily has no column 'page'"):
        marts_of(con).rows(CART, ["page"])


def test_the_newest_week_is_the_last_one_that_lies_whole_within_the_period(con):
    for monday in (MONDAY - timedelta(days=14), MONDAY - timedelta(days=7), MONDAY):
        insert(con, COHORT, project_id=PROJECT, date=monday, cohort_kind="week", cohort_start=monday, period=0)
    assert marts_of(con).newest_week(COHORT) == WEEK
    to_saturday = Period(MONDAY - timedelta(days=14), MONDAY + timedelta(days=6))
    assert marts_of(con, to_saturday).newest_week(COHORT) == Period.week(MONDAY - timedelta(days=7))
    three_days = Period(MONDAY, MONDAY + timedelta(days=3))
    assert marts_of(con, three_days).newest_week(COHORT) is None


def test_the_newest_week_of_an_empty_mart_is_none(con):
    assert marts_of(con).newest_week(COHORT) is None
    assert not marts_of(con).has_rows(CART)
