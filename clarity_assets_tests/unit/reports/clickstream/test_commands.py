"""`clarity-assets report clickstream` and `trace` on a warehouse of events, as a person calls them."""

import json
from datetime import UTC
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from clarity_assets.cli.reporting import report, trace
from clarity_assets_tests.fixtures.clickstream_marts import MADE_AT, fill
from clarity_assets_tests.sql.by_hand import PROJECT


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("commands") / "clarity.duckdb"
    with duckdb.connect(str(file)) as con:
        fill(con)
    return file


@pytest.fixture
def call(warehouse):
    environment = {
        "CLARITY_PROJECT_ID": PROJECT, "CLARITY_WAREHOUSE": f"{warehouse}",
        "CLARITY_REPORTS": f"{warehouse.parent / 'reports'}", "CLARITY_NOW": f"{MADE_AT.replace(tzinfo=UTC):%Y-%m-%dT%H:%M:%SZ}",
    }  # fmt: skip

    def called(command, *arguments: str):
        return CliRunner().invoke(command, list(arguments), env=environment, catch_exceptions=False)

    return called


def test_the_newest_whole_week_is_told_in_the_terminal(call):
    found = call(report, "clickstream")
    assert found.exit_code == 0
    assert found.output.startswith("Weekly clickstream report · Mon 5 Oct – Sun 11 Oct 2026")
    assert "Look first at social / paid / autumn" in found.output


def test_days_before_clarity_can_be_asked_for_of_events_alone(call):
    found = call(report, "clickstream", "--from", "2010-12-06", "--to", "2010-12-12")
    assert "there are events from 2026-09-07 to 2026-10-11" in " ".join(found.output.split())


def test_a_number_of_the_file_leads_back_to_its_days(call, warehouse):
    call(report, "clickstream", "--format", "json")
    told = json.loads((warehouse.parent / "reports/weekly_clickstream/2026-10-05.json").read_text())
    sessions = told["lead"][0]["values"]["sessions"]
    found = call(trace, sessions["id"], "--json")
    traced = json.loads(found.output)
    assert (traced["now"], traced["is_same"], traced["events"]["module"]) == (sessions["value"], True, "traffic")
    assert (found.exit_code, traced["is_intact"]) == (1, False)  # the files that were told of are not there


def test_verifying_names_every_event_file_that_is_not_there(call):
    found = call(trace, "--verify", "--json")
    told = json.loads(found.output)
    assert (found.exit_code, told["is_intact"], len(told["events"]["damaged"])) == (1, False, 35)
