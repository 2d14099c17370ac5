"""The demo: 45 simulated days, with the mishaps of real life, collected through the very same assets."""

import contextlib
import os
import shutil
import signal
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from clarity_assets.clarity.status import Status, read_status
from clarity_assets.clarity.store import PENDING
from clarity_assets.dagster_home import dagster_dev_command, prepare_dagster_home
from clarity_assets.demo.catalogue import HOST
from clarity_assets.demo.event_files import Mishaps, write_event_files
from clarity_assets.demo.events import SiteEvents
from clarity_assets.demo.events_go_on import EventsGoOn
from clarity_assets.demo.site import SimulatedSite
from clarity_assets.demo.sites_in_a_row import continued
from clarity_assets.demo.stand_in import StandIn
from clarity_assets.demo.token import make_token
from clarity_assets.errors import ClarityAssetsError
from clarity_assets.recommendations.store import read_recommendations
from clarity_assets.reports.period import Period, newest_month, newest_week
from clarity_assets.reports.rendering.texts import printable
from clarity_assets.runs import (
    build_clickstream,
    build_exports,
    build_marts,
    build_reports,
    collect_days,
    load_definitions,
)
from clarity_assets.settings import load_settings
from clarity_assets.warehouse.connection import open_warehouse

FIRST_DAY = date(2026, 8, 17)  # a Monday; 45 days on, September is over
DAYS = 45
COLLECTED_AT = time(1, 0, tzinfo=UTC)
DAYS_AFTER, SESSIONS_AFTER = 120, 1_050  # what the UI's clock can run on into; the growth of 45 days is in it

# Index of the simulated day -> what goes wrong on the night that should collect it.
MISSED = frozenset({9}) | frozenset(range(30, 35))  # nobody ran it: one night, and a five-day outage
SERVER_ERRORS = frozenset({16})
TRUNCATED_URLS = frozenset({23})

# Index of the simulated day -> what goes wrong with the files of events.
SENT_AGAIN, LATE, LATE_BY, BROKEN = 11, 20, 3, 37


@dataclass(frozen=True)
class DemoPaths:
    """Where the demo keeps its files."""

    folder: Path

    @property
    def warehouse(self) -> Path:
        return self.folder / "clarity.duckdb"

    @property
    def reports(self) -> Path:
        return self.folder / "reports"

    @property
    def event_files(self) -> Path:
        """Where files of events in our own format are dropped: <drop>/<mapping>, the drop folder being the default."""
        return self.folder / "clickstream" / "drop" / "events"

    @property
    def dagster_home(self) -> Path:
        return self.folder / "dagster_home"


def demo_site() -> SimulatedSite:
    """The demo's site; it begins before the first collected day, so that the first windows are full."""
    return SimulatedSite.generate(first_day=FIRST_DAY - timedelta(days=3), days=DAYS + 4)


def demo_environment(paths: DemoPaths, *, base_url: str, now: datetime) -> dict[str, str]:
    """The environment variables under which the project's assets talk to the stand-in."""
    return {
        "CLARITY_API_TOKEN": make_token(expires_at=now + timedelta(days=365)),
        "CLARITY_PROJECT_ID": "demo",
        "CLARITY_API_BASE_URL": base_url,
        "CLARITY_WAREHOUSE": str(paths.warehouse.resolve()),
        "CLARITY_REPORTS": str(paths.reports.resolve()),
        "CLARITY_FIRST_DATE": FIRST_DAY.isoformat(),
        "CLARITY_REQUEST_PAUSE_S": "0",
        "CLICKSTREAM_KEY": "the demo's pseudonyms",  # no secret: the same persons in every demo
        "CLARITY_NOW": now.isoformat(),
        "CLICKSTREAM_HOSTS": urlsplit(HOST).netloc,
        "NO_PROXY": "127.0.0.1",
    }


def emit_demo_events(paths: DemoPaths, site: SimulatedSite, *, now: datetime) -> list[Path]:
    """Drop the files of every event of the simulated days up to `now`, with a few mishaps; returns the files.

    They reach into the day of `now`, because the last window of Clarity does.
    """
    days = {i: FIRST_DAY + timedelta(days=i) for i in (SENT_AGAIN, LATE, LATE + LATE_BY, BROKEN)}
    mishaps = Mishaps(again=days[SENT_AGAIN], late=days[LATE], arrives=days[LATE + LATE_BY], broken=days[BROKEN])
    told = SiteEvents.of(site).days(first=FIRST_DAY, last=now.date(), until=now)
    return write_event_files(told, paths.event_files, mishaps=mishaps)


