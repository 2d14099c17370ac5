"""Archived answers in the warehouse: what is stored, what is left out, and which days become known by it."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from clarity_assets.clarity.importing import Imported, import_answers, withdraw_answers
from clarity_assets.demo.answers import answer
from clarity_assets.demo.site import SimulatedSite
from clarity_assets.errors import ImportRefused, SettingsError
from clarity_assets_tests.fixtures.collecting import FIRST_DAY, Bench, FakeApi, make_settings

DAY = FIRST_DAY + timedelta(days=4)
SITE = SimulatedSite.generate(first_day=FIRST_DAY - timedelta(days=4), days=16, sessions_per_day=40)
DIMENSIONS = {"base": (), "device": ("Device",), "url_device": ("URL", "Device"), "browser_device": ("Browser", "Device"),
              "country": ("Country",), "source_medium": ("Source", "Medium")}  # fmt: skip


@pytest.fixture
def bench(tmp_path) -> Bench:
    return Bench(make_settings(tmp_path, now=after(DAY, 5)), FakeApi(SITE))


def after(day: date, days: int = 1, hour: float = 1.0) -> datetime:
    """So many days after the day's midnight, at that hour."""
    return datetime.combine(day + timedelta(days=days), datetime.min.time(), UTC) + timedelta(hours=hour)


def envelope(end: datetime, num_of_days: int, name: str = "base") -> dict:
    """What the API would have said then, as an archive keeps it."""
    value = answer(SITE, start=end - timedelta(days=num_of_days), end=end, dimensions=DIMENSIONS[name])
    return {"window_end": end.isoformat(), "num_of_days": num_of_days, "answer": value}


def write(folder: Path, value: object, name: str = "kept.json") -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(value if isinstance(value, bytes) else orjson.dumps(value))
    return path


def imports(bench: Bench, *values: object, **options) -> Imported:
    """Import each value as a file of its own."""
    folder = bench.settings.warehouse.parent
    paths = tuple(write(folder, value, f"kept-{i}.json") for i, value in enumerate(values))
    return import_answers(bench.settings, paths, **options)


def known(imported: Imported) -> dict[tuple[str, date], str]:
    return {(s.request, s.date): s.method for s in imported.solved}


def truth(start: datetime, end: datetime) -> tuple[int, int]:
    fields = SITE.truth(start, end, ())[()]
    return fields["sessions"], fields["dead_click_count"]


def dump(bench: Bench) -> dict[str, list]:
    """Every table of the warehouse, row by row."""
    names = bench.sql("select schema_name || '.' || table_name from duckdb_tables() order by 1")
    return {name: sorted(bench.sql(f"select * from {name}"), key=repr) for (name,) in names}


def test_an_archived_day_is_stored_solved_and_landed(bench):
    imported = imports(bench, envelope(after(DAY), 1))
    assert (imported.stored, imported.duplicates, imported.refused, imported.quarantined) == (1, 0, [], [])
    assert known(imported) == {("base", DAY): "window"}
    assert bench.sql("select sessions, dead_click_count from landing.clarity_base") == [
        truth(after(DAY, 0), after(DAY))
    ]
    assert bench.sql("select origin, request_id, window_end_source, received_at from ops.clarity_answer") == [
        ("kept-0.json", None, "file", datetime(2026, 9, 10, 1))
    ]


def test_two_wide_windows_tell_the_day_between_them(bench):
    imported = imports(bench, envelope(after(DAY, 2), 3), envelope(after(DAY, 2), 2))
    assert known(imported) == {("base", DAY - timedelta(days=1)): "difference"}
    [day] = imported.solved
    assert [a[0] for a in day.answers] == ["+", "-"]
    start = after(DAY, -1)
    assert bench.sql("select sessions, dead_click_count from landing.clarity_base") == [truth(start, after(DAY, 0))]


def test_days_solved_by_import_equal_those_solved_by_collecting(bench, tmp_path):
    """The same answers, once asked one by one and once imported as a folder, in another order."""
    days = [DAY, DAY + timedelta(days=2), DAY + timedelta(days=1)]  # one missed and asked later
    for day in days:
        bench.at(max(days[: days.index(day) + 1])).collect_all(day)
    kept = bench.sql("select request, num_of_days, window_end from ops.clarity_answer order by sha256")
    other = Bench(make_settings(tmp_path / "other", now=bench.settings.now), bench.api)
    for i, (name, num_of_days, end) in enumerate(kept):
        write(tmp_path / "archive", envelope(end.replace(tzinfo=UTC), num_of_days, name), f"{i}.json")
    imported = import_answers(other.settings, (tmp_path / "archive",))
    assert imported.stored == len(kept) == 16  # 6 + 6 + 4 for the missed day, and their order does not matter
    assert other.landing() == bench.landing()
    same = (
        "select * exclude (cause) from ops.clarity_day where status in ('measured', 'derived') order by request, date"
    )
    assert other.sql(same) == bench.sql(same)


