"""Charts in, SVG out: what is drawn, what is not, and that no name of a page can be more than text."""

import re
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from clarity_assets.reports.document import (
    Bar,
    BarChart,
    BubbleChart,
    Chart,
    HeatChart,
    Line,
    Name,
    Point,
    Section,
    TrendChart,
)
from clarity_assets.reports.rendering.charts import PRINT, SCREEN, chart_note, chart_rows, chart_svg, has_values
from clarity_assets.reports.rendering.charts.lettering import fitted, text_px
from clarity_assets.reports.rendering.charts.palette import DARK, HEAT_STEPS, LIGHT, SERIES
from clarity_assets.reports.rendering.charts.scales import round_ticks, tick_text
from clarity_assets_tests.fixtures.reports import by_hand, source

SVG = "{http://www.w3.org/2000/svg}"
EVIL = "\"><script>alert(1)</script>'&#x3c;"
MONDAY = date(2026, 9, 7)


def charts_of(sections: tuple[Section, ...]) -> dict[str, Chart]:
    return {block.name: block for section in sections for block in section.blocks if hasattr(block, "summary")}


CHARTS = charts_of(by_hand().sections)


def svg(chart: Chart, *, width_px: int = 900, palette=PRINT) -> ElementTree.Element:
    return ElementTree.fromstring(chart_svg(chart, width_px=width_px, prefix="c", palette=palette))


def tips(root: ElementTree.Element) -> list[str]:
    return [element.get("data-tip") for element in root.iter() if element.get("data-tip")]


def words(root: ElementTree.Element) -> list[str]:
    return [element.text for element in root.iter(f"{SVG}text")]


def trend(*values: float | None, **more) -> TrendChart:
    days = tuple(MONDAY + timedelta(days=i) for i in range(len(values)))
    return replace(TrendChart("t", "Sessions", "As told.", "sessions", days, (Line("Sessions", values),)), **more)


def lines_of(root: ElementTree.Element) -> list[str]:
    """The paths of lines: a stroke of 2 px, without a tip."""
    return [e.get("d") for e in root.iter(f"{SVG}path") if e.get("stroke-width") == "2" and not e.get("data-tip")]


# --- every chart --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width_px", [900, 340])
@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_one_named_image_of_the_width_asked_for(name, width_px):
    root = svg(CHARTS[name], width_px=width_px)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    assert CHARTS[name].summary in root.get("aria-label")
    assert root.get("width") == f"{width_px}"
    assert tips(root)


@pytest.mark.parametrize("width_px", [900, 340])
@pytest.mark.parametrize("name", CHARTS)
def test_no_word_stands_outside_of_its_chart(name, width_px):
    root = svg(CHARTS[name], width_px=width_px)
    for x, y, anchor, text in _places(root):
        left = x - {"start": 0, "middle": 0.5, "end": 1}[anchor] * text_px(text)
        assert left >= -2
        assert left + text_px(text) <= width_px + 2, text
        assert 0 <= y <= float(root.get("height"))


def _places(element, x=0.0, y=0.0):
    """Every text with its place, groups' shifts added up."""
    dx, dy = (float(n) for n in re.findall(r"-?[\d.]+", element.get("transform", "translate(0,0)"))[:2])
    if element.tag == f"{SVG}text":
        yield x + dx, y + dy, element.get("text-anchor", "start"), element.text
    if element.tag not in (f"{SVG}defs", f"{SVG}pattern"):
        for child in element:
            yield from _places(child, x + dx, y + dy)


@pytest.mark.parametrize("name", CHARTS)
def test_on_screen_every_colour_is_a_variable_and_in_print_a_literal(name):
    for palette, form in ((SCREEN, r"var\(--[a-z0-9-]+\)"), (PRINT, "#[0-9a-f]{6}")):
        root = svg(CHARTS[name], palette=palette)
        colours = {element.get(key) for element in root.iter() for key in ("fill", "stroke")} - {None, "none"}
        patterns = {colour for colour in colours if colour.startswith("url(")}
        assert all(re.fullmatch(form, colour) for colour in colours - patterns)
        drawn = {f"url(#{element.get('id')})" for element in root.iter(f"{SVG}pattern")}
        assert patterns == drawn
    assert not re.search("#0000[0-9a-f]{2}|#0001f", chart_svg(CHARTS[name], width_px=900, prefix="c", palette=PRINT))


