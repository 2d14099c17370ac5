"""The section on frustration, and devices side by side: what stands out is named with its numbers, the rest is not."""

from datetime import date, timedelta

import pytest

from clarity_assets.reports.document import Level, Name
from clarity_assets.reports.marts import FRUSTRATION
from clarity_assets.reports.period import Period
from clarity_assets.reports.rendering.numbers import TOO_FEW
from clarity_assets.reports.ux.shared import NO_DIFFERENCE
from clarity_assets.statistics.intervals import wilson
from clarity_assets_tests.unit.reports.ux_shop import (
    CHECKOUT,
    FIRST,
    LAMP,
    MONDAY,
    OAK,
    PAGES,
    WEEK,
    block,
    broken_checkout,
    notes,
    of_broken_checkout,
    sections_of,
    shop,
    told,
)


@pytest.fixture(scope="module")
def broken():
    """The UX sections of a week in which the checkout is broken on Mobile, as it was before."""
    with shop(of_page=broken_checkout, of_device=of_broken_checkout) as con:
        yield sections_of(con)


# --- a page that stands out ---------------------------------------------------------------------------------------


def test_the_page_and_device_that_stand_out_come_first_with_sessions_and_ratio(broken):
    first = broken["frustration"].findings[0]
    ratio = first.sentence.values["ratio"]
    assert ratio.value == pytest.approx(10.0)
    assert 6 < ratio.low < 8 < 12 < ratio.high < 16
    assert told((first,))[0].startswith(
        "HIGH: On shop.example/checkout, Mobile: 20.0 % of sessions have rage clicks, 10.0 times ("
    )
    assert told((first,))[0].endswith(") as many as on the other pages on the same device (2.0 %).")
    assert (first.sessions.value, first.level) == (140.0, Level.HIGH)
    assert first.where == {"page": CHECKOUT, "device": "Mobile", "signal": "rage_click"}
    assert first.sessions.source.table == FRUSTRATION


def test_a_page_that_stands_out_on_one_device_is_not_told_again_for_all_devices(broken):
    assert len([f for f in broken["frustration"].findings if f.where.get("page") == CHECKOUT]) == 1


def test_the_table_has_clicks_share_and_differences_by_page_and_device(broken):
    table = block(broken["frustration"], "frustration_rage_click_pages")
    page, device, clicks, sessions, share, against, before, four_weeks = table.rows[0]
    limits = wilson(140, 700)
    assert (page, device) == (Name(CHECKOUT, "page"), Name("Mobile", "device"))
    assert (clicks.value, sessions.value, share.value) == (350, 700, pytest.approx(20.0))
    assert (share.low, share.high) == (pytest.approx(100 * limits.low), pytest.approx(100 * limits.high))
    assert against.value == pytest.approx(10.0)
    assert not before.is_named
    assert not four_weeks.is_named
    others = {(row[0].text, row[1].text): row[5] for row in table.rows[1:]}
    assert others[CHECKOUT, "PC"] == NO_DIFFERENCE
    assert others[LAMP, "Mobile"].value == pytest.approx(2 / 11)  # fewer than the others, since the checkout is one
    assert len(table.rows) == 6


def test_the_chart_stacks_devices_of_each_page_and_says_the_most(broken):
    chart = block(broken["frustration"], "frustration_rage_click_chart")
    assert chart.is_stacked
    assert [(bar.label.text, bar.group, bar.value) for bar in chart.bars[:2]] == [
        (CHECKOUT, "Mobile", 350.0), (CHECKOUT, "PC", 28.0),
    ]  # fmt: skip
    assert chart.summary == "shop.example/checkout has most: 378 rage clicks, 350 of them on Mobile."


def test_the_heat_table_has_the_share_of_each_signal_most_affected_page_first(broken):
    chart = block(broken["frustration"], "frustration_heat")
    assert chart.rows[0] == Name(CHECKOUT, "page")
    assert len(chart.rows) == 3
    assert chart.values[0] == (pytest.approx(11.0), 0, 0, 0, 0, 0)  # 22 of 200 a day
    assert chart.values[1] == (pytest.approx(2.0), 0, 0, 0, 0, 0)
    assert chart.summary.endswith("The highest: rage clicks on shop.example/checkout, 11.0 % of sessions.")


