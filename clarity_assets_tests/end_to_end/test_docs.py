"""The documents against the project: every command can be typed, every name exists, every link leads somewhere."""

import importlib
import inspect
import os
import re
import shlex
import stat
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
import requests
import yaml
from pydantic import SecretStr

from clarity_assets import errors
from clarity_assets.clarity.columns import MEASURES, SIGNALS, STATE
from clarity_assets.clarity.requests import STANDARD_REQUESTS
from clarity_assets.cli import main
from clarity_assets.dagster_home import PROJECT
from clarity_assets.delivery.channels import need_channels
from clarity_assets.model_docs import PAGE, models_markdown
from clarity_assets.reports.measures import MEASURES as REPORT_MEASURES
from clarity_assets.settings import Settings, load_settings

DOCUMENTS = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]
SETTINGS = {field.validation_alias.choices[0] for field in Settings.model_fields.values()}


def commands(document: Path) -> list[str]:
    """The lines of all sh blocks."""
    return [line for block in re.findall(r"```sh\n(.*?)```", document.read_text(), re.S) for line in block.splitlines()]


TOKEN_FILE = "install -m 600 .env.example .env"
COMMANDS = sorted({line for document in DOCUMENTS for line in commands(document)})


def test_there_are_commands_to_check():
    assert len(COMMANDS) > 8


@pytest.mark.parametrize("line", [c for c in COMMANDS if c.startswith("make ")])
def test_a_make_target_exists(line):
    targets = re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.M)
    assert line.split()[1] in targets


@pytest.mark.parametrize("line", [c for c in COMMANDS if "clarity-assets " in c])
def test_a_clarity_assets_command_has_these_options(line, tmp_path):
    words = shlex.split(line)
    assert words[0] == ".venv/bin/clarity-assets"
    words = [str(tmp_path) if word in ("archive/", "events/") else word for word in words]
    command, rest = main.get_command(click.Context(main), words[1]), words[2:]
    while isinstance(command, click.Group) and rest:
        command, rest = command.get_command(click.Context(command), rest[0]), rest[1:]
    command.make_context(words[1], rest)  # raises where an option or value is wrong


@pytest.mark.parametrize("line", [c for c in COMMANDS if "dg launch" in c])
def test_dg_launch_names_an_asset_of_ours(line):
    words = shlex.split(line)  # the command itself is run by defs/test_landing_assets.py
    assert words[words.index("--assets") + 1] in {f"clarity/{r.name}" for r in STANDARD_REQUESTS}


