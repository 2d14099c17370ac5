"""What readers find: everything of the warehouse, of one moment, whole, until something whole replaces it."""

import hashlib
import itertools
import os
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import orjson
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from clarity_assets.cli.publish import publish as publish_command
from clarity_assets.errors import WarehouseBusy, WarehouseCorrupt, WarehouseError, WarehouseUnwritable
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.publish import Published, publish, read_published
from clarity_assets_tests.fixtures.collecting import make_settings
from clarity_assets_tests.sql.by_hand import MODELS, build, page_day, site_day, with_tables
from clarity_assets_tests.unit.warehouse.copiers import killed_when, said_by
from clarity_assets_tests.unit.warehouse.writers import started

FIRST = date(2026, 10, 5)
NOW = datetime(2026, 10, 8, 1, tzinfo=UTC)
MARTS = sorted(table for table in MODELS if table.startswith("marts."))


def add_day(con: duckdb.DuckDBPyConnection, when: date) -> None:
    site_day(con, when, sessions=100, rage_click_sessions=4, rage_click_count=9)
    page_day(con, when, "shop.example/", "PC", sessions=60, rage_click_sessions=1, rage_click_count=2)
    page_day(con, when, "shop.example/checkout", "Mobile", sessions=40, rage_click_sessions=3, rage_click_count=7)


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> bytes:
    """A warehouse of three days with every model made."""
    file = tmp_path_factory.mktemp("template") / "clarity.duckdb"
    with open_warehouse(file) as con:
        with_tables(con)
        for i in range(3):
            add_day(con, FIRST + timedelta(days=i))
        build(con, FIRST, FIRST + timedelta(days=3))
    return file.read_bytes()


@pytest.fixture
def settings(tmp_path, template):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "clarity.duckdb").write_bytes(template)
    return make_settings(tmp_path / "data", now=NOW, warehouse_timeout_s=5.0)


def collect_one_more(settings) -> None:
    with open_warehouse(settings.warehouse) as con:
        add_day(con, FIRST + timedelta(days=3))
        build(con, FIRST + timedelta(days=3), FIRST + timedelta(days=4))


def read(published: Published, sql: str) -> list[tuple]:
    with duckdb.connect(str(published.copy), read_only=True) as con:
        return con.execute(sql).fetchall()


def files_in(folder: Path) -> dict[str, bytes]:
    return {f"{path.relative_to(folder)}": path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_table_and_view_of_every_model_opens_in_the_copy(settings):
    published = publish(settings)
    assert len(MODELS) > 30
    for table in MODELS:
        read(published, f"select * from {table}")
    assert read(published, "select max(date), sum(sessions) from marts.fct_site_daily") == [(date(2026, 10, 7), 300)]
    [(comment,)] = read(
        published,
        "select comment from duckdb_columns() where table_name = 'fct_site_daily' and column_name = 'sessions'",
    )
    assert comment  # what a column means comes along


def test_every_mart_is_a_parquet_file_with_the_copys_rows(settings):
    published = publish(settings)
    assert sorted(published.rows) == MARTS
    for table, rows in published.rows.items():
        name = table.partition(".")[2]
        assert pq.read_metadata(published.parquet / f"{name}.parquet").num_rows == rows
        assert read(
            published, f"select count(*) from ((from {table}) except all (from '{published.parquet}/{name}.parquet'))"
        ) == [(0,)]
    assert published.rows["marts.fct_site_daily"] == 3
    assert published.rows["marts.fct_frustration_daily"] == 3 * 2 * 6
    assert published.rows["marts.collection_gap"] == 0


def test_the_manifest_tells_what_both_are(settings):
    published = publish(settings)
    told = orjson.loads((published.parquet / "manifest.json").read_bytes())
    assert (told["made_at"], told["newest_date"]) == ("2026-10-08T01:00:00Z", "2026-10-07")
    assert told["duckdb_version"] == duckdb.__version__
    assert told["copy_sha256"] == hashlib.sha256(published.copy.read_bytes()).hexdigest()
    by_name = {file["name"]: file for file in told["files"]}
    site = (published.parquet / "fct_site_daily.parquet").read_bytes()
    assert by_name["fct_site_daily.parquet"] == {
        "name": "fct_site_daily.parquet", "table": "marts.fct_site_daily", "rows": 3, "newest_date": "2026-10-07",
        "bytes": len(site), "sha256": hashlib.sha256(site).hexdigest(),
    }  # fmt: skip
    assert by_name["dim_date.parquet"]["newest_date"] is None  # it goes on into the future
    assert read_published(settings.published_folder) == published.manifest


def test_the_users_group_may_read_and_nobody_else(settings):
    published = publish(settings)
    folder = settings.published_folder
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.rglob("*")] if not path.is_symlink()}
    lock = modes.pop(folder / ".publish.lock")
    assert lock == 0o600
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o750}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o640}
    assert published.copy.resolve() in modes


