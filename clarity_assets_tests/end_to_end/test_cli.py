"""The command line against a local stand-in of the API: what each command prints, and how it fails."""

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

from clarity_assets.cli import main
from clarity_assets.demo.answers import answer
from clarity_assets.demo.site import SimulatedSite
from clarity_assets.demo.stand_in import StandIn
from clarity_assets_tests.fixtures.collecting import Bench, FakeApi, make_settings

FIRST_DAY = date(2026, 9, 1)
DAY = date(2026, 9, 5)
SITE = SimulatedSite.generate(first_day=FIRST_DAY - timedelta(days=4), days=20, sessions_per_day=20)
NAMES = ("browser_device", "url_device", "source_medium", "country", "base", "device")


@dataclass
class Shop:
    """A project's folder, environment and stand-in."""

    folder: Path
    api: StandIn
    environment: dict[str, str | None]

    def at(self, now: datetime) -> "Shop":
        self.api.set_clock(now)
        self.environment["CLARITY_NOW"] = now.isoformat()
        return self

    @property
    def bench(self) -> Bench:
        return Bench(make_settings(self.folder, project_id="shop"), FakeApi(SITE))

    def run(self, *words: str, **environment: str) -> Result:
        """A command in this process, in the shop's folder."""
        with contextlib.chdir(self.folder):  # away from a developer's .env
            return CliRunner().invoke(main, words, env=self.environment | environment)

    def run_alone(self, *words: str, **environment: str) -> subprocess.CompletedProcess:
        """A command in a process of its own, as collecting reads the settings when Dagster's definitions load."""
        told = (
            {k: v for k, v in os.environ.items() if not k.startswith(("CLARITY_", "CLICKSTREAM_"))}
            | self.environment
            | environment
        )
        return subprocess.run(
            [sys.executable, "-m", "clarity_assets.cli", *words], env={k: v for k, v in told.items() if v is not None},
            cwd=self.folder, capture_output=True, text=True, timeout=120,
        )  # fmt: skip


@pytest.fixture
def shop(tmp_path) -> Iterator[Shop]:
    """A project at 01:00 UTC after DAY, with nothing collected yet."""
    unset = {name: None for name in os.environ if name.startswith(("CLARITY_", "CLICKSTREAM_"))}
    with StandIn(SITE) as api:
        now = datetime(2026, 9, 6, 1, tzinfo=UTC)
        api.set_clock(now)
        yield Shop(tmp_path, api, unset | {
            "CLARITY_PROJECT_ID": "shop",
            "CLARITY_API_TOKEN": api.token(),
            "CLARITY_API_BASE_URL": api.base_url,
            "CLARITY_WAREHOUSE": str(tmp_path / "clarity.duckdb"),
            "CLARITY_FIRST_DATE": FIRST_DAY.isoformat(),
            "CLARITY_REQUEST_PAUSE_S": "0",
            "CLARITY_NOW": now.isoformat(),
            "DAGSTER_HOME": str(tmp_path / "dagster_home"),
        }).at(now)  # fmt: skip


def archived(folder: Path, *num_of_days: int, name: str = "kept.json") -> Path:
    """An archive of site totals that end at 01:00 after DAY."""
    end = datetime(2026, 9, 6, 1, tzinfo=UTC)
    path = folder / name
    path.write_text(json.dumps([
        {"window_end": end.isoformat(), "num_of_days": n, "answer": answer(SITE, start=end - timedelta(days=n), end=end)}
        for n in num_of_days
    ]))  # fmt: skip
    return path


def lines(result: Result | subprocess.CompletedProcess) -> list[str]:
    text = result.output if isinstance(result, Result) else result.stdout
    return [line.rstrip() for line in text.splitlines() if line.strip()]


# --- collect ----------------------------------------------------------------------------------------------------------


