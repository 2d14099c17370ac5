"""A process in, a text that tells it from a later one with the same number out; and whether it still runs."""

import os
import socket
from datetime import datetime, timedelta

import psutil

LONGEST_CLAIM = timedelta(minutes=10)
"""A message that is being sent for longer is taken for interrupted: sending takes a minute at most."""


def own_process() -> str:
    """This process: host/pid/start (epoch seconds)."""
    return f"{socket.gethostname()}/{os.getpid()}/{psutil.Process().create_time():.0f}"


def is_abandoned(process: str | None, *, since: datetime | None, now: datetime) -> bool:
    """Whether what `process` began at `since` will not be finished by it.

    It is gone (on this machine), or took longer than anything takes (on another one, or after an error).
    """
    if process is None or since is None or now - since >= LONGEST_CLAIM:
        return True
    host, pid, started = process.rsplit("/", 2)
    return host == socket.gethostname() and not _is_alive(pid, started)


def _is_alive(pid: str, started: str) -> bool:
    try:
        return f"{psutil.Process(int(pid)).create_time():.0f}" == started
    except (psutil.NoSuchProcess, ValueError):
        return False
    except psutil.AccessDenied:
        return True  # it is there, of another user
