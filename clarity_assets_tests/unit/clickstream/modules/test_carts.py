"""Visits written by hand in, carts out: every column worked out by hand, and the same by both engines."""

from collections import defaultdict
from datetime import date, datetime, timedelta

import pytest

from clarity_assets.clickstream.modules.carts import MODULE
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
    take_out,
)

CART, PRODUCT, SIZE = MODULE.tables
KEYS = {CART: ["date"], PRODUCT: ["date", "product_id"], SIZE: ["date", "cart_size"]}
BOT = {"is_bot": True}
NO_CARTS = {
    "date": DAY, "cart_sessions": 0, "completed_carts": 0, "abandoned_carts": 0, "abandoned_value": 0.0,
    "completed_value": 0.0, "removed_events": 0, "cart_events": 0, "purchase_events": 0, "purchase_sessions": 0,
    "purchases_without_cart": 0,
}  # fmt: skip
OF_A_SHOP = [
    Visit([look(), put("A", 10, 2), put("B", None)]),  # abandoned: 2 x 10, and B without a price
    Visit([put("A", 10), buy("A", 10)], seconds=0),  # completed at one instant: 10
    Visit([put("A", 12), take_out("A", 12, 3)]),  # abandoned: more removed than put in, so 0
    Visit([buy("C", 30), buy("C", 30)]),  # bought without a cart
    # completed: A put in twice at mean 15, one removed; D bought
    Visit([put("A", 10), put("A", 20), take_out("A", None), put("D", 5, 2), buy("D", 5, 2)]),
    Visit([put("A", 99), buy("A", 99), take_out("B")], told=BOT),
    Visit([take_out("E", 7)]),  # no cart: taken out of one of another session
    Visit([look(), look("A")]),
]


@pytest.fixture
def shop(engine, tmp_path):
    return run_module(MODULE, read_visits(engine, tmp_path, OF_A_SHOP))


def only(rows, table: str) -> dict:
    [row] = rows_of(rows, table)
    return row


def test_carts_of_a_day_are_worked_out_by_hand(shop):
    assert only(shop, CART) == {
        "date": DAY,
        "cart_sessions": 4,  # the 1st, 2nd, 3rd, 5th
        "completed_carts": 2,  # the 2nd, 5th
        "abandoned_carts": 2,  # the 1st, 3rd
        "abandoned_value": 20.0,  # 2 x 10 (B has no price) + 0
        "completed_value": 35.0,  # 10 + (2 - 1) x 15 + 2 x 5
        "removed_events": 3,  # of the 3rd, 5th and 7th
        "cart_events": 7,  # 2 + 1 + 1 + 3
        "purchase_events": 4,  # 1 + 2 + 1
        "purchase_sessions": 3,  # the 2nd, 4th, 5th
        "purchases_without_cart": 1,  # the 4th
    }


def test_products_in_carts_are_worked_out_by_hand(shop):
    names = (
        "product_id",
        "carted_sessions",
        "bought_sessions",
        "abandoned_sessions",
        "removed_sessions",
        "abandoned_value",
    )
    assert [tuple(row[n] for n in names) for row in rows_of(shop, PRODUCT, "product_id")] == [
        # put in by 1, 2, 3, 5; bought by 2; left by 1 (20), 3 (0), 5 (15: that session bought another product)
        ("A", 4, 1, 3, 2, 35.0),
        ("B", 1, 0, 1, 0, None),  # no price is known
        ("C", 0, 1, 0, 0, 0.0),  # bought without being put in
        ("D", 1, 1, 0, 0, 0.0),
        ("E", 0, 0, 0, 1, 0.0),
    ]
    assert {row["date"] for row in rows_of(shop, PRODUCT)} == {DAY}


def test_carts_by_size_are_worked_out_by_hand(shop):
    assert rows_of(shop, SIZE, "cart_size") == [
        {"date": DAY, "cart_size": 1, "carts": 2, "abandoned_carts": 1, "value": 10.0},  # 2nd: 10, 3rd: 0
        {"date": DAY, "cart_size": 2, "carts": 2, "abandoned_carts": 1, "value": 45.0},  # 1st: 20, 5th: 25
    ]