def test_collect_makes_the_newest_day_known_and_says_so(shop):
    done = shop.run_alone("collect")
    assert (done.returncode, done.stderr) == (0, "")
    [line] = lines(done)
    assert line.startswith("2026-09-05 complete (run ")
    assert len(shop.api.calls) == 6
    assert set(shop.bench.sql("select request, status from ops.clarity_day")) == {(name, "measured") for name in NAMES}
    status = shop.run("status")
    assert (
        "Budget of 2026-09-06: 6 of 10 requests spent, 4 left (4 for missed days and extra requests)" in status.output
    )
    assert "Gaps: none" in status.output


def test_build_makes_the_marts_of_the_days_and_tells_what_their_checks_found(shop):
    shop.run_alone("collect")
    done = shop.run_alone("build", "--from", "2026-09-04", "--to", "2026-09-05")
    assert (done.returncode, done.stderr) == (0, "")
    assert lines(done)[0].startswith("2026-09-04 to 2026-09-05 complete (run ")
    days = shop.bench.sql("select date, status, sessions > 0 from marts.fct_site_daily")
    assert days == [(DAY, "measured", True)]


def test_build_ends_with_one_where_a_blocking_check_fails(shop):
    shop.run_alone("collect")
    con = duckdb.connect(shop.environment["CLARITY_WAREHOUSE"])
    con.execute("insert into landing.clarity_device select * from landing.clarity_device")
    con.close()
    done = shop.run_alone("build", "--to", "2026-09-05")
    assert done.returncode == 1
    assert re.search(r"staging/stg_clarity__device grain_is_unique \d+ of \d+ rows", done.stdout)
    assert "Traceback" not in done.stdout


def test_build_refuses_days_that_are_not_over(shop):
    refused = shop.run("build", "--to", "2026-09-06")
    assert refused.exit_code == 1
    assert "2026-09-06 is not over yet" in refused.output


def test_of_a_range_the_days_that_can_be_known_are_collected_and_the_others_named(shop):
    shop.api.fail(500, dimensions=("Country",), num_of_days=1)
    done = shop.run_alone("collect", "--from", "2026-09-02", "--to", "2026-09-05")
    assert (done.returncode, done.stderr) == (1, "")
    told = [line.partition(" (run ")[0] for line in lines(done)]
    assert [line for line in told if line.startswith("2026")] == [  # the newest first, then the oldest
        "2026-09-05 incomplete", "2026-09-02 incomplete", "2026-09-03 incomplete", "2026-09-04 incomplete",
    ]  # fmt: skip
    assert (
        "  country ServerFailed: country, 24 h: HTTP 500 with an empty body: no answer; the request may count"
        in told[1]
    )
    assert "  base DayLost: base of 2026-09-02 is lost: never asked" in done.stdout
    states = dict(((r, d.day), s) for r, d, s in shop.bench.sql("select request, date, status from ops.clarity_day"))
    assert {name for name in NAMES if states[(name, 5)] == "measured"} == set(NAMES) - {"country"}
    assert {states[(name, 2)] for name in NAMES} == {"lost"}
    assert states[("browser_device", 3)] == "derived"  # saved by the wider windows
    assert len(shop.api.calls) == 10
    assert "Traceback" not in done.stdout


def test_without_a_token_collect_says_once_what_to_do_and_asks_nothing(shop):
    done = shop.run_alone("collect", CLARITY_API_TOKEN="")
    assert (done.returncode, done.stderr) == (1, "")
    day, reason = lines(done)
    assert day.startswith("2026-09-05 incomplete")
    assert reason.startswith(
        f"  {', '.join(NAMES)} TokenError: CLARITY_API_TOKEN is not set; make a new one in Clarity"
    )
    assert shop.api.calls == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("--to", "2026-09-06"),
            "RequestRefused: 2026-09-06 is not over yet (the newest complete UTC day is 2026-09-05)",
        ),
        (
            ("--from", "2026-09-05", "--to", "2026-09-04"),
            "RequestRefused: --from 2026-09-05 lies after --to 2026-09-04",
        ),
        (("--from", "2026-08-31"), "RequestRefused: 2026-08-31 lies before CLARITY_FIRST_DATE=2026-09-01"),
    ],
)
def test_a_day_that_cannot_be_collected_is_refused_before_anything_is_asked(shop, words, told):
    assert_fails_in_one_line(shop.run("collect", *words), told)
    assert shop.api.calls == []


