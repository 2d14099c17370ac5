"""Real answers read into landing measures; all expected numbers were worked out from the raw JSON by hand."""

import pytest

from clarity_assets.clarity.payload import stored_form
from clarity_assets.errors import UnusableAnswer

HUB = "microsoft.github.io/Analytics-Hub"
AVERAGES = ("pages_per_session", "total_time_s", "active_time_s", "scroll_depth_pct")

# file: its dimensions and how many keys it tells (URLs folded to pages)
ANSWERS = {
    "ciencuadras__3d_no_dimension__2026-09-11__large_site_numbers_as_ints": ((), 1),
    "cuentoneta__no_dimension__2024-11": ((), 1),
    "fpr__3d_by_Campaign__2026-08-27": (("Campaign",), 5),
    "fpr__3d_by_Channel__2026-08-27": (("Channel",), 7),
    "fpr__3d_by_Device__2026-08-27": (("Device",), 4),
    "fr_dashboard__1d_by_dimension__zero_traffic_2026-10-01": (("Device",), 0),
    "issue640__by_OS__2024-07__PARTIAL": (("OS",), 1),
    "ms_analytics_hub__3d_by_URL__2026-07-30": (("URL",), 19),
    "ms_analytics_hub__3d_by_URL__2026-08-04": (("URL",), 16),
    "ms_analytics_hub__3d_no_dimension__2026-07-30": ((), 1),
    "ms_analytics_hub__3d_no_dimension__2026-08-04": ((), 1),
    "ms_analytics_hub__3d_no_dimension__zero_traffic_2026-05-26": ((), 1),
}
OTHERS = {"mcp_recordings_sample__SHAPE_ONLY_values_invented", "ms_analytics_hub__series_66_daily_3d_snapshots"}


def signals(row: dict, name: str) -> tuple:
    """Occurrences, page views and sessions of one signal."""
    return row[f"{name}_count"], row[f"{name}_pageviews"], row[f"{name}_sessions"]


def total(rows: dict, column: str) -> int:
    return sum(row[column] for row in rows.values())


def test_every_file_of_the_folder_is_known_here(clarity_data):
    assert {path.stem for path in clarity_data.glob("*.json")} == set(ANSWERS) | OTHERS


@pytest.mark.parametrize("name", ANSWERS)
def test_a_real_answer_loads_complete(tell, name):
    dimensions, keys = ANSWERS[name]
    told = tell(name, *dimensions)
    assert len(told.rows) == keys
    assert told.blocks.truncated == []
    lacks_blocks = "PARTIAL" in name
    assert [w.partition(":")[0] for w in told.blocks.warnings] == (["missing metrics"] if lacks_blocks else [])


def test_recordings_are_no_answer_and_refused(clarity_data):
    with pytest.raises(UnusableAnswer, match="without metricName"):
        stored_form((clarity_data / "mcp_recordings_sample__SHAPE_ONLY_values_invented.json").read_bytes())


def test_a_site_total_has_its_nine_metrics_and_counts_sessions_without_bots(tell):
    row = tell("ms_analytics_hub__3d_no_dimension__2026-07-30").rows[()]
    assert (row["sessions"], row["bot_sessions"], row["visitors"]) == (868, 13, 637)
    assert [row[c] for c in AVERAGES] == [1.610188261351052, 423, 106, 60.81]
    assert signals(row, "dead_click") == (516, 138, 111)  # 868 x 12.79 % = 111.02
    assert signals(row, "rage_click") == (71, 2, 2)  # 868 x 0.23 % = 2.00
    assert signals(row, "quick_back") == (54, 54, 39)  # 868 x 4.49 % = 38.97
    assert signals(row, "excessive_scroll") == (0, 0, 0)
    assert signals(row, "script_error") == (2, 2, 2)
    assert signals(row, "error_click") == (1, 1, 1)  # 868 x 0.12 % = 1.04


def test_an_older_capture_reads_the_same(tell):
    row = tell("cuentoneta").rows[()]
    assert (row["sessions"], row["bot_sessions"], row["visitors"]) == (239, 14, 195)
    assert [row[c] for c in AVERAGES] == [1.8841698841698842, 247, 120, 55.53]
    assert signals(row, "dead_click") == (95, 42, 37)  # 239 x 15.48 % = 37.00
    assert signals(row, "quick_back") == (17, 17, 7)  # 239 x 2.93 % = 7.00


