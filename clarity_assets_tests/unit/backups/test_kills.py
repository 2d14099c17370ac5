"""Backup, restore and recovery killed with -9 before each change of the disk: the old state or the new one, always."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from clarity_assets.backups.making import make_backup
from clarity_assets_tests.unit.backups.places import copied

STAGES = {"backup": (1, 8), "restore": (1, 10), "recover": (2, 8)}  # kill before every so-manieth change; least kills


@pytest.fixture(scope="module")
def source(collected, tmp_path_factory) -> Path:
    """Four days in the warehouse, three in the backup, and none in the archive, so that old and new differ."""
    project = copied(collected, tmp_path_factory.mktemp("source") / "source")
    make_backup(project.settings)
    project.collect(3)
    shutil.rmtree(project.folder / "answers")
    return project.folder


@pytest.mark.parametrize("stage", STAGES)
def test_a_kill_before_any_change_leaves_the_old_or_the_new_state(source, tmp_path, stage):
    every, least = STAGES[stage]
    done = subprocess.run(
        [sys.executable, "-m", "clarity_assets_tests.unit.backups.kill_driver", source, tmp_path, stage, f"{every}"],
        capture_output=True, text=True, timeout=300, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    kills = int(done.stdout.removesuffix(" kills\n"))
    assert kills >= least
