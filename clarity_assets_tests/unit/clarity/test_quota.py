"""The quota ledger: how many requests are left in which quota day, alone and with several processes at once."""

import multiprocessing
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from clarity_assets import errors
from clarity_assets.clarity import store
from clarity_assets.clarity.collect import Collector, Pacer
from clarity_assets.clarity.quota import PLAN, RESERVE, Ledger
from clarity_assets.clarity.requests import STANDARD_REQUESTS
from clarity_assets.demo.site import SimulatedSite
from clarity_assets.demo.stand_in import StandIn
from clarity_assets_tests.fixtures.collecting import FIRST_DAY, Bench, FakeApi, make_settings

MIDNIGHT = datetime(2026, 9, 6, tzinfo=UTC)


def at(hours: float = 0, **parts: float) -> datetime:
    return MIDNIGHT + timedelta(hours=hours, **parts)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    con = duckdb.connect()
    store.ensure_tables(con, ())
    yield con
    con.close()


def ledger(con, *, quota_day: str = "utc", limit: int = 10, reserve: int = 4) -> Ledger:
    return Ledger(con, "shop", limit, reserve, quota_day)


def take(book: Ledger, now: datetime, purpose: str = PLAN, token_hash: str = "t", **outcome) -> str:
    """Reserve a slot; with an outcome, finish it `after` seconds later."""
    slot = book.reserve(
        request="base", num_of_days=1, purpose=purpose, for_date=date(2026, 9, 5), now=now, token_hash=token_hash
    )
    if outcome:
        book.finish(slot, outcome=outcome["outcome"], now=now + timedelta(seconds=outcome.get("after", 0)),
                    http_status=outcome.get("http_status"))  # fmt: skip
    return slot


# --- arithmetic -----------------------------------------------------------------------------------------------------


def test_a_new_quota_day_has_all_requests(con):
    budget = ledger(con).budget(now=at(1))
    assert (budget.spent, budget.left, budget.reserve_left, budget.label) == (0, 10, 4, "2026-09-06")
    assert budget.next_at == at(24)


def test_every_slot_counts_whatever_became_of_it_but_those_given_back(con):
    book = ledger(con)
    for outcome in ("answered", "quarantined", "server_error", "timeout", "connection_lost", "bad_request"):
        take(book, at(1), outcome=outcome)
    take(book, at(1))  # a crash left it: maybe spent
    assert book.budget(now=at(1)).left == 3
    take(book, at(1), outcome="not_sent")
    assert book.budget(now=at(1)).left == 3


def test_the_tenth_request_is_the_last(con):
    book = ledger(con)
    for _ in range(10):
        take(book, at(1), outcome="answered")
    with pytest.raises(errors.QuotaExhausted) as refused:
        take(book, at(1))
    assert str(refused.value) == (
        "base of 2026-09-05: 10 of 10 requests of 2026-09-06 are spent; next at 2026-09-07 00:00 UTC"
    )
    assert con.execute("select count(*) from ops.api_request").fetchall() == [(10,)]


def test_the_reserve_is_all_that_missed_days_may_spend(con):
    book = ledger(con)
    for _ in range(4):
        take(book, at(1), RESERVE, outcome="answered")
    assert (book.budget(now=at(1)).left, book.budget(now=at(1)).reserve_left) == (6, 0)
    with pytest.raises(errors.QuotaExhausted, match=r"4 of the 4 requests .* \(CLARITY_QUOTA_RESERVE\) are spent"):
        take(book, at(1), RESERVE)
    for _ in range(6):
        take(book, at(1), PLAN, outcome="answered")


def test_the_plan_may_spend_the_reserve_and_leaves_it_smaller(con):
    book = ledger(con)
    for _ in range(8):
        take(book, at(1), PLAN, outcome="answered")
    assert (book.budget(now=at(1)).left, book.budget(now=at(1)).reserve_left) == (2, 2)