def test_a_name_from_outside_is_text_and_never_markup():
    name = Name(EVIL, "page")
    for chart in (
        BarChart("b", EVIL, EVIL, EVIL, (Bar(name, 3, EVIL), Bar(name, 2, "other"))),
        HeatChart("h", EVIL, EVIL, EVIL, (name,), (EVIL,), ((3.0,),)),
        BubbleChart("u", EVIL, EVIL, EVIL, EVIL, EVIL, (Point(name, 1, 2, 3),)),
        trend(1, 2, title=EVIL, summary=EVIL, unit=EVIL, lines=(Line(EVIL, (1, 2)), Line("x", (2, 3)))),
    ):
        text = chart_svg(chart, width_px=900, prefix="c", palette=SCREEN)
        assert "<script" not in text
        assert ElementTree.fromstring(text).find(f".//{SVG}script") is None
        assert any("<script>" in said for said in [*tips(svg(chart)), *words(svg(chart))])


@pytest.mark.parametrize("text", ["a" * 2000, "\x00\x1b[31m\u202e", "\ud800", "\ufffe\uffff", "سلة/🛒", "", None])
def test_an_awkward_name_is_drawn_short_and_well_formed(text):
    root = svg(BarChart("b", "Pages", "All.", "clicks", (Bar(Name(text, "page"), 3),)))
    assert len(words(root)[-1]) <= 40
    assert "\u202e" not in "".join(words(root))


def test_two_names_that_look_alike_when_shortened_keep_their_own_bars():
    bars = tuple(Bar(Name("x" * 500 + end + "y" * 500, "page"), value) for end, value in (("a", 3), ("b", 2)))
    assert len(tips(svg(BarChart("b", "Pages", "All.", "clicks", bars)))) == 2


def test_a_chart_that_knows_nothing_is_not_drawn():
    for chart in (
        trend(None, None),
        trend(),
        BarChart("b", "B", "None.", "x", ()),
        HeatChart("h", "H", "None.", "x", (Name("a"),), ("c",), ((None,),)),
        HeatChart("h", "H", "None.", "x", (), (), ()),
        BubbleChart("u", "U", "None.", "x", "y", "z", ()),
    ):
        assert not has_values(chart)
        assert chart_svg(chart, width_px=900, prefix="c", palette=SCREEN) == ""


# --- trends -------------------------------------------------------------------------------------------------------


def test_a_line_never_crosses_an_unknown_day():
    runs = lines_of(svg(trend(1, 2, None, 4, 5, 6, None, 7)))
    assert [len(re.findall("[ML]", run)) for run in runs] == [2, 3, 1]  # a run of one day is a dot


def test_a_known_day_alone_among_unknown_ones_is_a_point():
    assert tips(svg(trend(None, 5, None))) == ["Tue 8 Sep: 5 sessions"]


def test_lost_days_are_hatched_and_tell_it():
    root = svg(trend(1, None, 3, lost=(MONDAY + timedelta(days=1), MONDAY + timedelta(days=99))))
    assert [e.get("data-tip") for e in root.iter() if e.get("fill") == "url(#c-lost)"] == ["Tue 8 Sep: lost"]


def test_weeks_are_called_weeks():
    weeks = trend(1, 2, dates=(MONDAY, MONDAY + timedelta(days=7)), lost=(MONDAY,))
    assert "week of Mon 14 Sep: 2 sessions" in tips(svg(weeks))
    assert chart_note(weeks) == "Hatched: lost weeks."


def test_a_forecast_is_dashed_and_has_a_band():
    root = svg(CHARTS["forecast"])
    assert "3,3" in {e.get("stroke-dasharray") for e in root.iter(f"{SVG}path")}
    assert "Forecast, Mon 12 Oct: 900 sessions (700–1,150)" in tips(root)
    assert {"Sessions", "Forecast"} <= set(words(root))


