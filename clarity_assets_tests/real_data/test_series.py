"""66 real daily 72 h answers as an archive: which days they tell, alone and with invented shorter answers.

The answers were taken "at about 03-04 UTC" from 2026-05-23 to 2026-08-04, with none on 07-01 to 07-05 and on
07-24 to 07-26. Windows of 72 h that end a day apart have their edges in three chains without a common edge, so they tell
no single day. One 24 h answer at the end of a stretch joins two of the chains (every third day), 24 h and 48 h join all
three. Each of the two holes cuts all chains, so that an answer at the very end tells of the last stretch alone.

How good the figures are is a fact of this archive, and a poor one. Nobody kept the minute of the calls, so 03:30 is a
guess for all, and the differences do not fit together: in the last stretch no 24 h and 48 h answers whatsoever would
keep all days above zero. For sessions, its lowest sums over the three chains come to -257 and its first window has but
208 sessions to make up for that (49 too few; 125 in the stretch before, 52 in the first, where the count fell from 56
to 0 on 05-26 as if the project had begun anew). So some derived days must be refused, and those that are not carry the
same errors.
"""

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from clarity_assets.clarity.importing import Imported, import_answers
from clarity_assets_tests.fixtures.collecting import Bench, FakeApi, make_settings

SERIES = "ms_analytics_hub__series_66_daily_3d_snapshots.json"
NOW = datetime(2026, 8, 5, tzinfo=UTC)
STRETCH_ENDS = ("2026-06-30", "2026-07-23", "2026-08-04")
COUNTS = ("sessionsCount", "totalSessionCount", "totalBotSessionCount", "distinctUserCount", "pagesViews", "subTotal")


def invented(answer: list, num_of_days: int) -> list:
    """A shorter answer at the same end: the same share of every count."""
    rows = [
        [{k: round(int(v) * num_of_days / 3) if k in COUNTS else v for k, v in row.items()} for row in b["information"]]
        for b in answer
    ]
    return [{"metricName": b["metricName"], "information": r} for b, r in zip(answer, rows, strict=True)]


@pytest.fixture
def bench(tmp_path) -> Bench:
    return Bench(make_settings(tmp_path, now=NOW), FakeApi(site=None))


def import_series(bench: Bench, folder: Path, *, lengths: tuple[int, ...] = (), ends=STRETCH_ENDS[-1:]) -> Imported:
    """The real series, and invented answers of these lengths at these ends."""
    series = json.loads((folder / SERIES).read_text())
    extra = bench.settings.warehouse.with_name("invented.json")
    extra.write_text(json.dumps([
        {"num_of_days": n, "window_end": f"{end}T03:30:00Z", "answer": invented(series[end], n)}
        for end in ends for n in lengths
    ]))  # fmt: skip
    paths = (folder / SERIES, extra) if lengths else (folder / SERIES,)
    return import_answers(bench.settings, paths, window_end="03:30", num_of_days=3)


def known(imported: Imported) -> dict[date, tuple[str, int]]:
    """Known days of the site total: status and number of windows on the path."""
    return {
        s.date: (s.status, len(s.answers)) for s in sorted(imported.solved, key=lambda s: s.date) if s.request == "base"
    }


def refused(bench: Bench) -> dict[date, str]:
    """Days of the site total that a path reaches, but with a difference below zero; and which."""
    start = "every difference is below zero (total: "
    causes = bench.sql(
        "select date, cause from ops.clarity_day where request = 'base' and status = 'lost' order by date"
    )
    return {day: cause.removeprefix(start).partition(")")[0] for day, cause in causes if cause.startswith(start)}


def days(*texts: str) -> list[date]:
    return [date.fromisoformat(f"2026-{text}") for text in texts]


def test_the_series_alone_tells_no_day_and_says_so(bench, clarity_data):
    imported = import_series(bench, clarity_data)
    assert (imported.stored, imported.duplicates, imported.quarantined, imported.refused) == (66, 0, [], [])
    assert imported.solved == []
    # 05-20 (12:30 of whose hours the first window holds) to 08-04
    assert bench.sql("select status, count(*), min(date), max(date) from ops.clarity_day group by all order by 1") == [
        ("lost", 74, date(2026, 5, 20), date(2026, 8, 1)),
        ("pending", 3, date(2026, 8, 2), date(2026, 8, 4)),
    ]
    assert bench.sql("select count(*) from landing.clarity_base") == [(0,)]
    assert import_series(bench, clarity_data).duplicates == 66


