"""Options in, all benchmarks as one table in Markdown out: `python -m clarity_assets_tests.benchmarks --help`."""

import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import click
import duckdb

from clarity_assets.settings import Settings
from clarity_assets_tests.benchmarks import clickstream, looking
from clarity_assets_tests.benchmarks.anomalies import results as anomalies
from clarity_assets_tests.benchmarks.changes import changes
from clarity_assets_tests.benchmarks.checks import day_of_checks, sizes_of_checks
from clarity_assets_tests.benchmarks.claims import results as claims
from clarity_assets_tests.benchmarks.clickstream_models import results as models_of_clickstream
from clarity_assets_tests.benchmarks.days import (
    PlainSqlite,
    Times,
    collect_day,
    collect_derived,
    import_day,
    sqlite_day,
    warm_up,
)
from clarity_assets_tests.benchmarks.forecasts import results as forecasts
from clarity_assets_tests.benchmarks.history import HISTORY_START, Built, asked_at, bodies_of, build, day_shapes
from clarity_assets_tests.benchmarks.levels import results as levels
from clarity_assets_tests.benchmarks.marts import FIRST, marts
from clarity_assets_tests.benchmarks.measure import MB, Result, clocked, machine, shown, sync_s, table
from clarity_assets_tests.benchmarks.operating import results as operating
from clarity_assets_tests.benchmarks.rebuilding import RebuildRun, rebuild_apart
from clarity_assets_tests.benchmarks.reports import results as reports
from clarity_assets_tests.fixtures.collecting import make_settings

HISTORY_DAYS = 1095
FULL_GROUP_DAYS = 338  # about 2,000 answers: DuckDB 2.0 begins another group of rows at 2,048, and packs the last anew
YEAR = 365
COLLECTION = ("day", "derived", "rebuild", "size", "open", "status")
STATISTICS = (
    "changes",
    "forecasts",
    "anomalies",
    "levels",
    "claims",
)  # how often they are right, not how fast they are
NAMES = (*COLLECTION, "marts", "checks", "reports", "operating", "clickstream", "scale", *STATISTICS)
BY_NAME_ALONE = ("scale",)  # an hour and 20 GB of disk
DAY_TARGET_S = DERIVED_TARGET_S = 0.2
REBUILD_TARGET_S = 60.0
REBUILD_TARGET_MB = 2 * 1024**3 / MB


