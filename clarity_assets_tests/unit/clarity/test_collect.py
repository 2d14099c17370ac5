"""A day of a request: what is asked, what is refused before a slot is spent, and what is then known."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import SecretStr

from clarity_assets import errors
from clarity_assets.clarity.collect import Collector, Pacer
from clarity_assets.clarity.rebuild import rebuild
from clarity_assets.clarity.status import read_status
from clarity_assets.demo.answers import answer
from clarity_assets.demo.site import SimulatedSite
from clarity_assets.demo.token import make_token
from clarity_assets_tests.fixtures.collecting import FIRST_DAY, Bench, FakeApi, make_settings

DAY = FIRST_DAY + timedelta(days=4)
SITE = SimulatedSite.generate(first_day=FIRST_DAY - timedelta(days=4), days=20, sessions_per_day=60)


@pytest.fixture
def bench(tmp_path) -> Bench:
    return Bench(make_settings(tmp_path), FakeApi(SITE)).at(DAY)


def day_after(days: int = 1) -> date:
    return DAY + timedelta(days=days)


def spent(bench: Bench) -> int:
    return bench.sql("select count(*) from ops.api_request")[0][0]


def states(bench: Bench) -> dict[tuple[str, date], str]:
    return {(r, d): s for r, d, s in bench.sql("select request, date, status from ops.clarity_day")}


def truth(request_name: str, bench: Bench, start: datetime, end: datetime) -> dict:
    """The site's truth in the request's keys (URLs folded to pages by hand)."""
    dimensions = {"base": (), "device": ("Device",), "url_device": ("URL", "Device"), "country": ("Country",),
                  "browser_device": ("Browser", "Device"), "source_medium": ("Source", "Medium")}[request_name]  # fmt: skip
    found: dict[tuple, dict] = {}
    for key, fields in SITE.truth(start, end, dimensions).items():
        key = tuple(
            k.split("?")[0].split("#")[0].removeprefix("https://").removeprefix("http://") if d == "URL" and k else k
            for k, d in zip(key, dimensions, strict=True)
        )
        sums = found.setdefault(key, dict.fromkeys(fields, 0))
        for name, value in fields.items():
            sums[name] += value
    return found


ADDITIVE = (
    "sessions",
    "bot_sessions",
    "dead_click_count",
    "rage_click_pageviews",
    "quick_back_sessions",
    "error_click_count",
)


def landed(bench: Bench, name: str, day: date) -> dict[tuple, dict]:
    columns = {"base": (), "device": ("device",), "url_device": ("page", "device"), "country": ("country",),
               "browser_device": ("browser", "device"), "source_medium": ("source", "medium")}[name]  # fmt: skip
    rows = bench.sql(f"select {', '.join((*columns, *ADDITIVE))} from landing.clarity_{name} where date = ?", day)
    return {r[: len(columns)]: dict(zip(ADDITIVE, r[len(columns) :], strict=True)) for r in rows}


def test_the_newest_day_takes_six_requests_and_lands_what_happened_in_its_window(bench):
    found = bench.collect_all(DAY)
    assert {c.state.status for c in found.values()} == {"measured"}
    assert spent(bench) == 6
    window = (bench.api.now - timedelta(days=1), bench.api.now)
    for name in bench.names:
        expected = truth(name, bench, *window)
        told = landed(bench, name, DAY)
        for key, row in told.items():
            assert row == {c: expected[key][c] for c in ADDITIVE}, (name, key)
        assert sum(r["sessions"] for r in told.values()) == sum(r["sessions"] for r in expected.values())


def test_a_known_day_is_not_asked_again(bench):
    bench.collect_all(DAY)
    calls = len(bench.api.calls)
    again = bench.collect_all(DAY)
    assert {c.sent for c in again.values()} == {0}
    assert len(bench.api.calls) == calls


def test_a_missed_day_costs_four_requests_and_the_rest_rolls_up(bench):
    bench.collect_all(DAY)
    bench.at(day_after(2)).collect_all(day_after(2))
    found = bench.collect_all(day_after(1))
    assert {name: (c.state.status, c.state.method, c.sent) for name, c in found.items()} == {
        "browser_device": ("derived", "difference", 1),
        "url_device": ("derived", "difference", 1),
        "source_medium": ("derived", "difference", 1),
        "country": ("derived", "difference", 1),
        "base": ("derived", "rolled_up", 0),
        "device": ("derived", "rolled_up", 0),
    }
    start = datetime.combine(day_after(1), datetime.min.time(), UTC) + timedelta(hours=1)
    for name in bench.names:
        expected = truth(name, bench, start, start + timedelta(days=1))
        for key, row in landed(bench, name, day_after(1)).items():
            assert row == {c: expected[key][c] for c in ADDITIVE}, (name, key)
    assert bench.sql("select visitors from landing.clarity_base where date = ?", day_after(1)) == [(None,)]


def test_two_missed_days_are_saved_in_two_nights_the_endangered_one_first(bench):
    bench.collect_all(DAY)
    bench.at(day_after(3)).collect_all(day_after(3))
    bench.collect_all(day_after(1))
    bench.collect_all(day_after(2))
    assert spent(bench) == 6 + 10
    bench.at(day_after(4)).collect_all(day_after(4))
    bench.collect_all(day_after(2))
    known = states(bench)
    assert {known[(n, day_after(2))] for n in bench.names} == {"derived"}
    assert {n for n in bench.names if known[(n, day_after(1))] == "lost"} == {"source_medium", "country"}


def test_a_lost_day_fails_at_once_with_its_cause_and_spends_nothing(bench):
    bench.at(day_after(5))
    with pytest.raises(errors.DayLost, match=r"base of 2026-09-05 is lost: never asked \(it could be asked until"):
        bench.collector.collect("base", DAY)
    assert (bench.api.calls, spent(bench)) == ([], 0)
    assert states(bench)[("base", DAY)] == "lost"


@pytest.mark.parametrize("ahead", [0, 1, 30])
def test_a_day_that_is_not_over_is_refused_and_spends_nothing(bench, ahead):
    bench.api.now = datetime.combine(DAY, datetime.min.time(), UTC) + timedelta(hours=23, minutes=59)
    with pytest.raises(errors.DayNotOver, match="the day is not over before"):
        bench.collector.collect("base", day_after(ahead))
    assert bench.api.calls == []


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        (None, "is not set"),
        (SecretStr("nonsense"), "malformed"),
        (SecretStr(make_token(expires_at=datetime(2026, 9, 1, tzinfo=UTC))), "expired"),
    ],
)
def test_a_bad_token_spends_nothing_and_is_named_as_the_cause(tmp_path, secret, words):
    bench = Bench(make_settings(tmp_path, api_token=secret), FakeApi(SITE)).at(DAY)
    with pytest.raises(errors.TokenError, match=words):
        bench.collector.collect("base", DAY)
    assert (bench.api.calls, spent(bench)) == ([], 0)
    [(status, cause)] = bench.sql("select status, cause from ops.clarity_day where request = 'base'")
    assert status == "pending"
    assert words in cause


def test_a_token_of_another_project_is_refused_before_a_call(bench, tmp_path):
    bench.collect_all(DAY)
    foreign = SecretStr(make_token(subject="another", expires_at=datetime(2031, 1, 1, tzinfo=UTC)))
    other = Bench(make_settings(tmp_path, api_token=foreign), bench.api).at(day_after())
    calls = len(bench.api.calls)
    with pytest.raises(errors.TokenError, match="another Clarity project"):
        other.collector.collect("base", day_after())
    assert len(bench.api.calls) == calls


FAULTS = [
    errors.ServerFailed("HTTP 500 with an empty body", http_status=500, first_bytes=""),
    errors.TimedOut("no complete answer"),
    errors.ConnectionLost("reset"),
    b"",
    b"<html>",
    b'[{"metricName": "Traff',
    b'{"message": "busy"}',
]


@pytest.mark.parametrize("fault", FAULTS, ids=[getattr(f, "outcome", repr(f)[:12]) for f in FAULTS])
def test_a_failed_request_counts_and_fails_alone_while_its_day_stays_pending(bench, fault):
    bench.api.fail[("URL", "Device")] = fault
    found = bench.collect_all(DAY)
    assert [n for n, c in found.items() if isinstance(c, Exception)] == ["url_device"]
    assert str(found["url_device"]).startswith("url_device, 24 h: ")
    assert str(found["url_device"]).endswith("; 2026-09-05 stays open: collect it again before 2026-09-08 12:00 UTC")
    assert spent(bench) == 6
    known = states(bench)
    assert known[("url_device", DAY)] == "pending"
    assert {known[(n, DAY)] for n in bench.names if n != "url_device"} == {"measured"}
    [(outcome, first_bytes)] = bench.sql(
        "select outcome, first_bytes from ops.api_request where request = 'url_device'"
    )
    assert outcome not in ("reserved", "answered", "not_sent")
    if isinstance(fault, bytes):
        assert first_bytes == fault.decode()


def test_a_connection_that_was_refused_gives_its_slot_back(bench):
    bench.api.fail["all"] = errors.NotSent("nothing was sent")
    bench.collect_all(DAY)
    assert read_status(bench.settings.model_copy(update={"now": bench.api.now})).budget.spent == 0
    bench.api.fail.clear()
    assert all(not isinstance(c, Exception) for c in bench.collect_all(DAY).values())


def test_429_marks_the_quota_day_as_spent_and_nothing_more_is_sent_that_day(bench):
    bench.api.fail[("URL", "Device")] = errors.RateLimited("the daily limit is spent", http_status=429)
    found = bench.collect_all(DAY)
    assert not isinstance(found["browser_device"], Exception)
    assert isinstance(found["url_device"], errors.RateLimited)
    for name in ("source_medium", "country"):
        assert isinstance(found[name], errors.QuotaExhausted)
        assert "429" in str(found[name])
    assert len(bench.api.calls) == 2
    assert (found["base"].state.method, found["device"].state.method) == ("rolled_up", "rolled_up")
    bench.api.fail.clear()
    bench.at(day_after()).collect_all(day_after())
    assert {s for (_, d), s in states(bench).items() if d == day_after()} == {"measured"}


@pytest.mark.parametrize("kind", [errors.Unauthorized, errors.Forbidden])
def test_a_refused_token_is_not_sent_again_with_the_other_requests(bench, kind):
    bench.api.fail["all"] = kind("the API does not accept the token", http_status=401)
    found = bench.collect_all(DAY)
    assert type(found["browser_device"]) is kind
    assert {type(found[n]) for n in bench.names[1:]} == {errors.TokenError}
    assert len(bench.api.calls) == 1


def test_a_dropped_dimension_is_quarantined_kept_and_not_used(bench):
    bench.api.fail[("Country",)] = lambda value: [
        {**b, "information": [{k: v for k, v in row.items() if k != "Country"} for row in b["information"]]}
        for b in value
    ]
    found = bench.collect_all(DAY)
    assert isinstance(found["country"], errors.AnswerQuarantined)
    assert "'Country' was requested but is missing" in str(found["country"])
    assert states(bench)[("country", DAY)] == "pending"
    assert bench.sql("select count(*) from landing.clarity_country") == [(0,)]
    [(reason, size)] = bench.sql(
        "select quarantine_reason, byte_count from ops.clarity_answer where request = 'country'"
    )
    assert "Country" in reason
    assert size > 1000


def crowded(api: FakeApi):
    """The same window with more than 1,000 URLs."""
    return lambda _: answer(
        SITE, start=api.now - timedelta(days=1), end=api.now, dimensions=("URL", "Device"), crowded=True
    )


def test_a_truncated_answer_is_landed_with_its_flag_and_never_subtracted(bench):
    bench.api.fail[("URL", "Device")] = crowded(bench.api)
    state = bench.collect_all(DAY)["url_device"].state
    assert (state.status, state.is_truncated) == ("measured", True)
    assert bench.sql("select distinct is_truncated from landing.clarity_url_device") == [(True,)]
    bench.api.fail.clear()
    assert isinstance(bench.collect_all(DAY - timedelta(days=1))["url_device"], errors.DayPending)
    assert states(bench)[("url_device", DAY - timedelta(days=1))] == "pending"
    again = len(bench.api.calls)
    assert isinstance(bench.collector_error("url_device", DAY - timedelta(days=1)), errors.DayPending)
    assert len(bench.api.calls) == again  # what was answered a moment ago is not asked once more


def test_a_short_budget_serves_the_most_valuable_first_and_names_the_rest(tmp_path):
    bench = Bench(make_settings(tmp_path, quota_limit=2), FakeApi(SITE)).at(DAY)
    found = bench.collect_all(DAY)
    assert [n for n, c in found.items() if not isinstance(c, Exception)] == [
        "browser_device",
        "url_device",
        "base",
        "device",
    ]
    assert str(found["country"]) == (
        "country of 2026-09-05: 2 of 2 requests of 2026-09-06 are spent; next at 2026-09-07 00:00 UTC"
    )
    known = states(bench)
    assert (known[("base", DAY)], known[("country", DAY)]) == ("derived", "pending")


def test_the_order_of_requests_is_a_setting(tmp_path):
    settings = make_settings(tmp_path, request_order="country, base")
    bench = Bench(settings, FakeApi(SITE)).at(DAY)
    bench.collect_all(DAY)
    assert [c[1] for c in bench.api.calls[:2]] == [("Country",), ()]


def test_extra_requests_come_out_of_the_reserve(tmp_path):
    settings = make_settings(tmp_path, extra_requests="Campaign, Channel+Device", quota_reserve=1)
    bench = Bench(settings, FakeApi(SITE)).at(DAY)
    found = bench.collect_all(DAY)
    assert found["campaign"].state.status == "measured"
    assert isinstance(found["channel_device"], errors.QuotaExhausted)
    assert "CLARITY_QUOTA_RESERVE" in str(found["channel_device"])
    assert bench.sql("select count(*) from landing.clarity_campaign where campaign is null")[0][0] == 1


def test_missed_days_never_spend_what_the_newest_day_needs(bench):
    """At 01:00 with three days open, the oldest first: the plan's six requests are still there for the newest."""
    for days in (-2, -1, 0):
        bench.at(DAY).collect_all(DAY + timedelta(days=days))
    known = states(bench)
    assert {known[(n, DAY)] for n in bench.names} <= {"measured", "derived"}
    assert spent(bench) == 10


