"""Tables of a report in, what the PDF's template reads of them out; and where names may break over lines."""

import re
import unicodedata
from math import ceil

from clarity_assets.reports.document import Column, Part, Table
from clarity_assets.reports.figures import Figure
from clarity_assets.reports.rendering.numbers import cell_text
from clarity_assets.reports.rendering.texts import part_text, printable

TABLE_SIZES_PT = (9.0, 8.5, 8.0, 7.5, 7.0, 6.0)  # the first in which a table fits
TEXT_WIDTH_PT = 480
LEAST_NAME_PT = 110
GLYPH_EM = 0.47  # how wide a letter is, about
INTERVAL_SIZE = 0.9  # of an interval's letters beside those of its number
BREAK = "\u200b"  # where a line may break; no text from outside has it (`printable`), the template takes it out
LONG_RUN = 14  # letters without a space that are kept on one line
RIGHT_TO_LEFT = ("R", "AL", "AN")


def table_data(table: Table) -> dict:
    """Columns with their widths, and rows; intervals beside the numbers, or below them where room is scarce."""
    rows = [[_cell(part) for part in row] for row in table.rows]
    columns = [[row[i] for row in rows] for i in range(len(table.columns))]
    is_stacked = _needed_pt(table.columns, columns, is_stacked=False, size=TABLE_SIZES_PT[0]) > TEXT_WIDTH_PT
    size = next(
        (size for size in TABLE_SIZES_PT
         if _needed_pt(table.columns, columns, is_stacked=is_stacked, size=size) <= TEXT_WIDTH_PT),
        TABLE_SIZES_PT[-1],
    )  # fmt: skip
    told = [_column(column, cells, is_stacked=is_stacked) for column, cells in zip(table.columns, columns, strict=True)]
    places, seconds = 0, []
    for column in told:
        places += 1
        if column["split"]:
            seconds.append(places)
            places += 1
    return {"kind": "table", "title": printable(table.title), "note": breakable(printable(table.note)), "columns": told,
            "rows": rows, "is_stacked": is_stacked, "size": size, "seconds": seconds}  # fmt: skip


def _cell(part: Part) -> dict:
    if isinstance(part, Figure):
        text, interval = cell_text(part)
        return {"kind": "figure", "text": glued(text), "interval": glued(interval)}
    return {"kind": "name", "text": breakable(part_text(part)), "interval": ""}


def _column(column: Column, cells: list[dict], *, is_stacked: bool) -> dict:
    """A column as the template reads it; `width` 0: as wide as its contents, else its share of the room left."""
    widest = max((len(cell["text"]) for cell in cells), default=0)
    title = printable(column.title)
    is_split = column.is_number and not is_stacked and any(cell["interval"] for cell in cells)
    if column.is_number:
        title = "\n".join(_lines(title, _number_length(column, cells, is_stacked=is_stacked)))
    width = 0 if column.is_number or (widest <= 14 and len(title) <= 14) else min(60, max(20, widest))
    return {"title": title, "number": column.is_number, "split": is_split, "width": width}


def _number_length(column: Column, cells: list[dict], *, is_stacked: bool) -> int:
    """Letters that a column of numbers needs, its title broken between words."""
    texts, intervals = (max((len(cell[part]) for cell in cells), default=0) for part in ("text", "interval"))
    small = ceil(intervals * INTERVAL_SIZE)
    beside = max(texts, small) if is_stacked else texts + small + bool(small)
    return max(beside, *(len(word) for word in column.title.split() or [""]), 8)


def _needed_pt(columns: tuple[Column, ...], cells: list[list[dict]], *, is_stacked: bool, size: float) -> float:
    """About how wide the table must be."""
    needed = 0.0
    for column, those in zip(columns, cells, strict=True):
        if column.is_number:
            needed += _number_length(column, those, is_stacked=is_stacked) * GLYPH_EM * size + 10
        else:
            widest = max((len(cell["text"]) for cell in those), default=0)
            needed += min(LEAST_NAME_PT, widest * GLYPH_EM * size + 10)
    return needed


def _lines(title: str, length: int) -> list[str]:
    lines = [""]
    for word in title.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > length:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


# --- where lines may break -----------------------------------------------------------------------------------------


def glued(text: str) -> str:
    """A number that stays on one line where it is short."""
    return text.replace(" ", "\u00a0") if len(text) <= 24 else text


def breakable(text: str) -> str:
    """A text whose long runs may break, behind their marks and where they have none for long.

    Written from right to left it is kept apart from the words around it.
    """
    text = re.sub(rf"\S{{{LONG_RUN},}}", lambda run: _breakable_run(run[0]), text)
    if any(unicodedata.bidirectional(c) in RIGHT_TO_LEFT for c in text):
        return f"\u2068{text}\u2069"
    return text


def _breakable_run(run: str) -> str:
    run = re.sub(r"([/?&=_.\-,;:|+%#])(?=\w)", f"\\1{BREAK}", run)
    run = re.sub(rf"[!-~]{{{LONG_RUN},}}", lambda plain: re.sub(r".{6}(?=.)", f"\\g<0>{BREAK}", plain[0]), run)
    return re.sub(rf"[^{BREAK}]{{24}}(?=.)", f"\\g<0>{BREAK}", run)
