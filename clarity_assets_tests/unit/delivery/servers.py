"""A mail server and a web server of this machine, told what to answer; what they were given, as tests look at it."""

import email
import email.policy
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class MailServer:
    """`answers` are given to one mail after the other, then 250. `refuse`: recipient -> answer. `wait_s` before it
    answers a mail that is there whole."""

    port: int = 0
    answers: list[str] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    wait_s: float = 0.0
    envelopes: list = field(default_factory=list)
    is_asked: threading.Event = field(default_factory=threading.Event)

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:
        import asyncio

        self.is_asked.set()
        await asyncio.sleep(self.wait_s)
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith("2"):
            self.envelopes.append(envelope)
        return answer

    def url(self, to: str = "ux@shop.example", *, user: str = "", **more: str) -> str:
        """Its address as apprise spells it."""
        query = "&".join(["from=Bot%20<bot@shop.example>", f"to={to}", *(f"{k}={v}" for k, v in more.items())])
        return f"mailto://{user}127.0.0.1:{self.port}?{query}"

    @property
    def mails(self) -> list[EmailMessage]:
        return [email.message_from_bytes(e.content, policy=email.policy.default) for e in self.envelopes]


class _OnAnyPort(Controller):
    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # it would greet itself at port 0
        super()._trigger_server()


def tls_context(folder: Path) -> ssl.SSLContext:
    """A server's TLS with a certificate that nobody has signed, for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    until = datetime(2126, 1, 1, tzinfo=UTC)
    built = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), datetime(2026, 1, 1, tzinfo=UTC), until
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*paths)
    return context


@contextmanager
def mail_server(**more) -> Iterator[MailServer]:
    handler = MailServer()
    controller = _OnAnyPort(handler, hostname="127.0.0.1", port=0, data_size_limit=40_000_000, **more)
    controller.start()
    try:
        handler.port = controller.port
        yield handler
    finally:
        controller.stop()


@dataclass
class Webhook:
    """`answers` are the statuses it gives, one after the other, then 200."""

    port: int = 0
    answers: list[int] = field(default_factory=list)
    wait_s: float = 0.0
    requests: list[tuple[str, dict, bytes]] = field(default_factory=list)

    def url(self, path: str = "/hooks/S3CRETPATH", *, scheme: str = "json", **more: str) -> str:
        query = "&".join(f"{name}={value}" for name, value in more.items())
        return f"{scheme}://127.0.0.1:{self.port}{path}" + (f"?{query}" if query else "")

    @property
    def bodies(self) -> list[dict]:
        return [json.loads(body) for _, _, body in self.requests]


@contextmanager
def webhook() -> Iterator[Webhook]:
    told = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.requests.append((self.path, dict(self.headers), body))
            time.sleep(told.wait_s)
            self.send_response(told.answers.pop(0) if told.answers else 200)
            self.end_headers()

        def log_message(self, *args) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    told.port = server.server_address[1]
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def silent_server() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def unused_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
