"""Reports in; plain text out: 100 columns, no control characters, everything told that fits."""

from dataclasses import replace
from datetime import timedelta

import pytest
from rich.cells import cell_len

from clarity_assets.reports.document import (
    Bar,
    BarChart,
    BubbleChart,
    Column,
    DayState,
    HeatChart,
    Line,
    Name,
    Section,
    Table,
    TrendChart,
)
from clarity_assets.reports.figures import Figure
from clarity_assets.reports.rendering.text import render_text
from clarity_assets.reports.rendering.text_blocks import chart_lines, fitted, table_lines, wrapped
from clarity_assets_tests.fixtures.reports import NASTY, WEEK, by_hand

AWKWARD = (*NASTY, "日本語の名前/" * 40, "\ud800", "a\x1b[31mb\nc", "👩‍👧" * 80, "")
DATES = tuple(WEEK.start + timedelta(days=i) for i in range(5))


@pytest.fixture(scope="module")
def text() -> str:
    return render_text(by_hand())


def trend(*lines: Line, dates=DATES, lost=()) -> TrendChart:
    return TrendChart("t", "Sessions", "A summary.", "sessions", dates, lines, lost)


@pytest.mark.parametrize("pages", [NASTY, AWKWARD, ()])
def test_every_line_has_at_most_100_columns_and_no_control_character(pages):
    for line in render_text(by_hand(pages or ("one",))).splitlines():
        assert cell_len(line) <= 100
        assert all(c.isprintable() or c == "\u200d" for c in line)
        assert line == line.rstrip()


def test_it_ends_with_one_newline(text):
    assert text.endswith("/dashboard\n")


def test_the_head_says_what_of_whom_and_when(text):
    assert text.splitlines()[0] == "UX report · Mon 5 Oct – Sun 11 Oct 2026 (UTC) · project demo"
    assert "Made 2026-10-12 08:00 UTC." in text


def test_days_are_a_sign_each_with_a_legend_and_their_gaps(text):
    lines = text.splitlines()
    assert lines[2] == "Days  ██×▓███"
    assert lines[3] == "      █ measured  ▓ derived  × lost  (a sign a day)"
    assert lines[4] == "      6 of 7 days are known: 5 measured, 1 derived, 1 lost."
    assert lines[5] == "      Wed 7 Oct: lost: 500 on every call <b>"


def test_weeks_of_a_month_stand_apart_and_a_year_is_wrapped():
    days = tuple(DayState(WEEK.start + timedelta(days=i - 2), "measured") for i in range(365))
    lines = render_text(replace(by_hand(), days=days)).splitlines()
    assert lines[2].startswith("Days  ██ ███████ ███████ ")
    assert sum(line.count("█") for line in lines[2:8]) == 365 + 1  # and the legend


def test_findings_stand_with_level_intervals_and_what_they_are_about(text):
    assert "  HIGH    Mobile sessions meet 1.9 times (1.6–2.3) as many rage clicks, most of them on\n" in text
    assert "          shop.example/checkout. [2,400 sessions]\n" in text


def test_a_long_table_is_left_out_and_said_where_it_is(text):
    assert "  Every page: 24 rows, in the report as HTML and as JSON.\n" in text


def test_an_empty_table_says_so_and_keeps_its_note(text):
    assert "  Campaigns\n  (no rows)\n  No campaign was told.\n" in text


def test_what_clarity_cannot_tell_is_said(text):
    assert "  What Clarity cannot tell here\n  - Which element was clicked: Clarity's export does not tell it" in text


def test_a_sample_is_marked_and_the_mark_explained(text):
    assert "7.4 % † (6.7–8.3)" in text
    assert "† of a sample: answers of some days were cut at 1,000 rows" in text
    assert "†" not in render_text(by_hand(("a",)))


def test_numbers_stand_under_one_another():
    rows = ((Name("a"), Figure(5, "x")), (Name("b"), Figure(1234, "x", low=1000, high=1500)))
    assert table_lines(Table("t", "T", (Column("Page"), Column("Rage clicks", True)), rows)) == [
        "T",
        "Page          Rage clicks",
        "────  ───────────────────",
        "a         5",
        "b     1,234 (1,000–1,500)",
    ]