def test_split_pictures_have_one_scale_and_a_title_each():
    said = words(svg(CHARTS["device_trend"]))
    assert [said.count(title) for title in ("Mobile", "PC", "Tablet")] == [1, 1, 1]
    assert said.count("15") == 3


@pytest.mark.parametrize("count", [1, 2, 7, 35, 120, 400, 1100])
@pytest.mark.parametrize("width_px", [900, 340])
def test_dates_never_cover_each_other(count, width_px):
    root = svg(trend(*range(count)), width_px=width_px)
    said = [(x, text) for x, _, _, text in _places(root) if re.match(r"\d+ [A-Z]|[A-Z][a-z]{2}($| \d{4})", text)]
    assert said
    for (x, text), (following, other) in pairwise(said):
        assert x + text_px(text) / 2 < following - text_px(other) / 2


# --- bars, heat, bubbles ------------------------------------------------------------------------------------------


def test_stacked_bars_end_in_their_sum():
    bars = (Bar("a", 3, "Mobile"), Bar("a", 4, "PC"), Bar("b", 1, "PC"))
    root = svg(BarChart("b", "B", "All.", "clicks", bars, is_stacked=True))
    assert [text for text in words(root) if text.isdigit()] == ["7", "1"]
    assert tips(root) == ["a, Mobile: 3 clicks", "a, PC: 4 clicks", "b, PC: 1 click"]


@pytest.mark.parametrize("width_px", [900, 340])
def test_bars_beside_each_other_have_each_their_number(width_px):
    bars = (Bar("a", 3, "Mobile"), Bar("a", 4, "PC"), Bar("b", 1, "PC"))
    root = svg(BarChart("b", "B", "All.", "clicks", bars), width_px=width_px)
    assert sorted(text for text in words(root) if text.isdigit()) == ["1", "3", "4"]


def test_a_whisker_is_told_and_drawn():
    root = svg(BarChart("b", "B", "All.", "s", (Bar("a", 30, low=20, high=45),)))
    assert tips(root) == ["a: 30 s (20–45)"]
    assert len([e for e in root.iter() if e.get("stroke-width") == "1.3"]) >= 1


@pytest.mark.parametrize("values", [(0,), (0, 0), (-3, 5), (1e-6, 1e9)])
def test_odd_sizes_of_bars_are_drawn(values):
    assert len(tips(svg(BarChart("b", "B", "All.", "x", tuple(Bar(f"{v}", v) for v in values))))) == len(values)


def test_a_heat_cell_is_coloured_by_its_column_and_hatched_where_unknown():
    chart = HeatChart("h", "H", "All.", "%", ("a", "b"), ("x", "y"), ((10.0, None), (5.0, 0.0)))
    fills = {e.get("data-tip"): e.get("fill") for e in svg(chart).iter() if e.get("data-tip")}
    assert fills["a, x: 10.0 %"] == LIGHT["heat-5"]
    assert fills["b, x: 5.0 %"] == LIGHT["heat-2"]
    assert fills["b, y: 0.0 %"] == LIGHT["heat-0"]
    assert fills["a, y: unknown"] == "url(#c-lost)"
    assert chart_note(chart) == "Hatched: unknown."


def test_only_names_of_bubbles_that_fit_are_written():
    points = tuple(Point(Name(f"source number {i}"), 100, 5, 1000 - i) for i in range(50))
    root = svg(BubbleChart("u", "U", "All.", "Time (s)", "Quick backs (%)", "Sessions", points))
    assert len(tips(root)) == 50
    assert "source number 0" in words(root)
    assert len([text for text in words(root) if text.startswith("source")]) == 2  # above and below
    assert "source number 0: Time (s) 100 · Quick backs (%) 5 · Sessions 1,000" in tips(root)


def test_a_note_tells_units_and_signs_that_the_title_does_not():
    whiskers = BarChart("b", "Share by device", "All.", "% of sessions", (Bar("a", 3, low=2, high=4),))
    assert chart_note(whiskers) == "In % of sessions; thin lines: 95 % intervals."
    assert words(svg(whiskers))[0] == "3 %"
    assert chart_note(BarChart("b", "Rage clicks by page", "All.", "rage clicks", (Bar("a", 3),))) == ""
    assert chart_note(CHARTS["forecast"]) == "Hatched: lost days; dashed: forecast with its 95 % range."
    assert chart_note(CHARTS["sources"]) == "Area: Sessions."


