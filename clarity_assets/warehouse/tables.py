"""Tables of the warehouse: made as declared, and written a partition at a time inside the caller's transaction."""

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

import duckdb
import pyarrow as pa

from clarity_assets.errors import WarehouseError
from clarity_assets.warehouse.query import one


class ColumnLike(Protocol):
    """A column's name, its DuckDB type and what it means (unit, and what NULL says)."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def meaning(self) -> str: ...


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit the body's work, or roll all of it back on any error, KeyboardInterrupt too.

    Raises WarehouseError where the body caught an SQL error and went on: DuckDB aborts a transaction at its first
    error, and its `commit` of an aborted one discards everything without a word (2.0.0, measured).
    """
    con.begin()
    try:
        yield
        _refuse_aborted(con)
        con.commit()
    except BaseException:
        with contextlib.suppress(duckdb.Error):  # a failed commit has rolled back already
            con.rollback()
        raise


def _refuse_aborted(con: duckdb.DuckDBPyConnection) -> None:
    try:
        one(con, "select 1")
    except duckdb.TransactionException as error:
        raise WarehouseError(
            "an SQL error inside the transaction was caught and passed over; DuckDB aborts a transaction at its first "
            "error, so nothing of it was written; let the error pass, or catch it outside of `with transaction(con)`"
        ) from error


def replace_partition(con: duckdb.DuckDBPyConnection, table: str, rows: pa.Table, *, where: dict[str, object]) -> int:
    """Delete the rows of the partition `where` (column = value) and insert `rows` by name; returns how many.

    Neither begins nor commits: call it inside `transaction(con)`. No rows clear the partition. Raises WarehouseError,
    before anything is deleted, where `where` is empty or rows lie outside of the partition: they would be kept by the
    next replacement and count twice.
    """
    if not where:
        raise WarehouseError(
            f"replace_partition({table!r}) without a `where` would clear the table; name at least one column"
        )
    if rows.num_rows:
        _refuse_strays(con, table, rows, where)
    condition, values = _condition(where)
    con.execute(f"delete from {quoted(table)} where {condition}", values)  # noqa: S608 - names quoted, values bound
    return insert_rows(con, table, rows) if rows.num_rows else 0


def _condition(where: dict[str, object]) -> tuple[str, list[object]]:
    parts = [f"{identifier(n)} = ?" if v is not None else f"{identifier(n)} is null" for n, v in where.items()]
    return " and ".join(parts), [value for value in where.values() if value is not None]


# DuckDB finds the Arrow table by the parameter's name, in the very frame that calls `execute`. `register` would do too,
# but is refused while a result of the caller's is open, and `unregister` in an aborted transaction, where it would hide
# the first error.


def insert_rows(con: duckdb.DuckDBPyConnection, table: str, clarity_new_rows: pa.Table) -> int:
    """Insert by name, inside the caller's transaction; returns how many."""
    sql = f"insert into {quoted(table)} by name select * from clarity_new_rows"  # noqa: S608 - names quoted
    return con.execute(sql).fetchall()[0][0]


def _refuse_strays(
    con: duckdb.DuckDBPyConnection, table: str, clarity_new_rows: pa.Table, where: dict[str, object]
) -> None:
    named = {name.lower() for name in clarity_new_rows.column_names}
    missing = [name for name in where if name.lower() not in named]
    strays = 0
    if not missing:
        condition, values = _condition(where)
        sql = f"select count(*) from clarity_new_rows where ({condition}) is not true"  # noqa: S608 - names quoted
        strays = con.execute(sql, values).fetchall()[0][0]
    if missing or strays:
        what = (
            f"no column {', '.join(missing)}" if missing else f"{strays} of {clarity_new_rows.num_rows} outside of it"
        )
        raise WarehouseError(
            f"the rows for {table} where {where} have {what}; hand over the rows of this partition and no others"
        )


