"""One request over real HTTP against the stand-in: every fault becomes its typed error, and nothing is retried."""

import os
import socket
import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta

import pytest

from clarity_assets import errors
from clarity_assets.clarity.client import ClarityClient, check_parameters
from clarity_assets.clarity.token import check_token
from clarity_assets.dagster_home import PROJECT
from clarity_assets.demo.site import SimulatedSite
from clarity_assets.demo.stand_in import StandIn
from clarity_assets_tests.fixtures.collecting import TOKEN

NOW = datetime(2026, 9, 5, 1, tzinfo=UTC)
LOCAL = datetime(2026, 9, 5, 1, 7, tzinfo=UTC)


@pytest.fixture(scope="module")
def stand_in():
    site = SimulatedSite.generate(first_day=date(2026, 9, 1), days=5, sessions_per_day=40)
    with StandIn(site, now=NOW, quota=None) as running:
        yield running


@pytest.fixture(autouse=True)
def _healed(stand_in):
    stand_in.heal()


def client(base_url: str, **options) -> ClarityClient:
    return ClarityClient(base_url, check_token(TOKEN, now=NOW), lambda: LOCAL, **{"answer_timeout_s": 5.0} | options)


def test_an_answer_comes_with_the_end_of_its_window_by_the_servers_clock(stand_in):
    raw = client(stand_in.base_url).fetch(("Device",), num_of_days=2)
    assert raw.window_end == NOW
    assert raw.window_end_source == "server"
    assert b'"Traffic"' in raw.body
    assert (stand_in.calls[-1].dimensions, stand_in.calls[-1].num_of_days) == (("Device",), 2)


@pytest.mark.parametrize(
    ("fault", "kind", "status", "words"),
    [
        ("400", errors.BadRequest, 400, "refused the parameters"),
        ("401", errors.Unauthorized, 401, "Generate new API token"),
        ("403", errors.Forbidden, 403, "no right"),
        ("429", errors.RateLimited, 429, "daily limit is spent"),
        ("500", errors.ServerFailed, 500, "with an empty body"),
        ("reset", errors.ConnectionLost, None, "may count"),
    ],
)
def test_a_fault_becomes_its_typed_error_after_one_attempt(stand_in, fault, kind, status, words):
    stand_in.fail(fault)
    before = len(stand_in.calls)
    with pytest.raises(kind, match=words) as caught:
        client(stand_in.base_url, connect_attempts=3).fetch((), num_of_days=1)
    assert type(caught.value) is kind
    assert caught.value.http_status == status
    assert len(stand_in.calls) == before + 1


@pytest.mark.parametrize("fault", ["empty_200", "html_200", "cut_json", "wrong_shape"])
def test_a_200_is_handed_on_as_it_came(stand_in, fault):
    stand_in.fail(fault)
    assert client(stand_in.base_url).fetch((), num_of_days=1).window_end == NOW


def test_an_answer_that_takes_too_long_is_timed_out_and_may_count(stand_in):
    stand_in.fail("slow", seconds=3)
    with pytest.raises(errors.TimedOut, match="may count"):
        client(stand_in.base_url, answer_timeout_s=0.3).fetch((), num_of_days=1)


def drip(server: socket.socket) -> None:
    """Send a body byte by byte, each within the read timeout, all together far beyond it."""
    connection, _ = server.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        stop = threading.Event()
        for _ in range(100):
            try:
                connection.sendall(b" ")
            except OSError:
                return
            stop.wait(0.05)


def local_server(handle) -> tuple[str, threading.Thread, socket.socket]:
    server = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=handle, args=(server,))
    thread.start()
    return f"http://127.0.0.1:{server.getsockname()[1]}", thread, server


def test_a_server_that_drips_is_timed_out_as_a_whole():
    url, thread, server = local_server(drip)
    with pytest.raises(errors.TimedOut):
        client(url, answer_timeout_s=0.5).fetch((), num_of_days=1)
    thread.join()
    server.close()