def test_nothing_is_replaced_where_nothing_has_changed(settings):
    first = publish(settings)
    before = first.copy.stat().st_ino, first.parquet.resolve()
    again = publish(settings.model_copy(update={"now": NOW + timedelta(days=1)}))
    assert (first.is_new, again.is_new) == (True, False)
    assert (again.copy.stat().st_ino, again.parquet.resolve()) == before
    assert again.manifest == first.manifest


@pytest.mark.parametrize(
    "gone", ["latest", "clarity_published.duckdb", "parquet", "parquet/fct_site_daily.parquet", "parquet/manifest.json"]
)
def test_what_somebody_removed_is_published_again(settings, gone):
    first = publish(settings)
    (settings.published_folder / gone).unlink()
    assert read_published(settings.published_folder) is None
    assert publish(settings).is_new
    assert read_published(settings.published_folder).copy_sha256 == first.manifest.copy_sha256


def test_readers_who_have_it_open_read_on_and_the_next_ones_see_what_is_new(settings):
    first = publish(settings)
    version = first.parquet.resolve()
    with duckdb.connect(str(first.copy), read_only=True) as reader:
        collect_one_more(settings)
        second = publish(settings)
        assert reader.execute("select max(date) from marts.fct_site_daily").fetchall() == [(date(2026, 10, 7),)]
    assert pq.read_metadata(version / "fct_site_daily.parquet").num_rows == 3
    assert read(second, "select max(date) from marts.fct_site_daily") == [(date(2026, 10, 8),)]
    assert pq.read_metadata(second.parquet / "fct_site_daily.parquet").num_rows == 4
    assert second.newest_date == date(2026, 10, 8)


def test_a_reader_who_connects_while_versions_change_gets_one_of_them_whole(settings):
    """Files that are replaced by rename fail here: DuckDB takes the head of one and the body of the other."""
    small = publish(settings).copy.resolve().parent
    with open_warehouse(settings.warehouse) as con:
        con.execute("create table ops.noise as select hash(range) as h from range(300000)")
        con.execute("update ops.clarity_day set cause = 'big'")
    big = publish(settings).copy.resolve().parent
    folder, stop = settings.published_folder, threading.Event()

    def swap() -> None:
        for version in itertools.cycle((small, big)):
            if stop.wait(0.0005):
                return
            (folder / "new").symlink_to(version)
            (folder / "new").replace(folder / "latest")

    swapping = threading.Thread(target=swap)
    swapping.start()
    seen = set()
    try:
        until_s = time.monotonic() + 3
        while time.monotonic() < until_s:
            with duckdb.connect(str(folder / "clarity_published.duckdb"), read_only=True) as con:
                [(cause,)] = con.execute("select distinct cause from ops.clarity_day").fetchall()
                [(noise,)] = con.execute("select count(*) from duckdb_tables() where table_name = 'noise'").fetchall()
                seen.add((cause, noise))
    finally:
        stop.set()
        swapping.join()
    assert seen == {(None, 0), ("big", 1)}


def publish_times(settings, count: int) -> list[str]:
    """Publish something new so many times; the names of the versions that are there then."""
    for _ in range(count):
        with open_warehouse(settings.warehouse) as con:
            con.execute("create table if not exists ops.turn (n int)")
            con.execute("insert into ops.turn values (1)")
        published = publish(settings)
    versions = sorted(path for path in (settings.published_folder / "versions").iterdir())
    assert published.parquet.resolve().parent == versions[-1]
    return [path.name for path in versions]


def test_a_version_that_was_the_newest_a_moment_ago_stays(settings):
    assert publish_times(settings, 5) == ["000001", "000002", "000003", "000004", "000005"]


def test_of_older_versions_the_last_three_are_kept(settings):
    publish_times(settings, 4)
    for path in (settings.published_folder / "versions").iterdir():
        os.utime(path, (1_790_000_000, 1_790_000_000))  # 21 September 2026
    assert publish_times(settings, 1) == ["000003", "000004", "000005"]