def test_importing_again_changes_nothing(bench):
    values = [envelope(after(DAY), 1), envelope(after(DAY), 1, "device"), envelope(after(DAY, 2), 3)]
    first = imports(bench, *values)
    before = dump(bench)
    again = imports(bench, *values)
    assert (first.stored, again.stored, again.duplicates, again.solved) == (3, 0, 3, [])
    assert dump(bench) == before


def test_a_day_whose_cause_alone_has_changed_is_not_called_solved(bench):
    """A rolled-up day says whether its own request can still be asked: true at the first import, not at the second."""
    early = Bench(bench.settings.model_copy(update={"now": after(DAY)}), bench.api)
    first = imports(early, envelope(after(DAY), 1, "browser_device"))
    assert known(first) == {
        ("browser_device", DAY): "window", ("base", DAY): "rolled_up", ("device", DAY): "rolled_up",
    }  # fmt: skip
    assert imports(bench, envelope(after(DAY), 1, "browser_device")).solved == []
    assert bench.sql("select cause from ops.clarity_day where request = 'base' and date = ?", DAY) == [
        ("own request: never asked (it could be asked until 2026-09-08 12:00 UTC)",)
    ]


def test_a_final_day_improves_when_a_better_archived_answer_arrives(bench):
    [first] = imports(bench, envelope(after(DAY, hour=2.4), 1)).solved
    assert (first.is_final, first.coverage) == (False, 0.9)
    [better] = imports(bench, envelope(after(DAY, hour=1.2), 1)).solved
    assert (better.is_final, better.coverage) == (True, 0.95)
    [best] = imports(bench, envelope(after(DAY, hour=0), 1)).solved
    assert (best.is_final, best.coverage) == (True, 1.0)
    assert bench.sql("select sessions, dead_click_count from landing.clarity_base") == [
        truth(after(DAY, 0, hour=0), after(DAY, hour=0))
    ]
    assert imports(bench, envelope(after(DAY, hour=2), 1)).solved == []  # a worse one changes nothing


def test_an_import_never_spends_a_slot(bench):
    bench.at(DAY).collect_all(DAY)
    spent = bench.sql("select count(*) from ops.api_request")
    imports(bench, envelope(after(DAY, 2), 3), envelope(after(DAY, 2), 2), envelope(after(DAY, 2), 1))
    assert bench.sql("select count(*) from ops.api_request") == spent == [(6,)]
    assert len(bench.api.calls) == 6


def test_an_archived_answer_by_another_dimension_is_quarantined_and_kept(bench):
    good, bad = envelope(after(DAY), 1), envelope(after(DAY, 2), 1, "device") | {"request": "country"}
    imported = imports(bench, good, bad)
    assert imported.stored == 2
    assert imported.quarantined == [
        "kept-1.json: dimension 'Country' was requested but is missing from the rows of DeadClickCount: "
        "the API drops a dimension that it does not know in silence"
    ]
    assert set(known(imported)) == {("base", DAY)}
    assert bench.sql("select count(*) from ops.clarity_answer where quarantine_reason is not null") == [(1,)]


def test_of_a_half_bad_set_the_good_files_are_stored_and_the_bad_ones_named(bench, tmp_path):
    archive = tmp_path / "archive"
    write(archive, envelope(after(DAY), 1), "good.json")
    write(archive, envelope(after(DAY, 2), 1), "good-too.json")
    write(archive, [envelope(after(DAY, 3), 1), {"message": "busy"}], "half.json")
    write(archive, b"<html>", "page.json")
    write(archive, {"name": "clarity", "version": "1.0"}, "package.json")
    shapeless = [{"metricName": "Traffic", "information": "none"}]
    write(archive, envelope(after(DAY, 4), 1) | {"request": "base", "answer": shapeless}, "shapeless.json")
    (tmp_path / "empty").mkdir()
    imported = import_answers(bench.settings, (archive, tmp_path / "empty", tmp_path / "nowhere.json"))
    assert imported.stored == 2
    assert {(s.request, s.date) for s in imported.solved} == {("base", DAY), ("base", DAY + timedelta(days=1))}
    assert [line.removeprefix(f"{tmp_path}/").partition(" (")[0] for line in imported.refused] == [
        "archive/half.json#2: holds no Clarity answer",
        "archive/package.json: holds no Clarity answer",
        "archive/page.json: is no JSON",
        "archive/shapeless.json: the answer's block Traffic has no list of rows under information",
        "empty: holds no .json file",
        "nowhere.json: cannot be read",
    ]


