"""The segment, page, geography and collection marts on landing rows written by hand: the numbers are worked out here."""

from datetime import date, datetime, timedelta

import pytest

from clarity_assets_tests.sql.by_hand import PROJECT, build, day, insert, landed, page_day, rows, site_day, warehouse

DAY = date(2026, 10, 5)
NEXT = DAY + timedelta(days=1)


@pytest.fixture
def con():
    with warehouse() as con:
        yield con


def told(con, sql: str) -> list[tuple]:
    build(con, DAY, NEXT)
    return [tuple(row.values()) for row in rows(con, sql)]


# --- sums, and averages divided last ------------------------------------------------------------------------------


def test_averages_become_sums_that_add_up_and_are_divided_last(con):
    for browser, device, sessions, seconds in (("Chrome", "PC", 30, 100.0), ("Chrome", "Mobile", 10, 20.0)):
        landed(con, "clarity_browser_device", DAY, browser=browser, device=device, sessions=sessions, bot_sessions=2,
               total_time_s=seconds, active_time_s=seconds / 2, scroll_depth_pct=50.0, pages_per_session=2.0)  # fmt: skip
    [row] = told(
        con,
        "select segment, sessions, total_time_sum_s, total_time_s, active_time_s, scroll_depth_pct, pageviews, "
        "pages_per_session from marts.fct_engagement_daily where dimension = 'browser'",
    )
    # (30 × 100 + 10 × 20) / 40 = 80; page views 2 × (32 + 12) = 88, over 44 sessions with bots
    assert row == ("Chrome", 40, 3200.0, 80.0, 40.0, 50.0, 88.0, 2.0)


def test_a_day_without_sessions_has_sums_of_zero_and_no_averages(con):
    site_day(con, DAY, sessions=0, bot_sessions=0)
    assert told(con, "select sessions, pageviews, total_time_sum_s, total_time_s from marts.fct_engagement_daily") == [
        (0, 0.0, 0.0, None)
    ]


def test_a_sum_over_a_part_that_is_unknown_is_unknown(con):
    landed(con, "clarity_browser_device", DAY, browser="Edge", device="PC", sessions=30)
    landed(con, "clarity_browser_device", DAY, browser="Edge", device="Mobile", sessions=None)
    assert told(con, "select sessions from marts.fct_traffic_daily where dimension = 'browser'") == [(None,)]


# --- traffic ------------------------------------------------------------------------------------------------------


def test_traffic_has_each_device_browser_and_country_with_the_site_as_denominator(con):
    site_day(con, DAY, sessions=100)
    landed(con, "clarity_device", DAY, device="PC", sessions=60, bot_sessions=5, visitors=50)
    landed(con, "clarity_device", DAY, device="Mobile", sessions=40, bot_sessions=0, visitors=39)
    landed(con, "clarity_browser_device", DAY, browser="Safari", device="Mobile", sessions=40, visitors=39)
    landed(con, "clarity_country", DAY, country="Spain", sessions=100, visitors=80)
    found = told(
        con,
        "select dimension, segment, sessions, site_sessions, visitors from marts.fct_traffic_daily order by all",
    )
    assert found == [
        ("browser", "Safari", 40, 100, None),  # of two rows they would not add up
        ("country", "Spain", 100, 100, 80),
        ("device", "Mobile", 40, 100, 39),
        ("device", "PC", 60, 100, 50),
    ]


def test_operating_systems_are_there_where_they_are_collected(con):
    landed(con, "clarity_os", DAY, os="Android", sessions=7)
    assert told(con, "select dimension, segment, sessions from marts.fct_traffic_daily") == [("os", "Android", 7)]


def test_a_truncated_day_has_what_the_site_has_and_its_rows_lack_as_a_remainder(con):
    site_day(con, DAY, sessions=100, rage_click_count=30)
    landed(con, "clarity_country", DAY, country="Spain", sessions=55, rage_click_count=9, is_truncated=True)
    landed(con, "clarity_country", DAY, country=None, sessions=5, rage_click_count=None, is_truncated=True)
    found = told(
        con,
        "select country, sessions, site_sessions, rage_click_count, is_truncated, is_remainder "
        "from marts.fct_geography_daily order by is_remainder, country",
    )
    assert found == [
        ("Spain", 55, 100, 9, True, False),
        (None, 5, 100, None, True, False),
        (None, 40, 100, 21, True, True),
    ]


