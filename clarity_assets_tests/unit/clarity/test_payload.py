"""From an answer's bytes to totals: the API's oddities, on answers made by hand."""

import orjson
import pytest

from clarity_assets.clarity.pages import PageRule
from clarity_assets.clarity.payload import ROW_CAP, PayloadProblem, read_totals, stored_form
from clarity_assets.clarity.requests import STANDARD_REQUESTS, ClarityRequest
from clarity_assets.clarity.totals import Totals, measures
from clarity_assets.errors import UnusableAnswer

BASE = ClarityRequest("base")
DEVICE = ClarityRequest("device", ("Device",))
URL = ClarityRequest("url", ("URL",))
CAMPAIGN = ClarityRequest("campaign", ("Campaign",))
SIGNAL_NAMES = (
    "DeadClickCount",
    "ExcessiveScroll",
    "RageClickCount",
    "QuickbackClick",
    "ScriptErrorCount",
    "ErrorClickCount",
)


def signal(sessions, percent=0, pages=0, count=0, **keys) -> dict:
    return {"sessionsCount": sessions, "sessionsWithMetricPercentage": percent,
            "sessionsWithoutMetricPercentage": 100, "pagesViews": pages, "subTotal": count, **keys}  # fmt: skip


def traffic(sessions, bots=0, users=0, ratio=1, **keys) -> dict:
    return {"totalSessionCount": sessions, "totalBotSessionCount": bots, "distinctUserCount": users,
            "pagesPerSessionPercentage": ratio, **keys}  # fmt: skip


def answer(**blocks) -> bytes:
    """The nine blocks, empty but for those given by metric name."""
    names = (*SIGNAL_NAMES, "ScrollDepth", "Traffic", "EngagementTime")
    return orjson.dumps([{"metricName": n, "information": blocks.get(n, [])} for n in names])


def read(body: bytes, request: ClarityRequest, **rule) -> tuple[Totals, dict]:
    """Totals, and the measure columns as {key: {column: value}}."""
    totals, _ = read_totals(stored_form(body), request, pages=PageRule(**rule))
    columns = measures(totals)
    return totals, {key: {c: v[i] for c, v in columns.items()} for i, key in enumerate(totals.rows)}


def test_strings_ints_and_floats_are_the_same_numbers():
    for sessions, percent in (("506", 20.36), (506, "20.36"), (506.0, 20.36)):
        _, rows = read(answer(DeadClickCount=[signal(sessions, percent, "147", 397)]), BASE)
        assert rows[()]["dead_click_count"] == 397
        assert rows[()]["dead_click_pageviews"] == 147
        assert rows[()]["dead_click_sessions"] == 103  # 506 x 20.36 % = 103.02


def test_both_spellings_of_fields_and_blocks_are_read():
    odd = [
        {"totalSessionCount": "9", "totalBotSessionCount": "1", "distantUserCount": "8", "PagesPerSessionPercentage": 2}
    ]
    body = orjson.dumps([
        {"metricName": "Traffic", "information": odd},
        {"metricName": "Dead Click Count", "information": [signal(9, 0, 0, 4)]},
    ])  # fmt: skip
    _, rows = read(body, BASE)
    assert (rows[()]["visitors"], rows[()]["pages_per_session"], rows[()]["dead_click_count"]) == (8, 2, 4)


def test_sessions_are_without_bots_and_users_may_exceed_them():
    _, rows = read(answer(Traffic=[traffic("868", "13", "937", 1.61)]), BASE)
    assert (rows[()]["sessions"], rows[()]["bot_sessions"], rows[()]["visitors"]) == (868, 13, 937)


def test_zero_traffic_gives_zeros_and_unknown_averages():
    body = answer(
        **{name: [signal("0")] for name in SIGNAL_NAMES},
        ScrollDepth=[{"averageScrollDepth": None}],
        Traffic=[traffic("0", "0", "0", None)],
        EngagementTime=[{"totalTime": None, "activeTime": None}],
    )
    _, rows = read(body, BASE)
    row = rows[()]
    assert (row["sessions"], row["visitors"], row["dead_click_count"], row["dead_click_sessions"]) == (0, 0, 0, 0)
    assert [row[c] for c in ("pages_per_session", "total_time_s", "active_time_s", "scroll_depth_pct")] == [None] * 4


