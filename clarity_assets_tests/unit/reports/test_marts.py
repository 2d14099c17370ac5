"""Marts of landing rows written by hand in; totals with intervals and sources, series and days out."""

import math
from datetime import date, timedelta

import numpy as np
import pytest

from clarity_assets.errors import RequestRefused
from clarity_assets.reports.marts import ATTRIBUTION, COLLECTION, FRUSTRATION, PAGE, SIGNAL, SITE, Marts
from clarity_assets.reports.period import Period
from clarity_assets.statistics.intervals import wilson
from clarity_assets_tests.sql.by_hand import MODELS, PROJECT, build, day, landed, page_day, warehouse

MONDAY = date(2026, 10, 5)
LOST, CUT, ALONE = MONDAY + timedelta(days=2), MONDAY + timedelta(days=4), MONDAY + timedelta(days=5)


@pytest.fixture(scope="module")
def marts():
    """A week: Wednesday is lost, Friday's pages are cut, on Saturday /b was not seen, on Sunday only 12 h are known."""
    with warehouse() as con:
        for i in range(7):
            when = MONDAY + timedelta(days=i)
            if when == LOST:
                day(con, when, status="lost", cause="500 on every call")
                day(con, when, request="url_device", status="lost", cause="500 on every call")
                continue
            cut, half = when == CUT, 0.5 if i == 6 else 1.0
            day(con, when, coverage=half)
            day(con, when, request="url_device", coverage=half, is_truncated=cut)
            day(con, when, request="device", coverage=half)
            landed(con, "clarity_base", when, sessions=100, bot_sessions=25, visitors=90, total_time_s=60.0 + i,
                   rage_click_sessions=10, rage_click_count=30)  # fmt: skip
            landed(con, "clarity_device", when, device="Mobile", sessions=60, rage_click_sessions=9)
            page_day(con, when, "/a", "Mobile", sessions=40, rage_click_sessions=8, rage_click_count=20,
                     is_truncated=cut, sessions_is_upper_bound=True)  # fmt: skip
            page_day(con, when, "/a", "PC", sessions=20, rage_click_sessions=1, rage_click_count=1, is_truncated=cut)
            if when != ALONE:
                page_day(con, when, "/b", "PC", sessions=30, is_truncated=cut)
            page_day(con, when, None, "PC", sessions=0, is_truncated=cut)
        build(con, MONDAY, MONDAY + timedelta(days=7))
        yield Marts(con, project_id=PROJECT, period=Period.week(MONDAY), models=MODELS)


def test_a_total_of_the_site_has_value_interval_days_and_source(marts):
    [site] = marts.totals(SITE, ["sessions", "bot_share", "rage_click_session_rate", "rage_click_per_100_sessions"])
    assert (site["sessions"].value, site["sessions"].day_count) == (600, 6)
    assert site["bot_share"].value == pytest.approx(20.0)
    rate, by_hand = site["rage_click_session_rate"], wilson(60, 600)
    assert (rate.value, rate.low, rate.high) == (10.0, 100 * by_hand.low, 100 * by_hand.high)
    assert site["rage_click_per_100_sessions"].value == 30.0
    source = site["sessions"].source
    assert (source.table, source.measure, source.start, source.end) == (
        SITE, "sessions", MONDAY, MONDAY + timedelta(days=7))  # fmt: skip


def test_a_mean_has_the_interval_of_its_days(marts):
    [site] = marts.totals(SITE, ["total_time_s"])
    known = [60, 61, 63, 64, 65, 66]  # 100 sessions each
    mean, sd = np.mean(known), np.std(known, ddof=1)
    half = 2.5706 * sd / math.sqrt(6)  # t with 5 degrees of freedom
    figure = site["total_time_s"]
    assert figure.value == pytest.approx(mean)
    assert (figure.low, figure.high) == (pytest.approx(mean - half, abs=1e-3), pytest.approx(mean + half, abs=1e-3))


def test_pages_by_device_carry_bounds_samples_and_the_rows_they_are_of(marts):
    lines = marts.totals(
        FRUSTRATION,
        ["count", "affected_session_rate", "sessions"],
        by=("page", "device"),
        where={"signal": "rage_click"},
    )
    assert [(line.keys["page"], line.keys["device"]) for line in lines[:2]] == [("/a", "Mobile"), ("/a", "PC")]
    first = lines[0]
    assert (first["count"].value, first["count"].unit, first["affected_session_rate"].value) == (
        120,
        "rage clicks",
        20.0,
    )
    assert first["count"].is_sample
    assert not first["sessions"].is_at_most  # of a sample: it may be larger as well
    assert dict(first["count"].source.where) == {"signal": "rage_click", "page": "/a", "device": "Mobile"}


def test_sessions_of_a_page_of_several_addresses_are_an_upper_bound_where_no_day_is_cut(marts):
    two_days = Period.span(MONDAY, MONDAY + timedelta(days=1))
    lines = marts.totals(FRUSTRATION, ["sessions", "count_per_100_sessions"], by=("page", "device"),
                         where={"signal": "rage_click"}, period=two_days)  # fmt: skip
    by_device = {(line.keys["page"], line.keys["device"]): line for line in lines}
    assert by_device["/a", "Mobile"]["sessions"].is_at_most
    assert by_device["/a", "Mobile"]["count_per_100_sessions"].is_at_least
    assert not by_device["/a", "PC"]["sessions"].is_at_most


