"""Reports in; JSON out: the whole tree, every number with id, words and source, nothing that JSON cannot hold."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from clarity_assets.reports.document import (
    Bar,
    BarChart,
    BubbleChart,
    Column,
    HeatChart,
    Line,
    Name,
    Point,
    Section,
    Sentence,
    Table,
    TrendChart,
)
from clarity_assets.reports.figures import ChangeFigure, Figure, Source
from clarity_assets.reports.rendering.as_json import render_json
from clarity_assets.statistics.change import Outcome
from clarity_assets_tests.fixtures.reports import NASTY, by_hand, source


@pytest.fixture(scope="module")
def tree() -> dict:
    return json.loads(render_json(by_hand()))


def numbers(thing: object) -> Iterator[dict]:
    """Every number of the tree."""
    if isinstance(thing, dict):
        if "value" in thing and "source" in thing:
            yield thing
        thing = list(thing.values())
    if isinstance(thing, list):
        for item in thing:
            yield from numbers(item)


def block(tree: dict, name: str) -> dict:
    return next(b for section in tree["sections"] for b in section["blocks"] if b["name"] == name)


def of_figures(*figures: Figure) -> list[dict]:
    """The figures as they stand in the JSON of a report."""
    table = Table("t", "T", (Column("n", True),), tuple((figure,) for figure in figures))
    told = json.loads(render_json(replace(by_hand(), sections=(Section("s", "S", (), (table,)),))))
    return [row[0] for row in block(told, "t")["rows"]]


def test_the_head_says_what_of_whom_and_when(tree):
    assert tree["schema_version"] == 1
    assert {name: tree[name] for name in ("kind", "title", "project_id", "made_at", "known_days")} == {
        "kind": "ux", "title": "UX report", "project_id": "demo", "made_at": "2026-10-12T08:00:00+00:00", "known_days": 6,
    }  # fmt: skip
    assert tree["period"] == {
        "start": "2026-10-05", "end": "2026-10-12", "kind": "week", "name": "Mon 5 Oct – Sun 11 Oct 2026",
    }  # fmt: skip
    assert tree["days"][2] == {
        "date": "2026-10-07", "status": "lost", "coverage": 0.0, "cause": "500 on every call <b>", "method": "window",
        "is_sample": False,
    }  # fmt: skip


def test_it_is_indented_and_ends_with_a_newline():
    text = render_json(by_hand())
    assert text.startswith('{\n  "schema_version": 1,\n')
    assert text.endswith("}\n")


def test_every_number_of_the_report_is_there_with_its_id_and_source(tree):
    told = {}
    for number in numbers(tree):
        if number["id"]:
            assert told.setdefault(number["id"], number["source"]) == number["source"]
            assert Source.from_json(number["source"]).id == number["id"]
    assert set(told) == {figure.id for figure in by_hand().figures}


def test_a_number_says_its_value_words_and_only_the_flags_that_are_true():
    where = source("sessions", page="a")
    assert of_figures(Figure(22.1, "%", where, 20, 25, decimals=1, is_at_least=True, is_sample=True, day_count=6)) == [
        {"id": where.id, "value": 22.1, "unit": "%", "low": 20, "high": 25, "text": "at least 22.1 % (20.0–25.0)",
         "is_at_least": True, "is_sample": True, "day_count": 6, "source": where.as_json()}
    ]  # fmt: skip
    assert of_figures(Figure(None, "%")) == [
        {"id": None, "value": None, "unit": "%", "low": None, "high": None, "text": "unknown", "source": None}
    ]


def test_a_change_says_its_outcome_levels_and_chance():
    change = ChangeFigure(1.45, "times", None, 1.2, 1.75, outcome=Outcome.INCREASE, better="low", before=2.0, after=2.9,
                          p_adjusted=0.003, reason="why")  # fmt: skip
    told = of_figures(change)[0]
    assert told["text"] == "+45 % (+20 to +75 %)"
    assert {name: told[name] for name in ("outcome", "better", "before", "after", "p_adjusted", "reason")} == {
        "outcome": "increase", "better": "low", "before": 2.0, "after": 2.9, "p_adjusted": 0.003, "reason": "why",
    }  # fmt: skip


def test_what_json_cannot_hold_is_null_and_told_in_words():
    endless = ChangeFigure(math.inf, "times", None, 1.3, math.inf, outcome=Outcome.INCREASE, before=math.nan)
    told = of_figures(endless, Figure(math.nan, "%"), Figure(-math.inf, "%"))
    assert [(n["value"], n["high"], n["text"]) for n in told] == [
        (None, None, "from none to some"), (None, None, "unknown"), (None, None, "infinite"),
    ]  # fmt: skip
    assert told[0]["before"] is None


def test_numbers_of_numpy_are_numbers():
    told = of_figures(Figure(np.float64(1.5), "%", low=np.float32(0.5), high=np.int64(3)))[0]
    assert (told["value"], told["low"], told["high"]) == (1.5, 0.5, 3)


def test_a_name_is_its_whole_text_and_kind(tree):
    names = [row[0] for row in block(tree, "rage_pages")["rows"]]
    assert names[:7] == [{"text": page, "kind": "page"} for page in NASTY]


def test_a_sentence_is_its_words_and_its_parts(tree):
    sentence = tree["sections"][0]["findings"][0]["sentence"]
    assert sentence["text"] == (
        "Mobile sessions meet 1.9 times (1.6–2.3) as many rage clicks, most of them on shop.example/checkout."
    )
    assert sentence["template"] == "Mobile sessions meet {ratio} as many rage clicks, most of them on {page}."
    assert sentence["values"]["ratio"]["value"] == 1.9
    assert sentence["values"]["page"] == {"text": "shop.example/checkout", "kind": "page"}


def test_a_finding_says_where_how_many_sessions_and_its_level(tree):
    finding = tree["sections"][0]["findings"][0]
    assert (finding["what"], finding["where"], finding["level"]) == (
        "affected_session_rate",
        {"device": "Mobile"},
        "HIGH",
    )
    assert finding["sessions"]["value"] == 2400
    assert [number["value"] for number in finding["evidence"]] == [1.9]


def test_charts_keep_their_data_and_long_tables_their_rows(tree):
    trend = block(tree, "sessions_trend")
    assert trend["type"] == "trend_chart"
    assert (trend["dates"][0], trend["lost"], trend["marked"]) == (
        "2026-09-07", ["2026-09-17", "2026-10-07"], ["2026-10-05", "2026-10-12"],
    )  # fmt: skip
    assert trend["lines"][0]["values"][:2] == [800, 843]
    assert trend["lines"][0]["values"][10] is None
    assert block(tree, "countries")["bars"][2]["label"] == {"text": None, "kind": "country"}
    assert block(tree, "heat")["values"][1][1] is None
    assert block(tree, "sources")["points"][0]["size"] == 3000
    assert len(block(tree, "all_pages")["rows"]) == 24
    assert [b["type"] for b in tree["sections"][0]["blocks"]] == [
        "bar_chart", "heat_chart", "trend_chart", "table", "table",
    ]  # fmt: skip


def test_lone_surrogates_break_nothing():
    bad = "a\ud800b"
    chart = BarChart(bad, bad, bad, bad, (Bar(Name(bad, bad), math.inf, bad),))
    report = replace(by_hand((bad,)), title=bad, project_id=bad, lead=(Sentence(bad + "{x}", {"x": Name(bad)}),),
                     sections=(*by_hand((bad,)).sections, Section(bad, bad, (), (chart,), (), (bad,))))  # fmt: skip
    text = render_json(report)
    assert json.loads(text.encode())["title"] == "a�b"
    assert json.loads(text)["sections"][2]["blocks"][0]["bars"][0] == {
        "label": {"text": "a�b", "kind": "a�b"}, "value": None, "group": "a�b", "low": None, "high": None,
        "id": None,
        }  # fmt: skip


def test_a_report_of_nothing_is_told_as_one():
    told = json.loads(render_json(replace(by_hand(), days=(), lead=(), sections=(), dashboard_url="")))
    assert (told["days"], told["lead"], told["sections"], told["known_days"]) == ([], [], [], 0)


RATE, COUNT, TIME = (source(name, page="a") for name in ("rage_click_session_rate", "sessions", "total_time_s"))


def charts() -> Section:
    """A chart of every kind whose marks have sources; the first bar's number stands in a table too."""
    when = (date(2026, 10, 5), date(2026, 10, 6))
    table = Table("t", "T", (Column("n", True),), ((Figure(22.1, "%", RATE, 20, 25, decimals=1),),))
    bars = BarChart(
        "b", "B", "S.", "% of sessions", (Bar("a", 22.1, source=RATE), Bar("b", 3, low=2, high=4, source=TIME))
    )
    heat = HeatChart("h", "H", "S.", "%", ("a",), ("x", "y"), ((6.0, None),), sources=((COUNT, None),))
    bubbles = BubbleChart("u", "U", "S.", "Time", "Rate", "Sessions", (Point("a", 1, 2, 3, TIME, RATE, COUNT),))
    trend = TrendChart("l", "L", "S.", "%", when, (Line("a", (1.0, None), source=RATE),))
    return Section("s", "S", (), (bars, heat, bubbles, trend, table))


def test_bars_cells_and_bubbles_have_the_ids_of_their_numbers_and_a_line_its_source():
    told = json.loads(render_json(replace(by_hand(), lead=(), sections=(charts(),))))
    assert [bar["id"] for bar in block(told, "b")["bars"]] == [RATE.id, TIME.id]
    assert (block(told, "h")["ids"], "sources" in block(told, "h")) == ([[COUNT.id, None]], False)
    [bubble] = block(told, "u")["points"]
    assert (bubble["id"], bubble["y_id"], bubble["size_id"]) == (TIME.id, RATE.id, COUNT.id)
    [line] = block(told, "l")["lines"]
    assert (line["id"], line["source"]) == (RATE.id, RATE.as_json())


def test_a_report_knows_the_numbers_of_its_charts_and_those_of_a_table_as_the_table_tells_them():
    figures = replace(by_hand(), lead=(), sections=(charts(),)).figures
    assert figures == [
        Figure(22.1, "%", RATE, 20, 25, decimals=1),
        Figure(3, "% of sessions", TIME, 2, 4),
        Figure(6.0, "%", COUNT, decimals=1),
    ]
