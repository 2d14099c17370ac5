"""A text file in; SQL of its rows, and what is known of its lines that are no rows, out."""

from pathlib import Path

import duckdb

from clarity_assets.warehouse.tables import literal

LONGEST_LINE_BYTES = 8_000_000  # a GA4 event has up to 100 parameters of 100 characters, and 200 items
SEPARATOR = r"e'\x01'"  # stands in no JSON text, so that each line is one field


def forget_broken_lines(con: duckdb.DuckDBPyConnection) -> None:
    """Drop what DuckDB keeps of the lines that it could not read."""
    for table in ("broken_line", "broken_scan"):
        con.execute(f"drop table if exists {table}")


def read_csv(plain: Path, names: list[str], *, delimiter: str, quote: str, has_header: bool) -> str:
    """SQL of a file's rows, all columns as text. Lines that are no rows are left out, and kept as `broken_line`."""
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    return f"""read_csv({literal(str(plain))}, columns = {{{columns}}}, auto_detect = false, header = {has_header},
        delim = {delimiter}, quote = {quote}, escape = {quote}, max_line_size = {LONGEST_LINE_BYTES},
        store_rejects = true, rejects_table = 'broken_line', rejects_scan = 'broken_scan', rejects_limit = 0)"""


def number_broken_lines(con: duckdb.DuckDBPyConnection, *, has_header: bool) -> int:
    """Keep what DuckDB told of lines that are no rows as `broken_row` (row_number, before, rule, reason): how many.

    `before`: good rows before it, by which the numbers of good rows become places in the file.
    """
    con.execute("create or replace table broken_row (row_number bigint, before bigint, rule varchar, reason varchar)")
    if con.execute("select 1 from duckdb_tables() where table_name = 'broken_line'").fetchall():
        con.execute(f"""
            insert into broken_row
            with first as (
                select line::bigint - {int(has_header)} as row_number,
                    min_by({_told_of_line(is_csv=has_header)}, byte_position) as told
                from broken_line group by line
            )
            select row_number, row_number - row_number() over (order by row_number), told.rule, told.reason
            from first""")  # noqa: S608
    return con.execute("select count(*) from broken_row").fetchall()[0][0]


def _told_of_line(*, is_csv: bool) -> str:
    """SQL of {rule, reason} of a line that DuckDB could not read."""
    counts = r"regexp_extract(error_message, 'Columns: (\d+) Found: (\d+)', ['wanted', 'found'])"
    fields = f"'has ' || ({counts}).found || ' fields where the header has ' || ({counts}).wanted"
    lines = "len(string_split(rtrim(csv_line, e'\\r\\n'), e'\\n'))"
    rules = {
        "MISSING COLUMNS": ("has too few fields", fields),
        "TOO MANY COLUMNS": ("has too many fields", f"{fields} || ', or more'")
        if is_csv
        else ("is no JSON object", "'is no JSON object: it has a control character'"),
        "UNQUOTED VALUE": (
            "has a quote that nothing closes",
            f"'has a quote that nothing closes: ' || {lines} || ' lines'",
        ),
        "LINE SIZE OVER MAXIMUM": ("is too long", f"'is longer than {LONGEST_LINE_BYTES:,} bytes'"),
        "INVALID ENCODING": ("is no UTF-8 text", "'is no UTF-8 text'"),
    }
    cases = " ".join(
        f"when {literal(kind)} then {_told_as(literal(rule), reason)}" for kind, (rule, reason) in rules.items()
    )
    other = _told_as("'is no row'", "'is no row: ' || lower(error_type::varchar)")
    return f"case error_type::varchar {cases} else {other} end"


def _told_as(rule: str, reason: str) -> str:
    return f"{{'rule': {rule}, 'reason': {reason}}}"