def test_an_afternoon_collection_knows_yesterday_with_its_true_coverage(bench):
    bench.at(DAY, hour=15)
    found = bench.collect_all(DAY)
    assert {c.state.coverage for c in found.values()} == {15 / 24}
    assert spent(bench) == 8
    assert {found[n].state.method for n in ("base", "device")} == {"rolled_up"}


def coverage(bench: Bench, name: str, day: date) -> float:
    return bench.sql("select coverage from ops.clarity_day where request = ? and date = ?", name, day)[0][0]


def test_the_newest_day_that_an_afternoon_tells_by_half_is_still_measured_at_night(bench):
    bench.at(DAY, hour=15).collect_all(DAY)  # its 24 h window tells 15 hours of the day after, too
    bench.at(day_after())
    read_status(bench.settings.model_copy(update={"now": bench.api.now}))
    assert coverage(bench, "url_device", day_after()) == pytest.approx(15 / 24)
    assert bench.collect_all(day_after())["url_device"].sent == 1
    assert coverage(bench, "url_device", day_after()) > 0.95
    assert bench.collect_all(day_after())["url_device"].sent == 0


def test_an_older_known_day_is_not_asked_again_out_of_the_reserve(bench):
    bench.at(DAY, hour=5.5).collect_all(DAY)
    bench.at(day_after(2)).collect_all(day_after(2))
    assert {c.sent for c in bench.collect_all(DAY).values()} == {0}
    assert [c.state.status for c in bench.collect_all(day_after()).values()] == ["derived"] * 6


