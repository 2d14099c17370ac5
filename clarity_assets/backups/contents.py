"""A DuckDB file in, its rows by table out; every block of every table is read, so that damage is met here."""

from pathlib import Path

import duckdb

from clarity_assets.errors import WarehouseCorrupt
from clarity_assets.trace.answers import verify_answers
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.tables import quoted
from clarity_assets.warehouse.troubles import CORRUPT_STEP, corrupt, explained

NAMED_ANSWERS = 3  # damaged ones that a message spells out
MEMORY = "256MB"  # reading streams; without a limit DuckDB keeps every block that it has read
CONFIG = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false", "memory_limit": MEMORY}


def read_copy(path: Path) -> dict[str, int]:
    """Rows by table of a file that nobody else has. Raises WarehouseCorrupt where a block or an answer is damaged."""
    with explained(path, at_open=True):
        con = duckdb.connect(str(path), read_only=True, config=CONFIG)
        try:
            return _read(con, path)
        finally:
            con.close()


def damage_of(path: Path, *, timeout_s: float, is_deep: bool = True) -> str | None:
    """What is wrong with the working file, without a next step, or None; opened in its turn.

    A missing one is for the caller to judge.
    Not `is_deep`: only whether it opens, as that takes milliseconds.
    """
    try:
        with open_warehouse(path, timeout_s=timeout_s, label="look for damage", memory_limit=MEMORY) as con:
            if is_deep:
                _read(con, path)
    except WarehouseCorrupt as error:
        return str(error).removesuffix(CORRUPT_STEP)
    return None


def _read(con: duckdb.DuckDBPyConnection, path: Path) -> dict[str, int]:
    counts = {table: _count(con, table) for table in _tables(con)}
    if "ops.clarity_answer" in counts and "ops.clarity_day" in counts:
        _refuse_damaged_answers(con, path)
    return counts


def _tables(con: duckdb.DuckDBPyConnection) -> list[str]:
    rows = con.execute(
        """select schema_name || '.' || table_name from duckdb_tables()
           where database_name = current_database() and not temporary and not internal order by all"""
    ).fetchall()
    return [name for (name,) in rows]


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    """The table's rows. Hashing every column reads every block, and DuckDB compares each with its checksum."""
    sql = f"select count(*), max(hash(columns(*))) from {quoted(table)}"  # noqa: S608 - a catalogue's name, quoted
    return con.execute(sql).fetchall()[0][0]


def _refuse_damaged_answers(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    projects = con.execute("select distinct project_id from ops.clarity_answer order by all").fetchall()
    damaged = [answer for (project_id,) in projects for answer in verify_answers(con, project_id=project_id).damaged]
    if damaged:
        named = "; ".join(f"{answer.damage}" for answer in damaged[:NAMED_ANSWERS])
        raise corrupt(path, f"{len(damaged)} of its answers are damaged ({named})")
