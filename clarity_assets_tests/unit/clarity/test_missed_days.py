"""Which missed days are asked by themselves: the most endangered first, within the reserve, and what is left is told."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from clarity_assets import errors
from clarity_assets.clarity.missed_days import MissedDays, find_missed_days, next_collection
from clarity_assets.demo.site import SimulatedSite
from clarity_assets_tests.fixtures.collecting import FIRST_DAY, Bench, FakeApi, make_settings

SITE = SimulatedSite.generate(first_day=FIRST_DAY - timedelta(days=4), days=30, sessions_per_day=20)
DAY = FIRST_DAY + timedelta(days=3)  # 2026-09-04, a Friday


@pytest.fixture
def bench(tmp_path) -> Bench:
    """A project whose first collected day is 4 September."""
    bench = Bench(make_settings(tmp_path), FakeApi(SITE)).at(DAY)
    bench.collect_all(DAY)
    return bench


def after(days: int) -> date:
    return DAY + timedelta(days=days)


def missed(bench: Bench, **settings) -> MissedDays:
    return find_missed_days(bench.settings.model_copy(update=settings), now=bench.api.now)


def told(found: MissedDays) -> list[tuple[date, int]]:
    return [(day.date, day.cost) for day in found.ask]


def test_a_project_without_a_gap_has_nothing_to_ask(bench):
    found = missed(bench)
    assert (found.ask, found.left) == ((), ())


def test_a_project_that_never_collected_is_asked_its_newest_day(tmp_path):
    bench = Bench(make_settings(tmp_path), FakeApi(SITE)).at(DAY, hour=1.5)
    found = missed(bench)
    assert [day.date for day in found.ask] == [DAY]
    assert found.ask[0].requests == bench.names


def test_the_newest_day_is_missed_only_when_the_time_of_its_collection_has_passed(bench):
    assert missed(bench.at(after(1), hour=0.5)).ask == ()
    assert missed(bench.at(after(1), hour=1.2)).ask == ()
    assert told(missed(bench.at(after(1), hour=1.3))) == [(after(1), 6)]


def test_a_missed_day_costs_four_requests_out_of_the_reserve(bench):
    bench.at(after(2)).collect_all(after(2))
    found = missed(bench)
    assert told(found) == [(after(1), 4)]
    assert found.ask[0].reserve_cost == 4
    assert found.ask[0].told == (
        "2026-09-05: 4 requests (browser_device, url_device, source_medium, country, base, device); "
        "lost after 2026-09-08 12:00 UTC"
    )


def test_of_several_missed_days_the_most_endangered_is_asked_and_the_others_are_told_with_the_reason(bench):
    """Lost at noon, it is asked in part: 72 h - 48 h of the two most valuable requests, which tell the day after too."""
    bench.at(after(3)).collect_all(after(3))
    found = missed(bench)
    assert told(found) == [(after(1), 4)]
    assert [cost.request for cost in found.ask[0].costs] == ["browser_device", "url_device"]
    assert not found.ask[0].is_whole
    assert [(day.date, why) for day, why in found.left] == [
        (after(2), "0 of 10 requests of 2026-09-08 are left; anew at 2026-09-09 00:00 UTC")
    ]


@pytest.mark.parametrize("nights", [1, 2])
def test_what_is_asked_becomes_known_and_stays_within_ten_requests_a_day(bench, nights):
    bench.at(after(nights + 1)).collect_all(after(nights + 1))
    for day in missed(bench).ask:
        bench.collect_all(day.date)
    assert told(missed(bench)) == []
    known = bench.sql("select count(*) from ops.clarity_day where date = ? and status = 'derived'", after(1))
    assert known == [(6 if nights == 1 else 4,)]  # after two nights: browser_device with its roll-ups, and url_device
    assert bench.sql("select max(n) from (select count(*) as n from ops.api_request group by reserved_at::date)") == [
        (10,)
    ]


def test_before_the_daily_collection_its_requests_are_kept_for_it(bench):
    bench.at(after(2), hour=0.2)  # 00:12: the plan of 01:00 has the same quota day
    found = missed(bench)
    assert sum(day.cost for day in found.ask) <= 4
    assert {day.date for day, _ in found.left} | {day.date for day in found.ask} == {after(1)}


def test_failed_requests_leave_less_and_a_429_leaves_nothing(bench):
    bench.api.fail["all"] = errors.ServerFailed("500")
    bench.at(after(1)).collect_all(after(1))
    found = missed(bench.at(after(1), hour=4))
    assert told(found) == []
    [(day, why)] = found.left
    assert day.date == after(1)
    assert why == "4 of 10 requests of 2026-09-06 are left; anew at 2026-09-07 00:00 UTC"
    bench.api.fail["all"] = errors.RateLimited("429")
    bench.at(after(2)).collect_all(after(2))
    assert all("429" in why for _, why in missed(bench.at(after(2), hour=4)).left)


def test_with_a_rolling_limit_the_next_collection_finds_its_six_requests(tmp_path):
    bench = Bench(make_settings(tmp_path, quota_day="rolling"), FakeApi(SITE)).at(DAY)
    bench.collect_all(DAY)
    bench.at(after(2)).collect_all(after(2))
    for day in missed(bench.at(after(2), hour=5)).ask:
        bench.collect_all(day.date)
    bench.at(after(3), hour=1.2)
    outcomes = bench.collect_all(after(3))
    assert not [o for o in outcomes.values() if isinstance(o, errors.QuotaExhausted)]


def test_a_lost_day_and_one_before_the_first_date_are_not_asked(bench):
    bench.at(after(6)).collect_all(after(6))
    dates = {day.date for day in missed(bench).ask} | {day.date for day, _ in missed(bench).left}
    assert dates == {after(4), after(5), after(3)} - {d for d in (after(3),) if bench.sql(
        "select 1 from ops.clarity_day where date = ? and status = 'lost'", d)}  # fmt: skip
    assert missed(bench, first_date=after(20)).ask == ()


def test_the_next_collection_is_today_or_tomorrow():
    at_one = make_settings_at("01:00")
    assert next_collection(at_one, instant(0, 59)) == instant(1)
    assert next_collection(at_one, instant(1)) == instant(1) + timedelta(days=1)


def make_settings_at(collect_at: str):
    from pathlib import Path

    return make_settings(Path("nowhere"), collect_at=collect_at)


def instant(hour: int, minute: int = 0) -> datetime:
    return datetime.combine(DAY, time(hour, minute), UTC)
