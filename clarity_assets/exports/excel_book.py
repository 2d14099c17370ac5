"""What stands on each sheet in; the workbook without its tables' rows out: read_me, headers, data_dictionary."""

from collections.abc import Iterable
from datetime import date

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from clarity_assets.exports.excel_rows import text_of
from clarity_assets.exports.excel_sheets import Part, day_rows, dictionary_rows
from clarity_assets.exports.tables import Source
from clarity_assets.warehouse.columns import Column

# `@` keeps a text a text when somebody edits its cell, "=1+1" too
FORMATS = {"VARCHAR": "@", "DATE": "yyyy-mm-dd", "BIGINT": "#,##0", "DOUBLE": "#,##0.00", "BOOLEAN": "General"}
FILTER_ARROW = 4  # characters that the arrow in a header hides
MIN_WIDTH, MAX_WIDTH = 12, 60
WIDTHS = {"page": MAX_WIDTH, "segment": 24, "country": 24, "source": 24, "medium": 16, "campaign": 30, "channel": 18}

BOLD, SHADE = Font(bold=True), PatternFill("solid", start_color="FFE7EDF5")
WRAPPED = Alignment(wrap_text=True, vertical="top")
DICTIONARY = {"sheet": 14, "column": 28, "type": 15, "unit": 22, "meaning": 110}
DAYS = {"date": 24, "status": 22, "coverage": 12, "cause": 50, "status of pages": 22, "coverage of pages": 18,
        "cause of pages": 50, "is a sample": 14}  # fmt: skip
NOTES = (
    ("empty cell", "Not known, or does not apply. 0 is told: there was none. Nothing is interpolated."),
    ("measured", "The day is known from one window of Clarity's."),
    ("derived", "It is known from several windows, or rolled up from a finer answer; visitors are then not known."),
    ("pending", "It is not known yet, and can still be asked."),
    ("lost", "It can no longer be known: its hours have left the three days that Clarity tells of."),
    ("unrecorded", "The collection never named the day."),
    ("coverage", "Share of the UTC day inside the windows that the figures rest on."),
    (
        "is a sample",
        "Clarity cut an answer at 1,000 rows (is_truncated): the rows of that day are an arbitrary sample.",
    ),
    ("is_remainder", "No page and no segment, but what the rows of a truncated day lack against the site's total."),
    ("adding up", "Visitors never add up, and averages are to be weighted by sessions: see data_dictionary."),
    ("long texts", "A text of more than 32,767 characters ends in … here; CSV and Parquet have all of it."),
)


def make_book(source: Source, parts: list[Part]) -> Workbook:
    """read_me first, then a sheet a part with its header alone, then data_dictionary."""
    book = Workbook()
    _read_me(book.active, source, parts)
    for part in parts:
        _header(book.create_sheet(part.name), part)
    _dictionary(book.create_sheet("data_dictionary"), parts)
    book.properties.creator = "clarity-assets"
    return book


def cell_styles(book: Workbook) -> dict[str, int]:
    """The style of the cells of each column type."""
    styles = {}
    for kind, number_format in FORMATS.items():
        cell = Cell(book.active)
        cell.number_format = number_format
        styles[kind] = cell.style_id
    return styles


def _read_me(sheet: Worksheet, source: Source, parts: list[Part]) -> None:
    sheet.title = "read_me"
    period = source.period
    facts = [
        ("Microsoft Clarity's figures by UTC day", None),
        ("project", source.project_id),
        ("first day", period.start),
        ("last day", period.last),
        ("made at (UTC)", source.made_at.strftime("%Y-%m-%d %H:%M:%S")),
    ]
    sections = [
        facts,
        [("Sheet", "What it holds"), *((part.name, f"{part.row_count:,} rows: {part.sheet.about}") for part in parts)],
        [("How to read it", None), *NOTES],
        [tuple(DAYS), *day_rows(source)],
    ]
    for section in sections:
        for row in section:
            _append(sheet, row, is_head=row is section[0])
        sheet.append([])
    _set_widths(sheet, DAYS.values())


def _header(sheet: Worksheet, part: Part) -> None:
    columns = part.sheet.columns
    _append(sheet, [column.name for column in columns], is_head=True)
    _freeze(sheet, len(columns), part.row_count)
    _set_widths(sheet, map(_width, columns))


def _dictionary(sheet: Worksheet, parts: list[Part]) -> None:
    rows = dictionary_rows(parts)
    _append(sheet, list(DICTIONARY), is_head=True)
    for number, row in enumerate(rows, start=2):
        _append(sheet, row)
        sheet.cell(number, len(row)).alignment = WRAPPED
    _freeze(sheet, len(DICTIONARY), len(rows))
    _set_widths(sheet, DICTIONARY.values())


def _append(sheet: Worksheet, row: Iterable, *, is_head: bool = False) -> None:
    sheet.append([_cell(sheet, value, is_head=is_head) for value in row])


def _cell(sheet: Worksheet, value: object, *, is_head: bool) -> Cell:
    """A typed cell; a text is a text whatever it begins with."""
    cell = Cell(sheet, value=text_of(value) if isinstance(value, str) else value)
    if isinstance(value, str):
        cell.data_type = "s"
    elif isinstance(value, date):
        cell.number_format = FORMATS["DATE"]
    elif isinstance(value, float):
        cell.number_format = "0%"
    if is_head:
        cell.font, cell.fill = BOLD, SHADE
    return cell


def _freeze(sheet: Worksheet, column_count: int, row_count: int) -> None:
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(column_count)}{row_count + 1}"


def _set_widths(sheet: Worksheet, widths: Iterable[int]) -> None:
    for index, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = width


def _width(column: Column) -> int:
    return WIDTHS.get(column.name, max(MIN_WIDTH, len(column.name) + FILTER_ARROW))
