"""A flow picture in; where nodes and ribbons stand, and what each rendering shows of it, out."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from clarity_assets.reports.document import Flow, FlowChart, Name, Section
from clarity_assets.reports.rendering.as_json import render_json
from clarity_assets.reports.rendering.charts import PRINT, chart_note, chart_rows, chart_svg, has_values
from clarity_assets.reports.rendering.charts.flow_places import GAP_PX, OTHER, places_of
from clarity_assets.reports.rendering.html import render_html
from clarity_assets.reports.rendering.markdown import render_markdown
from clarity_assets.reports.rendering.pdf import render_pdf
from clarity_assets.reports.rendering.text import render_text
from clarity_assets_tests.fixtures.reports import by_hand, source

SVG = "{http://www.w3.org/2000/svg}"
COLUMNS = ("1st step", "2nd step", "3rd step")


def flow(place: int, start: str, end: str, value: float) -> Flow:
    of = source(
        "transitions", table="marts.fct_clickstream_transition_daily", from_node=start, to_node=end, step_from=place
    )
    return Flow(place, Name(start, "path"), Name(end, "path"), value, of)


SHOP = (
    flow(0, "home", "view", 60), flow(0, "home", "(exit)", 40), flow(0, "blog", "(exit)", 20),
    flow(1, "view", "purchase", 10), flow(1, "view", "(exit)", 50),
)  # fmt: skip


def chart(flows=SHOP, columns=COLUMNS) -> FlowChart:
    return FlowChart("flow", "Ways through the site", "120 sessions.", "sessions", columns, tuple(flows),
                     ends=("(exit)",), goals=("purchase",))  # fmt: skip


def drawn(one: FlowChart, width_px: int = 900) -> ElementTree.Element:
    return ElementTree.fromstring(chart_svg(one, width_px=width_px, prefix="f", palette=PRINT))


# --- places -------------------------------------------------------------------------------------------------------


def test_a_node_is_as_high_as_what_comes_to_it_and_all_heights_share_one_scale():
    places = places_of(chart(), columns=3, most=6, height_px=240 + GAP_PX)
    heights = {(i, node.name): round(node.height_px, 6) for i, column in enumerate(places.columns) for node in column}
    assert heights == {(0, "home"): 200, (0, "blog"): 40, (1, "view"): 120, (1, "(exit)"): 120, (2, "purchase"): 20,
                       (2, "(exit)"): 100}  # fmt: skip


def test_goals_stand_first_and_ends_last():
    places = places_of(chart(), columns=3, most=6, height_px=240)
    assert [[node.name for node in column] for column in places.columns] == [
        ["home", "blog"], ["view", "(exit)"], ["purchase", "(exit)"]
    ]  # fmt: skip


def test_ribbons_leave_and_come_in_beside_one_another_without_a_gap():
    places = places_of(chart(), columns=3, most=6, height_px=240)
    home = [ribbon for ribbon in places.ribbons if (ribbon.place, ribbon.start) == (0, "home")]
    assert home[0].leaves_px == 0
    assert home[1].leaves_px == pytest.approx(home[0].height_px)
    [into_exit, second] = [ribbon for ribbon in places.ribbons if (ribbon.place, ribbon.end) == (0, "(exit)")]
    assert second.comes_px == pytest.approx(into_exit.comes_px + into_exit.height_px)


def test_the_smallest_nodes_are_drawn_together_and_nothing_is_lost():
    many = [flow(0, f"page{i:02}", "view", 100 - i) for i in range(12)]
    places = places_of(chart(many, COLUMNS[:2]), columns=2, most=5, height_px=300)
    names = [node.name for node in places.columns[0]]
    assert len(names) == 6
    assert names[-1] == OTHER
    assert sum(ribbon.value for ribbon in places.ribbons) == sum(one.value for one in many)


# --- drawings -----------------------------------------------------------------------------------------------------


def test_each_ribbon_tells_its_words_and_the_id_of_its_number():
    tips = {
        path.get("data-tip"): path.get("data-id") for path in drawn(chart()).iter(f"{SVG}path") if path.get("data-id")
    }
    assert tips["view to purchase, 2nd step: 10 sessions"] == SHOP[3].source.id
    assert len(tips) == len(SHOP)


def test_the_picture_is_an_image_with_a_name_and_names_its_nodes():
    svg = drawn(chart())
    assert (svg.get("role"), svg.get("aria-label")) == ("img", "Ways through the site. 120 sessions.")
    words = {text.text for text in svg.iter(f"{SVG}text")}
    assert {"home 100", "view 60", "(exit) 60", *COLUMNS} <= words


def test_on_a_phone_the_first_four_columns_are_drawn():
    flows = [flow(i, f"n{i}", f"n{i + 1}", 50) for i in range(5)]
    columns = tuple(f"step {i}" for i in range(6))
    words = {text.text for text in drawn(chart(flows, columns), width_px=340).iter(f"{SVG}text")}
    assert "step 3" in words
    assert "step 4" not in words


def test_names_from_outside_are_texts_and_nothing_else():
    nasty = "<script>alert(1)</script>"
    svg = chart_svg(chart([flow(0, nasty, "view", 5)], COLUMNS[:2]), width_px=900, prefix="f", palette=PRINT)
    assert "<script" not in svg


def test_without_flows_there_is_nothing_to_draw():
    assert not has_values(chart(()))
    assert chart_svg(chart(()), width_px=900, prefix="f", palette=PRINT) == ""


def test_its_numbers_as_a_table_stand_with_the_largest_first():
    titles, rows = chart_rows(chart())
    assert titles == ["From", "To", "Place", "sessions"]
    assert [(row[0].text, row[1].text, *row[2:]) for row in rows[:2]] == [
        ("home", "view", "1st step", "60"), ("view", "(exit)", "2nd step", "50")
    ]  # fmt: skip
    assert chart_note(chart()) == "Height: sessions; the smallest are drawn together."


# --- renderings ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def report():
    return replace(by_hand(), sections=(Section("journeys", "Journeys", blocks=(chart(),)),))


def test_text_and_markdown_tell_the_commonest_ways_as_a_table(report):
    assert "home  view      1st step        60" in render_text(report)
    assert "| home | view | 1st step | 60 |" in render_markdown(report)


def test_json_has_every_flow_with_the_id_of_its_number(report):
    [block] = json.loads(render_json(report))["sections"][0]["blocks"]
    assert (block["type"], len(block["flows"])) == ("flow_chart", len(SHOP))
    assert block["flows"][0] == {
        "place": 0, "start": {"text": "home", "kind": "path"}, "end": {"text": "view", "kind": "path"}, "value": 60,
        "id": SHOP[0].source.id,
    }  # fmt: skip


def test_html_has_two_drawings_and_the_pdf_is_made(report):
    page = render_html(report)
    assert page.count("home to view, 1st step: 60 sessions") == 2
    assert render_pdf(report).startswith(b"%PDF")


def test_every_flow_is_among_the_numbers_that_can_be_traced(report):
    assert {one.source.id for one in SHOP} <= {figure.id for figure in report.figures}
