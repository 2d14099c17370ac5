"""Rows of typed values in; the XML of a worksheet's rows out.

By hand, since openpyxl writes 0.1 million cells a second and this two million; everything else of a workbook
is openpyxl's. A text is always an inline text, never a formula, whatever it begins with.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from xml.sax.saxutils import escape

from openpyxl.utils import get_column_letter

from clarity_assets.warehouse.columns import Column

MAX_CHARACTERS = 32_767  # of a cell, in UTF-16 units (Excel specifications and limits, 2025)
ELLIPSIS = "…"
DAY_ZERO = date(1899, 12, 30)
UNSUITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # what XML 1.0 cannot say
MARKS = re.compile("[&<>\x00-\x08\x0b-\x1f\ufffe\uffff]")


def text_of(value: str) -> str:
    """A text as a cell can hold it: `\ufffd` for what XML cannot say, and an ellipsis where it had to be cut."""
    if len(value) * 2 > MAX_CHARACTERS and len(units := value.encode("utf-16-le")) > MAX_CHARACTERS * 2:
        value = units[: (MAX_CHARACTERS - 1) * 2].decode("utf-16-le", errors="ignore") + ELLIPSIS
    return UNSUITABLE.sub("\ufffd", value)


def rows_xml(
    rows: Iterable[tuple], columns: tuple[Column, ...], *, styles: dict[str, int], first: int
) -> Iterator[str]:
    """Each row as `<row>`, from row number `first`; `styles` is the workbook's cell style by column type."""
    parts = [_parts(i, column, styles) for i, column in enumerate(columns, start=1)]
    for number, row in enumerate(rows, start=first):
        cells = [
            f"{start}{number}{middle}{said(value)}{end}"
            for (start, middle, said, end), value in zip(parts, row, strict=True)
            if value is not None
        ]
        yield f'<row r="{number}">{"".join(cells)}</row>'


def _parts(index: int, column: Column, styles: dict[str, int]) -> tuple:
    """A cell of the column: before its row number, after it, how its value is said, and after that."""
    start, style = f'<c r="{get_column_letter(index)}', styles[column.type]
    if column.type == "VARCHAR":
        return start, f'" s="{style}" t="inlineStr"><is><t xml:space="preserve">', _text, "</t></is></c>"
    kind = ' t="b"' if column.type == "BOOLEAN" else ""
    said = {"BOOLEAN": int, "DATE": _day_number}.get(column.type, repr)
    return start, f'" s="{style}"{kind}><v>', said, "</v></c>"


def _text(value: str) -> str:
    if len(value) * 2 <= MAX_CHARACTERS and not MARKS.search(value):
        return value
    return escape(text_of(value), {"\r": "&#13;"})


def _day_number(value: date) -> int:
    return (value - DAY_ZERO).days
