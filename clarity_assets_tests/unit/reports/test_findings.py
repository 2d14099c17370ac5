"""Marts built from landing rows written by hand in, findings out: the numbers are worked out here."""

from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest

from clarity_assets.reports.findings import DERIVED, LOST, MEASURED, PENDING, UNRECORDED, Quantity, Rate
from clarity_assets.reports.weekly_overview import NOT_BUILT, TOP_PAGES, find_weekly_overview
from clarity_assets_tests.sql.by_hand import PROJECT, build, day, page_day, site_day, warehouse

MONDAY = date(2026, 10, 5)
MADE_AT = datetime(2026, 10, 12, 6, 0, tzinfo=UTC)


def on(i: int) -> date:
    """The week's day number i: 0 is Monday."""
    return MONDAY + timedelta(days=i)


@pytest.fixture
def con():
    with warehouse() as con:
        yield con


def find(con, *, marts: bool = True):
    if marts:
        build(con, on(-30), on(9))  # days around the five weeks too: the report must leave them out
    return find_weekly_overview(con, project_id=PROJECT, monday=MONDAY, made_at=MADE_AT)


def test_a_warehouse_without_marts_gives_a_week_of_unrecorded_days():
    with duckdb.connect() as con:
        found = find(con, marts=False)
    assert found.status_counts == {UNRECORDED: 7}
    assert len(found.trend) == 35
    assert (found.sessions.value, found.coverage.value) == (None, 0)
    assert all(signal.count.value is None for signal in found.signals)
    assert all(not ranking.pages for ranking in found.rankings)


def test_days_are_counted_by_status_and_the_weeks_coverage_is_of_all_seven(con):
    site_day(con, on(0), sessions=100)
    site_day(con, on(1), sessions=50, status="derived", coverage=0.75)
    day(con, on(2), status="lost", cause="never asked")
    day(con, on(6), status="pending", cause="not asked yet")
    found = find(con)
    assert found.status_counts == {MEASURED: 1, DERIVED: 1, PENDING: 1, LOST: 1, UNRECORDED: 3}
    assert found.coverage.value == pytest.approx((1 + 0.75) / 7)
    assert (found.sessions.value, found.sessions_day_count) == (150, 2)
    assert [d.cause for d in found.days] == [None, None, "never asked", None, None, None, "not asked yet"]


def test_the_trend_has_five_weeks_that_end_with_the_reports(con):
    site_day(con, on(-29), sessions=1)
    site_day(con, on(-28), sessions=2)
    site_day(con, on(7), sessions=4)
    found = find(con)
    assert (found.trend[0].date, found.trend[-1].date) == (on(-28), on(6))
    assert [d.sessions.value for d in found.trend if d.is_known] == [2]
    assert found.sessions.value is None


def test_rates_of_the_site_divide_only_what_the_same_days_tell(con):
    site_day(con, on(0), sessions=100, rage_click_count=4)
    site_day(con, on(1), sessions=None, rage_click_count=3)
    site_day(con, on(2), sessions=300, rage_click_count=None)
    rage = find(con).signals[0]
    assert (rage.signal, rage.count.value, rage.day_count) == ("rage_click", 7, 2)
    assert (rage.rate.numerator.value, rage.rate.denominator.value, rage.rate.value) == (4, 100, 4.0)
    assert rage.rate.unit == "rage clicks per 100 sessions"


def test_pages_are_ranked_over_all_devices_and_days_without_clicks_stay_in_the_denominator(con):
    page_day(con, on(0), "/cart", "PC", sessions=40, rage_click_count=2)
    page_day(con, on(0), "/cart", "Mobile", sessions=10, rage_click_count=5)
    page_day(con, on(1), "/cart", "PC", sessions=60, rage_click_count=0)
    page_day(con, on(1), "/home", "PC", sessions=500, rage_click_count=6)
    page_day(con, on(1), "/quiet", "PC", sessions=500)
    rage = find(con).rankings[0]
    assert [(p.page, p.count.value) for p in rage.pages] == [("/cart", 7), ("/home", 6)]
    mobile, desktop = rage.pages[0].devices
    assert (mobile.device, mobile.count.value, mobile.rate.denominator.value, mobile.rate.value) == (
        "Mobile",
        5,
        10,
        50.0,
    )
    assert (desktop.device, desktop.count.value, desktop.rate.denominator.value, desktop.rate.value) == (
        "PC",
        2,
        100,
        2.0,
    )
    assert (rage.page_count.value, rage.total.value) == (2, 13)


