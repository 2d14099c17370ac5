"""Files of a simulated site's events, as a tracker delivers them: the events of UTC days in, one file a day out."""

import gzip
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import orjson

AGAIN_COUNT = 500  # events of a day that are delivered a second time
LATE_HOURS = range(14, 17)  # hours (UTC) of a day whose events arrive days later


@dataclass(frozen=True)
class Mishaps:
    """What goes wrong with the delivery, on purpose; None: nothing.

    `again`: day of which a second file repeats the first events, byte for byte. `late`: day whose afternoon is missing
    in its own file and comes in one named after the day `arrives`. `broken`: day whose file has, in its middle, the
    rows of `broken_rows`, which are no events.
    """

    again: date | None = None
    late: date | None = None
    arrives: date | None = None
    broken: date | None = None


def write_event_files(
    days: Iterable[tuple[date, list[dict]]], folder: Path, *, mishaps: Mishaps | None = None
) -> list[Path]:
    """Write `YYYY-MM-DD.jsonl.gz` for each UTC day that has events; returns the files.

    The same arguments give the same bytes. A file appears under its name when it is whole.
    """
    mishaps = mishaps or Mishaps()
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for day, events in days:
        for name, lines in _deliveries(day, events, mishaps).items():
            if lines:
                files.append(_write(folder / f"{name}.jsonl.gz", lines))
    return sorted(files)


def broken_rows(row: dict) -> list[bytes]:
    """Lines that are no events, made of one that is: cut off; without time, type or visitor; its time no time."""
    named = {"user_id": None, "visitor_id": None, "session_id": None}
    return [
        orjson.dumps(row)[:90],
        orjson.dumps({name: value for name, value in row.items() if name != "event_time"} | {"event_id": "broken-1"}),
        orjson.dumps(row | {"event_id": "broken-2", "event_time": "yesterday, 25:61"}),
        orjson.dumps(row | {"event_id": "broken-3", "event_type": ""}),
        orjson.dumps(row | {"event_id": "broken-4"} | named),
    ]


def _deliveries(day: date, events: list[dict], mishaps: Mishaps) -> dict[str, list[bytes]]:
    """File name without ending -> its lines, of one day's events."""
    lines = [orjson.dumps(event) for event in events]
    if not lines:
        return {}
    files = {f"{day}": lines}
    if day == mishaps.again:
        files[f"{day}-again"] = lines[:AGAIN_COUNT]
    if day == mishaps.late:
        is_late = [int(event["event_time"][11:13]) in LATE_HOURS for event in events]
        files[f"{mishaps.arrives}-late"] = [line for line, late in zip(lines, is_late, strict=True) if late]
        files[f"{day}"] = [line for line, late in zip(lines, is_late, strict=True) if not late]
    if day == mishaps.broken:
        middle = len(lines) // 2
        files[f"{day}"] = lines[:middle] + broken_rows(events[middle]) + lines[middle:]
    return files


def _write(path: Path, lines: list[bytes]) -> Path:
    """Whole or not at all: whoever watches the folder never sees half a file."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(gzip.compress(b"\n".join(lines) + b"\n", compresslevel=3, mtime=0))
    os.replace(part, path)
    return path
