"""Report files and exports whose time is over go; newer ones, `latest/` and files of others stay."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clarity_assets.exports.manifest import read_manifest
from clarity_assets.exports.publishing import Made, publish, staging
from clarity_assets.operations.retention_files import period_of_slug, tidy_reports
from clarity_assets.reports.period import Period

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
KEPT = 14
OLD_WEEK, NEW_WEEK = Period.week(datetime(2026, 10, 5).date()), Period.week(datetime(2026, 10, 19).date())


def write(path: Path, *, days_ago: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("told")
    made_s = (NOW - timedelta(days=days_ago)).timestamp()
    os.utime(path, (made_s, made_s))
    return path


def export(folder: Path, period: Period, *, days_ago: float, names: tuple[str, ...] = ("traffic.csv", "clarity.xlsx")):
    with staging(folder) as stage:
        made = [Made(write(stage / name, days_ago=days_ago), "csv") for name in names]
        return publish(made, folder=folder, period=period, project_id="test", made_at=NOW - timedelta(days=days_ago))


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_reports_of_periods_that_ended_and_were_made_long_ago_go(tmp_path):
    gone = [write(tmp_path / name, days_ago=20) for name in (
        "weekly_ux/2026-10-05.html", "monthly_summary/2026-09.pdf", "product/2026-09-03_2026-09-09.json")]  # fmt: skip
    for name, days in (("weekly_ux/2026-10-19.html", 20), ("weekly_ux/2026-09-28.html", 3)):
        write(tmp_path / name, days_ago=days)
    for name in (
        "weekly_ux/notes.html",
        "weekly_ux/2026-10-06.html",
        "weekly_ux/2026-10-05.docx",
        "other/2026-10-05.html",
    ):
        write(tmp_path / name, days_ago=400)
    before = files(tmp_path)
    assert sorted(tidy_reports(tmp_path, keep_days=KEPT, now=NOW)) == sorted(gone)
    assert files(tmp_path) == before - {str(path.relative_to(tmp_path)) for path in gone}


def test_exports_go_with_their_manifest_and_latest_stays(tmp_path):
    exports = tmp_path / "exports"
    old, new = export(exports, OLD_WEEK, days_ago=20), export(exports, NEW_WEEK, days_ago=6)
    assert sorted(tidy_reports(tmp_path, keep_days=KEPT, now=NOW)) == sorted(old.paths)
    assert not old.folder.exists()
    assert all(
        path.exists() for path in (*new.paths, new.manifest, new.latest / "traffic.csv", new.latest / "manifest.json")
    )


def test_latest_stays_even_where_it_is_the_old_one(tmp_path):
    old = export(tmp_path / "exports", OLD_WEEK, days_ago=20)
    tidy_reports(tmp_path, keep_days=KEPT, now=NOW)
    assert files(tmp_path) == {
        f"exports/latest/week/{name}" for name in ("traffic.csv", "clarity.xlsx", "manifest.json")
    }
    assert (old.latest / "traffic.csv").read_text() == "told"


def test_an_export_made_anew_lately_stays_and_the_manifest_tells_of_it_alone(tmp_path):
    exports = tmp_path / "exports"
    export(exports, OLD_WEEK, days_ago=20, names=("traffic.csv",))
    export(exports, OLD_WEEK, days_ago=2, names=("clarity.xlsx",))
    assert [path.name for path in tidy_reports(tmp_path, keep_days=KEPT, now=NOW)] == ["traffic_2026-10-05.csv"]
    assert list(read_manifest(exports / "2026-10-05")) == ["clarity_2026-10-05.xlsx"]


def test_files_of_others_in_an_export_folder_stay(tmp_path):
    old = export(tmp_path / "exports", OLD_WEEK, days_ago=20)
    mine = write(old.folder / "mine.csv", days_ago=400)
    tidy_reports(tmp_path, keep_days=KEPT, now=NOW)
    assert list(old.folder.iterdir()) == [mine]


def test_a_link_is_not_followed(tmp_path):
    elsewhere = write(tmp_path / "elsewhere.html", days_ago=400)
    (tmp_path / "ux").mkdir()
    (tmp_path / "ux" / "2026-08-01_2026-08-09.html").symlink_to(elsewhere)
    assert tidy_reports(tmp_path, keep_days=KEPT, now=NOW) == []
    assert elsewhere.exists()


def test_zero_keeps_for_ever_and_no_folder_is_no_trouble(tmp_path):
    write(tmp_path / "weekly_ux/2026-10-05.html", days_ago=400)
    assert tidy_reports(tmp_path, keep_days=0, now=NOW) == []
    assert tidy_reports(tmp_path / "none", keep_days=KEPT, now=NOW) == []


@pytest.mark.parametrize("period", [OLD_WEEK, Period.month(datetime(2026, 9, 1).date()),
                                    Period.span(datetime(2026, 9, 3).date(), datetime(2026, 9, 9).date())])  # fmt: skip
def test_a_name_leads_back_to_its_period(period):
    assert period_of_slug(period.slug) == period


@pytest.mark.parametrize(
    "name", ["latest", "..", "2026-10-06", "2026-13", "2026-10-05_", "_2026-10-05", "", "2026-10-05.html"]
)
def test_other_names_are_no_period(name):
    assert period_of_slug(name) is None
