"""A local stand-in for Clarity's Data Export API: a simulated site in, its answers over HTTP out.

By hand: `python -m clarity_assets.demo.stand_in --port 8099 --first-day 2026-09-01 --days 45`.
"""

import argparse
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Self

import orjson

from clarity_assets.demo.answers import answer
from clarity_assets.demo.clock import Clock
from clarity_assets.demo.faults import REFUSALS, Fault, make_fault, spoil
from clarity_assets.demo.http_server import API_PATH, StandInServer
from clarity_assets.demo.site import SimulatedSite
from clarity_assets.demo.token import SCOPE, SUBJECT, make_token, read_token
from clarity_assets.errors import RequestRefused, TokenError

DAILY_LIMIT = 10  # requests a project and UTC day (Data Export docs, 2025-12)
LONGEST_DAYS = 3  # more days give no error, only the last three

JSON_TYPE, TEXT_TYPE = "application/json; charset=utf-8", "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Call:
    """One request for data: the stand-in's instant, what was asked, the answer's status (None: reset).

    `num_of_days` is None where it was missing or no number; `counted`: whether the daily limit lost one.
    """

    at: datetime
    num_of_days: int | None
    dimensions: tuple[str, ...]
    status: int | None
    counted: bool
    fault: str | None = None


@dataclass(frozen=True)
class Reply:
    """What the HTTP side sends after `delay_s`; status None resets the connection."""

    at: datetime
    status: int | None
    body: bytes
    content_type: str = TEXT_TYPE
    delay_s: float = 0.0


class StandIn:
    """The API of one project, as a context manager: `with StandIn(site, now=...) as api: api.base_url`.

    Its clock begins at `now` (None: where the site's days end), and the limit counts by its UTC days. Refused
    requests (400, 401, 403, 404, 429) do not count, all others do, even failed ones. `subject` is the
    project's internal number, which a token must name.
    """

    def __init__(
        self,
        site: SimulatedSite,
        *,
        now: datetime | None = None,
        speed: float = 0.0,
        port: int = 0,
        quota: int | None = DAILY_LIMIT,
        subject: str = SUBJECT,
    ):
        self.site, self.quota, self.subject = site, quota, subject
        self._clock = Clock(now or _end_of(site), speed=speed)
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._calls: list[Call] = []
        self._server: StandInServer | None = None
        self._port = port

    def start(self) -> Self:
        """Begin to answer. Raises OSError where the port is taken."""
        self._server = StandInServer(self, port=self._port)
        self._server.start()
        return self

    def stop(self) -> None:
        """Stop at once; requests under way are cut off."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        """For CLARITY_API_BASE_URL. Raises RuntimeError while it is not started."""
        if self._server is None:
            raise RuntimeError("the stand-in is not started; use it in a with statement")
        return f"http://127.0.0.1:{self._server.server_port}{API_PATH}"

    @property
    def calls(self) -> list[Call]:
        """Every request for data so far, in order."""
        with self._lock:
            return list(self._calls)

    def now(self) -> datetime:
        with self._lock:
            return self._clock()

    def set_clock(self, now: datetime, *, speed: float | None = None) -> None:
        """Set the clock (UTC without an offset), and how fast it runs (None: as before)."""
        with self._lock:
            self._clock.set(now, speed=speed)

    def fail(
        self,
        kind: str | int,
        *,
        times: int | None = None,
        dimensions: Sequence[str] | None = None,
        num_of_days: int | None = None,
        seconds: float = 1.0,
    ) -> None:
        """Fail so from now on (see `faults.KINDS`): so many times, on such requests; None means always, any.

        With several faults, the first that fits a request hits it. `seconds` are for `slow`.
        """
        fault = make_fault(kind, times=times, dimensions=dimensions, num_of_days=num_of_days, seconds=seconds)
        with self._lock:
            self._faults.append(fault)

    def heal(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._faults.clear()

    def token(self, *, lives_days: float = 365) -> str:
        """A token that this stand-in accepts, from its clock's now on."""
        return make_token(subject=self.subject, expires_at=self.now() + timedelta(days=lives_days))

    def ask(self, parameters: dict[str, list[str]], authorization: str | None) -> Reply:
        """Answer one request for data, given its query parameters and Authorization header."""
        dimensions = tuple(v for i in (1, 2, 3) if (v := parameters.get(f"dimension{i}", [""])[0]))
        days = _whole_number(parameters.get("numOfDays", [""])[0])
        with self._lock:
            now = self._clock()
            refusal, fault = self._refusal(now, dimensions, days, authorization)
            status = refusal if refusal else spoil(fault.kind, b"")[0] if fault else 200
            name = fault.kind if fault else None
            self._calls.append(Call(now, days, dimensions, status, not refusal, name))
        if refusal:
            return Reply(now, refusal, REFUSALS[str(refusal)].encode())
        return self._answer(now, dimensions, min(days, LONGEST_DAYS), fault)

    def _refusal(
        self, now: datetime, dimensions: tuple[str, ...], days: int | None, authorization: str | None
    ) -> tuple[int | None, Fault | None]:
        """The status that refuses a request, if any, and the fault that hits it, if any."""
        denied = _denied(authorization, now, self.subject)
        if denied:
            return denied, None
        if days is None or days < 1:
            return 400, None
        today = [c for c in self._calls if c.counted and c.at.date() == now.date()]
        if self.quota is not None and len(today) >= self.quota:
            return 429, None
        fault = next((f for f in self._faults if f.hits(dimensions, days)), None)
        if fault and fault.times is not None:
            fault.times -= 1
        return (int(fault.kind) if fault and fault.kind in REFUSALS else None), fault

    def _answer(self, now: datetime, dimensions: tuple[str, ...], days: int, fault: Fault | None) -> Reply:
        kind = fault.kind if fault else ""
        if kind == "dropped_dimension" and dimensions:
            dimensions = (*dimensions[:-1], "")  # an unknown name: dropped, as the API does
        blocks = answer(
            self.site,
            start=now - timedelta(hours=24 * days),
            end=now,
            dimensions=dimensions,
            crowded=kind == "truncated",
        )
        status, content_type, body = spoil(kind, orjson.dumps(blocks))
        return Reply(now, status, body, content_type, fault.seconds if kind == "slow" else 0.0)


