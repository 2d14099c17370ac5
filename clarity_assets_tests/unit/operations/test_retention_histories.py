"""Random histories with and without tidying in between: every day that was not tidied is told the same."""

from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from clarity_assets import errors
from clarity_assets.clarity.kept import closed_before
from clarity_assets.clarity.rebuild import rebuild
from clarity_assets.clarity.requests import STANDARD_REQUESTS
from clarity_assets.clarity.status import read_status
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets_tests.fixtures.collecting import FIRST_DAY, Bench
from clarity_assets_tests.unit.operations.kept import (
    build,
    days_of,
    landing_since,
    marts,
    project,
    settings_now,
    tidied,
)

REQUESTS = {r.name: r for r in STANDARD_REQUESTS}
ASKED = ("base", "device", "browser_device")

night = st.fixed_dictionaries({
    "hour": st.sampled_from([1, 1, 1, 0.2, 4, 15]),
    "asked_back": st.lists(st.integers(0, 3), max_size=3),  # days before the newest one
    "failing": st.lists(st.sampled_from(ASKED), max_size=2),
})  # fmt: skip


def play(bench: Bench, nights: list[dict], *, tidy_after: frozenset[int]) -> dict[date, dict]:
    """Collect and build night by night; by day that was closed, its marts when it was."""
    closed: dict[date, dict] = {}
    for i, plan in enumerate(nights):
        newest = FIRST_DAY + timedelta(days=i)
        bench.at(newest, hour=plan["hour"])
        bench.api.fail = {REQUESTS[name].dimensions: errors.ServerFailed("HTTP 500") for name in plan["failing"]}
        for back in plan["asked_back"]:
            for name in ASKED:
                bench.collector_error(name, newest - timedelta(days=back))
        if i in tidy_after:
            read_status(settings_now(bench))
            build(bench, FIRST_DAY, newest + timedelta(days=1))
            before = tidied(bench).warehouse.landing_before
            for day in (FIRST_DAY + timedelta(days=k) for k in range(max(0, (before - FIRST_DAY).days))):
                closed.setdefault(day, marts(bench, since=day, until=day + timedelta(days=1)))
    read_status(settings_now(bench))
    build(bench, FIRST_DAY, newest + timedelta(days=1))
    return closed


def known_days(bench: Bench) -> list[tuple]:
    """How each known day is known; of causes the newest attempt is told, which a rebuild reads anew."""
    known = "select * exclude (cause) from ops.clarity_day where status in ('measured', 'derived')"
    return sorted(bench.sql(known), key=repr)


def first_open(bench: Bench) -> date:
    with open_warehouse(bench.settings.warehouse) as con:
        return closed_before(con, "test") or FIRST_DAY


@settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # an example takes seconds: shrinking would take minutes
)  # fmt: skip
@given(st.lists(night, min_size=12, max_size=14), st.sets(st.integers(10, 13), min_size=1, max_size=2))
def test_tidying_changes_no_day_that_it_does_not_close_and_no_mart_at_all(nights, tidy_after):
    with TemporaryDirectory() as folder:
        tidy_bench, plain = project(Path(folder) / "tidied"), project(Path(folder) / "plain")
        closed = play(tidy_bench, nights, tidy_after=frozenset(tidy_after))
        play(plain, nights, tidy_after=frozenset())
        since = first_open(tidy_bench)
        assert days_of(tidy_bench, since=since) == days_of(plain, since=since)
        assert landing_since(tidy_bench, since) == landing_since(plain, since)
        assert marts(tidy_bench, since=since) == marts(plain, since=since)
        for day in (day for day in closed if day < since):
            assert marts(tidy_bench, since=day, until=day + timedelta(days=1)) == closed[day]
        before = (tidy_bench.landing(), known_days(tidy_bench), marts(tidy_bench))
        rebuild(settings_now(tidy_bench))
        assert (tidy_bench.landing(), known_days(tidy_bench), marts(tidy_bench)) == before
