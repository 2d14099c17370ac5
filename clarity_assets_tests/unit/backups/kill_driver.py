"""Back up, restore or recover in forked processes, killed at their n-th change of the disk: run by test_kills.py.

An audit hook of the interpreter counts the calls that change files (open to write, rename, link, remove, mkdir, …) and
kills -9 its own process just before the n-th. This process opens no warehouse itself, so that forking it stays safe.
"""

import os
import shutil
import signal
import sys
from functools import partial
from pathlib import Path

from clarity_assets.backups.folder import PART, list_backups
from clarity_assets.backups.making import make_backup, verify_backups
from clarity_assets.backups.recovering import find_damage, recover_if_corrupt
from clarity_assets.backups.restoring import restore_backup
from clarity_assets.errors import WarehouseCorrupt
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets_tests.unit.backups.places import Project, put_garbage_into_the_log

CHANGES = {"os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate", "shutil.rmtree"}
QUEUES = (".queue", ".lock")


def killed_before(change: int, folder: Path) -> None:
    """From now on, this process ends just before its n-th change of something in the folder that is no queue."""
    count = 0

    def hook(event: str, args: tuple) -> None:
        nonlocal count
        writes = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
        if (event in CHANGES or writes) and _is_ours(args[0], folder):
            count += 1
            if count == change:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def _is_ours(path: object, folder: Path) -> bool:
    if isinstance(path, int) or path is None:
        return True  # fchmod and the like
    text = os.fsdecode(path)
    return text.startswith(str(folder)) and not any(queue in text for queue in QUEUES)


def in_fork(work) -> int:
    """The exit code of `work` in a forked process; -9 where it was killed."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException as error:  # noqa: BLE001 - the fork must never return into the driver's code
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def state_of(project: Project) -> str:
    """`old` (four days), `new` (three days, as in the backup), or `refused`."""
    try:
        with open_warehouse(project.warehouse, label="check") as con:
            days = con.execute("select count(distinct date) from landing.clarity_base").fetchall()[0][0]
            answers = con.execute("select count(*) from ops.clarity_answer").fetchall()[0][0]
    except WarehouseCorrupt:
        return "refused"
    return {(4, 24): "old", (3, 18): "new"}[(days, answers)]


def need(condition: bool, what: str) -> None:
    if not condition:
        raise AssertionError(what)


# --- what is killed, and what must hold afterwards --------------------------------------------------------------------


def back_up(project: Project) -> None:
    make_backup(project.settings)


def after_back_up(project: Project) -> None:
    need(state_of(project) == "old", "the warehouse is as it was")
    need(all(backup.is_verified for backup in verify_backups(project.settings)), "every backup that has a name is good")
    make_backup(project.settings)
    need(not (project.folder / "backups" / PART).exists(), "nothing half-made is left")


def restore(project: Project) -> None:
    restore_backup(project.settings, replace=True, nothing_spent_since=True)


def after_restore(project: Project) -> None:
    need(state_of(project) in ("old", "new"), "the old or the new state, and no other")
    restore(project)
    need(state_of(project) == "new", "a restore after it brings the new state")


def recover(project: Project) -> None:
    need(recover_if_corrupt(project.settings) is not None, "it is damaged")


def after_recover(project: Project) -> None:
    need(state_of(project) in ("refused", "new"), "nobody may use it before it is new")
    recover_if_corrupt(project.settings)
    need(find_damage(project.settings) is None, "it is whole")
    need(state_of(project) == "new", "recovering again brings the new state")
    need(any(p.name.startswith("clarity.duckdb.corrupt-") for p in project.folder.iterdir()), "the old file is kept")


STAGES = {"backup": (back_up, after_back_up), "restore": (restore, after_restore), "recover": (recover, after_recover)}


def tidy(project: Project) -> None:
    """What the next night's backup leaves."""
    make_backup(project.settings)
    left = {name for name in project.names() if ".corrupt-" not in name and ".replaced-" not in name}
    known = {"backups", "clarity.duckdb", "logs", "operations.duckdb"}
    need(left <= known, f"{left - known} is left behind")
    need(all(backup.is_verified for backup in list_backups(project.settings)), "the backups are good")


def prepare(source: Path, folder: Path, stage: str) -> Project:
    """A fresh copy of the project: four days in the warehouse, three in the backup, none in the archive."""
    shutil.copytree(source, folder)
    project = Project.in_folder(folder).at(4, 3)
    if stage == "recover":
        put_garbage_into_the_log(project.warehouse)
    return project


def main(source: Path, work: Path, stage: str, every: int) -> None:
    """Kill before every change in turn (or every so-manieth) until the work ends alive; prints how many."""
    do, check = STAGES[stage]
    change = kills = 0
    while True:
        change += every if change else 1
        folder = work / f"{change}"
        project = prepare(source, folder, stage)

        def killed(project=project, change=change, folder=folder) -> None:
            killed_before(change, folder)
            do(project)

        code = in_fork(killed)
        if code not in (0, -signal.SIGKILL):
            sys.exit(f"{stage} ended with {code} before change {change}")
        if code == 0:
            break
        kills += 1
        if in_fork(partial(check, project)) or in_fork(partial(tidy, project)):
            sys.exit(f"after a kill of {stage} before change {change}")
        shutil.rmtree(folder)
    print(f"{kills} kills")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
