"""A reserved request in; two lines of the API's log out: what is asked, and what came of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Protocol

from clarity_assets import errors
from clarity_assets.clarity.requests import ClarityRequest
from clarity_assets.operations.logs import log_event
from clarity_assets.settings import Settings


class Slot(Protocol):
    """A reserved request; `left` are the requests left after it, `duration_s` the seconds that its answer took."""

    request: ClarityRequest
    num_of_days: int
    request_id: str
    day: date
    purpose: str
    left: int
    duration_s: float | None


@contextmanager
def logged_request(
    settings: Settings, slot: Slot, *, clock: Callable[[], datetime], run_id: str | None
) -> Iterator[None]:
    """Log the request as reserved, and after the body (that sends it and stores its answer) its outcome.

    A `reserved` line without a second one is of a process that ended between: the request may have been spent.
    """
    facts = {
        "request_id": slot.request_id, "request": slot.request.name, "num_of_days": slot.num_of_days,
        "purpose": slot.purpose, "for_date": slot.day, "run_id": run_id,
    }  # fmt: skip
    log_event(settings, "api", now=clock(), **facts, outcome="reserved", left=slot.left)
    outcome, http_status, error = "answered", 200, None
    try:
        yield
    except errors.ApiError as caught:
        outcome, http_status, error = caught.outcome, caught.http_status, caught
        raise
    except errors.WarehouseError as caught:
        outcome, http_status, error = "not_stored", None, caught
        raise
    except errors.ClarityAssetsError as caught:
        error = caught  # it was answered; what the day needs besides it was refused
        raise
    except BaseException as caught:
        outcome, http_status, error = "interrupted", None, type(caught).__name__
        raise
    finally:
        log_event(
            settings, "api", now=clock(), **facts, outcome=outcome, http_status=http_status,
            duration_s=slot.duration_s, left=_left(slot.left, outcome), error=error,
        )  # fmt: skip


def _left(left: int, outcome: str) -> int:
    """What is left: nothing after a 429; a request that was never sent is given back."""
    return {"rate_limited": 0, "not_sent": left + 1}.get(outcome, left)
