"""A warehouse of years in; seconds and peak memory of `rebuild` out, measured in a process of its own.

python -m clarity_assets_tests.benchmarks.rebuilding   with the settings in the environment
"""

import json
import os
import resource
import subprocess
import sys
from dataclasses import asdict, dataclass

from clarity_assets.clarity.rebuild import rebuild
from clarity_assets.settings import Settings, load_settings
from clarity_assets_tests.benchmarks.measure import clocked


@dataclass(frozen=True)
class RebuildRun:
    """What one rebuild took. `peak_bytes` is the parent's peak plus, for each worker, the largest worker's."""

    seconds: float
    peak_bytes: int
    days: int
    rows: int


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment that gives another process the same settings."""
    return dict(os.environ) | {
        "CLARITY_PROJECT_ID": settings.need_project(),
        "CLARITY_WAREHOUSE": str(settings.warehouse),
        "CLARITY_NOW": settings.clock().isoformat(),
        "CLARITY_FIRST_DATE": settings.first_date.isoformat(),
    }


def rebuild_apart(settings: Settings) -> RebuildRun:
    """Rebuild in a new process, so that its peak memory is its own."""
    command = [sys.executable, "-m", "clarity_assets_tests.benchmarks.rebuilding"]
    done = subprocess.run(command, env=environment_of(settings), check=True, capture_output=True)
    return RebuildRun(**json.loads(done.stdout))


def _peak_bytes(workers: int) -> int:
    own, largest_child = (
        resource.getrusage(who).ru_maxrss * 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own + workers * largest_child


def main() -> None:
    workers = min(4, os.cpu_count() or 1)
    with clocked() as clock:
        done = rebuild(load_settings(), workers=workers)
    print(json.dumps(asdict(RebuildRun(clock.seconds, _peak_bytes(workers), done.days, done.rows))))


if __name__ == "__main__":
    main()
