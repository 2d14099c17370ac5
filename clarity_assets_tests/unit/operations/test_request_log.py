"""Each request to the API leaves two lines in the log, whatever becomes of it."""

import json
from datetime import timedelta

import pytest

from clarity_assets import errors
from clarity_assets.demo.site import SimulatedSite
from clarity_assets_tests.fixtures.collecting import FIRST_DAY, Bench, FakeApi, make_settings

SITE = SimulatedSite.generate(first_day=FIRST_DAY - timedelta(days=4), days=8, sessions_per_day=10)
FACTS = ("request", "num_of_days", "purpose", "for_date", "outcome", "http_status", "left")


@pytest.fixture
def bench(tmp_path) -> Bench:
    return Bench(make_settings(tmp_path), FakeApi(SITE)).at(FIRST_DAY)


def logged(bench: Bench) -> list[tuple]:
    path = bench.settings.logs_folder / f"api-{bench.api.now:%Y-%m-%d}.jsonl"
    found = [json.loads(line) for line in path.read_text().splitlines()]
    assert {line["request_id"] for line in found} == {i for (i,) in bench.sql("select request_id from ops.api_request")}
    assert all(line["duration_s"] >= 0 for line in found if line["outcome"] != "reserved")
    return [tuple(line.get(name) for name in FACTS) for line in found]


def test_an_answered_request_is_logged_before_and_after(bench):
    bench.collector.collect("base", FIRST_DAY)
    assert logged(bench) == [
        ("base", 1, "plan", f"{FIRST_DAY}", "reserved", None, 9),
        ("base", 1, "plan", f"{FIRST_DAY}", "answered", 200, 9),
    ]


def test_every_window_of_a_missed_day_is_logged(bench):
    bench.at(FIRST_DAY + timedelta(days=1)).collector.collect("country", FIRST_DAY)
    told = [(days, purpose, outcome, left) for _, days, purpose, _, outcome, _, left in logged(bench)]
    assert [line[2] for line in told] == ["reserved", "answered"] * (len(told) // 2)
    assert [line[3] for line in told] == [9, 9, 8, 8]


@pytest.mark.parametrize(
    ("fault", "outcome", "status", "left"),
    [
        (errors.ServerFailed("HTTP 500", http_status=500), "server_error", 500, 9),
        (errors.RateLimited("429", http_status=429), "rate_limited", 429, 0),
        (errors.NotSent("refused"), "not_sent", None, 10),
        (errors.TimedOut("slow"), "timeout", None, 9),
        (b"<html>", "unusable_answer", 200, 9),
    ],
)
def test_a_failure_is_logged_with_its_outcome(bench, fault, outcome, status, left):
    bench.api.fail["all"] = fault
    assert bench.collector_error("base", FIRST_DAY)
    assert logged(bench)[1][4:] == (outcome, status, left)


def test_a_refused_request_leaves_no_line(bench):
    bench.settings = bench.settings.model_copy(update={"api_token": None})
    assert isinstance(bench.collector_error("base", FIRST_DAY), errors.TokenError)
    assert not bench.settings.logs_folder.exists()
