"""Settings in; everything whose time is over deleted (CLARITY_KEEP_*), and what was deleted and what not out.

Aggregates stay: marts, the states of days, the quota ledger, recommendations and decisions are kept for ever.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import TypeVar

from clarity_assets.backups.answer_files import tidy_archive
from clarity_assets.errors import ClarityAssetsError
from clarity_assets.operations.logs import TidiedLogs, log_event, tidy_logs
from clarity_assets.operations.retention_files import tidy_reports
from clarity_assets.operations.retention_warehouse import Deleted, tidy_warehouse
from clarity_assets.settings import Settings

NAMED_FILES = 20  # spelt out in the audit log


@dataclass(frozen=True)
class Tidied:
    """What one run deleted. `notes` say what stayed although it is old; `troubles` what could not be done, by part."""

    warehouse: Deleted = field(default_factory=Deleted)
    reports: tuple[str, ...] = ()
    archived_answers: tuple[str, ...] = ()
    logs: TidiedLogs = field(default_factory=TidiedLogs)
    troubles: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        return self.warehouse.notes

    def metadata(self) -> dict[str, int | str]:
        """Plain figures, as they stand in the log and in Dagster."""
        told = {
            "answers_deleted": self.warehouse.answers,
            "landing_rows_deleted": self.warehouse.landing_rows,
            "landing_kept_from": _told(self.warehouse.landing_before),
            "reports_deleted": len(self.reports),
            "archived_answers_deleted": len(self.archived_answers),
            "logs_compressed": len(self.logs.compressed),
            "logs_deleted": len(self.logs.deleted),
        }
        return told | {name: "; ".join(getattr(self, name)) or "none" for name in ("notes", "troubles")}

    def as_json(self) -> dict:
        return asdict(self) | {"notes": self.notes}


def tidy(settings: Settings, *, now: datetime | None = None) -> Tidied:
    """Delete what is older than the settings allow; each part by itself, so that a trouble in one stops no other.

    Every deletion goes to the audit log. Nothing is raised for what the disk or the warehouse refuses: see `troubles`.
    """
    now = now or settings.clock()
    troubles: list[str] = []
    deleted = _tried("warehouse", troubles, lambda: tidy_warehouse(settings, now=now)) or Deleted()
    reports = _tried("reports", troubles, lambda: tidy_reports(
        settings.reports, keep_days=settings.keep_reports_days, now=now)) or []  # fmt: skip
    archived = _tried("archive", troubles, lambda: tidy_archive(settings, now=now)) or []
    logs = _tried("logs", troubles, lambda: tidy_logs(settings)) or TidiedLogs()
    tidied = Tidied(deleted, tuple(map(str, reports)), tuple(path.name for path in archived), logs, tuple(troubles))
    _audit(settings, tidied, now=now)
    return tidied


Part = TypeVar("Part")


def _tried(part: str, troubles: list[str], work: Callable[[], Part]) -> Part | None:
    try:
        return work()
    except ClarityAssetsError as error:
        troubles.append(f"{part}: {error}")
    except OSError as error:
        what = error.filename or "a file"
        troubles.append(f"{part}: {what}: {error.strerror or error}; see to the disk and its rights")
    return None


def _audit(settings: Settings, tidied: Tidied, *, now: datetime) -> None:
    found = tidied.warehouse
    for what, count, facts in (
        ("answers", found.answers, {"before": found.answers_before}),
        ("landing", found.landing_rows, {"before": found.landing_before}),
        ("reports", len(tidied.reports), {"files": tidied.reports[:NAMED_FILES]}),
        ("archive", len(tidied.archived_answers), {"files": tidied.archived_answers[:NAMED_FILES]}),
        ("logs", len(tidied.logs.deleted), {"files": tidied.logs.deleted[:NAMED_FILES]}),
    ):
        if count:
            log_event(settings, "audit", now=now, event="deleted_by_retention", what=what, count=count, **facts)
    for trouble in tidied.troubles:
        log_event(settings, "audit", now=now, event="retention_failed", trouble=trouble)


def _told(day: date | None) -> str:
    return "for ever" if day is None else f"{day}"
