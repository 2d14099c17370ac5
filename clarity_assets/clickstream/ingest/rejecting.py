"""Staged rows that are no events in; their places in the file, rules and reasons out."""

from collections.abc import Sequence
from glob import escape
from pathlib import Path

import duckdb

from clarity_assets.clickstream.ingest.files import EventFile
from clarity_assets.warehouse.tables import literal

ROWS, LINES = "day=rejected/*.parquet", "broken.parquet"


def stage_broken_lines(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Keep what could not be told apart into rows (table `broken_row` of the reading) beside the rejected rows.

    Their text is not kept: nobody knows which of its fields are ids.
    """
    con.execute(f"copy broken_row to {literal(str(folder / LINES))} (format parquet)")


def gather_rejected(
    con: duckdb.DuckDBPyConnection, staged: Sequence[tuple[Path, EventFile]], *, folder: Path
) -> Path | None:
    """All rejected rows in one Parquet file (file_hash, name, row_number, reason, row); None where there are none."""
    queries = [
        f"""select {literal(file.sha256)} as file_hash, {literal(file.path.name)} as name, row_number, reason, row
            from ({rejected})"""  # noqa: S608
        for own, file in staged
        if (rejected := _rejected(own))
    ]
    if not queries:
        return None
    target = folder / "rejected.parquet"
    con.execute(f"copy ({' union all '.join(queries)}) to {literal(str(target))} (format parquet, compression zstd)")
    return target


def tell_rejected(con: duckdb.DuckDBPyConnection, folder: Path) -> list[tuple[str, int, str, int]]:
    """(rule, rows, first reason, its row number) of a file's rejected rows, the commonest first."""
    rejected = _rejected(folder)
    if not rejected:
        return []
    return con.execute(f"""
        select rule, count(*), min_by(reason, row_number), min(row_number) from ({rejected})
        group by rule order by count(*) desc, rule""").fetchall()  # noqa: S608


def _rejected(folder: Path) -> str | None:
    """SQL of a file's rejected rows. Those that were read are numbered without the broken ones before: added here."""
    if not (folder / LINES).exists():
        return None
    lines = f"read_parquet({literal(str(folder / LINES))})"
    queries = [
        f"select row_number, rule, reason, null::varchar as row from {lines}"  # noqa: S608
    ]
    if list(folder.glob(ROWS)):
        rows = f"read_parquet({literal(str(Path(escape(str(folder))) / ROWS))}, hive_partitioning = false)"
        queries.append(f"""
            select row.row_number + coalesce(gap.number, 0) as row_number, row.rule, row.reason, row.row
            from {rows} row
            asof left join (
                select before, row_number - before as number from {lines}
                qualify row_number() over (partition by before order by row_number desc) = 1
            ) gap on row.row_number > gap.before""")  # noqa: S608
    return " union all ".join(queries)
