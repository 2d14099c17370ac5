"""deploy/nginx.conf before a server that stands for Dagster's: who gets in, and what other sites' pages cannot do."""

import base64
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
import urllib3

from clarity_assets.dagster_home import PROJECT

DEPLOY = PROJECT / "deploy"
LINK = {"Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
"""What browsers say of a page that is opened in a tab."""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Upstream(BaseHTTPRequestHandler):
    """Stands for Dagster's webserver; tells what headers reached it."""

    def do_GET(self):
        body = repr({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_): ...


@pytest.fixture(scope="module")
def proxy(tmp_path_factory) -> Iterator[str]:
    """The address of nginx with deploy/nginx.conf before a server that stands for Dagster's."""
    if not (shutil.which("nginx") and shutil.which("openssl")):
        pytest.skip("needs nginx and openssl")
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    thread = threading.Thread(target=upstream.serve_forever)
    thread.start()
    nginx = subprocess.Popen(
        ["nginx", "-c", _configured(folder, port, upstream.server_port)], stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port)
        yield f"https://127.0.0.1:{port}"
    finally:
        nginx.terminate()
        nginx.wait(10)
        upstream.shutdown()
        upstream.server_close()
        thread.join()


def _configured(folder: Path, port: int, upstream_port: int) -> Path:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=clarity.example.com",
         "-keyout", folder / "key", "-out", folder / "cert"], check=True, capture_output=True,
    )  # fmt: skip
    hashed = subprocess.run(["openssl", "passwd", "-apr1", "horse"], check=True, capture_output=True, text=True).stdout
    (folder / "password").write_text(f"ada:{hashed}")
    text = (DEPLOY / "nginx.conf").read_text()
    for old, new in (
        ("listen 80;", f"listen 127.0.0.1:{free_port()};"), ("listen 443", f"listen 127.0.0.1:{port}"),
        ("/etc/ssl/certs/clarity-assets.pem", f"{folder}/cert"), ("127.0.0.1:3000", f"127.0.0.1:{upstream_port}"),
        ("/etc/ssl/private/clarity-assets.key", f"{folder}/key"),
        ("/etc/nginx/clarity-assets.htpasswd", f"{folder}/password"),
    ):  # fmt: skip
        assert old in text
        text = text.replace(old, new)
    (folder / "site.conf").write_text(text)
    as_root = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{as_root} daemon off; pid {folder}/pid; error_log {folder}/errors; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n"
        f"fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n"
        f"include {folder}/site.conf; }}"
    )
    return folder / "nginx.conf"


def _wait_for(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("nginx did not start within 10 s")


def asked(url: str, *, method: str = "GET", password: str | None = "horse", **headers: str) -> requests.Response:
    """The proxy's answer. Its certificate is its own, so it is not looked at."""
    if password:
        headers["Authorization"] = "Basic " + base64.b64encode(f"ada:{password}".encode()).decode()
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    with pytest.warns(urllib3.exceptions.InsecureRequestWarning):
        return requests.request(method, url, headers=told, verify=False, timeout=10)


def test_the_proxy_lets_nobody_in_without_the_password(proxy):
    assert asked(f"{proxy}/", password=None).status_code == 401
    assert asked(f"{proxy}/", password="donkey").status_code == 401
    assert asked(f"{proxy}/graphql", method="POST", password=None).status_code == 401
    assert asked(f"{proxy}/").status_code == 200


def test_the_password_ends_at_the_proxy(proxy):
    assert "authorization" not in asked(f"{proxy}/").text


def test_a_page_of_another_site_cannot_start_runs_through_a_readers_browser(proxy):
    """Dagster's webserver itself takes mutations by GET and without a content type (seen with 1.13.27)."""
    query = f"{proxy}/graphql?query=mutation"
    assert asked(query).status_code == 405
    assert asked(query, method="POST", Origin="https://evil.example").status_code == 403
    assert asked(query, method="POST", Sec_Fetch_Site="cross-site").status_code == 403
    assert asked(query, Connection="Upgrade", Upgrade="websocket", Origin="https://evil.example").status_code == 403


@pytest.mark.parametrize(
    "path", ["", "graphql", "logs/a/b", "runs/a", "server_info", "report_asset_check/a?passed=true"]
)
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_no_path_takes_anything_from_a_page_of_another_site(proxy, path, site):
    url = f"{proxy}/{path}"
    assert asked(url, method="POST", Origin="https://evil.example").status_code == 403
    assert asked(url, method="POST", Origin="null").status_code == 403
    assert asked(url, method="POST", Sec_Fetch_Site=site).status_code == 403
    assert asked(url, method="POST", Sec_Fetch_Site=site, **LINK).status_code == 403  # a form that is sent
    assert asked(url, Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors", Sec_Fetch_Dest="image").status_code == 403
    assert asked(url, Sec_Fetch_Site=site, Sec_Fetch_Mode="navigate", Sec_Fetch_Dest="iframe").status_code == 403


def test_a_link_of_another_site_opens_a_page_of_the_ui_but_no_download(proxy):
    for path in ("", "runs/a", "assets/marts/fct_site_daily"):
        assert asked(f"{proxy}/{path}", Sec_Fetch_Site="cross-site", **LINK).status_code == 200
    assert asked(f"{proxy}/graphql?query=mutation", Sec_Fetch_Site="cross-site", **LINK).status_code == 405
    for path in ("logs/a/b", "download_debug/a"):
        assert asked(f"{proxy}/{path}", Sec_Fetch_Site="cross-site", **LINK).status_code == 403
        assert asked(f"{proxy}/{path}", Sec_Fetch_Site="same-origin", **LINK).status_code == 200


@pytest.mark.parametrize("kind", ["materialization", "observation", "check"])
@pytest.mark.parametrize("prefix", ["", "/", "runs/../", "%2e/"])
def test_nobody_reports_through_the_proxy_what_never_ran(proxy, kind, prefix):
    """Dagster's webserver writes it into the assets' history, by a POST without a body (seen with 1.13.27)."""
    url = f"{proxy}/{prefix}report_asset_{kind}/marts/fct_site_daily?passed=true"
    assert asked(url, method="POST").status_code == 403
    assert asked(url, method="POST", Origin=proxy, Sec_Fetch_Site="same-origin").status_code == 403


def test_pages_of_the_ui_itself_may_ask_and_open_websockets(proxy):
    assert asked(f"{proxy}/graphql", method="POST", Origin=proxy, Sec_Fetch_Site="same-origin").status_code == 200
    upgraded = asked(f"{proxy}/graphql", Origin=proxy, Connection="Upgrade", Upgrade="websocket").text
    assert "'upgrade': 'websocket'" in upgraded
    assert "'connection': 'upgrade'" in upgraded