def test_a_large_site_tells_ints_and_its_signals_count_over_more_sessions_than_traffic_has(tell):
    row = tell("ciencuadras").rows[()]
    assert (row["sessions"], row["bot_sessions"], row["visitors"]) == (103520, 6521, 83124)
    assert [row[c] for c in AVERAGES] == [4.1836836707431635, 490, 173, 50.22]
    # the signals' own denominator is 103,976 sessions
    assert signals(row, "dead_click") == (13984, 9799, 7892)  # 7.59 %: 7891.8
    assert signals(row, "rage_click") == (534, 178, 156)  # 0.15 %: 156.0
    assert signals(row, "quick_back") == (23180, 23180, 17447)  # 16.78 %: 17447.2
    assert signals(row, "excessive_scroll") == (918, 918, 853)  # 0.82 %: 852.6
    assert signals(row, "script_error") == (13266, 10229, 6862)  # 6.6 %: 6862.4
    assert signals(row, "error_click") == (331, 324, 302)  # 0.29 %: 301.5


def test_zero_traffic_is_zeros_and_unknown_averages(tell):
    row = tell("ms_analytics_hub__3d_no_dimension__zero_traffic").rows[()]
    assert [row[c] for c in AVERAGES] == [None] * 4
    assert {v for c, v in row.items() if c not in AVERAGES} == {0}


def test_nine_empty_blocks_are_a_window_without_rows(tell):
    told = tell("fr_dashboard", "Device")
    assert told.rows == {}
    assert told.totals.missing == frozenset()


def test_a_partial_answer_knows_two_metrics_and_nothing_of_the_others(tell):
    row = tell("issue640", "OS").rows[("MacOSX",)]
    known = {"dead_click_count", "dead_click_pageviews", "dead_click_sessions",
             "excessive_scroll_count", "excessive_scroll_pageviews", "excessive_scroll_sessions"}  # fmt: skip
    assert {c: v for c, v in row.items() if v is not None} == dict.fromkeys(known, 0)


def test_users_exceed_sessions_and_null_and_empty_campaigns_are_two_rows(tell):
    rows = tell("fpr__3d_by_Campaign", "Campaign").rows
    null, empty = rows[(None,)], rows[("",)]
    assert (null["sessions"], null["bot_sessions"], null["visitors"]) == (506, 96, 514)
    assert (empty["sessions"], empty["bot_sessions"], empty["visitors"]) == (0, 0, 32)
    assert signals(null, "dead_click") == (397, 147, 103)  # ints in the file: 506 x 20.36 % = 103.02
    assert signals(null, "rage_click") == (9, 3, 3)  # strings in the file: 506 x 0.59 % = 2.99
    assert (null["total_time_s"], null["active_time_s"], null["scroll_depth_pct"]) == (217, 105, 34.2)
    assert (empty["total_time_s"], empty["dead_click_count"]) == (None, 0)
    assert {key[0] for key in rows} == {
        None, "", "{campaignname}", "Thank you! (16-08-2026)", "Thank you! resend-unopened (16-08-2026)",
    }  # fmt: skip


def test_channel_rows_do_not_add_up_to_the_528_sessions_of_the_site(tell):
    rows = tell("fpr__3d_by_Channel", "Channel").rows
    assert total(rows, "sessions") == 707  # 159 + 229 + 14 + 1 + 152 + 143 + 9
    assert total(rows, "bot_sessions") == 102
    assert rows[("AiPlatform",)]["visitors"] == 9


def test_device_rows_hold_a_bot_only_value_and_mixed_number_types(tell):
    rows = tell("fpr__3d_by_Device", "Device").rows
    assert {k[0]: (r["sessions"], r["bot_sessions"], r["visitors"]) for k, r in rows.items()} == {
        "Mobile": (294, 41, 272), "Tablet": (15, 0, 14), "PC": (219, 20, 208), "Other": (0, 37, 69),
    }  # fmt: skip
    assert signals(rows[("PC",)], "dead_click") == (282, 96, 63)  # ints: 219 x 28.77 % = 63.01
    assert signals(rows[("PC",)], "rage_click") == (7, 2, 2)  # strings: 219 x 0.91 % = 1.99
    assert signals(rows[("Other",)], "dead_click") == (0, 0, 0)
    assert rows[("Other",)]["total_time_s"] is None