def test_sessions_of_a_page_made_of_several_addresses_are_an_upper_bound_and_the_rate_a_lower_one(con):
    page_day(con, on(0), "/a", "PC", sessions=40, dead_click_count=2)
    page_day(con, on(1), "/a", "PC", sessions=60, dead_click_count=2, sessions_is_upper_bound=True)
    [device] = find(con).rankings[1].pages[0].devices
    assert device.rate.denominator == Quantity(100, "sessions", is_upper_bound=True)
    assert device.rate.is_lower_bound
    assert not Rate(Quantity(0, "clicks"), Quantity(9, "sessions", is_upper_bound=True)).is_lower_bound


def test_a_day_that_tells_clicks_or_sessions_alone_is_outside_of_the_rate_and_counted(con):
    page_day(con, on(0), "/a", "PC", sessions=50, rage_click_count=5)
    page_day(con, on(1), "/a", "PC", sessions=None, rage_click_count=3)
    page_day(con, on(2), "/a", "PC", sessions=70, rage_click_count=None)
    [device] = find(con).rankings[0].pages[0].devices
    assert (device.count.value, device.untold_days) == (8, 2)
    assert (device.rate.numerator.value, device.rate.denominator.value) == (5, 50)


def test_a_rate_without_sessions_is_unknown_rather_than_infinite(con):
    page_day(con, on(0), "/a", "PC", sessions=0, rage_click_count=1)
    [device] = find(con).rankings[0].pages[0].devices
    assert device.rate.value is None


def test_sessions_without_a_page_are_a_page_of_their_own(con):
    page_day(con, on(0), None, "PC", sessions=5, rage_click_count=1)
    page_day(con, on(0), None, "Mobile", sessions=5, rage_click_count=1)
    [page] = find(con).rankings[0].pages
    assert (page.page, page.count.value, len(page.devices)) == (None, 2, 2)


@pytest.mark.parametrize("count", [TOP_PAGES - 1, TOP_PAGES, TOP_PAGES + 1])
def test_the_ranking_ends_after_the_tenth_page_and_says_how_many_there_are(con, count):
    for i in range(count):
        page_day(con, on(0), f"/{i:02}", "PC", sessions=100, dead_click_count=100 - i)
    dead = find(con).rankings[1]
    assert [p.page for p in dead.pages] == [f"/{i:02}" for i in range(min(count, TOP_PAGES))]
    assert (dead.page_count.value, dead.total.value) == (count, sum(100 - i for i in range(count)))


def test_pages_of_equal_clicks_stand_by_name(con):
    for i in reversed(range(TOP_PAGES + 5)):
        page_day(con, on(0), f"/{i:02}", "PC", sessions=10, rage_click_count=1)
    assert [p.page for p in find(con).rankings[0].pages] == [f"/{i:02}" for i in range(TOP_PAGES)]


def test_days_of_other_weeks_and_projects_are_not_in_the_pages(con):
    page_day(con, on(-1), "/a", "PC", sessions=10, rage_click_count=1)
    page_day(con, on(7), "/a", "PC", sessions=10, rage_click_count=1)
    page_day(con, on(0), "/a", "PC", sessions=10, rage_click_count=1, project_id="other")
    assert find(con).rankings[0].pages == ()


def test_page_days_tell_their_own_status_sample_and_cause(con):
    day(con, on(0), request="url_device", status="derived", coverage=0.9)
    page_day(con, on(0), "/a", "PC", sessions=1, status="derived", is_truncated=True)
    day(con, on(1), request="url_device", status="lost", cause="HTTP 500")
    for i in (0, 1):
        day(con, on(i))
    sample, lost, *others = find(con).page_days
    assert (sample.status, sample.is_sample, sample.coverage.value) == (DERIVED, True, 0.9)
    assert (lost.status, lost.cause, lost.is_sample) == (LOST, "HTTP 500", False)
    assert {d.status for d in others} == {UNRECORDED}


def test_collected_pages_that_the_mart_lacks_are_said_not_taken_for_none(con):
    day(con, on(0))
    day(con, on(0), request="url_device", row_count=12)
    day(con, on(1))
    day(con, on(1), request="url_device", row_count=0)
    not_built, no_traffic, *_ = find(con).page_days
    assert (not_built.status, not_built.cause) == (UNRECORDED, NOT_BUILT)
    assert no_traffic.status == MEASURED


def test_page_rows_outrank_an_older_word_on_their_day(con):
    day(con, on(0))
    day(con, on(0), request="url_device", status="pending", cause="not asked yet")
    page_day(con, on(0), "/a", "PC", sessions=1)
    assert find(con).page_days[0].is_known


def test_the_remainder_of_a_truncated_day_is_no_page(con):
    site_day(con, on(0), sessions=100, rage_click_count=50)
    page_day(con, on(0), "/a", "PC", sessions=10, rage_click_count=7, is_truncated=True)
    [ranking] = [ranking for ranking in find(con).rankings if ranking.signal == "rage_click"]
    assert [(page.page, page.count.value) for page in ranking.pages] == [("/a", 7)]