def test_top_and_least_leave_the_others_out(marts):
    assert len(marts.totals(PAGE, ["sessions"], by=("page",))) == 3
    assert [line.keys["page"] for line in marts.totals(PAGE, ["sessions"], by=("page",), top=1)] == ["/a"]
    some = marts.totals(PAGE, ["rage_click_count", "sessions"], by=("page",), at_least={"sessions": 150})
    assert [line.keys["page"] for line in some] == ["/a", "/b"]


def test_nothing_told_is_unknown_and_not_zero(marts):
    [site] = marts.totals(SITE, ["sessions", "scroll_depth_pct"], period=Period.week(MONDAY - timedelta(days=7)))
    assert (site["sessions"].value, site["scroll_depth_pct"].value) == (None, None)
    assert marts.totals(ATTRIBUTION, ["sessions"], by=("source",), where={"breakdown": "campaign"}) == []


def test_a_series_knows_lost_cut_and_partial_days_from_days_without_the_page(marts):
    found = marts.series(PAGE, ["sessions", "rage_click_session_rate"], by=("page",), start=MONDAY,
                         end=MONDAY + timedelta(days=7))  # fmt: skip
    nan = math.nan
    np.testing.assert_array_equal(found["sessions"][("/b",)].values, [30, 30, nan, 30, nan, 0, nan])
    rate = found["rage_click_session_rate"][("/a",)]
    np.testing.assert_array_equal(rate.values, [9, 9, nan, 9, nan, 9, nan])
    np.testing.assert_array_equal(rate.exposure, [60, 60, nan, 60, nan, 60, nan])
    assert rate.kind == "rate"


def test_a_series_of_keys_that_no_row_has_is_of_nothing(marts):
    keys = [("/new",), ("/a",)]
    found = marts.series(PAGE, ["sessions"], by=("page",), keys=keys, start=MONDAY, end=MONDAY + timedelta(days=2))
    assert list(found["sessions"]) == keys
    assert found["sessions"][("/new",)].values.tolist() == [0, 0]


def test_the_whole_site_without_a_row_is_unknown(marts):
    before = MONDAY - timedelta(days=2)
    found = marts.series(SITE, ["sessions"], start=before, end=MONDAY + timedelta(days=1))["sessions"][()]
    np.testing.assert_array_equal(found.values, [math.nan, math.nan, 100])


def test_a_metric_that_an_answer_lacked_is_unknown_for_every_page():
    with warehouse() as con:
        for i in range(2):
            when = MONDAY + timedelta(days=i)
            day(con, when, request="url_device")
            page_day(con, when, "/a", "PC", sessions=10, rage_click_count=None if i else 3)
        build(con, MONDAY, MONDAY + timedelta(days=2))
        marts = Marts(con, project_id=PROJECT, period=Period.week(MONDAY), models=MODELS)
        found = marts.series(PAGE, ["rage_click_count", "sessions"], by=("page",), keys=[("/a",), ("/x",)], start=MONDAY,
                             end=MONDAY + timedelta(days=2))  # fmt: skip
        np.testing.assert_array_equal(found["rage_click_count"][("/x",)].values, [0, math.nan])
        np.testing.assert_array_equal(found["sessions"][("/x",)].values, [0, 0])


def test_segments_of_a_dimension_are_taken_by_name(marts):
    [line] = marts.totals(SIGNAL, ["affected_session_rate"], by=("segment",),
                          where={"dimension": "device", "signal": "rage_click"})  # fmt: skip
    assert (line.keys["segment"], line["affected_session_rate"].value) == ("Mobile", 15.0)


def test_days_say_how_each_is_known(marts):
    days = marts.days()
    assert [d.status for d in days] == ["measured", "measured", "lost", *["measured"] * 4]
    assert days[2].cause == "500 on every call"
    assert marts.days("url_device")[4].is_sample
    assert {d.status for d in marts.days("country")} == {"unrecorded"}


def test_the_collection_tells_known_days(marts):
    [line] = marts.totals(COLLECTION, ["known_days", "gap_days"], where={"request": "base"})
    assert (line["known_days"].value, line["gap_days"].value) == (6, 1)


def test_a_column_that_the_mart_has_not_is_refused_before_any_sql(marts):
    with pytest.raises(RequestRefused, match=r"marts\.fct_page_daily has no column 'device'"):
        marts.totals(PAGE, ["sessions"], by=("device",))


def test_names_of_any_kind_are_values_and_never_sql(marts):
    for name in ("'; drop table marts.fct_page_daily; --", "\x00", "x" * 2000, None):
        [line] = marts.totals(PAGE, ["sessions"], where={"page": name})
        assert line["sessions"].value in (None, 0)
    assert marts.totals(PAGE, ["sessions"], by=("page",))