def test_a_day_that_is_no_date_is_a_mistake_of_usage(shop):
    done = shop.run("collect", "--from", "05.09.2026")
    assert done.exit_code == 2
    assert "'05.09.2026' is no ISO date such as 2026-10-04" in done.output


# --- errors -----------------------------------------------------------------------------------------------------------


def assert_fails_in_one_line(done: Result, told: str) -> None:
    assert (done.exit_code, type(done.exception)) == (1, SystemExit)
    [line] = lines(done)
    assert line.startswith(f"Error: {told}")


@pytest.mark.parametrize("command", ["collect", "status", "rebuild", "import"])
def test_a_missing_project_is_told_in_one_line(shop, command):
    words = (command, str(archived(shop.folder, 1))) if command == "import" else (command,)
    done = shop.run(*words, CLARITY_PROJECT_ID="")
    assert_fails_in_one_line(done, "SettingsError: CLARITY_PROJECT_ID is not set; put the id from the address")


@pytest.mark.parametrize("command", ["collect", "status", "rebuild", "dev"])
def test_a_bad_setting_is_told_in_one_line(shop, command):
    done = shop.run(command, CLARITY_QUOTA_LIMIT="11")
    assert_fails_in_one_line(done, "SettingsError: CLARITY_QUOTA_LIMIT='11': Input should be less than or equal to 10")


@pytest.mark.parametrize("command", ["status", "rebuild", "import"])
def test_a_folder_or_a_damaged_file_as_warehouse_is_told_in_one_line(shop, command):
    words = (command, str(archived(shop.folder, 1))) if command == "import" else (command,)
    (shop.folder / "a-folder").mkdir()
    damaged = shop.folder / "damaged.duckdb"
    damaged.write_bytes(b"no database" * 1000)
    done = shop.run(*words, CLARITY_WAREHOUSE=str(shop.folder / "a-folder"))
    assert_fails_in_one_line(done, f"WarehouseUnwritable: {shop.folder}/a-folder cannot be written")
    done = shop.run(*words, CLARITY_WAREHOUSE=str(damaged))
    assert_fails_in_one_line(done, f"WarehouseCorrupt: {damaged} is damaged or no DuckDB database")
    assert damaged.read_bytes() == b"no database" * 1000


# --- import, status, rebuild ------------------------------------------------------------------------------------------


def test_import_tells_what_was_stored_and_which_days_it_solved(shop):
    done = shop.run("import", str(archived(shop.folder, 1, 2)))
    assert done.exit_code == 0
    assert lines(done) == [
        "2 answers stored, 0 known already, 0 quarantined",
        "2 days solved or solved better",
        "  base 2026-09-04 derived, 2 windows, coverage 95.8%, skew 0 s",
        "  base 2026-09-05 measured, 1 windows, coverage 95.8%, skew 0 s",
    ]
    assert shop.api.calls == []


def test_import_of_a_half_bad_folder_keeps_the_good_and_fails(shop):
    folder = shop.folder / "archive ["
    folder.mkdir()
    archived(folder, 1, name="good.json")
    (folder / "red].json").write_text("<html>")  # its path holds [/red], which the terminal must not take for a style
    done = shop.run("import", str(folder))
    assert done.exit_code == 1
    assert lines(done)[0] == "1 answers stored, 0 known already, 0 quarantined"
    assert lines(done)[1].startswith(f"  refused {shop.folder}/archive [/red].json: is no JSON")
    assert "Traceback" not in done.output


def test_import_names_an_option_that_no_file_could_use(shop):
    path = str(archived(shop.folder, 1))
    assert_fails_in_one_line(
        shop.run("import", path, "--window-end", "soon"), "ImportRefused: --window-end 'soon' is neither"
    )
    assert_fails_in_one_line(shop.run("import", path, "--request", "all"), "ImportRefused: request 'all' is not known")
    assert shop.run("import", path, "--num-of-days", "4").exit_code == 2
    assert shop.run("import", str(shop.folder / "nowhere.json")).exit_code == 2


