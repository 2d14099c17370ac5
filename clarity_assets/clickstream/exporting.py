"""Tables of the clickstream and days in; one file for other tools out: JSON, Excel, or CSV files in a zip."""

import io
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import duckdb

from clarity_assets.errors import RequestRefused
from clarity_assets.exports.csv_files import escape_sql
from clarity_assets.reports.files import write_atomically
from clarity_assets.warehouse.models.contract import ModelColumn
from clarity_assets.warehouse.models.model import Model
from clarity_assets.warehouse.tables import identifier, quoted

SHEET_ROWS = 1_048_575  # below the header (Excel specifications and limits, 2025)
SHEET_NAME = 31  # characters
ENDINGS = (".json", ".xlsx", ".zip")


def need_ending(path: Path) -> None:
    """Raises RequestRefused for a file whose ending says no known format."""
    if path.suffix.lower() not in ENDINGS:
        raise RequestRefused(
            f"{path.name}: {path.suffix or 'no ending'} is no format; give .json, .xlsx, or .zip (CSV files)"
        )


def export_tables(
    con: duckdb.DuckDBPyConnection, path: Path, *, models: list[Model], project_id: str, start: date, end: date
) -> dict[str, int]:
    """Write the rows of the UTC days [start, end), and of the weeks that hold any of them; how many by table.

    Raises RequestRefused for an unknown ending, and where a table has more rows than an Excel sheet; ReportUnwritable.
    """
    need_ending(path)
    days = {"project_id": project_id, "start": start, "end": end}
    writer = {".json": _json, ".xlsx": _excel, ".zip": _csv}[path.suffix.lower()]
    counts = {}
    for m in models:
        counts[m.table] = con.execute(f"select count(*) from ({_rows_sql(m)})", days).fetchall()[0][0]  # noqa: S608
    write_atomically(path, writer(con, models, counts, days))
    return counts


def _rows_sql(model: Model, *, text: str = "{0}") -> str:
    columns = ", ".join(f"{_value_sql(c, text)} as {identifier(c.name)}" for c in model.contract.columns)
    order = ", ".join(f"told.{identifier(name)}" for name in model.contract.meta.grain)
    first = "date_trunc('week', $start::date)" if model.contract.meta.every == "week" else "$start"
    return f"""select {columns} from {quoted(model.table)} told
               where told.project_id = $project_id and told.date >= {first} and told.date < $end order by {order}"""  # noqa: S608


def _value_sql(column: ModelColumn, text: str) -> str:
    """A key of 63 bits is told as text: JavaScript, Power BI and Excel round numbers of more than 15 digits."""
    name = f"told.{identifier(column.name)}"
    if _is_key(column):
        return f"{name}::varchar"
    return text.format(name) if column.type == "VARCHAR" else name


def _is_key(column: ModelColumn) -> bool:
    return column.type == "BIGINT" and column.name.endswith("_id")


def _names(model: Model) -> list[str]:
    return list(model.column_types)


def _json(con, models: list[Model], counts: dict[str, int], days: dict) -> str:
    told = {"project_id": days["project_id"], "from": f"{days['start']}", "until": f"{days['end']}", "tables": {}}
    for model in models:
        rows = con.execute(_rows_sql(model), days).fetchall()
        told["tables"][model.name] = {
            "columns": {
                c.name: {"type": "VARCHAR" if _is_key(c) else c.type, "meaning": c.meaning}
                for c in model.contract.columns
            },
            "rows": [dict(zip(_names(model), row, strict=True)) for row in rows],
        }
    return json.dumps(told, default=str, ensure_ascii=False, indent=1)


def _csv(con, models: list[Model], counts: dict[str, int], days: dict) -> bytes:
    import csv

    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for model in models:
            with archive.open(f"{model.name}.csv", "w") as file, io.TextIOWrapper(file, "utf-8", newline="") as text:
                writer = csv.writer(text)
                writer.writerow(_names(model))
                for some in _in_pieces(con.execute(_rows_sql(model, text=escape_sql()), days)):
                    writer.writerows(some)
    return out.getvalue()


def _in_pieces(result) -> Iterator[list[tuple]]:
    while some := result.fetchmany(10_000):
        yield some


def _excel(con, models: list[Model], counts: dict[str, int], days: dict) -> bytes:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    long = [table for table, count in counts.items() if count > SHEET_ROWS]
    if long:
        raise RequestRefused(f"{long[0]} has {counts[long[0]]:,} rows, more than a sheet of Excel; export to .zip")
    book = Workbook(write_only=True)
    dictionary = book.create_sheet("data_dictionary")
    dictionary.append(["table", "column", "type", "meaning"])
    for model in models:
        sheet = book.create_sheet(model.name.removeprefix("fct_clickstream_")[:SHEET_NAME])
        sheet.freeze_panes = "A2"
        sheet.append(_names(model))
        for column in model.contract.columns:
            dictionary.append([model.name, column.name, column.type, column.meaning])
        for some in _in_pieces(con.execute(_rows_sql(model), days)):
            for row in some:
                sheet.append([_cell(WriteOnlyCell, sheet, value) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cell(kind, sheet, value: object):
    """A text stays a text, whatever it begins with."""
    if not isinstance(value, str):
        return value
    cell = kind(sheet, value="".join(c for c in value if c >= " " or c in "\t\n"))
    cell.data_type = "s"
    return cell
