"""What a process began in; whether it was left unfinished out."""

from datetime import datetime, timedelta

from clarity_assets.processes import is_gone

LONGEST_CLAIM = timedelta(minutes=10)
"""A message that is being sent for longer is taken for interrupted: sending takes a minute at most."""


def is_abandoned(process: str | None, *, since: datetime | None, now: datetime) -> bool:
    """Whether what `process` began at `since` will not be finished by it.

    It is gone (on this machine), or took longer than anything takes (on another one, or after an error).
    """
    if process is None or since is None or now - since >= LONGEST_CLAIM:
        return True
    return is_gone(process)
