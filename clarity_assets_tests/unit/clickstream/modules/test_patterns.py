"""Baskets by hand in; itemsets and rules worked out by hand or by brute force, the same on both engines, and what was cut."""

import itertools
from collections import Counter
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from clarity_assets.clickstream.modules.patterns import MODULE, rules, search
from clarity_assets.clickstream.modules.patterns.growth import LOOKS_EVERY, grow
from clarity_assets.clickstream.modules.patterns.rules import Names, rules_of
from clarity_assets.clickstream.modules.patterns.spark_growth import itemsets_of_spark
from clarity_assets.clickstream.modules.patterns.weekly import ITEMSET, PATTERN_RUN, RULE
from clarity_assets_tests.fixtures.clickstream import engine_with, step_rows
from clarity_assets_tests.fixtures.engines import ENGINES, assert_same, needs_spark
from clarity_assets_tests.unit.clickstream.modules.shoppers import MONDAY, failed_checks, run_module, week_of

SESSIONS = itertools.count(1)
NOON = datetime(2026, 10, 6, 12)
ITEMSETS, RULES, RUNS = (f"marts.{table}" for table in (ITEMSET, RULE, PATTERN_RUN))
KEYS = {ITEMSETS: ["itemset"], RULES: ["antecedent", "consequent"], RUNS: ["basket_of"]}


def basket(products, *, kind="purchase", key=None, **told):
    """The steps of one session that holds these products."""
    key = key or next(SESSIONS)
    return [
        {"session_key": key, "step": step, "event_at": NOON, "event_type": kind, "product_id": product} | told
        for step, product in enumerate(products, start=1)
    ]


def baskets(*groups, **told):
    """`("ab", 3)`: three baskets with the products a and b."""
    return [step for products, count in groups for _ in range(count) for step in basket(products, **told)]


def read(engine, folder, steps):
    return engine_with(engine, folder, step=step_rows(steps))


def patterns(engine, folder, steps, **settings):
    return run_module(MODULE, read(engine, folder, steps), **settings)


def supports(rows):
    return {row["itemset"]: row["baskets"] for row in rows[ITEMSETS].to_pylist()}


@pytest.fixture
def duck(engines, tmp_path):
    """What the module makes of steps on the DuckDB engine."""
    return lambda steps, **settings: patterns(engines("duckdb"), tmp_path, steps, **settings)


# --- itemsets and rules -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ENGINES)
def test_support_confidence_and_lift_are_those_worked_out_by_hand(engines, kind, tmp_path):
    engine = engines(kind)
    rows = patterns(engine, tmp_path, baskets(("ab", 40), ("a", 20), ("bc", 12), ("c", 28)))  # 100 baskets

    assert supports(rows) == {"a": 60, "b": 52, "c": 40, "a + b": 40, "b + c": 12}
    found = {(row["antecedent"], row["consequent"]): row for row in rows[RULES].to_pylist()}
    assert found.keys() == {("a", "b"), ("b", "a"), ("c", "b")}  # of b only 12 in 52 hold c: less than a quarter
    assert (found["a", "b"]["baskets"], found["a", "b"]["support"]) == (40, 0.4)
    assert found["a", "b"]["confidence"] == pytest.approx(40 / 60)
    assert found["a", "b"]["lift"] == pytest.approx(40 / 60 / 0.52)
    assert found["c", "b"]["lift"] == pytest.approx(0.3 / 0.52)
    [run] = rows[RUNS].to_pylist()
    told = {name: run[name] for name in ("basket_of", "baskets", "products", "baskets_cut", "is_cut", "note")}
    assert told == {
        "basket_of": "purchase", "baskets": 100, "products": 3, "baskets_cut": 0, "is_cut": False,
        "note": "min support raised from 0.01 to 0.05: less than 5 baskets are chance",
    }  # fmt: skip
    assert not failed_checks(rows, week_of(engine))


