"""What can be wrong: a cause with its name, its weight, what is known of it and the next step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Severity = Literal["critical", "warning"]

KINDS = {
    "collection_failed": "Two days in a row are not collected",
    "budget_exceeded": "The day's requests are spent",
    "no_data": "No answer for 48 hours",
    "checks_failed": "Checks of a table fail",
    "database_error": "The warehouse cannot be used",
    "disk_low": "Little disk space is left",
    "day_endangered": "A day is about to be lost",
    "anomaly": "A figure is far outside of its own history",
    "threshold": "A limit of your own is passed",
    "run_failed": "A run failed",
    "run_ended": "A run took too long and was ended",
    "token_expires": "The API token expires",
    "backup_old": "There is no new backup",
    "delivery_failed": "Messages do not arrive",
    "delivery_interrupted": "A message may not have been sent",
    "report_held": "A report is held back",
    "warehouse_restored": "The warehouse was restored",
    "settings": "A setting is wrong",
}
"""Every kind of cause -> its title in the runbook, where its section is `docs/runbook.md#<kind with dashes>`."""

EVENTS = frozenset({"warehouse_restored"})
"""Kinds that happen rather than last: they stay open until `clarity-assets alerts ack ID`."""


@dataclass(frozen=True)
class Cause:
    """One thing that is wrong.

    `cause_id` is the same for as long as it lasts and begins with the kind: "collection_failed",
    "day_endangered:2026-10-04", "threshold:page_rage_click>100:shop.example/checkout". `title` is one line; `detail`
    has numbers and times; `next_step` is what to do.
    """

    cause_id: str
    kind: str
    severity: Severity
    title: str
    detail: str
    next_step: str


@dataclass(frozen=True)
class JobFacts:
    """A Dagster job's newest run. `last_status`: success, failure, canceled or running; `last_ended_at` is UTC."""

    job: str
    last_status: str
    last_run_id: str
    last_ended_at: datetime | None
    was_ended_for_time: bool
    error: str


@dataclass(frozen=True)
class Found:
    """What a condition says: causes that are there, and how those of the open ones ended that are over.

    An open cause that is in neither is unknown for now: it stays as it is.
    """

    causes: tuple[Cause, ...] = ()
    over: Mapping[str, str] = field(default_factory=dict)


def joined(found: "list[Found]") -> Found:
    """All that several conditions say."""
    over = {cause_id: how for one in found for cause_id, how in one.over.items()}
    return Found(tuple(cause for one in found for cause in one.causes), over)


def of_kind(open_ids: frozenset[str], kind: str) -> list[str]:
    """The open causes of a kind, in order."""
    return sorted(cause_id for cause_id in open_ids if cause_id.partition(":")[0] == kind)


def key_of(cause_id: str) -> str:
    """What stands after the kind: the date, the table, the job."""
    return cause_id.partition(":")[2]


def runbook_section(kind: str) -> str:
    """Where the runbook says more."""
    return f"docs/runbook.md#{kind.replace('_', '-')}"


def utc(instant: datetime) -> str:
    """Such as `2026-10-04 01:00 UTC`."""
    return f"{instant:%Y-%m-%d %H:%M} UTC"
