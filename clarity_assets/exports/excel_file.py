"""A project and a period in; one Excel workbook out: read_me, a sheet a table, data_dictionary.

Dates, numbers and truth values are typed; headers are frozen and have filters. A table that is longer than a sheet
goes on in `frustration_2`, and so on. The same rows and `made_at` give the same bytes.
"""

import io
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.xml.functions import tostring

from clarity_assets.exports.excel_book import cell_styles, make_book
from clarity_assets.exports.excel_rows import rows_xml
from clarity_assets.exports.excel_sheets import Part, Sheet, in_parts, table_sheets
from clarity_assets.exports.tables import Source

MAX_ROWS = 1_048_576  # of a sheet, its header included (Excel specifications and limits, 2025)
HUGE_ROWS = 250_000  # whose XML may pass 2 GiB, for which a zip entry must be marked before it is written
ROWS_AT_ONCE = 2_000
END_OF_ROWS = b"</sheetData>"
PROPERTIES = "docProps/core.xml"


def write_excel(source: Source, path: Path, *, max_rows: int = MAX_ROWS) -> dict[str, int]:
    """Write the workbook; the rows of each of its tables' sheets. Raises OSError."""
    parts = in_parts(table_sheets(source), max_rows=max_rows - 1)
    book = make_book(source, parts)
    styles = cell_styles(book)
    skeleton = io.BytesIO()
    book.save(skeleton)
    entries = {f"xl/worksheets/sheet{book.sheetnames.index(part.name) + 1}.xml": part for part in parts}
    rows: dict[str, Iterator[tuple]] = {}  # of a table, which may go on in the next part
    with ZipFile(skeleton) as made, ZipFile(path, "w") as finished:
        for name in made.namelist():
            part = entries.get(name)
            with finished.open(_entry(name, source.made_at), "w", force_zip64=_is_huge(part)) as stream:
                body = _properties(book, source.made_at) if name == PROPERTIES else made.read(name)
                if part is None:
                    stream.write(body)
                    continue
                told = rows.setdefault(part.sheet.name, _rows(source, part.sheet))
                for piece in _filled(body, part, islice(told, part.row_count), styles):
                    stream.write(piece)
    return {part.name: part.row_count for part in parts}


def _filled(body: bytes, part: Part, rows: Iterator[tuple], styles: dict[str, int]) -> Iterator[bytes]:
    """A sheet that has its header alone, with its rows."""
    before, after = body.split(END_OF_ROWS)
    last = f"{get_column_letter(len(part.sheet.columns))}{{}}"
    yield before.replace(f":{last.format(1)}".encode(), f":{last.format(part.row_count + 1)}".encode(), 1)
    for row in rows_xml(rows, part.sheet.columns, styles=styles, first=2):
        yield row.encode()
    yield END_OF_ROWS + after


def _rows(source: Source, sheet: Sheet) -> Iterator[tuple]:
    """The table's rows, some at a time; a query runs when its first row is asked for."""
    for chunk in source.in_chunks():
        result = source.con.execute(sheet.query, chunk.parameters)
        while some := result.fetchmany(ROWS_AT_ONCE):
            yield from some


def _entry(name: str, made_at: datetime) -> ZipInfo:
    entry = ZipInfo(name, date_time=made_at.timetuple()[:6])
    entry.compress_type = ZIP_DEFLATED
    return entry


def _is_huge(part: Part | None) -> bool:
    return part is not None and part.row_count > HUGE_ROWS


def _properties(book: Workbook, made_at: datetime) -> bytes:
    """Who made it and when; openpyxl's own says when it was saved."""
    book.properties.created = book.properties.modified = made_at.replace(tzinfo=None)
    return tostring(book.properties.to_tree())
