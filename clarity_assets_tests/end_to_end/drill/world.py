"""The drill's world: a project on a simulated clock, the API's stand-in, who gets alerts and reports, and what can go wrong."""

import os
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Self

import dagster as dg
import duckdb

from clarity_assets.demo.site import SimulatedSite
from clarity_assets.demo.stand_in import StandIn
from clarity_assets_tests.end_to_end.drill.daemon import SimulatedDaemon
from clarity_assets_tests.fixtures.projects import PROJECT, project_environment
from clarity_assets_tests.unit.delivery.servers import MailServer, Webhook, mail_server, webhook

FIRST = date(2026, 10, 1)  # a Thursday; October has a change of clocks in Europe, and ends within the drill
SITE = SimulatedSite.generate(first_day=FIRST - timedelta(days=4), days=45, sessions_per_day=120, planted=False)


def at(day: int, hour: int, minute: int = 0, *, month: int = 10) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@dataclass
class World:
    folder: Path
    stand_in: StandIn = field(default_factory=lambda: StandIn(SITE))
    mails: MailServer = field(init=False)
    hook: Webhook = field(init=False)
    daemon: SimulatedDaemon = field(init=False)
    instance: dg.DagsterInstance = field(init=False)

    def __enter__(self) -> Self:
        self._stack, self._before = ExitStack(), dict(os.environ)
        self._stack.enter_context(self.stand_in)
        self.mails = self._stack.enter_context(mail_server())
        self.hook = self._stack.enter_context(webhook())
        now = at(1, 12)
        os.environ.clear()
        os.environ.update(
            project_environment(
                self.folder, self.stand_in, now=now, CLARITY_FIRST_DATE=f"{FIRST}", CLARITY_ALERT_TO=self.hook.url("/alerts"),
                CLARITY_REPORT_TO=self.mails.url(), CLARITY_BACKUP_KEY="a passphrase of the drill",
            )
        )  # fmt: skip
        os.environ["PATH"] = self._before["PATH"]
        self.instance = self._stack.enter_context(dg.DagsterInstance.ephemeral())
        self.daemon = SimulatedDaemon(self.instance, since=now)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        os.environ.clear()
        os.environ.update(self._before)

    # --- time ---------------------------------------------------------------------------------------------------

    def set_clock(self, now: datetime, *, api: bool = True) -> None:
        os.environ["CLARITY_NOW"] = now.isoformat()
        if api:
            self.stand_in.set_clock(now)

    def tick(self, *instants: datetime) -> None:
        """The daemon looks at what is due, at each of these instants."""
        for now in instants:
            self.set_clock(now)
            self.daemon.tick(now)

    def quiet_day(self, morning: date) -> None:
        """What the daemon does on a day: collection, upkeep, reports where due, and looks in between."""
        midnight = datetime.combine(morning, time(), UTC)
        self.tick(*(midnight + timedelta(minutes=m) for m in (60, 80, 155, 500, 840)))

    # --- what only processes meet -------------------------------------------------------------------------------

    def start(self, job: str, partition: str, *options: str, stderr: int = subprocess.DEVNULL) -> subprocess.Popen:
        command = [sys.executable, "-m", "clarity_assets_tests.end_to_end.drill.one_run", job, partition, *options]
        return subprocess.Popen(
            command, cwd=PROJECT, env=dict(os.environ), stdout=subprocess.DEVNULL, stderr=stderr, text=True
        )

    def command(self, *arguments: str, **more: str) -> subprocess.CompletedProcess:
        """`clarity-assets` with these arguments, in a process of its own."""
        command = [str(Path(sys.executable).with_name("clarity-assets")), *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=os.environ | more, capture_output=True, text=True, timeout=300
        )

    def killed(self, now: datetime, schedule: str, step: str) -> None:
        """At `now` the schedule's run is killed with -9 while `step` is at work."""
        self.set_clock(now)
        [request] = self.daemon.requested(now, schedule)
        job = self.daemon.repository.get_schedule_def(schedule).job_name
        told = []
        with self.start(job, request.partition_key or "-", stderr=subprocess.PIPE) as process:
            for line in process.stderr:
                told.append(line)
                if f'Started execution of step "{step}"' in line:
                    process.kill()
                    break
            assert process.wait(timeout=180) == -9, f"{job} was not killed in {step}: {''.join(told[-20:])}"

    # --- what came of it ----------------------------------------------------------------------------------------

    def sql(self, query: str, *values: object, file: str = "clarity.duckdb") -> list[tuple]:
        con = duckdb.connect(str(self.folder / file), read_only=True)
        try:
            return con.execute(query, values).fetchall()
        finally:
            con.close()

    @property
    def requests_by_day(self) -> Counter:
        """Requests that the API counted, by its UTC day."""
        return Counter(call.at.date() for call in self.stand_in.calls if call.counted)

    @property
    def alerts(self) -> list[str]:
        """Titles of the messages that the webhook got, in order."""
        return [body["title"] for body in self.hook.bodies]

    @property
    def reports(self) -> list[str]:
        """Subjects of the mails, in order."""
        return [str(mail["Subject"]) for mail in self.mails.mails]
