"""A restored file that nobody uses yet in; the same with the answers kept since, and a budget that is safe, out."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from clarity_assets.backups.answer_files import archived_since
from clarity_assets.clarity import store
from clarity_assets.clarity.importing import import_answers
from clarity_assets.clarity.quota import PLAN, Ledger, naive
from clarity_assets.clarity.requests import all_requests
from clarity_assets.settings import Settings
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.tables import transaction

MARGIN = timedelta(days=1)  # before the backup: an answer that was landing while it was made, or a clock that was off
AT_ONCE = 100  # files read at a time: 150 MB of full-sized answers
UNKNOWN = "unknown"  # request of a slot of which nobody knows what it was spent for

_LEARN = """
insert into ops.api_request by name
select request_id, project_id, request, num_of_days, if(num_of_days = 1, 'plan', 'reserve') as purpose,
       cast(window_end as date) - num_of_days as for_date, received_at as reserved_at, received_at as finished_at,
       if(quarantine_reason is null, 'answered', 'quarantined') as outcome, 200 as http_status
from ops.clarity_answer as answer
where origin = 'api' and request_id is not null
  and not exists (select 1 from ops.api_request as slot where slot.request_id = answer.request_id)
"""
_FINISH = """
update ops.api_request as slot
set outcome = if(answer.quarantine_reason is null, 'answered', 'quarantined'), finished_at = answer.received_at,
    http_status = 200
from ops.clarity_answer as answer
where answer.request_id = slot.request_id and slot.outcome = 'reserved'
"""


@dataclass(frozen=True)
class CaughtUp:
    """Answers that came back from their files, files that did not and why, and slots that count as maybe spent."""

    imported: int = 0
    refused: tuple[str, ...] = ()
    maybe_spent: int = 0


def catch_up(
    settings: Settings, file: Path, *, since: datetime | None, now: datetime, reason: str, nothing_spent_since: bool
) -> CaughtUp:
    """Import the answers kept since the backup (None: all), learn their slots, and mark the rest of the budget.

    `file` is the restored one, not in use yet: what fails here leaves the working file alone. Where there is nothing
    to do it is not opened, and keeps its hash.
    """
    files = archived_since(settings, since and since - MARGIN)
    settings = settings.model_copy(update={"warehouse": file})
    new = _not_stored(settings, files) if files else []
    imported, refused = 0, []
    for first in range(0, len(new), AT_ONCE):
        done = import_answers(settings, tuple(files[answer_id] for answer_id in new[first : first + AT_ONCE]))
        imported, refused = imported + done.stored, refused + done.refused
    marked = 0
    if imported or not nothing_spent_since:
        opened = open_warehouse(settings.warehouse, timeout_s=settings.warehouse_timeout_s, label="after a restore")
        with opened as con:
            with transaction(con):
                store.ensure_tables(con, all_requests(extras=settings.extra_requests, order=settings.request_order))
                con.execute(_LEARN)
                con.execute(_FINISH)
                marked = 0 if nothing_spent_since else _mark_budget(con, settings, now=now, reason=reason)
            con.execute("checkpoint")
    return CaughtUp(imported, tuple(refused), marked)


def _not_stored(settings: Settings, files: dict) -> list[str]:
    con = duckdb.connect(str(settings.warehouse), read_only=True)
    try:
        if not con.execute("select 1 from duckdb_tables() where table_name = 'clarity_answer'").fetchall():
            return list(files)
        known = con.execute("select answer_id from ops.clarity_answer where answer_id in ?", [list(files)]).fetchall()
    finally:
        con.close()
    return [answer_id for answer_id in files if (answer_id,) not in known]


def _mark_budget(con: duckdb.DuckDBPyConnection, settings: Settings, *, now: datetime, reason: str) -> int:
    """Fill the quota day of every project: what was spent since the backup is not known, so all of it may be."""
    projects = {settings.need_project()}
    projects |= {name for (name,) in con.execute("select project_id from ops.clarity_project").fetchall()}
    marked = 0
    for project_id in sorted(projects):
        ledger = Ledger(con, project_id, settings.quota_limit, settings.quota_reserve, settings.quota_day)
        budget = ledger.budget(now=now)
        slots = max(0, budget.limit - budget.spent)
        marked += slots
        for _ in range(slots):
            con.execute(
                """insert into ops.api_request (request_id, project_id, request, purpose, reserved_at, finished_at,
                                                outcome, error)
                   values ($id, $project, $request, $purpose, $now, $now, 'reserved', $reason)""",
                {"id": uuid.uuid4().hex, "project": project_id, "request": UNKNOWN, "purpose": PLAN, "now": naive(now),
                 "reason": reason},
            )  # fmt: skip
    return marked