def test_a_remainder_is_unknown_where_the_sites_total_is(con):
    landed(con, "clarity_country", DAY, country="Spain", sessions=55, is_truncated=True)
    assert told(con, "select sessions from marts.fct_traffic_daily where is_remainder") == [(None,)]


def test_a_remainder_is_never_below_zero(con):
    site_day(con, DAY, sessions=100)
    landed(con, "clarity_country", DAY, country="Spain", sessions=101, is_truncated=True)
    assert told(con, "select sessions from marts.fct_traffic_daily where is_remainder") == [(0,)]


def test_days_that_are_not_truncated_have_no_remainder(con):
    site_day(con, DAY, sessions=100)
    landed(con, "clarity_country", DAY, country="Spain", sessions=55)
    page_day(con, DAY, "/", "PC", sessions=10)
    for table in ("fct_traffic_daily", "fct_page_daily", "fct_frustration_daily", "fct_geography_daily"):
        assert told(con, f"select count(*) from marts.{table} where is_remainder") == [(0,)]


# --- signals ------------------------------------------------------------------------------------------------------


def test_signals_of_the_site_and_its_devices_have_their_own_sessions(con):
    site_day(con, DAY, sessions=100, quick_back_count=12, quick_back_pageviews=11, quick_back_sessions=10)
    landed(con, "clarity_device", DAY, device="PC", sessions=60, quick_back_count=7, quick_back_pageviews=6,
           quick_back_sessions=5)  # fmt: skip
    found = told(
        con,
        "select dimension, segment, count, signal_pageviews, affected_sessions, sessions from marts.fct_signal_daily "
        "where signal = 'quick_back' order by dimension",
    )
    assert found == [("device", "PC", 7, 6, 5, 60), ("site", None, 12, 11, 10, 100)]


def test_frustration_on_a_truncated_day_has_a_remainder_for_each_signal(con):
    site_day(con, DAY, sessions=100, dead_click_count=50, dead_click_pageviews=40, rage_click_count=8)
    page_day(con, DAY, "/", "PC", sessions=10, dead_click_count=20, dead_click_pageviews=15, is_truncated=True)
    page_day(con, DAY, "/a", "PC", sessions=10, dead_click_count=None, dead_click_pageviews=None, is_truncated=True)
    found = told(
        con,
        "select signal, page, device, count, signal_pageviews, affected_sessions, sessions "
        "from marts.fct_frustration_daily where is_remainder and signal in ('dead_click', 'rage_click') order by signal",
    )
    assert found == [("dead_click", None, None, 30, 25, None, None), ("rage_click", None, None, 8, 0, None, None)]


# --- pages --------------------------------------------------------------------------------------------------------


def test_a_page_is_all_of_its_devices_together(con):
    page_day(con, DAY, "/cart", "PC", sessions=30, bot_sessions=0, pages_per_session=1.5, total_time_s=10.0,
             rage_click_count=3)  # fmt: skip
    page_day(con, DAY, "/cart", "Mobile", sessions=10, bot_sessions=0, pages_per_session=2.5, total_time_s=30.0,
             rage_click_count=4, sessions_is_upper_bound=True)  # fmt: skip
    found = told(
        con,
        "select page, sessions, pageviews, pages_per_session, total_time_s, rage_click_count, sessions_is_upper_bound "
        "from marts.fct_page_daily",
    )
    # page views 45 + 25; seconds (300 + 300) / 40
    assert found == [("/cart", 40, 70.0, 1.75, 15.0, 7, True)]


def test_on_a_truncated_day_a_page_has_what_is_known_of_its_devices(con):
    page_day(con, DAY, "/cart", "PC", sessions=30, rage_click_count=3, is_truncated=True)
    page_day(con, DAY, "/cart", "Mobile", sessions=None, rage_click_count=None, is_truncated=True)
    assert told(con, "select sessions, rage_click_count from marts.fct_page_daily where not is_remainder") == [(30, 3)]


# --- the collection -----------------------------------------------------------------------------------------------


def request_row(con, name: str, for_day: date, sent_on: date, outcome: str, error: str | None = None) -> None:
    at = datetime(sent_on.year, sent_on.month, sent_on.day, 1, 2)
    insert(con, "ops.api_request", request_id=f"{name}{for_day}{sent_on}{outcome}", project_id=PROJECT, request=name,
           for_date=for_day, reserved_at=at, outcome=outcome, error=error)  # fmt: skip


