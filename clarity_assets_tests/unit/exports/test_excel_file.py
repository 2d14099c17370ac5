"""The workbook as openpyxl and pandas reopen it: types, texts that are no formulas, limits of a sheet and a cell."""

import random
from datetime import date, datetime, timedelta
from zipfile import ZipFile

import openpyxl
import pandas as pd
import pytest

from clarity_assets.clarity.columns import SIGNALS
from clarity_assets.exports.excel_file import write_excel
from clarity_assets.exports.tables import NAMES, Source, exported
from clarity_assets.reports.period import Period
from clarity_assets_tests.unit.exports.by_hand import (
    MADE_AT,
    MONDAY,
    STRANGE,
    TUESDAY,
    WEDNESDAY,
    golden_week,
    page,
    row,
    source,
    warehouse,
)

TABLES = ["traffic", "engagement", "frustration", "geography", "attribution"]


@pytest.fixture
def con():
    with warehouse() as con:
        yield con


@pytest.fixture
def path(tmp_path):
    return tmp_path / "clarity.xlsx"


def values(sheet) -> list[dict]:
    """A sheet's rows by column."""
    head, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(head, told, strict=True)) for told in rows]


def test_the_sheets_are_a_read_me_the_five_tables_and_a_dictionary_of_all_their_columns(con, path):
    write_excel(source(con), path)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["read_me", *TABLES, "data_dictionary"]
    told = values(book["data_dictionary"])
    for name in TABLES:
        header = [cell.value for cell in book[name][1]]
        assert [line["column"] for line in told if line["sheet"] == name] == header
        assert (book[name].freeze_panes, book[name].max_row) == ("A2", 1)
    meanings = {(line["sheet"], line["column"]): line["meaning"] for line in told}
    for name in NAMES:
        shown = [c for c in exported(name).columns if (name, c.name) in meanings]
        assert len(shown) >= 9
        assert {c.name: meanings[name, c.name] for c in shown} == {c.name: c.meaning for c in shown}
    units = {line["column"]: (line["type"], line["unit"]) for line in told}
    assert units["total_time_s"] == ("number", "seconds")
    assert units["rage_click_count"] == ("whole number", "occurrences")
    assert units["scroll_depth_pct"] == ("number", "percent")
    assert units["date"] == ("date", "UTC day")
    assert units["is_remainder"] == ("TRUE or FALSE", None)
    assert [line for line in told if line["type"] in ("number", "whole number") and not line["unit"]] == []


def test_cells_are_dates_numbers_and_truth_values_with_their_formats(con, path):
    row(con, "geography", MONDAY, country="Peru", sessions=1_200, pageviews=-2.5, rage_click_count=0)
    write_excel(source(con), path)
    sheet = openpyxl.load_workbook(path)["geography"]
    by_name = {head.value: cell for head, cell in zip(sheet[1], sheet[2], strict=True)}
    assert (by_name["date"].value, by_name["date"].is_date) == (datetime(2026, 10, 5), True)
    told = {name: (cell.value, cell.data_type, cell.number_format) for name, cell in by_name.items()}
    assert told["date"][2] == "yyyy-mm-dd"
    assert told["country"] == ("Peru", "s", "@")
    assert told["sessions"] == (1_200, "n", "#,##0")
    assert told["pageviews"] == (-2.5, "n", "#,##0.00")
    assert told["is_remainder"] == (False, "b", "General")
    assert (told["rage_click_count"][0], told["dead_click_count"][0]) == (0, None)
    assert sheet.dimensions == sheet.auto_filter.ref == "A1:AJ2"
    assert sheet.column_dimensions["B"].width >= 10


def test_pandas_reads_every_table_with_its_types(path):
    with golden_week() as con:
        write_excel(source(con), path)
    frames = pd.read_excel(path, sheet_name=TABLES, keep_default_na=False, na_values={"sessions": ""})
    assert {name: len(frame) for name, frame in frames.items()} == dict(zip(TABLES, (4, 4, 4, 2, 3), strict=True))
    for frame in frames.values():
        assert str(frame.dtypes["date"]).startswith("datetime64")
        assert str(frame.dtypes["is_truncated"]) == "bool"
        assert frame.dtypes["sessions"].kind in "if"


def test_a_strange_text_is_a_text_and_comes_back_whole(con, path):
    for index, text in enumerate([*STRANGE, ""]):
        row(con, "geography", MONDAY, country=text, sessions=index)
    write_excel(source(con), path)
    sheet = openpyxl.load_workbook(path)["geography"]
    told = sorted((cells[3].value, cells[2].value, cells[2].data_type) for cells in sheet.iter_rows(min_row=2))
    assert [text for _, text, _ in told] == [*STRANGE, ""]
    assert {kind for _, _, kind in told} == {"s"}


