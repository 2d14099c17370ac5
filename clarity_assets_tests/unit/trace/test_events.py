"""Events landed from a file and a report's number of them in; the analysis, sessions and files behind it out."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from clarity_assets.clickstream.ingest.ingesting import ingest
from clarity_assets.clickstream.ingest.mapping import load_mapping
from clarity_assets.reports.clickstream.tables import COHORT, SITE
from clarity_assets.reports.figures import Figure, Source
from clarity_assets.settings import Settings, load_settings
from clarity_assets.trace.event_rendering import render_verified_events
from clarity_assets.trace.events import verify_events
from clarity_assets.trace.registry import remember_numbers
from clarity_assets.trace.rendering import render_trace
from clarity_assets.trace.traced import Traced
from clarity_assets.trace.tracing import trace
from clarity_assets_tests.fixtures.clickstream_marts import ensure, fill
from clarity_assets_tests.sql.by_hand import PROJECT, insert

MONDAY = date(2026, 10, 5)
NOW = datetime(2026, 10, 12, 8, tzinfo=UTC)
TOLD_AT = datetime(2026, 10, 13, 8, tzinfo=UTC)


@dataclass
class Shop:
    """A warehouse with three landed days, and the mart of their sites' sessions."""

    con: duckdb.DuckDBPyConnection
    settings: Settings

    def number(self, source: Source, value: float = 6.0) -> str:
        remember_numbers(self.con, project_id=PROJECT, report="clickstream 2026-10-05",
                         figures=[Figure(value, "sessions", source)], reported_at=TOLD_AT)  # fmt: skip
        return source.id

    def sessions(self) -> Traced:
        source = Source(SITE, "sessions", (), MONDAY, MONDAY + timedelta(days=2))
        return trace(self.con, self.number(source), settings=self.settings)

    def file(self, day: date) -> Path:
        [(name,)] = self.con.execute("select file from ops.clickstream_day where date = ?", [day]).fetchall()
        return self.settings.events_folder / name


def deliver(shop_settings: Settings, folder: Path, *, price: float) -> None:
    events = [
        {"event_time": f"{MONDAY + timedelta(days=i // 20)}T10:{i % 20:02}:00.5Z", "event_type": "cart",
         "visitor_id": f"v{i}", "product_id": "lamp", "price": price + i / 7, "url": "https://shop.example/ü"}
        for i in range(60)
    ]  # fmt: skip
    file = folder / f"{price}.jsonl"
    file.write_text("".join(json.dumps(event) + "\n" for event in events))
    ingest([file], mapping=load_mapping("events", shop_settings), settings=shop_settings, now=NOW)


@pytest.fixture
def shop(tmp_path):
    settings = load_settings(project_id=PROJECT, now=NOW, warehouse=tmp_path / "clarity.duckdb",
                             clickstream_timezone="Europe/Berlin")  # fmt: skip
    deliver(settings, tmp_path, price=9.9)
    deliver(settings, tmp_path, price=12.0)  # a later file of the same days
    with duckdb.connect(str(settings.warehouse)) as con:
        ensure(con)
        for i in range(2):
            day = MONDAY + timedelta(days=i)
            insert(con, SITE, project_id=PROJECT, date=day, sessions=3, bot_sessions=0)
            insert(con, "ops.clickstream_session_day", project_id=PROJECT, date=day, sessions=3, steps=20,
                   engine="duckdb", built_at=NOW.replace(tzinfo=None))  # fmt: skip
            insert(con, "ops.clickstream_built", project_id=PROJECT, module="traffic", date=day, engine="duckdb",
                   built_at=NOW.replace(tzinfo=None))  # fmt: skip
        yield Shop(con, settings)


def test_a_number_leads_to_its_rows_queries_analysis_sessions_and_event_files(shop):
    found = shop.sessions()
    assert (found.now, found.is_same, found.is_intact) == (6, True, True)
    assert "fct_clickstream_site_daily.sql (DuckDB)" in found.model.path
    assert "fct_clickstream_site_daily.spark.sql (Spark)" in found.model.path
    assert (found.events.module, [one.date for one in found.events.built]) == (
        "traffic", [MONDAY + timedelta(days=1), MONDAY]
    )  # fmt: skip
    assert [(one.sessions, one.engine) for one in found.events.session_days] == [(3, "duckdb")] * 2
    # sessions of two days rest on the day after, too; nothing was ever landed of the day before
    assert [file.date for file in found.events.files] == [MONDAY + timedelta(days=i) for i in (2, 1, 0)]
    assert all(file.is_read and not file.damage for file in found.events.files)
    assert [file.events for file in found.events.files] == [40] * 3
    text = render_trace(found)
    assert "Intact: 3 of 3 event files were read again, and have the events that were landed." in text
    assert "its events match" in text


