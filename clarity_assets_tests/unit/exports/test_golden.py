"""Every format of one week written by hand, against files that a person has read.

After a change that is meant: `python -m clarity_assets_tests.unit.exports.test_golden`, and read the difference.
"""

import json
import tempfile
from datetime import datetime
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest

from clarity_assets_tests.unit.exports.by_hand import export, golden_week

GOLDEN = Path(__file__).parent / "golden"
TABLES = ("traffic", "engagement", "frustration", "geography", "attribution")
AS_THEY_ARE = (*(f"{name}.csv" for name in TABLES), "powerbi_feed.json")
FILES = (*AS_THEY_ARE, *(f"{name}.parquet.txt" for name in TABLES), "clarity.xlsx.txt", "manifest.json")


def made_files(folder: Path) -> dict[str, bytes]:
    """Every golden file as it is made now; Parquet and Excel as text, since their bytes change with their libraries."""
    with golden_week() as con:
        latest = export(con, folder / "all").latest
        manifest = export(con, folder / "text", formats=("csv", "json")).manifest
    found = {name: (latest / name).read_bytes() for name in AS_THEY_ARE}
    found |= {f"{name}.parquet.txt": parquet_text(latest / f"{name}.parquet") for name in TABLES}
    return found | {"clarity.xlsx.txt": excel_text(latest / "clarity.xlsx"), "manifest.json": manifest.read_bytes()}


def parquet_text(path: Path) -> bytes:
    """Columns with their types, then the rows without their NULLs."""
    table = pq.read_table(path)
    columns = [f"{field.name}: {field.type}" for field in table.schema]
    rows = [{k: v for k, v in row.items() if v is not None} for row in table.to_pylist()]
    lines = columns + [json.dumps(row, ensure_ascii=False, default=str) for row in rows]
    return ("\n".join(lines) + "\n").encode()


def excel_text(path: Path) -> bytes:
    """Each cell of the sheets with its type, number format and value; of the dictionary the first row of each sheet."""
    lines = []
    for sheet in openpyxl.load_workbook(path):
        lines.append(f"[{sheet.title}] {sheet.dimensions} frozen {sheet.freeze_panes} filter {sheet.auto_filter.ref}")
        for row in sheet.iter_rows():
            if sheet.title != "data_dictionary" or row[1].value in ("column", "project_id"):
                lines += [_cell_text(cell) for cell in row if cell.value is not None]
    return ("\n".join(lines) + "\n").encode()


def _cell_text(cell) -> str:
    value = cell.value.date().isoformat() if isinstance(cell.value, datetime) else repr(cell.value)
    return f"{cell.coordinate} {cell.data_type} {cell.number_format} {value}"


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict[str, bytes]:
    return made_files(tmp_path_factory.mktemp("exports"))


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_as_a_person_has_read_it(made, name):
    assert made[name] == (GOLDEN / name).read_bytes()


def test_there_is_no_golden_file_that_nobody_compares():
    assert {path.name for path in GOLDEN.iterdir()} == {*FILES, ".gitattributes"}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made_in:
        for file_name, content in made_files(Path(made_in)).items():
            (GOLDEN / file_name).write_bytes(content)
