"""Real rows summed to coarser ones: sessions and signals add up, times are weighted by sessions."""

import pytest

from clarity_assets.clarity.totals import measures, roll_up


@pytest.fixture
def site(tell) -> dict:
    """The whole site's row, from its device rows."""
    totals = roll_up(tell("fpr__3d_by_Device", "Device").totals, ())
    assert list(totals.rows) == [()]
    return {name: values[0] for name, values in measures(totals).items()}


def test_device_rows_add_up_to_the_site(site):
    assert (site["sessions"], site["bot_sessions"]) == (528, 98)  # 294 + 15 + 219 + 0; 41 + 0 + 20 + 37
    assert (site["dead_click_count"], site["dead_click_pageviews"]) == (406, 152)  # 114 + 10 + 282; 51 + 5 + 96
    assert site["dead_click_sessions"] == 40 + 3 + 63
    assert (site["rage_click_count"], site["quick_back_count"], site["script_error_count"]) == (9, 150, 12)


@pytest.mark.parametrize(
    ("name", "dimension", "dead_clicks", "pageviews"),
    [("fpr__3d_by_Campaign", "Campaign", 406, 152), ("fpr__3d_by_Channel", "Channel", 406, 152)],
)
def test_signals_of_other_dimensions_of_the_same_window_come_to_the_same_sum(
    tell, site, name, dimension, dead_clicks, pageviews
):
    rows = tell(name, dimension).rows.values()
    assert (sum(r["dead_click_count"] for r in rows), sum(r["dead_click_pageviews"] for r in rows)) == (
        dead_clicks,
        pageviews,
    )
    assert site["dead_click_count"] == dead_clicks


def test_times_are_averages_weighted_by_sessions(site):
    assert site["total_time_s"] == pytest.approx((294 * 147 + 15 * 258 + 219 * 299) / 528, abs=1)  # 213.2 s
    assert site["active_time_s"] == pytest.approx((294 * 72 + 15 * 187 + 219 * 142) / 528, abs=1)  # 104.3 s
    assert site["scroll_depth_pct"] == pytest.approx((294 * 31.1 + 15 * 49.04 + 219 * 36.1) / 528)  # 33.7 %


def test_pages_per_session_are_weighted_with_bots(site):
    # Clarity's own ratio is pages / all sessions; 335, 15, 239 and 37 sessions with bots
    expected = (335 * 2.2956521739 + 15 * 1.7647058824 + 239 * 2.6182572614 + 37 * 1.2112676056) / 626
    assert site["pages_per_session"] == pytest.approx(expected)


def test_distinct_users_never_add_up(site):
    assert site["visitors"] is None
