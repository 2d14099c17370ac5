"""Models that an engine computes: what their files must say, and how their rows are replaced."""

from datetime import date

import duckdb
import pyarrow as pa
import pytest

from clarity_assets.warehouse.models.contract import SqlModelError
from clarity_assets.warehouse.models.load import load_models
from clarity_assets.warehouse.models.run import replace_rows, run_model

SOURCES = {
    "clickstream.session": {"date": "DATE", "session_key": "BIGINT", "source": "VARCHAR"},
    "landing.clarity_base": {"date": "DATE", "sessions": "BIGINT"},
}
SQL = """-- Grain: one row per date.
select date, count(*) as sessions, from clickstream.session where date >= $start and date < $end group by date
"""
SPARK_SQL = (
    "select date, count(*) as sessions from clickstream_session where date >= :start and date < :end group by date"
)
YML = """version: 2
models:
  - name: fct_seen
    description: Sessions seen.
    meta: {grain: [project_id, date], materialized: engine, owners: ['team:analytics']}
    columns:
      - {name: project_id, data_type: VARCHAR, description: project}
      - {name: date, data_type: DATE, description: day}
      - {name: sessions, data_type: BIGINT, description: how many}
"""
MONDAY, TUESDAY, FRIDAY = date(2026, 10, 5), date(2026, 10, 6), date(2026, 10, 9)


@pytest.fixture
def files(tmp_path):
    def write(**texts: str | None):
        folder = tmp_path / "marts"
        folder.mkdir(exist_ok=True)
        for name, text in {"sql": SQL, "spark.sql": SPARK_SQL, "yml": YML, **texts}.items():
            path = folder / f"fct_seen.{name}"
            path.unlink(missing_ok=True)
            if text is not None:
                path.write_text(text)
        return tmp_path

    return write


def load(root):
    return load_models(root, sources=SOURCES)


def error(root) -> str:
    with pytest.raises(SqlModelError) as caught:
        load(root)
    return str(caught.value).replace(f"{root}/marts/", "")


def rows(*told: tuple) -> pa.Table:
    dates, counts = zip(*told, strict=True) if told else ((), ())
    return pa.table({"date": pa.array(dates, pa.date32()), "sessions": pa.array(counts, pa.int64())})


def test_both_engines_queries_belong_to_one_model(files):
    [model] = load(files()).values()
    assert (model.is_by_engine, model.is_daily, model.takes_range) == (True, True, False)
    assert (model.engine_sql.duckdb, model.engine_sql.spark) == (SQL.rstrip(), SPARK_SQL)
    assert list(model.upstream) == ["clickstream.session"]


def test_a_change_of_sparks_query_alone_is_a_new_version(files):
    [first] = load(files()).values()
    [second] = load(files(**{"spark.sql": SPARK_SQL + " having count(*) > 1"})).values()
    assert first.code_version != second.code_version


def test_a_table_that_python_makes_has_a_contract_alone(files):
    [model] = load(files(sql=None, **{"spark.sql": None})).values()
    assert (model.name, model.sql, model.spark_sql, dict(model.upstream)) == ("fct_seen", "", "", {})


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        ({"spark.sql": None}, "fct_seen.sql:1: fct_seen.spark.sql is missing beside it: each engine has a query of its own"),
        ({"sql": None}, "fct_seen.spark.sql:1: fct_seen.sql is missing beside it: each engine has a query of its own"),
        ({"sql": SQL.replace("$end", "$until")}, "fct_seen.sql:1: an engine's query reads $start and $end; unknown: until"),
        (
            {"sql": SQL.replace("clickstream.session", "landing.clarity_base")},
            "fct_seen.sql:2: an engine reads clickstream.* alone, no table of the warehouse such as landing.clarity_base",
        ),
        ({"sql": SQL.replace("count(*)", "count(*)::int")}, "'sessions' is BIGINT in the contract and INTEGER in the query"),
        ({"sql": SQL.replace("as sessions", "as seen")}, "column 'seen' is not in the contract"),
        (
            {"yml": YML.replace("- {name: project_id, data_type: VARCHAR, description: project}", "")
             .replace("[project_id, date]", "[date]")},
            "an engine's table begins with project_id, date; here date, sessions",
        ),
        ({"yml": YML.replace("fct_seen", "fct_other")}, "the file is 'fct_seen', its model 'fct_other'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_refused_with_file_and_line(files, texts, told):
    assert told in error(files(**texts))


def test_a_query_of_the_warehouse_cannot_read_the_engines_views(files, tmp_path):
    files()
    (tmp_path / "marts/fct_peek.sql").write_text("select count(*) as n from clickstream.session")
    (tmp_path / "marts/fct_peek.yml").write_text(
        "models:\n- name: fct_peek\n  description: d\n  meta: {grain: [n], materialized: view, owners: ['team:analytics']}\n"
        "  columns:\n  - {name: n, data_type: BIGINT, description: d}\n"
    )
    assert "unknown upstream 'clickstream.session'" in error(tmp_path)


def test_rows_of_the_days_are_replaced_and_others_and_other_projects_stay(files):
    [model] = load(files()).values()
    with duckdb.connect() as con:
        replace_rows(con, model, rows((MONDAY, 1), (FRIDAY, 5)), project_id="a", start=MONDAY, end=date(2026, 10, 12))
        replace_rows(con, model, rows((MONDAY, 9)), project_id="b", start=MONDAY, end=TUESDAY)
        assert replace_rows(con, model, rows((MONDAY, 2)), project_id="a", start=MONDAY, end=TUESDAY) == 1
        assert replace_rows(con, model, rows(), project_id="a", start=FRIDAY, end=date(2026, 10, 10)) == 0
        assert con.execute("from marts.fct_seen order by all").fetchall() == [("a", MONDAY, 2), ("b", MONDAY, 9)]


@pytest.mark.parametrize("stray", [FRIDAY, date(2026, 10, 4), None])
def test_rows_outside_of_the_days_are_refused_and_nothing_is_written(files, stray):
    [model] = load(files()).values()
    with duckdb.connect() as con:
        replace_rows(con, model, rows((MONDAY, 1)), project_id="a", start=MONDAY, end=TUESDAY)
        with pytest.raises(SqlModelError, match="1 of 2 rows lie outside"):
            replace_rows(con, model, rows((MONDAY, 2), (stray, 3)), project_id="a", start=MONDAY, end=FRIDAY)
        assert con.execute("from marts.fct_seen").fetchall() == [("a", MONDAY, 1)]


def test_rows_with_other_columns_are_refused(files):
    [model] = load(files()).values()
    with (
        duckdb.connect() as con,
        pytest.raises(SqlModelError, match=r"the engine gave date; the contract has date, sessions"),
    ):
        replace_rows(con, model, rows((MONDAY, 1)).drop(["sessions"]), project_id="a", start=MONDAY, end=TUESDAY)


def test_the_warehouse_does_not_run_an_engines_query(files):
    [model] = load(files()).values()
    with duckdb.connect() as con, pytest.raises(SqlModelError, match="clarity-assets clickstream run"):
        run_model(con, model, start=MONDAY, end=TUESDAY)