def test_an_own_window_of_the_late_morning_does_not_replace_a_good_roll_up(bench):
    bench.collector.collect("browser_device", DAY)
    found = bench.at(DAY, hour=11).collector.collect("base", DAY)
    assert (found.sent, found.state.method, found.state.coverage > 0.95) == (0, "rolled_up", True)


@pytest.mark.parametrize("minutes", [20, -20, 40])
def test_a_clock_that_differs_from_the_apis_costs_no_more_requests(bench, minutes):
    """A missed day needs 24 h and 48 h, whatever the two clocks say."""
    bench.api.clock_ahead = timedelta(minutes=minutes)
    bench.at(day_after())
    found = bench.collector.collect("browser_device", DAY)
    assert (found.sent, found.state.status) == (2, "derived")


@pytest.mark.parametrize("hours", [24, -5, -24 * 800])
def test_an_answer_of_a_clock_that_is_hours_off_is_quarantined(bench, hours):
    bench.api.clock_ahead = timedelta(hours=hours)
    error = bench.collector_error("base", DAY)
    assert isinstance(error, errors.AnswerQuarantined)
    assert "the API's clock says" in str(error)
    assert bench.sql("select distinct date, status from ops.clarity_day") == [(DAY, "pending")]
    assert spent(bench) == 1


