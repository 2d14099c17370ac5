"""What is known: the warehouse in, the last days' states, the budget and the gaps out."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from clarity_assets.clarity import store
from clarity_assets.clarity.quota import Budget, ledger_of
from clarity_assets.clarity.settle import Settlement
from clarity_assets.clarity.store import DayState
from clarity_assets.clarity.windows import newest_complete_day
from clarity_assets.settings import Settings
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.query import one
from clarity_assets.warehouse.tables import transaction

_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}(?: \d{2}:\d{2})?")


@dataclass(frozen=True)
class Gap:
    """Days in a row that one request does not know, for one cause."""

    request: str
    first: date
    last: date
    status: str
    cause: str


@dataclass(frozen=True)
class Status:
    """`days` by request in the plan's order and by date; `counts` over all days ever: request -> status -> days."""

    days: list[DayState]
    budget: Budget
    gaps: list[Gap]
    counts: dict[str, dict[str, int]]
    answers: int
    requests_sent: int


def read_status(settings: Settings, *, days: int = 14) -> Status:
    """The state of the project, settled for this instant (a day that can no longer be asked becomes lost)."""
    now = settings.clock()
    opened = open_warehouse(settings.warehouse, timeout_s=settings.warehouse_timeout_s, label="status")
    with opened as con, transaction(con):
        settlement = Settlement(con, settings, now)
        store.ensure_tables(con, settlement.requests)
        settlement.settle_all()
        states = {
            r.name: list(store.load_days(con, settlement.project_id, r.name).values()) for r in settlement.requests
        }
        budget = ledger_of(con, settings).budget(now=now)
        answers, sent = one(
            con,
            """select (select count(*) from ops.clarity_answer where project_id = $project),
                      (select count(*) from ops.api_request where project_id = $project and outcome <> 'not_sent')""",
            {"project": settlement.project_id},
        )
    first = newest_complete_day(now) - timedelta(days=days - 1)
    recent = [s for name in states for s in states[name] if s.date >= first]
    gaps = [gap for name in states for gap in _gaps(states[name])]
    counts = {name: {} for name in states}
    for name, known in states.items():
        for state in known:
            counts[name][state.status] = counts[name].get(state.status, 0) + 1
    return Status(recent, budget, gaps, counts, answers, sent)


def _gaps(states: list[DayState]) -> list[Gap]:
    """Neighbouring unknown days of one status and kind of cause as one gap.

    A lost gap is named by its last day's cause; a pending one by its first day's, whose deadline is the nearest.
    """
    unknown = [s for s in states if not s.is_known]
    numbered = groupby(enumerate(unknown), key=lambda e: (e[1].date.toordinal() - e[0], e[1].status, _kind(e[1])))
    gaps = []
    for _, run in numbered:
        members = [state for _, state in run]
        telling = members[0] if members[0].status == store.PENDING else members[-1]
        gaps.append(Gap(telling.request, members[0].date, members[-1].date, telling.status, telling.cause or ""))
    return gaps


def _kind(state: DayState) -> str:
    """A day's cause without what differs from day to day: dates, times and the count of attempts."""
    return _INSTANT.sub("…", (state.cause or "").partition(" (")[0])
