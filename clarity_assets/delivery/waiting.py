"""A time and the settings' quiet hours in, whether to wait out; attempts in, the pause before the next out."""

from datetime import datetime, time, timedelta

PAUSES_MIN = (1, 5, 15, 60, 180, 360)
"""Minutes after the first, second, … attempt: short for a server that restarts, long for one that is away for a night;
the last one repeats."""


def is_quiet(quiet_hours: str, *, now: datetime) -> bool:
    """Whether `now` (UTC) lies within hours such as `22:00-07:00` (half-open; over midnight where the end is earlier).

    Nothing, and hours that end when they begin, are never quiet.
    """
    if not quiet_hours:
        return False
    start, end = (time.fromisoformat(part) for part in quiet_hours.split("-"))
    at = now.time()
    if start <= end:
        return start <= at < end
    return at >= start or at < end


def quiet_until(quiet_hours: str, *, now: datetime) -> datetime:
    """The end of the quiet hours that `now` lies within; `now` itself where it lies within none."""
    if not is_quiet(quiet_hours, now=now):
        return now
    end = time.fromisoformat(quiet_hours.split("-")[1])
    at = now.replace(hour=end.hour, minute=end.minute, second=0, microsecond=0)
    return at if at > now else at + timedelta(days=1)


def pause_after(attempts: int) -> timedelta:
    """How long to wait after this many attempts."""
    return timedelta(minutes=PAUSES_MIN[min(max(attempts, 1), len(PAUSES_MIN)) - 1])