def test_a_wrong_clock_costs_one_request_an_hour_and_not_the_whole_budget(bench):
    bench.api.clock_ahead = timedelta(hours=-72)  # this machine's clock has jumped three days ahead
    found = [type(error).__name__ for error in bench.collect_all(DAY).values()]
    assert found == ["AnswerQuarantined"] + ["ClockWrong"] * 5
    assert spent(bench) == 1
    bench.api.now += timedelta(minutes=61)
    assert isinstance(bench.collector_error("base", DAY), errors.AnswerQuarantined)
    assert spent(bench) == 2


def test_requests_of_a_clock_that_was_put_back_still_count(bench):
    bench.api.clock_ahead = timedelta(hours=-72)
    bench.collector_error("base", DAY)
    bench.api.now -= timedelta(hours=71, minutes=30)
    bench.api.clock_ahead = timedelta()
    found = bench.collector.collect("base", DAY - timedelta(days=3))
    assert found.budget.spent == 2  # the API counted both on this day


def test_a_difference_that_is_refused_for_every_key_gives_way_to_a_roll_up(bench):
    bench.at(day_after())
    answers = iter([40, 9])  # the 24 h window tells more sessions than the 48 h window
    bench.api.fail[()] = lambda value: [
        b | {"information": [r | {"totalSessionCount": next(answers)} for r in b["information"]]}
        if b["metricName"] == "Traffic" else b for b in value
    ]  # fmt: skip
    error = bench.collector_error("base", DAY)
    assert isinstance(error, errors.DayPending)
    assert "every difference is below zero (total: sessions = -31)" in str(error)
    assert bench.sql("select count(*) from landing.clarity_base where date = ?", DAY) == [(0,)]
    bench.collector.collect("browser_device", DAY)
    assert bench.sql("select status, method from ops.clarity_day where request = 'base' and date = ?", DAY) == [
        ("derived", "rolled_up")
    ]
    before = bench.landing()
    rebuild(bench.settings.model_copy(update={"now": bench.api.now}))
    assert bench.landing() == before


