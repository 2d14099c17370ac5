"""Landing tables made anew from the stored answers: the same rows, other page names, or nothing at all."""

import shutil
from datetime import timedelta

import duckdb
import pytest
import zstandard

from clarity_assets import errors
from clarity_assets.clarity.rebuild import Rebuilt, rebuild
from clarity_assets.clarity.status import read_status
from clarity_assets.demo.site import SimulatedSite
from clarity_assets_tests.fixtures.collecting import FIRST_DAY, Bench, FakeApi, make_settings

DAY = FIRST_DAY + timedelta(days=4)
SITE = SimulatedSite.generate(first_day=FIRST_DAY - timedelta(days=4), days=16, sessions_per_day=40)


@pytest.fixture(scope="module")
def collected(tmp_path_factory) -> Bench:
    """A measured day, one derived and rolled up, a measured one, and one with a quarantined answer."""
    bench = Bench(make_settings(tmp_path_factory.mktemp("collected")), FakeApi(SITE)).at(DAY)
    bench.collect_all(DAY)
    bench.at(DAY + timedelta(days=2)).collect_all(DAY + timedelta(days=2))
    bench.collect_all(DAY + timedelta(days=1))
    bench.at(DAY + timedelta(days=3))
    bench.api.fail[("Country",)] = lambda value: [
        b | {"information": [{k: v for k, v in r.items() if k != "Country"} for r in b["information"]]} for b in value
    ]
    bench.collect_all(DAY + timedelta(days=3))
    bench.settings = bench.settings.model_copy(update={"now": bench.api.now})
    read_status(bench.settings)  # settles what time alone has changed
    return bench


@pytest.fixture
def bench(collected, tmp_path) -> Bench:
    """A copy of what was collected."""
    settings = collected.settings.model_copy(update={"warehouse": tmp_path / "clarity.duckdb"})
    shutil.copyfile(collected.settings.warehouse, settings.warehouse)
    return Bench(settings, collected.api)


def write(bench: Bench, query: str, *params) -> None:
    con = duckdb.connect(str(bench.settings.warehouse))
    try:
        con.execute(query, params)
    finally:
        con.close()


def everything(bench: Bench) -> dict[str, list]:
    names = bench.sql("select schema_name || '.' || table_name from duckdb_tables() order by 1")
    return {name: sorted(bench.sql(f"select * from {name}"), key=repr) for (name,) in names}


@pytest.mark.parametrize("workers", [None, 2])
def test_a_rebuild_gives_the_same_rows_and_days(bench, workers):
    before = everything(bench)
    progress = []
    done = rebuild(bench.settings, workers=workers, progress=lambda days, of: progress.append((days, of)))
    rows = sum(len(rows) for name, rows in before.items() if name.startswith("landing."))
    assert done == Rebuilt(answers=21, days=23, rows=rows)  # 6 + 6 + 4 + 5 answers, 24 days but the quarantined one
    assert progress[-1] == (23, 23)
    assert everything(bench) == before


def test_lost_landing_rows_and_days_come_back(bench):
    before = everything(bench)
    write(bench, "delete from landing.clarity_url_device")
    write(bench, "update landing.clarity_base set sessions = sessions + 1")
    write(bench, "delete from ops.clarity_day where request = 'device'")
    write(bench, "insert into landing.clarity_base (project_id, date, sessions) values ('test', '2020-01-01', 7)")
    rebuild(bench.settings)
    assert everything(bench) == before


@pytest.mark.parametrize("damage", ["another byte", "no zstd"])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_changed_byte_of_a_stored_answer_stops_the_rebuild_and_changes_nothing(bench, damage, workers):
    [(answer_id, body)] = bench.sql(
        "select answer_id, body from ops.clarity_answer where request = 'country' order by window_end limit 1"
    )
    stored = zstandard.ZstdDecompressor().decompress(body)
    changed = stored.replace(b'"subTotal":"', b'"subTotal":"1', 1)
    assert changed != stored
    spoiled = zstandard.ZstdCompressor().compress(changed) if damage == "another byte" else b"\x00" + body
    write(bench, "update ops.clarity_answer set body = ? where answer_id = ?", spoiled, answer_id)
    before = everything(bench)
    words = "no longer match their sha256" if damage == "another byte" else "cannot be unpacked"
    with pytest.raises(errors.WarehouseCorrupt, match=f"answer {answer_id}: .*{words}.*; restore a backup"):
        rebuild(bench.settings, workers=workers)
    assert everything(bench) == before


def test_other_page_settings_fold_the_stored_urls_anew(bench):
    before = bench.landing()
    [(pages, clicks)] = bench.sql("select count(distinct page), sum(dead_click_count) from landing.clarity_url_device")
    assert bench.sql("select count(*) from landing.clarity_url_device where page like '/%' or page like 'http%'") == [
        (0,)
    ]
    rebuild(bench.settings.model_copy(update={"page_keep_host": False}))
    assert bench.sql("select count(*) from landing.clarity_url_device where page not like '/%'") == [(0,)]
    assert bench.sql("select sum(dead_click_count) from landing.clarity_url_device") == [(clicks,)]
    rebuild(bench.settings.model_copy(update={"page_keep_scheme": True}))
    assert bench.sql("select count(distinct page), count(*) filter (page not like 'https://%') from landing.clarity_url_device") == [
        (pages, 0)
    ]  # fmt: skip
    rebuild(bench.settings)
    assert bench.landing() == before


def test_a_stricter_coverage_forgets_days_and_the_former_one_brings_them_back(bench):
    before = bench.landing()
    rebuild(bench.settings.model_copy(update={"min_coverage": 1}))  # 01:00 to 01:00 covers 23 of a day's 24 hours
    assert {rows for table in bench.landing().values() for rows in table} == set()
    assert bench.sql("select count(*) from ops.clarity_answer") == [(22,)]
    rebuild(bench.settings)
    assert bench.landing() == before


def test_an_empty_warehouse_is_rebuilt_to_nothing(tmp_path):
    assert rebuild(make_settings(tmp_path)) == Rebuilt(answers=0, days=0, rows=0)


def test_another_project_of_the_same_warehouse_stays_as_it_is(bench):
    before = everything(bench)
    rebuild(bench.settings.model_copy(update={"project_id": "other"}))
    assert everything(bench) == before
