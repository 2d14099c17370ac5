"""What the collection's own ledger tells: failures in a row, the budget, silence, days about to be lost."""

from datetime import datetime, timedelta

import pytest

from clarity_assets import errors
from clarity_assets.alerts.causes import Found
from clarity_assets.alerts.collecting import budget_exceeded, collection_failed, day_endangered, no_data
from clarity_assets.clarity import store
from clarity_assets.clarity.requests import STANDARD_REQUESTS
from clarity_assets.clarity.settle import Settlement
from clarity_assets.demo.site import SimulatedSite
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.tables import transaction
from clarity_assets_tests.fixtures.collecting import FIRST_DAY, Bench, FakeApi, make_settings

SITE = SimulatedSite.generate(first_day=FIRST_DAY - timedelta(days=3), days=14, sessions_per_day=60)
BROKEN = errors.ServerFailed("the API answered 500 with an empty body", http_status=500)
LIMITED = errors.RateLimited("the API answered 429", http_status=429)


def day(number: int):
    return FIRST_DAY + timedelta(days=number)


@pytest.fixture
def bench(tmp_path):
    """One good day is collected."""
    made = Bench(make_settings(tmp_path), FakeApi(SITE))
    made.at(day(0)).collect_all(day(0))
    return made


def night(bench: Bench, number: int, fault=None, *, hour: float = 1.0) -> None:
    """Collect a day, everything or nothing."""
    bench.api.fail = {} if fault is None else {"all": fault}
    bench.at(day(number), hour).collect_all(day(number))


def find(bench: Bench, condition, *open_ids: str, now: datetime | None = None) -> Found:
    now, settings = now or bench.api.now, bench.settings
    with open_warehouse(settings.warehouse) as con:
        with transaction(con):
            store.ensure_tables(con, STANDARD_REQUESTS)
            settlement = Settlement(con, settings, now)
            settlement.settle_all()
            endangered = day_endangered(settlement, open_ids=frozenset(open_ids))
        if condition is day_endangered:
            return endangered
        return condition(con, settings=settings, now=now, open_ids=frozenset(open_ids))


# --- two days in a row ----------------------------------------------------------------------------------------------


def test_one_failed_day_is_no_alert_and_a_second_one_after_it_is(bench):
    night(bench, 1, BROKEN)
    assert find(bench, collection_failed, now=bench.at(day(1), 3).api.now).causes == ()

    night(bench, 2, BROKEN)
    [cause] = find(bench, collection_failed, now=bench.at(day(2), 3).api.now).causes

    assert cause.severity == "critical"
    assert f"({day(1)} and {day(2)})" in cause.title
    assert (
        f"{day(2)} lacks browser_device, url_device, source_medium, country, base, device (the API answered 500"
        in cause.detail
    )
    assert "The older day can be asked until 2026-09-05 12:00 UTC" in cause.detail


def test_the_newest_day_counts_only_when_its_hour_of_collection_is_past(bench):
    night(bench, 1, BROKEN)
    before, after = bench.at(day(2), 1.9).api.now, bench.at(day(2), 2.0).api.now

    assert find(bench, collection_failed, now=before).causes == ()
    assert len(find(bench, collection_failed, now=after).causes) == 1  # day 2 was never asked


def test_it_is_over_when_the_newest_day_is_known_and_not_before(bench):
    night(bench, 1, BROKEN)
    night(bench, 2, BROKEN)
    night(bench, 3)
    ids = ("collection_failed",)

    assert find(bench, collection_failed, *ids, now=bench.at(day(3), 1).api.now).over == {}
    assert find(bench, collection_failed, *ids, now=bench.at(day(3), 2).api.now).over == {
        "collection_failed": f"{day(3)} is known"
    }


def test_one_request_that_fails_on_both_days_is_enough(bench):
    for number in (1, 2):
        bench.api.fail = {("Country",): BROKEN}
        bench.at(day(number)).collect_all(day(number))
    [cause] = find(bench, collection_failed, now=bench.at(day(2), 2).api.now).causes

    assert f"{day(1)} lacks country (" in cause.detail


