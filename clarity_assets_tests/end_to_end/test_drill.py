"""A month of operation in minutes: everything that goes wrong at once, and what is known, spent, told and kept after it.

Faults: kill -9 in each stage, four nights of 500s, a day of 429, a full disk, two daemons at once, a clock that jumps; the change
of clocks in Europe (25 October) and the end of the month lie within.
"""

from collections import Counter
from datetime import date, timedelta

import pytest

from clarity_assets_tests.end_to_end.drill.world import FIRST, SITE, World, at

pytestmark = pytest.mark.xdist_group("drill")  # what the module shares is made once

LAST = date(2026, 11, 1)
END = at(2, 9, month=11)  # a Monday


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> World:
    """The world after the drill."""
    with World(tmp_path_factory.mktemp("drill")) as made:
        live_through(made)
        yield made


def live_through(world: World) -> None:
    """32 nights. What is not named happens on a quiet day: `World.quiet_day`."""
    special = {
        4: lambda: world.killed(at(4, 1), "daily_collection", "clarity__url_device"),
        5: lambda: world.killed(at(5, 1), "daily_collection", "marts__fct_page_daily"),
        6: lambda: world.killed(at(6, 1), "daily_collection", "marts__fct_page_daily__checks"),
        7: lambda: world.killed(at(7, 1), "daily_collection", "operations__published"),
        8: lambda: world.stand_in.fail("500"),
        11: lambda: world.tick(at(11, 0, 30)),
        12: lambda: world.stand_in.heal(),
        17: lambda: world.stand_in.fail("429"),
        18: lambda: world.stand_in.heal(),
        22: lambda: full_disk(world, at(22, 1)),
        24: lambda: two_daemons(world, at(24, 1)),
    }
    for number in range((LAST - FIRST).days + 1):
        morning = FIRST + timedelta(days=number + 1)
        if morning.month == 10 and morning.day in special:
            special[morning.day]()
        if morning == date(2026, 10, 12):
            world.tick(at(12, 1), at(12, 1, 20), at(12, 2, 35))
            world.killed(at(12, 8), "weekly_reports", "weekly_reports")
        if morning == date(2026, 10, 19):
            world.tick(at(19, 1), at(19, 1, 20), at(19, 2, 35))
            world.killed(at(19, 8), "weekly_reports", "delivery__weekly_report")
        if morning == date(2026, 10, 14):
            world.tick(at(14, 1), at(14, 1, 20))
            world.killed(at(14, 2, 30), "nightly_upkeep", "operations__backup")
        world.quiet_day(morning)
        if morning == date(2026, 10, 26):
            clock_jump(world)


def full_disk(world: World, now) -> None:
    world.set_clock(now)
    [request] = world.daemon.requested(now, "daily_collection")
    assert world.start("daily", request.partition_key, "--largest-file", "65536").wait(timeout=180) == 1


def two_daemons(world: World, now) -> None:
    """The same day collected twice at once, and looked at twice at once."""
    world.set_clock(now)
    [request] = world.daemon.requested(now, "daily_collection")
    runs = [world.start("daily", request.partition_key) for _ in range(2)]
    assert [run.wait(timeout=240) for run in runs] == [0, 0]


def clock_jump(world: World) -> None:
    """At noon the machine's clock is three days ahead for a while; the API's is not."""
    world.set_clock(at(29, 12), api=False)
    world.daemon.tick(at(29, 12))
    world.set_clock(at(26, 15))


def test_no_more_than_ten_requests_left_on_any_day(world):
    assert max(world.requests_by_day.values()) <= 10
    assert not [c for c in world.stand_in.calls if c.status == 429 and c.fault is None]
    spent = world.sql(
        "select max(n) from (select count(*) as n from ops.api_request where outcome <> 'not_sent' group by reserved_at::date)"
    )
    assert spent <= [(10,)]


def test_every_day_is_known_or_lost_as_it_must_be(world):
    """Nothing answered from the night of 8 October to the 12th: 7 and 8 October are out of reach then."""
    found = world.sql(
        "select date, request, status from ops.clarity_day where status not in ('measured', 'derived') order by all"
    )
    lost = {(day, request) for day, request, status in found if status == "lost"}
    assert [row for row in found if row[2] == "pending"] == []
    assert {day for day, _ in lost} <= {date(2026, 10, 7), date(2026, 10, 8), date(2026, 10, 9)}
    assert Counter(day for day, _ in lost)[date(2026, 10, 7)] == 6
    assert Counter(day for day, _ in lost)[date(2026, 10, 8)] == 6
    assert ("2026-10-09", "browser_device") not in {(str(day), request) for day, request in lost}


def test_what_is_known_is_what_the_site_did(world):
    rows = world.sql(
        """select window_start, window_end, sessions from ops.clarity_day d join landing.clarity_base l using (project_id, date)
           where d.request = 'base' and d.status in ('measured', 'derived')"""
    )
    assert len(rows) >= 29
    for start, end, sessions in rows:
        [truth] = SITE.truth(start, end, ()).values()
        assert truth["sessions"] == sessions


def test_the_marts_and_the_published_copy_tell_what_is_known(world):
    differing = """select count(*) from ops.clarity_day d left join marts.fct_collection_daily m using (project_id, date, request)
                   where m.status is distinct from d.status"""
    assert world.sql(differing) == [(0,)]
    assert world.sql(differing, file="published/clarity_published.duckdb") == [(0,)]


def test_each_report_was_delivered_once(world):
    counted = Counter(world.reports)
    assert set(counted.values()) == {1}
    weeks = [subject for subject in counted if "Week" in subject]
    assert len(weeks) == 4
    assert len([subject for subject in counted if "October" in subject and subject not in weeks]) == 1
    assert len(counted) == 5


def test_each_alert_was_told_once_and_its_end_once(world):
    told = world.sql(
        "select message_id, count(*) from ops.delivery where kind in ('alert', 'resolved') group by all having count(*) > 1",
        file="operations.duckdb",
    )
    assert told == []
    assert (
        len(world.hook.bodies)
        == world.sql(
            "select count(*) from ops.delivery where kind in ('alert', 'resolved') and status = 'sent'",
            file="operations.duckdb",
        )[0][0]
    )
    opened = Counter(cause for (cause,) in world.sql("select cause_id from ops.alert", file="operations.duckdb"))
    assert opened["no_data"] == 1
    assert opened["day_endangered:2026-10-07"] == opened["day_endangered:2026-10-08"] == 1
    assert set(opened.values()) <= {1, 2}, opened


def test_the_backup_can_be_restored_on_a_clean_machine(world, tmp_path):
    done = world.command(
        "restore", CLARITY_WAREHOUSE=str(tmp_path / "clarity.duckdb"), CLARITY_BACKUPS=str(world.folder / "backups"),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