# --- the numbers behind -------------------------------------------------------------------------------------------


def test_every_chart_has_its_numbers_as_a_table():
    assert chart_rows(trend(1, None, lost=(MONDAY + timedelta(days=1),))) == (
        ["Day (UTC)", "Sessions (sessions)"],
        [["Mon 7 Sep", "1"], ["Tue 8 Sep", "lost"]],
    )
    for chart in CHARTS.values():
        titles, rows = chart_rows(chart)
        assert rows
        assert {len(row) for row in rows} == {len(titles)}


@pytest.mark.parametrize(
    ("low", "high", "whole", "ticks"),
    [
        (0, 10, True, [0, 2, 4, 6, 8, 10]),
        (0, 1, True, [0, 1]),
        (0, 0, True, [0, 1]),
        (0, 0.3, False, [0, 0.1, 0.2, 0.3]),
        (-5, 5, False, [-6, -4, -2, 0, 2, 4, 6]),
        (0, 1234567, True, [0, 250000, 500000, 750000, 1000000, 1250000]),
    ],
)
def test_ticks_are_round(low, high, whole, ticks):
    assert round_ticks(low, high, count=5, whole=whole) == ticks


def test_ticks_are_written_short():
    assert [tick_text(value) for value in (0.0, 0.1, 1200, 1.5e6)] == ["0", "0.1", "1,200", "1.5M"]


def test_a_text_is_shortened_to_its_room():
    assert fitted("short", width_px=100) == "short"
    assert text_px(fitted("w" * 100, width_px=100)) <= 100


# --- colours ------------------------------------------------------------------------------------------------------


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_text_has_a_contrast_of_4_5_and_shapes_of_3(colours):
    def contrast(a: str, b: str) -> float:
        low, high = sorted((_luminance(colours[a]), _luminance(colours[b])))
        return (high + 0.05) / (low + 0.05)

    grounds = ("paper", "card")
    for ground in grounds:
        assert all(contrast(text, ground) >= 4.5 for text in ("ink", "muted", "accent", "good", "bad", "high", "lost"))
    assert all(contrast("ink", step) >= 4.5 for step in HEAT_STEPS)
    assert contrast("on-high", "high") >= 4.5
    assert all(contrast(line, ground) >= 3 for line in SERIES for ground in ("paper", "mark"))
    assert all(contrast(f"series-{i}", f"soft-{i}") >= 3 for i in range(2, 7))
    assert contrast("lost", "lost-soft") >= 3


def test_a_mark_has_the_ids_of_its_numbers_beside_its_words():
    rate, time = source("rage_click_session_rate"), source("total_time_s")
    bars = BarChart("b", "B", "S.", "s", (Bar("a", 2, source=rate), Bar("b", 1)))
    heat = HeatChart("h", "H", "S.", "%", ("a",), ("x", "y"), ((6.0, 7.0),), sources=((rate, None),))
    bubbles = BubbleChart("u", "U", "S.", "x", "y", "size", (Point("a", 1, 2, 3, rate, time),))
    assert told_ids(bars) == {"a: 2 s": rate.id, "b: 1 s": None}
    assert told_ids(heat) == {"a, x: 6.0 %": rate.id, "a, y: 7.0 %": None}
    assert told_ids(bubbles) == {"a: x 1 · y 2 · size 3": f"{rate.id} {time.id}"}


def test_no_name_from_outside_can_bring_an_id():
    bars = BarChart("b", "B", "S.", "s", (Bar(Name("a\u2063n0123456789ab", "page"), 2),))
    assert told_ids(bars) == {"a�n0123456789ab: 2 s": None}


def told_ids(chart) -> dict[str, str | None]:
    """The ids of a drawing's marks by their words."""
    svg = ElementTree.fromstring(chart_svg(chart, width_px=900, prefix="p", palette=SCREEN))
    return {mark.get("data-tip"): mark.get("data-id") for mark in svg.iter() if mark.get("data-tip")}