def test_an_answer_that_cannot_be_stored_is_kept_in_a_file_that_can_be_imported(bench, tmp_path):
    from clarity_assets.clarity.importing import import_answers

    class Failing(Collector):
        def _store(self, *_):
            raise errors.WarehouseFull("clarity.duckdb: no space left")

    failing = Failing(bench.settings, clock=bench.api.clock, client=bench.api, pacer=Pacer())
    with pytest.raises(errors.WarehouseFull, match="clarity-assets import"):
        failing.collect("base", DAY)
    [kept] = (tmp_path / "rescued").glob("*.json")
    now = bench.settings.model_copy(update={"now": bench.api.now})
    imported = import_answers(now, (kept,))
    assert (imported.stored, [s.status for s in imported.solved]) == (1, ["measured"])
    assert spent(bench) == 1


def test_a_slot_that_a_crash_left_behind_counts_and_the_next_run_completes(bench):
    class Crash(BaseException):
        pass

    def crash(*_, **__):
        raise Crash

    crashing = Collector(
        bench.settings, clock=bench.api.clock, client=lambda token: type("C", (), {"fetch": crash})(), pacer=Pacer()
    )
    with pytest.raises(Crash):
        crashing.collect("base", DAY)
    assert bench.sql("select outcome from ops.api_request") == [("reserved",)]
    [gap] = [
        g for g in read_status(bench.settings.model_copy(update={"now": bench.api.now})).gaps if g.request == "base"
    ]
    assert "interrupted after its slot was reserved; it may have been spent" in gap.cause
    assert bench.collector.collect("base", DAY).budget.spent == 2


def test_the_pause_between_requests_is_kept():
    slept, now = [], [100.0]
    pacer = Pacer(sleep=slept.append, monotonic=lambda: now[0])
    pacer.wait(2)
    now[0] = 100.5
    pacer.wait(2)
    assert slept == [1.5]


def test_rolling_quota_counts_the_last_24_hours(tmp_path):
    bench = Bench(make_settings(tmp_path, quota_day="rolling", quota_limit=6), FakeApi(SITE)).at(DAY, hour=23)
    bench.settings = bench.settings.model_copy(update={"min_coverage": 0.5})
    bench.at(DAY, hour=1).collect_all(DAY)
    bench.at(day_after(), hour=0.5)
    refused = bench.collect_all(day_after())["country"]
    assert isinstance(refused, errors.QuotaExhausted)
    assert "of the last 24 h are spent; next at 2026-09-07 01:00 UTC" in str(refused)
    assert all(not isinstance(c, Exception) for c in bench.at(day_after(), hour=1).collect_all(day_after()).values())


def test_no_token_stands_in_any_stored_text(bench):
    bench.api.fail[("Country",)] = b"<html>token " + bench.settings.api_token.get_secret_value().encode()
    bench.collect_all(DAY)
    tables = bench.sql("select schema_name || '.' || table_name from duckdb_tables()")
    dumped = "".join(json.dumps(bench.sql(f"select * from {t}"), default=str) for (t,) in tables)
    assert bench.settings.api_token.get_secret_value() not in dumped
