"""Monthly cohorts of two real shops: those that were computed on the same files by other means."""

import os
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from zipfile import ZipFile

import duckdb
import pyarrow as pa
import pytest

from clarity_assets.clickstream.modules.cohorts import MODULE
from clarity_assets.clickstream.modules.module import Rows, Run
from clarity_assets.project_models import project_models
from clarity_assets.settings import load_settings
from clarity_assets_tests.fixtures.clickstream import session_rows
from clarity_assets_tests.fixtures.engines import ENGINES, _spark, engines

__all__ = ["_spark", "engines"]

DATA = Path(__file__).parents[3] / "shared" / "data"
DESKDROP = DATA / "deskdrop" / "users_interactions.csv.zip"
RETAIL = DATA / "online_retail_II" / "online_retail_2009_2010.parquet"

DAYS_OF_DESKDROP = """
    select distinct "personId" as person_id, cast(make_timestamp("timestamp" * 1000000) as date) as date
    from read_csv($file)
"""
# cleaned as usual: customer known, not cancelled, something sold at a price
DAYS_OF_RETAIL = """
    select distinct cast("Customer ID" as bigint) as person_id, cast(cast("InvoiceDate" as timestamp) as date) as date
    from read_parquet($file)
    where "Customer ID" is not null and not starts_with("Invoice", 'C') and "Quantity" > 0 and "Price" > 0
"""
ARCHIVES = {
    "deskdrop": (DESKDROP, DAYS_OF_DESKDROP, date(2017, 2, 27)),
    "retail": (RETAIL, DAYS_OF_RETAIL, date(2010, 12, 6)),
}
"""Name -> file, query of the days on which persons came, Monday of the week in which the file ends."""


def sessions_of(file: Path, query: str, folder: Path) -> pa.Table:
    """A session for every person and day."""
    if not file.exists():
        pytest.skip(f"{file} is not there: real data are not part of the project")
    if file.suffix == ".zip":
        with ZipFile(file) as archive:
            file = Path(archive.extract(archive.namelist()[0], folder))
    with duckdb.connect() as con:
        days = con.execute(query, {"file": os.fspath(file)}).fetchall()
    return session_rows({"visitor_id": person, "date": day} for person, day in days)


def week_of(engine, name: str, folder: Path) -> Rows:
    """What the module makes of the last week."""
    file, query, monday = ARCHIVES[name]
    sessions, settings = sessions_of(file, query, folder), load_settings()
    engine.take("session", sessions)
    return MODULE.compute(Run(engine, monday, monday + timedelta(days=7), settings, project_models(settings)))


def retained(rows: Rows) -> dict[date, list[int]]:
    """Month -> persons of its cohort who came in it, in the next month, and so on."""
    found = defaultdict(dict)
    for row in rows["marts.fct_clickstream_cohort_weekly"].to_pylist():
        if row["cohort_kind"] == "month":
            found[row["cohort_start"]][row["period"]] = row["retained"]
    return {month: [persons for _, persons in sorted(periods.items())] for month, periods in found.items()}


@pytest.mark.parametrize("kind", ENGINES)
def test_deskdrops_cohorts_are_those_computed_elsewhere(engines, kind, tmp_path):
    rows = week_of(engines(kind), "deskdrop", tmp_path)
    months = retained(rows)
    assert months[date(2016, 3, 1)][:6] == [209, 176, 164, 171, 166, 155]
    assert months[date(2016, 4, 1)][:6] == [659, 446, 435, 454, 413, 353]
    assert sum(persons[0] for persons in months.values()) == 1_895
    status = rows["marts.fct_clickstream_visitor_status_weekly"].to_pylist()
    assert sum(row["visitors"] for row in status) == 1_895


def test_online_retails_cohorts_are_those_computed_elsewhere(engines, tmp_path):
    rows = week_of(engines("duckdb"), "retail", tmp_path)
    months = retained(rows)
    assert months[date(2009, 12, 1)][:6] == [955, 337, 319, 406, 363, 343]
    assert months[date(2010, 1, 1)][:6] == [383, 79, 119, 117, 101, 115]
    assert sum(persons[0] for persons in months.values()) == 4_312