def test_the_stand_in_of_the_runbook_starts_and_obeys():
    [line] = [c for c in COMMANDS if "stand_in" in c]
    words = shlex.split(line)
    words[0], words[words.index("--port") + 1] = sys.executable, "0"
    process = subprocess.Popen(words, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    try:
        base = process.stdout.readline().strip().removeprefix("CLARITY_API_BASE_URL=")
        token = process.stdout.readline().strip().removeprefix("CLARITY_API_TOKEN=")
        control = base.split("/export-data")[0]
        ask = {"url": f"{base}/project-live-insights?numOfDays=1", "headers": {"Authorization": f"Bearer {token}"}}
        assert requests.get(**ask, timeout=10).status_code == 200
        assert requests.post(f"{control}/_control/fault", data='{"kind": "500"}', timeout=10).ok
        assert requests.get(**ask, timeout=10).status_code == 500
        assert requests.post(f"{control}/_control/heal", timeout=10).ok
        assert requests.post(f"{control}/_control/clock", json={"now": "2026-10-06T01:00:00"}, timeout=10).ok
        assert requests.get(**ask, timeout=10).headers["Date"].startswith("Tue, 06 Oct 2026 01:00:0")
        assert len(requests.get(f"{control}/_control/calls", timeout=10).json()) == 3
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def test_every_other_command_is_known_to_this_test():
    known = (
        "make ",
        ".venv/bin/clarity-assets ",
        ".venv/bin/dg launch ",
        ".venv/bin/python -m clarity_assets.demo.stand_in ",
    )
    rest = [c for c in COMMANDS if not c.startswith(known)]
    assert rest == [TOKEN_FILE]


def test_the_file_of_the_token_is_made_readable_for_its_owner_alone(tmp_path):
    example = (PROJECT / ".env.example").read_text()
    (tmp_path / ".env.example").write_text(example)
    subprocess.run(["sh", "-c", f"umask 022; {TOKEN_FILE}"], cwd=tmp_path, check=True)
    made = tmp_path / ".env"
    assert (stat.S_IMODE(made.stat().st_mode), made.read_text()) == (0o600, example)
    assert "cp .env.example" not in "".join(document.read_text() for document in DOCUMENTS)


def test_the_addresses_that_the_settings_give_as_examples_are_understood_as_typed():
    whole = re.findall(r"\w+://[\w.@:/?=]+(?=[,. ])", Settings.model_fields["alert_to"].description)
    assert [url.partition(":")[0] for url in whole] == ["mailtos", "json"]
    typed = subprocess.run(["sh", "-c", f"A={whole[0]}; printf %s $A"], check=True, capture_output=True, text=True)
    channels = need_channels(SecretStr(f"{typed.stdout} {whole[1]}"), setting="CLARITY_ALERT_TO")
    assert [channel.name for channel in channels] == ["mailtos://example.com (t…@example.com)", "json://host"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.name)
def test_settings_errors_files_and_links_in_a_document_exist(document):
    text = document.read_text()
    assert set(re.findall(r"CLARITY_[A-Z_]+[A-Z]", text)) <= SETTINGS
    for name in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert (document.parent / name).exists(), name
    for name in re.findall(
        r"`([A-Z][a-zA-Z]+(?:Error|Busy|Full|Corrupt|Lost|Pending|Over|Sent|Limited|Exhausted))`", text
    ):
        assert hasattr(errors, name), name


def test_metrics_defines_every_column():
    text = (PROJECT / "docs" / "metrics.md").read_text()
    defined = set(re.findall(r"`([a-z_<>]+)`", text))
    for column in (*MEASURES, *STATE):
        signal = next((s for s in SIGNALS if column.name.startswith(s)), None)
        assert (column.name if signal is None else f"<signal>{column.name.removeprefix(signal)}") in defined
    assert set(SIGNALS) <= defined


def test_metrics_defines_every_shared_figure_of_the_models():
    defined = set(re.findall(r"`([a-z_<>]+)`", (PROJECT / "docs" / "metrics.md").read_text()))
    shared = yaml.safe_load((PROJECT / "dbt_like_sql" / "shared.yml").read_text())["columns"]
    figures = [column["name"] for column in shared if column["data_type"] in ("BIGINT", "DOUBLE")]
    own = [name for name in figures if not name.startswith(tuple(SIGNALS))]
    assert "pageviews" in own
    assert [name for name in own if name not in defined] == []


def test_metrics_defines_every_measure_of_reports_with_its_formula():
    text = (PROJECT / "docs" / "metrics.md").read_text()
    for measure in REPORT_MEASURES.values():
        signal = next((s for s in SIGNALS if measure.name.startswith(s)), None)
        name, formula = measure.name, measure.formula
        if signal:
            name, formula = name.replace(signal, "<signal>"), formula.replace(signal, "<signal>")
        [row] = [line for line in text.splitlines() if line.startswith(f"| `{name}` |") and f"`{formula}`" in line]
        assert row


PUBLIC_STATISTICS = ("intervals", "change", "contrast", "trend", "weekdays", "change_points", "anomalies", "forecast")


def test_metrics_defines_every_statistic_and_names_none_that_is_not_there():
    text = (PROJECT / "docs" / "metrics.md").read_text()
    names = {
        name for name in re.findall(r"`([a-zA-Z_]+\.[a-z_]+)`", text) if name.partition(".")[0] in PUBLIC_STATISTICS
    }
    for name in names:
        module, _, function = name.partition(".")
        assert hasattr(importlib.import_module(f"clarity_assets.statistics.{module}"), function), name
    for module in PUBLIC_STATISTICS:
        found = importlib.import_module(f"clarity_assets.statistics.{module}")
        public = [n for n, f in inspect.getmembers(found, inspect.isfunction) if f.__module__ == found.__name__]
        for name in (n for n in public if not n.startswith("_")):
            assert re.search(rf"`({module}\.)?{name}`", text), f"{module}.{name}"


def test_the_page_of_the_models_is_what_their_contracts_say_now():
    assert PAGE.read_text(encoding="utf-8") == models_markdown(load_settings()), "run `clarity-assets docs`"


def test_the_ui_of_make_dev_answers(tmp_path):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("CLARITY_", "CLICKSTREAM_", "DAGSTER_"))}
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("clarity-assets")), "dev", "--port", "3997"],
            cwd=PROJECT, env=clean | {"DAGSTER_HOME": str(tmp_path / "home")}, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            query = {"query": "{ assetsOrError { ... on AssetConnection { nodes { key { path } } } } }"}
            assert {"path": ["clarity", "base"]} in [node["key"] for node in _asked(query, process)]
        finally:
            process.terminate()
            process.wait(30)


def _asked(query: dict, process: subprocess.Popen) -> list[dict]:
    """The UI's answer, as soon as it serves (at most a minute)."""
    for _ in range(120):
        assert process.poll() is None
        try:
            return requests.post("http://localhost:3997/graphql", json=query, timeout=10).json()["data"][
                "assetsOrError"
            ]["nodes"]
        except requests.ConnectionError:
            time.sleep(0.5)
    raise AssertionError("the UI did not answer within a minute")
