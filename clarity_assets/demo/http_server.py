"""The stand-in's HTTP side: requests on 127.0.0.1 in, replies with the stand-in's own Date header out."""

import socket
import struct
import sys
import threading
from contextlib import suppress
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import orjson

from clarity_assets.errors import RequestRefused

if TYPE_CHECKING:
    from clarity_assets.demo.stand_in import StandIn

API_PATH = "/export-data/api/v1"
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 seconds: closing sends RST
IDLE_TIMEOUT_S = 30  # of a connection on which nothing comes


class StandInServer(ThreadingHTTPServer):
    """Answers for one stand-in, a thread a connection, until `stop`."""

    daemon_threads = False  # so that closing waits for them

    def __init__(self, stand_in: "StandIn", *, port: int):
        self.stand_in = stand_in
        self.is_stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="stand-in", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, cut what is open, and wait for all threads."""
        self.is_stopping.set()
        self.shutdown()
        self._thread.join()
        with self._open_lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def process_request(self, request: socket.socket, client_address: object) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:
        with self._open_lock:
            self._open.discard(request)
        if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == RESET_ON_CLOSE:
            self.close_request(request)  # no orderly shutdown, which would send FIN first
        else:
            super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that went away; anything else is a mistake of ours and shown."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: StandInServer
    server_version, sys_version = "clarity-stand-in", ""
    timeout = IDLE_TIMEOUT_S
    _at: datetime | None = None

    def log_message(self, *_: object) -> None:
        """Silent: `calls` says what was asked."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The Date header: the stand-in's instant of this request, not the system's."""
        return format_datetime(self._at or self.server.stand_in.now(), usegmt=True)

    def do_GET(self) -> None:
        stand_in, url = self.server.stand_in, urlsplit(self.path)
        if url.path == f"{API_PATH}/project-live-insights":
            reply = stand_in.ask(parse_qs(url.query), self.headers.get("Authorization"))
            self._at = reply.at
            if reply.delay_s and self.server.is_stopping.wait(reply.delay_s):
                return
            if reply.status is None:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
                return
            self._send(reply.status, reply.body, reply.content_type)
        elif url.path == "/_control/calls":
            self._send_json(200, stand_in.calls)
        elif url.path == "/_control/clock":
            self._send_json(200, {"now": stand_in.now()})
        else:
            self._send_json(404, {"error": f"nothing is at {url.path}; see {API_PATH}/project-live-insights"})

    def do_POST(self) -> None:
        """Control from another process; a mistake in the body is answered with 400 and its rule."""
        steer = {"/_control/clock": self._clock, "/_control/fault": self._fault, "/_control/heal": self._heal}
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        action = steer.get(urlsplit(self.path).path)
        if action is None:
            self._send_json(404, {"error": f"nothing is at {self.path}; known are {', '.join(steer)}"})
            return
        try:
            action(**(orjson.loads(body) if body else {}))
        except (RequestRefused, ValueError, TypeError) as error:
            self._send_json(400, {"error": str(error)})
        else:
            self._send_json(200, {"now": self.server.stand_in.now()})

    def _clock(self, *, now: str, speed: float | None = None) -> None:
        self.server.stand_in.set_clock(datetime.fromisoformat(now), speed=speed)

    def _fault(self, *, kind: str | int, **limits: object) -> None:
        self.server.stand_in.fail(kind, **limits)

    def _heal(self) -> None:
        self.server.stand_in.heal()

    def _send_json(self, status: int, value: object) -> None:
        self._send(status, orjson.dumps(value), "application/json; charset=utf-8")

    def _send(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
