"""The queue of writers: one at a time, first come first served, and no dead one in the way."""

import itertools
import os
import re
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock

from clarity_assets.errors import WarehouseBusy, WarehouseUnwritable
from clarity_assets.warehouse.queue import WriterQueue
from clarity_assets_tests.unit.warehouse.writers import said_by, started, wait_for_tickets


def entered_alone(log: Path) -> list[str]:
    """Who entered, in order; fails where one entered before another had left."""
    lines = log.read_text().split("\n")[:-1]
    for entered, left in zip(lines[::2], lines[1::2], strict=True):
        assert (entered.split()[0], left) == ("in", entered.replace("in", "out", 1))
    return [line.split()[1] for line in lines[::2]]


def refusal(queue: WriterQueue, *, timeout_s: float = 0) -> str:
    """What is said to one who asks in vain."""
    with pytest.raises(WarehouseBusy) as caught, queue.turn(timeout_s=timeout_s):
        pass
    return str(caught.value)


def test_two_processes_that_take_fifty_turns_each_never_overlap(path, tmp_path):
    log = tmp_path / "log"
    with started("take", path, log, "a", 50) as a, started("take", path, log, "b", 50) as b:
        assert (a.hears(), b.hears()) == ("ready", "ready")
        a.say()
        b.say()
        assert (a.end(), b.end()) == (0, 0)
    order = entered_alone(log)
    assert (order.count("a"), order.count("b")) == (50, 50)
    changes = sum(one != other for one, other in itertools.pairwise(order))
    assert changes > 50  # fair: they alternate as long as both want it


def test_threads_of_one_process_never_overlap(path, tmp_path):
    log = []

    def work(name: str) -> None:
        for _ in range(5):
            with WriterQueue(path).turn(timeout_s=20):
                log.append(name)
                time.sleep(0.001)
                log.append(name)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(log) == 40
    assert log[::2] == log[1::2]


def test_four_waiting_processes_are_served_in_the_order_in_which_they_came(path, tmp_path):
    log, names = tmp_path / "log", ["1", "2", "3", "4"]
    with ExitStack() as stack:
        waiting = [stack.enter_context(started("take", path, log, name, 1)) for name in names]
        assert [writer.hears() for writer in waiting] == ["ready"] * 4
        with WriterQueue(path).turn(timeout_s=0):
            for place, writer in enumerate(reversed(waiting), start=1):
                writer.say()
                wait_for_tickets(path, 1 + place)
            assert not log.exists()
        assert [writer.end() for writer in waiting] == [0, 0, 0, 0]
    assert entered_alone(log) == names[::-1]


def test_a_holder_killed_with_9_frees_the_queue(path):
    with started("hold", path, "doomed") as holder:
        assert holder.hears() == "holding"
        holder.kill()
        with WriterQueue(path).turn(timeout_s=0):
            pass
    assert list(path.parent.glob("*.queue/*.ticket")) == []


def test_a_waiter_killed_with_9_does_not_block_those_behind_it(path, tmp_path):
    log, queue = tmp_path / "log", WriterQueue(path)
    with started("take", path, log, "doomed", 1) as doomed, started("take", path, log, "next", 1) as behind:
        assert (doomed.hears(), behind.hears()) == ("ready", "ready")
        with queue.turn(timeout_s=0):
            doomed.say()
            wait_for_tickets(path, 2)
            behind.say()
            wait_for_tickets(path, 3)
            doomed.kill()
        assert behind.end() == 0
    assert entered_alone(log) == ["next"]


def test_past_the_deadline_the_holder_is_named_with_pid_command_and_label(path):
    with started("hold", path, "nightly rebuild") as holder:
        assert holder.hears() == "holding"
        in_a_minute = WriterQueue(path, clock=lambda: datetime.now(UTC) + timedelta(seconds=60))
        message = refusal(in_a_minute, timeout_s=0.1)
    assert f"{path} is busy: PID {holder.pid} (`python" in message
    assert "-m clarity_assets_tests.unit.warehouse.writers hold …/clarity.duckdb nightly rebuild`" in message
    assert ', "nightly rebuild") has held it for 6' in message
    assert re.search(r"we waited 0\.[1-9] s\. Let that process end .*CLARITY_WAREHOUSE_TIMEOUT_S", message)
    assert "before us" not in message


