"""Visits written by hand in, traffic out: every column worked out by hand, and the same by both engines."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from clarity_assets.clickstream.modules.traffic import MODULE
from clarity_assets.project_models import project_models
from clarity_assets.settings import load_settings
from clarity_assets_tests.fixtures.engines import assert_same, needs_spark
from clarity_assets_tests.unit.clickstream.modules.visits import (
    DAY,
    NEXT_DAY,
    NOON,
    Visit,
    buy,
    look,
    put,
    random_visits,
    read_visits,
    rows_of,
    run_module,
)

SITE, SOURCE, PAGE, HOUR = MODULE.tables
KEYS = {
    SITE: ["date"],
    SOURCE: ["date", "source", "medium", "campaign", "channel"],
    PAGE: ["date", "landing_page"],
    HOUR: ["date", "clock", "hour"],
}
HOME, SALE = "https://shop.example/", "https://shop.example/sale"
SEARCH = {"source": "google", "medium": "organic", "channel": "Organic Search"}
NEWS = {"source": "google", "medium": None, "campaign": "news", "channel": "Organic Search"}
BERLIN = ZoneInfo("Europe/Berlin")
OF_A_SHOP = [
    # one known person by one browser, twice: bought at noon (one order told), bounced in the evening
    Visit([look(), look("A"), look(), buy("A", 25, 2)], NOON, 100, SEARCH | {
        "visitor_id": 1, "person_id": 900, "is_known_user": True, "landing_page": HOME, "started_local_at": NOON + timedelta(hours=2),
    }),
    Visit([look()], datetime(2026, 10, 5, 18, 30), told={
        "visitor_id": 1, "person_id": 900, "is_known_user": True, "landing_page": HOME, "started_local_at": datetime(2026, 10, 5, 20, 30),
    }),
    # one browser without a name: bounced at the first instant of the day, bought two orders without prices at its last
    Visit([look()], datetime(2026, 10, 5), told=SEARCH | {"visitor_id": 2, "landing_page": SALE}),
    Visit([look(), put("A"), buy("A"), buy("B")], datetime(2026, 10, 5, 23, 59, 59, 999_999), 0.5, NEWS | {
        "visitor_id": 2, "orders": 2, "landing_page": None, "started_local_at": datetime(2026, 10, 6, 1, 59, 59, 999_999),
    }),
    Visit([look()] * 20, NOON, told=SEARCH | {"visitor_id": 3, "is_bot": True, "landing_page": HOME}),
]  # fmt: skip


@pytest.fixture
def shop(engine, tmp_path):
    return run_module(MODULE, read_visits(engine, tmp_path, OF_A_SHOP))


def test_the_site_of_a_day_is_worked_out_by_hand(shop):
    assert rows_of(shop, SITE) == [
        {
            "date": DAY,
            "sessions": 4,
            "bot_sessions": 1,
            "visitors": 2,  # 1, 2
            "users": 1,  # 900
            "events": 10,  # 4 + 1 + 1 + 4
            "pageviews": 5,  # 2 + 1 + 1 + 1
            "bounces": 2,  # the 2nd and 3rd
            "conversions": 2,  # the 1st and 4th
            "orders": 3,  # 1 + 2
            "revenue": 50.0,  # 2 x 25; the 4th's have no price
            "duration_sum_s": 301.5,  # 3 x 100 + 3 x 0.5
            "local_time_sessions": 3,
        }
    ]


def test_sources_are_worked_out_by_hand_and_an_unknown_one_has_its_row(shop):
    names = (
        "source", "medium", "campaign", "channel", "sessions", "visitors", "events", "pageviews", "bounces", "conversions",
        "orders", "revenue", "duration_sum_s",
    )  # fmt: skip
    assert [tuple(row[name] for name in names) for row in rows_of(shop, SOURCE, *KEYS[SOURCE])] == [
        ("google", "organic", None, "Organic Search", 2, 2, 5, 3, 1, 1, 1, 50.0, 300.0),
        ("google", None, "news", "Organic Search", 1, 1, 4, 1, 0, 1, 2, 0.0, 1.5),
        (None, None, None, "Direct", 1, 1, 1, 1, 1, 0, 0, 0.0, 0.0),
    ]


def test_landing_pages_are_worked_out_by_hand_and_an_unknown_one_has_its_row(shop):
    names = ("landing_page", "sessions", "bounces", "conversions", "revenue", "duration_sum_s", "pageviews")
    assert [tuple(row[name] for name in names) for row in rows_of(shop, PAGE, "landing_page")] == [
        (HOME, 2, 1, 1, 50.0, 300.0, 3),
        (SALE, 1, 1, 0, 0.0, 0.0, 1),
        (None, 1, 0, 1, 0.0, 1.5, 1),
    ]


def test_hours_are_worked_out_by_hand_on_both_clocks(shop):
    names = ("clock", "hour", "sessions", "conversions", "bot_sessions")
    assert [tuple(row[name] for name in names) for row in rows_of(shop, HOUR, "clock", "hour")] == [
        ("utc", 0, 1, 0, 0),
        ("utc", 12, 1, 1, 1),
        ("utc", 18, 1, 0, 0),
        ("utc", 23, 1, 1, 0),
        ("visitor", 1, 1, 1, 0),  # in the night after, by the visitor's clock; the UTC day stays
        ("visitor", 14, 1, 1, 0),
        ("visitor", 20, 1, 0, 0),
    ]


def test_an_hour_that_summer_time_repeats_has_both_and_one_that_it_skips_has_none(engine, tmp_path):
    days = [date(2026, 10, 25), date(2026, 3, 29)]
    starts = [datetime(day.year, day.month, day.day, hour, 30) for day in days for hour in (0, 1)]
    local = [start.replace(tzinfo=ZoneInfo("UTC")).astimezone(BERLIN).replace(tzinfo=None) for start in starts]
    visits = [Visit([look()], at, told={"started_local_at": wall}) for at, wall in zip(starts, local, strict=True)]
    rows = run_module(MODULE, read_visits(engine, tmp_path, visits), days[1], days[0] + timedelta(days=1))
    told = [
        (row["date"], row["clock"], row["hour"], row["sessions"])
        for row in rows_of(rows, HOUR, "date", "clock", "hour")
    ]
    assert [row for row in told if row[1] == "visitor"] == [
        (days[1], "visitor", 1, 1), (days[1], "visitor", 3, 1),  # 02:30 was skipped
        (days[0], "visitor", 2, 2),  # 02:30 came twice
    ]  # fmt: skip
    assert [row[2:] for row in told if row[1] == "utc"] == [(0, 1), (1, 1)] * 2


def test_a_channel_without_sessions_by_people_has_no_row(engine, tmp_path):
    rows = run_module(MODULE, read_visits(engine, tmp_path, OF_A_SHOP[-1:]))
    assert [(row["sessions"], row["bot_sessions"]) for row in rows_of(rows, SITE)] == [(0, 1)]
    assert all(value == 0 for name, value in rows_of(rows, SITE)[0].items() if name not in ("date", "bot_sessions"))
    assert rows_of(rows, SOURCE) == rows_of(rows, PAGE) == []
    assert [(r["clock"], r["hour"], r["sessions"], r["bot_sessions"]) for r in rows_of(rows, HOUR)] == [
        ("utc", 12, 0, 1)
    ]


def test_of_nothing_there_are_no_rows(engine, tmp_path):
    rows = run_module(MODULE, read_visits(engine, tmp_path, []))
    assert {table: found.num_rows for table, found in rows.items()} == dict.fromkeys(MODULE.models, 0)


def test_a_single_event_is_enough(engine, tmp_path):
    rows = run_module(MODULE, read_visits(engine, tmp_path, [Visit([look()])]))
    [site], [source], [page], [hour] = (rows_of(rows, table) for table in MODULE.tables)
    assert (site["sessions"], site["bounces"], site["duration_sum_s"]) == (1, 1, 0.0)
    assert (source["sessions"], page["sessions"], hour["sessions"]) == (1, 1, 1)


def test_a_visitor_of_two_days_is_one_on_each(engine, tmp_path):
    visits = [Visit([look()], NOON + timedelta(hours=12 * n), told={"visitor_id": 5}) for n in range(4)]
    rows = run_module(MODULE, read_visits(engine, tmp_path, visits), DAY, DAY + timedelta(days=3))
    told = [(row["date"], row["sessions"], row["visitors"]) for row in rows_of(rows, SITE, "date")]
    assert told == [(DAY, 1, 1), (NEXT_DAY, 2, 1), (NEXT_DAY + timedelta(days=1), 1, 1)]


def test_days_outside_the_range_are_not_read(engine, tmp_path):
    around = [datetime(2026, 10, 4, 23, 59, 59), datetime(2026, 10, 5), datetime(2026, 10, 6)]
    rows = run_module(MODULE, read_visits(engine, tmp_path, [Visit([look()], at) for at in around]))
    assert [[row["date"] for row in rows_of(rows, table)] for table in MODULE.tables] == [[DAY]] * 4


def test_columns_and_types_are_the_contracts(shop):
    types = {"DATE": "date32[day]", "BIGINT": "int64", "INTEGER": "int32", "DOUBLE": "double", "VARCHAR": "string"}
    models = project_models(load_settings())
    for table in MODULE.models:
        contract = {name: types[type_] for name, type_ in models[table].column_types.items() if name != "project_id"}
        assert {field.name: str(field.type) for field in shop[table].schema} == contract


@needs_spark
def test_both_engines_give_the_same_of_random_visits(engines, tmp_path):
    visits = random_visits(8, count=600, days=4)
    end = DAY + timedelta(days=4)
    duck, spark = (
        run_module(MODULE, read_visits(engines(kind), tmp_path / kind, visits), DAY, end)
        for kind in ("duckdb", "spark")
    )
    for table in MODULE.tables:
        assert duck[f"marts.{table}"].num_rows >= 4
        assert_same(duck[f"marts.{table}"], spark[f"marts.{table}"], keys=KEYS[table])


def test_a_range_gives_what_its_days_give_one_by_one(engines, tmp_path):
    engine = read_visits(engines("duckdb"), tmp_path, random_visits(9, count=400, days=4))
    days = [DAY + timedelta(days=n) for n in range(4)]
    whole = run_module(MODULE, engine, days[0], days[-1] + timedelta(days=1))
    one_by_one = [run_module(MODULE, engine, day, day + timedelta(days=1)) for day in days]
    for table in MODULE.tables:
        singly = [row for rows in one_by_one for row in rows_of(rows, table, *KEYS[table])]
        together = rows_of(whole, table, *KEYS[table])
        assert [list(row.values()) for row in together] == [pytest.approx(list(row.values())) for row in singly]


def test_sources_pages_and_hours_add_up_to_the_site(engines, tmp_path):
    visits = random_visits(10, count=500, days=1)
    rows = run_module(MODULE, read_visits(engines("duckdb"), tmp_path, visits))
    [site] = rows_of(rows, SITE)
    assert site["sessions"] == sum(not visit.told["is_bot"] for visit in visits)
    assert site["sessions"] + site["bot_sessions"] == len(visits)
    added = {
        SOURCE: ("sessions", "events", "pageviews", "bounces", "conversions", "orders", "revenue", "duration_sum_s"),
        PAGE: ("sessions", "pageviews", "bounces", "conversions", "revenue", "duration_sum_s"),
    }
    for table, names in added.items():
        for name in names:
            assert sum(row[name] for row in rows_of(rows, table)) == pytest.approx(site[name]), (table, name)
    for clock, sessions in (("utc", site["sessions"]), ("visitor", site["local_time_sessions"])):
        assert sum(row["sessions"] for row in rows_of(rows, HOUR) if row["clock"] == clock) == sessions
