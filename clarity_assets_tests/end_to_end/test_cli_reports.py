"""report, recommend, trace and export at the command line, on a small warehouse written by hand."""

import contextlib
import json
import os
import re
from collections.abc import Callable
from datetime import date, timedelta

import duckdb
import pytest
from click.testing import CliRunner, Result

from clarity_assets.cli import main
from clarity_assets_tests.sql.by_hand import PROJECT, build, day, landed, page_day, site_day, with_tables

pytestmark = pytest.mark.xdist_group("cli_reports")  # what the module shares is made once

MONDAY = date(2026, 10, 5)
START = MONDAY - timedelta(days=28)
REQUESTS = ("device", "country", "source_medium", "browser_device")

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Five weeks of a shop whose checkout answers no click on mobile."""
    folder = tmp_path_factory.mktemp("shop")
    with duckdb.connect(str(folder / "clarity.duckdb")) as con:
        with_tables(con)
        for i in range(35):
            when = START + timedelta(days=i)
            site_day(con, when, sessions=1000, bot_sessions=50, rage_click_sessions=30 + i % 3, rage_click_count=60)
            for request in REQUESTS:
                day(con, when, request=request)
            for device, bad in (("Mobile", 25 + i % 4), ("PC", 1)):
                landed(con, "clarity_device", when, device=device, sessions=500)
                page_day(con, when, "shop.example/checkout", device, sessions=100, rage_click_sessions=bad,
                         rage_click_count=2 * bad)  # fmt: skip
                page_day(con, when, "shop.example/", device, sessions=400, rage_click_sessions=2, rage_click_count=3)
        build(con, START, MONDAY + timedelta(days=7))
    return folder


@pytest.fixture
def run(folder) -> Run:
    environment = {name: None for name in os.environ if name.startswith(("CLARITY_", "CLICKSTREAM_"))} | {
        "CLARITY_PROJECT_ID": PROJECT,
        "CLARITY_WAREHOUSE": str(folder / "clarity.duckdb"),
        "CLARITY_REPORTS": str(folder / "reports"),
        "CLARITY_FIRST_DATE": f"{START}",
        "CLARITY_NOW": "2026-10-12T06:00:00+00:00",
    }

    def invoke(*words: str, **more: str) -> Result:
        with contextlib.chdir(folder):
            return CliRunner().invoke(main, words, env=environment | more)

    return invoke


def test_the_weekly_report_tells_the_newest_complete_week_in_the_terminal(run):
    done = run("report", "weekly")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("Weekly summary · Mon 5 Oct – Sun 11 Oct 2026")
    assert "shop.example/checkout" in done.output.partition("What to do first")[2][:600]
    assert max(map(len, done.output.splitlines())) <= 100


def test_a_ux_report_of_any_days_goes_to_files(run, folder):
    done = run("report", "ux", "--from", "2026-10-06", "--to", "2026-10-09", "--format", "html", "--format", "json")
    assert done.exit_code == 0, done.output
    files = done.output.split()
    assert files == [str(folder / f"reports/ux/2026-10-06_2026-10-09.{ending}") for ending in ("html", "json")]
    assert json.loads((folder / "reports/ux/2026-10-06_2026-10-09.json").read_text())["kind"] == "ux"


def test_a_month_begins_on_its_first_and_must_be_over(run):
    assert "September 2026" in run("report", "monthly", "--from", "2026-09-01").output
    refused = run("report", "monthly", "--from", "2026-10-01")
    assert refused.exit_code == 1
    assert "RequestRefused: 2026-10-31 is not over yet (the newest complete UTC day is 2026-10-11)" in refused.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--from", "2026-10-06"), "2026-10-06 is a Tue; a week begins on Monday"),
        (("--to", "2026-10-06"), "--to 2026-10-06 without --from"),
        (("--from", "2026-10-09", "--to", "2026-10-06"), "2026-10-09 lies after 2026-10-06"),
        (("--from", "2026-10-06", "--to", "2026-10-12"), "2026-10-12 is not over yet"),
    ],
)
def test_wrong_days_are_refused_in_one_line(run, words, says):
    done = run("report", "weekly", *words)
    assert done.exit_code == 1
    assert says in done.output
    assert len(done.output.splitlines()) == 1


def first_id(run) -> str:
    run("report", "weekly")
    return re.search(r"\br[0-9a-f]{8}\b", run("recommend", "list").output)[0]


def test_a_recommendation_is_listed_shown_and_decided(run):
    its_id = first_id(run)
    assert "HIGH" in run("recommend", "list").output
    shown = run("recommend", "show", its_id[:6]).output
    assert "What to try" in shown
    assert "Evidence" in shown
    done = run("recommend", "accept", its_id, "--on", "2026-10-11", "--by", "Ada", "--note", "button next sprint")
    assert done.exit_code == 0, done.output
    assert "accepted" in run("recommend", "list", "--state", "accepted").output
    assert "button next sprint" in run("recommend", "show", its_id).output
    assert run("recommend", "reopen", its_id, "--by", "Ada").exit_code == 0


def test_what_was_done_is_looked_at_afterwards(run):
    run("report", "monthly")  # it was there in September already, or it could not be done before this week
    its_id = first_id(run)
    assert run("recommend", "done", its_id, "--on", "2026-10-04", "--by", "Ada").exit_code == 0
    told = run("report", "weekly").output
    assert "no change shown" in told.partition("What became of what was done")[2]
    first = told.partition("What became")[0]
    assert f"{its_id}  HIGH, done but still there" in first  # done before the week began, and found in it
    assert run("recommend", "reopen", its_id, "--by", "Ada").exit_code == 0


@pytest.mark.parametrize("word", ["accept", "done", "dismiss", "reopen", "show"])
def test_an_unknown_recommendation_ends_with_what_to_do(run, word):
    done = run("recommend", word, "r00000000")
    assert done.exit_code == 1
    assert "clarity-assets recommend list" in done.output


def test_a_number_of_a_report_is_traced_to_its_landing_rows(run, folder):
    run("report", "weekly", "--format", "json")
    told = (folder / "reports/weekly_summary/2026-10-05.json").read_text()
    number = json.loads(told)["lead"][0]
    [number_id] = set(re.findall(r'"id": "(n[0-9a-f]{12})"[^{}]*?"unit": "sessions"', json.dumps(number)))
    done = run("trace", number_id)
    assert "marts.fct_site_daily" in done.output
    assert "landing.clarity_base" in done.output
    assert "7,000" in done.output
    assert json.loads(run("trace", number_id, "--json").output)


def test_an_unknown_number_and_no_number_are_told_apart(run):
    unknown = run("trace", "n000000000000")
    assert unknown.exit_code == 1
    assert "NumberUnknown" in unknown.output
    assert run("trace").exit_code == 2
    assert run("trace", "n000000000000", "--verify").exit_code == 2
    assert run("trace", "--verify").exit_code == 0


def test_exports_are_written_with_a_manifest(run, folder):
    done = run("export", "--format", "csv", "--format", "json")
    assert done.exit_code == 0, done.output
    manifest = json.loads((folder / "reports/exports/2026-10-05/manifest.json").read_text())
    names = {entry["name"] for entry in manifest["files"]}
    assert {"traffic_2026-10-05.csv", "frustration_2026-10-05.csv"} <= names
    assert (folder / "reports/exports/latest/week/traffic.csv").exists()


def test_a_project_without_any_data_gets_reports_that_say_so(run, tmp_path):
    empty = {"CLARITY_WAREHOUSE": str(tmp_path / "new.duckdb"), "CLARITY_REPORTS": str(tmp_path / "reports")}
    for name in ("weekly", "monthly", "ux", "product"):
        done = run("report", name, "--format", "all", "--format", "text", **empty)
        assert done.exit_code == 0, done.output
        assert "Nothing is known of this" in done.output
    assert "No recommendation yet" in run("recommend", "list", **empty).output
    assert run("export", **empty).exit_code == 0


def test_without_a_project_every_command_says_what_to_set(run):
    for words in (("report", "weekly"), ("recommend", "list"), ("trace", "--verify"), ("export",)):
        done = run(*words, CLARITY_PROJECT_ID="")
        assert done.exit_code == 1
        assert "CLARITY_PROJECT_ID is not set" in done.output
