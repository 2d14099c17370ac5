"""Take archived answers into the warehouse: files in, stored answers and the days that they solve out."""

from dataclasses import dataclass, field
from pathlib import Path

from clarity_assets.clarity import store
from clarity_assets.clarity.archive import Archived, ArchiveReader, files_of
from clarity_assets.clarity.collect import read_answer
from clarity_assets.clarity.requests import all_requests
from clarity_assets.clarity.settle import Settlement
from clarity_assets.clarity.store import Answer, DayState
from clarity_assets.errors import ImportRefused, UnusableAnswer
from clarity_assets.settings import Settings
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.tables import transaction


@dataclass
class Imported:
    """What an import brought; `refused` names each file that was left out, and why."""

    stored: int = 0
    duplicates: int = 0
    quarantined: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    solved: list[DayState] = field(default_factory=list)


def import_answers(
    settings: Settings,
    paths: tuple[Path, ...],
    *,
    window_end: str | None = None,
    num_of_days: int | None = None,
    request: str | None = None,
) -> Imported:
    """Store the answers of all files that are complete, in one transaction, and settle the days anew.

    A file that lacks something is left out whole and named. Importing a file again changes nothing.
    """
    now = settings.clock()
    requests = all_requests(extras=settings.extra_requests, order=settings.request_order)
    reader = ArchiveReader(requests, now, window_end=window_end, num_of_days=num_of_days, request=request)
    imported = Imported()
    answers: list[Answer] = []
    for path in files_of(paths):
        try:
            answers += [_answer(archived, settings) for archived in reader.read(path)]
        except (ImportRefused, UnusableAnswer) as error:
            text = str(error)
            imported.refused.append(text if text.startswith(str(path)) else f"{path}: {text}")
    with open_warehouse(settings.warehouse, timeout_s=settings.warehouse_timeout_s, label="import") as con:
        with transaction(con):
            settlement = Settlement(con, settings, now)
            store.ensure_tables(con, settlement.requests)
            for answer in answers:
                if not store.insert_answer(con, answer):
                    imported.duplicates += 1
                    continue
                imported.stored += 1
                if answer.quarantine_reason:
                    imported.quarantined.append(f"{answer.origin}: {answer.quarantine_reason}")
            for name in dict.fromkeys(answer.request for answer in answers):
                imported.solved += [s for s in settlement.settle(name, everything=True) if s.is_known]
    return imported


def _answer(archived: Archived, settings: Settings) -> Answer:
    answer, _ = read_answer(
        archived.body, archived.request, settings=settings, num_of_days=archived.num_of_days,
        window_end=archived.window_end, window_end_source=archived.window_end_source,
        received_at=settings.clock(), origin=archived.origin,
    )  # fmt: skip
    return answer
