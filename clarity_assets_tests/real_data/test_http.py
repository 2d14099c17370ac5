"""Real answers over real HTTP: a local server says them word for word, client and collector land their rows."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from clarity_assets.clarity.collect import Collector, Pacer
from clarity_assets.errors import AnswerQuarantined
from clarity_assets_tests.fixtures.collecting import Bench, FakeApi, make_settings

DAY = date(2026, 7, 29)
NOW = datetime(2026, 7, 30, 3, 30, tzinfo=UTC)

SAID = {
    (): "ms_analytics_hub__3d_no_dimension__2026-07-30.json",
    ("URL",): "ms_analytics_hub__3d_by_URL__2026-07-30.json",
    ("Device",): "fpr__3d_by_Device__2026-08-27.json",
    ("Campaign",): "fpr__3d_by_Campaign__2026-08-27.json",
    ("Country",): "fpr__3d_by_Device__2026-08-27.json",  # the API answers by another dimension than asked
}


@contextmanager
def server_of(folder: Path, asked: list[dict]) -> Iterator[str]:
    """Serves the file of each dimension set, with a Date of its own; yields the base URL."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Silent."""

        def date_time_string(self, timestamp: float | None = None) -> str:
            return format_datetime(NOW, usegmt=True)

        def do_GET(self) -> None:
            asked.append(dict(parse_qsl(urlsplit(self.path).query)))
            dimensions = tuple(v for k, v in asked[-1].items() if k.startswith("dimension"))
            body = (folder / SAID[dimensions]).read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False  # closing waits for them
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/export-data/api/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def asked() -> list[dict]:
    return []


@pytest.fixture
def bench(tmp_path, clarity_data, asked) -> Iterator[Bench]:
    """A bench whose collector talks HTTP to the server of real answers."""
    with server_of(clarity_data, asked) as base_url:
        settings = make_settings(tmp_path, api_base_url=base_url, now=NOW, extra_requests="URL, Campaign")
        yield Bench(settings, FakeApi(site=None))


def collect(bench: Bench, name: str):
    return Collector(bench.settings, pacer=Pacer()).collect(name, DAY)


def test_the_site_total_goes_from_http_to_a_landed_row(bench, asked):
    collected = collect(bench, "base")
    assert asked == [{"numOfDays": "1"}]
    assert (collected.state.status, collected.state.method, collected.budget.spent) == ("measured", "window", 1)
    assert (collected.state.window_end, collected.state.coverage) == (NOW, pytest.approx(20.5 / 24, abs=1e-6))
    assert bench.sql("select window_end_source, request_id is not null from ops.clarity_answer") == [("server", True)]
    assert bench.sql(
        """select sessions, bot_sessions, visitors, total_time_s, active_time_s, scroll_depth_pct,
                  dead_click_count, dead_click_pageviews, dead_click_sessions, rage_click_count, quick_back_count, status
           from landing.clarity_base where date = ?""",
        DAY,
    ) == [(868, 13, 637, 423, 106, 60.81, 516, 138, 111, 71, 54, "measured")]


def test_pages_land_without_click_ids_and_add_up_to_the_site(bench, asked):
    collect(bench, "base")
    collect(bench, "url")
    assert asked[1] == {"numOfDays": "1", "dimension1": "URL"}
    assert bench.sql(
        """select count(*), count(distinct page), sum(dead_click_count), sum(dead_click_pageviews), sum(rage_click_count),
                  sum(quick_back_count), count(*) filter (page like '%?%' or page like '%#%'),
                  count(*) filter (sessions_is_upper_bound) from landing.clarity_url"""
    ) == [(19, 18, 516, 138, 71, 54, 0, 6)]


def test_devices_and_campaigns_land_as_they_were_told(bench):
    collect(bench, "device")
    collect(bench, "campaign")
    assert bench.sql("select device, sessions, total_time_s from landing.clarity_device order by sessions desc") == [
        ("Mobile", 294, 147), ("PC", 219, 299), ("Tablet", 15, 258), ("Other", 0, None),
    ]  # fmt: skip
    assert bench.sql("select sessions, visitors from landing.clarity_campaign where campaign is null") == [(506, 514)]
    assert bench.sql("select sessions, visitors from landing.clarity_campaign where campaign = ''") == [(0, 32)]


def test_an_answer_by_another_dimension_is_quarantined(bench):
    with pytest.raises(AnswerQuarantined, match="'Country' was requested but is missing"):
        collect(bench, "country")
    assert bench.sql("select count(*) from landing.clarity_country") == [(0,)]
