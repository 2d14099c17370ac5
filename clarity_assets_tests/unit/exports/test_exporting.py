"""A period's export as a whole: its folders, manifests, what stays when something fails, and what is refused."""

import csv
import hashlib
import json
from datetime import date, timedelta
from pathlib import Path

import duckdb
import openpyxl
import pyarrow.parquet as pq
import pytest

from clarity_assets.errors import RequestRefused
from clarity_assets.exports.csv_files import write_csv
from clarity_assets.exports.exporting import FORMATS, UnknownFormat, export_report_json
from clarity_assets.exports.tables import NAMES, MartOutdated, exported
from clarity_assets.reports.files import ReportUnwritable
from clarity_assets.reports.period import Period
from clarity_assets_tests.unit.exports.by_hand import (
    MADE_AT,
    MONDAY,
    PROJECT,
    WEEK,
    export,
    golden_week,
    row,
    source,
    warehouse,
)

NEXT_WEEK = Period.week(WEEK.end)
FILES = {*(f"{name}.{ending}" for name in NAMES for ending in ("csv", "parquet")), "clarity.xlsx", "powerbi_feed.json"}


@pytest.fixture
def con():
    with warehouse() as con:
        yield con


@pytest.fixture
def week():
    with golden_week() as con:
        yield con


def contents(folder: Path) -> dict[str, bytes]:
    """Every file under the folder, hidden ones too."""
    return {f"{p.relative_to(folder)}": p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def manifest(folder: Path) -> dict[str, dict]:
    return {entry["name"]: entry for entry in json.loads((folder / "manifest.json").read_bytes())["files"]}


def test_the_files_are_there_with_dates_and_under_names_that_stay(week, tmp_path):
    made = export(week, tmp_path)
    dated = {f"{name.replace('.', '_2026-10-05.')}" for name in FILES}
    assert (made.folder, made.latest) == (tmp_path / "2026-10-05", tmp_path / "latest/week")
    assert {path.name for path in made.folder.iterdir()} == dated | {"manifest.json"}
    assert {path.name for path in made.latest.iterdir()} == FILES | {"manifest.json"}
    assert {path.name for path in tmp_path.iterdir()} == {"2026-10-05", "latest"}
    assert {path.name for path in made.paths} == dated
    assert all(path.stat().st_mode & 0o777 == 0o644 for path in made.latest.iterdir())
    assert f"| traffic_2026-10-05.csv | 4 | {(made.folder / 'traffic_2026-10-05.csv').stat().st_size / 1000:.1f} |" in (
        made.preview
    )


@pytest.mark.parametrize("place", ["2026-10-05", "latest/week"])
def test_a_manifest_tells_size_hash_and_rows_of_every_file_beside_it(week, tmp_path, place):
    export(week, tmp_path)
    told = manifest(tmp_path / place)
    files = {name: data for name, data in contents(tmp_path / place).items() if name != "manifest.json"}
    assert {name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items()} == {
        name: (entry["bytes"], entry["sha256"]) for name, entry in told.items()
    }
    assert {(e["project_id"], e["made_at"], *e["period"].values()) for e in told.values()} == {
        (PROJECT, "2026-10-12T06:30:15Z", "week", "2026-10-05", "2026-10-11")
    }
    rows = {name.partition("_2026")[0].partition(".")[0]: entry["rows"] for name, entry in told.items()}
    assert rows == {"traffic": 4, "engagement": 4, "frustration": 19, "geography": 2, "attribution": 3,
                    "powerbi_feed": 4, "clarity": 17}  # fmt: skip


def test_the_same_rows_and_instant_give_the_same_bytes_and_csv_and_parquet_forget_the_instant(tmp_path):
    for folder, made_at in (("a", MADE_AT), ("b", MADE_AT), ("later", MADE_AT + timedelta(days=1))):
        with golden_week() as con:
            export(con, tmp_path / folder, made_at=made_at)
    first, again, later = (contents(tmp_path / folder) for folder in ("a", "b", "later"))
    assert first == again
    differ = {Path(name).suffix for name in first if first[name] != later[name]}
    assert differ == {".json", ".xlsx"}


def test_rows_that_are_stored_in_another_order_give_the_same_bytes(tmp_path):
    with golden_week() as con:
        export(con, tmp_path / "a")
        for mart in ("traffic", "frustration", "geography", "attribution"):
            con.execute(f"create table t as select * from marts.fct_{mart}_daily order by random()")
            con.execute(f"delete from marts.fct_{mart}_daily; insert into marts.fct_{mart}_daily from t; drop table t")
        export(con, tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


@pytest.mark.parametrize("has_marts", [True, False])
def test_an_empty_project_has_files_with_headers_only(tmp_path, has_marts):
    with warehouse() if has_marts else duckdb.connect() as con:
        made = export(con, tmp_path)
    assert {entry.rows for entry in made.files} == {0}
    for name in NAMES:
        declared = [column.name for column in exported(name).columns]
        with (made.latest / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            assert list(csv.reader(file)) == [declared]
        assert pq.read_table(made.latest / f"{name}.parquet").column_names == declared
        assert openpyxl.load_workbook(made.latest / "clarity.xlsx")[name].max_row == 1
    feed = json.loads((made.latest / "powerbi_feed.json").read_bytes())
    assert (feed["metrics"], len(feed["unknown_dates"])) == ([], 7)


def test_a_month_and_another_span_have_folders_and_latest_names_of_their_own(con, tmp_path):
    month = export(con, tmp_path, period=Period.month(date(2026, 10, 1)), formats=["json"])
    span = export(con, tmp_path, period=Period.span(MONDAY, MONDAY), formats=["json"])
    assert [path.name for path in month.paths + span.paths] == [
        "powerbi_feed_2026-10.json", "powerbi_feed_2026-10-05_2026-10-05.json",
    ]  # fmt: skip
    assert {path.name for path in (tmp_path / "latest").iterdir()} == {"month", "range"}


def test_latest_is_the_period_that_ends_last_and_an_older_one_leaves_it_alone(con, tmp_path):
    row(con, "geography", NEXT_WEEK.start, country="new", sessions=1)
    export(con, tmp_path, period=NEXT_WEEK)
    before = contents(tmp_path / "latest")
    old = export(con, tmp_path)
    assert set(old.kept) == FILES
    assert contents(tmp_path / "latest") == before
    assert len(old.paths) == len(list(old.folder.iterdir())) - 1 == len(FILES)
    assert export(con, tmp_path, period=NEXT_WEEK).kept == ()
    assert export(con, tmp_path, project_id="another").kept == ()


def test_one_format_alone_leaves_the_others_and_their_entries_as_they_were(week, tmp_path):
    first = export(week, tmp_path)
    later = MADE_AT + timedelta(hours=1)
    again = export(week, tmp_path, formats=["json", "json"], made_at=later)
    assert [path.name for path in again.paths] == ["powerbi_feed_2026-10-05.json"]
    told = manifest(first.folder)
    assert len(told) == len(FILES)
    assert {name for name, entry in told.items() if entry["made_at"] == "2026-10-12T07:30:15Z"} == {
        "powerbi_feed_2026-10-05.json"
    }


def test_an_entry_whose_file_is_gone_is_dropped_and_a_broken_manifest_is_made_anew(week, tmp_path):
    made = export(week, tmp_path, formats=["csv", "json"])
    (made.folder / "traffic_2026-10-05.csv").unlink()
    made.latest.joinpath("manifest.json").write_text("{cut")
    export(week, tmp_path, formats=["json"])
    assert len(manifest(made.folder)) == 5
    assert list(manifest(made.latest)) == ["powerbi_feed.json"]


@pytest.mark.parametrize("formats", [["csv", "pdf"], ["CSV"], []])
def test_an_unknown_format_is_refused_before_anything_is_made(con, tmp_path, formats):
    with pytest.raises(UnknownFormat, match="choose of csv, json, parquet, xlsx") as refused:
        export(con, tmp_path / "exports", formats=formats)
    assert isinstance(refused.value, RequestRefused)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format_", FORMATS)
def test_a_failure_half_way_leaves_every_old_file_and_no_rest(week, tmp_path, format_):
    """The last mart to be read has lost a column since; what was written before it is thrown away."""
    export(week, tmp_path)
    before = contents(tmp_path)
    lost = {"json": ("signal", "count")}.get(format_, ("attribution", "medium"))
    week.execute(f'alter table marts.fct_{lost[0]}_daily drop column "{lost[1]}"')
    with pytest.raises(MartOutdated, match=f"marts.fct_{lost[0]}_daily has no column '{lost[1]}'"):
        export(week, tmp_path, formats=[format_], made_at=MADE_AT + timedelta(days=1))
    assert contents(tmp_path) == before


def test_a_folder_that_is_a_file_is_refused_with_the_next_step(con, tmp_path):
    (tmp_path / "exports").write_text("in the way")
    with pytest.raises(ReportUnwritable, match="set CLARITY_REPORTS"):
        export(con, tmp_path / "exports")
    assert (tmp_path / "exports").read_text() == "in the way"


def test_a_place_that_cannot_be_taken_is_named_and_nothing_is_left_behind(con, tmp_path):
    (tmp_path / "2026-10-05/powerbi_feed_2026-10-05.json").mkdir(parents=True)
    with pytest.raises(ReportUnwritable, match=r"powerbi_feed_2026-10-05\.json"):
        export(con, tmp_path, formats=["json"])
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_disk_without_room_is_told_as_such(con, tmp_path):
    (tmp_path / "full").symlink_to("/dev/full")
    with pytest.raises(ReportUnwritable, match="No space left on device"):
        write_csv(source(con), exported("traffic"), tmp_path / "full")


def test_no_name_leads_out_of_the_folder(con, tmp_path):
    folder = tmp_path / "a/b/exports"
    made = export(con, folder, project_id="../../../evil", formats=["csv"])
    assert all(path.is_relative_to(folder) for path in made.paths)
    assert {p.name for p in tmp_path.rglob("*") if p.is_file() and not p.is_relative_to(folder)} == set()
    assert "evil" not in "".join(contents(tmp_path))


def test_a_reports_json_lies_beside_the_files_and_in_their_manifest(week, tmp_path):
    made = export(week, tmp_path)
    written = export_report_json(
        tmp_path, "weekly", period=WEEK, text='{"a": "é"}', project_id=PROJECT, made_at=MADE_AT
    )
    assert [path.name for path in written.paths] == ["weekly_summary_2026-10-05.json"]
    assert written.paths[0].read_text(encoding="utf-8") == '{"a": "é"}'
    assert (made.latest / "weekly_summary.json").read_bytes() == written.paths[0].read_bytes()
    assert set(manifest(made.latest)) == FILES | {"weekly_summary.json"}
    assert len(manifest(made.folder)) == len(FILES) + 1


def test_a_months_json_has_the_months_name(tmp_path):
    october = Period.month(date(2026, 10, 1))
    made = export_report_json(tmp_path, "monthly", period=october, text="{}", project_id=PROJECT, made_at=MADE_AT)
    assert set(contents(tmp_path)) == {
        "2026-10/monthly_summary_2026-10.json", "2026-10/manifest.json",
        "latest/month/monthly_summary.json", "latest/month/manifest.json",
    }  # fmt: skip
    assert made.files[0].rows is None


@pytest.mark.parametrize("kind", ["monthly", "../weekly", "week"])
def test_a_reports_json_of_another_kind_is_refused(tmp_path, kind):
    with pytest.raises(RequestRefused, match="'weekly' with a week or 'monthly' with a month"):
        export_report_json(tmp_path, kind, period=WEEK, text="{}", project_id=PROJECT, made_at=MADE_AT)
    assert list(tmp_path.iterdir()) == []
