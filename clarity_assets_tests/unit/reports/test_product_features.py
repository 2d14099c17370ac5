"""Feature usage by hand: shares of the site's sessions, pages that are new, gone or seldom seen."""

import pytest

from clarity_assets.reports.product.features import feature_usage
from clarity_assets_tests.sql.by_hand import day, page_day, site_day, warehouse
from clarity_assets_tests.unit.reports.test_product_sections import block, facts_of, finding_about, on, said, wiggle

PRODUCTS = {"a": 100, "b": 100, "c": 90, "d": 80, "e": 20}
NEW, OLD = "shop/category/new", "shop/category/old"


def fill(con, i: int, pages: dict[str, int], **page_state: object) -> None:
    """A day of 1,000 sessions on the site, with the sessions of each page."""
    site_day(con, on(i), sessions=1000, bot_sessions=10)
    for page, sessions in pages.items():
        page_day(con, on(i), page, "PC", sessions=sessions, total_time_s=30, scroll_depth_pct=50, **page_state)


def usual(i: int) -> dict[str, int]:
    return {"shop/": wiggle(i, 500)} | {f"shop/product/{name}": n for name, n in PRODUCTS.items()}


@pytest.fixture(scope="module")
def shop():
    """A page that is new since the Saturday before, with four sessions on the Friday, and one that went on 1 Oct."""
    with warehouse() as con:
        for i in range(-28, 7):
            pages = usual(i)
            pages |= {NEW: 4} if i == -3 else {NEW: 80} if i >= -2 else {}
            pages |= {OLD: 60} if i < -3 else {}
            fill(con, i, pages)
        yield feature_usage(facts_of(con))


def popular(section) -> dict:
    return {row[0].text: row[1:] for row in block(section, "features_popular").rows}


def test_a_pages_share_is_of_the_sites_sessions_with_wilsons_interval(shop):
    sessions, share, *_ = popular(shop)["shop/product/a"]
    assert sessions.value == 700
    assert share.value == pytest.approx(10)  # 700 of 7,000
    assert (share.low, share.high) == (pytest.approx(9.32, abs=0.01), pytest.approx(10.73, abs=0.01))


def test_pages_are_ordered_by_sessions_and_the_bars_are_their_shares(shop):
    assert next(iter(popular(shop))) == "shop/"
    bars = {bar.label.text: bar for bar in block(shop, "features_shares").bars}
    assert bars["shop/product/e"].value == pytest.approx(2)
    assert bars["shop/product/e"].low < 2 < bars["shop/product/e"].high


def test_a_new_page_is_told_since_its_first_whole_day_with_its_share_of_the_last_days(shop):
    values = finding_about(shop, "New page").sentence.values
    assert "New page shop/category/new, first seen on Sat 3 Oct" in said(shop)[0]
    assert values["sessions"].value == 9 * 80
    assert values["share"].value == pytest.approx(8)  # 560 of 7,000


def test_the_curve_of_adoption_is_in_percent_of_the_sites_sessions(shop):
    chart = block(shop, "features_adoption")
    [line] = chart.lines
    values = dict(zip(chart.dates, line.values, strict=True))
    assert values[on(-4)] == 0
    assert values[on(-3)] == pytest.approx(0.4)
    assert values[on(0)] == pytest.approx(8)
    assert chart.unit == "% of the site's sessions"


def test_a_page_that_went_is_told_with_its_last_day(shop):
    words = next(words for words in said(shop) if words.startswith("No session on"))
    # 25 days of 60, from 7 Sep to 1 Oct
    assert words.startswith(
        "No session on shop/category/old in this week, after 1,500 sessions in the four weeks before"
    )
    assert "last seen on Thu 1 Oct" in words


def test_a_page_far_below_the_middle_one_of_its_type_is_seldom_seen(shop):
    [row] = block(shop, "features_seldom").rows
    page, kind, sessions, share, middle = row
    assert (page.text, kind.text, sessions.value) == ("shop/product/e", "product", 140)
    assert share.value == pytest.approx(2)
    assert middle.value == pytest.approx(9)  # the median of 100, 100, 90, 80, 20 a day is 90


def test_where_no_page_changes_nothing_is_claimed():
    with warehouse() as con:
        for i in range(-28, 7):
            fill(con, i, usual(i))
        section = feature_usage(facts_of(con))
    assert said(section)[0] == "No page is new or gone, and no page's sessions changed by more than chance."
    assert not any(finding.is_change for finding in section.findings)
    assert "features_adoption" not in [one.name for one in section.blocks]


def test_a_page_behind_a_gap_is_not_called_new():
    with warehouse() as con:
        for i in range(-28, 7):
            if i == -1:
                for request in ("base", "url_device"):
                    day(con, on(i), request=request, status="lost", cause="never asked")
            else:
                fill(con, i, usual(i) | ({NEW: 80} if i >= 0 else {}))
        section = feature_usage(facts_of(con))
    assert not any(words.startswith("New page") for words in said(section))


def test_a_day_cut_at_a_thousand_rows_counts_in_no_share():
    with warehouse() as con:
        for i in range(7):
            if i == 2:
                day(con, on(i))
                day(con, on(i), request="url_device", is_truncated=True)
                page_day(con, on(i), "shop/", "PC", sessions=50, is_truncated=True)
            else:
                fill(con, i, {"shop/": 500})
        section = feature_usage(facts_of(con))
    sessions, share, *_ = popular(section)["shop/"]
    assert sessions.value == 3050
    assert sessions.is_sample
    assert share.value == pytest.approx(50)  # of the six whole days
    assert share.day_count == 6


def test_sessions_that_may_be_fewer_are_told_as_an_upper_bound():
    with warehouse() as con:
        for i in range(7):
            fill(con, i, {"shop/": 500}, sessions_is_upper_bound=True)
        section = feature_usage(facts_of(con))
    assert "up to 3,500 sessions, up to 50.0 %" in said(section)[-1]
