"""The notebooks, executed as a reader executes them: charts come out, nothing is locked, nothing outside is asked."""

import ast
import os
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import duckdb
import nbformat
import pytest

from clarity_assets.demo.run import FIRST_DAY, demo_site
from clarity_assets.demo.site import SimulatedSite
from clarity_assets.settings import Settings
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.publish import publish
from clarity_assets_tests.fixtures.collecting import make_settings
from clarity_assets_tests.fixtures.projects import PROJECT
from clarity_assets_tests.fixtures.simulated import warehouse_of
from clarity_assets_tests.sql.by_hand import build

pytestmark = pytest.mark.xdist_group("notebooks")  # what the module shares is made once

NOTEBOOKS = PROJECT / "notebooks"
CHARTS = {"quickstart": 3, "your-own-question": 1}
LOST = [FIRST_DAY + timedelta(days=i) for i in (30, 31, 32)]  # as in the demo: in the week before the newest whole one
OTHER_PROJECT_UNTIL = date(2026, 9, 29)  # its newest day comes before the shop's
NO_WAY_OUT = "http://127.0.0.1:9"  # nobody listens at this port: who asks a proxy fails
GUARD = """
import os, sys

def tell(what):
    with open(os.environ["GUARD_LOG"], "a") as log:
        print(what, file=log)

def refuse(event, arguments):
    if event == "socket.connect" and isinstance(arguments[1], tuple) and arguments[1][0] not in ("127.0.0.1", "::1"):
        tell(f"asked {arguments[1]}")
        raise PermissionError(f"a notebook may ask nobody, not even {arguments[1]}")

sys.addaudithook(refuse)
tell(sys.orig_argv[1:3])
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """The demo's site, every day measured, all models made, and published."""
    with warehouse_of(demo_site()) as con:
        return published(con, tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def with_gaps(tmp_path_factory):
    """The same, with the demo's lost days, and beside it another project whose numbers are the same for a while."""
    with warehouse_of(demo_site()) as con:
        lose(con, LOST)
        copy_project(con, until=OTHER_PROJECT_UNTIL)
        return published(con, tmp_path_factory.mktemp("with_gaps"))


@pytest.fixture(scope="module")
def ten_days(tmp_path_factory):
    """One whole week and nothing to compare it with."""
    with warehouse_of(SimulatedSite.generate(first_day=date(2026, 9, 5), days=10)) as con:
        return published(con, tmp_path_factory.mktemp("ten_days"))


def published(con: duckdb.DuckDBPyConnection, folder: Path) -> Settings:
    settings = make_settings(folder, project_id="shop")
    with open_warehouse(settings.warehouse):  # so that the file is made as ours are
        pass
    con.execute(f"attach '{settings.warehouse}' as file")
    con.execute("copy from database memory to file")
    con.execute("detach file")
    publish(settings)
    return settings


def tables_of_days(con: duckdb.DuckDBPyConnection, schema: str) -> list[str]:
    """Those whose rows are of a project and a day; no views."""
    return [name for (name,) in con.execute(
        """select schema_name || '.' || table_name from duckdb_columns() join duckdb_tables()
           using (database_name, schema_name, table_name) where schema_name = ?
           group by all having count(*) filter (column_name in ('project_id', 'date')) = 2 order by 1""", [schema],
    ).fetchall()]  # fmt: skip


def lose(con: duckdb.DuckDBPyConnection, days: list[date]) -> None:
    """Nothing was collected on these days."""
    for table in tables_of_days(con, "landing"):
        con.execute(f"delete from {table} where date in $days", {"days": days})
    con.execute(
        "update ops.clarity_day set status = 'lost', coverage = 0, method = null, row_count = 0 where date in $days",
        {"days": days},
    )
    build(con, min(days), max(days) + timedelta(days=1))


def copy_project(con: duckdb.DuckDBPyConnection, *, until: date) -> None:
    """Another project in every mart of days, with the rows of ours before `until`."""
    for table in tables_of_days(con, "marts"):
        con.execute(
            f"insert into {table} select * replace ('other' as project_id) from {table} where date < $until",
            {"until": until},
        )


@pytest.fixture(scope="module")
def executed(settings, tmp_path_factory):
    return execute_all(settings, tmp_path_factory.mktemp("executed"))


@pytest.fixture(scope="module")
def executed_with_gaps(with_gaps, tmp_path_factory):
    return execute_all(with_gaps, tmp_path_factory.mktemp("executed_with_gaps"))


def execute_all(settings: Settings, folder: Path, names=tuple(CHARTS)) -> dict[str, nbformat.NotebookNode]:
    """The notebooks with their outputs, executed while somebody else has the working file open for writing."""
    (folder / "sitecustomize.py").write_text(GUARD)
    own = {
        name: str(folder / "jupyter")
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    }
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CLARITY_", "CLICKSTREAM_", "JUPYTER"))
    }
    environment = kept | own | {
        "GUARD_LOG": str(folder / "guard.log"), "CLARITY_WAREHOUSE": str(settings.warehouse), "PYTHONPATH": str(folder), "PYTHONWARNINGS": "default::UserWarning",
        "HTTP_PROXY": NO_WAY_OUT, "HTTPS_PROXY": NO_WAY_OUT, "http_proxy": NO_WAY_OUT, "https_proxy": NO_WAY_OUT,
    }  # fmt: skip
    found = {}
    with open_warehouse(settings.warehouse, timeout_s=0, label="collect") as con:
        for name in names:
            found[name] = _execute(name, folder, environment)
            con.execute("create or replace table ops.still_writing as select 1 as n")
    guarded = (folder / "guard.log").read_text()
    assert guarded.count("ipykernel_launcher") == len(names)
    assert "asked" not in guarded, guarded
    return found