def run_demo(folder: Path, *, console: Console) -> None:
    """Collect, build marts and reports, and say in a few lines what is known.

    Raises ClarityAssetsError where the folder holds a demo already that is not ours to overwrite.
    """
    paths = _fresh(folder)
    nights = [datetime.combine(FIRST_DAY + timedelta(days=i + 1), COLLECTED_AT) for i in range(DAYS)]
    with (
        StandIn(demo_site()) as stand_in,
        _environment(paths, base_url=stand_in.base_url, now=nights[-1]),
    ):
        prepare_dagster_home(paths.dagster_home)
        emit_demo_events(paths, stand_in.site, now=nights[-1])  # whole by the time that they are looked for
        import dagster as dg

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with dg.DagsterInstance.get() as instance, Progress(*columns, console=console) as bar:
            task = bar.add_task("simulated days", total=DAYS)
            job = load_definitions().resolve_job_def("collect")
            for i, now in enumerate(nights):
                bar.update(task, description=f"simulated day {FIRST_DAY + timedelta(days=i)}")
                os.environ["CLARITY_NOW"] = now.isoformat()
                stand_in.set_clock(now)
                _night(i, stand_in, instance, job)
                bar.advance(task)
            bar.update(task, description="simulated days")
            _events(nights[-1].date(), instance, bar)
            reports = _build(instance, bar)
        known = read_status(load_settings(), days=1)
        first = _what_to_do_first()
    _tell(console, known, first, paths=paths, reports=reports)


def run_demo_ui(folder: Path, *, port: int, speed: float, console: Console) -> int:
    """Serve Dagster's UI and daemon over a finished demo until it is interrupted; returns Dagster's exit code.

    The simulated clock goes on from the night after the last day, `speed` times as fast as time (0: it stands still).
    The events of each simulated day are dropped as a file when it ends.
    Schedules and sensors are off until they are switched on in the UI. Raises ClarityAssetsError where there is no
    demo in the folder.
    """
    paths = DemoPaths(folder.resolve())
    if not paths.warehouse.exists():
        raise ClarityAssetsError(f"{folder} holds no demo; run `make demo` first")
    now = datetime.combine(FIRST_DAY + timedelta(days=DAYS + 1), COLLECTED_AT) - timedelta(hours=1)
    site = continued(demo_site(), days=DAYS_AFTER, sessions_per_day=SESSIONS_AFTER)
    with (
        StandIn(site, now=now, speed=speed) as stand_in,
        _environment(paths, base_url=stand_in.base_url, now=now),
        EventsGoOn(site, paths.event_files, first=now.date() - timedelta(days=1), clock=stand_in.now),
    ):
        os.environ["CLARITY_AUTOMATION"] = "off"
        if speed:
            os.environ |= {"CLARITY_CLOCK_SPEED": f"{speed}", "CLARITY_NOW_SINCE": datetime.now(UTC).isoformat()}
        prepare_dagster_home(paths.dagster_home)
        runs = f"runs {speed:g} times as fast as time: a day in {24 * 60 / speed:.0f} min" if speed else "stands still"
        console.print(
            f"Dagster's UI on http://localhost:{port}; Ctrl+C ends it\n"
            f"The simulated clock begins at {now:%Y-%m-%d %H:%M} UTC and {runs}.\n"
            "Switch on what shall run by itself: Automation, in the UI"
        )
        return _run_until_interrupted(dagster_dev_command(port=port))


def _run_until_interrupted(command: list[str]) -> int:
    """Run a command until it ends, or until Ctrl+C or SIGTERM ends it in good order; returns its exit code."""
    process = subprocess.Popen(command)
    before = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        while True:
            with contextlib.suppress(KeyboardInterrupt):  # the terminal has sent it to the process too
                return process.wait()
    finally:
        signal.signal(signal.SIGTERM, before)


def _night(i: int, stand_in: StandIn, instance, job) -> None:
    """What happens at 01:00 after simulated day i."""
    if i in MISSED:
        return
    if i in SERVER_ERRORS:
        stand_in.fail("500")
    if i in TRUNCATED_URLS:
        stand_in.fail("truncated", dimensions=("URL", "Device"))
    newest = FIRST_DAY + timedelta(days=i)
    missed = {FIRST_DAY + timedelta(days=back) for back in MISSED if back < i and set(range(back, i)) <= MISSED}
    for _ in collect_days([newest, *sorted(missed | _pending(before=newest))], instance=instance, job=job):
        pass
    stand_in.heal()


def _pending(*, before: date) -> set[date]:
    """Days that some request does not know but can still ask."""
    states = read_status(load_settings(), days=5).days
    return {s.date for s in states if s.status == PENDING and s.date < before}


