"""Models made by hand, run in a warehouse in memory: what is replaced, what stays, and what is refused."""

from dataclasses import replace
from datetime import date, timedelta

import duckdb
import pytest

from clarity_assets.errors import WarehouseError
from clarity_assets.warehouse.models.contract import SqlModelError
from clarity_assets.warehouse.models.load import load_models
from clarity_assets.warehouse.models.run import ensure_upstream, run_model, upstream_models

SOURCES = {"landing.visits": {"date": "DATE", "page": "VARCHAR", "hits": "BIGINT"}}
BY_DAY = """
    select date, count(*) as visit_count, sum(hits)::bigint as hits
    from landing.visits where date >= $start and date < $end group by date
"""
DAY = date(2026, 10, 5)


def days(count: int) -> date:
    return DAY + timedelta(days=count)


@pytest.fixture
def con():
    with duckdb.connect() as con:
        con.execute("create schema landing; create table landing.visits (date date, page varchar, hits bigint)")
        con.execute(
            "insert into landing.visits select date '2026-10-05' + i::int, 'p' || (i % 2), i from range(4) t(i)"
        )
        yield con


@pytest.fixture
def model(tmp_path):
    def make(
        sql: str = BY_DAY, *, kind: str = "incremental", columns: str = "date DATE, visit_count BIGINT, hits BIGINT"
    ):
        listed = [column.split() for column in columns.split(", ")]
        (tmp_path / "marts").mkdir(exist_ok=True)
        (tmp_path / "marts/fct.sql").write_text(sql)
        (tmp_path / "marts/fct.yml").write_text(
            "models:\n- name: fct\n  description: Visits.\n"
            f"  meta: {{grain: [{listed[0][0]}], materialized: {kind}, owners: ['team:analytics']}}\n"
            "  columns:\n" + "".join(f"  - {{name: {n}, data_type: {t}, description: 'the {n}'}}\n" for n, t in listed)
        )
        return load_models(tmp_path, sources=SOURCES)["marts.fct"]

    return make


def table(con) -> list[tuple]:
    return con.execute("select * from marts.fct order by all").fetchall()


def test_exactly_the_rows_of_the_range_are_replaced(con, model):
    run_model(con, model(), start=DAY, end=days(4))
    con.execute("update landing.visits set hits = hits + 100")
    assert run_model(con, model(), start=days(1), end=days(3)) == 2
    assert table(con) == [(DAY, 1, 0), (days(1), 1, 101), (days(2), 1, 102), (days(3), 1, 3)]


def test_a_range_without_rows_is_cleared(con, model):
    run_model(con, model(), start=DAY, end=days(4))
    con.execute("delete from landing.visits where date = '2026-10-06'")
    assert run_model(con, model(), start=days(1), end=days(2)) == 0
    assert [row[0] for row in table(con)] == [DAY, days(2), days(3)]


def test_day_by_day_in_any_order_is_the_same_as_all_at_once(con, model):
    for i in (2, 0, 3, 1, 2):
        run_model(con, model(), start=days(i), end=days(i + 1))
    single = table(con)
    con.execute("drop table marts.fct")
    run_model(con, model(), start=DAY, end=days(4))
    assert table(con) == single
    assert len(single) == 4


def test_rows_outside_of_the_range_are_refused_and_nothing_is_written(con, model):
    run_model(con, model(), start=DAY, end=days(4))
    before = table(con)
    sql = BY_DAY.replace("select date,", "select date + 1 as date,")
    with pytest.raises(SqlModelError, match=r"fct.sql:1: 1 of 2 rows lie outside \[2026-10-05, 2026-10-07\)"):
        run_model(con, model(sql), start=DAY, end=days(2))
    assert table(con) == before


def test_rows_without_a_date_are_refused(con, model):
    sql = BY_DAY.replace("select date,", "select null::date as date,")
    with pytest.raises(SqlModelError, match="1 of 1 rows lie outside"):
        run_model(con, model(sql), start=DAY, end=days(1))


def test_an_error_while_inserting_leaves_the_rows_as_they_were(con, model):
    run_model(con, model(), start=DAY, end=days(4))
    before = table(con)
    with pytest.raises(duckdb.ConversionException):
        run_model(con, model(BY_DAY.replace("sum(hits)", "sum(page::int)")), start=DAY, end=days(4))
    assert table(con) == before


def test_a_model_that_is_no_longer_of_its_contracts_types_is_refused(con, model):
    made = model()
    con.execute("alter table landing.visits alter column date type timestamp")
    with pytest.raises(SqlModelError, match=r"fct.yml:6: 'date' is DATE in the contract and TIMESTAMP in the query"):
        run_model(con, made, start=DAY, end=days(4))


