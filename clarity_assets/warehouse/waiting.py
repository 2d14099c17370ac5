"""A timeout in, a deadline and rising pauses out: how everything in this package waits."""

import time
from collections.abc import Iterator

FIRST_PAUSE_S = 0.005  # most turns last milliseconds
LONGEST_PAUSE_S = 0.05  # so that a free warehouse never stands idle for longer than a person would notice
PAUSE_GROWTH = 1.5


class Deadline:
    """The instant `timeout_s` seconds after it was made, on a clock that nobody can set."""

    def __init__(self, timeout_s: float):
        self._start_s = time.monotonic()
        self._timeout_s = timeout_s

    @property
    def waited_s(self) -> float:
        """Seconds since the deadline was made."""
        return time.monotonic() - self._start_s

    @property
    def left_s(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self._timeout_s - self.waited_s)


def pauses() -> Iterator[float]:
    """Endless seconds to sleep between two tries: short at first, then up to `LONGEST_PAUSE_S`."""
    pause_s = FIRST_PAUSE_S
    while True:
        yield pause_s
        pause_s = min(pause_s * PAUSE_GROWTH, LONGEST_PAUSE_S)