def test_without_a_date_header_the_local_clock_tells_the_end():
    def answer(server):
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")

    url, thread, server = local_server(answer)
    raw = client(url).fetch((), num_of_days=1)
    thread.join()
    server.close()
    assert (raw.window_end, raw.window_end_source) == (LOCAL, "local clock")


def test_a_body_shorter_than_announced_is_a_lost_connection_that_may_count():
    def answer(server):
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n[{")

    url, thread, server = local_server(answer)
    with pytest.raises(errors.ConnectionLost, match="may count"):
        client(url).fetch((), num_of_days=1)
    thread.join()
    server.close()


def test_a_refused_connection_sent_nothing():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(errors.NotSent, match="nothing was sent"):
        client(f"http://127.0.0.1:{port}").fetch((), num_of_days=1)


def test_a_proxy_that_does_not_run_sent_nothing(stand_in):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    script = (
        "from clarity_assets_tests.unit.clarity.test_client import client, errors\n"
        "try:\n    client('http://clarity.invalid').fetch((), num_of_days=1)\n"
        "except errors.NotSent as error:\n    print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=PROJECT, timeout=60,
        env=os.environ | dict.fromkeys(("HTTP_PROXY", "http_proxy"), f"http://127.0.0.1:{port}") | {"NO_PROXY": ""},
    )  # fmt: skip
    assert "no connection to the proxy before clarity.invalid" in done.stdout, done.stderr


def test_an_unknown_host_sent_nothing():
    with pytest.raises(errors.NotSent, match="nothing was sent"):
        client("http://no-such-host.invalid").fetch((), num_of_days=1)


def test_a_redirect_is_not_followed_with_the_token():
    def answer(server):
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")

    url, thread, server = local_server(answer)
    with pytest.raises(errors.ServerFailed) as caught:
        client(url).fetch((), num_of_days=1)
    thread.join()
    server.close()
    assert caught.value.http_status == 302


def test_the_first_bytes_of_an_error_hold_neither_token_nor_query_strings():
    secret = TOKEN.get_secret_value()

    def answer(server):
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            body = f"bad token {secret} at https://s.example/a?gclid=SECRET ".encode() + b"x" * 5000
            connection.sendall(b"HTTP/1.1 500 Oops\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    url, thread, server = local_server(answer)
    with pytest.raises(errors.ServerFailed) as caught:
        client(url).fetch((), num_of_days=1)
    thread.join()
    server.close()
    kept = caught.value.first_bytes
    assert kept.startswith("bad token (token) at https://s.example/a?…")
    assert "SECRET" not in kept
    assert len(kept) == 500  # FIRST_BYTES


@pytest.mark.parametrize(
    ("dimensions", "days", "words"),
    [
        ((), 0, "numOfDays=0"),
        ((), 4, "numOfDays=4"),
        (("URL", "URL"), 1, "up to three different"),
        (("URL", "OS", "Device", "Browser"), 1, "up to three different"),
        (("Country/Region",), 1, "'Country/Region' is not known"),
        (("url",), 1, "'url' is not known"),
    ],
)
def test_bad_parameters_are_refused_before_anything_is_sent(dimensions, days, words):
    with pytest.raises(errors.RequestRefused, match=words):
        check_parameters(dimensions, num_of_days=days)


def test_neither_client_nor_error_shows_the_token(stand_in):
    stand_in.fail("401")
    with pytest.raises(errors.Unauthorized) as caught:
        client(stand_in.base_url).fetch((), num_of_days=1)
    secret = TOKEN.get_secret_value()
    assert secret not in repr(client(stand_in.base_url))
    assert secret not in str(caught.value)
    assert secret not in repr(caught.value.__context__)


def test_the_stand_in_refuses_an_expired_token(stand_in):
    old = ClarityClient(stand_in.base_url, check_token(TOKEN, now=NOW), lambda: LOCAL)
    stand_in.set_clock(NOW + timedelta(days=365 * 20))
    try:
        with pytest.raises(errors.Unauthorized):
            old.fetch((), num_of_days=1)
    finally:
        stand_in.set_clock(NOW)
