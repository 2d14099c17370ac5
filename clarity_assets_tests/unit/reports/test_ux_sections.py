"""Usability and engagement, and all four UX sections where little or nothing is known, or names are hostile."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from clarity_assets.errors import RequestRefused
from clarity_assets.reports.document import BarChart, Level, Name, Report, Section, Sentence, Table, TrendChart
from clarity_assets.reports.figures import ChangeFigure, Figure, Source
from clarity_assets.reports.marts import FRUSTRATION, PAGE, SITE
from clarity_assets.reports.period import Period
from clarity_assets.reports.rendering.as_json import render_json
from clarity_assets.reports.rendering.markdown import render_markdown
from clarity_assets.reports.rendering.text import render_text
from clarity_assets.reports.ux import ux_sections
from clarity_assets.statistics.intervals import weighted_mean_interval
from clarity_assets_tests.sql.by_hand import build, day, landed, warehouse
from clarity_assets_tests.unit.reports.ux_shop import (
    CHECKOUT,
    LAMP,
    MADE_AT,
    MONDAY,
    OAK,
    WEEK,
    block,
    facts_of,
    notes,
    sections_of,
    shop,
    told,
)

NASTY = (
    "shop.example/<script>alert(1)</script>",
    "shop.example/" + "a" * 2000,
    "shop.example/سلة/🛒\u202egnp",
    "shop.example/{own}{0}",
    None,
)
LOST = MONDAY + timedelta(days=2)
SECONDS = {CHECKOUT: 30.0, LAMP: 60.0, OAK: 90.0}
DEPTH = {CHECKOUT: 60.0, LAMP: 60.0, OAK: 20.0}


def wave(when) -> int:
    return when.day % 3 - 1


def reading(when, page, device) -> dict:
    """30, 60 and 90 s on the three pages, one more or less by day; the article is scrolled to 20 %, others to 60 %."""
    return {
        "total_time_s": SECONDS[page] + wave(when), "active_time_s": SECONDS[page] / 2,
        "scroll_depth_pct": DEPTH[page] + wave(when),
    }  # fmt: skip


def slower(when) -> dict:
    """100 s a session before the week, 80 s in it; 40 s of it active."""
    return {
        "total_time_s": (80.0 if when >= MONDAY else 100.0) + wave(when), "active_time_s": 40.0,
        "scroll_depth_pct": 50.0 + wave(when), "pages_per_session": 2.0, "script_error_sessions": 12,
        "script_error_count": 20,
    }  # fmt: skip


def by_device(when, device) -> dict:
    return {"total_time_s": (50.0 if device == "Mobile" else 120.0) + wave(when), "scroll_depth_pct": 50.0 + wave(when)}


@pytest.fixture(scope="module")
def con():
    """Five weeks; the Wednesday of the last one is lost."""
    with shop(of_page=reading, of_site=slower, of_device=by_device, lost=(LOST,)) as con:
        yield con


@pytest.fixture(scope="module")
def read(con):
    return sections_of(con)


# --- usability ----------------------------------------------------------------------------------------------------


def test_a_page_that_is_scrolled_far_less_is_found(read):
    [finding] = [f for f in read["usability"].findings if f.what == "scroll_depth_pct" and f.where == {"page": OAK}]
    assert finding.sentence.values["ratio"].value == pytest.approx(1 / 3, rel=0.02)
    assert told((finding,))[0].startswith(f"MEDIUM: On {OAK}: scroll depth is ")
    assert " as deep as on the other pages (" in told((finding,))[0]
    assert finding.sessions.value == 1200  # six known days of 200


def test_pages_with_most_and_least_time_are_told_without_a_level_for_the_longest(read):
    found = {f.where["page"]: f for f in read["usability"].findings if f.what == "total_time_s"}
    assert set(found) == {OAK, CHECKOUT}
    assert found[OAK].level is None
    assert found[OAK].sentence.values["ratio"].value == pytest.approx(2.0, rel=0.05)  # 90 s against 45 s


def test_both_ends_of_engagement_time_have_their_interval_from_days(read):
    usability = read["usability"]
    longest, shortest = (block(usability, f"usability_{name}") for name in ("longest", "shortest"))
    assert [row[0].text for row in longest.rows] == [OAK, LAMP]
    assert [row[0].text for row in shortest.rows] == [CHECKOUT]
    days = [30.0 + wave(when) for when in WEEK.dates if when != LOST]
    limits = weighted_mean_interval(days, [200] * 6)
    time = shortest.rows[0][2]
    assert (time.value, time.low, time.high) == pytest.approx((sum(days) / 6, limits.low, limits.high))
    chart = block(usability, "usability_time")
    assert [bar.label.text for bar in chart.bars] == [OAK, LAMP, CHECKOUT]
    assert chart.bars[2].low == time.low
    assert chart.summary.startswith(f"Longest on {OAK}, 90 s a session; shortest on {CHECKOUT}, 30 s.")


def test_errors_of_the_site_have_counts_share_and_change(read):
    table = block(read["usability"], "usability_errors")
    signal, count, affected, share, before, four_weeks = table.rows[0]
    assert (signal, count.value, affected.value, share.value) == ("Script errors", 120, 72, pytest.approx(3.0))
    assert (before.is_named, four_weeks.is_named) == (False, False)


def test_pages_with_few_sessions_are_not_held_against_one_another():
    with shop(of_page=lambda when, page, device: {"sessions": 5, "total_time_s": 10.0}, first=MONDAY, days=7) as con:
        usability = sections_of(con)["usability"]
    assert not [one for one in usability.blocks if one.name in ("usability_longest", "usability_time")]
    assert notes(usability) == ["No page has 100 sessions: too few to hold the means of pages side by side."]


# --- engagement ---------------------------------------------------------------------------------------------------


def test_engagement_begins_with_the_level_and_goes_on_with_the_change(read):
    level, change, *_ = told(read["engagement"].findings)
    assert level.startswith("-: A session lasts 80 s (79–81) on average, 40 s (40–40) of it active")
    assert change.startswith("LOW: Whole site: engagement time is 80 s (79–81) on average, −20 % (")
    assert change.endswith("against the four weeks before (100 s (100–100)).")


def test_engagement_by_content_type_is_of_all_its_pages(read):
    table = block(read["engagement"], "engagement_content_types")
    rows = {row[0].text: row for row in table.rows}
    assert set(rows) == {"checkout", "product", "article"}
    assert (rows["article"][1].value, rows["article"][2].value) == (1200, pytest.approx(90, abs=0.5))
    assert rows["article"][1].source.where == (("content_type", "article"),)
    assert rows["article"][1].source.table == PAGE


def test_a_trend_hatches_the_lost_day_and_marks_the_period(read):
    chart = block(read["engagement"], "engagement_trend")
    assert (len(chart.dates), chart.lost, chart.marked) == (35, (LOST,), (WEEK.start, WEEK.end))
    place = chart.dates.index(LOST)
    assert [line.values[place] for line in chart.lines] == [None, None]
    assert chart.lines[0].values[-1] == pytest.approx(80 + wave(WEEK.last))
    assert chart.summary.startswith("On 34 known of 35 days: Engagement time 79 to 101 s; Active time 40 to 40 s")


def test_engagement_is_drawn_small_for_each_device(read):
    chart = block(read["engagement"], "engagement_device_trend")
    assert chart.is_split
    assert [line.label for line in chart.lines] == ["Mobile", "PC"]


def test_each_measure_of_the_site_is_compared_with_both_baselines(read):
    rows = {row[0]: row for row in block(read["engagement"], "engagement_site").rows}
    assert {"Engagement time", "Active time", "Pages per session", "Scroll depth"} <= set(rows)
    assert all(isinstance(cell, ChangeFigure) for row in rows.values() for cell in row[3:])


def test_content_type_is_a_column_of_pages_alone(con):
    marts = facts_of(con).marts
    [article] = marts.totals(PAGE, ["sessions"], where={"content_type": "article"})
    assert article["sessions"].value == 1200
    by_signal = marts.totals(FRUSTRATION, ["sessions"], by=("content_type",), where={"signal": "rage_click"})
    assert {line.keys["content_type"]: line["sessions"].value for line in by_signal} == {
        "checkout": 1200, "product": 1200, "article": 1200,
    }  # fmt: skip
    with pytest.raises(RequestRefused, match="content_type"):
        marts.totals(SITE, ["sessions"], by=("content_type",))


# --- devices ------------------------------------------------------------------------------------------------------


def test_devices_differ_in_time_too(read):
    [finding] = read["cross_device"].findings
    assert finding.sentence.values["ratio"].value == pytest.approx(50 / 120, rel=0.01)
    assert told((finding,))[0].startswith("MEDIUM: On Mobile: engagement time is 50 s")
    rows = {row[0]: row[1:] for row in block(read["cross_device"], "cross_device_measures").rows}
    assert [round(figure.value) for figure in rows["Engagement time"]] == [50, 120]
    assert [figure.value for figure in rows["Sessions"]] == [1200, 1200]
    assert [figure.value for figure in rows["Share of sessions"]] == [50.0, 50.0]


def test_a_site_with_one_device_has_nothing_to_compare_it_with():
    with shop(devices=("PC",), first=MONDAY, days=7) as con:
        device = sections_of(con)["cross_device"]
    assert told(device.findings) == ["-: All sessions are on PC; there is no other device to compare it with."]


# --- little or nothing is known -----------------------------------------------------------------------------------


def test_a_fresh_project_says_in_every_section_what_is_missing_and_how_it_is_filled():
    with warehouse() as con:
        build(con, MONDAY, MONDAY + timedelta(days=7))
        sections = sections_of(con)
    assert list(sections) == ["frustration", "usability", "engagement", "cross_device"]
    for section in sections.values():
        assert section.blocks == ()
        [note] = notes(section)
        assert "not known on any day of this week" in note
        assert "clarity-assets collect" in note
        assert section.cannot_tell
    render(sections.values())


def test_a_site_that_only_bots_visit_has_no_shares_and_claims_nothing():
    bots = {"sessions": 0, "bot_sessions": 50}
    with shop(of_page=lambda *of: bots, of_device=lambda *of: bots, of_site=lambda when: bots) as con:
        sections = sections_of(con)
    assert not [f for section in sections.values() for f in section.findings if f.level or f.is_change]
    assert notes(sections["engagement"]) == ["No sessions without bots are known of this week."]
    assert notes(sections["cross_device"]) == ["No sessions without bots are known of this week."]
    share = block(sections["frustration"], "frustration_site").rows[0][3]
    assert (share.value, share.low) == (None, None)
    render(sections.values())


def test_a_single_day_and_a_week_without_any_known_day_are_whole_reports(con):
    for period in (Period.span(MONDAY, MONDAY), Period.span(LOST, LOST)):
        sections = sections_of(con, period)
        assert all(section.findings or section.notes for section in sections.values())
        render(sections.values(), period)
    single = sections_of(con, Period.span(MONDAY, MONDAY))["engagement"]
    assert told(single.findings)[0].startswith("-: A session lasts 81 s on average, 40 s")  # one day has no interval


def test_days_whose_answers_lack_a_metric_are_unknown_and_not_zero():
    with warehouse() as con:
        for when in WEEK.dates:
            for request in ("base", "url_device", "device", "browser_device"):
                day(con, when, request=request)
            landed(con, "clarity_base", when, sessions=400, bot_sessions=0, rage_click_sessions=None,
                   rage_click_count=None)  # fmt: skip
        build(con, MONDAY, WEEK.end)
        rows = block(sections_of(con)["frustration"], "frustration_site").rows
    assert [rows[0][i].value for i in (1, 2, 3)] == [None, None, None]
    assert [rows[1][i].value for i in (1, 2, 3)] == [0, 0, 0]


# --- hostile names, and what every section keeps to ---------------------------------------------------------------


@pytest.fixture(scope="module")
def nasty():
    """A shop whose pages have names that nobody would choose; the first is broken on Mobile."""

    def of_page(when, page, device):
        many = page in (NASTY[0], NASTY[3]) and device == "Mobile"
        return {"rage_click_sessions": 40 if many else 2, "rage_click_count": 50 if many else 3, "total_time_s": 9.0}

    with shop(of_page=of_page, of_site=slower, pages=NASTY, first=MONDAY - timedelta(days=7), days=14) as con:
        yield ux_sections(facts_of(con))


def test_names_from_outside_stand_apart_from_words(nasty):
    [first, *_] = nasty[0].findings
    assert first.sentence.values["page"].text in (NASTY[0], NASTY[3])
    for sentence in _all_of(nasty, Sentence):
        assert "script>" not in sentence.template
        assert "{0}" not in sentence.template
    tables = list(_all_of(nasty, Table))
    assert {cell.text for table in tables for row in table.rows for cell in row if isinstance(cell, Name)} >= set(NASTY)
    text = render(nasty)
    assert "\u202e" not in text
    assert "a" * 200 not in text


def test_names_of_blocks_are_unique_and_begin_with_their_section(nasty, read):
    for sections in (nasty, tuple(read.values())):
        names = [(section.name, one.name) for section in sections for one in section.blocks]
        assert len({name for _, name in names}) == len(names)
        assert all(name.startswith(f"{section}_") for section, name in names)


def test_every_number_of_a_sentence_or_table_can_be_traced(nasty, read):
    for sections in (nasty, tuple(read.values())):
        loose = [figure for figure in _all_of(sections, Figure) if figure.source is None and figure.value is not None]
        assert loose == []
        assert all(
            isinstance(figure.source, Source) for figure in _all_of(sections, Figure) if figure.value is not None
        )


def test_every_section_has_a_chart_and_no_more_than_five_findings(read):
    for section in read.values():
        assert any(isinstance(one, (BarChart, TrendChart)) for one in section.blocks)
        assert 1 <= len(section.findings) <= 5
        assert all(len(one.columns) <= 8 for one in section.blocks if isinstance(one, Table))
        assert all(len(row) == len(one.columns) for one in section.blocks if isinstance(one, Table) for row in one.rows)


def test_levels_are_for_what_is_worse_alone(read):
    levels = {(f.what, f.level) for section in read.values() for f in section.findings if f.level}
    assert ("scroll_depth_pct", Level.MEDIUM) in levels
    assert Level.HIGH not in {level for _, level in levels}  # means are MEDIUM at most


def render(sections, period: Period = WEEK) -> str:
    """The sections as text, after the other renderings went through too."""
    report = Report("ux", "UX report", "shop", period, MADE_AT, (), (), tuple(sections))
    render_json(report)
    render_markdown(report)
    return render_text(report)


def _all_of(thing: object, kind: type) -> Iterator:
    """Every object of a kind in sections, findings, tables and charts."""
    if isinstance(thing, kind):
        yield thing
    if isinstance(thing, dict):
        thing = tuple(thing.values())
    if isinstance(thing, tuple):
        for one in thing:
            yield from _all_of(one, kind)
    elif isinstance(thing, Section) or hasattr(thing, "__dataclass_fields__"):
        for name in thing.__dataclass_fields__:
            yield from _all_of(getattr(thing, name), kind)