def test_six_and_more_products_are_one_size_and_events_without_a_product_are_one_product(engine, tmp_path):
    carts = [
        [put(name, 1) for name in "ABCDE"],
        [put(name, 1) for name in "ABCDEF"],
        [put(name, 1) for name in "ABCDEFG"],
        [put(None, 4), put(None, 6, 3), take_out(None, 1), buy("A", 1)],  # (4 + 18) / 4 x (4 - 1)
        [put("A", 1), put("A", 1), put(None, 1)],
    ]
    rows = run_module(MODULE, read_visits(engine, tmp_path, map(Visit, carts)))
    told = [
        (row["cart_size"], row["carts"], row["abandoned_carts"], row["value"])
        for row in rows_of(rows, SIZE, "cart_size")
    ]
    assert told == [(1, 1, 0, 16.5), (2, 1, 1, 3.0), (5, 1, 1, 5.0), (6, 2, 2, 13.0)]
    assert only(rows, CART)["cart_sessions"] == 5
    assert [row["product_id"] for row in rows_of(rows, PRODUCT, "product_id")] == list("ABCDEFG")  # none without a name


def test_a_cart_bought_in_the_next_session_stays_abandoned_in_its_own(engine, tmp_path):
    one_visitor = {"visitor_id": 7}
    later = NOON + timedelta(hours=3)
    visits = [Visit([put("A", 10)], told=one_visitor), Visit([buy("A", 10)], started_at=later, told=one_visitor)]
    rows = run_module(MODULE, read_visits(engine, tmp_path, visits))
    told = only(rows, CART)
    assert (told["abandoned_carts"], told["abandoned_value"], told["purchases_without_cart"]) == (1, 10.0, 1)
    product = only(rows, PRODUCT)
    assert (product["carted_sessions"], product["bought_sessions"], product["abandoned_sessions"]) == (1, 1, 1)


def test_a_value_is_null_where_no_price_is_known_and_0_where_there_was_no_cart(engine, tmp_path):
    rows = run_module(MODULE, read_visits(engine, tmp_path, [Visit([put("A"), put("B", None, 3)])]))
    told = only(rows, CART)
    assert (told["abandoned_carts"], told["abandoned_value"]) == (1, None)
    assert (told["completed_carts"], told["completed_value"]) == (0, 0.0)
    assert only(rows, SIZE)["value"] is None


def test_a_price_that_some_events_lack_is_taken_from_the_others_and_one_below_0_is_none(engine, tmp_path):
    visits = [Visit([put("A", None, 2), put("A", 8), put("B", -5), put("B", -5)])]
    rows = run_module(MODULE, read_visits(engine, tmp_path, visits))
    assert only(rows, CART)["abandoned_value"] == 24.0  # 3 x 8; B has no price
    assert [row["abandoned_value"] for row in rows_of(rows, PRODUCT, "product_id")] == [24.0, None]


def test_a_cart_after_midnight_counts_on_the_day_its_session_began(engine, tmp_path):
    night = datetime(2026, 10, 5, 23, 59, 59, 999_999)
    visits = [Visit([look(), put("A", 10), buy("A", 10)], started_at=night, seconds=60)]
    rows = run_module(MODULE, read_visits(engine, tmp_path, visits), DAY, DAY + timedelta(days=3))
    assert [(row["date"], row["completed_carts"]) for row in rows_of(rows, CART)] == [(DAY, 1)]
    assert {row["date"] for table in (PRODUCT, SIZE) for row in rows_of(rows, table)} == {DAY}


def test_days_outside_the_range_are_not_read(engine, tmp_path):
    days = [DAY - timedelta(days=1), DAY, NEXT_DAY]
    visits = [Visit([put("A", 10)], started_at=datetime(d.year, d.month, d.day)) for d in days]
    rows = run_module(MODULE, read_visits(engine, tmp_path, visits))
    assert {row["date"] for table in MODULE.tables for row in rows_of(rows, table)} == {DAY}


def test_of_nothing_there_are_no_rows_and_of_bots_alone_a_day_of_zeros(engine, tmp_path):
    rows = run_module(MODULE, read_visits(engine, tmp_path / "none", []))
    assert {table: found.num_rows for table, found in rows.items()} == dict.fromkeys(MODULE.models, 0)
    rows = run_module(MODULE, read_visits(engine, tmp_path / "bots", [Visit([put("A", 1), buy("A", 1)], told=BOT)]))
    assert only(rows, CART) == NO_CARTS
    assert rows_of(rows, PRODUCT) == rows_of(rows, SIZE) == []