def test_two_who_publish_at_once_take_turns(settings):
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(publish, [settings] * 2))
    assert sorted(published.is_new for published in both) == [False, True]
    assert both[0].manifest == both[1].manifest == read_published(settings.published_folder)


def test_a_warehouse_without_marts_is_published_too(settings):
    settings.warehouse.unlink()
    with open_warehouse(settings.warehouse) as con:
        with_tables(con)
    published = publish(settings)
    assert (published.rows, published.newest_date) == ({}, None)
    assert read(published, "select count(*) from landing.clarity_base") == [(0,)]


def test_no_warehouse_no_publication(settings):
    settings.warehouse.unlink()
    with pytest.raises(WarehouseError, match="is not there"):
        publish(settings)
    assert not settings.warehouse.exists()


def test_a_block_that_cannot_be_read_is_a_corrupt_warehouse_and_what_was_published_stays(settings):
    before = files_in(publish(settings).parquet)
    collect_one_more(settings)
    data = bytearray(settings.warehouse.read_bytes())
    for block in range(12288, len(data), 262144):  # the blocks of 256 KiB after the three headers
        data[block + 4096] ^= 0xFF
    settings.warehouse.write_bytes(data)
    with pytest.raises(WarehouseCorrupt, match=str(settings.warehouse)):
        publish(settings)
    assert files_in(settings.published_folder / "parquet") == before
    assert not list(settings.published_folder.glob(".next*"))


@pytest.mark.parametrize("too_big", ["the copy", "a Parquet file"])
def test_a_full_disk_is_told_and_what_was_published_stays(settings, too_big):
    before = files_in(publish(settings).parquet)
    with open_warehouse(settings.warehouse) as con:  # 30 MB of Parquet from nothing
        con.execute("create view marts.noise as select hash(range) as a, hash(range, 1) as b from range(2000000)")
    whole = settings.warehouse.stat().st_size
    told = said_by("fill", settings.warehouse, "publish", whole // 2 if too_big == "the copy" else whole)
    assert told.startswith("WarehouseFull: no space left to write")
    assert files_in(settings.published_folder / "parquet") == before
    assert read_published(settings.published_folder) is not None
    assert not list(settings.published_folder.glob(".next*"))


def test_a_killed_publication_leaves_whole_files_and_nothing_that_stays(settings):
    folder = settings.published_folder
    whole = publish(settings).manifest.copy_sha256
    for n, moment in enumerate(
        (".next", ".next/parquet", ".next/parquet/fct_site_daily.parquet", ".next/parquet/recommendation.parquet")
    ):
        killed_when((folder / moment).exists, "publish", settings.warehouse, after_s=0.002 * n)
        assert hashlib.sha256((folder / "clarity_published.duckdb").read_bytes()).hexdigest() == whole
        publish(settings)  # at once, and with nothing left over
        names = {path.name for path in folder.iterdir()}
        assert names == {".publish.lock", "clarity_published.duckdb", "latest", "parquet", "versions"}
        assert read_published(folder).copy_sha256 == whole


def test_a_held_warehouse_is_busy_and_named(settings):
    with started("hold", settings.warehouse, "collect") as holder:
        assert holder.hears() == "holding"
        with pytest.raises(WarehouseBusy, match='"collect"'):
            publish(settings.model_copy(update={"warehouse_timeout_s": 0.2}))
        holder.end()


def test_a_folder_in_the_links_place_is_told(settings):
    (settings.published_folder / "parquet").mkdir(parents=True)
    with pytest.raises(WarehouseUnwritable, match=f"{settings.published_folder} cannot be written"):
        publish(settings)


def test_the_command_says_where_how_much_and_how_long(settings):
    environment = {
        "CLARITY_PROJECT_ID": "shop",
        "CLARITY_WAREHOUSE": str(settings.warehouse),
        "CLARITY_NOW": "2026-10-08T01:00Z",
    }
    done = CliRunner().invoke(publish_command, env=environment)
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0].startswith(f"{settings.published_folder / 'clarity_published.duckdb'}  ")
    assert lines[1].startswith(f"{settings.published_folder / 'parquet'}  {len(MARTS)} files, ")
    assert ["fct_site_daily", "3"] in [line.split() for line in lines]
    assert lines[-1].startswith("known to 2026-10-07; published; ")
    again = CliRunner().invoke(publish_command, env=environment)
    assert "unchanged since 2026-10-08 01:00 UTC" in again.output