def ensure_tables(con: duckdb.DuckDBPyConnection, declared: Mapping[str, tuple[Collection[ColumnLike], str]]) -> None:
    """`ensure_table` for each table with its columns and comment; one catalogue query where none lacks a column.

    Cheap enough for every opening: `ensure_table` asks for columns, which makes DuckDB bind every view (13 ms).
    """
    found = dict(
        con.execute(
            """select schema_name || '.' || table_name, column_count from duckdb_tables()
               where database_name = current_database()"""
        ).fetchall()
    )
    for table, (columns, comment) in declared.items():
        if found.get(table) != len(columns):
            ensure_table(con, table, columns, comment)


def ensure_table(
    con: duckdb.DuckDBPyConnection, table: str, columns: Iterable[ColumnLike], comment: str | None = None
) -> None:
    """Make schema, table and comments if missing, and add columns that the table lacks; else one catalogue query.

    Columns that are not declared stay. Raises WarehouseError that names the column where a declared type is another
    than the table's.
    """
    columns = tuple(columns)
    found = _found_columns(con, table)
    if not found:
        _create(con, table, columns, comment)
        return
    conflicts = [
        f"{c.name} is {found[c.name.lower()][0]} in the file and {c.type} in the code"
        for c in columns
        if c.name.lower() in found and not _is_same_type(con, found[c.name.lower()][0], c.type)
    ]
    if conflicts:
        raise WarehouseError(
            f"{table} has other types than declared: {'; '.join(conflicts)}; rename the column in the code, or convert "
            f"it once by `alter table {table} alter column … type …`"
        )
    added = [c for c in columns if c.name.lower() not in found]
    for column in added:
        con.execute(f"alter table {quoted(table)} add column {identifier(column.name)} {column.type}")
    comment_columns(con, table, [c for c in columns if c in added or found[c.name.lower()][1] != c.meaning])


def _found_columns(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, tuple[str, str | None]]:
    """Type and comment by lower-case name; empty where there is no such table."""
    schema, name = _schema_and_name(table)
    rows = con.execute(
        """select column_name, data_type, comment from duckdb_columns()
           where schema_name = ? and table_name = ? and database_name = current_database()""",
        [schema, name],
    ).fetchall()
    return {column.lower(): (type_name, meaning) for column, type_name, meaning in rows}


def _create(con: duckdb.DuckDBPyConnection, table: str, columns: tuple[ColumnLike, ...], comment: str | None) -> None:
    schema, _ = _schema_and_name(table)
    listed = ", ".join(f"{identifier(c.name)} {c.type}" for c in columns)
    con.execute(f"create schema if not exists {identifier(schema)}")
    con.execute(f"create table {quoted(table)} ({listed})")
    if comment:
        con.execute(f"comment on table {quoted(table)} is {literal(comment)}")
    comment_columns(con, table, columns)


def comment_columns(con: duckdb.DuckDBPyConnection, table: str, columns: Iterable[ColumnLike]) -> None:
    """Say in the catalogue what the columns of a table or view mean."""
    statements = [f"comment on column {quoted(table)}.{identifier(c.name)} is {literal(c.meaning)}" for c in columns]
    if statements:
        con.execute("; ".join(statements))


def _is_same_type(con: duckdb.DuckDBPyConnection, found: str, declared: str) -> bool:
    if found.upper() == declared.upper():
        return True
    return found == one(con, f"select typeof(cast(null as {declared}))")[0]  # `text` is VARCHAR


def _schema_and_name(table: str) -> tuple[str, str]:
    schema, dot, name = table.rpartition(".")
    if not name or (dot and not schema) or "." in schema:
        raise WarehouseError(f"{table!r} is no table name; write `schema.table`, or `table` alone for schema main")
    return schema or "main", name


def quoted(table: str) -> str:
    """`schema.table` with both parts quoted, safe to stand in SQL."""
    schema, name = _schema_and_name(table)
    return f"{identifier(schema)}.{identifier(name)}"


def identifier(name: str) -> str:
    """A name, quoted, safe to stand in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text, quoted, safe to stand in SQL where no parameter may."""
    return "'" + text.replace("'", "''") + "'"