def test_one_day_at_its_end_reaches_every_third_day_of_the_last_stretch(bench, clarity_data):
    imported = import_series(bench, clarity_data, lengths=(1,))
    assert known(imported) == dict(zip(days("07-28", "08-03"), [("derived", 5), ("measured", 1)], strict=True))
    # 07-28 = 07-28 to 07-31 (869) + 07-31 to 08-03 (325) + 08-03 to 08-04 (97 invented) - 08-01 to 08-04 (292)
    #         - 07-29 to 08-01 (931)
    assert bench.sql("select date, sessions, visitors from landing.clarity_base order by date") == [
        (date(2026, 7, 28), 68, None),
        (date(2026, 8, 3), 97, 82),
    ]
    assert refused(bench) == {  # 2 of the 3 derived days
        date(2026, 7, 25): "sessions = -101",
        date(2026, 7, 31): "bot_sessions = -1",
    }


def test_one_and_two_days_at_its_end_reach_every_day_of_the_last_stretch(bench, clarity_data):
    told = known(import_series(bench, clarity_data, lengths=(1, 2)))
    bad = refused(bench)
    assert sorted([*told, *bad]) == [date(2026, 7, 24) + timedelta(days=i) for i in range(11)]
    assert list(bad) == days("07-25", "07-26", "07-31")  # 3 of 10 derived days
    assert [windows for _, windows in told.values()] == [8, 6, 5, 4, 4, 2, 2, 1]


@pytest.mark.parametrize(
    ("lengths", "derived", "negative", "longest"),
    [
        ((1,), 8, 14, 13),  # 14 + 7 + 4 days, 3 of them measured; 14 of 22 derived ones refused: 64 %
        ((1, 2), 37, 32, 26),  # every day between two edges: 41 + 20 + 11; 32 of 69 refused: 46 %
    ],
)
def test_shorter_answers_at_the_end_of_each_stretch_reach_all_three(
    bench, clarity_data, lengths, derived, negative, longest
):
    told = known(import_series(bench, clarity_data, lengths=lengths, ends=STRETCH_ENDS)).values()
    assert Counter(status for status, _ in told) == {"derived": derived, "measured": 3}
    assert len(refused(bench)) == negative
    assert max(windows for _, windows in told) == longest


def test_a_setting_limits_how_many_windows_a_path_may_have(tmp_path, clarity_data):
    bench = Bench(make_settings(tmp_path, now=NOW, max_arcs=4), FakeApi(site=None))
    told = known(import_series(bench, clarity_data, lengths=(1, 2)))
    assert {day: windows for day, (_, windows) in told.items()} == dict(
        zip(days("07-29", "07-30", "08-01", "08-02", "08-03"), [4, 4, 2, 2, 1], strict=True)
    )
    assert list(refused(bench)) == days("07-31")


def test_the_whole_folder_is_imported_as_far_as_its_files_and_their_names_tell(tmp_path, clarity_data):
    settings = make_settings(
        tmp_path, now=datetime(2026, 10, 2, tzinfo=UTC), extra_requests="URL, Campaign, Channel, OS"
    )
    imported = import_answers(settings, (clarity_data,), window_end="03:30", num_of_days=3)
    assert (imported.stored, imported.duplicates, imported.quarantined) == (72, 3, [])  # three stand in the series too
    assert {line.rpartition("/")[2].partition(";")[0] for line in imported.refused} == {
        "cuentoneta__no_dimension__2024-11.json: the window's end is unknown",
        "issue640__by_OS__2024-07__PARTIAL.json: the window's end is unknown",
        "fr_dashboard__1d_by_dimension__zero_traffic_2026-10-01.json: all metrics are empty, so nothing tells the request",
        "mcp_recordings_sample__SHAPE_ONLY_values_invented.json#1: holds no Clarity answer (a list of metric blocks, alone, "
        "in an envelope or by date)",
    }
    stored = Bench(settings, FakeApi(site=None)).sql("select request, count(*) from ops.clarity_answer group by all")
    assert dict(stored) == {"base": 67, "url": 2, "device": 1, "campaign": 1, "channel": 1}
