"""The stand-in over real HTTP: windows, tokens, the daily limit, every fault, and control from outside."""

import os
import re
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime

import jwt
import orjson
import pytest
import requests

from clarity_assets.demo.answers import answer
from clarity_assets.demo.clock import Clock
from clarity_assets.demo.faults import KINDS, REFUSALS
from clarity_assets.demo.site import SimulatedSite
from clarity_assets.demo.stand_in import StandIn
from clarity_assets.demo.token import make_token
from clarity_assets.errors import RequestRefused

NOW = datetime(2026, 9, 7, 5, 30, 15, tzinfo=UTC)
SITE = SimulatedSite.generate(first_day=date(2026, 9, 1), days=8, sessions_per_day=60)
TIMEOUT_S = 10


@pytest.fixture
def api():
    with StandIn(SITE, now=NOW) as stand_in:
        yield stand_in


def _get(api, *dimensions, days=1, token=None, **options):
    query = {"numOfDays": days} | {f"dimension{i}": d for i, d in enumerate(dimensions, start=1)}
    headers = {} if token == "" else {"Authorization": f"Bearer {token or api.token()}"}
    options = {"timeout": TIMEOUT_S} | options
    return requests.get(f"{api.base_url}/project-live-insights", params=query, headers=headers, **options)


def _control(api, path, **body):
    root = api.base_url.removesuffix("/export-data/api/v1")
    return requests.post(f"{root}/_control/{path}", json=body, timeout=TIMEOUT_S)


def _true_answer(*dimensions, days=1, now=NOW):
    return answer(SITE, start=now - timedelta(days=days), end=now, dimensions=dimensions)


@pytest.mark.parametrize("dimensions", [(), ("URL", "Device"), ("Country/Region",)])
def test_an_answer_is_the_window_before_its_clock_and_the_date_header_its_end(api, dimensions):
    got = _get(api, *dimensions, days=2)
    assert got.status_code == 200
    assert got.headers["Date"] == "Mon, 07 Sep 2026 05:30:15 GMT"
    assert got.json() == _true_answer(*dimensions, days=2)
    (call,) = api.calls
    assert (call.at, call.num_of_days, call.dimensions, call.status, call.counted) == (NOW, 2, dimensions, 200, True)


def test_more_than_three_days_answer_three_without_an_error(api):
    assert _get(api, days=30).json() == _true_answer(days=3)


@pytest.mark.parametrize("days", ["", "0", "-1", "1.5", "three"])
def test_a_number_of_days_that_is_none_is_a_bad_request_and_does_not_count(api, days):
    assert _get(api, days=days).status_code == 400
    assert [call.counted for call in api.calls] == [False]


def test_tokens_are_asked_for_and_looked_at(api):
    later = NOW + timedelta(days=1)
    expired = make_token(expires_at=NOW)
    foreign = make_token(subject="99", expires_at=later)
    narrow = make_token(scope="Data.Read", expires_at=later)
    forged = jwt.encode(jwt.decode(foreign, options={"verify_signature": False}), "k" * 32, algorithm="HS256")
    statuses = [_get(api, token=t).status_code for t in ("", "nonsense", forged, expired, foreign, narrow)]
    assert statuses == [401, 401, 401, 401, 403, 403]
    assert not any(call.counted for call in api.calls)


def test_a_token_has_the_shape_of_the_real_one():
    claims = jwt.decode(make_token(expires_at=NOW), options={"verify_signature": False})
    assert claims == {
        "scope": "Data.Export", "sub": "4711", "iss": "clarity", "aud": "clarity.data-exporter",
        "exp": int(NOW.timestamp()),
    }  # fmt: skip


def test_the_eleventh_request_of_a_utc_day_is_refused_and_the_next_day_begins_anew(api):
    assert [_get(api, "Device").status_code for _ in range(11)] == [200] * 10 + [429]
    assert _get(api).text == "Exceeded daily limit"
    assert [call.counted for call in api.calls] == [True] * 10 + [False] * 2
    api.set_clock(NOW.replace(hour=0, minute=0) + timedelta(days=1))
    assert _get(api).status_code == 200


def test_failed_requests_count_against_the_limit_and_the_limit_can_be_chosen():
    with StandIn(SITE, now=NOW, quota=2) as api:
        api.fail(500)
        assert [_get(api).status_code for _ in range(3)] == [500, 500, 429]
    with StandIn(SITE, now=NOW, quota=None) as api:
        assert [_get(api).status_code for _ in range(12)] == [200] * 12


@pytest.mark.parametrize("kind", REFUSALS)
def test_a_refusal_does_not_count(api, kind):
    api.fail(int(kind))
    got = _get(api)
    assert (got.status_code, got.text) == (int(kind), REFUSALS[kind])
    assert [(call.fault, call.counted) for call in api.calls] == [(kind, False)]


@pytest.mark.parametrize(("kind", "status"), [("500", 500), ("empty_200", 200)])
def test_a_body_can_be_empty(api, kind, status):
    api.fail(kind)
    got = _get(api)
    assert (got.status_code, got.content) == (status, b"")


def test_an_answer_can_be_a_web_page_cut_or_of_another_shape(api):
    for kind in ("html_200", "cut_json", "wrong_shape"):
        api.fail(kind, times=1)
    page, cut, shape = _get(api), _get(api), _get(api)
    assert page.text.startswith("<!DOCTYPE html>")
    assert orjson.dumps(_true_answer()).startswith(cut.content)
    with pytest.raises(requests.JSONDecodeError):
        cut.json()
    assert isinstance(shape.json(), dict)
    assert _get(api).json() == _true_answer()


