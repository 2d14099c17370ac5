"""What can go wrong with the API, for drills: a request in, the fault it meets and the spoiled answer out."""

from collections.abc import Sequence
from dataclasses import dataclass

from clarity_assets.errors import RequestRefused

REFUSALS = {
    "400": "Bad request",
    "401": "Unauthorized",
    "403": "Forbidden",
    "429": "Exceeded daily limit",
}
"""Faults that refuse the request: status and text; a refused request does not count."""

SPOILED = {
    "500": "500 with an empty body",
    "empty_200": "200 with an empty body",
    "html_200": "200 with an HTML page",
    "cut_json": "200, the JSON cut off in the middle",
    "wrong_shape": "200, JSON that is no list of blocks",
    "slow": "the whole answer, but only after `seconds`",
    "reset": "the connection is reset after the request was read",
    "dropped_dimension": "200, but the last dimension asked for is in no row",
    "truncated": "200, requests by URL split by click ids until blocks exceed 1,000 rows and are cut",
}
"""Faults of a request that counts."""

KINDS = (*REFUSALS, *SPOILED)

HTML_PAGE = b"<!DOCTYPE html><html><head><title>Clarity</title></head><body>Back soon.</body></html>"


@dataclass
class Fault:
    """One fault: which requests it hits (None: any) and how many more times (None: until it is healed)."""

    kind: str
    times: int | None = None
    dimensions: frozenset[str] | None = None
    num_of_days: int | None = None
    seconds: float = 1.0

    def hits(self, dimensions: Sequence[str], num_of_days: int) -> bool:
        return (
            self.times != 0
            and (self.dimensions is None or self.dimensions == frozenset(dimensions))
            and (self.num_of_days is None or self.num_of_days == num_of_days)
        )


def make_fault(
    kind: str | int,
    *,
    times: int | None = None,
    dimensions: Sequence[str] | None = None,
    num_of_days: int | None = None,
    seconds: float = 1.0,
) -> Fault:
    """A fault of `KINDS`; `dimensions=()` hits requests without any. Raises RequestRefused for bad values."""
    kind = str(kind)
    if kind not in KINDS:
        raise RequestRefused(f"{kind!r} is no kind of fault; known are {', '.join(KINDS)}")
    for name, value in (("times", times), ("num_of_days", num_of_days)):
        if value is not None and (not isinstance(value, int) or value < 1):
            raise RequestRefused(f"{name}={value!r} must be a whole number from 1 on, or left out")
    if isinstance(dimensions, str):
        raise RequestRefused(f"dimensions={dimensions!r} must be a list, such as [{dimensions!r}]")
    if not isinstance(seconds, int | float) or seconds < 0:
        raise RequestRefused(f"seconds={seconds!r} must be a number from 0 on")
    return Fault(kind, times, None if dimensions is None else frozenset(dimensions), num_of_days, seconds)


def spoil(kind: str, body: bytes) -> tuple[int | None, str, bytes]:
    """Status (None: reset the connection), content type and body that a fault leaves of an answer."""
    json_type = "application/json; charset=utf-8"
    match kind:
        case "500":
            return 500, "text/plain", b""
        case "empty_200":
            return 200, json_type, b""
        case "html_200":
            return 200, "text/html; charset=utf-8", HTML_PAGE
        case "cut_json":
            return 200, json_type, body[: len(body) * 2 // 3]
        case "wrong_shape":
            return 200, json_type, b'{"message": "An error has occurred."}'
        case "reset":
            return None, json_type, b""
        case _:
            return 200, json_type, body