def test_a_project_that_never_collected_has_no_failed_days(tmp_path):
    bench = Bench(make_settings(tmp_path), FakeApi(SITE))
    for condition in (collection_failed, budget_exceeded, no_data, day_endangered):
        assert find(bench, condition) == Found()


# --- the budget ------------------------------------------------------------------------------------------------------


def test_a_429_is_told_and_over_on_a_later_day_with_an_answer(bench):
    night(bench, 1, LIMITED)
    [cause] = find(bench, budget_exceeded).causes
    assert cause.severity == "warning"
    assert "The API answered browser_device with 429 (limit exceeded) at 2026-09-03 01:00 UTC" in cause.detail

    silent = find(bench, budget_exceeded, "budget_exceeded", now=bench.at(day(2), 0.5).api.now)
    assert silent == Found()  # a new quota day, but nothing was asked yet

    night(bench, 2)
    assert list(find(bench, budget_exceeded, "budget_exceeded").over) == ["budget_exceeded"]


def test_a_refusal_for_the_budget_is_told_with_what_was_not_sent(tmp_path):
    bench = Bench(make_settings(tmp_path, quota_limit=3), FakeApi(SITE))
    bench.at(day(0)).collect_all(day(0))
    [cause] = find(bench, budget_exceeded).causes

    assert "3 of 3 requests are in our ledger" in cause.detail
    assert f"country of {day(0)}" in cause.detail
    assert f"base of {day(0)}" not in cause.detail  # it rolls up
    assert find(bench, budget_exceeded, now=bench.at(day(1), 1).api.now).causes == ()


# --- silence ---------------------------------------------------------------------------------------------------------


def test_48_hours_without_an_answer_are_told_and_one_answer_ends_it(bench):
    last = bench.at(day(0)).api.now
    assert find(bench, no_data, now=last + timedelta(hours=47, minutes=59)).causes == ()
    [cause] = find(bench, no_data, now=last + timedelta(hours=48)).causes
    assert cause.detail == "The last answer came at 2026-09-02 01:00 UTC."

    night(bench, 2)
    assert list(find(bench, no_data, "no_data").over) == ["no_data"]


def test_a_project_whose_every_request_failed_is_silent_since_its_first_attempt(tmp_path):
    bench = Bench(make_settings(tmp_path), FakeApi(SITE))
    night(bench, 0, BROKEN)
    [cause] = find(bench, no_data, now=bench.api.now + timedelta(hours=49)).causes

    assert "No answer came since the first attempt at 2026-09-02 01:00 UTC" in cause.detail
    assert find(bench, no_data, "no_data", now=bench.api.now + timedelta(hours=1)).over == {}


# --- days about to be lost ------------------------------------------------------------------------------------------


def test_a_pending_day_is_told_less_than_24_hours_before_its_last_chance(bench):
    night(bench, 2)
    chance = datetime.fromisoformat("2026-09-05T12:00+00:00")  # of day 1, 2026-09-02

    assert find(bench, day_endangered, now=chance - timedelta(hours=24)).causes == ()
    [cause] = find(bench, day_endangered, now=chance - timedelta(hours=23)).causes
    assert cause.cause_id == "day_endangered:2026-09-02"
    assert cause.title == "2026-09-02 will be lost at 2026-09-05 12:00 UTC"
    # browser_device, url_device, source_medium and country by two windows each; base and device roll up
    assert "8 requests would save what can be saved, and 4 are left for that on 2026-09-04" in cause.detail


def test_its_end_says_saved_or_lost(bench):
    night(bench, 2)
    cause_id = "day_endangered:2026-09-02"
    missed = find(bench, day_endangered, cause_id, now=datetime.fromisoformat("2026-09-05T12:00:01+00:00"))
    assert missed.over[cause_id].startswith("lost: browser_device, url_device")


def test_a_day_that_is_collected_in_time_is_saved(tmp_path):
    bench = Bench(make_settings(tmp_path, quota_reserve=10), FakeApi(SITE))
    night(bench, 0)
    night(bench, 2)
    cause_id = "day_endangered:2026-09-02"
    bench.at(day(2), 25)
    bench.collect_all(day(1))
    found = find(bench, day_endangered, cause_id)

    assert found.over == {cause_id: "saved: every standard request of the day is known"}
