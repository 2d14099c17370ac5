"""Sessions on days in; cohorts, statuses and days since the last visit out, worked out by hand and by plain loops."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np
import pytest

from clarity_assets.clickstream.modules.cohorts import MODULE
from clarity_assets.clickstream.modules.module import Rows, Run
from clarity_assets.project_models import project_models
from clarity_assets.settings import load_settings
from clarity_assets_tests.fixtures.clickstream import engine_with, session_rows
from clarity_assets_tests.fixtures.engines import assert_same, needs_spark

COHORT, STATUS, RECENCY = MODULE.tables
KEYS = {
    COHORT: ["date", "cohort_kind", "cohort_start", "period"],
    STATUS: ["date", "status"],
    RECENCY: ["date", "days_since_last_visit"],
}
MONDAY, SUNDAY = date(2026, 10, 5), date(2026, 10, 11)
BOT = {"is_bot": True}


def come(person: int, *days: date, **told) -> list[dict]:
    """A session of the person on each day."""
    return [{"visitor_id": person, "date": day} | told for day in days]


def week_of(engine, folder, sessions: Iterable[dict], *, monday: date = MONDAY, **settings) -> Rows:
    """What the module makes of the week."""
    settings = load_settings(**settings)
    engine_with(engine, folder, session=session_rows(sessions))
    return MODULE.compute(Run(engine, monday, monday + timedelta(days=7), settings, project_models(settings)))


def told(rows: Rows, table: str) -> list[dict]:
    return sorted(rows[f"marts.{table}"].to_pylist(), key=lambda row: [row[key] for key in KEYS[table]])


def cohorts(rows: Rows, kind: str) -> dict[date, list[tuple[int, int]]]:
    """Start -> (visitors, retained) by period; the periods are those without a gap from 0 on."""
    found = defaultdict(list)
    for row in told(rows, COHORT):
        if row["cohort_kind"] == kind:
            assert row["period"] == len(found[row["cohort_start"]])
            found[row["cohort_start"]].append((row["visitors"], row["retained"]))
    return dict(found)


OF_A_SHOP = [
    *come(1, date(2026, 8, 31), date(2026, 9, 1), SUNDAY),
    *come(2, MONDAY, MONDAY, date(2026, 10, 7)),
    *come(3, SUNDAY),
    *come(4, MONDAY, **BOT),
    *come(5, SUNDAY + timedelta(days=1)),  # after the week
]


def test_cohorts_are_worked_out_by_hand(engine, tmp_path):
    rows = week_of(engine, tmp_path, OF_A_SHOP)
    assert cohorts(rows, "day") == {
        MONDAY: [(1, 1), (1, 0), (1, 1), (1, 0), (1, 0), (1, 0), (1, 0)],  # the 2nd: Monday (twice) and Wednesday
        SUNDAY: [(1, 1)],  # the 3rd; the 1st came first more than 28 days ago
    }
    assert cohorts(rows, "week") == {
        date(2026, 8, 31): [(1, 1), (1, 0), (1, 0), (1, 0), (1, 0), (1, 1)],
        MONDAY: [(2, 2)],
    }
    assert cohorts(rows, "month") == {date(2026, 8, 1): [(1, 1), (1, 1), (1, 1)], date(2026, 10, 1): [(2, 2)]}
    assert {row["date"] for row in told(rows, COHORT)} == {MONDAY}


def test_only_the_month_that_goes_on_is_incomplete(engines, tmp_path):
    rows = told(week_of(engines("duckdb"), tmp_path, OF_A_SHOP), COHORT)
    open_ones = {(row["cohort_kind"], row["cohort_start"], row["period"]) for row in rows if not row["is_complete"]}
    assert open_ones == {("month", date(2026, 8, 1), 2), ("month", date(2026, 10, 1), 0)}


def test_a_month_that_ends_with_the_week_is_complete(engines, tmp_path):
    sunday = date(2026, 5, 31)
    rows = told(
        week_of(engines("duckdb"), tmp_path, come(1, date(2026, 4, 30), sunday), monday=date(2026, 5, 25)), COHORT
    )
    months = [(row["period"], row["retained"], row["is_complete"]) for row in rows if row["cohort_kind"] == "month"]
    assert months == [(0, 1, True), (1, 1, True)]


def test_the_oldest_cohorts_are_of_28_days_26_weeks_and_24_months(engines, tmp_path):
    firsts = {
        "day": (date(2026, 9, 14), date(2026, 9, 13)),
        "week": (date(2026, 4, 13), date(2026, 4, 12)),
        "month": (date(2024, 11, 1), date(2024, 10, 31)),
    }
    days = [day for pair in firsts.values() for day in pair]
    rows = week_of(engines("duckdb"), tmp_path, [row for n, day in enumerate(days) for row in come(n, day)])
    lengths = {"day": 28, "week": 26, "month": 24}
    for kind, (oldest, too_old) in firsts.items():
        found = cohorts(rows, kind)
        assert min(found) == oldest > too_old
        assert len(found[oldest]) == lengths[kind]


def test_who_came_before_is_not_new_however_long_ago(engines, tmp_path):
    rows = week_of(engines("duckdb"), tmp_path, come(1, date(2019, 1, 1), MONDAY))
    assert told(rows, COHORT) == []
    assert [row["days_since_last_visit"] for row in told(rows, RECENCY)] == [6]


def test_statuses_have_their_last_day_included(engine, tmp_path):
    ago = [0, 14, 15, 45, 46, 400]
    sessions = [row for n, days in enumerate(ago) for row in come(n, SUNDAY - timedelta(days=days))]
    sessions += come(0, SUNDAY, purchases=2, revenue=30.0) + come(5, date(2025, 1, 1), purchases=1, revenue=4.5)
    rows = told(week_of(engine, tmp_path, sessions), STATUS)
    assert rows == [
        {"date": MONDAY, "status": "active", "visitors": 2, "buyers": 1, "sessions": 3, "revenue": 30.0},
        {"date": MONDAY, "status": "at_risk", "visitors": 2, "buyers": 0, "sessions": 2, "revenue": 0.0},
        {"date": MONDAY, "status": "churned", "visitors": 2, "buyers": 1, "sessions": 3, "revenue": 4.5},
    ]


def test_the_limits_of_statuses_are_settings(engines, tmp_path):
    sessions = (
        come(1, SUNDAY - timedelta(days=3)) + come(2, SUNDAY - timedelta(days=4)) + come(3, SUNDAY - timedelta(5))
    )
    limits = {"clickstream_active_days": 3, "clickstream_churned_days": 4}
    rows = told(week_of(engines("duckdb"), tmp_path, sessions, **limits), STATUS)
    assert [(row["status"], row["visitors"]) for row in rows] == [("active", 1), ("at_risk", 1), ("churned", 1)]


def test_days_since_the_last_visit_are_counted_to_sunday(engine, tmp_path):
    rows = told(week_of(engine, tmp_path, OF_A_SHOP), RECENCY)
    assert rows == [
        {"date": MONDAY, "days_since_last_visit": 0, "visitors": 2},  # the 1st and 3rd
        {"date": MONDAY, "days_since_last_visit": 4, "visitors": 1},  # the 2nd: Wednesday
    ]


@pytest.mark.parametrize("sessions", [[], come(1, MONDAY, **BOT), come(1, SUNDAY + timedelta(days=1))])
def test_of_nobody_there_are_no_rows(engine, tmp_path, sessions):
    rows = week_of(engine, tmp_path, sessions)
    assert {table: found.num_rows for table, found in rows.items()} == dict.fromkeys(MODULE.models, 0)


def test_one_session_is_enough(engines, tmp_path):
    rows = week_of(engines("duckdb"), tmp_path, come(1, SUNDAY))
    assert cohorts(rows, "day") == {SUNDAY: [(1, 1)]}
    assert cohorts(rows, "week") == {MONDAY: [(1, 1)]}
    assert cohorts(rows, "month") == {date(2026, 10, 1): [(1, 1)]}
    assert [row["visitors"] for row in told(rows, STATUS)] == [1, 0, 0]


def test_columns_and_types_are_the_contracts(engine, tmp_path):
    types = {"DATE": "date32[day]", "BIGINT": "int64", "INTEGER": "int32", "DOUBLE": "double", "VARCHAR": "string"}
    types["BOOLEAN"] = "bool"
    rows, models = week_of(engine, tmp_path, OF_A_SHOP), project_models(load_settings())
    for table in MODULE.models:
        contract = {name: types[type_] for name, type_ in models[table].column_types.items() if name != "project_id"}
        assert {field.name: str(field.type) for field in rows[table].schema} == contract


def random_sessions(seed: int) -> list[dict]:
    """Two years of 200 persons who come again the less the longer they know the shop; some are bots."""
    chance, sessions = np.random.default_rng(seed), []
    for person in range(200):
        day = date(2024, 9, 1) + timedelta(days=int(chance.integers(0, 780)))
        while day < date(2026, 11, 1):
            bought = int(chance.random() < 0.2)
            sessions += come(
                person,
                day,
                is_bot=bool(chance.random() < 0.05),
                purchases=bought,
                revenue=bought * float(chance.random()),
            )
            day += timedelta(days=int(chance.exponential(12)))
    return sessions


def by_loops(sessions: list[dict], end: date) -> Counter:
    """(kind, start, period) -> persons who came then: each person's days, one after the other."""
    days = defaultdict(set)
    for row in sessions:
        if row["date"] < end and not row["is_bot"]:
            days[row["visitor_id"]].add(row["date"])
    last_month = (end - timedelta(days=1)).replace(day=1)
    found = Counter()
    for seen in days.values():
        first = min(seen)
        monday, month = first - timedelta(days=first.weekday()), first.replace(day=1)
        if (end - first).days <= 28:
            found.update({("day", first, (day - first).days) for day in seen})
        if (end - monday).days <= 26 * 7:
            found.update({("week", monday, (day - monday).days // 7) for day in seen})
        if (last_month.year - month.year) * 12 + last_month.month - month.month < 24:
            found.update({("month", month, (day.year - month.year) * 12 + day.month - month.month) for day in seen})
    return found


@pytest.mark.parametrize("seed", range(3))
def test_random_cohorts_are_those_of_plain_loops(engines, tmp_path, seed):
    sessions = random_sessions(seed)
    rows = told(week_of(engines("duckdb"), tmp_path, sessions), COHORT)
    expected = by_loops(sessions, SUNDAY + timedelta(days=1))
    assert {tuple(row[key] for key in KEYS[COHORT][1:]): row["retained"] for row in rows if row["retained"]} == expected
    for row in rows:
        assert row["visitors"] == expected[row["cohort_kind"], row["cohort_start"], 0]


@needs_spark
def test_both_engines_give_the_same_of_random_sessions(engines, tmp_path):
    sessions = random_sessions(11)
    duck, spark = (week_of(engines(kind), tmp_path / kind, sessions) for kind in ("duckdb", "spark"))
    for table in MODULE.tables:
        assert duck[f"marts.{table}"].num_rows >= 3
        assert_same(duck[f"marts.{table}"], spark[f"marts.{table}"], keys=KEYS[table])
