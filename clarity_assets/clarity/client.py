"""One request to the Data Export API: dimensions and number of days in, the raw answer with its window's end out."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError, ReadTimeoutError

from clarity_assets import errors
from clarity_assets.clarity.pages import redact_text
from clarity_assets.clarity.requests import DIMENSIONS
from clarity_assets.clarity.token import NEXT_STEP, Token

MAX_BYTES = 64 * 1024 * 1024  # 9 blocks x 1,000 rows with URLs of 2,000 characters are 20 MB
FIRST_BYTES = 500  # kept of an unusable body, redacted
_CHUNK = 64 * 1024


@dataclass(frozen=True)
class RawAnswer:
    """A 200 with its body. `window_end` is the server's Date, or the local clock where it sent none."""

    body: bytes
    window_end: datetime
    window_end_source: str


class _Bearer(AuthBase):
    """Sets the header itself, so that no netrc entry replaces it; shows nothing of the token."""

    def __init__(self, token: Token):
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token.secret.get_secret_value()}"
        return request


class Pacer:
    """Keeps a pause between the requests of one process."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep, monotonic: Callable[[], float] = time.monotonic):
        self._sleep, self._monotonic, self._last = sleep, monotonic, None

    def wait(self, pause_s: float) -> None:
        """Sleep until `pause_s` seconds have passed since the last call."""
        if self._last is not None and (left := self._last + pause_s - self._monotonic()) > 0:
            self._sleep(left)
        self._last = self._monotonic()


@dataclass
class ClarityClient:
    """Sends requests, one at a time; `clock` gives the local instant in UTC."""

    base_url: str
    token: Token
    clock: Callable[[], datetime]
    connect_timeout_s: float = 10.0
    answer_timeout_s: float = 120.0
    connect_attempts: int = 1

    def fetch(self, dimensions: tuple[str, ...], *, num_of_days: int) -> RawAnswer:
        """The answer to one request.

        Raises RequestRefused before anything is sent; NotSent where the connection was refused; else the ApiError
        of the status, of a timeout or of a broken connection. Never retries what may have been sent.
        """
        params = check_parameters(dimensions, num_of_days=num_of_days)
        for attempt in range(1, self.connect_attempts + 1):
            try:
                return self._once(params)
            except errors.NotSent:
                if attempt == self.connect_attempts:
                    raise
                time.sleep(min(2**attempt, 30))
        raise AssertionError("connect_attempts is at least 1")

    def _once(self, params: dict[str, str]) -> RawAnswer:
        url = f"{self.base_url.rstrip('/')}/project-live-insights"
        host = urlsplit(url).hostname
        deadline = time.monotonic() + self.answer_timeout_s
        with requests.Session() as session:
            session.mount("http://", HTTPAdapter(max_retries=0))
            session.mount("https://", HTTPAdapter(max_retries=0))
            try:
                with session.get(
                    url,
                    params=params,
                    auth=_Bearer(self.token),
                    headers={"Accept": "application/json", "User-Agent": "clarity-assets"},
                    timeout=(self.connect_timeout_s, self.answer_timeout_s),
                    allow_redirects=False,
                    stream=True,
                ) as response:
                    body = self._read(response, deadline)
            except requests.exceptions.ConnectTimeout as error:
                raise errors.NotSent(
                    f"no connection to {host} within {self.connect_timeout_s:g} s; nothing was sent"
                ) from error
            except requests.exceptions.Timeout as error:
                raise self._timed_out() from error
            except requests.exceptions.ConnectionError as error:
                if error.args and isinstance(error.args[0], ReadTimeoutError):  # while the body was read
                    raise self._timed_out() from error
                raise _connection_error(error, host) from error
            except requests.exceptions.RequestException as error:
                raise errors.ConnectionLost(
                    f"the exchange with {host} broke: {type(error).__name__}; it may count"
                ) from error
        if response.status_code != 200:
            raise self._status_error(response.status_code, body)
        return self._answer(response, body)

    def _read(self, response: requests.Response, deadline: float) -> bytes:
        """The whole body, within the deadline (a server that drips is timed out too)."""
        parts, size = [], 0
        for chunk in response.iter_content(_CHUNK):
            parts.append(chunk)
            size += len(chunk)
            if time.monotonic() > deadline:
                raise self._timed_out()
            if size > MAX_BYTES:
                raise errors.UnusableAnswer(
                    f"the answer is larger than {MAX_BYTES:,} bytes", http_status=response.status_code
                )
        return b"".join(parts)

    def _timed_out(self) -> errors.TimedOut:
        return errors.TimedOut(
            f"no complete answer within {self.answer_timeout_s:g} s (CLARITY_ANSWER_TIMEOUT_S); the request may count"
        )

    def _answer(self, response: requests.Response, body: bytes) -> RawAnswer:
        try:
            told = parsedate_to_datetime(response.headers["Date"])
            end = told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
            return RawAnswer(body, end, "server")
        except (KeyError, ValueError, TypeError, OverflowError):
            return RawAnswer(body, self.clock(), "local clock")

    def _status_error(self, status: int, body: bytes) -> errors.ApiError:
        kind, text = {
            400: (errors.BadRequest, "the API refused the parameters; check CLARITY_EXTRA_REQUESTS"),
            401: (
                errors.Unauthorized,
                f"the API does not accept the token (revoked or replaced?); {NEXT_STEP}",
            ),
            403: (errors.Forbidden, f"the token has no right to this project's export; {NEXT_STEP}"),
            429: (
                errors.RateLimited,
                "the project's daily limit is spent; nothing more is asked until the quota day is over",
            ),
            404: (errors.ServerFailed, "nothing is served there; check CLARITY_API_BASE_URL"),
        }.get(status, (errors.ServerFailed, "no answer; the request may count"))
        what = "with an empty body" if not body.strip() else "with a body (its start is in ops.api_request.first_bytes)"
        return kind(f"HTTP {status} {what}: {text}", http_status=status, first_bytes=first_bytes(body, self.token))


def check_parameters(dimensions: tuple[str, ...], *, num_of_days: int) -> dict[str, str]:
    """The query parameters. Raises RequestRefused for what the API would refuse, or worse, ignore in silence."""
    if num_of_days not in (1, 2, 3):
        raise errors.RequestRefused(
            f"numOfDays={num_of_days!r}: the API knows 1, 2 and 3 (more gives the last 3 days without a word)"
        )
    if len(dimensions) > 3 or len(set(dimensions)) != len(dimensions):
        raise errors.RequestRefused(f"dimensions {dimensions!r}: the API takes up to three different ones")
    for dimension in dimensions:
        if dimension not in DIMENSIONS:
            raise errors.RequestRefused(f"dimension {dimension!r} is not known; known are {', '.join(DIMENSIONS)}")
    named = {f"dimension{i}": dimension for i, dimension in enumerate(dimensions, 1)}
    return {"numOfDays": str(num_of_days), **named}


def first_bytes(body: bytes, token: Token) -> str:
    """The start of a body for diagnosis, without the token and without query strings."""
    text = body[: 4 * FIRST_BYTES].decode("utf-8", "replace").replace(token.secret.get_secret_value(), "(token)")
    return redact_text(text)[:FIRST_BYTES]


def _connection_error(error: requests.exceptions.ConnectionError, host: str) -> errors.ApiError:
    """NotSent where the socket was never connected, else ConnectionLost.

    An error of the TLS handshake or of a proxy counts as possibly sent: only a refused connection is certain.
    """
    reason = getattr(error.args[0], "reason", error.args[0]) if error.args else None
    if isinstance(reason, ProxyError) and isinstance(reason.original_error, (NewConnectionError, ConnectTimeoutError)):
        return errors.NotSent(
            f"no connection to the proxy before {host} (HTTP_PROXY, HTTPS_PROXY); nothing was sent - is it running?"
        )
    if isinstance(reason, (NewConnectionError, ConnectTimeoutError)):
        return errors.NotSent(
            f"no connection to {host} ({type(reason).__name__}); nothing was sent - is CLARITY_API_BASE_URL right?"
        )
    return errors.ConnectionLost(f"the connection to {host} broke after the request may have been sent; it may count")
