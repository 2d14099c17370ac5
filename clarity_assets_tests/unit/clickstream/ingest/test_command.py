"""`clarity-assets ingest`: a table, the reasons of what was rejected, and an exit code."""

import pytest
from click.testing import CliRunner

from clarity_assets.cli.ingest import ingest
from clarity_assets_tests.unit.clickstream.ingest.shop import json_lines, view


@pytest.fixture
def run(tmp_path):
    """Runs the command in a folder of its own; the exit code and what was printed."""
    env = {
        "CLARITY_WAREHOUSE": str(tmp_path / "c.duckdb"), "CLARITY_PROJECT_ID": "shop", "CLARITY_NOW": "2026-11-21T12:00Z",
    }  # fmt: skip

    def call(*arguments: str) -> tuple[int, str]:
        from clarity_assets.cli.ingest import console

        with console.capture() as captured:
            done = CliRunner().invoke(ingest, arguments, env=env, catch_exceptions=False)
        return done.exit_code, (captured.get() + done.output).strip()

    return call


def test_the_summary_tells_counts_and_reasons(run, tmp_path):
    file = json_lines(tmp_path / "a.jsonl", [view(), view(), view(price=-1), view(price=-2)])
    code, told = run(str(file), "--mapping", "events")
    assert code == 0
    assert told.splitlines()[0].split() == ["file", "rows", "new", "events", "known", "rejected", "days"]
    assert told.splitlines()[1].split() == ["a.jsonl", "4", "1", "1", "2", "1"]
    assert "rejected a.jsonl: 2 × price is negative, first in row 3: price is negative: '-1'" in told
    code, told = run(str(file), "--mapping", "events")
    assert (code, "known file" in told) == (0, True)
    code, told = run(str(file), "--mapping", "events", "--again")
    assert told.splitlines()[1].split() == ["a.jsonl", "4", "0", "2", "2", "0"]


def test_several_files_are_summed_and_an_unreadable_one_makes_exit_code_1(run, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    json_lines(folder / "a.jsonl", [view()])
    json_lines(folder / "b.jsonl", [view(brand="x")])
    (folder / "c.parquet").write_text("none")
    code, told = run(str(folder), "--mapping", "events")
    assert code == 1
    assert [line.split() for line in told.splitlines() if line.split()[0] == "all"] == [
        ["all", "2", "2", "0", "0", "1"]
    ]
    assert "not read c.parquet: is not Parquet" in told


def test_what_else_lies_in_a_folder_is_told(run, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    json_lines(folder / "a.jsonl", [view()])
    for i in range(7):
        (folder / f"notes-{i}.md").write_text("x")
    code, told = run(str(folder), "--mapping", "events")
    assert code == 0
    left_out = [line.replace("\n", "") for line in told.splitlines() if "left out" in line]
    assert len(left_out) == 6
    assert left_out[-1].split() == ["left", "out", "and", "2", "files", "more"]


def test_known_events_that_are_told_anew_are_counted(run, tmp_path):
    file = json_lines(tmp_path / "a.jsonl", [view(event_id="one", price=5)])
    assert run(str(file), "--mapping", "events")[0] == 0
    json_lines(tmp_path / "a.jsonl", [view(event_id="one", price=6)])
    code, told = run(str(file), "--mapping", "events", "--again")
    assert code == 0
    assert "changed a.jsonl: 1 known events, told anew" in told


def test_the_mappings_are_listed(run):
    code, told = run("--list")
    assert code == 0
    assert [line.split()[0] for line in told.splitlines()[1:]] == ["deskdrop", "events", "ga4", "orders", "store"]


def test_a_file_without_a_mapping_is_asked_for_one(run, tmp_path):
    code, told = run(str(json_lines(tmp_path / "a.jsonl", [view()])))
    assert code == 2
    assert "--mapping NAME" in told


def test_a_folder_without_files_of_events_is_told(run, tmp_path):
    (tmp_path / "empty").mkdir()
    assert run(str(tmp_path / "empty"), "--mapping", "events") == (0, "no file of events was found")