def test_a_table_whose_types_are_others_than_the_contracts_is_refused(con, model):
    con.execute("create schema marts; create table marts.fct (date date, visit_count integer, hits bigint)")
    with pytest.raises(WarehouseError, match="visit_count is INTEGER"):
        run_model(con, model(), start=DAY, end=days(4))


def test_a_column_new_in_the_contract_is_added_to_the_table(con, model):
    run_model(con, model(), start=DAY, end=days(2))
    wider = model(BY_DAY.replace("select date,", "select date, max(page) as page,"),
                  columns="date DATE, visit_count BIGINT, hits BIGINT, page VARCHAR")  # fmt: skip
    run_model(con, wider, start=days(1), end=days(2))
    assert table(con) == [(DAY, 1, 0, None), (days(1), 1, 1, "p1")]


def test_an_incremental_model_without_a_range_is_refused(con, model):
    with pytest.raises(SqlModelError, match="runs for a range of days"):
        run_model(con, model())


def test_a_model_of_kind_table_is_replaced_whole(con, model):
    pages = model("select page, sum(hits)::bigint as hits from landing.visits group by page", kind="table",
                  columns="page VARCHAR, hits BIGINT")  # fmt: skip
    assert run_model(con, pages) == 2
    con.execute("delete from landing.visits where page = 'p0'")
    assert run_model(con, pages) == 1
    assert table(con) == [("p1", 4)]


def test_the_contracts_words_become_the_tables_comments(con, model):
    run_model(con, model(), start=DAY, end=DAY)
    [(comment,)] = con.execute("select comment from duckdb_tables() where table_name = 'fct'").fetchall()
    assert comment.startswith("Visits. (version ")
    comments = con.execute("select column_name, comment from duckdb_columns() where table_name = 'fct'").fetchall()
    assert dict(comments) == {"date": "the date", "visit_count": "the visit_count", "hits": "the hits"}


# --- views, seeds, and what a model reads -------------------------------------------------------------------------

VIEW = "select date, count(*) as visit_count, sum(hits)::bigint as hits from landing.visits group by date"


def kind_of_table(con) -> str:
    return con.execute("select table_type from information_schema.tables where table_name = 'fct'").fetchall()[0][0]


def test_a_view_counts_the_rows_of_the_days_and_shows_what_is_landed_later(con, model):
    assert run_model(con, model(VIEW, kind="view"), start=DAY, end=days(2)) == 2
    con.execute("update landing.visits set hits = 7")
    assert {row[2] for row in table(con)} == {7}


def test_a_view_has_comments_too(con, model):
    run_model(con, model(VIEW, kind="view"), start=DAY, end=DAY)
    comments = con.execute("select column_name, comment from duckdb_columns() where table_name = 'fct'").fetchall()
    assert dict(comments)["hits"] == "the hits"


def test_a_model_may_become_a_view_and_a_table_again(con, model):
    run_model(con, model(), start=DAY, end=days(4))
    run_model(con, model(VIEW, kind="view"), start=DAY, end=days(4))
    assert kind_of_table(con) == "VIEW"
    assert run_model(con, model(), start=DAY, end=days(4)) == 4
    assert kind_of_table(con) == "BASE TABLE"


def test_a_column_that_left_the_contract_leaves_the_table(con, model):
    run_model(con, model(), start=DAY, end=days(2))
    sql = "select date, count(*) as visit_count from landing.visits where date >= $start and date < $end group by date"
    run_model(con, model(sql, columns="date DATE, visit_count BIGINT"), start=days(1), end=days(2))
    assert table(con) == [(DAY, 1), (days(1), 1)]


@pytest.fixture
def chain(tmp_path):
    """A view on the landing table, a table on the view, and a view on the table."""
    files = {
        "staging/visits": ("view", "select date, hits from landing.visits"),
        "marts/daily": ("incremental", "select date, hits from staging.visits where date >= $start and date < $end"),
        "quality/odd": ("view", "select date, hits from marts.daily where hits > 1"),
    }
    for name, (kind, sql) in files.items():
        path = tmp_path / f"{name}.sql"
        path.parent.mkdir()
        path.write_text(sql)
        path.with_suffix(".yml").write_text(
            f"models:\n- name: {path.stem}\n  description: Visits.\n"
            f"  meta: {{grain: [date], materialized: {kind}, owners: ['team:analytics']}}\n"
            "  columns:\n  - {name: date, data_type: DATE, description: d}\n  - {name: hits, data_type: BIGINT, description: h}\n"
        )
    return load_models(tmp_path, sources=SOURCES)


def test_what_a_model_reads_is_made_first_views_as_they_are_now_and_tables_empty(con, chain):
    last = chain["quality.odd"]
    assert upstream_models(last, models=chain) == {"staging.visits", "marts.daily"}
    ensure_upstream(con, last, models=chain)
    assert run_model(con, last, start=DAY, end=days(4)) == 0
    assert con.execute("select count(*) from staging.visits").fetchall() == [(4,)]


