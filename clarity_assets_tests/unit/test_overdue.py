"""What a schedule should have brought and did not: asked once its time is past, and not before the marts are there."""

from datetime import UTC, date, datetime, timedelta

import pytest

from clarity_assets.backups.making import make_backup
from clarity_assets.behind import days_behind, mark_built
from clarity_assets.demo.site import SimulatedSite
from clarity_assets.overdue import find_overdue, report_waits
from clarity_assets.project_models import ensure_project
from clarity_assets.reports.period import Period
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.publish import publish
from clarity_assets_tests.fixtures.collecting import FIRST_DAY, Bench, FakeApi, make_settings
from clarity_assets_tests.sql.by_hand import build

MONDAY = date(2026, 9, 7)
SITE = SimulatedSite.generate(first_day=FIRST_DAY - timedelta(days=4), days=30, sessions_per_day=20)


@pytest.fixture
def bench(tmp_path) -> Bench:
    """A week of collected days, none built."""
    bench = Bench(make_settings(tmp_path, reports=tmp_path / "reports"), FakeApi(SITE))
    for number in range(7):
        bench.at(MONDAY + timedelta(days=number)).collect_all(MONDAY + timedelta(days=number))
    return bench


def build_all(bench: Bench) -> None:
    end = MONDAY + timedelta(days=7)
    with open_warehouse(bench.settings.warehouse) as con:
        ensure_project(con, bench.settings)
        build(con, FIRST_DAY, end)
    mark_built(bench.settings, start=FIRST_DAY, end=end)


def overdue(bench: Bench, hour: float) -> list[tuple[str, str | None]]:
    now = datetime(2026, 9, 14, tzinfo=UTC) + timedelta(hours=hour)
    settings = bench.settings.model_copy(update={"now": now})
    return [(job.job, job.partition) for job in find_overdue(settings, now=now)]


def test_nothing_is_overdue_of_a_project_that_has_nothing(tmp_path):
    bench = Bench(make_settings(tmp_path), FakeApi(SITE))
    assert overdue(bench, hour=12) == []


def test_a_report_is_overdue_a_while_after_its_time_once_its_marts_are_there(bench):
    now = datetime(2026, 9, 14, 12, tzinfo=UTC)
    settings = bench.settings.model_copy(update={"now": now})
    assert report_waits(settings, Period.week(MONDAY)) == "the marts of 2026-09-07 are behind; they are built first"
    assert ("weekly", "2026-09-07") not in overdue(bench, hour=12)
    build_all(bench)
    assert days_behind(settings).days == ()
    assert ("weekly", "2026-09-07") not in overdue(bench, hour=8.2)
    assert ("weekly", "2026-09-07") in overdue(bench, hour=8.3)


def test_a_report_that_is_there_is_not_overdue(bench):
    build_all(bench)
    made = bench.settings.reports / "weekly_summary" / "2026-09-07.json"
    made.parent.mkdir(parents=True)
    made.write_text("{}")
    assert "weekly" not in dict(overdue(bench, hour=12))


def test_a_report_that_nobody_was_sent_is_overdue(bench):
    build_all(bench)
    made = bench.settings.reports / "weekly_summary" / "2026-09-07.json"
    made.parent.mkdir(parents=True)
    made.write_text("{}")
    from pydantic import SecretStr

    bench.settings = bench.settings.model_copy(update={"report_to": SecretStr("json://127.0.0.1:9/x")})
    assert dict(overdue(bench, hour=12))["weekly"] == "2026-09-07"


def test_an_upkeep_is_overdue_where_the_newest_backup_is_old_and_the_hour_has_come(bench):
    assert "upkeep" not in dict(overdue(bench, hour=2.6))
    assert "upkeep" in dict(overdue(bench, hour=2.8))
    make_backup(bench.settings, now=datetime(2026, 9, 14, 2, 30, tzinfo=UTC))
    assert "upkeep" not in dict(overdue(bench, hour=20))


def test_a_copy_is_overdue_where_days_were_built_since(bench):
    assert "publish" not in dict(overdue(bench, hour=1))  # nothing is built
    build_all(bench)
    assert "publish" in dict(overdue(bench, hour=1))
    publish(bench.settings)
    assert "publish" not in dict(overdue(bench, hour=1))
    mark_built(bench.settings, start=MONDAY, end=MONDAY + timedelta(days=1))
    assert "publish" not in dict(overdue(bench, hour=1))
    with open_warehouse(bench.settings.warehouse) as con:
        con.execute("update ops.built_day set status = 'pending' where date = ?", [MONDAY])
    assert "publish" in dict(overdue(bench, hour=1))