def test_a_file_whose_events_were_changed_is_tampered_though_its_size_is_right(shop):
    path = shop.file(MONDAY)
    rewritten = path.with_suffix(".new")
    dearer = f"select * replace (price + 1 as price) from read_parquet('{path}', hive_partitioning = false)"
    shop.con.execute(f"copy ({dearer}) to '{rewritten}' (format parquet)")
    rewritten.replace(path)
    shop.con.execute("update ops.clickstream_day set byte_count = ? where date = ?", [path.stat().st_size, MONDAY])
    found = shop.sessions()
    assert not found.is_intact
    [damaged] = found.events.damaged
    assert damaged.damage.startswith(f"TAMPERED: the events of {MONDAY}")
    assert "NOT INTACT" in render_trace(found)
    assert found.as_json()["damaged"] == [damaged.damage]


def test_a_file_that_is_gone_of_another_size_or_no_parquet_is_named_with_what_to_do(shop):
    for day, content, word in ((0, None, "MISSING"), (1, b"x", "DAMAGED"), (2, b"PAR1", "DAMAGED")):
        path = shop.file(MONDAY + timedelta(days=day))
        path.unlink() if content is None else path.write_bytes(content)
        if content == b"PAR1":
            shop.con.execute(
                "update ops.clickstream_day set byte_count = 4 where date = ?", [MONDAY + timedelta(days=day)]
            )
        damage = {file.date: file.damage for file in shop.sessions().events.files}[MONDAY + timedelta(days=day)]
        assert damage.startswith(word)
        assert "restore a backup" in damage


def test_all_event_files_can_be_verified_at_once(shop):
    found = verify_events(shop.con, settings=shop.settings)
    assert (found.files, found.events, found.damaged) == (3, 120, ())
    assert "Intact: 3 event files with 120 events" in render_verified_events(found)
    shop.file(MONDAY).unlink()
    found = verify_events(shop.con, settings=shop.settings)
    assert len(found.damaged) == 1
    assert "1 of 3 event files" in render_verified_events(found)
    assert found.as_json()["damaged"][0].startswith("MISSING")


def test_a_project_without_events_has_none_to_verify(tmp_path):
    settings = load_settings(project_id=PROJECT, now=NOW, warehouse=tmp_path / "clarity.duckdb")
    with duckdb.connect() as con:
        found = verify_events(ensure(con), settings=settings)
    assert (found.files, render_verified_events(found)) == (0, "")


def test_events_that_came_after_the_report_are_named(shop):
    later = TOLD_AT.replace(tzinfo=None) + timedelta(hours=1)
    shop.con.execute("update ops.clickstream_day set changed_at = ? where date = ?", [later, MONDAY])
    found = shop.sessions()
    assert found.changed_days == (MONDAY,)
    assert "Events came after the newest report" in render_trace(found)


def test_a_number_of_a_week_reads_as_many_days_as_its_analysis_and_names_the_module_that_made_it(tmp_path):
    settings = load_settings(project_id=PROJECT, now=NOW, warehouse=tmp_path / "clarity.duckdb")
    with duckdb.connect() as con:
        shop = Shop(fill(con), settings)
        where = (("cohort_kind", "week"), ("period", 1), ("is_complete", True), ("cohort_start", "2026-08-17"))
        source = Source(COHORT, "retention_rate", where, MONDAY, MONDAY + timedelta(days=7))
        found = trace(con, shop.number(source, value=32.3), settings=settings)
        segments = Source(
            "marts.fct_clickstream_segmentation_weekly", "silhouette", (), MONDAY, MONDAY + timedelta(days=7)
        )
        other = trace(con, shop.number(segments, value=0.46), settings=settings)
    assert found.sides[0].rows.count == 1
    assert len(found.events.session_days) == 35  # cohorts read all days back
    assert "rows on" not in render_trace(found)
    assert other.is_same
    assert "clarity_assets/clickstream/modules/segments" in other.model.path
    assert len(other.events.session_days) == 35  # of twelve weeks those that there are


def test_the_middle_of_rows_is_told_beside_their_mean(tmp_path):
    settings = load_settings(project_id=PROJECT, now=NOW, warehouse=tmp_path / "clarity.duckdb")
    with duckdb.connect() as con:
        source = Source("marts.fct_clickstream_path_length_daily", "path_length", (("is_converted", True),), MONDAY,
                        MONDAY + timedelta(days=7), "median")  # fmt: skip
        found = trace(con, Shop(fill(con), settings).number(source, value=5), settings=settings)
    assert (found.now, found.is_same) == (None, None)
    assert "median: that of the rows in place of the mean" in render_trace(found)