@dataclass
class Bench:
    """The chosen benchmarks on two warehouses: a new one and one that holds years."""

    folder: Path
    chosen: tuple[str, ...]
    days: int
    results: list[Result] = field(default_factory=list)

    @property
    def scale(self) -> float:
        return self.days / HISTORY_DAYS

    def repeats(self, full: int) -> int:
        return max(3, round(full * self.scale))

    def settings(self, name: str, *, until_day: int) -> Settings:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return make_settings(folder, first_date=HISTORY_START, now=asked_at(until_day))

    def run(self) -> list[Result]:
        if set(COLLECTION) & set(self.chosen):
            self.on_a_new_warehouse()
            if "day" in self.chosen and self.days == HISTORY_DAYS:
                self.on_a_full_group()
            self.on_years()
        if {"marts", "checks"} & set(self.chosen):
            self.on_marts()
        if "operating" in self.chosen:
            say("nights with the daemon, and a backfill")
            self.keep("operating", operating(self.folder / "operating", repeats=self.repeats(3)))
        if "reports" in self.chosen:
            say(f"reports over {self.days} days")
            settings = self.settings("reports", until_day=self.days - 1)
            self.keep("reports", reports(settings, days=self.days, repeats=self.repeats(5)))
        self.on_clickstream()
        self.on_statistics()
        return self.results

    def on_clickstream(self) -> None:
        if "clickstream" in self.chosen:
            say("sessions, analyses and models of ten million events")
            events = round(clickstream.EVENTS * self.scale)
            results = clickstream.results(self.folder / "clickstream", events=events, repeats=self.repeats(5))
            self.keep("clickstream", [*results, *models_of_clickstream(repeats=self.repeats(9))])
        if "scale" in self.chosen:
            say("sessions, analyses and the funnel of 1, 10 and 50 million events, by both engines")
            sizes = tuple(round(size * self.scale) for size in clickstream.SIZES)
            self.keep("scale", list(clickstream.curve(self.folder / "scale", sizes=sizes)))

    def on_marts(self) -> None:
        say(f"marts of {self.days} days")
        settings = self.settings("marts", until_day=self.days - 1)
        self.keep("marts", marts(settings, days=self.days, repeats=self.repeats(7)))
        say("checks")
        newest = FIRST + timedelta(days=self.days - 1)
        self.keep("checks", day_of_checks(settings, newest, repeats=self.repeats(7)))
        if "checks" in self.chosen:
            self.keep("checks", sizes_of_checks(self.folder, repeats=3))

    def on_statistics(self) -> None:
        if "changes" in self.chosen:
            say("changes")
            self.keep("changes", changes(histories=self.repeats(200)))
        if "forecasts" in self.chosen:
            say("forecasts")
            self.keep("forecasts", forecasts() if self.scale == 1 else forecasts(every_days=55))
        if "anomalies" in self.chosen:
            say("anomalies")
            self.keep("anomalies", anomalies())
        if "levels" in self.chosen:
            say("trends, weekdays, change points")
            self.keep("levels", levels())
        if "claims" in self.chosen:
            say("recommendations where there is nothing to find")
            self.keep("claims", claims(sites=self.repeats(30)))

    def on_a_new_warehouse(self) -> None:
        settings, first = self.settings("new", until_day=self.days), self.days + 2
        sqlite = PlainSqlite(settings.warehouse.parent)
        repeats = self.repeats(30)
        if {"day", "size"} & set(self.chosen):
            say("days on a new warehouse")
            results = day_results("new", settings, sqlite, first=first, repeats=repeats)
            self.keep("day", results)
        if "day" in self.chosen:
            self.keep("day", import_results(self.settings("import", until_day=self.days), repeats=repeats))
        if "size" in self.chosen:
            days = repeats + 1
            self.keep("size", [
                Result(f"file after {days} days, one by one", [size_mb(settings.warehouse)], "MB",
                       note=f"{size_mb(settings.warehouse) / days:.2f} MB a day, free blocks in"),
                Result(f"SQLite file after {days} days", [size_mb(sqlite.path)], "MB",
                       note=f"{size_mb(sqlite.path) / days:.2f} MB a day; the rows alone"),
            ])  # fmt: skip
        if "derived" in self.chosen:
            self.keep("derived", derived_results("new", settings, first=first + repeats + 2, repeats=self.repeats(7)))

    def on_a_full_group(self) -> None:
        """The worst moment of the year: every checkpoint writes almost 2,048 answers again."""
        settings, where = self.settings("full", until_day=FULL_GROUP_DAYS - 1), f"{FULL_GROUP_DAYS} days"
        say(f"days on {where}")
        build(settings, days=FULL_GROUP_DAYS)
        rebuild_apart(settings)
        sqlite = PlainSqlite(settings.warehouse.parent)
        self.keep("day", day_results(where, settings, sqlite, first=FULL_GROUP_DAYS, repeats=5))

    def on_years(self) -> None:
        settings, years = self.settings("years", until_day=self.days - 1), f"{self.days / YEAR:.1f} years"
        say(f"building {years}")
        with clocked() as clock:
            built = build(settings, days=self.days)
        answers_mb = used_mb(settings.warehouse)
        say(f"built in {clock.seconds:.0f} s; rebuilding")
        done = rebuild_apart(settings)
        self.keep("size", size_results(built, answers_mb=answers_mb, whole_mb=used_mb(settings.warehouse)))
        if "rebuild" in self.chosen:
            say("rebuilding over its own rows")
            again = rebuild_apart(settings)
            assert again.rows == done.rows, (again, done)
            self.keep("rebuild", rebuild_results(years, built, done, again, build_s=clock.seconds))
        if "open" in self.chosen:
            say("opening and asking")
            self.keep("open", looking.opening(settings, repeats=30) + looking.windows(settings, repeats=30))
        if "status" in self.chosen:
            say("status")
            self.keep("status", looking.status(settings, repeats=5))
        if "day" in self.chosen:
            say(f"days on {years}")
            sqlite, repeats = PlainSqlite(settings.warehouse.parent), self.repeats(15)
            self.keep("day", day_results(years, settings, sqlite, first=self.days, repeats=repeats))
        if "derived" in self.chosen:
            self.keep("derived", derived_results(years, settings, first=self.days + 20, repeats=self.repeats(7)))

    def keep(self, name: str, results: list[Result]) -> None:
        if name in self.chosen:
            self.results += results


def day_results(where: str, settings: Settings, sqlite: PlainSqlite, *, first: int, repeats: int) -> list[Result]:
    """Ours and SQLite's by turns, on the same answers and the same disk."""
    warm_up(settings, sqlite, first)
    ours: list[Times] = []
    plain: list[float] = []
    for day in range(first + 1, first + 1 + repeats):
        bodies = bodies_of(day)
        ours.append(collect_day(settings, day, bodies))
        plain.append(sqlite_day(sqlite, day, bodies))
    rows = sum(shape.rows for shape in day_shapes().values())
    return [
        Result(f"**six answers of a day, {where}**", [t.reserve.seconds + t.land.seconds for t in ours],
               target=DAY_TARGET_S, note=f"{rows:,} metric rows; the file is opened twelve times in turn"),
        Result("- before each answer: settling, reserving a slot", [t.reserve.seconds for t in ours],
               note="six openings, six commits"),
        Result("- **bytes to committed rows**", [t.land.seconds for t in ours], target=DAY_TARGET_S,
               note="six openings, six commits; made up of:"),
        Result("  - reading: redact, parse, type", [t.read.seconds for t in ours]),
        Result("  - opening the file", [t.open.seconds for t in ours]),
        Result("  - storing, settling, committing", [t.sql_s for t in ours]),
        Result("  - checkpoint and closing", [t.close.seconds for t in ours]),
        Result("beside it: SQLite, the same bytes", plain, note="`json.loads`, `executemany`, six commits, one opening"),
    ]  # fmt: skip


