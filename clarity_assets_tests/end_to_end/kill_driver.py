"""Collect in forked processes, kill them at random moments, and check the warehouse after each: run by test_kill.py.

DuckDB writes blocks of 256 kB, and a kill -9 in the middle of one can leave it torn (seen once in about a thousand
kills). The warehouse then says so, and is recovered here as a user would: from the last backup and the kept answers.

This process opens no warehouse itself, so that forking it stays safe; the checks run in forks too.
"""

import os
import random
import signal
import sys
import time
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import requests

from clarity_assets import errors
from clarity_assets.backups.making import make_backup
from clarity_assets.backups.recovering import recover_warehouse
from clarity_assets.clarity.collect import Collector
from clarity_assets.clarity.requests import STANDARD_REQUESTS
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets_tests.fixtures.collecting import FIRST_DAY, make_settings

INVARIANTS = {
    "more than ten slots on a day": """
        select reserved_at::date, count(*) from ops.api_request where outcome <> 'not_sent' group by all having count(*) > 10""",
    "an answered slot without its answer": """
        select r.request_id from ops.api_request r left join ops.clarity_answer a using (request_id)
        where r.outcome = 'answered' and a.answer_id is null""",
    "an answer whose slot is not answered": """
        select a.answer_id from ops.clarity_answer a join ops.api_request r using (request_id) where r.outcome <> 'answered'""",
    "an answer twice": "select answer_id from ops.clarity_answer group by all having count(*) > 1",
    "a measured day without its answer": """
        select request, date from ops.clarity_day d
        where status = 'measured' and not exists (select 1 from ops.clarity_answer a where a.answer_id = d.answers[1][2:])""",
    **{
        f"rows of {r.name} that differ from what its days say": f"""
        select coalesce(d.date, l.date), d.row_count, l.n
        from (select date, row_count from ops.clarity_day where request = '{r.name}' and row_count > 0) d
        full join (select date, count(*) as n from {r.table} group by date) l using (date)
        where d.row_count is distinct from l.n"""
        for r in STANDARD_REQUESTS
    },
    **{
        f"a key of {r.name} twice": f"select {', '.join(('date', *r.columns))} from {r.table} group by all having count(*) > 1"
        for r in STANDARD_REQUESTS
    },
}


def settings_of(folder: Path, base_url: str, now: datetime):
    return make_settings(folder, api_base_url=base_url, now=now)


def set_clock(base_url: str, now: datetime) -> None:
    control = base_url.split("/export-data")[0] + "/_control/clock"
    requests.post(control, json={"now": now.isoformat()}, timeout=10).raise_for_status()


def in_fork(work) -> int:
    """Start `work` in a forked process; returns its pid."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = work() or 0
        except BaseException as error:  # noqa: BLE001 - the fork must never return into the driver's code
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        finally:
            os._exit(code)
    return pid


def collect(settings, day: date) -> int:
    """Exit code 0 where every request of the day is known, 3 where the budget is spent."""
    code = 0
    for request in STANDARD_REQUESTS:
        try:
            Collector(settings).collect(request.name, day)
        except errors.QuotaExhausted:
            code = 3
    return code


TORN = 4


def examine(settings, kept_file: Path) -> bool:
    """Whether everything holds; a torn warehouse is recovered first."""
    code = wait(in_fork(partial(check, settings, kept_file)))
    if code == TORN:
        print("a torn warehouse was recovered", flush=True)
        if wait(in_fork(partial(recover, settings))) != 0:
            return False
        code = wait(in_fork(partial(check, settings, kept_file)))
    return code == 0


def recover(settings) -> None:
    recover_warehouse(settings)


def back_up(settings) -> None:
    make_backup(settings)


def check(settings, kept_file: Path) -> int:
    """Exit code 0 where every invariant holds and no answer known before is gone, TORN where a block is torn."""
    try:
        return _check(settings, kept_file)
    except errors.WarehouseCorrupt as error:
        print(error, file=sys.stderr, flush=True)
        return TORN


def _check(settings, kept_file: Path) -> int:
    with open_warehouse(settings.warehouse, label="check") as con:
        if not con.execute("select 1 from duckdb_tables() where table_name = 'clarity_day'").fetchall():
            return 0
        for name, query in INVARIANTS.items():
            broken = con.execute(query).fetchall()
            if broken:
                print(f"{name}: {broken[:3]}", file=sys.stderr, flush=True)
                return 1
        answers = {f"{i} {s}" for i, s in con.execute("select answer_id, sha256 from ops.clarity_answer").fetchall()}
    before = set(kept_file.read_text().splitlines()) if kept_file.exists() else set()
    if before - answers:
        print(f"answers are gone: {before - answers}", file=sys.stderr, flush=True)
        return 1
    kept_file.write_text("\n".join(sorted(answers)))
    return 0


def wait(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main(folder: Path, base_url: str, kills: int, seed: int) -> None:
    """Prints how many kills hit a running collection, on how many simulated days.

    The first day is collected whole: kills come at any moment of as long as that takes on this machine, now.
    """
    rng = random.Random(seed)
    done = tries = 0
    day = FIRST_DAY
    now = datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC) + timedelta(hours=1)
    set_clock(base_url, now)
    began = time.perf_counter()
    if wait(in_fork(partial(collect, settings_of(folder, base_url, now), day))) != 0:
        sys.exit("the first day was not collected")
    longest_s = time.perf_counter() - began
    day += timedelta(days=1)
    while done < kills:
        tries += 1
        now = datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC) + timedelta(hours=1)
        settings = settings_of(folder, base_url, now)
        set_clock(base_url, now)
        pid = in_fork(partial(collect, settings, day))
        time.sleep(rng.uniform(0, longest_s))
        os.kill(pid, signal.SIGKILL)
        code = wait(pid)
        done += code == -signal.SIGKILL
        if not examine(settings, folder / "kept.txt"):
            sys.exit(f"an invariant is broken after kill {done} (seed {seed})")
        if code != -signal.SIGKILL or tries % 4 == 0:  # complete, out of budget, or tried often enough: the next day
            code = wait(in_fork(partial(collect, settings, day)))
            if code not in (0, 3):
                sys.exit(f"the run after the kills ended with {code} (seed {seed})")
            if not examine(settings, folder / "kept.txt"):
                sys.exit(f"an invariant is broken after completing {day} (seed {seed})")
            if wait(in_fork(partial(back_up, settings))) != 0:
                sys.exit(f"no backup could be made of {day} (seed {seed})")
            print(f"{day} {'complete' if code == 0 else 'out of budget'}", flush=True)
            day += timedelta(days=1)
    print(f"{done} kills")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