def _end_of(site: SimulatedSite) -> datetime:
    return datetime.combine(site.first_day, datetime.min.time(), UTC) + timedelta(days=site.days)


def _whole_number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


def _denied(authorization: str | None, now: datetime, subject: str) -> int | None:
    """401 for a token that is missing, malformed or expired, 403 for another project's or another scope."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer":
        return 401
    try:
        claims = read_token(token, now=now)
    except TokenError:
        return 401
    return None if claims["sub"] == subject and claims["scope"] == SCOPE else 403


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a stand-in by hand until it is interrupted; prints its address and a token."""
    parser = argparse.ArgumentParser(prog="clarity_assets.demo.stand_in", description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8099, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--first-day", type=date.fromisoformat, required=True, help="first simulated UTC day")
    parser.add_argument("--days", type=int, default=45, help="number of simulated days")
    parser.add_argument("--sessions-per-day", type=int, default=900)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--now", type=datetime.fromisoformat, help="its clock, UTC; default: the end of the days")
    parser.add_argument("--speed", type=float, default=1.0, help="how fast its clock runs; 0 stands still")
    parser.add_argument("--quota", type=int, default=DAILY_LIMIT, help="requests a UTC day; 0 for no limit")
    given = parser.parse_args(arguments)
    try:
        site = SimulatedSite.generate(
            first_day=given.first_day,
            days=given.days,
            sessions_per_day=given.sessions_per_day,
            seed=given.seed,
        )
    except RequestRefused as error:
        parser.error(str(error))
    quota = given.quota or None
    with StandIn(site, now=given.now, speed=given.speed, port=given.port, quota=quota) as api:
        print(f"CLARITY_API_BASE_URL={api.base_url}\nCLARITY_API_TOKEN={api.token()}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
