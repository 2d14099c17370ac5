"""A folder of numbered ticket files, one a writer in the queue: draw one, see who is before it, give it back.

A ticket counts as long as its file is locked (flock). The kernel drops the lock with the process, so a killed writer's
ticket is dead at once, whatever is left in the folder. What filelock 4.2 does, and why it is used like this:

- `FileLock` opens and locks the file anew for every instance (no singleton unless asked), so that two threads exclude
  each other as two processes do; it never unlinks a lock file on Unix, so tickets are removed here.
- Trying a lock creates a missing file. That is harmless: numbers below a living ticket are never given out again.
- A forked child closes the inherited descriptors, so the lock stays with the process that took it.
"""

import contextlib
import json
import os
import socket
from dataclasses import dataclass, field, replace
from pathlib import Path

from filelock import FileLock, Timeout

from clarity_assets.warehouse.processes import own_command
from clarity_assets.warehouse.waiting import FIRST_PAUSE_S, Deadline

SUFFIX = ".ticket"
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
TICKET_BYTES = 4096  # always written whole and in one piece, so that a reader never meets half of it
LONGEST_TEXT = 200  # characters of a label or note: fits TICKET_BYTES even at 4 bytes each
LEAST_DRAW_S = 1.0  # drawing takes 0.3 ms; somebody else's drawing must not fail a caller without patience


@dataclass(frozen=True)
class Facts:
    """What a ticket says of its writer. `since` is when it was drawn, `held_since` when its turn came (ISO, UTC)."""

    pid: int = field(default_factory=os.getpid)
    host: str = field(default_factory=socket.gethostname)
    command: str = field(default_factory=own_command)
    label: str = ""
    note: str = ""
    since: str = ""
    held_since: str = ""

    def encoded(self) -> bytes:
        texts = {"label": self.label[:LONGEST_TEXT], "note": self.note[:LONGEST_TEXT]}
        return json.dumps(vars(self) | texts, ensure_ascii=False).encode(errors="replace").ljust(TICKET_BYTES)


@dataclass(frozen=True)
class Ticket:
    """A drawn ticket: it counts until `give_back`, or until its process ends."""

    number: int
    path: Path
    lock: FileLock
    pid: int = field(default_factory=os.getpid)

    def rewrite(self, facts: Facts) -> None:
        """Tell the others something new. The facts only serve messages, so that failing to write them is no error."""
        with contextlib.suppress(OSError):
            descriptor = os.open(self.path, os.O_WRONLY)
            try:
                os.write(descriptor, facts.encoded())
            finally:
                os.close(descriptor)

    def give_back(self) -> None:
        """Let the next one in. What cannot be removed is dead all the same, and the next writer removes it."""
        if os.getpid() != self.pid:
            return  # a forked copy of the writer: the ticket is its parent's
        with contextlib.suppress(OSError):
            os.unlink(self.path)
        self.lock.release()


class TicketFolder:
    """The sidecar folder of one warehouse file."""

    def __init__(self, folder: Path):
        self.folder = folder

    def draw(self, facts: Facts, *, deadline: Deadline) -> Ticket:
        """The next number, its file locked. Raises `filelock.Timeout` where another one's drawing does not end."""
        make_private_folder(self.folder)
        drawing = _lock(self.folder / "draw.lock")
        with drawing.acquire(timeout=max(deadline.left_s, LEAST_DRAW_S), poll_interval=FIRST_PAUSE_S):
            before = self.numbers()
            if not before:
                facts = replace(facts, held_since=facts.since)  # its turn comes at once: written once
            number = max(before, default=0) + 1
            path = self._path(number)

            def tell(descriptor: int) -> None:
                with contextlib.suppress(OSError):  # a full disk, say: whoever opens the warehouse says so
                    os.write(descriptor, facts.encoded())

            lock = _lock(path, on_acquired=tell)
            lock.acquire(blocking=False)
        return Ticket(number, path, lock)

    def numbers(self) -> list[int]:
        """The numbers of all tickets that lie here, dead ones too, in order."""
        stems = (name.removesuffix(SUFFIX) for name in os.listdir(self.folder) if name.endswith(SUFFIX))
        return sorted(int(stem) for stem in stems if stem.isdigit())

    def is_alive(self, number: int) -> bool:
        """Whether the ticket's writer still is in the queue; a dead writer's ticket is removed.

        Only for numbers below one's own: a higher one may be in the middle of being drawn.
        """
        path = self._path(number)
        probe = _lock(path)
        try:
            probe.acquire(blocking=False)
        except (Timeout, PermissionError):  # another user's ticket cannot be tried: it counts
            return True
        with contextlib.suppress(OSError):
            os.unlink(path)
        probe.release()
        return False

    def alive_before(self, number: int) -> list[int]:
        """The numbers of the living tickets before this one, the holder's first."""
        return [n for n in self.numbers() if n < number and self.is_alive(n)]

    def first_alive_before(self, number: int) -> int | None:
        """The number that is served before this one, or None: then it is this one's turn."""
        return next((n for n in self.numbers() if n < number and self.is_alive(n)), None)

    def read(self, number: int) -> Facts | None:
        """What the ticket says; None where it is gone or cannot be read."""
        try:
            return Facts(**json.loads(self._path(number).read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:08d}{SUFFIX}"


def make_private_folder(folder: Path) -> None:
    """Make the folder and what is missing above it, for this user alone; what exists stays as it is."""
    try:
        folder.mkdir(mode=PRIVATE_FOLDER)
    except FileExistsError:
        return
    except FileNotFoundError:
        make_private_folder(folder.parent)
        folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)


def _lock(path: Path, **options) -> FileLock:
    # not thread_local: whoever closes a generator may be another thread than the one that began it.
    # No soft lock in place of flock: it would outlive a killed process.
    return FileLock(path, mode=PRIVATE_FILE, thread_local=False, fallback_to_soft=False, **options)
