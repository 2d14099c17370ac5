"""Traffic by hand: sessions, users, bots and their share, quality, sources; a change is called one where it is."""

import pytest

from clarity_assets.reports.product.traffic import traffic
from clarity_assets_tests.sql.by_hand import day, site_day, warehouse
from clarity_assets_tests.unit.reports.test_product_sections import (
    WEEK,
    block,
    facts_of,
    finding_about,
    on,
    said,
    segment_day,
    wiggle,
)

QUALITY = {"pages_per_session": 2.5, "total_time_s": 100, "active_time_s": 50, "scroll_depth_pct": 50}


@pytest.fixture(scope="module")
def week():
    """90 people and 10 bots a day, Tuesday lost; half of the people from a search engine."""
    with warehouse() as con:
        for i in range(-28, 7):
            if i == 1:
                day(con, on(i), status="lost", cause="never asked")
                day(con, on(i), request="source_medium", status="lost", cause="never asked")
                continue
            site_day(con, on(i), sessions=90, bot_sessions=10, visitors=80 + i % 2, **QUALITY)
            segment_day(con, "source_medium", i, [{"source": "google", "medium": "organic", "sessions": 45},
                                                  {"source": None, "medium": None, "sessions": 50}])  # fmt: skip
        yield traffic(facts_of(con))


def rows_of(section, name: str) -> dict:
    return {row[0] if isinstance(row[0], str) else row[0].text: row[1:] for row in block(section, name).rows}


def test_sessions_are_those_of_the_known_days(week):
    assert said(week)[0].startswith("540 sessions; 6 of 7 days known.")
    assert not week.findings[0].is_change


def test_bots_have_a_share_of_all_sessions(week):
    measures = rows_of(week, "traffic_measures")
    assert measures["Bot sessions"][0].value == 60
    assert measures["Bot share"][0].value == pytest.approx(10)  # 10 of 90 + 10


def test_visitors_are_a_mean_a_day_and_never_a_sum(week):
    # Monday 80, then Wed to Sun 80, 81, 80, 81, 80: the offsets 2..6
    visitors = rows_of(week, "traffic_measures")["Visitors a day"][0]
    assert visitors.value == pytest.approx((80 + 80 + 81 + 80 + 81 + 80) / 6)
    assert "never add up" in said(week)[-1]


def test_quality_is_divided_by_sessions_and_pages_by_all_sessions(week):
    measures = rows_of(week, "traffic_measures")
    assert measures["Engagement time"][0].value == pytest.approx(100)
    assert measures["Scroll depth"][0].value == pytest.approx(50)
    assert measures["Pages per session"][0].value == pytest.approx(2.5)


def test_the_trend_hatches_the_lost_day_and_marks_the_week(week):
    chart = block(week, "traffic_sessions")
    assert chart.lost == (on(1),)
    assert chart.marked == (WEEK.start, WEEK.end)
    assert [line.label for line in chart.lines] == ["Sessions", "Bot sessions"]
    values = dict(zip(chart.dates, chart.lines[0].values, strict=True))
    assert values[on(1)] is None
    assert values[on(2)] == 90
    assert len(chart.dates) == 35


def test_a_sources_share_is_of_the_sites_sessions_on_the_same_days(week):
    sessions, share, *_ = rows_of(week, "traffic_sources")["google / organic"]
    assert sessions.value == 270
    assert share.value == pytest.approx(50)  # 270 of 540
    assert (share.low, share.high) == (pytest.approx(45.8, abs=0.05), pytest.approx(54.2, abs=0.05))  # Wilson


def test_a_source_that_is_not_told_has_no_name(week):
    assert rows_of(week, "traffic_sources")[None][0].value == 300


def test_what_does_not_change_is_not_called_a_change(week):
    assert any(words.startswith("No change is shown") for words in said(week))
    assert not any(finding.is_change for finding in week.findings)


def test_a_rise_by_half_is_named_with_its_interval():
    with warehouse() as con:
        for i in range(-28, 7):
            site_day(con, on(i), sessions=wiggle(i, 600 if i < 0 else 900), bot_sessions=50, visitors=600)
        section = traffic(facts_of(con))
    first = section.findings[0]
    assert first.is_change
    change = first.sentence.values["four_weeks"]
    assert change.value == pytest.approx(1.5, rel=0.02)
    assert change.low < 1.5 < change.high


def test_where_nothing_is_known_of_the_weeks_before_it_says_that():
    with warehouse() as con:
        for i in range(7):
            site_day(con, on(i), sessions=100, bot_sessions=5)
        section = traffic(facts_of(con))
    assert "too few to say" in said(section)[0]
    assert "too little is known of the weeks before" in said(section)[1]


def test_days_far_above_their_weekdays_are_told_where_they_are_two_or_more():
    def section_with(busy: tuple[int, ...]):
        with warehouse() as con:
            for i in range(-70, 7):
                sessions = wiggle(i, 500) * (3 if i in busy else 1)
                site_day(con, on(i), sessions=sessions, bot_sessions=20)
            return traffic(facts_of(con))

    told = finding_about(section_with((2, 3)), "more than usual")
    assert told.sentence.values["days"] == "Wed 7 Oct, Thu 8 Oct"
    assert not any("than usual" in words for words in said(section_with((2,))))
