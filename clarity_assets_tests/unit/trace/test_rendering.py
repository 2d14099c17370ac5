"""A trace as text and as JSON: all of it there, at most 100 columns, and nothing that a terminal would obey."""

import json
import unicodedata
from datetime import date, timedelta

import pytest

from clarity_assets.reports.figures import ChangeFigure, Figure, Source
from clarity_assets.settings import load_settings
from clarity_assets.trace.rendering import render_trace
from clarity_assets.trace.traced import Traced
from clarity_assets.trace.tracing import trace
from clarity_assets.trace.wording import number, shown, table
from clarity_assets_tests.sql.by_hand import PROJECT, build, day, page_day
from clarity_assets_tests.sql.by_hand import warehouse as empty_warehouse
from clarity_assets_tests.unit.trace.told import END, MEASURED, REPORTED_AT, Warehouse, of_device, sessions

MONDAY = date(2026, 9, 7)
NEXT = MONDAY + timedelta(days=7)
HOSTILE = [
    "shop.example/<script>alert(1)</script>",
    "shop.example/\u202egnp.exe\u2066",
    "shop.example/\x1b[2J\x07\r\n\x00",
    "shop.example/" + "x" * 2000,
    "shop.example/עמוד/صفحة",
    "shop.example/😀👩‍👧",
    "",
    None,
]


def is_printable(text: str) -> bool:
    """One character after another that moves nothing: no control, format or private ones but joiners of emoji."""
    return all(c in "\n\u200c\u200d" or unicodedata.category(c) not in ("Cc", "Cf", "Zl", "Zp", "Cs") for c in text)


def checked(traced: Traced) -> str:
    """The text, of which every line fits and shows."""
    text = render_trace(traced)
    assert max(len(line) for line in text.splitlines()) <= 100
    assert is_printable(text)
    assert [line for line in text.splitlines() if line != line.rstrip()] == []
    return text


def of_pages(*pages: str | None) -> Warehouse:
    """A warehouse in memory with a row for each page, whose days no answer tells."""
    con = empty_warehouse()
    day(con, MONDAY, request="url_device")
    for page in pages:
        page_day(con, MONDAY, page, "PC", sessions=5, rage_click_sessions=2, rage_click_count=3)
    build(con, MONDAY, NEXT)
    return Warehouse(con, load_settings(project_id=PROJECT))


def page_source(page: str | None, **more: object) -> Source:
    return Source("marts.fct_page_daily", "rage_click_session_rate", (("page", page),), MONDAY, NEXT, **more)


def test_the_text_tells_the_whole_way(warehouse):
    text = checked(warehouse.traced(of_device("Mobile", measure="affected_session_rate")))
    places = [
        "Intact: every answer",
        "ux 2026-09-07, 2026-09-14 06:00 UTC: 1 sessions",
        "this DIFFERS from what was told",
        "100 * sum(affected_sessions) / sum(sessions) of marts.fct_signal_daily",
        "dimension = device, segment = Mobile, signal = dead_click",
        "4 of 9 days are known",
        "the model's SQL on the tables below gives the same",
        "missing: 2026-09-08 of device, lost: never asked",
        "dbt_like_sql/marts/clarity/fct_signal_daily.sql",
        "staging.stg_clarity__device.dead_click_sessions <- landing.clarity_device.dead_click_sessions",
        "landing.clarity_device: 4",
        "Landing rows agree with the answers: ",
        "Answers: 5",
        "subtracted for device of 2026-09-06 (rolled up from browser_device)",
        "Ledger (ops.api_request): 5",
    ]
    found = [text.find(words) for words in places]
    assert -1 not in found, places[found.index(-1)]
    assert found == sorted(found)


@pytest.mark.parametrize("page", HOSTILE)
def test_any_page_is_traced_and_shown_without_being_obeyed(page):
    warehouse = of_pages(page, "shop.example/other")
    with warehouse.con:
        traced = warehouse.traced(page_source(page))
        assert (traced.now, traced.sides[0].rows.count, traced.sides[0].landing[0].count) == (40, 1, 1)
        checked(traced)
        assert traced.as_json()["source"]["where"] == {"page": page}
        assert json.loads(json.dumps(traced.as_json())) == traced.as_json()


def test_rows_of_hostile_pages_are_shown_in_columns_that_fit():
    warehouse = of_pages(*(page for page in HOSTILE if page is not None))
    with warehouse.con:
        source = Source("marts.fct_page_daily", "rage_click_count", (), MONDAY, NEXT)
        traced = warehouse.traced(source)
        text = checked(traced)
        assert traced.sides[0].rows.count == len(HOSTILE) - 1
        assert "<script>alert(1)" in text
        assert "…" in text


