"""The feed for Power BI: a row a day and device; what is not known is null or has no row."""

import json

import pandas as pd
import pytest

from clarity_assets.exports.power_bi import power_bi_feed
from clarity_assets.reports.period import Period
from clarity_assets_tests.unit.exports.by_hand import MONDAY, TUESDAY, WEDNESDAY, device_day, row, source, warehouse

DAYS = Period.span(MONDAY, WEDNESDAY)


@pytest.fixture
def con():
    with warehouse() as con:
        yield con


def feed(con) -> dict:
    content, row_count = power_bi_feed(source(con, DAYS))
    told = json.loads(content, parse_constant=pytest.fail)  # NaN and Infinity are no JSON
    assert row_count == len(told["metrics"])
    return told


def test_a_device_has_its_numbers_of_three_marts(con):
    device_day(con, MONDAY, "Mobile", sessions=100, visitors=95, total_time_s=61.25, clicks=(7, 0))
    row(con, "traffic", MONDAY, dimension="browser", segment="Mobile", sessions=1)
    row(con, "signal", MONDAY, dimension="browser", segment="Mobile", signal="rage_click", count=1)
    told = feed(con)
    assert told["metrics"] == [
        {"date": "2026-10-05", "device": "Mobile", "total_sessions": 100, "distinct_users": 95,
         "avg_engagement_time": 61.25, "rage_clicks": 7, "dead_clicks": 0}
    ]  # fmt: skip
    assert told["last_updated"] == "2026-10-12T06:30:15Z"
    assert told["date_range"] == {"start": "2026-10-05", "end": "2026-10-07"}
    assert told["unknown_dates"] == ["2026-10-06", "2026-10-07"]


def test_what_no_mart_tells_is_null_and_not_0(con):
    row(con, "traffic", MONDAY, dimension="device", segment="PC", sessions=5)
    [metric] = feed(con)["metrics"]
    assert [metric[n] for n in ("distinct_users", "avg_engagement_time", "rage_clicks", "dead_clicks")] == [None] * 4


def test_an_infinite_time_is_null(con):
    device_day(con, MONDAY, "PC", sessions=5, total_time_s=float("inf"))
    assert feed(con)["metrics"][0]["avg_engagement_time"] is None


def test_a_lost_day_has_no_rows_and_is_named(con):
    for day in (MONDAY, WEDNESDAY):
        device_day(con, day, "PC", sessions=1)
    row(con, "site", TUESDAY, status="lost")
    told = feed(con)
    assert [metric["date"] for metric in told["metrics"]] == ["2026-10-05", "2026-10-07"]
    assert told["unknown_dates"] == ["2026-10-06"]


def test_what_a_truncated_day_lacks_and_a_device_without_name_are_told_apart(con):
    device_day(con, MONDAY, "PC", sessions=80, is_truncated=True)
    device_day(con, MONDAY, None, sessions=2, total_time_s=5.0, clicks=(1, 2), is_truncated=True)
    device_day(con, MONDAY, None, sessions=9, total_time_s=7.0, clicks=(3, 4), is_truncated=True, is_remainder=True)
    told = [tuple(metric.values())[1:] for metric in feed(con)["metrics"]]
    assert told == [("PC", 80, None, None, 0, 0), (None, 2, None, 5.0, 1, 2), ("(remainder)", 9, None, 7.0, 3, 4)]


def test_pandas_reads_the_metrics(con):
    device_day(con, MONDAY, "שלום 🛒 \"'<", sessions=3, visitors=2, total_time_s=1.5)
    frame = pd.DataFrame(feed(con)["metrics"])
    assert frame.device.tolist() == ["שלום 🛒 \"'<"]
    assert [str(frame.dtypes[n]) for n in ("total_sessions", "avg_engagement_time")] == ["int64", "float64"]
