"""Two simulated sites in a row and a clock in; the file of each UTC day's events, as soon as the day has ended, out."""

import threading
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Self

from clarity_assets.demo.event_files import write_event_files
from clarity_assets.demo.events import SiteEvents
from clarity_assets.demo.sites_in_a_row import SitesInARow

DAY = timedelta(days=1)
STOP_TIMEOUT_S = 10.0


class EventsGoOn:
    """Drops `YYYY-MM-DD.jsonl.gz` for each day from `first` on that is over by `clock`, beside whatever else is done.

    As a context manager; it ends with the block, or with the sites' days. A day that was dropped before, in part or as
    a whole, is dropped whole: what is known of it is known by its event ids.
    """

    def __init__(
        self,
        sites: SitesInARow,
        folder: Path,
        *,
        first: date,
        clock: Callable[[], datetime],
        look_every_s: float = 1.0,
    ):
        self._sites, self._folder, self._first = sites, folder, first
        self._clock, self._look_every_s = clock, look_every_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="events go on", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(STOP_TIMEOUT_S)  # it may be drawing: a daemon, it ends with the process at the latest

    def _run(self) -> None:
        for day, events in self._days():
            while self._clock().date() <= day:
                if self._stopped.wait(self._look_every_s):
                    return
            write_event_files([(day, events)], self._folder)

    def _days(self) -> Iterator[tuple[date, list[dict]]]:
        """Each day from the first one on. Sessions of the first site's last evening go on in the second one's days."""
        border = self._sites.second.first_day
        first = SiteEvents.of(self._sites.first)
        yield from first.days(first=self._first, last=border - DAY)
        second = SiteEvents.of(self._sites.second, sessions_before=len(self._sites.first.starts_s))
        [(_, overhang)] = first.days(first=border, last=border)
        for day, events in second.days(first=border, last=border + self._sites.second.days * DAY):
            yield day, overhang + events if day == border else events