def _events(today: date, instance, bar: Progress) -> None:
    """The events of the same sessions: landed, made into sessions and analysed; of the models the newest two weeks."""
    task = bar.add_task("events", total=1)
    newest = newest_week(today - timedelta(days=1)).start
    weeks = [newest - timedelta(weeks=1), newest]
    failures = build_clickstream(FIRST_DAY, today, weeks=weeks, instance=instance)
    if failures:
        raise ClarityAssetsError(f"the events were not analysed: {'; '.join(failures.values())}")
    bar.advance(task)


def _build(instance, bar: Progress) -> dict[str, dict[str, Path]]:
    """Marts over the whole range in one run; reports of every full week and month, and the last ones' files."""
    last = FIRST_DAY + timedelta(days=DAYS - 1)
    week, month = newest_week(last), newest_month(last)
    periods = [Period.week(monday) for monday in _mondays(until=week.start)] + [month]
    task = bar.add_task("marts and reports", total=2 + len(periods))
    built = build_marts(FIRST_DAY, last, instance=instance)
    if not built.is_complete:
        raise ClarityAssetsError(f"the models were not made: {'; '.join(built.failures.values())}")
    bar.advance(task)
    files = {}
    for period in periods:
        files[period] = build_reports(period, instance=instance)
        bar.advance(task)
    build_exports(week, instance=instance)
    bar.advance(task)
    of_events = {"html": load_settings().reports / "weekly_clickstream" / f"{week.slug}.html"}  # made with the events
    return {"Weekly": files[week] | {"clickstream": of_events}, "Monthly": files[month]}


def _mondays(*, until: date) -> list[date]:
    """Every Monday from the first simulated day on."""
    return [FIRST_DAY + timedelta(weeks=i) for i in range((until - FIRST_DAY).days // 7 + 1)]


def _what_to_do_first() -> list[str]:
    """The three open recommendations that matter most, a line each."""
    settings = load_settings()
    with open_warehouse(settings.warehouse, label="demo") as con:
        found = read_recommendations(con, project_id=settings.need_project(), states=("open",))
    return [f"{one.recommendation_id}  {one.level.value:<7} {printable(one.statement)}" for one in found[:3]]


def _tell(
    console: Console, known: Status, first: list[str], *, paths: DemoPaths, reports: dict[str, dict[str, Path]]
) -> None:
    console.print(f"\n[bold]What is known[/] of {DAYS} days × {len(known.counts)} requests:")
    for name, counts in known.counts.items():
        told = ", ".join(f"{counts.get(s, 0)} {s}" for s in ("measured", "derived", "lost", "pending"))
        console.print(f"  {name:<15} {told}")
    console.print(f"{known.requests_sent} requests spent, never more than 10 a day; {known.answers} answers kept")
    for gap in known.gaps[:1]:
        console.print(f"Lost, and named: {gap.first} to {gap.last} ({gap.cause})")
    console.print("\n[bold]What to do first[/] (clarity-assets recommend list)")
    for line in first:
        console.print(f"  {escape(line)}", soft_wrap=True)
    console.print(f"\nDuckDB file  {_shown(paths.warehouse)}")
    for every, by_kind in reports.items():
        for kind, files in by_kind.items():
            console.print(f"{every:<8} {kind:<11} {_shown(files['html'])}", soft_wrap=True)
    console.print(f"Exports      {_shown(paths.reports / 'exports' / 'latest')}\nUI           make demo-ui")


def _shown(path: Path) -> Path:
    """The path as seen from here, where it lies below."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _fresh(folder: Path) -> DemoPaths:
    """An empty demo folder; one that an earlier demo made (its marker says so) is removed with all that is in it."""
    folder = folder.resolve()
    paths = DemoPaths(folder)
    marker = folder / "demo.marker"
    if folder.exists() and any(folder.iterdir()) and not marker.exists():
        raise ClarityAssetsError(f"{folder} holds files that no demo made; give another --folder")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    marker.write_text("made by `clarity-assets demo`; removed by the next one\n")
    return paths


@contextmanager
def _environment(paths: DemoPaths, *, base_url: str, now: datetime):
    """The demo's settings and no others: not the user's variables, and not the `.env` of the folder we are in."""
    before = dict(os.environ)
    for name in list(os.environ):
        if name.startswith(("CLARITY_", "CLICKSTREAM_")):
            del os.environ[name]
    os.environ.update(demo_environment(paths, base_url=base_url, now=now))
    try:
        with contextlib.chdir(paths.folder):
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)