def test_rules_have_several_products_before_and_one_after(duck):
    rows = duck(baskets(("abc", 50), ("ab", 10), ("d", 40)), clickstream_min_confidence=0.9)

    found = {(row["antecedent"], row["consequent"]): row["confidence"] for row in rows[RULES].to_pylist()}
    assert found == {
        ("a", "b"): 1.0, ("b", "a"): 1.0, ("c", "a"): 1.0, ("c", "b"): 1.0, ("a + c", "b"): 1.0, ("b + c", "a"): 1.0,
    }  # fmt: skip


def test_all_itemsets_are_found_that_brute_force_finds():
    chance = np.random.default_rng(3)
    of_rows = [tuple(np.flatnonzero(chance.random(12) < share)) for share in chance.uniform(0.1, 0.5, 400)]
    counted = Counter(part for row in of_rows for size in range(1, 13) for part in itertools.combinations(row, size))

    found = grow([(list(row), 1) for row in of_rows], 20)

    assert dict(found) == {part: count for part, count in counted.items() if count >= 20}
    assert len(found) == len(dict(found)) > 100


def test_itemsets_are_those_of_mlxtend_called_bare():
    from mlxtend.frequent_patterns import fpgrowth

    chance = np.random.default_rng(4)
    table = pd.DataFrame(chance.random((500, 15)) < chance.uniform(0.05, 0.6, 15))
    by_support = table.columns[np.argsort(-table.sum(), kind="stable")]
    rows = [[place for place, name in enumerate(by_support) if row[name]] for _, row in table.iterrows()]
    bare = fpgrowth(table, min_support=0.02)

    found = grow(((row, 1) for row in rows), 10)

    named = {frozenset(by_support[place] for place in places): count / 500 for places, count in found}
    assert named == pytest.approx(dict(zip(bare["itemsets"], bare["support"], strict=True)))


def test_a_support_that_is_a_whole_number_of_baskets_is_not_rounded_up():
    assert search.least_count(0.07, 100) == 7  # 0.07 x 100 is 7.000000000000001
    assert search.least_count(0.071, 100) == 8
    assert search.least_count(0.0001, 100) == search.LEAST_COUNT


@needs_spark
def test_both_engines_give_the_same_itemsets_and_rules(engines, tmp_path):
    chance = np.random.default_rng(5)
    names = [f"p{number:02}" for number in range(25)] + ["x + y", "ü", ""]
    likely = 0.6 / np.arange(1, len(names) + 1) ** 0.6
    steps = []
    for key in range(1, 301):
        held = [name for name, share in zip(names, likely, strict=True) if chance.random() < share]
        of_order = {"order_id": f"o{key // 2}"} if key % 3 == 0 else {}
        steps += basket(held + held[:1], key=key, is_bot=key % 20 == 0, **of_order)
    read_by = {kind: read(engines(kind), tmp_path / kind, steps) for kind in ("duckdb", "spark")}
    settings = {"clickstream_max_basket": 4, "clickstream_min_support": 0.03}

    duck, spark = (run_module(MODULE, engine, **settings) for engine in read_by.values())

    assert duck[ITEMSETS].num_rows > 40
    assert duck[RULES].num_rows > 40
    assert duck[RUNS]["baskets_cut"][0].as_py() > 10
    for table, keys in KEYS.items():
        plain = [one.drop_columns("seconds") if table == RUNS else one for one in (duck[table], spark[table])]
        assert_same(*plain, keys=keys)
    for table in (ITEMSETS, RULES):
        assert duck[table].equals(spark[table]), "in one order too"


# --- what a basket is ---------------------------------------------------------------------------------------------


def test_a_basket_is_an_order_even_over_two_sessions_else_a_sessions_purchases(duck):
    steps = baskets(("xy", 50))
    for number in range(10):
        steps += basket("a", order_id=f"o{number}") + basket("b", order_id=f"o{number}")
        steps += basket("a", order_id=str(number)) + basket("b")  # no order: another basket

    found = supports(duck(steps, clickstream_min_support=0.1))

    assert (found["a + b"], found["a"], found["b"]) == (10, 20, 20)


