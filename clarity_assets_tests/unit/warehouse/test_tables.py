"""Tables made as declared, partitions replaced, and transactions that keep all or nothing."""

from dataclasses import astuple, dataclass
from datetime import date

import duckdb
import pyarrow as pa
import pytest

from clarity_assets.errors import WarehouseError
from clarity_assets.warehouse.tables import ensure_table, quoted, replace_partition, transaction

FIRST, SECOND = date(2026, 10, 1), date(2026, 10, 2)


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    meaning: str


COLUMNS = (
    Column("date", "DATE", "UTC day."),
    Column("page", "VARCHAR", "The visitor's page. NULL: none."),
    Column("sessions", "BIGINT", "Sessions."),
)


@pytest.fixture
def con():
    with duckdb.connect() as connection:
        ensure_table(connection, "landing.pages", COLUMNS, "Pages; a day's each.")
        connection.execute("insert into landing.pages values ('2026-10-01', '/old', 1), ('2026-10-02', '/kept', 2)")
        yield connection


def rows(day: date, count: int) -> pa.Table:
    """In another order than the table's columns."""
    return pa.table(
        {
            "sessions": pa.array(range(count), pa.int64()),
            "date": pa.array([day] * count, pa.date32()),
            "page": pa.array([f"/{i}" for i in range(count)], pa.string()),
        }
    )


def counts(con: duckdb.DuckDBPyConnection) -> dict[date, int]:
    return dict(con.execute("select date, count(*) from landing.pages group by date").fetchall())


@pytest.mark.parametrize("count", [0, 1, 2, 2048, 2049, 150_000])
def test_a_partition_is_replaced_by_any_number_of_rows(con, count):
    with transaction(con):
        assert replace_partition(con, "landing.pages", rows(FIRST, count), where={"date": FIRST}) == count
    assert counts(con) == ({FIRST: count} if count else {}) | {SECOND: 1}
    assert con.execute("select count(*), sum(sessions) from landing.pages where page = '/' || sessions").fetchall() == [
        (count, sum(range(count)) if count else None)
    ]


def test_replacing_twice_leaves_the_second(con):
    for count in (5, 3):
        with transaction(con):
            replace_partition(con, "landing.pages", rows(FIRST, count), where={"date": FIRST})
    assert counts(con) == {FIRST: 3, SECOND: 1}


def test_no_rows_and_no_columns_clear_the_partition(con):
    assert replace_partition(con, "landing.pages", pa.table({}), where={"date": FIRST}) == 0
    assert counts(con) == {SECOND: 1}


def test_a_partition_may_be_of_several_columns_and_of_null(con):
    con.execute("insert into landing.pages values ('2026-10-01', null, 7)")
    new = pa.table({"date": [FIRST], "page": pa.array([None], pa.string()), "sessions": [8]})
    assert replace_partition(con, "landing.pages", new, where={"date": FIRST, "page": None}) == 1
    found = con.execute("select page, sessions from landing.pages where date = '2026-10-01' order by all").fetchall()
    assert found == [("/old", 1), (None, 8)]


def test_columns_that_the_rows_lack_become_null_and_unknown_ones_are_refused(con):
    assert replace_partition(con, "landing.pages", pa.table({"date": [FIRST]}), where={"date": FIRST}) == 1
    assert con.execute("select page from landing.pages where date = '2026-10-01'").fetchall() == [(None,)]
    strange = rows(FIRST, 1).append_column("strange", pa.array([1]))
    with pytest.raises(duckdb.BinderException, match="strange"), transaction(con):
        replace_partition(con, "landing.pages", strange, where={"date": FIRST})
    assert counts(con) == {FIRST: 1, SECOND: 1}


def test_values_are_bound_and_names_are_quoted(con):
    name = 'pages"; drop schema landing cascade; --'
    ensure_table(con, f"landing.{name}", (Column('a"b', "VARCHAR", "it's"), Column("select", "BIGINT", "")))
    new = pa.table({'a"b': ["x' or 1=1"], "select": [1]})
    for _ in range(2):
        assert replace_partition(con, f"landing.{name}", new, where={'a"b': "x' or 1=1", "select": 1}) == 1
    assert con.execute(f"from {quoted(f'landing.{name}')}").fetchall() == [("x' or 1=1", 1)]
    assert counts(con) == {FIRST: 1, SECOND: 1}


@pytest.mark.parametrize(
    ("new", "where", "words"),
    [
        (rows(FIRST, 2), {}, "would clear the table"),
        (pa.concat_tables([rows(FIRST, 2), rows(SECOND, 1)]), {"date": FIRST}, "1 of 3 outside of it"),
        (rows(FIRST, 2).drop_columns("date"), {"date": FIRST}, "no column date"),
        (pa.table({"date": pa.array([None], pa.date32())}), {"date": FIRST}, "1 of 1 outside of it"),
    ],
    ids=["no-where", "stray", "no-column", "null"],
)
def test_rows_that_the_next_replacement_would_not_find_are_refused(con, new, where, words):
    with pytest.raises(WarehouseError, match=words), transaction(con):
        replace_partition(con, "landing.pages", new, where=where)
    assert counts(con) == {FIRST: 1, SECOND: 1}