def test_several_requests_are_afforded_together_or_not_at_all(con):
    book = ledger(con, limit=3, reserve=2)
    take(book, at(1), outcome="answered")
    budget = book.budget(now=at(1))
    budget.check([PLAN, RESERVE], what="x")
    with pytest.raises(errors.QuotaExhausted, match="x: 1 of 3 requests of 2026-09-06 are spent and 3 are needed"):
        budget.check([PLAN, PLAN, PLAN], what="x")


def test_a_given_back_slot_of_the_reserve_can_be_taken_again(con):
    book = ledger(con, reserve=1)
    take(book, at(1), RESERVE, outcome="not_sent")
    take(book, at(1), RESERVE, outcome="answered")
    assert book.budget(now=at(1)).reserve_left == 0


def test_projects_have_quotas_of_their_own(con):
    for _ in range(10):
        take(ledger(con), at(1), outcome="answered")
    assert Ledger(con, "other", 10, 4, "utc").budget(now=at(1)).left == 10


# --- where a quota day ends -----------------------------------------------------------------------------------------


def test_in_utc_mode_the_count_starts_anew_at_midnight(con):
    book = ledger(con)
    for _ in range(10):
        take(book, at(-2), outcome="answered", after=5)
    assert (book.budget(now=at(seconds=-1)).left, book.budget(now=at()).left) == (0, 10)


def test_a_request_that_was_answered_after_midnight_counts_for_both_days(con):
    """Reserved at 23:59:58 and sent a moment later, the API may have counted it on either day."""
    book = ledger(con)
    take(book, at(seconds=-2), outcome="answered", after=5)
    take(book, at(seconds=-2), outcome="answered", after=1)
    assert book.budget(now=at(seconds=-1)).spent == 2
    assert book.budget(now=at(1)).spent == 1


def test_a_slot_without_an_outcome_just_before_midnight_may_still_be_sent_after_it(con):
    book = ledger(con)
    take(book, at(seconds=-30))  # under way in another process, or left by a crash
    take(book, at(-2))  # that long no request is under way
    assert (book.budget(now=at(1)).spent, book.budget(now=at(24)).spent) == (1, 0)


def test_in_rolling_mode_a_request_comes_free_24_hours_after_its_outcome(con):
    book = ledger(con, quota_day="rolling", limit=2)
    take(book, at(1), outcome="answered", after=7)
    take(book, at(2), outcome="answered")
    budget = book.budget(now=at(20))
    assert (budget.left, budget.label, budget.next_at) == (0, "the last 24 h", at(25, seconds=7))
    assert book.budget(now=at(25, seconds=6)).left == 0
    assert book.budget(now=at(25, seconds=7)).left == 1
    assert book.budget(now=at(26)).left == 2


def test_in_rolling_mode_midnight_changes_nothing(con):
    book = ledger(con, quota_day="rolling")
    for _ in range(7):
        take(book, at(-1), outcome="answered")
    assert (book.budget(now=at(-0.5)).left, book.budget(now=at(0.5)).left) == (3, 3)


@pytest.mark.parametrize(("quota_day", "free_at"), [("utc", at(24)), ("rolling", at(25))])
def test_429_spends_all_that_was_left_until_the_quota_day_is_over(con, quota_day, free_at):
    book = ledger(con, quota_day=quota_day)
    take(book, at(1), outcome="rate_limited", http_status=429)
    budget = book.budget(now=at(2))
    assert (budget.is_rate_limited, budget.left, budget.reserve_left, budget.spent) == (True, 0, 0, 1)
    assert budget.next_at == free_at
    with pytest.raises(errors.QuotaExhausted, match=rf"\(429\); next at {free_at:%Y-%m-%d %H:%M} UTC"):
        take(book, at(3))
    assert book.budget(now=free_at - timedelta(seconds=1)).left == 0
    assert book.budget(now=free_at).left == 10


def test_429_just_before_midnight_does_not_close_the_new_day(con):
    book = ledger(con)
    take(book, at(seconds=-2), outcome="rate_limited", after=4)
    assert (book.budget(now=at(seconds=-1)).left, book.budget(now=at(1)).left) == (0, 9)