def test_the_collection_says_how_each_day_is_known_and_what_it_cost(con):
    day(con, DAY, request="country", status="lost", cause="HTTP 500", is_truncated=None, row_count=None)
    request_row(con, "country", DAY, NEXT, "answered")
    request_row(con, "country", DAY, NEXT, "server_error", "HTTP 500")
    request_row(con, "country", DAY, NEXT, "not_sent", "refused")
    request_row(con, "country", DAY - timedelta(days=1), DAY, "answered")
    insert(con, "ops.clarity_refusal", project_id=PROJECT, request="country", for_date=DAY, reason="budget")
    [row] = told(
        con,
        "select status, is_gap, cause, is_truncated, requests_for_day, requests_answered, requests_refused, "
        "requests_spent_on_day, last_error from marts.fct_collection_daily",
    )
    assert row[:4] == ("lost", True, "HTTP 500", False)
    assert row[4:8] == (2, 1, 1, 1)
    assert row[8] in ("HTTP 500", "refused")


def test_gaps_are_runs_of_days_with_one_status_and_the_first_days_cause(con):
    states = ["measured", "lost", "lost", "pending", "measured", "lost"]
    for i, status in enumerate(states):
        day(con, DAY + timedelta(days=i), status=status, cause=f"cause {i}")
    build(con, DAY, DAY + timedelta(days=6))
    found = rows(con, "select first_date, last_date, day_count, status, cause from marts.collection_gap order by all")
    assert [tuple(row.values()) for row in found] == [
        (DAY + timedelta(days=1), DAY + timedelta(days=2), 2, "lost", "cause 1"),
        (DAY + timedelta(days=3), DAY + timedelta(days=3), 1, "pending", "cause 3"),
        (DAY + timedelta(days=5), DAY + timedelta(days=5), 1, "lost", "cause 5"),
    ]


def test_dates_cover_whole_years_from_the_first_collected_day_to_the_year_after_the_last(con):
    day(con, date(2027, 1, 2))
    build(con, DAY, NEXT)
    found = rows(con, "select * from marts.dim_date order by date")
    assert (found[0]["date"], found[-1]["date"], len(found)) == (date(2027, 1, 1), date(2028, 12, 31), 731)
    [sunday] = [row for row in found if row["date"] == date(2027, 1, 3)]
    assert (sunday["weekday"], sunday["weekday_name"], sunday["is_weekend"]) == (7, "Sunday", True)
    assert (sunday["week_start_date"], sunday["iso_week"]) == (date(2026, 12, 28), 53)
    assert (sunday["month_start_date"], sunday["quarter"], sunday["year"]) == (date(2027, 1, 1), 1, 2027)


# --- figures side by side -----------------------------------------------------------------------------------------


def windows_of(con, request: str, end: datetime) -> None:
    day(con, DAY, request=request, window_start=end - timedelta(days=1), window_end=end)


def test_devices_stand_against_the_site_with_the_difference_of_their_windows(con):
    windows_of(con, "base", datetime(2026, 10, 6, 1))
    windows_of(con, "device", datetime(2026, 10, 6, 1, 2))
    landed(con, "clarity_base", DAY, sessions=200)
    landed(con, "clarity_device", DAY, device="PC", sessions=150)
    landed(con, "clarity_device", DAY, device="Mobile", sessions=54)
    [row] = told(con, "select * exclude (project_id, date) from quality.device_against_site")
    assert row == (200, 204, 4, 4 / 204, 120.0)


BROWSERS = """select device, device_sessions, browser_device_sessions, difference_share
              from quality.browser_device_against_device order by device"""


def test_browsers_stand_against_their_device_also_where_one_request_does_not_list_it(con):
    day(con, DAY, request="device")
    day(con, DAY, request="browser_device")
    landed(con, "clarity_device", DAY, device="PC", sessions=100)
    landed(con, "clarity_device", DAY, device="Mobile", sessions=40)
    landed(con, "clarity_browser_device", DAY, browser="Chrome", device="PC", sessions=90)
    landed(con, "clarity_browser_device", DAY, browser="Edge", device="PC", sessions=7)
    landed(con, "clarity_browser_device", DAY, browser="Edge", device="Tablet", sessions=2)
    assert told(con, BROWSERS) == [("Mobile", 40, 0, 1.0), ("PC", 100, 97, 0.03), ("Tablet", 0, 2, 1.0)]