def test_devices_side_by_side_say_the_difference_and_the_page_that_most_of_it_is_on(broken):
    [first, *_] = broken["cross_device"].findings
    assert first.sentence.values["ratio"].value == pytest.approx(4.0)  # 12 % against 3 %
    assert told((first,))[0].startswith("-: On Mobile: 12.0 % of sessions have rage clicks, 4.0 times (")
    assert told((first,))[0].endswith(
        ") as many as on the other devices (3.0 %). Most of it is on shop.example/checkout."
    )
    assert first.sessions.value == 168
    chart = block(broken["cross_device"], "cross_device_weeks")
    assert [line.label for line in chart.lines] == ["Mobile", "PC"]
    assert chart.is_split
    assert chart.lines[0].values == (pytest.approx(12.0),) * 5


def test_a_difference_between_devices_on_all_pages_names_no_page():
    def everywhere(when, page, device):
        return {"rage_click_sessions": 12 if device == "Mobile" else 3, "rage_click_count": 20}

    with shop(of_page=everywhere, of_device=of_broken_checkout) as con:
        [first, *_] = sections_of(con)["cross_device"].findings
    assert "Most of it" not in first.sentence.template
    assert first.level is Level.HIGH  # 168 of 2,800 sessions, at least three of four of them without need


# --- nothing stands out -------------------------------------------------------------------------------------------


def test_where_all_pages_are_alike_nothing_is_claimed():
    def alike(when, page, device):
        return {"rage_click_sessions": 5, "rage_click_count": 9, "dead_click_sessions": 10, "dead_click_count": 12}

    def of_device(when, device):
        return {"rage_click_sessions": 10, "rage_click_count": 18, "total_time_s": 60.0 + when.day % 3}

    with shop(of_page=alike, of_device=of_device) as con:
        sections = sections_of(con)
    assert told(sections["frustration"].findings) == [
        "-: No page has more frustration than the others by more than chance, on any device."
    ]
    assert told(sections["cross_device"].findings) == ["-: No device differs from the others by more than chance."]
    table = block(sections["frustration"], "frustration_rage_click_pages")
    assert {row[5] for row in table.rows} == {NO_DIFFERENCE}


def test_with_too_few_sessions_the_section_says_that_too_little_is_known():
    with shop(of_page=lambda when, page, device: {"sessions": 2, "rage_click_sessions": 1, "rage_click_count": 1},
              first=MONDAY, days=7) as con:  # fmt: skip
        frustration = sections_of(con)["frustration"]
    assert told(frustration.findings) == [
        "-: Too little is known to tell whether a page has more frustration than the others."
    ]
    assert {row[5] for row in block(frustration, "frustration_rage_click_pages").rows} == {TOO_FEW}


# --- changes ------------------------------------------------------------------------------------------------------


def changing(when: date) -> dict:
    """Of 400 sessions a day: quick backs from 40 to 80, excessive scrolls from 80 to 40, dead clicks from 100 to 120."""
    is_week, wave = when >= MONDAY, when.day % 3 - 1
    return {
        "quick_back_sessions": (80 if is_week else 40) + wave,
        "excessive_scroll_sessions": (40 if is_week else 80) + wave,
        "dead_click_sessions": (120 if is_week else 100) + wave,
    }


@pytest.fixture(scope="module")
def changed():
    """A shop of whose sessions more, or fewer, have signals since Monday."""
    with shop(of_site=changing) as con:
        yield con


def change_of(con, signal: str):
    """The finding that tells the change of a signal on the whole site."""
    findings = sections_of(con)["frustration"].findings
    return next(f for f in findings if f.is_change and f.where == {"signal": signal})


def test_a_change_of_the_site_is_told_with_both_levels(changed):
    finding = change_of(changed, "quick_back")
    change = finding.sentence.values["change"]
    assert change.value == pytest.approx(2.0, rel=0.02)
    assert change.is_good is False
    [text] = told((finding,))
    assert text.startswith("HIGH: Whole site: 20.0 % (18.6–21.6) of sessions have quick backs, +")
    assert "against the four weeks before (10.0 % (" in text
    assert finding.sessions.value == 561  # seven days of 80, and 1, -1, 0, 1, -1, 0, 1