def test_an_order_and_a_session_of_the_same_number_are_two_baskets(duck):
    steps = baskets(("xy", 50)) + basket("a", key=7_000, order_id="s7000") + basket("b", key=7_000)
    [run] = duck(steps)[RUNS].to_pylist()
    assert run["baskets"] == 52


def test_with_too_few_purchases_baskets_are_carts_and_then_views(duck):
    few = baskets(("ab", 49), ("a", 500))
    carts = duck(few + baskets(("cd", 50), kind="cart") + baskets(("ef", 90), kind="view"))
    views = duck(few + baskets(("cd", 49), kind="cart") + baskets(("ef", 50), kind="view"))

    assert (carts[RUNS]["basket_of"].to_pylist(), supports(carts)["c + d"]) == (["cart"], 50)
    assert (views[RUNS]["basket_of"].to_pylist(), supports(views)["e + f"]) == (["view"], 50)


def test_where_all_are_too_few_it_says_so_of_the_kind_with_most(duck):
    rows = duck(baskets(("ab", 3)) + baskets(("cd", 9), ("c", 4), kind="cart") + baskets(("e", 80), kind="view"))

    [run] = rows[RUNS].to_pylist()
    assert (run["basket_of"], run["baskets"], run["is_cut"]) == ("cart", 13, False)
    assert run["note"] == "too few: 9 baskets hold two products or more, 50 are needed"
    assert rows[ITEMSETS].num_rows == rows[RULES].num_rows == 0


def test_bots_steps_without_product_and_other_weeks_are_left_out(duck):
    long_ago = {"event_at": NOON - timedelta(weeks=12)}
    rows = duck(
        baskets(("ab", 60)) + baskets(("ab", 60), is_bot=True) + baskets(("ab", 60), **long_ago) + basket([None, "a"])
    )
    assert supports(rows) == {"a": 61, "b": 60, "a + b": 60}
    assert rows[ITEMSETS]["date"].unique().to_pylist() == [MONDAY]


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize(
    ("steps", "told"),
    [([], 0), (basket([None], key=1), 0), (basket("ab", key=1, is_bot=True), 0), (basket("a", key=1), 1)],
    ids=["nothing", "no products", "bots alone", "one product of one person"],
)
def test_odd_inputs_give_few_rows_and_no_error(engines, kind, tmp_path, steps, told):
    rows = patterns(engines(kind), tmp_path, steps)
    assert (rows[ITEMSETS].num_rows, rows[RULES].num_rows, rows[RUNS].num_rows) == (0, 0, told)


# --- what is cut --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ENGINES)
def test_a_large_basket_keeps_the_products_that_most_baskets_hold_and_tells_what_was_cut(engines, kind, tmp_path):
    steps = baskets(("ab", 60), ("c", 5)) + basket("zyxcba") + basket([f"p{number}" for number in range(3_000)])
    rows = patterns(engines(kind), tmp_path, steps, clickstream_max_basket=3)

    assert supports(rows) == {"a": 61, "b": 61, "c": 6, "a + b": 61}
    [run] = rows[RUNS].to_pylist()
    assert (run["baskets_cut"], run["items_cut"], run["products"], run["is_cut"]) == (2, 3 + 2_997, 3_006, True)
    assert "baskets cut to the 3 commonest products: 3,000 products in 2 baskets were not looked at" in run["note"]


@pytest.mark.parametrize("kind", ENGINES)
def test_more_itemsets_than_are_told_raise_the_support_and_it_is_said(engines, kind, tmp_path):
    crowd = [f"p{number:02}" for number in range(17)]  # 131,071 sets of them
    rows = patterns(engines(kind), tmp_path, baskets((crowd, 6), ("ab", 94)), clickstream_min_support=0.03)

    assert supports(rows) == {"a": 94, "b": 94, "a + b": 94}
    [run] = rows[RUNS].to_pylist()
    assert (run["min_support_asked"], run["min_support_used"], run["is_cut"]) == (0.03, 0.1, True)
    assert run["note"] == "min support raised from 0.03 to 0.1: less would have passed 60 s or 100,000 itemsets"


