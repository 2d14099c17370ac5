"""A warehouse, a project and a period in; its files in the exports' folder out. The layout: see the package."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import duckdb

from clarity_assets.errors import RequestRefused
from clarity_assets.exports.csv_files import write_csv
from clarity_assets.exports.excel_file import write_excel
from clarity_assets.exports.parquet_files import write_parquet
from clarity_assets.exports.power_bi import power_bi_feed
from clarity_assets.exports.publishing import Exported, Made, publish, staging
from clarity_assets.exports.tables import NAMES, Source, exported
from clarity_assets.reports.period import Period

REPORT_PERIODS = {"weekly": "week", "monthly": "month"}


class UnknownFormat(RequestRefused):
    """A format that there is no writer for, or no format at all."""


def export_period(
    con: duckdb.DuckDBPyConnection,
    *,
    project_id: str,
    period: Period,
    folder: Path,
    made_at: datetime,
    formats: Sequence[str] | None = None,
) -> Exported:
    """Write the period's files (`formats` of FORMATS; None: all) into `folder`, usually `settings.reports / "exports"`.

    A project without data gives files with headers only. `made_at` is UTC. Raises UnknownFormat before anything is
    read, MartOutdated, and ReportUnwritable; the files of before are then as they were.
    """
    wanted = _known(FORMATS if formats is None else formats)
    source = Source(con, project_id, period, made_at)
    with staging(folder) as stage:
        made = [file for name in wanted for file in WRITERS[name](source, stage)]
        return publish(made, folder=folder, period=period, project_id=project_id, made_at=made_at)


def export_report_json(
    folder: Path,
    kind: Literal["weekly", "monthly"],
    *,
    period: Period,
    text: str,
    project_id: str,
    made_at: datetime,
) -> Exported:
    """Write a report's JSON as `weekly_summary_<monday>.json` or `monthly_summary_<YYYY-MM>.json`, and into `latest`.

    Raises RequestRefused where the period is none of that kind, and ReportUnwritable.
    """
    if period.kind != REPORT_PERIODS.get(kind):
        wanted = " or ".join(f"{name!r} with a {of}" for name, of in REPORT_PERIODS.items())
        raise RequestRefused(f"{kind!r} with the {period.noun} {period.slug}: a summary's JSON is {wanted}")
    with staging(folder) as stage:
        path = stage / f"{kind}_summary.json"
        path.write_text(text, encoding="utf-8")
        made = [Made(path, "json")]
        return publish(made, folder=folder, period=period, project_id=project_id, made_at=made_at)


def _known(formats: Sequence[str]) -> list[str]:
    """The formats in our order, each once. Raises UnknownFormat."""
    strange = [name for name in formats if name not in FORMATS]
    if strange or not formats:
        what = f"format {strange[0]!r} is unknown" if strange else "no format is named"
        raise UnknownFormat(f"{what}; choose of {', '.join(FORMATS)}")
    return [name for name in FORMATS if name in formats]


def _csv(source: Source, stage: Path) -> Iterator[Made]:
    for name in NAMES:
        path = stage / f"{name}.csv"
        yield Made(path, "csv", exported(name).table, write_csv(source, exported(name), path))


def _json(source: Source, stage: Path) -> Iterator[Made]:
    path = stage / "powerbi_feed.json"
    feed, row_count = power_bi_feed(source)
    path.write_bytes(feed)
    yield Made(path, "json", rows=row_count)


def _parquet(source: Source, stage: Path) -> Iterator[Made]:
    for name in NAMES:
        path = stage / f"{name}.parquet"
        yield Made(path, "parquet", exported(name).table, write_parquet(source, exported(name), path))


def _excel(source: Source, stage: Path) -> Iterator[Made]:
    path = stage / "clarity.xlsx"
    sheets = write_excel(source, path)
    yield Made(path, "xlsx", rows=sum(sheets.values()), sheets=sheets)


WRITERS: dict[str, Callable[[Source, Path], Iterator[Made]]] = {
    "csv": _csv,
    "json": _json,
    "parquet": _parquet,
    "xlsx": _excel,
}
FORMATS = tuple(WRITERS)