def test_empty_blocks_of_a_dimension_are_a_day_without_rows():
    totals, _ = read(answer(), DEVICE)
    assert totals.rows == {}
    assert not totals.missing


def test_a_bot_only_row_has_no_signals_and_no_averages():
    body = answer(
        Traffic=[traffic(10, 0, 9, 1.5, Device="PC"), traffic(0, 37, 69, 1.2, Device="Other")],
        DeadClickCount=[signal(10, 50, 6, 7, Device="PC")],
        EngagementTime=[{"totalTime": 100, "activeTime": 50, "Device": "PC"}],
    )
    _, rows = read(body, DEVICE)
    other = rows[("Other",)]
    assert (other["sessions"], other["bot_sessions"], other["visitors"]) == (0, 37, 69)
    assert (other["dead_click_count"], other["dead_click_sessions"]) == (0, 0)
    assert (other["total_time_s"], other["scroll_depth_pct"]) == (None, None)


def test_null_and_empty_text_are_two_values():
    body = answer(Traffic=[traffic(5, Campaign=None), traffic(3, Campaign=""), traffic(2, Campaign="spring")])
    _, rows = read(body, CAMPAIGN)
    assert {key: row["sessions"] for key, row in rows.items()} == {(None,): 5, ("",): 3, ("spring",): 2}


def test_an_absent_block_is_unknown_and_never_zero():
    body = orjson.dumps([{"metricName": "DeadClickCount", "information": [signal(3, 0, 0, 0, Device="PC")]}])
    totals, rows = read(body, DEVICE)
    row = rows[("PC",)]
    assert row["dead_click_count"] == 0
    unknown = ("sessions", "bot_sessions", "visitors", "rage_click_count", "total_time_s", "scroll_depth_pct")
    assert [row[c] for c in unknown] == [None] * len(unknown)
    assert totals.missing


def test_unknown_metrics_and_fields_are_kept_raw_and_told():
    body = orjson.dumps([
        {"metricName": "DeadTapCount", "information": [{"x": 1}]},
        {"metricName": "Traffic", "information": [traffic(5) | {"newField": 1}]},
    ])  # fmt: skip
    stored = stored_form(body)
    _, blocks = read_totals(stored, BASE, pages=PageRule())
    assert any("DeadTapCount" in w for w in blocks.warnings)
    assert any("newField" in w for w in blocks.warnings)
    assert b"DeadTapCount" in stored
    assert b"newField" in stored


def test_urls_of_one_page_become_one_row_weighted_by_their_sessions():
    one, two = "https://s.example/a?gclid=1", "https://s.example/a?gclid=2"
    body = answer(
        Traffic=[traffic(30, 2, 25, 1.5, Url=one), traffic(10, 0, 9, 2.5, Url=two)],
        DeadClickCount=[signal(10, 20, 2, 5, Url=two), signal(30, 10, 4, 6, Url=one)],  # another order
        EngagementTime=[
            {"totalTime": 200, "activeTime": 80, "Url": two},
            {"totalTime": 100, "activeTime": 40, "Url": one},
        ],
        ScrollDepth=[{"averageScrollDepth": 50, "Url": one}, {"averageScrollDepth": 90, "Url": two}],
    )
    totals, rows = read(body, URL)
    row = rows[("s.example/a",)]
    assert (row["sessions"], row["dead_click_count"], row["dead_click_pageviews"]) == (40, 11, 6)
    assert row["dead_click_sessions"] == 3 + 2
    assert row["total_time_s"] == pytest.approx((30 * 100 + 10 * 200) / 40)
    assert row["active_time_s"] == pytest.approx((30 * 40 + 10 * 80) / 40)
    assert row["scroll_depth_pct"] == pytest.approx((30 * 50 + 10 * 90) / 40)
    assert row["pages_per_session"] == pytest.approx((32 * 1.5 + 10 * 2.5) / 42)  # weighted with bots
    assert row["visitors"] is None  # distinct users never add up
    assert totals.rows[("s.example/a",)].is_upper_bound


def test_a_page_of_one_url_keeps_its_visitors_and_is_no_upper_bound():
    totals, rows = read(answer(Traffic=[traffic(30, 0, 25, Url="https://s.example/a?x=1")]), URL)
    assert rows[("s.example/a",)]["visitors"] == 25
    assert not totals.rows[("s.example/a",)].is_upper_bound


