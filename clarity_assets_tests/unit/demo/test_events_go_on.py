"""The demo's events beyond its last day: a file when a day has ended, of the sessions that the stand-in tells."""

import gzip
import json
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from clarity_assets.demo.clock import Clock
from clarity_assets.demo.events_go_on import EventsGoOn
from clarity_assets.demo.simulate import PAGELESS
from clarity_assets.demo.site import SimulatedSite
from clarity_assets.demo.sites_in_a_row import continued

FIRST_DAY = date(2026, 9, 1)
SITE = SimulatedSite.generate(first_day=FIRST_DAY, days=3, sessions_per_day=200)
SITES = continued(SITE, days=3, sessions_per_day=200)
BORDER = FIRST_DAY + timedelta(days=3)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def names(folder: Path) -> list[str]:
    return sorted(file.name.removesuffix(".jsonl.gz") for file in folder.glob("[!.]*")) if folder.exists() else []


def events_in(folder: Path) -> list[dict]:
    return [
        json.loads(line) for file in folder.glob("*.gz") for line in gzip.decompress(file.read_bytes()).splitlines()
    ]


def wait_for(folder: Path, wanted: list[str]) -> None:
    until = time.monotonic() + 20
    while names(folder) != wanted and time.monotonic() < until:
        time.sleep(0.02)
    assert names(folder) == wanted


def test_a_day_is_dropped_when_it_has_ended_and_not_before(tmp_path):
    clock = Clock(midnight(BORDER) + timedelta(hours=23))
    with EventsGoOn(SITES, tmp_path, first=BORDER - timedelta(days=1), clock=clock, look_every_s=0.01):
        wait_for(tmp_path, [f"{BORDER - timedelta(days=1)}"])
        time.sleep(0.1)
        assert names(tmp_path) == [f"{BORDER - timedelta(days=1)}"]
        clock.set(midnight(BORDER + timedelta(days=1)))
        wait_for(tmp_path, [f"{BORDER - timedelta(days=1)}", f"{BORDER}"])


@pytest.fixture(scope="module")
def everything(tmp_path_factory) -> list[dict]:
    """The events of all files, to the last day."""
    folder = tmp_path_factory.mktemp("events")
    clock = Clock(midnight(BORDER + timedelta(days=30)))
    with EventsGoOn(SITES, folder, first=FIRST_DAY, clock=clock, look_every_s=0.01) as going:
        going._thread.join(20)
    return events_in(folder)


def test_no_event_is_lost_where_one_site_follows_the_other_and_sessions_are_the_stand_in_s(everything):
    assert max(Counter(event["event_id"] for event in everything).values()) == 1
    began = {}
    for event in everything:
        began[event["session_id"]] = min(event["event_time"], began.get(event["session_id"], "9"))
    by_day = Counter(told[:10] for told in began.values())
    for site in (SITES.first, SITES.second):
        starts = site.starts_s[site.sessions.kind != PAGELESS]
        expected = Counter(f"{datetime.fromtimestamp(s, UTC).date()}" for s in starts.tolist())
        assert {day: by_day[day] for day in expected} == expected


def test_customers_and_orders_of_the_second_site_are_others(everything):
    early = [event for event in everything if event["event_time"] < f"{BORDER - timedelta(days=1)}"]
    late = [event for event in everything if event["event_time"] >= f"{BORDER + timedelta(days=1)}"]
    for name in ("user_id", "order_id", "visitor_id", "session_id"):
        known, fresh = ({event.get(name) for event in events} - {None} for events in (early, late))
        assert known
        assert fresh
        assert not known & fresh
