"""What Dagster's daemon does, at simulated instants: due schedules and sensors are evaluated, and their runs run once a key."""

from datetime import datetime, timedelta

import dagster as dg

from clarity_assets.dagster_facts import SCHEDULES, SENSORS
from clarity_assets.runs import QUIET, load_definitions


class SimulatedDaemon:
    """Runs go one after the other, in this process. `runs`: when, job, run key, whether it succeeded."""

    def __init__(self, instance: dg.DagsterInstance, *, since: datetime):
        self.instance = instance
        self.definitions = load_definitions()
        self.repository = self.definitions.get_repository_def()
        self.crons = {name: self.repository.get_schedule_def(name).cron_schedule for name in SCHEDULES}
        self._ticked = dict.fromkeys(SCHEDULES, since)
        self._keys: set[tuple[str, str]] = set()
        self.runs: list[tuple[datetime, str, str, bool]] = []

    def tick(self, now: datetime) -> None:
        """Everything that is due at `now`: of several missed ticks of a schedule the last one only."""
        for name in SCHEDULES:
            if last_due(self.crons[name], now) > self._ticked[name]:
                self._ticked[name] = now
                self._run(now, name, self._asked(name))
        for name in SENSORS:
            self._run(now, name, self._asked(name))

    def requested(self, now: datetime, name: str) -> list[dg.RunRequest]:
        """The runs that a schedule asks for now, for others to run; the daemon takes them for done."""
        self._ticked[name] = now
        return self._new(name, self._asked(name))

    def _asked(self, name: str) -> list[dg.RunRequest]:
        if name in SCHEDULES:
            with dg.build_schedule_context(instance=self.instance, repository_def=self.repository) as context:
                return list(self.repository.get_schedule_def(name).evaluate_tick(context).run_requests or [])
        with dg.build_sensor_context(instance=self.instance, repository_def=self.repository) as context:
            return list(self.repository.get_sensor_def(name).evaluate_tick(context).run_requests or [])

    def _new(self, name: str, requests: list[dg.RunRequest]) -> list[dg.RunRequest]:
        found = [r for r in requests if (name, r.run_key) not in self._keys]
        self._keys |= {(name, r.run_key) for r in found}
        return found

    def _run(self, now: datetime, name: str, requests: list[dg.RunRequest]) -> None:
        targets = [t.job_name for t in self.repository.get_sensor_def(name).targets] if name in SENSORS else [
            self.repository.get_schedule_def(name).job_name]  # fmt: skip
        for request in self._new(name, requests):
            job = self.definitions.resolve_job_def(request.job_name or targets[0])
            result = job.execute_in_process(
                partition_key=request.partition_key, tags=request.tags, instance=self.instance, run_config=QUIET,
                raise_on_error=False,
            )  # fmt: skip
            self.runs.append((now, job.name, request.run_key or "", result.success))


def last_due(cron: str, now: datetime) -> datetime:
    """The last instant up to `now` that a cron of minute, hour and perhaps a day of month or week names."""
    minute, hour, day_of_month, _, weekday = cron.split()
    due = now.replace(hour=int(hour), minute=int(minute), second=0)
    while not (
        due <= now
        and (day_of_month == "*" or due.day == int(day_of_month))
        and (weekday == "*" or due.isoweekday() % 7 == int(weekday))
    ):
        due -= timedelta(days=1)
    return due