@pytest.mark.parametrize("state", [{"status": "lost"}, {"is_truncated": True}])
def test_browsers_of_a_day_that_is_not_told_whole_stand_against_nothing(con, state):
    day(con, DAY, request="device")
    day(con, DAY, request="browser_device", **state)
    landed(con, "clarity_device", DAY, device="PC", sessions=100)
    assert told(con, BROWSERS) == []


PAGES = """select site_count, page_count, difference_count, difference_share
           from quality.pages_against_site where signal = 'rage_click'"""


def test_pages_stand_against_the_site_for_each_signal(con):
    site_day(con, DAY, sessions=100, rage_click_count=10)
    page_day(con, DAY, "/", "PC", rage_click_count=4)
    page_day(con, DAY, "/a", "PC", rage_click_count=5)
    assert told(con, PAGES) == [(10, 9, -1, 0.1)]


def test_pages_with_clicks_on_a_site_without_any_are_a_difference(con):
    site_day(con, DAY, sessions=100, rage_click_count=0)
    page_day(con, DAY, "/", "PC", rage_click_count=50)
    assert told(con, PAGES) == [(0, 50, 50, 1.0)]


@pytest.mark.parametrize(("clicks", "expected"), [(4, (10, 4, 0, 0.0)), (14, (10, 14, 4, 4 / 14))])
def test_pages_of_a_truncated_day_may_have_less_than_the_site_but_not_more(con, clicks, expected):
    site_day(con, DAY, sessions=100, rage_click_count=10)
    page_day(con, DAY, "/", "PC", rage_click_count=clicks, is_truncated=True)
    assert told(con, PAGES) == [expected]


def test_a_remainder_is_derived_where_the_sites_total_is(con):
    site_day(con, DAY, status="derived", sessions=100, rage_click_count=10)
    page_day(con, DAY, "/", "PC", rage_click_count=4, is_truncated=True)
    landed(con, "clarity_country", DAY, country="Spain", sessions=5, is_truncated=True)
    for table in ("fct_page_daily", "fct_frustration_daily", "fct_geography_daily"):
        found = told(con, f"select distinct status, is_remainder from marts.{table} order by is_remainder")
        assert found == [("measured", False), ("derived", True)]


def test_a_days_sessions_stand_against_the_median_of_the_same_weekdays_of_eight_weeks(con):
    for week, sessions in enumerate((999, 100, 300, 200, None, 200, 200, 200, 200, 50)):
        site_day(con, DAY + timedelta(weeks=week), sessions=sessions, bot_sessions=10, visitors=60)
        site_day(con, DAY + timedelta(weeks=week, days=1), sessions=7)
    build(con, DAY, DAY + timedelta(weeks=10))
    last = DAY + timedelta(weeks=9)
    [row] = rows(con, "select * from quality.site_plausibility where date = $last", last=last)
    # weeks 1-8 are within 56 days; one is unknown; median of 100 200 200 200 200 200 300
    assert (row["same_weekday_count"], row["same_weekday_sessions"]) == (7, 200.0)
    assert row["sessions_against_same_weekdays"] == 0.25
    assert (row["bot_session_share"], row["visitors_per_session"]) == (10 / 60, 1.0)


def test_answers_say_what_of_their_shape_was_not_as_known(con):
    values = {"project_id": PROJECT, "request": "base", "window_end": datetime(2026, 10, 6, 1)}
    insert(con, "ops.clarity_answer", answer_id="a", request_id="r", warnings=["unknown metric X", "missing metrics: y"],
           **values)  # fmt: skip
    insert(con, "ops.clarity_answer", answer_id="b", quarantine_reason="dimension missing", **values)
    insert(con, "ops.api_request", request_id="r", project_id=PROJECT, for_date=DAY - timedelta(days=1))
    build(con, DAY, NEXT)
    found = rows(con, "select * exclude (project_id, request) from quality.answer_schema order by answer_id")
    assert [tuple(row.values()) for row in found] == [
        (DAY - timedelta(days=1), "a", None, 1, 1, "unknown metric X; missing metrics: y"),
        (DAY, "b", "dimension missing", 0, 0, ""),
    ]


# --- attribution --------------------------------------------------------------------------------------------------


