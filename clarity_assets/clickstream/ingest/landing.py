"""Staged events of one UTC day in; the day's file with those that are new, if any is, out."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from clarity_assets.clickstream.ingest.folder import day_folder, move_into_place
from clarity_assets.clickstream.ingest.ledger import Day, need_file
from clarity_assets.clickstream.ingest.shaping import CONTENT, ORDER_OF_TYPES
from clarity_assets.clickstream.schema import EVENT
from clarity_assets.settings import Settings
from clarity_assets.warehouse.tables import literal

ROW_GROUP = 122_880  # rows; DuckDB's own, named because readers skip by it
RANK = "case event_type " + " ".join(f"when '{t}' then {i}" for i, t in enumerate(ORDER_OF_TYPES)) + " else 9 end"


@dataclass(frozen=True)
class Landed:
    """What became of a day. `day`: None where it gained nothing. `counts`: (told, new) of each staged file."""

    date: date
    day: Day | None
    counts: dict[int, tuple[int, int]]


def land_day(
    con: duckdb.DuckDBPyConnection,
    staged: list[Path],
    day: date,
    *,
    present: Day | None,
    settings: Settings,
    work: Path,
) -> Landed:
    """Write the day's new file (present and new events, sorted), under the hash of its content; nobody names it yet.

    `staged`: folders named by the number of the delivered file, with Parquet files of this day.
    Of events with the same id the present one stays, else the least by time and content: the order of deliveries does
    not matter.
    """
    _take(con, staged, settings.events_folder / present.file if present else None)
    counts = {
        number: (told, new)
        for number, told, new in con.execute(
            "select file_number, count(*), count(*) filter (is_new) from arrived group by 1"
        ).fetchall()
    }
    events, bots, content = con.execute(
        "select count(*), count(*) filter (is_bot), bit_xor(('0x' || content)::uhugeint) from arrived where is_new"
    ).fetchall()[0]
    if not events:
        return Landed(day, None, counts)
    if present:
        content ^= int(present.content_hash, 16)
    content_hash = f"{content:032x}"
    target = day_folder(settings, day) / f"{content_hash}.parquet"
    part = work / f"{day}.parquet"
    _write(con, part, settings.events_folder / present.file if present else None)
    move_into_place(part, target)
    entry = Day(
        day,
        str(target.relative_to(settings.events_folder)),
        content_hash,
        events + (present.events if present else 0),
        bots + (present.bot_events if present else 0),
        target.stat().st_size,
    )
    return Landed(day, entry, counts)


def _take(con: duckdb.DuckDBPyConnection, staged: list[Path], present: Path | None) -> None:
    """Table `arrived`: all staged rows of the day, `is_new` for one of each event that is not there yet."""
    reads = " union all by name ".join(
        f"select {int(folder.parent.name)} as file_number, * from {_parquet(folder / '*.parquet')}"  # noqa: S608
        for folder in staged
    )
    known = "false"
    if present is not None:
        need_file(present)
        known = f"event_id in (select event_id from {_parquet(present)})"  # noqa: S608
    con.execute(f"""
        create or replace temp table arrived as
        select *, {known} as is_known,
            not is_known and 1 = row_number() over (
                partition by event_id order by event_at, content, file_number, row_number) as is_new
        from ({reads})""")  # noqa: S608


def _write(con: duckdb.DuckDBPyConnection, part: Path, present: Path | None) -> None:
    columns = ", ".join(CONTENT)
    rows = f"select {columns} from arrived where is_new"  # noqa: S608
    if present is not None:
        rows += f" union all by name select {columns} from {_parquet(present)}"  # noqa: S608
    listed = ", ".join(f"{c.name}::{c.type} as {c.name}" for c in EVENT)
    con.execute(f"""
        copy (
            with ordered as (
                select *, row_number() over (order by event_at, {RANK}, event_id) as seq from ({rows})
            )
            select {listed} from ordered order by seq
        ) to {literal(str(part))} (format parquet, compression zstd, row_group_size {ROW_GROUP})""")  # noqa: S608


def _parquet(path: Path) -> str:
    return f"read_parquet({literal(str(path))}, hive_partitioning = false)"
