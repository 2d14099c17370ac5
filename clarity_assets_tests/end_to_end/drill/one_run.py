"""One run of a job in a process of its own, for what only a process can meet: kill -9, a full disk.

`python -m clarity_assets_tests.end_to_end.drill.one_run JOB PARTITION [--kill-in STEP] [--room BYTES]`: with `--kill-in` the process
kills itself while that step is at work; with `--room` no file may grow beyond the warehouse's size and so much more.
"""

import argparse
import os
import resource
import signal
import threading
import time

import dagster as dg

from clarity_assets.runs import QUIET, load_definitions
from clarity_assets.settings import load_settings


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("job")
    parser.add_argument("partition")
    parser.add_argument("--kill-in")
    parser.add_argument("--after", type=float, default=0.0, help="seconds after the step's start")
    parser.add_argument("--room", type=int)
    given = parser.parse_args()
    if given.room is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        limit = load_settings().warehouse.stat().st_size + given.room
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    with dg.DagsterInstance.ephemeral() as instance:  # in memory: the run's own record is not what is tried here
        if given.kill_in:
            threading.Thread(target=kill_in, args=(instance, given.kill_in, given.after), daemon=True).start()
        job = load_definitions().resolve_job_def(given.job)
        partition = None if given.partition == "-" else given.partition
        result = job.execute_in_process(
            partition_key=partition, instance=instance, run_config=QUIET, raise_on_error=False
        )
    raise SystemExit(0 if result.success else 1)


def kill_in(instance: dg.DagsterInstance, step: str, after_s: float) -> None:
    """Kill this process once the step is at work."""
    while True:
        for run in instance.get_runs():
            started = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_START)
            if any(entry.dagster_event.step_key == step for entry in started):
                time.sleep(after_s)
                os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.005)


if __name__ == "__main__":
    main()
