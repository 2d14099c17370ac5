"""What is known at an instant: the last days, the budget, the gaps with their causes, and what time alone changes."""

from datetime import date, datetime, timedelta

import pytest

from clarity_assets import errors
from clarity_assets.clarity.status import Gap, Status, read_status
from clarity_assets.demo.site import SimulatedSite
from clarity_assets_tests.fixtures.collecting import FIRST_DAY, Bench, FakeApi, make_settings

DAY = FIRST_DAY + timedelta(days=4)  # 2026-09-05
SITE = SimulatedSite.generate(first_day=FIRST_DAY - timedelta(days=4), days=30, sessions_per_day=20)


@pytest.fixture
def bench(tmp_path) -> Bench:
    return Bench(make_settings(tmp_path), FakeApi(SITE)).at(DAY)


def day_after(days: int = 1) -> date:
    return DAY + timedelta(days=days)


def status(bench: Bench, now: datetime | None = None, **options) -> Status:
    """The status at the API's instant, or at another."""
    return read_status(bench.settings.model_copy(update={"now": now or bench.api.now}), **options)


def gaps_of(known: Status, name: str) -> list[Gap]:
    return [gap for gap in known.gaps if gap.request == name]


def test_a_new_project_knows_nothing_and_has_no_gap(bench):
    known = status(bench)
    assert (known.days, known.gaps, known.answers, known.requests_sent) == ([], [], 0, 0)
    assert known.counts == {name: {} for name in bench.names}
    assert known.budget.left == 10


def test_a_collected_day_is_counted_by_request_and_status(bench):
    bench.api.fail[("Country",)] = errors.ServerFailed("HTTP 500", http_status=500)
    bench.collect_all(DAY)
    known = status(bench)
    assert known.counts == {n: {"pending" if n == "country" else "measured": 1} for n in bench.names}
    assert (known.answers, known.requests_sent) == (5, 6)
    assert (known.budget.spent, known.budget.left, known.budget.label) == (6, 4, "2026-09-06")


def test_a_request_that_was_not_sent_is_no_request(bench):
    bench.api.fail["all"] = errors.NotSent("nothing was sent")
    bench.collect_all(DAY)
    known = status(bench)
    assert (known.requests_sent, known.budget.spent) == (0, 0)


def test_days_come_by_request_in_the_plan_s_order_and_by_date(bench):
    for days in (0, 1):
        bench.at(day_after(days)).collect_all(day_after(days))
    assert [(s.request, s.date) for s in status(bench).days] == [
        (name, day) for name in bench.names for day in (DAY, day_after())
    ]


def test_so_many_days_back_are_listed_and_all_are_counted(bench):
    for days in range(3):
        bench.at(day_after(days)).collector.collect("base", day_after(days))
    known = status(bench, days=2)
    assert {s.date for s in known.days} == {day_after(1), day_after(2)}
    assert known.counts["base"] == {"measured": 3}


def test_pending_becomes_lost_by_time_alone(bench):
    """Half of 09-05 must lie in the 72 h before the call: until 09-08 12:00 and not a second longer."""
    bench.api.fail["all"] = errors.ServerFailed("HTTP 500 with an empty body", http_status=500)
    bench.collector_error("country", DAY)
    last = datetime(2026, 9, 8, 12, tzinfo=bench.api.now.tzinfo)
    [gap] = gaps_of(status(bench, last), "country")[:1]
    assert (gap.status, gap.first) == ("pending", DAY)
    assert gap.cause == "HTTP 500 with an empty body (1 attempt, last 2026-09-06 01:00 UTC; until 2026-09-08 12:00 UTC)"
    [gap] = gaps_of(status(bench, last + timedelta(seconds=1)), "country")[:1]
    assert (gap.status, gap.first, gap.last) == ("lost", DAY, DAY)
    assert gap.cause == (
        "HTTP 500 with an empty body (1 attempt, last 2026-09-06 01:00 UTC; it could be asked until 2026-09-08 12:00 UTC)"
    )


def test_neighbouring_lost_days_of_one_cause_are_one_gap_named_by_its_last_day(bench):
    bench.collector.collect("url_device", DAY)
    bench.at(day_after(9)).collector.collect("url_device", day_after(9))
    [lost, pending] = gaps_of(status(bench), "url_device")
    assert (lost.first, lost.last, lost.status) == (day_after(1), day_after(6), "lost")
    assert lost.cause == "never asked (it could be asked until 2026-09-14 12:00 UTC)"
    assert (pending.first, pending.last, pending.status) == (day_after(7), day_after(8), "pending")


def test_neighbouring_pending_days_are_one_gap_named_by_its_first_deadline(bench):
    for days in (0, 3):
        bench.at(day_after(days)).collector.collect("country", day_after(days))
    [gap] = gaps_of(status(bench), "country")
    assert (gap.first, gap.last) == (day_after(1), day_after(2))
    assert gap.cause == "not asked yet, possible until 2026-09-09 12:00 UTC"


def test_one_cause_with_other_dates_and_counts_is_one_gap(bench):
    settings = bench.settings.model_copy(update={"quota_limit": 1, "quota_reserve": 0})
    poor = Bench(settings, bench.api)
    for days in range(3):
        poor.at(day_after(days)).collect_all(day_after(days))
    [gap] = gaps_of(status(poor), "country")
    assert (gap.first, gap.last) == (DAY, day_after(2))
    assert gap.cause.startswith("QuotaExhausted: country of 2026-09-05: 1 of 1 requests of 2026-09-06 are spent; ")


def test_gaps_of_other_causes_and_with_known_days_between_stay_apart(bench):
    for days, failure in enumerate(
        (errors.TimedOut("slow"), errors.ServerFailed("HTTP 500"), None, errors.TimedOut("slow"))
    ):
        bench.api.fail = {("Country",): failure} if failure else {}
        bench.at(day_after(days)).collector_error("country", day_after(days))
    spans = [(g.first, g.last, g.cause.partition(" (")[0]) for g in gaps_of(status(bench), "country")]
    assert spans == [(DAY, DAY, "slow"), (day_after(), day_after(), "HTTP 500"), (day_after(3), day_after(3), "slow")]


def test_a_rolled_up_day_is_no_gap(bench):
    bench.api.fail = {(): errors.ServerFailed("HTTP 500")}
    bench.collect_all(DAY)
    known = status(bench)
    assert known.gaps == []
    assert [(s.method, s.rolled_up_from) for s in known.days if s.request == "base"] == [("rolled_up", "device")]


def test_reading_the_status_twice_changes_nothing(bench):
    bench.collect_all(DAY)
    later = bench.api.now + timedelta(days=6)
    first = status(bench, later)
    assert status(bench, later) == first


def test_another_project_of_the_same_warehouse_is_not_shown(bench):
    bench.collect_all(DAY)
    other = Bench(bench.settings.model_copy(update={"project_id": "other"}), bench.api)
    known = status(other)
    assert (known.days, known.gaps, known.answers, known.budget.spent) == ([], [], 0, 0)


def test_a_clock_that_was_ahead_for_a_while_leaves_nothing_behind(bench):
    """Days lost by it are pending again, and days that are not over are forgotten."""
    bench.collect_all(DAY)
    bench.at(day_after(2))
    before = status(bench).counts
    assert before["base"] == {"measured": 1, "pending": 2}
    ahead = status(bench, bench.api.now + timedelta(days=4)).counts
    assert ahead["base"] == {"measured": 1, "lost": 3, "pending": 3}
    assert status(bench).counts == before