def test_a_result_that_the_caller_left_open_does_not_disturb(con):
    con.execute("from range(1000000)").fetchone()
    assert replace_partition(con, "landing.pages", rows(FIRST, 2), where={"date": FIRST}) == 2


def test_replacing_neither_begins_nor_commits(con):
    con.begin()
    replace_partition(con, "landing.pages", rows(FIRST, 5), where={"date": FIRST})
    con.rollback()
    assert counts(con) == {FIRST: 1, SECOND: 1}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit])
def test_a_transaction_rolls_back_on_any_error(con, error):
    def work() -> None:
        con.execute("delete from landing.pages")
        raise error("mine")

    with pytest.raises(error, match="mine"), transaction(con):
        work()
    assert counts(con) == {FIRST: 1, SECOND: 1}
    with transaction(con):
        con.execute("delete from landing.pages")
    assert counts(con) == {}


def test_an_sql_error_that_was_passed_over_is_told_because_duckdb_would_keep_nothing(con):
    def work() -> None:
        con.execute("delete from landing.pages")
        with pytest.raises(duckdb.CatalogException):
            con.execute("from nowhere")

    with pytest.raises(WarehouseError, match="caught and passed over") as caught, transaction(con):
        work()
    assert isinstance(caught.value.__cause__, duckdb.TransactionException)
    assert counts(con) == {FIRST: 1, SECOND: 1}


def test_a_transaction_within_a_transaction_is_refused_and_nothing_is_kept(con):
    refused = pytest.raises(duckdb.TransactionException, match="within a transaction")
    with refused, transaction(con), transaction(con.execute("delete from landing.pages")):
        pass
    assert counts(con) == {FIRST: 1, SECOND: 1}


def described(con: duckdb.DuckDBPyConnection) -> list[tuple]:
    return con.execute(
        "select column_name, data_type, comment from duckdb_columns() where table_name = 'pages' order by column_index"
    ).fetchall()


def test_a_table_is_made_with_types_and_meanings(con):
    assert described(con) == [*map(astuple, COLUMNS)]
    assert con.execute("select schema_name, comment from duckdb_tables() where table_name = 'pages'").fetchall() == [
        ("landing", "Pages; a day's each.")
    ]


def test_a_table_that_is_as_declared_is_asked_once_and_left_alone(con):
    class Counting:
        statements = 0

        def execute(self, *args):
            self.statements += 1
            return con.execute(*args)

    counting = Counting()
    ensure_table(counting, "landing.pages", COLUMNS)
    assert counting.statements == 1


def test_missing_columns_are_added_and_others_kept(con):
    added = Column("Visitors", "INT", "Distinct users.")
    ensure_table(con, "landing.pages", (COLUMNS[0], added))
    assert described(con) == [*map(astuple, COLUMNS), ("Visitors", "INTEGER", "Distinct users.")]
    assert con.execute("select page, visitors from landing.pages").fetchall() == [("/old", None), ("/kept", None)]


def test_a_meaning_that_was_reworded_is_reworded_in_the_file(con):
    ensure_table(con, "landing.pages", (Column("SESSIONS", "int8", "Sessions without bots."),))
    assert described(con)[2] == ("sessions", "BIGINT", "Sessions without bots.")


def test_a_type_conflict_is_refused_with_column_and_both_types_and_nothing_is_changed(con):
    declared = (Column("sessions", "DOUBLE", ""), Column("new", "INTEGER", ""))
    words = "landing.pages has other types than declared: sessions is BIGINT in the file and DOUBLE in the code"
    with pytest.raises(WarehouseError, match=words):
        ensure_table(con, "landing.pages", declared)
    assert len(described(con)) == 3


def test_a_table_is_made_within_the_callers_transaction(con):
    con.begin()
    ensure_table(con, "ops.fresh", COLUMNS)
    replace_partition(con, "ops.fresh", rows(FIRST, 2), where={"date": FIRST})
    con.rollback()
    assert con.execute("select count(*) from duckdb_tables() where table_name = 'fresh'").fetchall() == [(0,)]


def test_a_table_without_a_schema_is_in_main_and_a_strange_name_is_refused(con):
    ensure_table(con, "plain", COLUMNS)
    assert con.execute("from main.plain").fetchall() == []
    for name in ("", "a.", ".a", "a.b.c"):
        with pytest.raises(WarehouseError, match="is no table name"):
            ensure_table(con, name, COLUMNS)
