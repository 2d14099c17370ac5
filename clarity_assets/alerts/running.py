"""The newest run of each Dagster job in; the jobs that failed or were ended out."""

import re

from clarity_assets.alerts.causes import Cause, Found, JobFacts
from clarity_assets.errors import ApiError, DayLost, DayNotOver, DayPending, QuotaExhausted, TokenError, WarehouseError
from clarity_assets.reports.rendering.texts import printable, shorten

COLLECTING = frozenset({"daily", "collect"})
LONGEST_ERROR = 400  # characters

HEALED = frozenset({"daily", "collect", "build", "weekly", "monthly", "publish", "upkeep", "recovery"})
"""Jobs that sensors start again within minutes where what they make is missing."""

PROCESS_GONE = re.compile(r"\bits process .* is gone\b")  # as runs.py reports a run that was killed
HEALS = (
    "Nothing, the job is started again by itself within minutes; if this is not over in an hour, look at the run in "
    "Dagster, and whether something ends processes here (no memory left, say)"
)


def _subclasses(error: type) -> set[str]:
    return {error.__name__}.union(*(_subclasses(child) for child in error.__subclasses__()))


TOLD_BY_COLLECTION = _subclasses(ApiError) | {
    kind.__name__ for kind in (QuotaExhausted, TokenError, DayPending, DayLost, DayNotOver)
}
"""Errors of a collection that the API or its limits cause: `collection_failed` and others tell them."""


def jobs_failed(jobs: tuple[JobFacts, ...], *, open_ids: frozenset[str]) -> Found:
    """`run_failed:<job>` and `run_ended:<job>`; over with the job's next success. A running job says nothing."""
    causes, over = [], {}
    for facts in jobs:
        ids = {f"run_failed:{facts.job}", f"run_ended:{facts.job}"}
        if facts.last_status == "success":
            over |= {i: f"run {facts.last_run_id[:8]} of {facts.job} succeeded" for i in ids & open_ids}
        elif facts.was_ended_for_time:
            causes.append(_ended(facts))
        elif facts.last_status == "failure" and not _is_told_elsewhere(facts):
            causes.append(_failed(facts))
    return Found(tuple(causes), over)


def _is_told_elsewhere(facts: JobFacts) -> bool:
    """Whether the API is the cause, and nothing but it."""
    named = set(re.findall(r"\b[A-Z][A-Za-z]+\b(?=:)", facts.error))
    return facts.job in COLLECTING and bool(named & TOLD_BY_COLLECTION) and not named & _subclasses(WarehouseError)


def _failed(facts: JobFacts) -> Cause:
    return Cause(
        f"run_failed:{facts.job}", "run_failed", "critical", f"Job {facts.job} failed",
        f"Run {facts.last_run_id[:8]}{_at(facts)}: {_error(facts)}",
        HEALS if _heals(facts) else "Look at the run in Dagster; when the cause is mended, launch the job again there",
    )  # fmt: skip


def _heals(facts: JobFacts) -> bool:
    """Whether nothing is wrong with the run itself, and a sensor starts the job again."""
    return facts.job in HEALED and bool(PROCESS_GONE.search(facts.error))


def _ended(facts: JobFacts) -> Cause:
    return Cause(
        f"run_ended:{facts.job}", "run_ended", "critical", f"Job {facts.job} took too long and was ended",
        f"Run {facts.last_run_id[:8]} was ended{_at(facts)}: {_error(facts)}",
        "Look in Dagster at which step it hung; CLARITY_RUN_LIMIT_MIN is the limit; the next run starts by itself",
    )  # fmt: skip


def _at(facts: JobFacts) -> str:
    return f" at {facts.last_ended_at:%Y-%m-%d %H:%M} UTC" if facts.last_ended_at else ""


def _error(facts: JobFacts) -> str:
    return shorten(printable(" ".join(facts.error.split())), length=LONGEST_ERROR) or "no error is known"