def test_the_stored_answer_holds_no_click_id():
    body = answer(Traffic=[traffic(1, Url="https://u:p@s.example/a?gclid=SECRET#frag")])
    body = orjson.dumps([*orjson.loads(body), {
        "metricName": "PopularPages", "information": [{"url": "https://s.example/b?fbclid=SECRET", "visitsCount": 1}]}])  # fmt: skip
    assert b"SECRET" not in stored_form(body)
    assert b"u:p@" not in stored_form(body)
    assert b"#frag" not in stored_form(body)


def test_storing_a_stored_answer_again_changes_nothing():
    body = answer(Traffic=[traffic(1, Url="https://s/a?1"), traffic(1, Url="https://s/a?x=2")])
    assert stored_form(stored_form(body)) == stored_form(body)


@pytest.mark.parametrize(
    ("rows", "is_cut"), [(0, False), (1, False), (ROW_CAP - 1, False), (ROW_CAP, True), (ROW_CAP + 1, True)]
)
def test_a_block_of_a_thousand_rows_or_more_is_flagged_and_no_row_is_lost(rows, is_cut):
    body = answer(Traffic=[traffic(1, Url=f"https://s/{i}") for i in range(rows)])
    totals, blocks = read_totals(stored_form(body), URL, pages=PageRule())
    assert totals.is_truncated is is_cut
    assert blocks.truncated == (["Traffic"] if is_cut else [])
    assert len(totals.rows) == rows


def test_a_key_that_a_cut_block_leaves_out_is_unknown_there_and_zero_in_complete_blocks():
    body = answer(
        Traffic=[traffic(1, Url=f"https://s/{i}") for i in range(ROW_CAP)],
        DeadClickCount=[signal(7, 0, 0, 0, Url="https://s/elsewhere")],
    )
    _, rows = read(body, URL)
    assert rows[("s/elsewhere",)]["sessions"] is None
    assert rows[("s/0",)]["dead_click_count"] == 0


def test_a_requested_dimension_that_is_missing_from_the_rows_is_a_problem():
    country = next(r for r in STANDARD_REQUESTS if r.name == "country")
    with pytest.raises(PayloadProblem, match="'Country' was requested but is missing from the rows of Traffic"):
        read(answer(Traffic=[traffic(5)]), country)


def test_a_dimension_that_was_not_requested_is_a_problem():
    with pytest.raises(PayloadProblem, match="'Url' was not requested"):
        read(answer(Traffic=[traffic(5, Url="https://s/a")]), BASE)


def test_a_dimension_key_is_found_whatever_its_case():
    _, rows = read(answer(Traffic=[traffic(5, device="PC")]), DEVICE)
    assert rows[("PC",)]["sessions"] == 5


@pytest.mark.parametrize("value", ["many", "", -1, "-3", True, [1], "nan", "inf"])
def test_a_value_that_is_no_count_is_a_problem_that_names_it(value):
    with pytest.raises(PayloadProblem, match="totalSessionCount = "):
        read(answer(Traffic=[traffic(value)]), BASE)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "body is empty"),
        (b"  \n", "body is empty"),
        (b"<!DOCTYPE html><html>", "an HTML page"),
        (b'[{"metricName":"Traffic","informa', "no JSON"),
        (b"[]", "no list of metric blocks"),
        (b'{"message": "busy"}', "no list of metric blocks"),
        (b'[{"information":[]}]', "without metricName"),
        (b'[{"metricName":"Traffic"}]', "Traffic has no list of rows"),
        (b'[{"metricName":"Traffic","information":[1]}]', "Traffic has no list of rows"),
        (b'[{"metricName":"X","information":' + b"[" * 300 + b"]" * 300 + b"}]", "nested deeper"),
        (b"\xff\xfe", "no JSON"),
    ],
)
def test_what_is_no_answer_is_refused_and_says_what_it_is(body, words):
    with pytest.raises(UnusableAnswer, match=words):
        stored_form(body)


@pytest.mark.parametrize("value", [5, True, ["PC"], {"a": 1}, 1.5])
def test_a_dimension_value_that_is_no_text_is_a_problem_that_names_it(value):
    with pytest.raises(PayloadProblem, match=r"'Device' = .* is neither text nor null"):
        read(answer(Traffic=[traffic(1, Device=value)]), DEVICE)