def test_what_the_collection_says_and_the_projects_name_are_texts_too(con, path):
    row(con, "site", MONDAY, project_id="=1+1", status="lost", cause="=2+2\x07")
    write_excel(Source(con, "=1+1", Period.span(MONDAY, MONDAY), MADE_AT), path)
    cells = {c.value: c.data_type for line in openpyxl.load_workbook(path)["read_me"] for c in line if c.value}
    assert (cells["=1+1"], cells["=2+2\ufffd"]) == ("s", "s")


def test_what_xml_cannot_say_is_replaced_and_a_text_too_long_for_a_cell_is_cut_and_says_so(con, path):
    row(con, "geography", MONDAY, country="a\x00b\x0b\x1f\ufffe", sessions=1)
    for sessions, text in ((2, "x" * 32_767), (3, "x" * 32_768), (4, "🛒" * 16_384)):  # a cart is two units
        row(con, "geography", MONDAY, country=text, sessions=sessions)
    write_excel(source(con), path)
    told = {line["sessions"]: line["country"] for line in values(openpyxl.load_workbook(path)["geography"])}
    assert told[1] == "a\ufffdb\ufffd\ufffd\ufffd"
    assert told[2] == "x" * 32_767
    assert told[3] == "x" * 32_766 + "…"
    assert told[4] == "🛒" * 16_383 + "…"


@pytest.mark.parametrize(("rows", "sheets"), [(0, [0]), (1, [1]), (4, [4]), (5, [4, 1]), (9, [4, 4, 1])])
def test_no_row_is_lost_at_the_end_of_a_sheet(con, path, rows, sheets):
    days = [date(2026, 1, 1) + timedelta(days=i * 9) for i in range(rows)]  # over more than one reading
    for index, day in enumerate(days):
        row(con, "geography", day, country="a", sessions=index)
    names = ["geography", "geography_2", "geography_3"][: len(sheets)]
    written = write_excel(source(con, Period.span(date(2026, 1, 1), date(2026, 3, 31))), path, max_rows=5)
    assert {name: count for name, count in written.items() if "geography" in name} == dict(
        zip(names, sheets, strict=True)
    )
    book = openpyxl.load_workbook(path)
    assert [sheet.title for sheet in book if "geography" in sheet.title] == names
    told = [line["sessions"] for name in names for line in values(book[name])]
    assert told == list(range(rows))
    assert [book[name].auto_filter.ref for name in names] == [f"A1:AJ{count + 1}" for count in sheets]


def test_frustration_has_a_row_a_page_and_device_and_says_what_the_mart_says(con, path):
    rng = random.Random(7)
    expected = {}
    for day, name, device in [
        (d, n, v) for d in (TUESDAY, MONDAY) for n in (None, "/b", "/a") for v in ("PC", "Mobile")
    ]:
        counts = {signal: rng.randrange(9) for signal in SIGNALS}
        page(con, day, name, device, **counts)
        expected[day, name, device, False] = counts
    row(con, "frustration", TUESDAY, signal="rage_click", count=70, is_remainder=True)
    expected[TUESDAY, None, None, True] = dict.fromkeys(SIGNALS) | {"rage_click": 70}
    write_excel(source(con), path)
    found = values(openpyxl.load_workbook(path)["frustration"])
    keys = [(line["date"].date(), line["page"], line["device"], line["is_remainder"]) for line in found]
    told = {key: {signal: line[f"{signal}_count"] for signal in SIGNALS} for key, line in zip(keys, found, strict=True)}
    assert keys == sorted(expected, key=lambda k: (k[0], k[1] is None, k[1] or "", k[2] is None, k[2] or ""))
    assert told == expected


def test_the_read_me_tells_how_each_day_is_known(path):
    with golden_week() as con:
        write_excel(source(con), path)
    lines = list(openpyxl.load_workbook(path)["read_me"].iter_rows(values_only=True))
    days = {line[0].date(): line[1:] for line in lines if isinstance(line[0], datetime)}
    assert list(days) == [MONDAY + timedelta(days=i) for i in range(7)]
    assert days[MONDAY] == ("measured", 1, None, "measured", 1, None, False)
    assert days[TUESDAY] == ("derived", 0.75, None, "derived", 0.75, "cut at 1,000 rows", True)
    assert days[WEDNESDAY] == ("lost", 0, "=never asked", "lost", 0, None, False)
    assert days[date(2026, 10, 11)] == ("unrecorded", None, None, None, None, None, None)


def test_the_file_says_when_it_was_made_and_nothing_of_the_clock(con, path):
    write_excel(source(con), path)
    book = openpyxl.load_workbook(path)
    assert book.properties.created == book.properties.modified == MADE_AT.replace(tzinfo=None)
    with ZipFile(path) as file:
        assert {entry.date_time for entry in file.infolist()} == {
            (2026, 10, 12, 6, 30, 14)
        }  # zip counts by two seconds