def test_past_the_deadline_those_before_us_are_counted(path, tmp_path):
    with started("take", path, tmp_path / "log", "waits", 1) as waiter, WriterQueue(path).turn(timeout_s=0):
        assert waiter.hears() == "ready"
        waiter.say()
        wait_for_tickets(path, 2)
        with ThreadPoolExecutor(1) as other_thread:
            message = other_thread.submit(refusal, WriterQueue(path)).result()
    assert f"PID {os.getpid()} " in message
    assert "; 1 more waits before us; " in message


def test_a_writer_that_gives_up_leaves_the_queue(path):
    with started("hold", path, "x") as holder:
        assert holder.hears() == "holding"
        refusal(WriterQueue(path))
        wait_for_tickets(path, 1)


def test_a_thread_that_asks_again_while_it_has_its_turn_is_told_at_once(path):
    began_s = time.monotonic()
    with WriterQueue(path).turn(timeout_s=0, label="outer"):
        other_spelling = path.parent / ".." / path.parent.name / path.name
        message = refusal(WriterQueue(other_spelling), timeout_s=60)
        assert re.search(r'this very thread .*"outer".*wait for itself', message)
        wait_for_tickets(path, 1)
    assert time.monotonic() - began_s < 5
    with WriterQueue(path).turn(timeout_s=0):
        pass


def test_a_forked_child_that_leaves_does_not_end_its_parents_turn(path):
    assert said_by("fork", path) == "1"


def test_a_drawing_process_that_hangs_is_told_with_the_lock_to_look_at(path):
    queue = WriterQueue(path)
    with queue.turn(timeout_s=0):
        pass
    with FileLock(queue.folder / "draw.lock"):
        assert f"{queue.folder / 'draw.lock'} locked" in refusal(queue)


def test_a_ticket_that_cannot_be_read_still_counts(path):
    with started("hold", path, "x") as holder:
        assert holder.hears() == "holding"
        next(path.parent.glob("*.queue/*.ticket")).write_text("{")
        assert "a process whose ticket in" in refusal(WriterQueue(path))


def test_tickets_tell_no_environment_and_are_private(path):
    with started("hold", path, "x", environment={"CLARITY_API_TOKEN": "eyJ-very-secret"}) as holder:
        assert holder.hears() == "holding"
        files = list(WriterQueue(path).folder.iterdir())
        assert sorted(f.name for f in files) == ["00000001.ticket", "draw.lock"]
        assert {stat.S_IMODE(f.stat().st_mode) for f in files} == {0o600}
        assert {stat.S_IMODE(f.stat().st_mode) for f in (path.parent, files[0].parent)} == {0o700}
        assert "secret" not in "".join(f.read_text() for f in files)


def test_a_queue_below_a_regular_file_is_unwritable(tmp_path):
    (tmp_path / "file").touch()
    queue = WriterQueue(tmp_path / "file" / "deep" / "clarity.duckdb")
    with pytest.raises(WarehouseUnwritable, match="Not a directory"), queue.turn(timeout_s=0):
        pass


def test_an_error_of_the_body_passes_unchanged_and_ends_the_turn(path):
    with pytest.raises(FileNotFoundError, match="mine"), WriterQueue(path).turn(timeout_s=0):
        raise FileNotFoundError("mine")
    assert list(path.parent.glob("*.queue/*.ticket")) == []


def test_a_turn_nobody_else_wants_costs_less_than_a_millisecond(path):
    queue, costs_s = WriterQueue(path), []
    for _ in range(100):
        began_s = time.perf_counter()
        with queue.turn(timeout_s=0):
            pass
        costs_s.append(time.perf_counter() - began_s)
    assert min(costs_s) < 0.001  # the best of many: the machine may be busy with something else