def test_a_day_that_no_answer_is_named_for_is_left_out_not_broken():
    warehouse = of_pages("shop.example/")
    with warehouse.con:
        traced = warehouse.traced(page_source("shop.example/"))
        assert traced.derivation.left_out == (f"url_device of {MONDAY}: no answer is named for it",)
        assert f"not made again: url_device of {MONDAY}" in checked(traced)


def test_truncated_days_have_the_sites_rows_below_their_remainder():
    with empty_warehouse() as con:
        day(con, MONDAY, request="url_device", is_truncated=True)
        day(con, MONDAY)
        page_day(con, MONDAY, "/a", "PC", sessions=5, rage_click_count=3, is_truncated=True)
        con.execute(
            "insert into landing.clarity_base by name select 'shop' as project_id, $day as date, 9 as rage_click_count, "
            "20 as sessions, 0 as bot_sessions, 'measured' as status, false as is_truncated", {"day": MONDAY},
        )  # fmt: skip
        build(con, MONDAY, NEXT)
        warehouse = Warehouse(con, load_settings(project_id=PROJECT))
        of_remainder = (("is_remainder", True),)
        traced = warehouse.traced(Source("marts.fct_page_daily", "rage_click_count", of_remainder, MONDAY, NEXT))
        assert traced.now == 6  # 9 of the site less 3 of the page
        assert {rows.table for rows in traced.sides[0].landing} == {
            "landing.clarity_url_device", "landing.clarity_base"
        }  # fmt: skip
        without = Source("marts.fct_page_daily", "rage_click_count", (), MONDAY, NEXT)
        traced = warehouse.traced(without)
        assert traced.now == 3
        assert [rows.table for rows in traced.sides[0].landing] == ["landing.clarity_url_device"]


def test_two_sides_are_shown_by_name(warehouse):
    source = sessions(statistic="change", baseline=(MEASURED - timedelta(days=28), MEASURED))
    warehouse.tell(ChangeFigure(1.5, "times", source, low=1.2, high=1.9))
    text = checked(trace(warehouse.con, source.id, settings=warehouse.settings))
    assert "1.5 times (1.2 to 1.9)" in text
    assert "Own rows: 2026-09-05 to 2026-09-13 (9 days), all rows" in text
    assert "Baseline: 2026-08-08 to 2026-09-04 (28 days), all rows" in text
    assert "missing: 2026-08-08 to 2026-09-04 of base, unrecorded" in text
    assert "landing.clarity_base, baseline: 0" in text


def test_others_are_named_as_all_but(warehouse):
    against = (("dimension", "device"), ("signal", "dead_click"), ("is_other", True))
    text = checked(warehouse.traced(of_device("Mobile", statistic="ratio", against=against)))
    assert "Compared with: 2026-09-05 to 2026-09-13 (9 days), dimension = device, signal = dead_click; all" in text
    assert "but dimension = device, segment = Mobile, signal = dead_click" in " ".join(text.split())


def test_every_report_that_told_it_is_named(warehouse):
    warehouse.tell(Figure(None, "sessions", sessions()), report="summary 2026-09", at=REPORTED_AT + timedelta(days=1))
    text = checked(warehouse.traced(sessions()))
    assert text.index("summary 2026-09, 2026-09-15 06:00 UTC: unknown sessions") < text.index("ux 2026-09-07")


def test_json_has_all_answers_and_whether_all_is_intact(warehouse):
    told = warehouse.traced(sessions()).as_json()
    assert json.loads(json.dumps(told)) == told
    assert (told["is_intact"], told["damaged"]) == (True, [])
    assert Source.from_json(told["source"]) == sessions()
    assert [use["sign"] for answer in told["answers"] for use in answer["uses"]].count("-") == 1
    assert all(len(answer["sha256"]) == 64 for answer in told["answers"])
    assert told["sides"][0]["missing"][0]["date"] == f"{MEASURED + timedelta(days=3)}"
    assert told["sides"][0]["end"] == f"{END}"


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "NULL"), (True, "true"), ("", "''"), (1234567, "1,234,567"), (0.1 + 0.2, "0.3"), (1234.567, "1,234.57"),
     (MONDAY, "2026-09-07"), ("a\nb", "a�b")],
)  # fmt: skip
def test_values_are_shown_as_people_write_them(value, words):
    assert shown(value) == words


def test_an_unknown_number_is_said_to_be_unknown():
    assert number(None) == "unknown"


def test_a_table_with_many_wide_columns_still_fits():
    lines = table([f"column_{i}" for i in range(9)], [["y" * 40] * 9, [1] * 9])
    assert max(map(len, lines)) <= 100
    assert len(lines) == 3