def test_a_file_is_stored_whole_or_not_at_all(bench):
    imported = imports(bench, [envelope(after(DAY), 1), envelope(after(DAY, 2), 1) | {"num_of_days": 7}])
    assert (imported.stored, imported.solved) == (0, [])
    assert imported.refused[0].endswith(
        "kept-0.json#2: number of days is 7; give --num-of-days 1, 2 or 3 (the length of its window)"
    )
    assert not bench.settings.warehouse.exists()  # with nothing to store, none is made


def test_an_unknown_dimension_set_is_refused_until_it_is_named_as_an_extra_request(bench):
    value = envelope(after(DAY), 1) | {"answer": [{"metricName": "Traffic", "information": [
        {"totalSessionCount": "3", "totalBotSessionCount": "0", "distinctUserCount": "2", "Channel": "Direct"}]}]}  # fmt: skip
    [line] = imports(bench, value).refused
    assert line.endswith("no request has the dimensions Channel; add Channel to CLARITY_EXTRA_REQUESTS")
    named = Bench(bench.settings.model_copy(update={"extra_requests": "Channel"}), bench.api)
    assert known(imports(named, value)) == {("channel", DAY): "window"}
    assert bench.sql("select channel, sessions, dead_click_count from landing.clarity_channel") == [("Direct", 3, None)]


def test_answers_of_two_projects_are_kept_apart(bench, tmp_path):
    other = Bench(make_settings(tmp_path, now=bench.settings.now, project_id="other"), bench.api)
    for project in (bench, other):
        assert imports(project, envelope(after(DAY), 1)).stored == 1
    assert bench.sql("select project_id, count(*) from landing.clarity_base group by all order by 1") == [
        ("other", 1), ("test", 1),
    ]  # fmt: skip


def test_a_truncated_archived_answer_measures_its_day_and_is_never_subtracted(bench):
    cut = [{"metricName": "Traffic", "information": [
        {"totalSessionCount": "1", "Url": f"https://s.example/{i}", "Device": "PC"} for i in range(1000)]}]  # fmt: skip
    wide = envelope(after(DAY, 2), 2, "url_device")
    imported = imports(bench, wide, envelope(after(DAY, 2), 1, "url_device") | {"answer": cut})
    assert {(s.date, s.method, s.is_truncated) for s in imported.solved} == {(DAY + timedelta(days=1), "window", True)}


def test_an_option_that_no_file_could_use_is_refused_before_the_warehouse_is_opened(bench):
    with pytest.raises(ImportRefused, match="--window-end 'soon'"):
        imports(bench, envelope(after(DAY), 1), window_end="soon")
    assert not bench.settings.warehouse.exists()


def test_without_a_project_nothing_is_imported(bench):
    nameless = Bench(bench.settings.model_copy(update={"project_id": None}), bench.api)
    with pytest.raises(SettingsError, match="CLARITY_PROJECT_ID is not set"):
        imports(nameless, envelope(after(DAY), 1))


def test_a_withdrawn_import_leaves_the_days_as_they_were_and_can_be_imported_right(bench, tmp_path):
    wrong = envelope(after(DAY), 1) | {"window_end": after(DAY, 3).isoformat()}
    import_answers(bench.settings, (write(tmp_path, wrong, "kept.json"),))
    [(before,)] = bench.sql("select count(*) from landing.clarity_base")
    assert before == 1
    assert withdraw_answers(bench.settings, ("kept.json",)) == 1
    assert bench.sql("select count(*) from landing.clarity_base") == [(0,)]
    assert bench.sql("select quarantine_reason like 'withdrawn at %' from ops.clarity_answer") == [(True,)]
    with pytest.raises(ImportRefused, match="is neither id nor file of an answer in use"):
        withdraw_answers(bench.settings, ("kept.json",))
    import_answers(bench.settings, (write(tmp_path, envelope(after(DAY), 1), "right.json"),))
    assert bench.sql("select date from landing.clarity_base") == [(DAY,)]