# page: sessions, bots, dead clicks, page views with them, average total and active seconds, scroll depth
PAGES_2026_07_30 = {
    f"{HUB}/cowork-billing/": (414, 5, 435, 81, 384, 92, 55.2),  # one URL
    f"{HUB}/": (277, 1, 31, 21, 291.834, 67.827, 59.251),  # 4 URLs
    f"{HUB}/explore-reports/": (181, 2, 20, 15, 391.558, 92.956, 70.735),  # 13 URLs
    f"{HUB}/demos/": (26, 0, 3, 2, 732.231, 381.308, 70.745),  # 5 URLs: tabs as fragments
    "jordankingisalive.github.io/Analytics-Hub/": (5, 2, 0, 0, 10.2, 8.4, 46.2),  # 3 URLs, one of bots alone
}


def test_urls_fold_to_pages_weighted_by_their_sessions(tell):
    told = tell("ms_analytics_hub__3d_by_URL__2026-07-30", "URL")
    for page, (sessions, bots, clicks, pageviews, total_s, active_s, scroll) in PAGES_2026_07_30.items():
        row = told.rows[(page,)]
        assert (row["sessions"], row["bot_sessions"]) == (sessions, bots), page
        assert signals(row, "dead_click")[:2] == (clicks, pageviews), page
        assert row["total_time_s"] == pytest.approx(total_s, abs=0.001), page
        assert row["active_time_s"] == pytest.approx(active_s, abs=0.001), page
        assert row["scroll_depth_pct"] == pytest.approx(scroll, abs=0.001), page
    folded = {k[0] for k, r in told.totals.rows.items() if r.is_upper_bound}
    assert folded == {
        f"{HUB}/", f"{HUB}/explore-reports/", f"{HUB}/out-of-the-box/", f"{HUB}/demos/", f"{HUB}/glossary/",
        "jordankingisalive.github.io/Analytics-Hub/",
    }  # fmt: skip
    assert told.rows[(f"{HUB}/cowork-billing/",)]["visitors"] == 313
    assert told.rows[(f"{HUB}/",)]["visitors"] is None
    assert told.rows[(None,)]["visitors"] == 45  # sessions without a page


@pytest.mark.parametrize(
    ("day", "name", "occurrences", "pageviews"),
    [
        ("2026-07-30", "dead_click", 516, 138),
        ("2026-07-30", "rage_click", 71, 2),
        ("2026-07-30", "quick_back", 54, 54),
        ("2026-07-30", "script_error", 2, 2),
        ("2026-07-30", "error_click", 1, 1),
        ("2026-08-04", "dead_click", 62, 38),
        ("2026-08-04", "rage_click", 0, 0),
        ("2026-08-04", "quick_back", 23, 23),
    ],
)
def test_signals_by_page_add_up_to_the_site_total_of_the_same_window(tell, day, name, occurrences, pageviews):
    pages = tell(f"ms_analytics_hub__3d_by_URL__{day}", "URL").rows
    site = tell(f"ms_analytics_hub__3d_no_dimension__{day}").rows[()]
    assert signals(site, name)[:2] == (occurrences, pageviews)
    assert (total(pages, f"{name}_count"), total(pages, f"{name}_pageviews")) == (occurrences, pageviews)


def test_sessions_by_page_exceed_the_site_total_as_a_session_sees_several_pages(tell):
    assert total(tell("ms_analytics_hub__3d_by_URL__2026-07-30", "URL").rows, "sessions") == 1055  # site: 868
    assert total(tell("ms_analytics_hub__3d_by_URL__2026-08-04", "URL").rows, "sessions") == 359  # site: 292


def test_the_stored_form_of_real_urls_holds_no_query_string_and_no_fragment(tell):
    stored = tell("ms_analytics_hub__3d_by_URL__2026-07-30", "URL").stored
    assert b"#" not in stored
    assert b"?utm" not in stored
    assert b"clid=" not in stored