@pytest.mark.parametrize("kind", ENGINES)
def test_where_no_search_ends_in_time_single_products_are_told(engines, kind, tmp_path):
    chance = np.random.default_rng(6)
    crowd = [f"p{number:02}" for number in range(40)]
    held = [(tuple(p for p in crowd if chance.random() < 0.9), 1) for _ in range(60)]
    rows = patterns(engines(kind), tmp_path, baskets(*held), clickstream_pattern_budget_s=0.001)

    assert len(supports(rows)) == 40
    assert rows[RULES].num_rows == 0
    [run] = rows[RUNS].to_pylist()
    assert run["is_cut"]
    assert "single products alone" in run["note"]


def test_each_try_has_half_of_the_time_that_is_left_and_twice_the_support():
    now, asked = [100.0], []

    def mine(least, seconds):
        asked.append((least, seconds))
        now[0] += seconds
        return [((0,), 90)] if least >= 40 else None

    found = search.search(mine, [90, 80, 10], 10, budget_s=80, clock=lambda: now[0])

    assert asked == [(10, 40), (20, 20), (40, 10)]
    assert (found.itemsets, found.least_asked, found.least, found.tries) == ([((0,), 90)], 10, 40, 2)
    assert (found.is_singles, found.seconds) == (False, 70)


def test_a_search_that_never_ends_in_time_ends_with_the_support_of_the_commonest_product():
    asked = []
    found = search.search(lambda least, _: asked.append(least), [90, 80, 10], 10, budget_s=80, clock=lambda: 0.0)

    assert asked == [10, 20, 40, 80]
    assert (found.itemsets, found.is_singles) == ([((0,), 90), ((1,), 80), ((2,), 10)], True)


def test_growth_looks_at_the_clock_while_it_builds_and_while_it_searches():
    looks = itertools.count()
    assert grow((([0], 1) for _ in range(3 * LOOKS_EVERY)), 1, is_over=lambda: next(looks) == 2) is None
    looks = itertools.count()
    assert grow([(list(range(13)), 5)], 1, is_over=lambda: next(looks) == 4) is None  # 8,191 sets


@needs_spark
def test_spark_can_search_again_after_a_search_was_stopped(engines, tmp_path):
    engine = read(engines("spark"), tmp_path, baskets(("ab", 60)))
    rows = run_module(MODULE, engine)
    assert itemsets_of_spark(engine, [60, 60], 5, 0.0) is None
    assert len(itemsets_of_spark(engine, [60, 60], 5, 60.0)) == rows[ITEMSETS].num_rows == 3


# --- names --------------------------------------------------------------------------------------------------------


def test_no_two_sets_of_products_have_the_same_text():
    products = ["a", "b", "+", "a + b", "a \\+ b", "a +", "+ b", "\\+", "\\", "C++", "a+b", "b + +", ""]
    names = Names(products)
    sets = [part for size in (1, 2, 3) for part in itertools.combinations(range(len(products)), size)]

    assert len({names.text(part) for part in sets}) == len(sets)
    assert names.text([1, 0]) == "a + b"
    assert names.text([3]) == "a \\+ b"
    assert names.text([9, 10]) == "C++ + a+b"


def test_a_rule_needs_the_confidence_asked_and_no_more():
    itemsets = [((0,), 4), ((1,), 3), ((0, 1), 3)]
    assert [rule.confidence for rule in rules_of(itemsets, baskets=10, min_confidence=0.75)] == [1.0, 0.75]
    assert [rule.confidence for rule in rules_of(itemsets, baskets=10, min_confidence=0.76)] == [1.0]
    assert rules.rules_of([], baskets=10, min_confidence=0.1) == []
