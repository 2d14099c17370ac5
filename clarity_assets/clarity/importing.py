"""Take archived answers into the warehouse: files in, stored answers and the days that they solve out."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from clarity_assets.clarity import store
from clarity_assets.clarity.archive import Archived, ArchiveReader, files_of
from clarity_assets.clarity.reading import read_answer
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
    Raises ImportRefused for an option that no file could use.
    """
    now = settings.clock()
    requests = all_requests(extras=settings.extra_requests, order=settings.request_order)
    reader = ArchiveReader(
        requests, now, window_end=window_end, num_of_days=num_of_days, request=request,
        skew_tolerance_s=settings.skew_tolerance_s,
    )  # fmt: skip
    imported = Imported()
    answers = _answers(reader, paths, settings, refused=imported.refused)
    if not answers:
        return imported
    opened = open_warehouse(settings.warehouse, timeout_s=settings.warehouse_timeout_s, label="import")
    with opened as con, transaction(con):
        settlement = Settlement(con, settings, now)
        store.ensure_tables(con, settlement.requests)
        before = _paths(settlement)
        for answer in answers:
            if not store.insert_answer(con, answer):
                imported.duplicates += 1
                continue
            imported.stored += 1
            if answer.quarantine_reason:
                imported.quarantined.append(f"{answer.origin}: {answer.quarantine_reason}")
            elif settlement.is_closed(answer.window_end.date()):
                imported.quarantined.append(
                    f"{answer.origin}: stored, but it tells no day: those before {settlement.closed_before} are closed "
                    "(CLARITY_KEEP_LANDING_DAYS)"
                )
        for name in dict.fromkeys(answer.request for answer in answers):
            settlement.settle(name, everything=True)
        imported.solved = [state for key, state in _paths(settlement).items() if not _same(before.get(key), state)]
    return imported


def _answers(reader: ArchiveReader, paths: tuple[Path, ...], settings: Settings, *, refused: list[str]) -> list[Answer]:
    """The answers of all complete files; the others are named in `refused`."""
    answers: list[Answer] = []
    for path in paths:
        try:
            files = files_of(path)
        except ImportRefused as error:
            refused.append(str(error))
            continue
        for file in files:
            try:
                answers += [_answer(archived, file.parent, settings) for archived in reader.read(file)]
            except ImportRefused as error:
                refused.append(str(error))
    return answers


def _answer(archived: Archived, folder: Path, settings: Settings) -> Answer:
    try:
        answer, _ = read_answer(
            archived.body, archived.request, settings=settings, num_of_days=archived.num_of_days,
            window_end=archived.window_end, **_facts(archived, settings),
        )  # fmt: skip
    except (UnusableAnswer, ImportRefused) as error:
        raise ImportRefused(f"{folder / archived.origin}: {error}") from error
    if archived.kept and archived.kept.quarantine_reason:
        return replace(answer, quarantine_reason=archived.kept.quarantine_reason)
    return answer


def _facts(archived: Archived, settings: Settings) -> dict:
    """Where the answer came from: as we kept it ourselves, or this import."""
    kept = archived.kept
    if kept is None:
        source, now = archived.window_end_source, settings.clock()
        return {"window_end_source": source, "received_at": now, "origin": archived.origin}
    if kept.project_id != settings.need_project():
        raise ImportRefused(
            f"is an answer of project {kept.project_id!r}, and CLARITY_PROJECT_ID is {settings.project_id!r}"
        )
    return {
        "window_end_source": kept.window_end_source, "received_at": kept.received_at, "origin": kept.origin,
        "request_id": kept.request_id,
    }  # fmt: skip


def _paths(settlement: Settlement) -> dict[tuple, DayState]:
    """Every known day of every request."""
    return {
        (request.name, state.date): state
        for request in settlement.requests
        for state in store.load_days(settlement.con, settlement.project_id, request.name).values()
        if state.is_known
    }


def _same(old: DayState | None, new: DayState) -> bool:
    """Whether the day is known as it was before, whatever else is said of it."""
    return old is not None and (old.answers, old.rolled_up_from) == (new.answers, new.rolled_up_from)


def withdraw_answers(settings: Settings, names: tuple[str, ...]) -> int:
    """Use these answers no more (a wrong --window-end, say); returns how many. They stay stored, in quarantine.

    A name is an answer's id, or the file that it was imported from (`ops.clarity_answer.origin`, with or without the
    entry behind `#`). Raises ImportRefused where a name fits none that is in use; nothing is changed then.
    """
    now = settings.clock()
    opened = open_warehouse(settings.warehouse, timeout_s=settings.warehouse_timeout_s, label="withdraw")
    with opened as con, transaction(con):
        settlement = Settlement(con, settings, now)
        store.ensure_tables(con, settlement.requests)
        requests: list[str] = []
        for name in names:
            found = con.execute(
                """update ops.clarity_answer set quarantine_reason = $reason
                   where project_id = $project and quarantine_reason is null
                     and (answer_id = $name or (origin <> 'api' and $name in (origin, split_part(origin, '#', 1))))
                   returning request""",
                {"project": settlement.project_id, "name": name, "reason": f"withdrawn at {now:%Y-%m-%d %H:%M} UTC"},
            ).fetchall()
            if not found:
                raise ImportRefused(f"{name!r} is neither id nor file of an answer in use; see ops.clarity_answer")
            requests += [request for (request,) in found]
        for request in dict.fromkeys(requests):
            settlement.settle(request, everything=True)
    return len(requests)