def test_a_connection_can_be_reset_after_the_request_was_read(api):
    api.fail("reset")
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        _get(api)
    assert [(call.status, call.counted) for call in api.calls] == [(None, True)]


def test_an_answer_can_be_slow_and_stopping_does_not_wait_for_it(api):
    api.fail("slow", seconds=0.2, times=1)
    began = time.monotonic()
    assert _get(api).json() == _true_answer()
    assert time.monotonic() - began >= 0.2
    api.fail("slow", seconds=60)
    with pytest.raises(requests.ReadTimeout):
        _get(api, timeout=0.2)
    api.stop()
    assert time.monotonic() - began < 5


def test_a_dimension_can_be_dropped(api):
    api.fail("dropped_dimension")
    for dimensions, left in ((("URL", "Device"), {"Url"}), (("Country",), set())):
        value = _get(api, *dimensions, days=3).json()
        assert len(value) == 9
        rows = [row for block in value for row in block["information"]]
        assert rows
        assert all(row.keys() & {"Url", "Device", "Country"} == left for row in rows)


def test_an_answer_can_be_truncated(api):
    api.fail("truncated", dimensions=("URL", "Device"))
    value = _get(api, "URL", "Device", days=3).json()
    assert max(len(block["information"]) for block in value) == 1_000
    assert _get(api, "Device", days=3).json() == _true_answer("Device", days=3)


def test_a_fault_hits_only_the_requests_it_is_meant_for_until_it_is_healed(api):
    api.fail(500, dimensions=("Device", "URL"), num_of_days=2)
    asked = [(("URL", "Device"), 2), (("URL", "Device"), 1), (("Device",), 2), ((), 2)]
    assert [_get(api, *d, days=n).status_code for d, n in asked] == [500, 200, 200, 200]
    api.heal()
    assert _get(api, "URL", "Device", days=2).status_code == 200
    api.fail(500, dimensions=())
    assert [_get(api, *d).status_code for d in ((), ("Device",))] == [500, 200]


def test_an_unknown_fault_is_refused_with_those_that_are_known(api):
    with pytest.raises(RequestRefused, match=", ".join(KINDS)):
        api.fail("tired")
    with pytest.raises(RequestRefused, match="must be a list"):
        api.fail(500, dimensions="URL")


def test_another_process_can_steer_it(api):
    assert _control(api, "clock", now="2026-09-06T00:00:00Z").json() == {"now": "2026-09-06T00:00:00+00:00"}
    assert _control(api, "fault", kind=500, times=1, dimensions=["Device"]).status_code == 200
    assert [_get(api, "Device").status_code for _ in range(2)] == [500, 200]
    _control(api, "fault", kind="empty_200")
    _control(api, "heal")
    got = _get(api)
    assert parsedate_to_datetime(got.headers["Date"]) == datetime(2026, 9, 6, tzinfo=UTC)
    assert got.content
    root = api.base_url.removesuffix("/export-data/api/v1")
    calls = requests.get(f"{root}/_control/calls", timeout=TIMEOUT_S).json()
    assert [(c["dimensions"], c["status"], c["counted"], c["fault"]) for c in calls] == [
        (["Device"], 500, True, "500"), (["Device"], 200, True, None), ([], 200, True, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body"),
    [("clock", {"now": "soon"}), ("clock", {}), ("fault", {"kind": "tired"}), ("fault", {"kind": 500, "when": 1})],
)
def test_a_mistaken_control_request_is_answered_with_its_rule(api, path, body):
    got = _control(api, path, **body)
    assert got.status_code == 400
    assert got.json()["error"]


def test_other_paths_are_not_found(api):
    root = api.base_url.removesuffix("/export-data/api/v1")
    assert requests.get(f"{root}/", timeout=TIMEOUT_S).status_code == 404
    assert _control(api, "sleep").status_code == 404


def test_a_clock_stands_still_or_runs_at_its_speed():
    seconds = [100.0]
    clock = Clock(NOW, monotonic=lambda: seconds[0])
    seconds[0] = 110.0
    assert clock() == NOW
    clock.set(NOW, speed=60)
    seconds[0] = 112.5
    assert clock() == NOW + timedelta(seconds=150)
    clock.set(datetime(2026, 9, 1))
    assert clock() == datetime(2026, 9, 1, tzinfo=UTC)


def test_without_an_instant_the_clock_stands_where_the_days_end():
    assert StandIn(SITE).now() == datetime(2026, 9, 9, tzinfo=UTC)


def test_by_hand_it_prints_its_address_and_a_token_that_works():
    command = [
        sys.executable, "-m", "clarity_assets.demo.stand_in", "--port", "0", "--first-day", "2026-09-01",
        "--days", "3", "--sessions-per-day", "20", "--now", "2026-09-03T12:00:00",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        try:
            lines = dict(process.stdout.readline().strip().split("=", 1) for _ in range(2))
            got = requests.get(
                f"{lines['CLARITY_API_BASE_URL']}/project-live-insights",
                params={"numOfDays": 1},
                headers={"Authorization": f"Bearer {lines['CLARITY_API_TOKEN']}"},
                timeout=TIMEOUT_S,
            )
        finally:
            process.terminate()
    assert got.status_code == 200
    assert len(got.json()) == 16
    assert re.match(r"Thu, 03 Sep 2026 12:00:0\d GMT", got.headers["Date"])
