"""Numbers that reports told are found again by id, by its start, and by nothing else."""

from datetime import date, timedelta

import duckdb
import pytest

from clarity_assets.reports.figures import Figure, Source
from clarity_assets.trace.registry import NumberUnknown, find_number, remember_numbers
from clarity_assets_tests.unit.trace.told import REPORTED_AT, sessions

MONDAY = date(2026, 9, 7)


@pytest.fixture
def con():
    with duckdb.connect() as con:
        yield con


def tell(con, *figures: Figure, report: str = "ux 2026-09-07", days_later: int = 0, project_id: str = "shop") -> int:
    at = REPORTED_AT + timedelta(days=days_later)
    return remember_numbers(con, project_id=project_id, report=report, figures=figures, reported_at=at)


def pages(count: int) -> list[Source]:
    end = MONDAY + timedelta(days=7)
    return [Source("marts.fct_page_daily", "sessions", (("page", f"/{i}"),), MONDAY, end) for i in range(count)]


def stored(con) -> list[tuple]:
    return con.execute("select report, number_id, value from ops.report_number order by all").fetchall()


def test_a_number_comes_back_with_its_source_and_how_it_was_told(con):
    figure = Figure(12.5, "%", sessions(), low=10.0, high=15.0)
    assert tell(con, figure) == 1
    found_id, source, [told] = find_number(con, figure.id, project_id="shop")
    assert (found_id, source) == (figure.id, sessions())
    assert (told.report, told.reported_at, told.value) == ("ux 2026-09-07", REPORTED_AT, 12.5)
    assert (told.low, told.high, told.unit) == (10.0, 15.0, "%")


def test_a_report_made_anew_replaces_what_it_told_and_no_other_report(con):
    first, second = (Figure(1.0, "sessions", source) for source in pages(2))
    tell(con, first, second)
    tell(con, first, report="product 2026-09-07")
    tell(con, Figure(7.0, "sessions", second.source))
    assert stored(con) == [("product 2026-09-07", first.id, 1.0), ("ux 2026-09-07", second.id, 7.0)]
    assert tell(con) == 0
    assert stored(con) == [("product 2026-09-07", first.id, 1.0)]


def test_another_project_is_neither_replaced_nor_found(con):
    figure = Figure(1.0, "sessions", sessions())
    tell(con, figure)
    tell(con, project_id="other")
    assert len(stored(con)) == 1
    with pytest.raises(NumberUnknown, match="no report of project 'other' told a number"):
        find_number(con, figure.id, project_id="other")


def test_numbers_without_a_source_are_passed_over_and_one_id_stands_once(con):
    assert tell(con, Figure(1.0, "days"), Figure(2.0, "sessions", sessions()), Figure(3.0, "x", sessions())) == 1
    assert [value for *_, value in stored(con)] == [2.0]


def test_the_newest_report_comes_first(con):
    figure = Figure(1.0, "sessions", sessions())
    tell(con, figure, report="old")
    tell(con, figure, report="new", days_later=1)
    assert [told.report for told in find_number(con, figure.id, project_id="shop")[2]] == ["new", "old"]


@pytest.mark.parametrize("spelling", ["{}", " {} ", "#{}", "{:.8}", "{:.5}"])
def test_an_id_may_be_shortened_as_long_as_it_is_the_only_one(con, spelling):
    figure = Figure(1.0, "sessions", sessions())
    tell(con, figure)
    assert find_number(con, spelling.format(figure.id), project_id="shop")[0] == figure.id
    assert find_number(con, spelling.format(figure.id).upper(), project_id="shop")[0] == figure.id


def test_a_start_that_several_ids_have_names_them(con):
    sources = pages(3000)  # 16 ** 4 starts of four digits: several ids share one
    by_start: dict[str, list[str]] = {}
    for source in sources:
        by_start.setdefault(source.id[:5], []).append(source.id)
    start, ids = next((start, ids) for start, ids in by_start.items() if len(ids) == 2)
    assert tell(con, *(Figure(1.0, "sessions", source) for source in sources)) == 3000
    with pytest.raises(NumberUnknown) as error:
        find_number(con, start, project_id="shop")
    assert f"{start} is the start of 2 ids" in str(error.value)
    assert all(f"{found} (sessions in ux 2026-09-07)" in str(error.value) for found in ids)


@pytest.mark.parametrize("text", ["", "n", "n12", "n123g", "123456789abc", "n1234567890abc", "%", "n____", "x' or 1=1"])
def test_what_is_no_id_is_refused_with_how_ids_look(con, text):
    tell(con, Figure(1.0, "sessions", sessions()))
    with pytest.raises(NumberUnknown, match="is no number's id; an id is n and 12 hexadecimal digits"):
        find_number(con, text, project_id="shop")


@pytest.mark.parametrize("is_there", [True, False])
def test_an_id_that_no_report_told_is_named(con, is_there):
    if is_there:
        tell(con)
    with pytest.raises(NumberUnknown, match="told a number n000000000000; an id is n and 12"):
        find_number(con, "n000000000000", project_id="shop")


@pytest.mark.parametrize("page", ["<script>alert(1)</script>", "\u202e/טעות\x07\n\0", "x" * 2000, "😀'\"\\", "", None])
def test_any_page_comes_back_as_it_was(con, page):
    source = Source("marts.fct_page_daily", "sessions", (("page", page),), MONDAY, MONDAY + timedelta(days=7))
    tell(con, Figure(1.0, "sessions", source))
    assert find_number(con, source.id, project_id="shop")[1] == source
