"""A damaged warehouse in; the newest good backup with the answers since in its place out, and somebody told."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from clarity_assets.alerts.causes import Cause
from clarity_assets.backups.answer_files import archived_since
from clarity_assets.backups.catching_up import CaughtUp, catch_up
from clarity_assets.backups.contents import damage_of
from clarity_assets.backups.folder import Backup, alone, newest_first, passed_over_told
from clarity_assets.backups.manifest import WAREHOUSE
from clarity_assets.backups.restoring import exclusive, reason_of, unpack_verified
from clarity_assets.backups.swapping import finish_interrupted, swap
from clarity_assets.backups.troubles import BackupError, BackupMissing, RestoreRefused, told_of
from clarity_assets.errors import ClarityAssetsError
from clarity_assets.operations.file import open_operations
from clarity_assets.operations.logs import log_event
from clarity_assets.settings import Settings
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.tables import transaction

LABEL = "recover"
HALF_DONE = "A restore had been killed between taking the old file away and putting the new one in its place"


@dataclass(frozen=True)
class Recovered:
    """What was wrong and what came of it.

    `backup`: which one was restored; None where the warehouse was begun anew from the archive, or where an earlier
    restore or recovery had been killed and is complete now (`was_half_done`). `aside`: where the damaged file is.
    `passed_over`: newer backups that were not good, and why. `warnings`: what could not be told.
    """

    damage: str
    aside: Path | None
    backup: Backup | None
    caught_up: CaughtUp
    passed_over: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    was_half_done: bool = False

    @property
    def is_of_missing(self) -> bool:
        """Whether there was no file at all."""
        return self.aside is None and not self.was_half_done


def recover_if_corrupt(settings: Settings, *, is_deep: bool = True, now: datetime | None = None) -> Recovered | None:
    """`recover_warehouse` where the warehouse is damaged, or missing although there are backups of it; else None.

    `is_deep` reads every block and hashes every answer; else only whether the file opens. Raises what recovering
    raises; then the damaged file is where it was.
    """
    if find_damage(settings, is_deep=is_deep) is None:
        return None
    try:
        return recover_warehouse(settings, is_deep=is_deep, now=now)
    except RestoreRefused:
        return None  # somebody else has recovered it meanwhile


def recover_warehouse(
    settings: Settings, *, from_archive: bool = False, is_deep: bool = True, now: datetime | None = None
) -> Recovered:
    """Move the damaged warehouse aside and put the newest good backup in its place, with the answers kept since.

    The rest of the quota day counts as spent. Without any good backup: `from_archive` begins a new warehouse of all
    answers that are kept as files, else BackupMissing is raised and nothing is touched. Raises RestoreRefused where
    the warehouse is not damaged, or missing without a backup and not `from_archive`.
    """
    now = now or settings.clock()
    settings.need_project()
    live = settings.warehouse
    with alone(settings, what=LABEL) as staging, told_of(live):
        was_half_done = finish_interrupted(live)
        damage = find_damage(settings, is_deep=is_deep, from_archive=from_archive)
        if damage is None and was_half_done:
            return _told(settings, Recovered(HALF_DONE, None, None, CaughtUp(), was_half_done=True), now=now)
        if damage is None:
            raise _not_recovered(settings)
        backup, passed_over = _newest_good(settings, staging, now=now)
        if backup is None:
            _begin_anew(settings, staging / WAREHOUSE, passed_over, from_archive=from_archive)
        with exclusive(settings, label=LABEL):
            caught_up = catch_up(
                settings, staging / WAREHOUSE, since=backup and backup.made_at, now=now, nothing_spent_since=False,
                reason=reason_of(backup) if backup else "the warehouse was begun anew, so that this slot may be spent",
            )  # fmt: skip
            aside = swap(staging / WAREHOUSE, live, aside_as="corrupt", now=now)
    return _told(settings, Recovered(damage, aside, backup, caught_up, passed_over), now=now)


def find_damage(settings: Settings, *, is_deep: bool = True, from_archive: bool = False) -> str | None:
    """What is wrong with the warehouse, or None. Never opens or makes a missing one.

    A missing one counts where there are backups of it, and with `from_archive` where there are answers kept as files.
    """
    live = settings.warehouse
    if _is_missing(live):
        if made := newest_first(settings, now=settings.clock()):
            return f"{live} is missing, and there are backups of it (the newest: {made[0].path.name})"
        kept_count = len(archived_since(settings, None)) if from_archive else 0
        return f"{live} is missing, and {kept_count} answers of it are kept as files" if kept_count else None
    return damage_of(live, timeout_s=settings.warehouse_timeout_s, is_deep=is_deep)


def _is_missing(live: Path) -> bool:
    return not live.exists() and not list(live.parent.glob(f"{live.name}.wal*"))


def _not_recovered(settings: Settings) -> RestoreRefused:
    """Why nothing is done for a warehouse without damage, and what to do where it is missing."""
    live = settings.warehouse
    if not _is_missing(live):
        return RestoreRefused(f"{live} is not damaged, so it was left as it is")
    kept_count = len(archived_since(settings, None))
    step = (
        f"`clarity-assets recover --from-archive` begins anew from {kept_count} answers that are kept as files"
        if kept_count
        else f"no answer is kept in {settings.archive_folder} either: `clarity-assets collect` begins anew"
    )
    return RestoreRefused(
        f"{live} is missing, and {settings.backups_folder} holds no good backup of it{passed_over_told(settings)}; "
        f"{step}; `clarity-assets restore PATH` takes a backup from elsewhere"
    )


def _newest_good(settings: Settings, staging: Path, *, now: datetime) -> tuple[Backup | None, tuple[str, ...]]:
    """The newest backup that can be unpacked into the folder, with the troubles of those before it."""
    passed_over = []
    for backup in newest_first(settings, now=now):
        try:
            unpack_verified(settings, backup, staging)
            return backup, tuple(passed_over)
        except BackupError as error:
            passed_over.append(str(error))
    return None, tuple(passed_over)


def _begin_anew(settings: Settings, file: Path, passed_over: tuple[str, ...], *, from_archive: bool) -> None:
    if not from_archive:
        tried = "; ".join(passed_over) or f"{settings.backups_folder} holds none{passed_over_told(settings)}"
        raise BackupMissing(
            f"no backup of {settings.warehouse} is good ({tried}); nothing was touched. `clarity-assets restore PATH` "
            "takes one from elsewhere; `clarity-assets recover --from-archive` begins anew from the answers that are "
            f"kept in {settings.archive_folder}"
        )
    file.unlink(missing_ok=True)
    with open_warehouse(file, timeout_s=settings.warehouse_timeout_s, label=LABEL):
        pass  # it is made by being opened


# --- telling ----------------------------------------------------------------------------------------------------------


def _told(settings: Settings, recovered: Recovered, *, now: datetime) -> Recovered:
    """Log it, and open an alert; where that is not possible, the recovery stands and says so."""
    backup = recovered.backup
    log_event(
        settings, "audit", now=now, event="recover", damage=recovered.damage, aside=recovered.aside,
        backup=backup and backup.path, was_half_done=recovered.was_half_done, passed_over=list(recovered.passed_over),
        answers_imported=recovered.caught_up.imported, slots_marked=recovered.caught_up.maybe_spent,
    )  # fmt: skip
    try:
        _note(settings, cause_of(recovered, now=now), now=now)
    except ClarityAssetsError as error:
        return Recovered(**vars(recovered) | {"warnings": (f"no alert could be opened: {error}",)})
    return recovered


def _note(settings: Settings, cause: Cause, *, now: datetime) -> None:
    from clarity_assets.alerts.store import ALERT_TABLES, note_event  # here: it is rarely needed

    with open_operations(settings, tables=ALERT_TABLES, label=LABEL) as con, transaction(con):
        note_event(con, cause, project_id=settings.need_project(), now=now)


def cause_of(recovered: Recovered, *, now: datetime) -> Cause:
    """The recovery as an alert."""
    return Cause(
        cause_id=f"warehouse_restored:{now:%Y-%m-%dT%H:%M:%SZ}",
        kind="warehouse_restored",
        severity="critical",
        title=f"The warehouse was {'missing' if recovered.is_of_missing else 'damaged'} and has been restored",
        detail=f"{recovered.damage}. {_came_of(recovered)}",
        next_step="Look for the cause (disk, memory, power), then `clarity-assets build --from <first day since the "
        "backup>` to make the marts anew, and `clarity-assets status`",
    )


def _came_of(recovered: Recovered) -> str:
    if recovered.was_half_done:
        return "It is complete now; what was there before lies beside it"
    caught_up, backup = recovered.caught_up, recovered.backup
    source = (
        f"the backup of {backup.made_at:%Y-%m-%d %H:%M} UTC ({backup.path.name})"
        if backup
        else "nothing but the archived answers, as no backup was good"
    )
    not_good = f" Newer backups were not good: {'; '.join(recovered.passed_over)}." if recovered.passed_over else ""
    refused = (
        f" {len(caught_up.refused)} kept files could not be imported ({caught_up.refused[0]}): when that is mended, "
        "`clarity-assets import answers/` takes them."
        if caught_up.refused
        else ""
    )
    moved = f"It was moved to {recovered.aside} and restored" if recovered.aside else "It was restored"
    return (
        f"{moved} from {source}. "
        f"{caught_up.imported} answers kept since were imported; {caught_up.maybe_spent} requests of today count as "
        f"spent, as nobody knows.{not_good}{refused}"
    )
