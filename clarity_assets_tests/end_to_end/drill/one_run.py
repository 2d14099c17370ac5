"""One run of a job in a process of its own, for what only a process can meet: kill -9, a full disk, another beside it.

`python -m clarity_assets_tests.end_to_end.drill.one_run JOB PARTITION [--largest-file BYTES]` (`-`: no partition); with
`--largest-file` no file can be written beyond so many bytes, as with a full disk or a quota. Exit code 1 where the run fails.
"""

import argparse
import resource
import signal

import dagster as dg

from clarity_assets.runs import load_definitions


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("job")
    parser.add_argument("partition")
    parser.add_argument("--largest-file", type=int)
    given = parser.parse_args()
    if given.largest_file is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (given.largest_file, resource.RLIM_INFINITY))
    with dg.DagsterInstance.ephemeral() as instance:  # in memory: the run's own record is not what is tried here
        result = (
            load_definitions()
            .resolve_job_def(given.job)
            .execute_in_process(
                partition_key=None if given.partition == "-" else given.partition,
                instance=instance,
                raise_on_error=False,
            )
        )
    raise SystemExit(0 if result.success else 1)


if __name__ == "__main__":
    main()