def test_status_has_a_line_a_request_and_day_and_names_the_gaps(shop):
    shop.run("import", str(archived(shop.folder, 1, 2)))
    done = shop.run("status")
    assert done.exit_code == 0
    told = [line.split() for line in lines(done)]
    assert told[0] == ["request", "date", "status", "coverage", "method", "rows", "note"]
    assert told[1:13] == [
        *([name, f"2026-09-0{day}", "pending", "0.0%"] for name in NAMES[:4] for day in (4, 5)),
        ["base", "2026-09-04", "derived", "95.8%", "difference", "1"],
        ["base", "2026-09-05", "measured", "95.8%", "window", "1"],
        *(["device", f"2026-09-0{day}", "pending", "0.0%"] for day in (4, 5)),
    ]
    assert lines(done)[-5:] == [
        f"  {name} 2026-09-04 to 2026-09-05 pending: not asked yet, possible until 2026-09-07 12:00 UTC"
        for name in (*NAMES[:4], "device")
    ]


def test_status_keeps_a_day_on_one_line_where_its_method_is_long(shop):
    path = archived(shop.folder, 1)
    end = datetime(2026, 9, 6, 1, tzinfo=UTC)
    value = answer(SITE, start=end - timedelta(days=1), end=end, dimensions=("Browser", "Device"))
    path.write_text(json.dumps({"window_end": end.isoformat(), "num_of_days": 1, "answer": value}))
    shop.run("import", str(path))
    [base] = [line for line in lines(shop.run("status")) if line.startswith(" base")]
    assert base.split() == ["base", "2026-09-05", "derived", "95.8%", "rolled_up", "from", "browser_device", "1"]


def test_status_as_json_says_the_same_for_programs(shop):
    shop.run("import", str(archived(shop.folder, 1)))
    done = shop.run("status", "--json", "--days", "1")
    told = json.loads(done.output)
    assert list(told) == ["days", "budget", "gaps", "counts", "answers", "requests_sent"]
    [base] = [day for day in told["days"] if day["request"] == "base"]
    assert base == {
        "request": "base", "date": "2026-09-05", "status": "measured", "method": "window", "rolled_up_from": None,
        "coverage": 0.958333, "window_start": "2026-09-05T01:00:00+00:00", "window_end": "2026-09-06T01:00:00+00:00",
        "skew_s": 0, "is_truncated": False, "refused_keys": 0, "row_count": 1, "cause": None,
    }  # fmt: skip
    assert told["budget"] == {
        "limit": 10, "spent": 0, "reserve": 4, "reserve_spent": 0, "label": "2026-09-06",
        "next_at": "2026-09-07T00:00:00+00:00", "is_rate_limited": False, "left": 10, "reserve_left": 4,
    }  # fmt: skip
    assert told["gaps"][0] == {
        "request": "browser_device", "first": "2026-09-05", "last": "2026-09-05", "status": "pending",
        "cause": "not asked yet, possible until 2026-09-08 12:00 UTC",
    }  # fmt: skip
    assert (told["counts"]["base"], told["answers"], told["requests_sent"]) == ({"measured": 1}, 1, 0)


def test_rebuild_tells_how_much_was_made_anew(shop):
    shop.run("import", str(archived(shop.folder, 1, 2)))
    before = shop.bench.landing()
    done = shop.run("rebuild")
    assert (done.exit_code, lines(done)) == (0, ["2 days rebuilt from 2 answers: 2 landing rows"])
    assert shop.bench.landing() == before


# --- help -----------------------------------------------------------------------------------------------------------------


def test_help_names_every_command_and_every_command_has_help(shop):
    done = shop.run("--help")
    assert done.exit_code == 0
    for name in main.commands:
        assert f"\n  {name} " in done.output
        told = shop.run(name, "-h")
        assert (told.exit_code, told.output.startswith("Usage: ")) == (0, True)