@pytest.mark.parametrize(("outcome", "status"), [("unauthorized", 401), ("forbidden", 403)])
def test_a_token_that_was_refused_is_tried_again_after_an_hour_or_when_it_is_another(con, outcome, status):
    book = ledger(con)
    take(book, at(1), outcome=outcome, http_status=status)
    with pytest.raises(
        errors.TokenError, match=f"refused this token with {status} at 2026-09-06 01:00 UTC, .* 02:00 UTC"
    ):
        take(book, at(1.9))
    take(book, at(1.9), token_hash="another")
    take(book, at(2))


# --- several processes at once ----------------------------------------------------------------------------------------

SITE = SimulatedSite.generate(first_day=FIRST_DAY - timedelta(days=4), days=16, sessions_per_day=10)


def _meet(barrier) -> None:
    """Keeps the barrier where the process's work finds it."""
    global meeting_point
    meeting_point = barrier


def _collect_all(folder: Path, base_url: str, now: datetime, quota_day: str, seed: int) -> Counter:
    """In a process of its own: ask for every open day's requests in an order of its own; what became of them."""
    settings = make_settings(folder, api_base_url=base_url, now=now, quota_day=quota_day)
    wanted = [(r.name, now.date() - timedelta(days=back)) for r in STANDARD_REQUESTS for back in (1, 2)]
    random.Random(seed).shuffle(wanted)
    ended = Counter()
    meeting_point.wait(60)
    for name, day in wanted:
        try:
            Collector(settings, pacer=Pacer()).collect(name, day)
            ended["known"] += 1
        except errors.ClarityAssetsError as error:
            ended[type(error).__name__] += 1
    return ended


def play(folder: Path, *, processes: int, rounds: int, quota_day: str, hours_apart: int) -> tuple[list, Counter]:
    """Rounds of collections by all processes at once; the calls that the API saw, and how the collections ended."""
    spawn = multiprocessing.get_context("spawn")
    ended = Counter()
    with (
        StandIn(SITE, quota=None) as stand_in,
        ProcessPoolExecutor(processes, spawn, initializer=_meet, initargs=(spawn.Barrier(processes),)) as pool,
    ):
        for i in range(rounds):
            now = datetime(2026, 9, 4, 1, tzinfo=UTC) + timedelta(hours=hours_apart * i)
            stand_in.set_clock(now)
            work = [pool.submit(_collect_all, folder, stand_in.base_url, now, quota_day, processes * i + n)
                    for n in range(processes)]  # fmt: skip
            for each in work:
                ended += each.result(timeout=120)
        return stand_in.calls, ended


@pytest.mark.parametrize(("processes", "rounds"), [(2, 3), (4, 2)])
def test_processes_collecting_at_once_never_send_an_eleventh_request_of_a_day(tmp_path, processes, rounds):
    calls, ended = play(tmp_path, processes=processes, rounds=rounds, quota_day="utc", hours_apart=4 * 24)
    sent = Counter(call.at.date() for call in calls)
    assert sent == dict.fromkeys([date(2026, 9, 4), date(2026, 9, 8), date(2026, 9, 12)][:rounds], 10)
    assert set(ended) == {"known", "QuotaExhausted"}
    slots = Bench(make_settings(tmp_path), FakeApi(SITE)).sql(
        "select outcome, count(*) from ops.api_request group by all"
    )
    assert slots == [("answered", 10 * rounds)]


def test_processes_collecting_at_once_never_send_an_eleventh_request_of_24_hours(tmp_path):
    calls, _ = play(tmp_path, processes=2, rounds=3, quota_day="rolling", hours_apart=13)
    for call in calls:
        last_day = [c for c in calls if call.at - timedelta(days=1) < c.at <= call.at]
        assert len(last_day) <= 10
    first, *rest = [sum(call.at == now for call in calls) for now in sorted({call.at for call in calls})]
    assert first == 10
    assert len(rest) == 1  # nothing after 13 h; after 26 h a quota day has begun