def test_each_source_and_medium_has_the_channel_of_the_first_rule_that_applies(con):
    for source, medium in (
        ("google", "organic"),
        ("Google", "CPC"),
        (None, ""),
        ("chatgpt.com", None),
        ("x.example", None),
    ):
        landed(con, "clarity_source_medium", DAY, source=source, medium=medium, sessions=10)
    found = told(con, "select source, medium, channel from marts.fct_attribution_daily")
    assert set(found) == {
        ("google", "organic", "Organic Search"),
        ("Google", "CPC", "Paid Search"),
        (None, "", "Direct"),
        ("chatgpt.com", None, "AI Assistant"),
        ("x.example", None, "Unassigned"),
    }


def test_null_and_empty_sources_stay_two_rows(con):
    landed(con, "clarity_source_medium", DAY, source=None, medium=None, sessions=3)
    landed(con, "clarity_source_medium", DAY, source="", medium=None, sessions=4)
    assert told(con, "select source, sessions, channel from marts.fct_attribution_daily order by sessions") == [
        (None, 3, "Direct"),
        ("", 4, "Direct"),
    ]


def test_breakdowns_stand_apart_and_keep_clarity_s_own_channel(con):
    landed(con, "clarity_source_medium", DAY, source="bing", medium="organic", sessions=5, total_time_s=20.0)
    landed(con, "clarity_campaign", DAY, campaign="spring", sessions=4)
    landed(con, "clarity_channel", DAY, channel="OrganicSearch", sessions=5)
    found = told(
        con,
        "select breakdown, source, medium, campaign, channel, sessions, total_time_sum_s "
        "from marts.fct_attribution_daily order by breakdown",
    )
    assert found == [
        ("campaign", None, None, "spring", None, 4, None),
        ("clarity_channel", None, None, None, "OrganicSearch", 5, None),
        ("source_medium", "bing", "organic", None, "Organic Search", 5, 100.0),
    ]


def test_a_truncated_breakdown_has_a_remainder_of_what_adds_up(con):
    site_day(con, DAY, sessions=100, bot_sessions=0, pages_per_session=2.0, rage_click_count=30)
    landed(con, "clarity_source_medium", DAY, source="a", medium="b", sessions=60, bot_sessions=0,
           pages_per_session=1.0, rage_click_count=10, is_truncated=True)  # fmt: skip
    found = told(
        con,
        "select channel, sessions, pageviews, rage_click_count, rage_click_sessions "
        "from marts.fct_attribution_daily where is_remainder",
    )
    assert found == [(None, None, 140.0, 20, None)]


def test_channels_have_their_rules_in_words_and_say_whose_they_are(con):
    found = told(con, "select channel, first_rule_order, is_paid, definition, published_by from marts.dim_channel")
    channels = {row[0]: row for row in found}
    assert channels["Direct"][1] == 1
    assert (channels["Paid Search"][2], channels["Organic Search"][2], channels["Unassigned"][2]) == (True, False, None)
    assert "support.google.com/analytics/answer/9756891" in channels["Email"][4]
    assert "Own rule" in channels["AI Assistant"][4]


# --- pages ever seen ----------------------------------------------------------------------------------------------


def test_pages_have_their_content_type_and_first_and_last_day(con):
    for i in range(4):
        day(con, DAY + timedelta(days=i), request="url_device", status="lost" if i == 1 else "measured")
    for i, page in ((0, "shop.example/"), (2, "shop.example/"), (2, "shop.example/blog/oak"), (3, "shop.example/cart")):
        page_day(con, DAY + timedelta(days=i), page, "PC", sessions=1)
        page_day(con, DAY + timedelta(days=i), page, "Mobile", sessions=1)
    page_day(con, DAY, None, "PC", sessions=0)
    build(con, DAY, DAY + timedelta(days=4))
    found = rows(con, "select * exclude (project_id) from marts.dim_page order by first_seen_date, page")
    first, third, fourth = DAY, DAY + timedelta(days=2), DAY + timedelta(days=3)
    assert [tuple(row.values()) for row in found] == [
        ("shop.example/", "/", "home", first, third, 2, False),  # nothing is known of the day before
        ("shop.example/blog/oak", "/blog/oak", "article", third, third, 1, False),  # the day before is lost
        ("shop.example/cart", "/cart", "cart", fourth, fourth, 1, True),
    ]


@pytest.mark.parametrize(
    "page", ["/checkout", "https:/checkout", "https://shop.example/checkout", "shop.example/checkout"]
)
def test_a_page_has_its_type_in_each_way_that_pages_are_named(con, page):
    page_day(con, DAY, page, "PC", sessions=1)
    assert told(con, "select path, content_type from marts.dim_page") == [("/checkout", "checkout")]
