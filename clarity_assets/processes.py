"""A process in, a text that tells it from a later one with the same number out; and whether it is gone."""

import os
import socket

import psutil


def own_process() -> str:
    """This process: host/pid/start (epoch seconds)."""
    return f"{socket.gethostname()}/{os.getpid()}/{psutil.Process().create_time():.0f}"


def is_gone(process: str) -> bool:
    """Whether a process of this machine (`own_process` of it) has ended. Of another machine's nobody knows: False."""
    host, pid, started = process.rsplit("/", 2)
    return host == socket.gethostname() and not _is_alive(pid, started)


def _is_alive(pid: str, started: str) -> bool:
    try:
        return f"{psutil.Process(int(pid)).create_time():.0f}" == started
    except (psutil.NoSuchProcess, ValueError):
        return False
    except psutil.AccessDenied:
        return True  # it is there, of another user