def test_a_metric_or_a_row_that_stands_twice_is_a_problem_and_never_doubles_a_day():
    twice = orjson.dumps([{"metricName": n, "information": [traffic(5)]} for n in ("Traffic", "traffic")])
    with pytest.raises(PayloadProblem, match="stands twice in the answer"):
        read(twice, BASE)
    with pytest.raises(PayloadProblem, match="stands twice in traffic"):
        read(answer(Traffic=[traffic(5, Device="PC"), traffic(5, Device="PC")]), DEVICE)


def test_an_answer_of_other_metrics_only_is_a_problem_but_is_kept():
    body = orjson.dumps([{"metricName": "DeadTapCount", "information": {"odd": 1}}])
    assert b"DeadTapCount" in stored_form(body)
    with pytest.raises(PayloadProblem, match="none of the nine metrics"):
        read(body, BASE)


def test_an_unknown_block_of_any_shape_leaves_the_nine_alone():
    body = orjson.dumps([*orjson.loads(answer(Traffic=[traffic(5)])), {"metricName": "New", "information": {"a": [1]}}])
    assert read(body, BASE)[1][()]["sessions"] == 5


def test_a_percentage_above_100_is_a_problem():
    with pytest.raises(PayloadProblem, match="sessionsWithMetricPercentage = 250 is no number from 0 to 100"):
        read(answer(DeadClickCount=[signal(9, 250)]), BASE)


def test_a_problem_shows_a_long_value_in_short_and_without_query_strings():
    with pytest.raises(PayloadProblem) as caught:
        read(answer(Traffic=[traffic("https://s/?gclid=SECRET" + "x" * 10_000)]), BASE)
    assert len(str(caught.value)) < 200
    assert "SECRET" not in str(caught.value)


def test_a_site_without_any_row_has_its_row_of_zeros():
    _, rows = read(answer(), BASE)
    assert (rows[()]["sessions"], rows[()]["dead_click_count"], rows[()]["total_time_s"]) == (0, 0, None)


LEAKS = [
    {"metricName": "PopularPages", "information": [{"url": "/checkout?gclid=SECRET", "visitsCount": 1}]},
    {"metricName": "PopularPages", "information": [{"URL": "s.example/b#SECRET", "visitsCount": 1}]},
    {"metricName": "ReferrerUrl", "information": [{"name": "android-app/x?SECRET", "sessionsCount": 1}]},
    {"metricName": "PageTitle", "information": [{"name": "https://s.example/?SECRET", "sessionsCount": 1}]},
    {
        "metricName": "New",
        "information": [{"deep": {"deeper": ["https://s.example/?id=SECRET"]}}],
        "link": "//s/?x=SECRET",
    },
    {"metricName": "New", "information": [{"Source": "google.com/?gclid=SECRET"}]},
    {"metricName": "New", "information": [{"Url": "https://s.example/p&gclid=SECRET"}]},
    {"metricName": "New", "information": [{"Url": "https://s.example/p%3Fgclid%3DSECRET"}]},
    {"metricName": "New", "information": [{"Url": "https://joe:SECRET@s.example/p;jsessionid=SECRET"}]},
]


@pytest.mark.parametrize("block", LEAKS, ids=range(len(LEAKS)))
def test_no_click_id_survives_wherever_it_stands(block):
    assert b"SECRET" not in stored_form(orjson.dumps([*orjson.loads(answer()), block]))


def test_texts_that_are_no_urls_are_left_alone():
    texts = ["What is R&D?", "50 % off & more", "a=b", "C#", "page 1; page 2", "Was ist das? Eine Frage"]
    body = answer(Traffic=[traffic(1, Campaign=text) for text in texts])
    assert [key[0] for key in read(body, CAMPAIGN)[0].rows] == texts


def test_sources_that_differ_by_click_id_only_become_one():
    source = ClarityRequest("source", ("Source",))
    body = answer(Traffic=[traffic(2, Source="google.com/?gclid=1"), traffic(3, Source="google.com/?gclid=2")])
    totals, rows = read(body, source)
    assert {key: row["sessions"] for key, row in rows.items()} == {("google.com/",): 5}
    assert totals.rows[("google.com/",)].is_upper_bound


def test_odd_texts_survive_unchanged():
    names = ["<script>alert(1)</script>", "א ב ג", "🙂" * 10, "x" * 2000, "a'; drop table landing.clarity_base; --"]
    _, rows = read(answer(Traffic=[traffic(1, Campaign=n) for n in names]), CAMPAIGN)
    assert [key[0] for key in rows] == names
