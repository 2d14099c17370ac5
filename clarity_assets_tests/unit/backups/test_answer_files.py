"""Every answer that landed as a file too: private, without secrets, read by import, deleted when backups hold it."""

import re
from datetime import timedelta

import orjson
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from clarity_assets.backups.answer_files import archive_answer, archived_since, tidy_archive
from clarity_assets.backups.making import make_backup
from clarity_assets.clarity.importing import import_answers
from clarity_assets.clarity.payload import stored_form
from clarity_assets.clarity.store import Answer
from clarity_assets_tests.fixtures.collecting import TOKEN
from clarity_assets_tests.unit.backups.places import Project, day, instant

TRAFFIC = [{"metricName": "Traffic", "information": [{"totalSessionCount": 5}]}]


def files(project: Project) -> list:
    return sorted((project.folder / "answers").rglob("*.json.zst"))


def an_answer(project_id: str = "test", **facts) -> Answer:
    values = {
        "request": "base", "num_of_days": 1, "window_end": instant(3, hour=1), "window_end_source": "server",
        "received_at": instant(3, hour=1), "origin": "api", "stored": orjson.dumps(TRAFFIC), "row_count": 1,
        "request_id": "r1",
    }  # fmt: skip
    return Answer(project_id=project_id, **values | facts)


def test_every_answer_that_landed_lies_in_the_folder_of_its_month_private_and_redacted(project):
    stored = {answer_id for (answer_id,) in project.bench.sql("select answer_id from ops.clarity_answer")}
    assert {path.name.removesuffix(".json.zst") for path in files(project)} == stored
    for path in files(project):
        assert path.parent == project.folder / "answers" / "2026" / "09"
        assert path.stat().st_mode & 0o777 == 0o600
        text = zstandard.ZstdDecompressor().stream_reader(path.read_bytes()).read()
        assert TOKEN.get_secret_value().encode() not in text
        assert re.search(rb"[?#][^\"]*[=&]", text) is None  # no query string in any URL
    for folder in (project.folder / "answers", *(project.folder / "answers").rglob("2*")):
        assert folder.is_file() or folder.stat().st_mode & 0o777 == 0o700


def test_importing_the_folder_into_an_empty_warehouse_brings_every_answer_back_as_it_was(project, tmp_path):
    before = project.known()
    empty = Project.in_folder(tmp_path / "empty").at(4, 2)
    done = import_answers(empty.settings, (project.folder / "answers",))
    assert (done.stored, done.refused) == (18, [])
    assert empty.known()["answers"] == before["answers"]
    assert empty.known()["landing"] == before["landing"]
    assert import_answers(empty.settings, (project.folder / "answers",)).duplicates == 18


def test_an_answer_that_the_server_told_by_a_clock_a_little_ahead_of_ours_comes_back(project):
    project.at(4, 1.0)
    ahead = archive_answer(project.settings, an_answer(window_end=instant(4, hour=1) + timedelta(seconds=4)))
    far = archive_answer(project.settings, an_answer(window_end=instant(4, hour=1) + timedelta(minutes=16)))
    done = import_answers(project.settings, (ahead, far))
    assert (done.stored, len(done.refused)) == (1, 1)
    assert "window end 2026-09-05 01:16:00 UTC lies in the future (now 2026-09-05 01:00:00)" in done.refused[0]
    [state] = [state for state in done.solved if state.date == day(3)]
    assert state.is_known


def test_an_answer_of_another_project_is_refused(project, tmp_path):
    path = archive_answer(project.settings, an_answer("another"))
    done = import_answers(project.settings, (path,))
    assert "is an answer of project 'another'" in done.refused[0]


def test_a_quarantined_answer_comes_back_quarantined(project):
    path = archive_answer(project.settings, an_answer(quarantine_reason="the clocks differ"))
    done = import_answers(project.at(4, 2).settings, (path,))
    assert "the clocks differ" in done.quarantined[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"no zstd", "cannot be unpacked"),
        (zstandard.ZstdCompressor().compress(b"no json"), "is no JSON"),
        (zstandard.ZstdCompressor().compress(orjson.dumps({"window_end": "2026-09-04T01:00Z", "num_of_days": 1,
                                                           "answer": TRAFFIC, "kept": {"origin": 7}})), "`kept`"),
    ],
)  # fmt: skip
def test_a_file_that_was_damaged_is_refused_by_name(project, tmp_path, text, said):
    path = tmp_path / "x.json.zst"
    path.write_bytes(text)
    [line] = import_answers(project.settings, (path,)).refused
    assert str(path) in line
    assert said in line


def test_where_the_archive_cannot_be_written_the_answer_lands_and_a_warning_says_so(project):
    blocked = project.with_settings(archive=project.folder / "clarity.duckdb" / "answers")
    found = blocked.at(4, 1.0).bench.collect_all(day(3))
    for collected in found.values():
        assert collected.state.is_known
        assert "is stored, but not in a file as well" in collected.warnings[-1]
    assert b"archive_failed" in (project.folder / "logs" / "run-2026-09-05.jsonl").read_bytes()


def test_archived_since_names_what_no_backup_holds(project):
    assert len(archived_since(project.settings, None)) == 18
    assert len(archived_since(project.settings, instant(3))) == 6
    assert archived_since(project.settings, instant(4)) == {}


# --- tidying ----------------------------------------------------------------------------------------------------------


def test_old_files_go_when_a_backup_holds_them_and_empty_folders_with_them(project):
    make_backup(project.settings)
    project.collect(3)
    later = instant(3, hour=3) + timedelta(days=60)
    gone = tidy_archive(project.settings, now=later)
    assert len(gone) == 18
    assert len(files(project)) == 6  # of the day after the backup, as old as they are
    project.at(4, 2.5)
    make_backup(project.settings)
    assert len(tidy_archive(project.settings, now=later + timedelta(days=2))) == 6
    assert list((project.folder / "answers").iterdir()) == []


def test_without_a_backup_every_file_stays(project):
    assert tidy_archive(project.settings, now=instant(400)) == []
    assert len(files(project)) == 18


def test_answers_of_another_project_stay_for_its_own_backups(project):
    theirs = archive_answer(project.settings, an_answer("other"))
    make_backup(project.settings)
    assert len(tidy_archive(project.settings, now=instant(400))) == 18
    assert files(project) == [theirs]


def test_for_ever_is_for_ever(project):
    make_backup(project.settings)
    assert tidy_archive(project.with_settings(keep_archive_days=0).settings, now=instant(4000)) == []


def test_what_is_no_answer_is_left_alone(project):
    make_backup(project.settings)
    mine = project.folder / "answers" / "2026" / "notes.json.zst"
    mine.write_text("mine")
    tidy_archive(project.settings, now=instant(400))
    assert mine.read_text() == "mine"


URLS = st.lists(
    st.tuples(st.sampled_from(["https://a.example/x", "https://a.example/y", "/p"]), st.sampled_from(["", "?q=1", "?q=2", "#f"])),
    min_size=1, max_size=8, unique=True,
)  # fmt: skip


@given(URLS, st.lists(st.sampled_from(["x?gclid=1", "x?gclid=2", "x", "plain"]), max_size=4))
def test_what_is_stored_is_redacted_once_and_for_all_so_that_ids_stay_equal(urls, sources):
    rows = [{"Url": "".join(url), "totalSessionCount": 1} for url in urls]
    rows += [{"Source": source, "totalSessionCount": 1} for source in sources]
    stored = stored_form(orjson.dumps([{"metricName": "Traffic", "information": rows}]))
    assert stored_form(stored) == stored
