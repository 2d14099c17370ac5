"""A table in; a CSV file that a spreadsheet opens without running anything that stands in it out.

UTF-8, RFC 4180 (comma, CRLF, `""` for a quote), a header, ISO dates, `true`/`false`. NULL is an empty field and an
empty text is `""`: every text is quoted, no number is.

A text whose first character a spreadsheet might take for a formula's gets an apostrophe in front (OWASP, CSV
injection), and so does what follows a semicolon, tab or line break inside: where the list separator is a semicolon,
a spreadsheet cuts there, quotes or not. An apostrophe at such a place is doubled, so `unescaped` gives back every text.
"""

import re
import shutil
from pathlib import Path

import duckdb

from clarity_assets.exports.tables import Mart, Source, rows_sql
from clarity_assets.reports.files import ReportUnwritable
from clarity_assets.warehouse.tables import identifier

TEXT_RULE = (
    "A text that begins with one of ' = + - @ (full-width too), tab, CR or LF has an apostrophe put in front, and so "
    "has one of ' = + - @ after a semicolon, tab, CR or LF inside. To read a text back, drop a leading apostrophe, and "
    "each that follows one of these four. Numbers are never touched."
)
BREAKS = r";\t\r\n"
RISKY = r"'=+\-@＝＋－＠"


def escape_sql() -> str:
    """SQL over a text `{0}` that makes it safe, see above."""
    risky = RISKY.replace("'", "''")
    inside = f"regexp_replace({{0}}, '([{BREAKS}])([{risky}])', '\\1''\\2', 'g')"
    whole = rf"regexp_replace({inside}, '^([{risky}\t\r\n])', '''\1')"
    is_risky = rf"regexp_matches({{0}}, '^[{risky}\t\r\n]|[{BREAKS}][{risky}]')"  # faster than to replace nothing
    return f"if({is_risky}, {whole}, {{0}})"


def unescaped(cell: str) -> str:
    """The text that stood in the mart."""
    return re.sub(f"([{BREAKS}])'", r"\1", cell.removeprefix("'"))


def write_csv(source: Source, mart: Mart, path: Path) -> int:
    """Write the table's rows of the period; how many. Raises ReportUnwritable, and OSError."""
    first, *others = source.in_chunks()
    count = _copy(first, mart, path, has_header=True)
    piece = path.with_name(f"{path.name}.piece")
    for chunk in others:
        count += _copy(chunk, mart, piece, has_header=False)
        with piece.open("rb") as more, path.open("ab") as file:
            shutil.copyfileobj(more, file)
    piece.unlink(missing_ok=True)
    return count


def _copy(source: Source, mart: Mart, path: Path, *, has_header: bool) -> int:
    texts = ", ".join(identifier(column.name) for column in mart.columns if column.type == "VARCHAR")
    query = rows_sql(source, mart, text=escape_sql())
    options = f"format csv, header {has_header}, new_line '\\r\\n', force_quote ({texts})"
    try:
        copied = source.con.execute(f"copy ({query}) to $path ({options})", source.parameters | {"path": str(path)})
        return copied.fetchall()[0][0]
    except duckdb.IOException as error:
        if path.name not in str(error):
            raise  # the warehouse's own trouble
        raise ReportUnwritable(f"{path}: {error}; free it, or set CLARITY_REPORTS") from error
