"""The notebooks, executed as a reader executes them: charts come out, nothing is locked, nothing outside is asked."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from clarity_assets.demo.run import demo_site
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.publish import publish
from clarity_assets_tests.fixtures.collecting import make_settings
from clarity_assets_tests.fixtures.projects import PROJECT
from clarity_assets_tests.fixtures.simulated import warehouse_of

NOTEBOOKS = PROJECT / "notebooks"
CHARTS = {"quickstart": 3, "your-own-question": 1}
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
    settings = make_settings(tmp_path_factory.mktemp("shop"), project_id="shop")
    with open_warehouse(settings.warehouse):  # so that the file is made as ours are
        pass
    with warehouse_of(demo_site()) as con:
        con.execute(f"attach '{settings.warehouse}' as file")
        con.execute("copy from database memory to file")
        con.execute("detach file")
    publish(settings)
    return settings


@pytest.fixture(scope="module")
def executed(settings, tmp_path_factory):
    """The notebooks with their outputs, executed while somebody else has the working file open for writing."""
    folder = tmp_path_factory.mktemp("executed")
    (folder / "sitecustomize.py").write_text(GUARD)
    own = {
        name: str(folder / "jupyter")
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CLARITY_", "JUPYTER"))}
    environment = kept | own | {
        "GUARD_LOG": str(folder / "guard.log"), "CLARITY_WAREHOUSE": str(settings.warehouse), "PYTHONPATH": str(folder), "PYTHONWARNINGS": "default::UserWarning",
        "HTTP_PROXY": NO_WAY_OUT, "HTTPS_PROXY": NO_WAY_OUT, "http_proxy": NO_WAY_OUT, "https_proxy": NO_WAY_OUT,
    }  # fmt: skip
    found = {}
    with open_warehouse(settings.warehouse, timeout_s=0, label="collect") as con:
        for name in CHARTS:
            found[name] = _execute(name, folder, environment)
            con.execute("create or replace table ops.still_writing as select 1 as n")
    guarded = (folder / "guard.log").read_text()
    assert guarded.count("ipykernel_launcher") == len(CHARTS)
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


@pytest.mark.parametrize("name", CHARTS)
def test_a_notebook_runs_without_an_error_or_a_warning(executed, name):
    assert {output.output_type for output in outputs(executed[name])} <= {"stream", "execute_result"}
    assert [output.text for output in outputs(executed[name]) if output.get("name") == "stderr"] == []


@pytest.mark.parametrize("name", CHARTS)
def test_its_charts_are_pictures_that_ask_nobody(executed, name):
    charts = [o.data["image/svg+xml"] for o in outputs(executed[name]) if "image/svg+xml" in o.get("data", {})]
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
