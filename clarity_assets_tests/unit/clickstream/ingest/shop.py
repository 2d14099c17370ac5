"""A shop's deliveries for tests: rows written as files, ingested, and read back as anybody would find them."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import orjson
import pyarrow.parquet as pq

from clarity_assets.clickstream.ingest.ingesting import ingest
from clarity_assets.clickstream.ingest.ledger import event_files
from clarity_assets.clickstream.ingest.mapping import load_mapping
from clarity_assets.clickstream.ingest.results import FileIngested, Ingested
from clarity_assets.settings import Settings, load_settings
from clarity_assets.warehouse.connection import open_warehouse

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
VIEW = {"event_time": "2026-10-05T10:00:00Z", "event_type": "view", "visitor_id": "v1", "product_id": "lamp"}


def settings_of(folder: Path, **others) -> Settings:
    """A project of its own in the folder."""
    told = {"warehouse": folder / "clarity.duckdb", "project_id": "shop", "now": NOW}
    return load_settings(**(told | others))


def view(**others) -> dict:
    return VIEW | others


def json_lines(path: Path, rows: Iterable[Mapping | str | bytes]) -> Path:
    """A line a row; texts as they are."""
    lines = [
        row.encode() if isinstance(row, str) else row if isinstance(row, bytes) else orjson.dumps(row) for row in rows
    ]
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def csv_text(rows: list[dict], *, newline: str = "\n", delimiter: str = ",") -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator=newline, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def deliver(settings: Settings, *files: Path, mapping: str = "events", now: datetime = NOW, **options) -> Ingested:
    return ingest(files, mapping=load_mapping(mapping, settings), settings=settings, now=now, **options)


def deliver_rows(
    settings: Settings, rows: Iterable, *, mapping: str = "events", name: str = "rows.jsonl", **options
) -> FileIngested:
    """Deliver one file of JSON lines that can be read."""
    path = settings.warehouse.parent / name
    done = deliver(settings, json_lines(path, rows), mapping=mapping, **options)
    assert not done.unreadable
    return done.files[0]


def events(settings: Settings) -> list[dict]:
    """All events, in order, as rows by column."""
    with open_warehouse(settings.warehouse) as con:
        files = event_files(con, settings, start=date(2000, 1, 1), end=date(2100, 1, 1))
    return [row for file in files for row in pq.read_table(file, partitioning=None).to_pylist()]


def event(settings: Settings) -> dict:
    """The only one."""
    [one] = events(settings)
    return one


def rejected(settings: Settings) -> list[tuple]:
    """(row number, reason, row) of the rejected rows."""
    return asked(settings, "select row_number, reason, row from landing.clickstream_rejected order by 1, 2")


def days(settings: Settings) -> dict[date, str]:
    """UTC day -> hash of its content."""
    return dict(asked(settings, "select date, content_hash from ops.clickstream_day order by date"))


def asked(settings: Settings, sql: str) -> list[tuple]:
    with open_warehouse(settings.warehouse) as con:
        return con.execute(sql).fetchall()
