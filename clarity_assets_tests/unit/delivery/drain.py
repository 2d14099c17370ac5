"""A folder and an address in: one pass of the outbox in a process of its own, for tests that run two or kill one.

Run as `python -m clarity_assets_tests.unit.delivery.drain FOLDER ADDRESS`; says `sent N` at the end.
"""

import subprocess
import sys
from pathlib import Path

from pydantic import SecretStr

from clarity_assets.delivery.outbox import send_due
from clarity_assets_tests.fixtures.collecting import make_settings
from clarity_assets_tests.unit.delivery.conftest import NOON

ROOT = Path(__file__).parents[3]


def started(folder: Path, address: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "clarity_assets_tests.unit.delivery.drain", str(folder), address]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


if __name__ == "__main__":
    told = make_settings(Path(sys.argv[1]), alert_to=SecretStr(sys.argv[2]))
    print("sent", send_due(told, now=NOON).sent)
