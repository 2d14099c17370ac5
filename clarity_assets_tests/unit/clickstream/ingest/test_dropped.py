"""The folder that is watched: finished files are taken, put aside, and told where they cannot be read."""

import time

import pytest

from clarity_assets.clickstream.ingest.dropped import find_dropped, find_misplaced, ingest_dropped
from clarity_assets.errors import WarehouseBusy
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets_tests.unit.clickstream.ingest.shop import NOW, asked, events, json_lines, settings_of, view


def later() -> float:
    return time.time() + 11


@pytest.fixture
def drop(settings):
    """Puts a file into the folder of a mapping; returns its path."""

    def put(name: str, *rows, mapping: str = "events"):
        folder = settings.drop_folder / mapping
        folder.mkdir(parents=True, exist_ok=True)
        return json_lines(folder / name, rows)

    return put


def names_in(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_no_folder_and_an_empty_one_have_no_files(settings):
    assert find_dropped(settings) == []
    settings.drop_folder.mkdir(parents=True)
    assert find_dropped(settings, clock=later) == []
    assert ingest_dropped(settings, now=NOW).rows == []


def test_a_file_is_finished_when_nobody_has_written_for_ten_seconds(settings, drop):
    path = drop("a.jsonl", view())
    assert find_dropped(settings) == []
    assert find_dropped(settings, clock=later) == [(path, "events")]


def test_hidden_and_unfinished_files_and_those_put_aside_are_left_alone(settings, drop):
    for name in (".a.jsonl", "a.jsonl.part", "b.jsonl.tmp"):
        drop(name, view())
    drop("c.jsonl", view(), mapping="events/.done")
    (settings.drop_folder / "events" / "folder").mkdir()
    assert find_dropped(settings, clock=later) == []


def test_ingested_files_move_to_done_and_are_not_found_again(settings, drop):
    drop("a.jsonl", view(), view(price=-1))
    drop("b.jsonl", view(product_id="sofa"))
    done = ingest_dropped(settings, now=NOW, clock=later)
    assert done.columns == ("file", "mapping", "rows", "new events", "known", "rejected", "days")
    assert done.rows == [("a.jsonl", "events", 2, 1, 0, 1, 1), ("b.jsonl", "events", 1, 1, 0, 0, 1)]
    assert (done.events_new, done.rows_rejected, len(done.days_changed), done.failed) == (2, 1, 1, {})
    assert names_in(settings.drop_folder / "events" / ".done") == ["a.jsonl", "b.jsonl"]
    assert find_dropped(settings, clock=later) == []


def test_a_name_that_was_used_before_replaces_nothing(settings, drop):
    for number in range(3):
        drop("a.jsonl", view(product_id=f"p{number}"))
        ingest_dropped(settings, now=NOW, clock=later)
    assert names_in(settings.drop_folder / "events" / ".done") == ["2-a.jsonl", "3-a.jsonl", "a.jsonl"]
    assert len(events(settings)) == 3


def test_an_unreadable_file_moves_to_failed_with_the_reason_and_stops_no_other(settings, drop):
    drop("bad.jsonl", "[1]")
    drop("good.jsonl", view())
    done = ingest_dropped(settings, now=NOW, clock=later)
    assert list(done.failed) == ["events/bad.jsonl"]
    assert "is one JSON list" in done.failed["events/bad.jsonl"]
    failed = settings.drop_folder / "events" / ".failed"
    assert names_in(failed) == ["bad.jsonl", "bad.jsonl.txt"]
    assert "is one JSON list" in (failed / "bad.jsonl.txt").read_text()
    assert done.events_new == 1


def test_a_file_that_grows_meanwhile_stays_and_its_rest_is_taken_next_time(settings, drop):
    path = drop("a.jsonl", view())
    bad = drop("bad.jsonl", "[1]")

    def grow(stage, *_):
        if stage == "land":
            with path.open("a") as stream:
                stream.write(path.read_text().replace("lamp", "sofa"))
            bad.write_text(bad.read_text() * 2)

    done = ingest_dropped(settings, now=NOW, clock=later, progress=grow)
    assert (done.events_new, done.failed, done.growing) == (1, {}, ("events/a.jsonl", "events/bad.jsonl"))
    assert path.exists()
    bad.unlink()
    done = ingest_dropped(settings, now=NOW, clock=later)
    assert (done.events_new, done.growing, path.exists()) == (1, (), False)
    assert len(events(settings)) == 2


def test_files_beside_the_folders_and_below_them_are_told(settings, drop):
    drop("a.jsonl", view(), mapping=".")
    drop("b.jsonl", view(), mapping="events/2026")
    drop("readme.md", "x", mapping=".")
    drop("c.jsonl", view(), mapping="events/.done/2026")
    assert find_dropped(settings, clock=later) == []
    assert list(find_misplaced(settings, clock=later)) == ["a.jsonl", "readme.md", "events/2026/b.jsonl"]
    done = ingest_dropped(settings, now=NOW, clock=later)
    assert list(done.failed) == ["a.jsonl", "events/2026/b.jsonl"]
    assert "move it to events/" in done.failed["events/2026/b.jsonl"]
    assert list(done.misplaced) == ["a.jsonl", "readme.md", "events/2026/b.jsonl"]


def test_what_a_killed_ingest_has_left_goes_where_there_is_nothing_to_do(settings):
    (settings.events_folder / ".ingest").mkdir(parents=True)
    assert find_dropped(settings) == []
    assert not (settings.events_folder / ".ingest").exists()


def test_files_of_an_unknown_mapping_stay_and_are_told(settings, drop):
    path = drop("a.jsonl", view(), mapping="shop")
    drop("b.jsonl", view())
    done = ingest_dropped(settings, now=NOW, clock=later)
    assert list(done.failed) == ["shop/a.jsonl"]
    assert "there is no mapping 'shop'" in done.failed["shop/a.jsonl"]
    assert path.exists()
    assert done.events_new == 1


def test_each_folder_is_read_through_its_own_mapping(settings, drop):
    drop("a.jsonl", view())
    drop("a.jsonl", view(event_time="2026-10-05 10:00:00 UTC", user_id="u"), mapping="store")
    done = ingest_dropped(settings, now=NOW, clock=later)
    assert [row[:4] for row in done.rows] == [("a.jsonl", "events", 1, 1), ("a.jsonl", "store", 1, 1)]
    assert asked(settings, "select events from ops.clickstream_day") == [(2,)]


def test_a_busy_warehouse_leaves_the_files_where_they_are(tmp_path, drop):
    path = drop("a.jsonl", view())
    settings = settings_of(tmp_path, warehouse_timeout_s=0.2)
    with open_warehouse(settings.warehouse), pytest.raises(WarehouseBusy):
        ingest_dropped(settings, now=NOW, clock=later)
    assert path.exists()
    assert ingest_dropped(settings, now=NOW, clock=later).events_new == 1
