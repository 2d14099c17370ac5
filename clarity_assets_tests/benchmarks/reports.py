"""Three years of marts in; seconds and peak memory of a week's reports in all formats, and of its exports, out.

python -m clarity_assets_tests.benchmarks.reports FOLDER MONDAY   with the settings in the environment
"""

import json
import resource
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pandas as pd

from clarity_assets.exports.exporting import export_period
from clarity_assets.project_models import ensure_project
from clarity_assets.recommendations.evidence import find_recommendations
from clarity_assets.reports.facts import read_facts
from clarity_assets.reports.make import make_reports, write_report
from clarity_assets.reports.period import Period, newest_week
from clarity_assets.reports.product import product_sections
from clarity_assets.reports.summary import summary_sections
from clarity_assets.reports.ux import ux_sections
from clarity_assets.settings import Settings, load_settings
from clarity_assets_tests.benchmarks.marts import FIRST, make_landing, run_models
from clarity_assets_tests.benchmarks.measure import MB, Result, clocked
from clarity_assets_tests.benchmarks.rebuilding import environment_of

PROJECT = "shop"  # of `make_landing`
PAGES = 334  # times three devices: 1,002 rows a day, the most that one answer of Clarity's can have
REPORTS_TARGET_S = 10.0
QUERIES_TARGET_S = 1.0
EXPORTS_TARGET_S = 5.0
MEMORY_TARGET_MB = 1024**3 / MB


class TimedConnection:
    """A connection that adds up the seconds of its queries."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con, self.seconds, self.queries = con, 0.0, 0

    def execute(self, *arguments) -> "TimedConnection":
        self.queries += 1
        start = time.perf_counter()
        try:
            self._con.execute(*arguments)
        finally:
            self.seconds += time.perf_counter() - start
        return self

    def fetchall(self) -> list[tuple]:
        start = time.perf_counter()
        try:
            return self._con.fetchall()
        finally:
            self.seconds += time.perf_counter() - start

    def __getattr__(self, name: str):
        return getattr(self._con, name)


def ask(con: TimedConnection, *, settings: Settings, period: Period) -> None:
    """Everything that `make_reports` reads, without keeping what it says."""
    facts = read_facts(con, settings=settings, period=period, made_at=settings.clock())
    found = find_recommendations(facts)
    summary_sections(facts, found, ux=ux_sections(facts), product=product_sections(facts))


def plain_exports(con: duckdb.DuckDBPyConnection, *, period: Period, folder: Path) -> None:
    """What a user might write instead of `export_period`."""
    days = {"start": period.start, "end": period.end}
    with pd.ExcelWriter(folder / "plain.xlsx", engine="openpyxl") as book:
        for name in ("traffic", "engagement", "frustration", "geography", "attribution"):
            sql = f"select * from marts.fct_{name}_daily where date >= $start and date < $end"
            rows = con.execute(sql, days).df()
            rows.to_csv(folder / f"plain_{name}.csv", index=False)
            rows.to_parquet(folder / f"plain_{name}.parquet")
            rows.to_excel(book, sheet_name=name, index=False)


def measure(folder: Path, monday: date) -> dict[str, float]:
    """One week's reports and exports on the settings' warehouse: seconds of each part, and what it took in memory."""
    settings, period = load_settings(), Period.week(monday)
    with duckdb.connect(str(settings.warehouse)) as plain:
        ensure_project(plain, settings)
        with clocked() as making:
            reports = make_reports(plain, settings=settings, period=period)
        with clocked() as writing:
            for report in reports.values():
                write_report(report, folder=folder)
        with clocked() as exporting:
            export_period(plain, project_id=settings.need_project(), period=period, folder=folder / "exports",
                          made_at=settings.clock())  # fmt: skip
        with clocked() as by_pandas:
            plain_exports(plain, period=period, folder=folder)
        con = TimedConnection(plain)
        ask(con, settings=settings, period=period)
    return {
        "making": making.seconds, "writing": writing.seconds, "exporting": exporting.seconds,
        "by_pandas": by_pandas.seconds, "queries": con.seconds, "query_count": con.queries,
        "numbers": sum(len(report.figures) for report in reports.values()),
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }  # fmt: skip


def results(settings: Settings, *, days: int, repeats: int, pages: int = PAGES) -> list[Result]:
    """The settings' warehouse filled with so many days; each repeat in a new process, imports included."""
    make_landing(settings.warehouse, days=days, pages=pages)
    end = FIRST + timedelta(days=days)
    run_models(settings.warehouse, settings, start=FIRST, end=end)
    monday = newest_week(end - timedelta(days=1)).start
    command = [
        sys.executable,
        "-m",
        "clarity_assets_tests.benchmarks.reports",
        str(settings.warehouse.parent),
        f"{monday}",
    ]
    environment = environment_of(settings) | {"CLARITY_PROJECT_ID": PROJECT}
    runs = [
        json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment).stdout)
        for _ in range(repeats)
    ]
    size = f"{days:,} days of {3 * pages:,} page × device rows"
    return [
        Result("**weekly summary, UX and product, five formats each**", [r["making"] + r["writing"] for r in runs],
               target=REPORTS_TARGET_S, note=f"{size}; {runs[0]['numbers']:,.0f} numbers"),
        Result("their queries", [r["queries"] for r in runs], target=QUERIES_TARGET_S,
               note=f"{runs[0]['query_count']:,.0f} queries"),
        Result("finding and comparing, queries included", [r["making"] for r in runs]),
        Result("HTML, PDF, JSON, Markdown, text", [r["writing"] for r in runs]),
        Result("**exports of the week: CSV, Parquet, Excel, JSON**", [r["exporting"] for r in runs],
               target=EXPORTS_TARGET_S),
        Result("beside it: pandas' to_csv, to_parquet, to_excel of the same five tables", [r["by_pandas"] for r in runs],
               note="no manifest, nothing escaped, a row for each signal"),
        Result("peak memory of all of it", [r["peak_bytes"] / MB for r in runs], "MB", MEMORY_TARGET_MB),
    ]  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), date.fromisoformat(sys.argv[2]))))
