"""Other processes that copy or publish a warehouse until they are killed, or where files may not grow.

Run as `python -m clarity_assets_tests.unit.warehouse.copiers VERB WAREHOUSE …`.
"""

import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from clarity_assets.errors import WarehouseError
from clarity_assets.warehouse.copying import copy_warehouse
from clarity_assets.warehouse.publish import publish
from clarity_assets_tests.fixtures.collecting import make_settings

ROOT = Path(__file__).parents[3]
PATIENCE_S = 20.0


def killed_when(is_time: Callable[[], bool], *words: object, after_s: float = 0.0) -> None:
    """Start a copier, and kill it (-9) so many seconds after the moment has come."""
    process, until_s = _started(words), time.monotonic() + PATIENCE_S
    try:
        while not is_time():
            assert time.monotonic() < until_s, f"its moment has not come within {PATIENCE_S} s"
            time.sleep(0.001)
        time.sleep(after_s)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def said_by(*words: object) -> str:
    """All that a copier says until it ends by itself."""
    process = _started(words)
    said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    return said.strip()


def _started(words: tuple) -> subprocess.Popen:
    command = [sys.executable, "-m", "clarity_assets_tests.unit.warehouse.copiers", *map(str, words)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


# --- the process's side -----------------------------------------------------------------------------------------------


def copy(path: Path, target: str) -> None:
    """Copy for ever."""
    while True:
        copy_warehouse(path, Path(target), timeout_s=20, label="copier")


def publish_again(path: Path) -> None:
    """Publish for ever; the folder is made to look old before each time, so that there is something to do."""
    settings = make_settings(path.parent)
    while True:
        (settings.published_folder / "parquet").unlink(missing_ok=True)
        publish(settings)


def fill(path: Path, verb: str, room: str) -> None:
    """Copy or publish where no file may be longer than `room` bytes; say which error comes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(room), resource.RLIM_INFINITY))
    try:
        if verb == "copy":
            copy_warehouse(path, path.parent.with_name("copies") / "copy.duckdb", timeout_s=5, label="copier")
        else:
            publish(make_settings(path.parent))
    except WarehouseError as error:
        print(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    {"copy": copy, "publish": publish_again, "fill": fill}[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
