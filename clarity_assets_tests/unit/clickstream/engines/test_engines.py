"""What both engines promise: the same views, types, parameters and files."""

from datetime import date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clarity_assets.clickstream.engines.engine import EngineSql
from clarity_assets.clickstream.schema import EVENT, SESSION, STEP
from clarity_assets.errors import EngineFailed
from clarity_assets.warehouse.columns import ARROW_TYPES
from clarity_assets_tests.fixtures.clickstream import engine_with, event_rows, session_rows, step_rows, written
from clarity_assets_tests.fixtures.engines import needs_spark

ALL_EVENTS = EngineSql("select * from clickstream.event", "select * from clickstream_event")
STEPS_OF = EngineSql(
    "select date, step, event_at from clickstream.step where date >= $start and date < $end",
    "select date, step, event_at from clickstream_step where date >= :start and date < :end",
)
LATE = datetime(2026, 10, 1, 23, 59, 59, 999_999)


def same(sql: str) -> EngineSql:
    return EngineSql(sql, sql)


def two_days(step: int = 1) -> pa.Table:
    return step_rows([{"event_at": LATE, "step": step}, {"event_at": datetime(2026, 10, 2), "step": step + 1}])


def test_a_file_is_read_with_every_column_and_type_as_written(engine, tmp_path):
    rows = event_rows([{"event_at": LATE, "user_id": -5, "page": "https://a.example/ä", "price": 1.5, "is_bot": True}])
    engine_with(engine, tmp_path, event=rows)
    read = engine.rows(ALL_EVENTS)
    assert read.to_pylist() == rows.to_pylist()
    assert read.schema.types == [ARROW_TYPES[column.type] for column in EVENT]


@pytest.mark.parametrize("columns", [EVENT, STEP, SESSION])
def test_no_files_are_a_view_of_no_rows_with_all_columns(engine, columns):
    engine.read("event", [], columns=columns)
    read = engine.rows(ALL_EVENTS)
    assert read.num_rows == 0
    assert {f.name: f.type for f in read.schema} == {column.name: ARROW_TYPES[column.type] for column in columns}


def test_a_folders_name_with_signs_of_patterns_is_only_a_name(engine, tmp_path):
    engine_with(engine, tmp_path / "a [b]{c,d}* e's 100%25 ä?", step=two_days())
    assert engine.rows(STEPS_OF, {"start": date(2026, 10, 1), "end": date(2026, 10, 3)}).num_rows == 2


def test_parameters_are_dates_and_those_not_named_are_passed_over(engine, tmp_path):
    engine_with(engine, tmp_path, step=two_days())
    days = {"start": date(2026, 10, 2), "end": date(2026, 10, 3), "other": 1}
    assert engine.rows(STEPS_OF, days).to_pylist() == [
        {"date": date(2026, 10, 2), "step": 2, "event_at": datetime(2026, 10, 2)}
    ]


def test_results_have_the_same_plain_types(engine):
    sql = same(
        "select sum(n) as whole, sum(n * 0.5) as part, cast(1 as smallint) as small, cast(1.5 as float) as short,"
        " cast(null as date) as day, cast('2026-10-01 00:00:00' as timestamp) as at from (select 1 as n union all select 2) t"
    )
    read = engine.rows(sql)
    assert {field.name: str(field.type) for field in read.schema} == {
        "whole": "int64", "part": "double", "small": "int32", "short": "double", "day": "date32[day]", "at": "timestamp[us]",
    }  # fmt: skip
    assert read.to_pylist() == [
        {"whole": 3, "part": 1.5, "small": 1, "short": 1.5, "day": None, "at": datetime(2026, 10, 1)}
    ]


def test_rows_that_we_have_become_a_view_with_their_types(engine):
    rows = session_rows([{"revenue": 2.5, "purchases": 1}])
    engine.take("session", rows)
    read = engine.rows(EngineSql("select * from clickstream.session", "select * from clickstream_session"))
    assert read.schema.types == rows.schema.types
    assert read.to_pylist() == rows.to_pylist()


