"""What one engine gave in, what every engine gives out: plain Arrow types, and finished files by day."""

import shutil
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from uuid import uuid4

import pyarrow as pa

WRITING = ".writing-"
"""Begin of the folders of files that are being written; what is left of a killed process is never read."""
DAY_FOLDER = "date="
LEFT_BEHIND_S = 86_400.0  # nothing writes for a day: a folder that old is a killed process's


def plain(rows: pa.Table) -> pa.Table:
    """The same rows with types both engines share: BIGINT (INTEGER stays), DOUBLE, and times without zone."""
    fields = [pa.field(field.name, _plain_type(field.type)) for field in rows.schema]
    return rows.cast(pa.schema(fields)) if rows.schema != pa.schema(fields) else rows


def _plain_type(given: pa.DataType) -> pa.DataType:
    if pa.types.is_decimal(given):
        return pa.int64() if given.scale == 0 else pa.float64()
    if pa.types.is_integer(given):
        return pa.int32() if given.bit_width <= 16 or given == pa.int32() else pa.int64()
    if pa.types.is_floating(given):
        return pa.float64()
    if pa.types.is_timestamp(given):
        return pa.timestamp("us")
    if pa.types.is_large_string(given) or pa.types.is_string_view(given):
        return pa.string()
    if pa.types.is_dictionary(given):
        return _plain_type(given.value_type)
    if pa.types.is_list(given) or pa.types.is_large_list(given):
        return pa.list_(_plain_type(given.value_type))
    return given


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A new folder in `folder` to write into; gone at the end, whatever happens."""
    folder.mkdir(parents=True, exist_ok=True)
    remove_left_behind(folder, prefix=WRITING)
    staging = folder / f"{WRITING}{uuid4().hex}"
    staging.mkdir()
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def put_in_place(staging: Path, folder: Path) -> dict[date, tuple[Path, ...]]:
    """Move the Parquet files of `staging/…=2026-10-01/` to `folder/date=…/` under new names; the files by day."""
    days: dict[date, list[Path]] = defaultdict(list)
    for written in sorted(staging.glob("*=*/*.parquet")):
        day = date.fromisoformat(written.parent.name.partition("=")[2])
        home = folder / f"{DAY_FOLDER}{day}"
        home.mkdir(exist_ok=True)
        days[day].append(written.rename(home / f"{uuid4().hex}.parquet"))
    return {day: tuple(files) for day, files in days.items()}


def remove_left_behind(folder: Path, *, prefix: str) -> None:
    """Remove what killed processes left in `folder`: folders that begin with the prefix and are more than a day old."""
    for left in folder.glob(f"{prefix}*"):
        with suppress(OSError):  # another process removes it too
            if time.time() - left.stat().st_mtime > LEFT_BEHIND_S:
                shutil.rmtree(left, ignore_errors=True)
