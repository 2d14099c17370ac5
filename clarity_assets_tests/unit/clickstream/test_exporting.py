"""Tables of the clickstream as one file: every format holds the same rows, and no text becomes a formula."""

import csv
import io
import json
from datetime import date
from zipfile import ZipFile

import duckdb
import openpyxl
import pyarrow as pa
import pytest

from clarity_assets.clickstream.exporting import export_tables
from clarity_assets.errors import RequestRefused
from clarity_assets.project_models import project_models
from clarity_assets.settings import load_settings
from clarity_assets.warehouse.models.run import replace_rows

TABLE = "marts.fct_clickstream_recommendation_weekly"
MONDAY, NEXT = date(2026, 10, 5), date(2026, 10, 12)
PERSON = 9_007_199_254_740_993  # the first whole number that a spreadsheet cannot hold
PRODUCTS = ["=1+1", "arc-lamp", 'ein Täschchen, "rot"']


@pytest.fixture
def con():
    model = project_models(load_settings())[TABLE]
    rows = pa.table(
        {
            "date": pa.array([MONDAY] * 3, pa.date32()),
            "person_id": pa.array([PERSON, PERSON, None], pa.int64()),
            "rank": pa.array([1, 2, 1], pa.int32()),
            "product_id": pa.array(PRODUCTS),
            "score": pa.array([0.5, 0.25, 7.0]),
            "method": pa.array(["als", "als", "popularity"]),
        }
    )
    with duckdb.connect() as con:
        replace_rows(con, model, rows, project_id="shop", start=MONDAY, end=NEXT)
        replace_rows(con, model, rows, project_id="other", start=MONDAY, end=NEXT)
        yield con


def export(con, path, *, start=MONDAY, end=NEXT) -> dict[str, int]:
    model = project_models(load_settings())[TABLE]
    return export_tables(con, path, models=[model], project_id="shop", start=start, end=end)


def test_json_holds_the_rows_and_what_each_column_means(con, tmp_path):
    path = tmp_path / "out.json"
    assert export(con, path) == {TABLE: 3}
    told = json.loads(path.read_text())["tables"]["fct_clickstream_recommendation_weekly"]
    assert [(r["person_id"], r["product_id"]) for r in told["rows"]] == [
        (f"{PERSON}", "=1+1"), (f"{PERSON}", "arc-lamp"), (None, PRODUCTS[2]),
    ]  # fmt: skip
    assert all(column["meaning"] for column in told["columns"].values())
    assert [told["columns"][name]["type"] for name in ("person_id", "rank")] == ["VARCHAR", "INTEGER"]


def test_excel_keeps_texts_as_texts_and_long_keys_whole(con, tmp_path):
    path = tmp_path / "out.xlsx"
    export(con, path)
    sheet = openpyxl.load_workbook(path)["recommendation_weekly"]
    rows = [{sheet.cell(1, c).value: sheet.cell(r, c) for c in range(1, 8)} for r in (2, 3, 4)]
    assert [row["product_id"].value for row in rows] == PRODUCTS
    assert rows[0]["product_id"].data_type == "s"
    assert [row["person_id"].value for row in rows] == [f"{PERSON}", f"{PERSON}", None]
    assert rows[0]["score"].value == 0.5


def test_csv_in_a_zip_runs_no_formula(con, tmp_path):
    path = tmp_path / "out.zip"
    export(con, path)
    with ZipFile(path) as archive:
        [name] = archive.namelist()
        rows = list(csv.DictReader(io.StringIO(archive.read(name).decode())))
    assert [row["product_id"] for row in rows] == ["'=1+1", "arc-lamp", PRODUCTS[2]]
    assert [row["person_id"] for row in rows] == [f"{PERSON}", f"{PERSON}", ""]


def test_days_without_rows_give_an_empty_table(con, tmp_path):
    path = tmp_path / "out.json"
    assert export(con, path, start=NEXT, end=date(2026, 10, 19)) == {TABLE: 0}
    assert json.loads(path.read_text())["tables"]["fct_clickstream_recommendation_weekly"]["rows"] == []


@pytest.mark.parametrize("name", ["out.parquet", "out"])
def test_an_ending_that_is_no_format_is_refused_before_anything_is_written(con, tmp_path, name):
    with pytest.raises(RequestRefused, match=r"is no format; give .json, .xlsx, or .zip"):
        export(con, tmp_path / name)
    assert not (tmp_path / name).exists()
