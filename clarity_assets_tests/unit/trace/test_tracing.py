"""A number of a report leads down to the landing rows, answers and requests that it came from."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest
import zstandard

from clarity_assets.project_models import project_models
from clarity_assets.reports.figures import Figure, Source
from clarity_assets.reports.measures import MEASURES
from clarity_assets.settings import load_settings
from clarity_assets.trace.registry import NumberUnknown
from clarity_assets.trace.selecting import SourceUnreadable, columns_read
from clarity_assets.trace.tracing import trace
from clarity_assets_tests.unit.trace.told import (
    AFTER,
    DERIVED,
    END,
    LOST,
    MEASURED,
    REPORTED_AT,
    Warehouse,
    build,
    of_device,
    sessions,
)

DAY = timedelta(days=1)
WITH_LANDING = (
    "fct_site_daily", "fct_page_daily", "fct_frustration_daily", "fct_signal_daily", "fct_engagement_daily",
    "fct_traffic_daily", "fct_geography_daily", "fct_attribution_daily",
)  # fmt: skip


def body(warehouse: Warehouse, answer_id: str) -> list:
    """An answer as it is stored."""
    packed = warehouse.one("select body from ops.clarity_answer where answer_id = ?", answer_id)
    return orjson.loads(zstandard.ZstdDecompressor().decompress(packed))


def clicks(warehouse: Warehouse, answer_id: str) -> int:
    """The dead clicks that an answer tells, added by hand."""
    [block] = [
        block for block in body(warehouse, answer_id) if block["metricName"].replace(" ", "") == "DeadClickCount"
    ]
    return sum(int(row["subTotal"]) for row in block["information"])


# --- down to the answers ------------------------------------------------------------------------------------------


def test_a_measured_day_leads_to_its_one_answer_and_its_request(warehouse):
    source = Source("marts.fct_site_daily", "dead_click_count", (), MEASURED, DERIVED)
    traced = warehouse.traced(source)
    [answer] = traced.answers
    assert answer.answer_id.startswith(f"test-base-1d-{DERIVED:%Y%m%d}T010000-")
    assert (answer.window_start, answer.window_end) == (at(MEASURED, 1), at(DERIVED, 1))
    assert (answer.received_at, answer.origin, answer.damage) == (at(DERIVED, 1), "api", None)
    assert [(use.request, use.date, use.sign, use.method) for use in answer.uses] == [("base", MEASURED, "+", "window")]
    assert (answer.ledger.outcome, answer.ledger.http_status, answer.ledger.purpose) == ("answered", 200, "plan")
    assert answer.ledger.reserved_at == at(DERIVED, 1)
    assert traced.now == clicks(warehouse, answer.answer_id)
    [side] = traced.sides
    assert side.rows.first == ((MEASURED, traced.now),)
    assert side.landing[0].first == ((MEASURED, traced.now),)
    assert traced.is_intact


def test_a_derived_day_leads_to_two_answers_with_their_signs(warehouse):
    source = Source("marts.fct_page_daily", "dead_click_count", (), DERIVED, AFTER)
    traced = warehouse.traced(source)
    shorter, longer = sorted(traced.answers, key=lambda answer: answer.window_start, reverse=True)
    assert [(use.sign, use.method) for use in longer.uses] == [("+", "difference")]
    assert [(use.sign, use.method) for use in shorter.uses] == [("-", "difference")]
    assert (longer.window_start, longer.window_end) == (at(DERIVED, 1), at(AFTER + DAY, 1))
    assert (shorter.window_start, shorter.window_end) == (at(AFTER, 1), at(AFTER + DAY, 1))
    assert traced.now == clicks(warehouse, longer.answer_id) - clicks(warehouse, shorter.answer_id)
    assert longer.ledger.purpose == "reserve"
    assert traced.derivation.differences == ()
    assert (traced.derivation.days, traced.derivation.of_days) == (1, 1)


def test_a_rolled_up_day_leads_to_the_finer_requests_answers(warehouse):
    traced = warehouse.traced(Source("marts.fct_site_daily", "dead_click_count", (), DERIVED, AFTER))
    assert {answer.request for answer in traced.answers} == {"browser_device"}
    assert {(use.request, use.method) for answer in traced.answers for use in answer.uses} == {
        ("base", "rolled up from browser_device")
    }
    signed = {use.sign: clicks(warehouse, answer.answer_id) for answer in traced.answers for use in answer.uses}
    assert traced.now == signed["+"] - signed["-"]
    assert traced.is_intact


def test_lost_days_in_the_range_are_named_with_their_cause(warehouse):
    [side] = warehouse.traced(sessions()).sides
    lost = [day for day in side.missing if day.status == "lost"]
    assert [day.date for day in lost] == [LOST, LOST + DAY, LOST + 2 * DAY]
    assert lost[0].cause.startswith("never asked (it could be asked until ")
    assert [day.date for day in side.missing if day.status == "pending"] == [END - 3 * DAY, END - 2 * DAY]
    assert (side.known_days, side.rows.count, side.untold) == (4, 9, 5)  # an unknown day has a row that tells nothing


def test_days_without_a_state_are_unrecorded_and_days_that_no_model_ran_for_are_named(warehouse):
    warehouse.con.execute("delete from marts.fct_site_daily where date = ?", [MEASURED])
    [side] = warehouse.traced(sessions(start=MEASURED - DAY, end=DERIVED)).sides
    assert [(day.date, day.status) for day in side.missing] == [
        (MEASURED - DAY, "unrecorded"),
        (MEASURED, "not in the mart"),
    ]
    assert side.is_current is False


@pytest.mark.parametrize("mart", WITH_LANDING)
def test_every_measure_of_every_mart_leads_down_to_landing_columns(warehouse, mart):
    table = f"marts.{mart}"
    columns = project_models(load_settings())[table].column_types
    measures = [m for m in MEASURES.values() if is_of(m, columns) and m.name not in ("known_days", "day_coverage")]
    assert measures
    sources = [Source(table, measure.name, (), MEASURED, END) for measure in measures if measure.numerator != "1"]
    warehouse.tell(*(Figure(1.0, "x", source) for source in sources))
    for source in sources:
        traced = trace(warehouse.con, source.id, settings=warehouse.settings)
        [side] = traced.sides
        ends = {below for _, sources_ in traced.model.lineage for below in sources_ if below[0].startswith("landing.")}
        assert ends, source
        assert sum(rows.count for rows in side.landing) > 0, source
        assert side.is_current, source
        assert traced.answers, source
        assert traced.is_intact, source
        assert (traced.derivation.differences, traced.derivation.left_out) == ((), ()), source


def is_of(measure, columns) -> bool:
    """Whether the mart has every column that the measure names."""
    names = MEASURE_COLUMNS & set(columns_read(measure, sorted(MEASURE_COLUMNS)))
    return names <= set(columns)


MEASURE_COLUMNS = {
    name
    for model in project_models(load_settings()).values()
    for name in model.column_types
    if model.layer == "marts"
}  # fmt: skip


# --- the same rows in mart and landing ----------------------------------------------------------------------------


def sums(warehouse: Warehouse, source: Source) -> tuple[float, int, int]:
    """The value, and the counts of mart and landing rows."""
    traced = warehouse.traced(source)
    assert traced.is_intact
    [side] = traced.sides
    return side.value, side.rows.count, sum(rows.count for rows in side.landing)


def test_a_segment_is_one_device_of_the_device_table_and_one_signals_column(warehouse):
    expected = warehouse.one("select sum(dead_click_sessions) from landing.clarity_device where device = 'Mobile'")
    assert sums(warehouse, of_device("Mobile")) == (expected, 4, 4)
    traced = warehouse.traced(of_device("Mobile"))
    assert [rows.table for rows in traced.sides[0].landing] == ["landing.clarity_device"]
    assert traced.sides[0].landing[0].columns == ("date", "device", "dead_click_sessions")
    assert (("marts.fct_signal_daily", "affected_sessions"),
            (("intermediate.int_clarity__segment_daily", "dead_click_sessions"),)) in traced.model.lineage  # fmt: skip


def test_a_browser_is_the_sum_over_its_devices(warehouse):
    browser = warehouse.one("select browser from landing.clarity_browser_device order by sessions desc limit 1")
    source = Source("marts.fct_engagement_daily", "sessions", (("dimension", "browser"), ("segment", browser)),
                    MEASURED, END)  # fmt: skip
    in_landing = warehouse.one("select count(*) from landing.clarity_browser_device where browser = ?", browser)
    value, in_mart, found = sums(warehouse, source)
    assert (in_mart, found) == (4, in_landing)
    assert value == warehouse.one("select sum(sessions) from landing.clarity_browser_device where browser = ?", browser)


def test_a_channel_is_the_sources_and_mediums_that_the_mart_gives_it(warehouse):
    channel = warehouse.one(
        "select channel from marts.fct_attribution_daily group by channel order by count(*) desc limit 1"
    )
    source = Source("marts.fct_attribution_daily", "sessions", (("breakdown", "source_medium"), ("channel", channel)),
                    MEASURED, END)  # fmt: skip
    value, in_mart, in_landing = sums(warehouse, source)
    assert in_mart == in_landing > 0
    assert in_landing < warehouse.one("select count(*) from landing.clarity_source_medium")
    [landing] = warehouse.traced(source).sides[0].landing
    assert landing.table == "landing.clarity_source_medium"
    assert value >= sum(row[-1] for row in landing.first)


def test_a_channel_and_a_medium_are_both_conditions_on_the_landing_rows(warehouse):
    channel, medium = warehouse.con.execute(
        "select channel, medium from marts.fct_attribution_daily where medium <> '' order by all limit 1"
    ).fetchone()
    where = (("breakdown", "source_medium"), ("medium", medium), ("channel", channel))
    source = Source("marts.fct_attribution_daily", "sessions", where, MEASURED, END)
    _, in_mart, in_landing = sums(warehouse, source)
    assert (
        in_mart
        == in_landing
        == warehouse.one(
            "select count(*) from marts.fct_attribution_daily where channel = ? and medium = ?", channel, medium
        )
    )


def test_days_that_nobody_knows_have_no_answer_behind_them(warehouse):
    traced = warehouse.traced(sessions(start=LOST, end=LOST + DAY), told=None)
    assert (traced.now, traced.is_same, traced.answers, traced.derivation) == (None, True, (), None)
    assert traced.notes == ("No day of it is known, so that no answer stands behind it.",)


def test_a_share_of_the_site_has_the_sites_rows_below_it_too(warehouse):
    country = warehouse.one("select country from landing.clarity_country order by sessions desc limit 1")
    source = Source("marts.fct_geography_daily", "site_share", (("country", country),), MEASURED, AFTER)
    traced = warehouse.traced(source)
    assert {rows.table: rows.count for rows in traced.sides[0].landing} == {
        "landing.clarity_country": 2,
        "landing.clarity_base": 2,
    }
    above = warehouse.one(
        "select sum(sessions) from landing.clarity_country where country = ? and date < ?", country, AFTER
    )
    below = warehouse.one("select sum(sessions) from landing.clarity_base where date < ?", AFTER)
    assert traced.now == pytest.approx(100 * above / below)


def test_a_condition_that_no_row_meets_gives_no_rows_and_zero_of_known_days(warehouse):
    assert sums(warehouse, of_device("Toaster")) == (0, 0, 0)
    assert warehouse.traced(of_device("Toaster", measure="affected_session_rate")).now is None


# --- two sides ----------------------------------------------------------------------------------------------------


def test_a_ratio_has_both_sides_and_their_quotient(warehouse):
    against = (("dimension", "device"), ("signal", "dead_click"), ("is_other", True))
    source = of_device("Mobile", measure="affected_session_rate", statistic="ratio", against=against)
    traced = warehouse.traced(source)
    own, others = traced.sides
    rate = "select 100 * sum(dead_click_sessions) / sum(sessions) from landing.clarity_device where device"
    mobile, rest = warehouse.one(f"{rate} = 'Mobile'"), warehouse.one(f"{rate} <> 'Mobile'")
    assert (own.value, others.value, traced.now) == pytest.approx((mobile, rest, mobile / rest))
    assert own.landing[0].count + others.landing[0].count == warehouse.one(
        "select count(*) from landing.clarity_device"
    )
    assert traced.is_same is None


def test_a_number_of_all_others_leaves_out_the_rows_that_it_is_held_against(warehouse):
    others = (("dimension", "device"), ("signal", "dead_click"), ("is_other", True))
    own = (("dimension", "device"), ("segment", "Mobile"), ("signal", "dead_click"))
    table, measure = "marts.fct_signal_daily", "affected_sessions"
    traced = warehouse.traced(Source(table, measure, others, MEASURED, END, against=own))
    rest = "select sum(dead_click_sessions) from landing.clarity_device where device <> 'Mobile'"
    assert (traced.now, len(traced.sides), traced.notes) == (warehouse.one(rest), 1, ())
    vague = warehouse.traced(Source(table, measure, others, MEASURED, END))
    assert (vague.now, vague.is_same) == (None, None)
    assert "which these are, the number beside it names" in vague.notes[0]


def test_a_rate_of_all_others_is_of_the_days_on_which_the_rows_left_out_have_sessions(warehouse):
    """As statistics/contrast.py compares them: a day without any session on Mobile says nothing of Mobile."""
    for table, column in (("landing.clarity_device", "device"), ("marts.fct_signal_daily", "segment")):
        warehouse.con.execute(f"delete from {table} where date = ? and {column} = 'Mobile'", [MEASURED])
    others = (("dimension", "device"), ("signal", "dead_click"), ("is_other", True))
    own = (("dimension", "device"), ("segment", "Mobile"), ("signal", "dead_click"))
    table, measure = "marts.fct_signal_daily", "affected_session_rate"
    rate = "select 100 * sum(dead_click_sessions) / sum(sessions) from landing.clarity_device where date > ? and device"
    rest, mobile = (warehouse.one(f"{rate} {rule}", MEASURED) for rule in ("<> 'Mobile'", "= 'Mobile'"))
    told = warehouse.traced(Source(table, measure, others, MEASURED, END, against=own), told=rest)
    assert (told.now, told.is_same) == (pytest.approx(rest), True)
    assert told.sides[0].is_current
    assert MEASURED not in {row[0] for rows in told.sides[0].landing for row in rows.first}
    assert "other days say nothing of the difference" in told.notes[0]
    ratio = warehouse.traced(Source(table, measure, own, MEASURED, END, "ratio", against=others), told=mobile / rest)
    assert (ratio.now, ratio.is_same) == (pytest.approx(mobile / rest), True)


def test_a_content_type_is_that_of_the_pages_in_mart_and_landing(warehouse):
    content_type = warehouse.one(
        "select content_type from marts.dim_page where content_type is not null group by all order by count(*) desc, 1 limit 1"
    )
    pages = "select page from marts.dim_page where content_type = ?"
    landing = warehouse.one(f"select count(*) from landing.clarity_url_device where page in ({pages})", content_type)
    clicks_ = warehouse.one(
        f"select sum(dead_click_count) from landing.clarity_url_device where page in ({pages})", content_type
    )
    of_type = (("content_type", content_type),)
    value, _, found = sums(warehouse, Source("marts.fct_page_daily", "dead_click_count", of_type, MEASURED, END))
    assert (value, found) == (clicks_, landing)
    where = (("signal", "dead_click"), *of_type)
    value, _, found = sums(warehouse, Source("marts.fct_frustration_daily", "count", where, MEASURED, END))
    assert (value, found) == (clicks_, landing)


def test_a_change_has_its_baseline_and_counts_are_compared_by_known_days(warehouse):
    source = sessions(start=AFTER, end=END, statistic="change", baseline=(MEASURED, AFTER))
    traced = warehouse.traced(source)
    after, before = traced.sides
    count = "select sum(sessions) from landing.clarity_base where date"
    later, earlier = warehouse.one(f"{count} >= ?", AFTER), warehouse.one(f"{count} < ?", AFTER)
    assert (after.value, after.known_days, before.value, before.known_days) == (later, 2, earlier, 2)
    assert traced.now == pytest.approx(later / earlier)
    assert {use.date for answer in traced.answers for use in answer.uses} == {MEASURED, DERIVED, AFTER, END - DAY}


@pytest.mark.parametrize("statistic", ["forecast", "trend"])
def test_a_forecast_and_a_trend_tell_the_days_of_their_series_and_no_value(warehouse, statistic):
    source = sessions(start=END, end=END + 14 * DAY, statistic=statistic, baseline=(MEASURED, END))
    traced = warehouse.traced(source)
    assert (traced.now, traced.is_same) == (None, None)
    series = traced.sides[-1]
    assert (series.start, series.end, series.known_days) == (MEASURED, END, 4)
    assert traced.answers


# --- what has changed since ---------------------------------------------------------------------------------------


def test_the_same_value_is_said_to_be_the_same_and_another_one_differs(warehouse):
    now = warehouse.traced(sessions(), told=None).now
    assert warehouse.traced(sessions(), told=now).is_same is True
    assert warehouse.traced(sessions(), told=now + 1).is_same is False


def test_a_mart_that_is_older_than_its_landing_rows_is_not_up_to_date(warehouse):
    assert warehouse.traced(sessions()).sides[0].is_current
    warehouse.con.execute("update marts.fct_site_daily set sessions = sessions + 1 where date = ?", [MEASURED])
    [side] = warehouse.traced(sessions()).sides
    assert (side.is_current, side.value - side.value_by_model) == (False, 1)
    build(warehouse.con, warehouse.settings, start=MEASURED, end=END)
    assert warehouse.traced(sessions()).sides[0].is_current


def test_days_whose_answers_came_after_the_report_are_named(warehouse):
    warehouse.tell(Figure(1.0, "sessions", sessions()), at=at(AFTER, 2))  # only MEASURED had been answered
    traced = trace(warehouse.con, sessions().id, settings=warehouse.settings)
    assert traced.changed_days == (DERIVED, AFTER, END - DAY)
    assert warehouse.traced(sessions()).changed_days == (DERIVED, AFTER, END - DAY)[:0]


def test_a_changed_landing_row_is_named_with_both_values(warehouse):
    stored = warehouse.one("select sessions from landing.clarity_device where date = ? and device = 'Mobile'", MEASURED)
    warehouse.con.execute(
        "update landing.clarity_device set sessions = 7777 where date = ? and device = 'Mobile'", [MEASURED]
    )
    traced = warehouse.traced(of_device("Mobile"))
    assert not traced.is_intact
    assert traced.derivation.differences == (
        f"landing.clarity_device of {MEASURED} (device = Mobile): sessions is 7777, the answers tell {stored}",
    )


def test_landing_rows_that_are_lost_invented_or_doubled_are_named(warehouse):
    warehouse.con.execute("delete from landing.clarity_device where date = ? and device = 'Mobile'", [MEASURED])
    warehouse.con.execute(
        "update landing.clarity_device set device = 'Toaster' where date = ? and device = 'PC'", [AFTER]
    )
    warehouse.con.execute("insert into landing.clarity_device select * from landing.clarity_device where date = ? "
                          "and device = 'PC'", [DERIVED])  # fmt: skip
    of = "landing.clarity_device of"
    assert set(warehouse.traced(of_device("Mobile")).derivation.differences) == {
        f"{of} {MEASURED} (device = Mobile): the answers tell a row that is not stored",
        f"{of} {AFTER} (device = PC): the answers tell a row that is not stored",
        f"{of} {AFTER} (device = Toaster): stored, but no answer tells it",
        f"{of} {DERIVED}: 1 rows stand there twice",
    }


# --- sources that end earlier -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "count", "words"),
    [
        (Source("ops.api_request", "requests_sent", (), MEASURED, END + DAY), 22, "nothing below it"),
        (Source("marts.fct_collection_daily", "known_days", (("request", "base"),), MEASURED, END), 9, "facts of the"),
        (Source("marts.dim_page", "requests_sent", (), MEASURED, END), None, "made of marts.fct_page_daily"),
    ],
)
def test_a_source_without_figures_of_answers_tells_its_rows_and_says_that_it_ends_there(
    warehouse, source, count, words
):
    traced = warehouse.traced(source)
    [side] = traced.sides
    assert side.rows.count == (warehouse.one("select count(*) from marts.dim_page") if count is None else count)
    assert len(side.rows.first) == min(side.rows.count, 10)
    assert words in traced.notes[0]
    assert (traced.answers, traced.derivation, side.landing) == ((), None, ())
    assert traced.is_intact


def test_a_slot_that_was_given_back_is_no_request(warehouse):
    source = Source("ops.api_request", "requests_sent", (), MEASURED, END + DAY)
    before = warehouse.traced(source).now
    warehouse.con.execute("update ops.api_request set outcome = 'not_sent' where request = 'base'")
    assert warehouse.traced(source).now == before - 3


# --- what cannot be traced ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (Source("marts.fct_site_daily", "sessions", (("page", "/"),), MEASURED, END), "has no column 'page' .*date, "),
        (Source("marts.fct_gone_daily", "sessions", (), MEASURED, END), "there is no marts.fct_gone_daily"),
        (Source("marts.fct_site_daily", "gone", (), MEASURED, END), "measure 'gone', which reports/measures.py"),
        (Source("marts.fct_site_daily", "affected_sessions", (), MEASURED, END), "does not fit marts.fct_site_daily"),
        (Source("marts.fct_site_daily", "sessions", (("is_truncated", "maybe"),), MEASURED, END), "does not fit"),
        (Source("marts.dim_channel", "requests_sent", (), MEASURED, END), "no column 'date'"),
        (Source('x"; drop table y', "sessions", (), MEASURED, END), "there is no x"),
    ],
)
def test_a_source_that_no_longer_fits_the_warehouse_is_named(warehouse, source, words):
    with pytest.raises(SourceUnreadable, match=words):
        warehouse.traced(source)


def test_an_id_that_was_never_told_is_refused(warehouse):
    with pytest.raises(NumberUnknown, match=sessions().id):
        trace(warehouse.con, sessions().id, settings=warehouse.settings)


def test_a_trace_writes_nothing(warehouse):
    warehouse.tell(Figure(1.0, "sessions", sessions()))
    before = everything(warehouse)
    trace(warehouse.con, sessions().id, settings=warehouse.settings)
    assert everything(warehouse) == before


def everything(warehouse: Warehouse) -> dict[str, int]:
    names = warehouse.con.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
    return {n: warehouse.one(f"select coalesce(bit_xor(hash(t)), 0) from {n} as t") for (n,) in names}


def at(day, hour: int) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=hour)


def test_the_fixture_is_as_the_tests_say():
    assert at(END, 6) == REPORTED_AT