def test_a_change_for_the_better_has_no_level_and_comes_behind_those_for_the_worse(changed):
    finding = change_of(changed, "excessive_scroll")
    assert finding.sentence.values["change"].is_good is True
    assert finding.level is None
    changes = [f for f in sections_of(changed)["frustration"].findings if f.is_change]
    assert changes[-1].where == finding.where


def test_a_sure_but_small_change_is_low_even_where_it_touches_many(changed):
    finding = change_of(changed, "dead_click")
    assert finding.sentence.values["change"].low < 1.3
    assert finding.level is Level.LOW


def test_a_week_that_is_not_over_in_the_period_is_no_lost_week(changed):
    days = Period.span(MONDAY, MONDAY + timedelta(days=1))
    chart = block(sections_of(changed, days)["frustration"], "frustration_quick_back_trend")
    assert chart.dates[-1] == MONDAY - timedelta(days=7)
    assert chart.lost == ()


# --- days ---------------------------------------------------------------------------------------------------------


def test_weeks_with_fewer_than_four_known_days_are_unknown_and_hatched():
    monday = MONDAY - timedelta(days=14)
    lost = tuple(monday + timedelta(days=i) for i in range(4)) + tuple(MONDAY + timedelta(days=i) for i in range(3))
    with shop(of_site=changing, lost=lost) as con:
        frustration = sections_of(con)["frustration"]
    chart = block(frustration, "frustration_quick_back_trend")
    [line] = chart.lines
    assert chart.dates == tuple(FIRST + timedelta(days=7 * i) for i in range(5))  # from the first known week on
    assert [value is None for value in line.values] == [False, False, True, False, False]
    assert chart.lost == (monday,)
    assert chart.marked == (WEEK.start, WEEK.end)
    known = [MONDAY + timedelta(days=i) for i in range(3, 7)]
    assert line.values[-1] == pytest.approx(100 * sum(80 + d.day % 3 - 1 for d in known) / 1600)
    assert line.low[-1] < line.values[-1] < line.high[-1]
    assert notes(frustration) == ["Pages are known on 4 days of 7; these numbers are of the known days alone."]


# --- script errors, and a day that was cut ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def failing():
    """Errors on the article and in the browser of PCs; the pages of Monday are a sample."""

    def of_page(when, page, device):
        return {"script_error_sessions": 30 if page == OAK else 2, "script_error_count": 40 if page == OAK else 2}

    def of_device(when, device):
        return {"script_error_sessions": 60 if device == "PC" else 4, "script_error_count": 80 if device == "PC" else 4}

    with shop(of_page=of_page, of_device=of_device, cut=(MONDAY,)) as con:
        yield sections_of(con)["frustration"]


def test_script_errors_are_told_by_page_and_by_browser(failing):
    pages = block(failing, "frustration_script_error_pages")
    assert (pages.rows[0][0].text, pages.rows[0][1].value) == (OAK, 560)
    assert pages.rows[0][4].value == pytest.approx(15.0)
    assert len(pages.rows) == len(PAGES)
    browsers = block(failing, "frustration_script_error_browsers")
    assert [(row[0].text, row[1].value, row[3].value) for row in browsers.rows] == [
        ("PCBrowser", 560, pytest.approx(30.0)), ("MobileBrowser", 28, pytest.approx(2.0)),
    ]  # fmt: skip
    [text] = [text for text in told(failing.findings) if "PCBrowser" in text]
    assert text.startswith("HIGH: In PCBrowser: 30.0 % of sessions have script errors, 15.0 times (")
    assert text.endswith(") as many as in the other browsers (2.0 %).")


def test_pages_of_a_day_that_was_cut_are_called_a_sample(failing):
    assert notes(failing) == [
        "Pages of Mon 5 Oct are a sample, since the answer was cut at 1,000 rows; they are not compared."
    ]
    errors = block(failing, "frustration_script_error_pages").rows[0][1]
    assert errors.is_sample
    assert errors.day_count == 7