def test_a_single_event_and_a_single_user_are_enough(engine, tmp_path):
    rows = run_module(MODULE, read_visits(engine, tmp_path / "one", [Visit([look()])]))
    assert (only(rows, CART), rows_of(rows, PRODUCT), rows_of(rows, SIZE)) == (NO_CARTS, [], [])
    rows = run_module(MODULE, read_visits(engine, tmp_path / "cart", [Visit([put("A", 5)])]))
    assert only(rows, CART) == NO_CARTS | {
        "cart_sessions": 1, "abandoned_carts": 1, "abandoned_value": 5.0, "cart_events": 1,
    }  # fmt: skip


def test_columns_and_types_are_the_contracts(shop):
    types = {"DATE": "date32[day]", "BIGINT": "int64", "INTEGER": "int32", "DOUBLE": "double", "VARCHAR": "string"}
    models = project_models(load_settings())
    for table in MODULE.models:
        contract = {name: types[type_] for name, type_ in models[table].column_types.items() if name != "project_id"}
        assert {field.name: str(field.type) for field in shop[table].schema} == contract


@needs_spark
def test_both_engines_give_the_same_of_random_visits(engines, tmp_path):
    visits = random_visits(6, count=600, days=4)
    end = DAY + timedelta(days=4)
    duck, spark = (
        run_module(MODULE, read_visits(engines(kind), tmp_path / kind, visits), DAY, end)
        for kind in ("duckdb", "spark")
    )
    for table in MODULE.tables:
        assert duck[f"marts.{table}"].num_rows >= 4
        assert_same(duck[f"marts.{table}"], spark[f"marts.{table}"], keys=KEYS[table])


def test_a_range_gives_what_its_days_give_one_by_one(engines, tmp_path):
    engine = read_visits(engines("duckdb"), tmp_path, random_visits(7, count=400, days=4))
    days = [DAY + timedelta(days=n) for n in range(4)]
    whole = run_module(MODULE, engine, days[0], days[-1] + timedelta(days=1))
    one_by_one = [run_module(MODULE, engine, day, day + timedelta(days=1)) for day in days]
    for table in MODULE.tables:
        singly = [row for rows in one_by_one for row in rows_of(rows, table, *KEYS[table])]
        together = rows_of(whole, table, *KEYS[table])
        assert [list(row.values()) for row in together] == [
            pytest.approx(list(row.values()), nan_ok=True) for row in singly
        ]


def by_loops(visits) -> dict[date, dict[str, float]]:
    """Carts and their value by day, the plain way: one visit after the other."""
    told = defaultdict(lambda: defaultdict(float))
    for visit in visits:
        if visit.told["is_bot"]:
            continue
        held, prices, kinds = defaultdict(float), defaultdict(list), [step.event_type for step in visit.steps]
        for step in visit.steps:
            if step.event_type == "cart":
                held[step.product_id] += step.quantity
                prices[step.product_id] += [] if step.price is None else [(step.price, step.quantity)]
            elif step.event_type == "remove":
                held[step.product_id] -= step.quantity
        if "cart" in kinds:
            value = sum(
                max(held[product], 0) * sum(p * q for p, q in paid) / sum(q for _, q in paid)
                for product, paid in prices.items()
                if paid
            )
            state = "completed" if "purchase" in kinds else "abandoned"
            told[visit.started_at.date()][f"{state}_carts"] += 1
            told[visit.started_at.date()][f"{state}_value"] += value
        elif "purchase" in kinds:
            told[visit.started_at.date()]["purchases_without_cart"] += 1
    return told


@pytest.mark.parametrize("seed", range(5))
def test_random_carts_are_those_of_plain_loops(engines, tmp_path, seed):
    visits = random_visits(seed, count=500, days=3)
    engine = read_visits(engines("duckdb"), tmp_path, visits)
    rows = rows_of(run_module(MODULE, engine, DAY, DAY + timedelta(days=3)), CART, "date")
    names = ("completed_carts", "abandoned_carts", "completed_value", "abandoned_value", "purchases_without_cart")
    expected = by_loops(visits)
    assert len(rows) == 3
    for row in rows:
        assert {name: row[name] for name in names} == pytest.approx(dict(expected[row["date"]]))
