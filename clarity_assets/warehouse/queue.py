"""Writers in, one at a time out: a fair queue across processes and threads, in a folder beside the DuckDB file."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from filelock import Timeout

from clarity_assets.errors import WarehouseBusy
from clarity_assets.warehouse.tickets import Facts, Ticket, TicketFolder
from clarity_assets.warehouse.troubles import os_trouble
from clarity_assets.warehouse.waiting import Deadline, pauses

# who holds a turn in this process: (file, process, thread) -> label. The process is part of the key because a forked
# child inherits the dict, and its only thread has its parent's identity.
_HELD: dict[tuple[str, int, int], str] = {}


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Turn:
    """A turn that one has: nobody else of the queue has the file until it ends."""

    def __init__(self, ticket: Ticket, facts: Facts):
        self._ticket = ticket
        self._facts = facts

    def note(self, text: str) -> None:
        """Tell those who wait what this turn waits for itself."""
        if text != self._facts.note:
            self._facts = replace(self._facts, note=text)
            self._ticket.rewrite(self._facts)


class WriterQueue:
    """The queue of all who want `path`. First come, first served; a killed one never blocks the others."""

    def __init__(self, path: Path | str, *, clock: Callable[[], datetime] = _utc_now):
        self.path = Path(os.path.realpath(path))  # two spellings of one file share one queue
        self.folder = self.path.with_name(self.path.name + ".queue")
        self._tickets = TicketFolder(self.folder)
        self._clock = clock

    @contextmanager
    def turn(self, *, timeout_s: float, label: str = "") -> Iterator[Turn]:
        """Wait for one's turn and have it until the body ends.

        Raises WarehouseBusy past the deadline, naming the holder, and at once where this very thread has a turn
        already; WarehouseUnwritable or WarehouseFull where the queue's folder cannot be made or written.
        """
        holder = (str(self.path), os.getpid(), threading.get_ident())
        self._refuse_second_turn(holder)
        deadline = Deadline(timeout_s)
        facts = Facts(label=label, since=self._clock().isoformat())
        ticket = self._draw(facts, deadline)
        try:
            facts = self._wait(ticket, facts, deadline)
            _HELD[holder] = label
            yield Turn(ticket, facts)
        finally:
            _HELD.pop(holder, None)
            ticket.give_back()

    def _refuse_second_turn(self, holder: tuple[str, int, int]) -> None:
        if holder in _HELD:
            raise WarehouseBusy(
                f"{self.path} is open already in this very thread (PID {holder[1]}, {threading.current_thread().name}"
                f"{_quoted(_HELD[holder])}), which would wait for itself for ever; "
                "use the connection that is open, or close it first"
            )

    def _draw(self, facts: Facts, deadline: Deadline) -> Ticket:
        try:
            return self._tickets.draw(facts, deadline=deadline)
        except Timeout as error:
            raise WarehouseBusy(
                f"{self.path} is busy: no number could be drawn within {deadline.waited_s:.1f} s, because a process "
                f"keeps {self.folder / 'draw.lock'} locked (a suspended one?); `fuser` on that file names it: end it "
                "and try again"
            ) from error
        except OSError as error:
            raise os_trouble(error, self.path) from error

    def _wait(self, ticket: Ticket, facts: Facts, deadline: Deadline) -> Facts:
        """Return once all before us have left; the facts then say since when we hold the turn."""
        served, waits = None, pauses()
        try:
            while (first := self._tickets.first_alive_before(ticket.number)) is not None:
                if first != served:
                    served, waits = first, pauses()  # the queue moves: look more often again
                if not deadline.left_s:
                    before = self._tickets.alive_before(ticket.number)
                    if not before:  # they have left this very moment
                        break
                    raise WarehouseBusy(self._busy(before, deadline))
                time.sleep(min(next(waits), deadline.left_s))
        except OSError as error:
            raise os_trouble(error, self.path) from error
        facts = replace(facts, held_since=self._clock().isoformat())
        if ticket.number > 1:  # number 1 came first and said so when it was drawn
            ticket.rewrite(facts)
        return facts

    def _busy(self, before: list[int], deadline: Deadline) -> str:
        holder = self._tickets.read(before[0])
        others = len(before) - 1
        waiting = f"; {others} more {'waits' if others == 1 else 'wait'} before us" if others > 0 else ""
        return (
            f"{self.path} is busy: {self._described(holder)}{waiting}; we waited {deadline.waited_s:.1f} s. Let that "
            "process end or end it yourself and try again, or allow a longer wait (CLARITY_WAREHOUSE_TIMEOUT_S)"
        )

    def _described(self, holder: Facts | None) -> str:
        if holder is None:
            return f"a process whose ticket in {self.folder} cannot be read has it"
        host = "" if holder.host == socket.gethostname() else f" on {holder.host}"
        who = f"PID {holder.pid}{host} (`{holder.command}`{_quoted(holder.label)})"
        note = f" and {holder.note}" if holder.note else ""
        if not holder.held_since:
            return f"{who} is next in line{note}"
        held_s = max(0.0, (self._clock() - datetime.fromisoformat(holder.held_since)).total_seconds())
        return f"{who} has held it for {held_s:.1f} s{note}"


def _quoted(label: str) -> str:
    return f', "{label}"' if label else ""
