"""A folder in, a project out that has collected three days there; damage of every kind for its warehouse."""

import hashlib
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from clarity_assets.demo.site import SimulatedSite
from clarity_assets_tests.fixtures.collecting import FIRST_DAY, Bench, FakeApi, make_settings

SITE = SimulatedSite.generate(first_day=FIRST_DAY - timedelta(days=4), days=20, sessions_per_day=20)
COLLECTED = 3  # days that every project here begins with
KEY = "a passphrase of some length"


@dataclass
class Project:
    """A project in a folder, at an instant that tests set."""

    folder: Path
    bench: Bench

    @classmethod
    def in_folder(cls, folder: Path, **overrides) -> "Project":
        return cls(folder, Bench(make_settings(folder, **overrides), FakeApi(SITE)))

    @property
    def settings(self):
        return self.bench.settings

    @property
    def warehouse(self) -> Path:
        return self.settings.warehouse

    def at(self, day_number: int, hour: float) -> "Project":
        """On day number so much since the first one (1: the day after it), at that hour UTC."""
        self.bench.at(FIRST_DAY + timedelta(days=day_number - 1), hour)
        self.bench.settings = self.settings.model_copy(update={"now": self.bench.api.now})
        return self

    def with_settings(self, **values) -> "Project":
        return Project(self.folder, Bench(self.settings.model_copy(update=values), self.bench.api))

    def collect(self, day_number: int) -> "Project":
        """Collect day number so much (0: the first) at 01:00 after it."""
        self.at(day_number + 1, 1.0).bench.collect_all(day(day_number))
        return self

    # --- what there is --------------------------------------------------------------------------------------------

    def known(self) -> dict:
        """Landing rows, answers (each with its hash) and slots: all that must come back."""
        return {
            "landing": self.bench.landing(),
            "answers": self.bench.sql(
                "select columns(lambda c: c not in ('body', 'seen'))::varchar from ops.clarity_answer order by all"
            ),
            "slots": self.bench.sql(
                """select request_id, request, num_of_days, purpose, for_date, outcome from ops.api_request
                   where request <> 'unknown' order by all"""
            ),
        }

    def slots_by_day(self) -> dict[date, int]:
        return dict(self.bench.sql("select reserved_at::date, count(*) from ops.api_request group by all order by all"))

    def sha256(self) -> str:
        return sha256_of(self.warehouse)

    def names(self) -> set[str]:
        """What lies beside the warehouse, without queues and their locks."""
        return {path.name for path in self.folder.iterdir() if not path.name.endswith(".queue")}


def day(number: int) -> date:
    return FIRST_DAY + timedelta(days=number)


def instant(day_number: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime.combine(day(day_number), datetime.min.time(), UTC) + timedelta(hours=hour, minutes=minute)


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make_collected(folder: Path) -> Path:
    """A folder with a warehouse of three days, to be copied by each test."""
    project = Project.in_folder(folder)
    for number in range(COLLECTED):
        project.collect(number)
    return folder


def copied(collected: Path, folder: Path, **overrides) -> Project:
    """A copy of that project, half an hour past two in the night after its last day: when backups are made."""
    shutil.copytree(collected, folder, dirs_exist_ok=True)
    return Project.in_folder(folder, **overrides).at(COLLECTED, 2.5)


# --- damage -----------------------------------------------------------------------------------------------------------


def delete(path: Path) -> None:
    path.unlink()


def flip_a_byte(path: Path) -> None:
    """In the body of an answer: in a block that opening does not read."""
    data = bytearray(path.read_bytes())
    at = data.rindex(b"\x28\xb5\x2f\xfd") + 40  # how a zstd frame begins
    data[at] ^= 1
    path.write_bytes(data)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwrite(path: Path) -> None:
    path.write_bytes(b"\0" * path.stat().st_size)


def put_garbage_into_the_log(path: Path) -> None:
    path.with_name(path.name + ".wal").write_bytes(b"garbage" * 100)


DAMAGES = (delete, flip_a_byte, truncate, overwrite, put_garbage_into_the_log)