def _execute(name: str, folder: Path, environment: dict[str, str]) -> nbformat.NotebookNode:
    copy = folder / f"{name}.ipynb"
    copy.write_bytes((NOTEBOOKS / f"{name}.ipynb").read_bytes())
    command = [str(Path(sys.executable).with_name("jupyter-execute")), "--inplace", "--timeout=120", str(copy)]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return nbformat.read(copy, as_version=4)


def outputs(notebook: nbformat.NotebookNode) -> list[dict]:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def told(notebook: nbformat.NotebookNode) -> str:
    return "\n".join(o.get("text", "") + o.get("data", {}).get("text/plain", "") for o in outputs(notebook))


def charts_of(notebook: nbformat.NotebookNode) -> list[str]:
    return [o.data["image/svg+xml"] for o in outputs(notebook) if "image/svg+xml" in o.get("data", {})]


@pytest.mark.parametrize("name", CHARTS)
def test_a_notebook_runs_without_an_error_or_a_warning(executed, name):
    assert {output.output_type for output in outputs(executed[name])} <= {"stream", "execute_result"}
    assert [output.text for output in outputs(executed[name]) if output.get("name") == "stderr"] == []


@pytest.mark.parametrize("name", CHARTS)
def test_its_charts_are_pictures_that_ask_nobody(executed, name):
    charts = charts_of(executed[name])
    assert len(charts) == CHARTS[name]
    for chart in charts:
        assert chart.count("<path") > 10
        assert set(re.findall(r"https?://[^\"' ]+", chart)) <= {
            "http://www.w3.org/2000/svg",
            "http://www.w3.org/1999/xlink",
        }
        assert "<script" not in chart


def test_the_quickstart_finds_what_was_planted(executed):
    text = told(executed["quickstart"])
    assert re.search(r"0 +shop.example/checkout +Mobile +2\d\.\d", text)
    assert "project shop, 2026-08-14 to 2026-10-01" in text
    assert "Week from 2026-09-21 against week from 2026-09-14" in text
    assert "no_change_shown" in text


def test_the_quickstart_leaves_out_a_week_with_lost_days_and_compares_with_the_one_before(executed_with_gaps):
    text = told(executed_with_gaps["quickstart"])
    assert "project shop, 2026-08-14 to 2026-10-01" in text
    assert "Week from 2026-09-14: not compared, 4 of 7 days are known whole" in text
    outcomes = re.search(r"Week from 2026-09-21 against week from 2026-09-07: ({.*})", text)
    counts = ast.literal_eval(outcomes[1])
    assert sum(counts.values()) - counts["too_few"] > 15
    charts = charts_of(executed_with_gaps["quickstart"])
    assert len(charts) == CHARTS["quickstart"]
    assert "Week from 2026-09-21 against week from 2026-09-07" in charts[-1]


def test_the_quickstart_says_in_words_why_nothing_can_be_compared(ten_days, tmp_path):
    quickstart = execute_all(ten_days, tmp_path, ("quickstart",))["quickstart"]
    text = told(quickstart)
    assert "Week from 2026-09-07 against the four weeks from 2026-08-10: {'too_few': " in text
    assert re.search(r"nothing can be compared:\n +\d+ x 2 of 28 days of the baseline are known", text)
    assert len(charts_of(quickstart)) == CHARTS["quickstart"] - 1


def test_the_own_question_asks_about_one_project_alone(with_gaps, executed_with_gaps):
    text = told(executed_with_gaps["your-own-question"])
    assert "project shop, to 2026-10-01" in text
    week = date(2026, 9, 21)  # both projects have it
    with duckdb.connect(str(with_gaps.published_folder / "clarity_published.duckdb"), read_only=True) as con:
        sessions = dict(
            con.execute(
                """select project_id, sum(sessions) from marts.fct_attribution_daily
                   where breakdown = 'source_medium' and (source, medium) = ('google', 'cpc')
                   and date between ? and ? group by all""",
                [week, week + timedelta(days=6)],
            ).fetchall()
        )
    assert sessions["other"] == sessions["shop"] > 0
    assert re.search(rf"google / cpc +[\d.]+ +{sessions['shop']}\b", text)
    assert not re.search(rf"google / cpc +[\d.]+ +{2 * sessions['shop']}\b", text)


def test_the_own_question_joins_costs_and_compares_releases(executed):
    text = told(executed["your-own-question"])
    assert "eur_a_session" in text
    assert "google / cpc" in text
    assert re.search(r"release of shop.example/ +shop.example/", text)


def test_notebooks_are_kept_without_outputs(executed):
    assert {path.stem for path in NOTEBOOKS.glob("*.ipynb")} == set(CHARTS)
    for name in CHARTS:
        notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
        assert outputs(notebook) == []
        assert {cell.execution_count for cell in notebook.cells if cell.cell_type == "code"} == {None}
        assert "clarity_published.duckdb" in told_in(notebook) or "parquet" in told_in(notebook)


def told_in(notebook: nbformat.NotebookNode) -> str:
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
