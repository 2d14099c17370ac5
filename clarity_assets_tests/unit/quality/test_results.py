"""Results of checks in, rows of `ops.check_result` out: a history whose newest rows are easily found."""

import json
from datetime import UTC, date, datetime

import duckdb
import pytest

from clarity_assets.quality.checking import CheckResult, check_model
from clarity_assets.quality.results import CHECK_RESULT, TABLE, newest_results, store_results
from clarity_assets.quality.suite import Check
from clarity_assets_tests.unit.quality.by_hand import fill, make_model

DAY, NEXT = date(2026, 10, 5), date(2026, 10, 6)
AT, LATER = datetime(2026, 10, 6, 1, tzinfo=UTC), datetime(2026, 10, 6, 2, tzinfo=UTC)


@pytest.fixture
def con():
    with duckdb.connect() as con:
        yield con


def rows(con) -> list[dict]:
    cursor = con.execute(f"select * from {TABLE} order by checked_at, check_name")
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def test_a_result_is_kept_with_run_days_and_figures(con, tmp_path):
    tests = "n| - expect_column_values_to_be_between: {arguments: {min_value: 0}, config: {severity: warn}}"
    model = make_model(
        tmp_path, columns={"date": "DATE", "n": "BIGINT"}, tests=tests, materialized="incremental", grain="date, n"
    )
    fill(con, model, [(DAY, 1), (DAY, -1), (DAY, 3), (DAY, 4)])
    results = check_model(con, model, start=DAY, end=NEXT)
    assert store_results(con, model.table, results, checked_at=AT, run_id="r1", start=DAY, end=NEXT) == 2
    [grain, found] = rows(con)
    assert (grain["column_name"], grain["outcome"], grain["failing_share"]) == (None, "passed", 0.0)
    assert json.loads(found.pop("examples")) == [{"date": "2026-10-05", "n": -1}]
    assert found == {
        "run_id": "r1", "checked_at": datetime(2026, 10, 6, 1), "table_name": "marts.fct", "check_name": "n_at_least_0",
        "expectation": "expect_column_values_to_be_between", "column_name": "n", "severity": "warn", "outcome": "failed",
        "partition_start": DAY, "partition_end": NEXT, "rows_checked": 4, "failing_rows": 1, "failing_share": 0.25,
        "observed": "-1 to 4", "error": None,
    }  # fmt: skip


def test_a_check_that_broke_is_kept_as_an_error(con):
    check = Check("broken", "expect_column_values_to_not_be_null", {"column": "n"}, "error")
    store_results(con, "marts.fct", [CheckResult(check, False, "no such thing")], checked_at=AT)
    [found] = rows(con)
    assert (found["outcome"], found["error"], found["rows_checked"], found["failing_rows"]) == (
        "error", "no such thing", None, None,
    )  # fmt: skip
    assert (found["run_id"], found["partition_start"], found["partition_end"]) == (None, None, None)


def test_a_later_run_adds_and_the_newest_of_each_range_is_found(con):
    check = Check("n_not_null", "expect_column_values_to_not_be_null", {"column": "n"}, "error")
    passed, failed = CheckResult(check, True, None, 2, 0), CheckResult(check, False, None, 2, 1)
    store_results(con, "marts.fct", [failed], checked_at=AT, run_id="r1", start=DAY, end=NEXT)
    store_results(con, "marts.fct", [passed], checked_at=LATER, run_id="r2", start=DAY, end=NEXT)
    store_results(con, "marts.fct", [failed], checked_at=AT, run_id="r3")
    store_results(con, "marts.other", [failed], checked_at=AT, run_id="r3")
    assert len(rows(con)) == 4
    told = [(r["table_name"], r["run_id"], r["outcome"]) for r in newest_results(con)]
    assert told == [
        ("marts.fct", "r2", "passed"), ("marts.fct", "r3", "failed"), ("marts.other", "r3", "failed"),
    ]  # fmt: skip
    assert [r["run_id"] for r in newest_results(con, table="marts.other")] == ["r3"]


def test_of_two_results_of_one_instant_the_newest_is_the_one_stored_last(con):
    check = Check("n_not_null", "expect_column_values_to_not_be_null", {"column": "n"}, "error")
    for run_id in ("b", "c", "a"):
        store_results(con, "marts.fct", [CheckResult(check, True)], checked_at=AT, run_id=run_id, start=DAY, end=NEXT)
    assert [r["run_id"] for r in newest_results(con)] == ["a"]


def test_no_results_still_make_the_table_and_every_column_says_what_it_means(con):
    assert store_results(con, "marts.fct", [], checked_at=AT) == 0
    comments = dict(
        con.execute("select column_name, comment from duckdb_columns() where table_name = 'check_result'").fetchall()
    )
    assert comments == {column.name: column.meaning for column in CHECK_RESULT}


def test_a_table_that_lacks_a_column_gets_it(con):
    store_results(con, "marts.fct", [], checked_at=AT)
    con.execute(f"alter table {TABLE} drop column observed")
    check = Check("n_not_null", "expect_column_values_to_not_be_null", {"column": "n"}, "error")
    store_results(con, "marts.fct", [CheckResult(check, True, None, 2, 0, "seen")], checked_at=AT)
    assert rows(con)[0]["observed"] == "seen"
