"""Which kinds of report are made of what: the clickstream's where it is asked for, Clarity's by themselves."""

from datetime import UTC, date
from pathlib import Path

import duckdb
import pytest

from clarity_assets.reports.make import OF_CLARITY, make_reports, report_path, write_report
from clarity_assets.reports.period import Period
from clarity_assets.settings import load_settings
from clarity_assets_tests.fixtures.clickstream_marts import MADE_AT, MONDAY, WEEK, fill
from clarity_assets_tests.sql.by_hand import PROJECT

SETTINGS = load_settings(project_id=PROJECT, now=MADE_AT.replace(tzinfo=UTC))


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as con:
        yield fill(con)


@pytest.fixture(scope="module")
def report(con):
    return make_reports(con, settings=SETTINGS, period=WEEK, kinds=("clickstream",))["clickstream"]


def test_clarity_s_kinds_are_made_unless_another_is_asked_for(con):
    assert tuple(make_reports(con, settings=SETTINGS, period=Period.span(MONDAY, MONDAY))) == OF_CLARITY


def test_the_report_of_events_recommends_nothing_and_has_no_link_to_clarity(con, report):
    assert (report.title, report.dashboard_url) == ("Weekly clickstream report", "")
    assert con.execute("select count(*) from ops.recommendation_found where period_start = ?", [MONDAY]).fetchall() == [
        (0,)
    ]


def test_its_numbers_are_kept_so_that_they_can_be_traced(con, report):
    [(count,)] = con.execute(
        "select count(*) from ops.report_number where report = 'clickstream 2026-10-05'"
    ).fetchall()
    assert count == len(report.figures) > 500


def test_it_is_written_in_every_format_and_speaks_of_events(report, tmp_path):
    paths = write_report(report, folder=tmp_path)
    assert paths["html"] == report_path(tmp_path, report, "html") == tmp_path / "weekly_clickstream/2026-10-05.html"
    texts = {name: Path(path).read_text(encoding="utf-8") for name, path in paths.items() if name != "pdf"}
    for name in ("html", "text", "markdown"):
        assert "What these events do not tell" in texts[name]
        assert "Microsoft Clarity" not in texts[name]
    assert paths["pdf"].stat().st_size > 50_000
    assert not (tmp_path / "exports").exists()


def test_a_project_without_events_gets_a_report_that_says_so():
    with duckdb.connect() as con:
        made = make_reports(con, settings=SETTINGS, period=Period.span(date(2026, 9, 1), date(2026, 9, 3)),
                            kinds=("clickstream",))["clickstream"]  # fmt: skip
    [section] = made.sections
    assert section.name == "events"
    assert [day.status for day in made.days] == ["lost"] * 3
