"""CSV: what pandas reads back, what a spreadsheet could run, and what stands in the bytes."""

import csv
import io
import re
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarity_assets.exports.csv_files import escape_sql, unescaped, write_csv
from clarity_assets.exports.tables import exported
from clarity_assets.reports.period import Period
from clarity_assets_tests.unit.exports.by_hand import MONDAY, STRANGE, golden_week, page, row, source, warehouse

FORMULA_STARTS = tuple("=+-@＝＋－＠\t\r\n")
NUMBERS = ("sessions", "scroll_depth_sum_pct")


@pytest.fixture
def con():
    with warehouse() as con:
        yield con


def written(con, name: str, tmp_path) -> bytes:
    path = tmp_path / f"{name}.csv"
    write_csv(source(con), exported(name), path)
    return path.read_bytes()


def cells(content: bytes, column: str) -> list[str]:
    """A column as the csv module reads it, line breaks and all."""
    return [line[column] for line in csv.DictReader(io.StringIO(content.decode(), newline=""))]


def test_a_strange_text_comes_back_whole_and_none_begins_a_formula(con, tmp_path):
    for index, text in enumerate(STRANGE):
        row(con, "frustration", MONDAY, page=text, device=f"{index:03}", signal="rage_click", count=1)
    content = written(con, "frustration", tmp_path)
    found = dict(zip(cells(content, "device"), cells(content, "page"), strict=True))
    told = [found[f"{index:03}"] for index in range(len(STRANGE))]
    assert [unescaped(cell) for cell in told] == STRANGE
    assert [cell for cell in told if cell.startswith(FORMULA_STARTS)] == []
    assert "<script>alert(1)</script>" in told  # nothing else is touched
    assert "x" * 2_000 in told


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_no_cell_begins_a_formula_whatever_a_spreadsheet_takes_for_the_separator(con, tmp_path, separator):
    attacks = [f"a{cut}{start}cmd()" for cut in (";", "\t", "\n", "\r") for start in "=+-@"]
    for index, text in enumerate(attacks):
        row(con, "geography", MONDAY, country=text, sessions=index)
    split = re.split(f"[{separator}\r\n]", written(con, "geography", tmp_path).decode())
    assert len(split) > len(attacks)
    assert [cell for cell in split if cell.lstrip('"').startswith(("=", "+", "-", "@"))] == []


def test_numbers_stay_numbers_and_a_negative_one_is_not_touched(tmp_path):
    with golden_week() as con:
        content = written(con, "attribution", tmp_path)
    frame = pd.read_csv(io.BytesIO(content))
    assert frame.loc[frame.source == "'-news", list(NUMBERS)].to_numpy().tolist() == [[60, -0.5]]


def test_null_is_an_empty_field_and_an_empty_text_is_quoted(tmp_path):
    with golden_week() as con:
        lines = written(con, "attribution", tmp_path).decode().split("\r\n")
    assert lines[1].startswith('"shop",2026-10-05,"source_medium","","",,"Direct",200,')
    assert lines[3].startswith('"shop",2026-10-05,"source_medium",,,,"Direct",40,')


def test_pandas_reads_dates_numbers_truth_values_and_texts(con, tmp_path):
    page(con, MONDAY, "שלום/🛒", rage_click=3, is_truncated=True)
    row(con, "traffic", MONDAY, dimension="site", sessions=5, pageviews=10.0)
    frame = pd.read_csv(io.BytesIO(written(con, "frustration", tmp_path)), parse_dates=["date"])
    assert frame.dtypes.astype(str).to_dict() == {
        "project_id": "str", "date": "datetime64[us]", "page": "str", "device": "str", "signal": "str",
        "count": "int64", "signal_pageviews": "int64", "affected_sessions": "int64", "sessions": "int64",
        "status": "str", "is_truncated": "bool", "is_remainder": "bool", "sessions_is_upper_bound": "bool",
    }  # fmt: skip
    assert frame.loc[frame.signal == "rage_click", "count"].tolist() == [3]
    whole = pd.read_csv(io.BytesIO(written(con, "traffic", tmp_path)))
    assert whole.pageviews.dtype == "float64"  # 10.0, not 10


def test_what_is_no_finite_number_is_not_known(con, tmp_path):
    row(con, "geography", MONDAY, country="a", total_time_s=float("inf"), active_time_s=float("nan"))
    content = written(con, "geography", tmp_path)
    assert (cells(content, "total_time_s"), cells(content, "active_time_s")) == ([""], [""])


def test_every_line_ends_as_rfc_4180_has_it(con, tmp_path):
    row(con, "geography", MONDAY, country="a", sessions=1)
    content = written(con, "geography", tmp_path)
    assert content.count(b"\n") == content.count(b"\r\n") == 2


def test_the_rule_can_be_undone_for_every_text(con):
    query = f"select {escape_sql().format('text')} from unnest($texts) as t(text)"

    @settings(max_examples=300, deadline=None)
    @given(st.lists(st.text(alphabet="=+-@＝'\t\r\n;,\"a🛒", max_size=8), min_size=1, max_size=5))
    def check(texts: list[str]) -> None:
        told = [cell for (cell,) in con.execute(query, {"texts": texts}).fetchall()]
        assert [unescaped(cell) for cell in told] == texts
        assert not any(cell.startswith(FORMULA_STARTS) for cell in told)
        assert not any(re.search(r"[;\t\r\n][=+\-@＝]", cell) for cell in told)

    check()


def test_a_long_period_has_one_header_and_every_day_once_and_in_order(con, tmp_path):
    days = [date(2026, 1, 1) + timedelta(days=i) for i in range(100)]
    for day in reversed(days):
        row(con, "geography", day, country="a", sessions=1)
    path = tmp_path / "a.csv"
    assert write_csv(source(con, Period.span(days[1], days[-2])), exported("geography"), path) == 98
    assert cells(path.read_bytes(), "date") == [f"{day}" for day in days[1:-1]]
    assert [file.name for file in tmp_path.iterdir()] == ["a.csv"]
