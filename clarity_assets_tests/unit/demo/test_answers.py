"""The simulated answers: what they tell is the truth, and they have the API's oddities."""

from datetime import UTC, date, datetime, timedelta

import pytest

from clarity_assets.clarity.columns import SIGNALS
from clarity_assets.clarity.requests import DIMENSIONS
from clarity_assets.demo.answers import SIGNAL_BLOCKS, answer
from clarity_assets.demo.site import SimulatedSite

START = datetime(2026, 9, 1, tzinfo=UTC)
SITE = SimulatedSite.generate(first_day=date(2026, 9, 1), days=12)
WINDOW = (START + timedelta(days=4, hours=5), START + timedelta(days=7, hours=5))
QUIET = (START - timedelta(days=9), START - timedelta(days=6))
NINE = [
    "DeadClickCount", "ExcessiveScroll", "RageClickCount", "QuickbackClick", "ScriptErrorCount", "ErrorClickCount",
    "ScrollDepth", "Traffic", "EngagementTime",
]  # fmt: skip
TOP_LISTS = ["Browser", "Device", "OS", "Country", "PageTitle", "ReferrerUrl", "PopularPages"]


def _ask(dimensions=(), window=WINDOW, **options):
    return answer(SITE, start=window[0], end=window[1], dimensions=dimensions, **options)


def _blocks(value):
    return {block["metricName"].replace(" ", ""): block["information"] for block in value}


def _by_key(rows, dimensions):
    return {tuple(row[DIMENSIONS[d].key] for d in dimensions): row for row in rows}


def _hourly_windows():
    return [(START + timedelta(hours=h), START + timedelta(hours=h + 24)) for h in range(72)]


@pytest.mark.parametrize(
    "dimensions", [(), ("Device",), ("Browser", "Device"), ("URL", "Device"), ("Campaign",), ("Source", "Medium", "OS")]
)
def test_an_answer_tells_the_truth(dimensions):
    blocks, truth = _blocks(_ask(dimensions)), SITE.truth(*WINDOW, dimensions)
    traffic = _by_key(blocks["Traffic"], dimensions)
    assert traffic.keys() == truth.keys()
    for key, row in traffic.items():
        true = truth[key]
        assert int(row["totalSessionCount"]) == true["sessions"]
        assert int(row["totalBotSessionCount"]) == true["bot_sessions"]
        assert int(row.get("distinctUserCount", row.get("distantUserCount"))) == true["visitors"]
        ratio = row.get("pagesPerSessionPercentage", row.get("PagesPerSessionPercentage"))
        if all_sessions := true["sessions"] + true["bot_sessions"]:
            assert round(ratio * all_sessions) == true["page_views_all"]
    with_sessions = {key for key, true in truth.items() if true["sessions"]}
    for block, signal in SIGNAL_BLOCKS.items():
        rows = _by_key(blocks[block], dimensions)
        assert rows.keys() == with_sessions
        for key, row in rows.items():
            affected = round(int(row["sessionsCount"]) * row["sessionsWithMetricPercentage"] / 100)
            told = (int(row["subTotal"]), int(row["pagesViews"]), affected)
            assert told == tuple(truth[key][f"{signal}_{s}"] for s in ("count", "pageviews", "sessions"))
    for key, row in _by_key(blocks["EngagementTime"], dimensions).items():
        assert abs(int(row["totalTime"]) - truth[key]["total_time_s_sum"] / truth[key]["sessions"]) <= 0.5
        assert abs(int(row["activeTime"]) - truth[key]["active_time_s_sum"] / truth[key]["sessions"]) <= 0.5
    for key, row in _by_key(blocks["ScrollDepth"], dimensions).items():
        mean = truth[key]["scroll_depth_sum"] / truth[key]["scroll_depth_weight"]
        assert row["averageScrollDepth"] == pytest.approx(mean, abs=0.0051)


def test_every_signal_has_its_block():
    assert sorted(SIGNAL_BLOCKS.values()) == sorted(SIGNALS)


def test_without_dimensions_there_are_sixteen_blocks_in_order_and_with_them_the_first_nine():
    names = [block["metricName"].replace(" ", "") for block in _ask()]
    assert names == NINE + TOP_LISTS
    assert [block["metricName"].replace(" ", "") for block in _ask(("URL",))] == NINE


def test_top_lists_have_ten_rows_at_most_the_biggest_first():
    blocks = _blocks(_ask())
    for name in TOP_LISTS:
        rows = blocks[name]
        counts = [int(row["visitsCount" if name == "PopularPages" else "sessionsCount"]) for row in rows]
        assert 0 < len(rows) <= 10
        assert counts == sorted(counts, reverse=True)
    assert None in {row["name"] for row in blocks["ReferrerUrl"]}
    assert all("?" not in row["url"] for row in blocks["PopularPages"])


