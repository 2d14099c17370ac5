"""Report files: whole or not at all, and readable by others."""

import pytest

from clarity_assets.reports.files import ReportUnwritable, write_atomically


def test_a_file_is_written_with_its_folder_and_nothing_else_is_left(tmp_path):
    path = write_atomically(tmp_path / "weekly/2026-10-05.html", "Grüße")
    assert path.read_text(encoding="utf-8") == "Grüße"
    assert [p.name for p in path.parent.iterdir()] == ["2026-10-05.html"]
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_file_is_replaced(tmp_path):
    write_atomically(tmp_path / "a.html", "old and longer")
    assert write_atomically(tmp_path / "a.html", "new").read_text() == "new"


def test_a_folder_that_is_a_file_is_refused_with_the_next_step(tmp_path):
    (tmp_path / "weekly").write_text("in the way")
    with pytest.raises(ReportUnwritable, match="set CLARITY_REPORTS"):
        write_atomically(tmp_path / "weekly/a.html", "text")


def test_a_place_that_cannot_be_taken_keeps_what_is_there_and_leaves_no_rest(tmp_path):
    (tmp_path / "a.html").mkdir()
    with pytest.raises(ReportUnwritable, match=r"a\.html"):
        write_atomically(tmp_path / "a.html", "text")
    assert [p.name for p in tmp_path.iterdir()] == ["a.html"]