def test_what_is_kept_may_replace_what_it_read(engine, tmp_path):
    engine_with(engine, tmp_path, step=two_days())
    later = EngineSql(
        "select date, step from clickstream.step where step > $least",
        "select date, step from clickstream_step where step > :least",
    )
    engine.keep("step", later, {"least": 1})
    engine.keep("step", later, {"least": 0})
    read = engine.rows(EngineSql("select * from clickstream.step", "select * from clickstream_step"))
    assert read.to_pylist() == [{"date": date(2026, 10, 2), "step": 2}]


def test_days_are_written_as_new_files_that_keep_their_date(engine, tmp_path):
    engine_with(engine, tmp_path / "in", step=two_days())
    days = {"start": date(2026, 10, 1), "end": date(2026, 10, 3)}
    first = engine.write_days(STEPS_OF, days, folder=tmp_path / "out")
    second = engine.write_days(STEPS_OF, days, folder=tmp_path / "out")
    assert set(first) == set(second) == {date(2026, 10, 1), date(2026, 10, 2)}
    assert not set(sum(first.values(), ())) & set(sum(second.values(), ()))
    assert sorted((tmp_path / "out").rglob("*")) == sorted(
        [
            tmp_path / "out/date=2026-10-01",
            tmp_path / "out/date=2026-10-02",
            *sum(first.values(), ()),
            *sum(second.values(), ()),
        ]
    )
    read = pq.ParquetFile(first[date(2026, 10, 1)][0]).read()
    assert read.to_pylist() == [{"date": date(2026, 10, 1), "step": 1, "event_at": LATE}]
    assert [str(kind) for kind in read.schema.types] == ["date32[day]", "int32", "timestamp[us]"]


def test_no_rows_are_written_as_no_files(engine, tmp_path):
    engine.read("step", [], columns=STEP)
    days = {"start": date(2026, 10, 1), "end": date(2026, 10, 3)}
    assert engine.write_days(STEPS_OF, days, folder=tmp_path / "out") == {}
    assert list((tmp_path / "out").iterdir()) == []


def test_a_refused_query_names_its_place_and_leaves_nothing_behind(engine, tmp_path):
    with pytest.raises(EngineFailed, match=r"nowhere") as told:
        engine.write_days(same("select\n  nowhere as date\nfrom (select 1 as n) t"), folder=tmp_path / "out")
    assert "2: " in str(told.value), told.value
    assert list((tmp_path / "out").iterdir()) == []


def test_what_cannot_be_cast_is_an_error_not_null(engine):
    with pytest.raises(EngineFailed, match="abc"):
        engine.rows(same("select cast(x as int) as n from (select 'abc' as x) t"))


def test_a_view_can_be_read_anew_from_other_files(engine, tmp_path):
    for number in (1, 3):
        engine.read("step", written(two_days(number), tmp_path / str(number)), columns=STEP)
    read = engine.rows(EngineSql("select step from clickstream.step", "select step from clickstream_step"))
    assert sorted(read["step"].to_pylist()) == [3, 4]


@needs_spark
def test_what_was_made_is_freed_and_what_was_read_stays(engine, tmp_path):
    engine_with(engine, tmp_path, step=two_days())
    engine.take("few", pa.table({"n": [1, 2]}))
    everything = EngineSql("select count(*) as n from clickstream.step", "select count(*) as n from clickstream_step")
    engine.keep("twice", everything)
    engine.forget_made()
    assert engine.rows(everything).to_pylist() == [{"n": 2}]
    for view in ("few", "twice"):
        with pytest.raises(EngineFailed, match=view):
            engine.rows(EngineSql(f"select * from clickstream.{view}", f"select * from clickstream_{view}"))


@needs_spark
def test_what_is_kept_is_not_computed_again_by_whoever_reads_it(engines):
    engine = engines("spark")
    named = "with numbers as (select id as n from range(10)), odd as (select n from numbers where n % 2 = 1) select n from odd"
    engine.keep("kept", EngineSql("", named))
    asked = "with all_of_them as (select n from clickstream_kept) select count(*) as n from all_of_them"
    assert "InMemoryTableScan" in engine.spark.sql(asked)._jdf.queryExecution().executedPlan().toString()