def test_columns_that_do_not_fit_follow_below_with_the_first_again():
    columns = (Column("Page"), *(Column(f"Number{i}", True) for i in range(14)))
    rows = ((Name("shop/" + "x" * 50), *(Figure(10_000 + i, "x") for i in range(14))),)
    lines = table_lines(Table("t", "T", columns, rows))
    told = " ".join(lines)
    assert all(cell_len(line) <= 98 for line in lines)
    assert all(f"Number{i}" in told and f"10,{i:03}" in told for i in range(14))
    assert sum(line.startswith("Page") for line in lines) == 2
    assert sum(line.startswith("shop/") for line in lines) == 2


def test_a_table_whose_words_are_all_too_wide_still_fits():
    columns = (Column("x" * 150), Column("y" * 150, True))
    lines = table_lines(Table("t", "T", columns, ((Name("a"), Figure(1, "x")),)))
    assert all(cell_len(line) <= 98 for line in lines)


def test_a_trend_is_a_line_of_signs_with_lost_days_crossed():
    lines = chart_lines(trend(Line("Mobile", (0.0, 50.0, None, None, 100.0)), lost=(DATES[2],)))
    assert lines[2] == "Mobile  ▁▅× █  0 to 100"
    assert lines[3] == "(sessions; Mon 5 Oct – Fri 9 Oct 2026, × lost)"


def test_a_forecast_has_no_lost_days():
    lines = chart_lines(trend(Line("Ahead", (None, None, None, 5.0, 5.0), is_forecast=True), lost=(DATES[0],)))
    assert lines[2] == "Ahead     ██  5"


def test_a_trend_of_three_years_fits_with_days_put_together():
    dates = tuple(WEEK.start + timedelta(days=i) for i in range(1095))
    lines = chart_lines(trend(Line("Sessions", tuple(float(i) for i in range(1095))), dates=dates))
    assert cell_len(lines[2]) <= 98
    assert "18 of them a sign" in lines[3]  # 98 - 8 - 26 = 64 signs: 1095 / 64 = 17.1


@pytest.mark.parametrize(
    ("chart", "said"),
    [
        (trend(Line("a", (None,) * 5)), "(nothing is known)"),
        (trend(), "(nothing is known)"),
        (trend(Line("a", (0.0,) * 5)), "a  ▁▁▁▁▁  0"),
        (BarChart("b", "B", "", "x", ()), "(no bars)"),
        (BarChart("b", "B", "", "x", (Bar("a", 0.0),)), "a  0  ▏"),
        (HeatChart("h", "H", "", "%", (), ("A",), ()), "(no rows)"),
        (BubbleChart("p", "P", "", "x", "y", "z", ()), "(no points)"),
    ],
)
def test_a_chart_of_nothing_is_told(chart, said):
    assert said in chart_lines(chart)


def test_bars_beyond_what_is_shown_are_counted():
    chart = BarChart("b", "B", "", "x", tuple(Bar(Name(f"page {i}"), 30.0 - i) for i in range(30)))
    assert chart_lines(chart)[-1] == "(x; 6 more bars are in the report as HTML)"


def test_a_report_of_nothing_is_a_head_and_a_foot():
    report = replace(by_hand(), days=(), lead=(), sections=(), dashboard_url="")
    assert render_text(report).splitlines()[1:] == ["═" * 100, "", "Made 2026-10-12 08:00 UTC."]


def test_an_empty_section_is_its_title():
    report = replace(by_hand(), sections=(Section("s", "Nothing here"),))
    assert "\nNothing here\n────" in render_text(report)


def test_wide_letters_count_as_two_columns():
    assert wrapped("日本 日本", width=5) == ["日本", "日本"]
    assert wrapped("日本語日本語", indent="- ", width=7) == ["- 日本", "  語日", "  本語"]
    assert fitted("日本語日本語日本語", 9) == "日本…本語"