def test_an_answer_is_the_same_every_time():
    assert _ask(("URL", "Device")) == _ask(("URL", "Device"))


def test_bots_alone_and_sessions_without_page_are_rows_of_traffic_only():
    blocks = _blocks(_ask(("Device",)))
    assert "Other" in {row["Device"] for row in blocks["Traffic"]}
    assert all("Other" not in {r["Device"] for r in blocks[b]} for b in NINE if b != "Traffic")
    no_page = [row for row in _blocks(_ask(("URL",)))["Traffic"] if row["Url"] is None]
    assert [int(row["totalSessionCount"]) for row in no_page] == [0]
    assert [row["Url"] for row in _blocks(_ask(("URL",)))["ScrollDepth"] if row["Url"] is None] == []


def test_numbers_come_as_texts_and_ints_by_block_with_dimensions_and_by_answer_without():
    kinds = set()
    for window in _hourly_windows():
        blocks = _blocks(_ask(("Device",), window))
        of_answer = {type(blocks[b][0]["sessionsCount"]) for b in SIGNAL_BLOCKS}
        kinds.add(frozenset(of_answer))
        assert len({type(row["subTotal"]) for row in blocks["DeadClickCount"]}) == 1
    assert frozenset((int, str)) in kinds
    without = [{type(_blocks(_ask((), w))[b][0]["sessionsCount"]) for b in SIGNAL_BLOCKS} for w in _hourly_windows()]
    assert all(len(types) == 1 for types in without)
    assert {next(iter(types)) for types in without} == {int, str}


def test_both_spellings_of_fields_and_of_block_names_occur():
    fields, names = set(), set()
    for window in _hourly_windows():
        value = _ask(("Device",), window)
        names |= {block["metricName"] for block in value}
        fields |= _blocks(value)["Traffic"][0].keys()
    assert {"distinctUserCount", "distantUserCount", "pagesPerSessionPercentage", "PagesPerSessionPercentage"} <= fields
    assert {"DeadClickCount", "Dead Click Count", "EngagementTime", "Engagement Time"} <= names


@pytest.mark.parametrize("dimension", ["Country/Region", "Weather"])
def test_an_unknown_dimension_is_dropped_in_silence(dimension):
    value = _ask((dimension,))
    assert len(value) == 9
    known = {d.key for d in DIMENSIONS.values()} | {dimension}
    assert all(not known & row.keys() for block in value for row in block["information"])
    both = _blocks(_ask(("Device", dimension)))["Traffic"]
    assert all("Device" in row and dimension not in row for row in both)


def test_without_traffic_there_are_nulls_zeros_and_empty_lists():
    blocks = _blocks(_ask((), QUIET))
    dead = blocks["DeadClickCount"][0]
    assert (
        int(dead["sessionsCount"]),
        dead["sessionsWithMetricPercentage"],
        dead["sessionsWithoutMetricPercentage"],
    ) == (0, 0, 100)
    assert blocks["ScrollDepth"] == [{"averageScrollDepth": None}]
    assert blocks["EngagementTime"] == [{"totalTime": None, "activeTime": None}]
    assert None in blocks["Traffic"][0].values()
    assert [blocks[name] for name in TOP_LISTS] == [[]] * 7
    assert [block["information"] for block in _ask(("Device",), QUIET)] == [[]] * 9


def test_a_crowded_answer_is_cut_at_1000_rows_that_differ_from_block_to_block():
    blocks = _blocks(_ask(("URL", "Device"), crowded=True))
    assert [len(rows) for rows in blocks.values()] == [1_000] * 9
    kept = [frozenset(_by_key(blocks[b], ("URL", "Device"))) for b in NINE]
    assert len(set(kept)) == 9
    truth = SITE.with_click_ids.truth(*WINDOW, ("URL", "Device"))
    assert all(keys <= truth.keys() for keys in kept)


def test_a_crowded_answer_of_a_small_site_is_cut_in_traffic_alone_and_by_url_only():
    small = SimulatedSite.generate(first_day=date(2026, 9, 1), days=8, sessions_per_day=20)
    blocks = _blocks(answer(small, start=WINDOW[0], end=WINDOW[1], dimensions=("URL",), crowded=True))
    assert len(blocks["Traffic"]) == 1_000
    assert len(blocks["ScrollDepth"]) < 1_000
    by_device = answer(small, start=WINDOW[0], end=WINDOW[1], dimensions=("Device",), crowded=True)
    assert by_device == answer(small, start=WINDOW[0], end=WINDOW[1], dimensions=("Device",))