def test_a_view_of_an_older_version_is_made_anew_before_it_is_read(con, chain):
    ensure_upstream(con, chain["marts.daily"], models=chain)
    staging = chain["staging.visits"]
    changed = chain | {"staging.visits": replace(staging, sql="select date, hits * 10 as hits from landing.visits")}
    ensure_upstream(con, chain["marts.daily"], models=changed)
    assert con.execute("select max(hits) from staging.visits").fetchall() == [(30,)]


def test_rows_that_are_there_stay_when_upstream_is_ensured(con, chain):
    ensure_upstream(con, chain["marts.daily"], models=chain)
    run_model(con, chain["marts.daily"], start=DAY, end=days(4))
    ensure_upstream(con, chain["quality.odd"], models=chain)
    assert run_model(con, chain["quality.odd"], start=DAY, end=days(4)) == 2


def test_a_seed_is_loaded_whole_with_empty_fields_as_null(con, tmp_path):
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds/rules.csv").write_text('rule_order,pattern\n1,"a,""b"""\n2,\n', encoding="utf-8")
    (tmp_path / "seeds/rules.yml").write_text(
        "seeds:\n- name: rules\n  description: Rules.\n  meta: {grain: [rule_order], owners: ['team:analytics']}\n"
        "  columns:\n  - {name: rule_order, data_type: BIGINT, description: o}\n  - {name: pattern, data_type: VARCHAR, description: p}\n"
    )
    rules = load_models(tmp_path, sources={})["seeds.rules"]
    assert [run_model(con, rules), run_model(con, rules)] == [2, 2]
    assert con.execute("select * from seeds.rules order by rule_order").fetchall() == [(1, 'a,"b"'), (2, None)]


def test_a_long_range_goes_in_by_parts_and_is_the_same_as_short_ones(con, model):
    con.execute("insert into landing.visits select date '2026-01-01' + i::int, 'p', 1 from range(250) t(i)")
    first, last = date(2026, 1, 1), date(2026, 12, 31)
    assert run_model(con, model(), start=first, end=last) == 250 + 4
    whole = table(con)
    for i in range(365):
        run_model(con, model(), start=first + timedelta(days=i), end=first + timedelta(days=i + 1))
    assert table(con) == whole


def test_a_query_that_forgets_a_bound_is_refused_in_a_long_range_too(con, model):
    con.execute("insert into landing.visits select date '2026-01-01' + i::int, 'p', 1 from range(250) t(i)")
    forgets_start = BY_DAY.replace("date >= $start and", "($start is not null) and")
    with pytest.raises(SqlModelError, match=r"92 of \d+ rows lie outside"):
        run_model(con, model(forgets_start), start=date(2026, 1, 1), end=date(2026, 12, 31))


def test_a_seed_that_was_never_loaded_is_filled_before_it_is_read(con, tmp_path):
    (tmp_path / "seeds").mkdir()
    (tmp_path / "marts").mkdir()
    (tmp_path / "seeds/rules.csv").write_text("rule_order,pattern\n1,a\n", encoding="utf-8")
    columns = "  columns:\n  - {name: rule_order, data_type: BIGINT, description: o}\n"
    (tmp_path / "seeds/rules.yml").write_text(
        "seeds:\n- name: rules\n  description: R.\n  meta: {grain: [rule_order], owners: ['team:a']}\n"
        + columns
        + "  - {name: pattern, data_type: VARCHAR, description: p}\n"
    )
    (tmp_path / "marts/dim.sql").write_text("select rule_order from seeds.rules")
    (tmp_path / "marts/dim.yml").write_text(
        "models:\n- name: dim\n  description: D.\n"
        "  meta: {grain: [rule_order], materialized: table, owners: ['team:a']}\n" + columns
    )
    models = load_models(tmp_path, sources={})
    ensure_upstream(con, models["marts.dim"], models=models)
    assert run_model(con, models["marts.dim"]) == 1
    con.execute("delete from seeds.rules")  # as long as its file is the same it is left alone
    ensure_upstream(con, models["marts.dim"], models=models)
    assert run_model(con, models["marts.dim"]) == 0


def test_tables_of_an_attached_warehouse_are_not_taken_for_ours(con, chain, tmp_path):
    con.execute(f"attach '{tmp_path / 'other.duckdb'}' as other; create schema other.staging")
    con.execute("create table other.staging.visits (date date, hits bigint)")
    ensure_upstream(con, chain["marts.daily"], models=chain)
    assert run_model(con, chain["marts.daily"], start=DAY, end=days(4)) == 4
