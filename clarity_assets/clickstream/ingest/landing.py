"""Staged events in; a new file of each UTC day that gains any, with those that were there before, out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from glob import escape
from pathlib import Path

import duckdb

from clarity_assets.clickstream.ingest.folder import day_folder, move_into_place, unmark
from clarity_assets.clickstream.ingest.ledger import Day, need_file
from clarity_assets.clickstream.ingest.shaping import CONTENT, ORDER_OF_TYPES, content_hash
from clarity_assets.clickstream.schema import EVENT
from clarity_assets.settings import Settings
from clarity_assets.warehouse.tables import literal

AT_ONCE = 500_000  # rows of days that are looked through together: a year of few events takes seconds, not minutes
ROW_GROUP = 122_880  # rows; DuckDB's own, named because readers skip by it
RANK = "case event_type " + " ".join(f"when '{t}' then {i}" for i, t in enumerate(ORDER_OF_TYPES)) + " else 9 end"


@dataclass(frozen=True)
class Landed:
    """What became of a day. `day`: None where nothing changed. `counts`: (told, new, changed) of each staged file."""

    date: date
    day: Day | None
    counts: Mapping[int, tuple[int, int, int]]


def staged_days(con: duckdb.DuckDBPyConnection, folder: Path) -> list[tuple[list[date], list[Path]]]:
    """The days that were staged under `folder/<number of the file>/day=…/`, with their Parquet files, in portions."""
    if not list(folder.glob("*/day=2*")):
        return []
    files = literal(str(Path(escape(str(folder))) / "*" / "day=2*" / "*.parquet"))
    counted = con.execute(f"""
        select day::date, count(*), list(distinct filename order by filename)
        from read_parquet({files}, filename = true, hive_partitioning = true, hive_types = {{'day': varchar}})
        group by 1 order by 1""").fetchall()  # noqa: S608
    portions: list[tuple[list[date], list[Path]]] = []
    rows = 0
    for day, count, files in counted:
        if not portions or rows + count > AT_ONCE:
            portions.append(([], []))
            rows = 0
        rows += count
        portions[-1][0].append(day)
        portions[-1][1].extend(map(Path, files))
    return portions


def land_days(
    con: duckdb.DuckDBPyConnection,
    days: Sequence[date],
    staged: Sequence[Path],
    *,
    present: Mapping[date, Day],
    settings: Settings,
    work: Path,
    again: bool = False,
) -> Iterator[Landed]:
    """Write the new files of these days under the hashes of their contents; nobody names them yet.

    Of events with the same id and origin the present one stays, else the least by time and content: the order of
    deliveries does not matter. `again`: the one that is told takes the place of the present one.
    """
    _take(con, staged, [settings.events_folder / present[day].file for day in days if day in present], again=again)
    counts: dict[date, dict[int, tuple[int, int, int]]] = {}
    for day, number, *told in con.execute(
        """select date, file_number, count(*), count(*) filter (is_new), count(*) filter (is_change)
           from arrived group by 1, 2"""
    ).fetchall():
        counts.setdefault(day, {})[number] = tuple(told)
    gained = con.execute("""
        select date, count(*) filter (is_new),
            count(*) filter (is_bot) - count(*) filter (is_change and known_is_bot),
            xor(bit_xor(('0x' || content)::uhugeint),
                coalesce(bit_xor(('0x' || known_content)::uhugeint) filter (is_change), 0::uhugeint))
        from arrived where is_new or is_change group by 1""").fetchall()
    new = {day: facts for day, *facts in gained}
    for day in days:
        entry = None
        if day in new:
            entry = _land(con, day, *new[day], present=present.get(day), settings=settings, work=work)
        yield Landed(day, entry, counts[day])


def _take(con: duckdb.DuckDBPyConnection, staged: Sequence[Path], present: Sequence[Path], *, again: bool) -> None:
    """Table `arrived`: all staged rows of the days, `is_new` for one of each event that is not there yet.

    Ids are their source's own, so that an event is known by id and origin; all staged rows are of one origin.
    `is_change`, where `again`: for one of each that is there with another content (`known_content`).
    """
    for file in present:
        need_file(file)
    known = f"""
        select date, event_id, origin, is_bot as known_is_bot,
            {content_hash() if again else "null::varchar"} as known_content
        from {_parquet(*(present or staged))}{"" if present else " limit 0"}"""  # noqa: S608
    con.execute(f"""
        create or replace table arrived as
        with told as (
            select *, regexp_extract(filename, '/([0-9]+)/day=[^/]*/[^/]*$', 1)::integer as file_number
            from {_parquet(*staged)}
        ),
        known as ({known}),
        joined as (
            select told.*, known.* exclude (date, event_id, origin), known.event_id is not null as is_known,
                1 = row_number() over (
                    partition by told.date, told.event_id order by event_at, content, file_number, row_number
                ) as is_first
            from told left join known
                on known.date = told.date and known.event_id = told.event_id and known.origin = told.origin
        )
        select *, is_first and not is_known as is_new,
            is_first and coalesce(content <> known_content, false) as is_change
        from joined""")  # noqa: S608


def _land(
    con: duckdb.DuckDBPyConnection,
    day: date,
    events: int,
    bot_events: int,
    content: int,
    *,
    present: Day | None,
    settings: Settings,
    work: Path,
) -> Day:
    """The day's new entry. The content's hash is the XOR of the events' hashes: whatever their order or file."""
    if present:
        content ^= int(present.content_hash, 16)
    content_hash = f"{content:032x}"
    target = day_folder(settings, day) / f"{content_hash}.parquet"
    part = work / f"{day}.parquet"
    _write(con, day, part, settings.events_folder / present.file if present else None)
    unmark(settings, str(target.relative_to(settings.events_folder)))
    move_into_place(part, target)
    return Day(
        day,
        str(target.relative_to(settings.events_folder)),
        content_hash,
        events + (present.events if present else 0),
        bot_events + (present.bot_events if present else 0),
        target.stat().st_size,
    )


def _write(con: duckdb.DuckDBPyConnection, day: date, part: Path, present: Path | None) -> None:
    columns = ", ".join(CONTENT)
    rows = f"select {columns} from arrived where (is_new or is_change) and date = date '{day}'"  # noqa: S608
    if present is not None:
        rows += f"""
            union all by name select {columns} from {_parquet(present)}
            where (event_id, origin) not in (
                select (event_id, origin) from arrived where is_change and date = date '{day}')"""  # noqa: S608
    listed = ", ".join(f"{c.name}::{c.type} as {c.name}" for c in EVENT)
    con.execute(f"""
        copy (
            with ordered as (
                select *, row_number() over (order by event_at, {RANK}, event_id, origin) as seq from ({rows})
            )
            select {listed} from ordered order by seq
        ) to {literal(str(part))} (format parquet, compression zstd, row_group_size {ROW_GROUP})""")  # noqa: S608


def _parquet(*paths: Path) -> str:
    listed = ", ".join(literal(str(path)) for path in paths)
    return f"read_parquet([{listed}], hive_partitioning = false, filename = true)"