def import_results(settings: Settings, *, repeats: int) -> list[Result]:
    import_day(settings, 0, bodies_of(0))
    return [
        Result("the same six answers by `import`, new", [import_day(settings, d, bodies_of(d)) for d in range(1, repeats)],
               target=DAY_TARGET_S, note="one opening, one commit; all days settled anew"),
    ]  # fmt: skip


def derived_results(where: str, settings: Settings, *, first: int, repeats: int) -> list[Result]:
    collect_derived(settings, first)
    times = [collect_derived(settings, first + 2 * i) for i in range(1, repeats + 1)]
    keys = len(day_shapes()["url_device"].keys)
    return [
        Result(f"**a derived day, {where}**: bytes to committed rows", [t.land.seconds for t in times],
               target=DERIVED_TARGET_S, note=f"48 h - 24 h of {keys} URL x Device keys"),
        Result("before the answer: settling, planning, reserving", [t.reserve.seconds for t in times]),
    ]  # fmt: skip


def rebuild_results(years: str, built: Built, done: RebuildRun, again: RebuildRun, *, build_s: float) -> list[Result]:
    what = f"{built.answers:,} answers, {built.metric_rows:,} metric rows: {done.rows:,} landing rows"
    peak_mb = max(done.peak_bytes, again.peak_bytes) / MB
    return [
        Result(f"**`rebuild` of {years}**, over its own rows", [again.seconds], target=REBUILD_TARGET_S, note=what),
        Result("`rebuild` into empty tables", [done.seconds], target=REBUILD_TARGET_S),
        Result("peak memory of the two", [peak_mb], "MB", REBUILD_TARGET_MB, "parent and workers, added"),
        Result("making the history, not a benchmark", [build_s], note="answers generated, redacted, stored"),
    ]


def size_results(built: Built, *, answers_mb: float, whole_mb: float) -> list[Result]:
    years = built.days / YEAR
    per_answer = built.packed_bytes / built.answers
    return [
        Result("a year of answers", [answers_mb / years], "MB",
               note=f"{shown(built.answer_bytes / built.answers / 1000, 'kB')} an answer, packed {per_answer / 1000:.1f} kB"),
        Result("a year of landing rows and day states", [(whole_mb - answers_mb) / years], "MB",
               note="right after a rebuild, without free blocks"),
        Result("the same answers as JSON files, a year", [built.answer_bytes / MB / years], "MB"),
    ]  # fmt: skip


def size_mb(path: Path) -> float:
    return path.stat().st_size / MB


def used_mb(path: Path) -> float:
    """What the blocks that hold something take: the file also has free ones, which the next rows fill."""
    with duckdb.connect(str(path), read_only=True) as con:
        block_bytes, used = con.execute("select block_size, used_blocks from pragma_database_size()").fetchall()[0]
    return block_bytes * used / MB


def say(what: str) -> None:
    click.echo(f"... {what}", err=True)


@click.command()
@click.option("--only", multiple=True, type=click.Choice(NAMES), help="Run these alone (again for more).")
@click.option("--quick", is_flag=True, help="A tenth of the history and of the repeats, to try it out.")
@click.option("--days", type=click.IntRange(20), default=HISTORY_DAYS, show_default=True, help="Days of history.")
@click.option("--keep", is_flag=True, help="Leave the warehouses in the folder.")
@click.option("--folder", type=click.Path(path_type=Path), default=Path(".data"), show_default=True,
              help="On the disk to be measured.")  # fmt: skip
def main(only: tuple[str, ...], quick: bool, days: int, keep: bool, folder: Path) -> None:
    """Measure everything that the documents promise, on warehouses made for it."""
    folder.mkdir(exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix="benchmarks-", dir=folder))
    try:
        head = f"{machine()}; a synced write of 4 kB takes {shown(sync_s(made), 's')}"
        chosen = only or tuple(name for name in NAMES if name not in BY_NAME_ALONE)
        bench = Bench(made, chosen, days // 10 if quick else days)
        with clocked() as clock:
            results = bench.run()
    finally:
        if keep:
            say(f"kept {made}")
        else:
            shutil.rmtree(made)
    click.echo(f"{head}\n\n{table(results)}\n\n{clock.seconds:.0f} s in all.")


if __name__ == "__main__":
    main()
