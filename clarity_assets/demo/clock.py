"""The stand-in's clock: an instant and a speed in, the current instant (UTC, whole seconds) out."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """The stand-in's clock, whole seconds in UTC: it stands still, or runs `speed` times as fast as time."""

    def __init__(self, now: datetime, *, speed: float = 0.0, monotonic: Callable[[], float] = time.monotonic):
        self._monotonic = monotonic
        self.set(now, speed=speed)

    def set(self, now: datetime, *, speed: float | None = None) -> None:
        self.speed = self.speed if speed is None else speed
        self._origin = (now.replace(tzinfo=UTC) if now.tzinfo is None else now).astimezone(UTC)
        self._since = self._monotonic()

    def __call__(self) -> datetime:
        passed = timedelta(seconds=(self._monotonic() - self._since) * self.speed)
        return (self._origin + passed).replace(microsecond=0)
