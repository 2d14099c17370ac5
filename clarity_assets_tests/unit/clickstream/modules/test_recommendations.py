"""Tastes planted in steps in; lists that find them, metrics worked out by hand, and popularity where nothing is to be found."""

from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from clarity_assets.clickstream.engines.engine import EngineSql
from clarity_assets.clickstream.modules.recommendations import MODULE
from clarity_assets.clickstream.modules.recommendations.evaluate import LEAST_PERSONS
from clarity_assets.clickstream.modules.recommendations.explicit_als import ITERATIONS, RANK, REGULARIZATION, als_wr
from clarity_assets.clickstream.modules.recommendations.implicit_als import SEED, factorize, likings_of
from clarity_assets.clickstream.modules.recommendations.queries import (
    HALF_LIFE_DAYS,
    POINTS,
    POPULAR_LISTS,
    RELEVANT,
    both,
    keep_interactions,
    keep_ratings,
)
from clarity_assets.clickstream.modules.recommendations.ranking import Relevant, mean_interval
from clarity_assets.clickstream.modules.recommendations.weekly import RECOMMENDATION, RECOMMENDER
from clarity_assets.settings import load_settings
from clarity_assets_tests.fixtures.clickstream import engine_with, step_rows
from clarity_assets_tests.fixtures.engines import ENGINES, assert_same, needs_spark
from clarity_assets_tests.unit.clickstream.modules.shoppers import END, MONDAY, failed_checks, run_module, week_of

LISTS, METRICS = f"marts.{RECOMMENDATION}", f"marts.{RECOMMENDER}"
BEFORE = MONDAY - timedelta(days=3)
WEIGHTS = {"view": 1.0, "cart": 3.0, "purchase": 5.0}
FEW = {"clickstream_factors": 8, "clickstream_top_n": 6}
TASTES = {taste: [f"{taste}{number:02}" for number in range(20)] for taste in "AB"}


def did(person, products, *, on=BEFORE, kind="view", **told):
    """The steps of one session."""
    at = datetime.combine(on, datetime.min.time()) + timedelta(hours=12)
    return [
        {"session_key": 1_000 * person + on.toordinal() % 1_000, "person_id": person, "step": step, "event_at": at,
         "event_type": kind, "product_id": product} | told
        for step, product in enumerate(products, start=1)
    ]  # fmt: skip


def shop(*, persons=80, is_of_taste=True, seed=1):
    """Persons who viewed six products and view three others in the week; of one taste, or of none."""
    chance = np.random.default_rng(seed)
    steps = []
    for person in range(1, persons + 1):
        of = TASTES["AB"[person % 2]] if is_of_taste else TASTES["A"] + TASTES["B"]
        products = chance.permutation(of)[:9].tolist()
        steps += did(person, products[:6]) + did(person, products[6:], on=MONDAY)
    return steps


def read(engine, folder, steps):
    return engine_with(engine, folder, step=step_rows(steps))


def lists_of(rows):
    """Products by person, in their order; the methods that occur."""
    found = {}
    for row in sorted(rows[LISTS].to_pylist(), key=lambda row: row["rank"]):
        found.setdefault(row["person_id"], []).append(row["product_id"])
    return found


def metric(rows, name, k):
    [row] = [row for row in rows[METRICS].to_pylist() if (row["metric"], row["k"]) == (name, k)]
    return row


@pytest.fixture
def duck(engines, tmp_path):
    """What the module makes of steps on the DuckDB engine."""
    return lambda steps, **settings: run_module(MODULE, read(engines("duckdb"), tmp_path, steps), **settings)


# --- what is recommended ------------------------------------------------------------------------------------------


def assert_tastes_are_found(rows):
    """Of `shop()`, with FEW."""
    recall = metric(rows, "recall", 6)
    assert recall["value"] > 1.3 * recall["baseline"]
    assert recall["difference_low"] > 0
    assert (recall["evaluated_persons"], recall["train_end"]) == (80, MONDAY)
    assert recall["note"].startswith("als is recommended: better than popularity (ndcg@6 ")
    lists, seen = lists_of(rows), {(row["person_id"], row["product_id"]) for row in shop()}
    own = [product[0] == "AB"[person % 2] for person, listed in lists.items() if person for product in listed]
    assert len(own) == 80 * 6
    assert np.mean(own) > 0.95
    assert not seen & {(person, product) for person, listed in lists.items() for product in listed}
    methods = {(row["person_id"] is None, row["method"]) for row in rows[LISTS].to_pylist()}
    assert methods == {(False, "als"), (True, "popularity")}


def test_where_persons_have_tastes_als_finds_them_and_is_used(engines, tmp_path):
    engine = read(engines("duckdb"), tmp_path, shop())
    rows = run_module(MODULE, engine, **FEW)

    assert_tastes_are_found(rows)
    assert not failed_checks(rows, week_of(engine, **FEW))


def test_where_there_is_no_taste_what_is_popular_is_recommended_and_it_says_why(duck):
    rows = duck(shop(is_of_taste=False), **FEW)

    assert set(rows[LISTS]["method"].to_pylist()) == {"popularity"}
    note = metric(rows, "ndcg", 6)["note"]
    assert note.startswith("popularity is recommended: als is ")
    assert "not shown to be better than popularity (ndcg@6 " in note


def test_few_persons_are_no_reason_to_trust_als(duck):
    rows = duck(shop(persons=LEAST_PERSONS - 1), **FEW)

    told = metric(rows, "ndcg", 6)
    assert told["note"] == "popularity is recommended: 29 persons are too few to judge by, 30 are needed"
    assert (told["difference_low"], told["difference_high"]) == (None, None)
    assert set(rows[LISTS]["method"].to_pylist()) == {"popularity"}


@pytest.mark.parametrize("kind", ENGINES)
def test_popular_lists_leave_out_what_a_person_knows_and_settle_ties_by_name(engines, kind, tmp_path):
    everything = [f"p{number:04}" for number in range(3_000)]
    steps = (
        did(1, ["b", "a"]) + did(2, ["b"], kind="purchase") + did(3, ["c", "a"]) + did(4, ["d"]) + did(5, everything)
    )
    rows = run_module(MODULE, read(engines(kind), tmp_path, steps), clickstream_top_n=3)

    lists = lists_of(rows)  # liked: b 6, a 2, then c, d and all the p with 1 each
    assert lists == {
        1: ["c", "d", "p0000"], 2: ["a", "c", "d"], 3: ["b", "d", "p0000"], 4: ["b", "a", "c"], 5: ["b", "a", "c"],
        None: ["b", "a", "c"],
    }  # fmt: skip
    [first] = [row for row in rows[LISTS].to_pylist() if row["person_id"] is None and row["rank"] == 1]
    assert first["score"] == pytest.approx(6 / 3_010, rel=1e-3)


@pytest.mark.parametrize("kind", ENGINES)
def test_als_leaves_out_what_a_person_knows_even_thousands_of_products(engines, kind, tmp_path):
    long_known = [f"X{number:04}" for number in range(2_000)]
    engine = read(
        engines(kind), tmp_path, shop() + did(999, TASTES["A"][:15] + long_known) + did(998, TASTES["A"] + TASTES["B"])
    )
    rows = run_module(MODULE, engine, clickstream_factors=8, clickstream_top_n=4)

    lists = lists_of(rows)
    assert metric(rows, "ndcg", 4)["note"].startswith("als")
    assert set(lists[999]) <= set(TASTES["A"][15:] + TASTES["B"])
    assert len(lists[999]) == 4
    assert set(lists[998]) <= set(long_known)


ODD = {
    "nothing": ([], {}),
    "no products": (did(1, [None]), {}),
    "bots alone": (did(1, ["a", "b"], is_bot=True), {}),
    "no weights": (did(1, ["a", "b"], kind="pageview"), {}),
    "one person": (did(1, ["a", "b"]) + did(1, ["c"], on=MONDAY), {None: ["c", "a", "b"]}),
    "one product": (did(1, ["a"]) + did(2, ["a"]) + did(2, ["a"], on=MONDAY), {None: ["a"]}),
    "nobody came twice": (did(1, ["a"]) + did(2, ["b"], on=MONDAY), {1: ["b"], 2: ["a"], None: ["b", "a"]}),
}


@pytest.mark.parametrize("case", ODD)
def test_odd_inputs_give_few_rows_and_no_error(duck, case):
    steps, told = ODD[case]
    assert lists_of(duck(steps)) == told


@needs_spark
@pytest.mark.parametrize("case", ["nothing", "bots alone", "one person"])
def test_odd_inputs_give_few_rows_and_no_error_on_spark_too(engines, tmp_path, case):
    steps, told = ODD[case]
    assert lists_of(run_module(MODULE, read(engines("spark"), tmp_path, steps), clickstream_factors=2)) == told


# --- interactions -------------------------------------------------------------------------------------------------


def test_a_liking_is_the_sum_of_weights_and_halves_in_a_half_life(engines, tmp_path):
    old = END - timedelta(days=HALF_LIFE_DAYS + 1)
    last = END - timedelta(days=1)
    steps = did(1, ["a", "a"], on=last) + did(1, ["a"], on=last, kind="purchase") + did(2, ["a"], on=old, kind="cart")
    engine = read(engines("duckdb"), tmp_path, steps + did(3, ["a"], on=END) + did(4, ["a"], on=last, kind="search"))

    keep_interactions(engine, WEIGHTS, END - timedelta(weeks=12), END)

    rows = engine.rows(EngineSql("select person_id, points from clickstream.interaction order by person_id", ""))
    assert rows.to_pylist() == [{"person_id": 1, "points": 7 * POINTS}, {"person_id": 2, "points": 1.5 * POINTS}]


@needs_spark
def test_both_engines_like_list_and_ask_the_same(engines, tmp_path):
    chance = np.random.default_rng(7)
    names = [f"p{number}" for number in range(30)] + ["ü", "Z", None]
    steps = []
    for person in range(1, 121):
        for on in (MONDAY - timedelta(days=int(chance.integers(1, 40))), MONDAY):
            kind = chance.choice(["view", "cart", "purchase", "rating", "search"])
            stars = {"rating": float(chance.integers(1, 6))} if kind == "rating" else {}
            held = [names[place] for place in chance.integers(0, len(names), int(chance.integers(1, 9)))]
            steps += did(person, held, on=on, kind=str(kind), is_bot=person % 15 == 0, **stars)
    found = {}
    for name in ("duckdb", "spark"):
        engine = read(engines(name), tmp_path / name, steps)
        first = END - timedelta(weeks=12)
        keep_interactions(engine, {"view": 0.7, "cart": 3, "purchase": 5, "rating": 0}, first, MONDAY)
        engine.keep("relevant", both(RELEVANT), {"start": MONDAY, "end": END})
        engine.keep("asked", both("select distinct person_id from {schema}relevant"))
        keep_ratings(engine, first, MONDAY, END)
        found[name] = {
            "interaction": engine.rows(both("select person_id, product_id, points from {schema}interaction")),
            "relevant": engine.rows(both("select person_id, product_id from {schema}relevant")),
            "popular": engine.rows(both("select product_id, place, score from {schema}popular")),
            "lists": engine.rows(both(POPULAR_LISTS), {"most": 10}),
            "ratings": engine.rows(both("select person_id, product_id, rating from {schema}rating")),
            "new ratings": engine.rows(both("select person_id, product_id, rating from {schema}new_rating")),
        }
    keys = {"popular": ["product_id"], "lists": ["person_id", "rank"]}
    for what, rows in found["duckdb"].items():
        assert rows.num_rows > 20, what
        assert_same(rows, found["spark"][what], keys=keys.get(what, ["person_id", "product_id"]))


@needs_spark
def test_both_engines_are_as_good_as_one_another(engines, tmp_path):
    """ALS of both: the same metrics to 0.08, on 80 persons with planted tastes; those of popularity exactly."""
    duck, spark = (
        run_module(MODULE, read(engines(kind), tmp_path / kind, shop()), **FEW) for kind in ("duckdb", "spark")
    )
    assert_tastes_are_found(spark)
    for ours, theirs in zip(duck[METRICS].to_pylist(), spark[METRICS].to_pylist(), strict=True):
        assert (ours["metric"], ours["k"], ours["baseline"]) == (theirs["metric"], theirs["k"], theirs["baseline"])
        if ours["metric"] != "coverage":
            assert ours["value"] == pytest.approx(theirs["value"], abs=0.08)
    strangers = [rows[LISTS].filter(pa.compute.is_null(rows[LISTS]["person_id"])) for rows in (duck, spark)]
    assert_same(*strangers, keys=["rank"])


def test_what_was_known_before_is_not_counted_as_found_after(duck):
    steps = []
    for person in range(1, 41):
        steps += did(person, ["a", "b"]) + did(person, ["a"], on=MONDAY)
    steps += did(99, ["a"]) + did(99, ["b", "c"], on=MONDAY)

    told = metric(duck(steps), "recall", 10)

    assert told["evaluated_persons"] == 1  # 99 alone took to something new
    assert (told["value"], told["baseline"]) == (0.5, 0.5)  # b; c did not exist before


# --- the model ----------------------------------------------------------------------------------------------------


def test_the_same_rows_in_any_order_give_the_same_factors():
    chance = np.random.default_rng(8)
    person, product = np.divmod(chance.choice(50 * 40, 600, replace=False), 40)
    rows = pa.table({
        "person_id": person, "product_id": [f"p{number}" for number in product], "points": chance.integers(1, 9, 600),
    })  # fmt: skip
    likings = [likings_of(rows.take(order)) for order in (np.arange(600), chance.permutation(600))]

    one, other = (factorize(likings_of_rows, factors=8) for likings_of_rows in likings)

    assert likings[0].products.equals(likings[1].products)
    np.testing.assert_array_equal(one.item_factors, other.item_factors)
    np.testing.assert_array_equal(one.user_factors, other.user_factors)


def test_ratings_are_factorized_as_the_paper_says():
    """u = (M' M + lambda n E)^-1 M' r, person by person and product by product."""
    from scipy.sparse import csr_matrix

    chance = np.random.default_rng(9)
    is_rated = chance.random((12, 9)) < 0.5
    is_rated[:, 0] = is_rated[0] = True
    stars = np.where(is_rated, chance.integers(0, 6, (12, 9)), 0).astype(float)  # 0 stars are a rating too
    persons = np.abs(np.random.default_rng(SEED).normal(size=(12, RANK)))
    persons /= np.linalg.norm(persons, axis=1, keepdims=True)

    def solved(rated, given, other):
        return np.array([
            np.linalg.solve(other[r].T @ other[r] + REGULARIZATION * r.sum() * np.eye(RANK), other[r].T @ g[r])
            for r, g in zip(rated, given, strict=True)
        ])  # fmt: skip

    for _ in range(ITERATIONS):
        products = solved(is_rated.T, stars.T, persons)
        persons = solved(is_rated, stars, products)
    rated = np.nonzero(is_rated)
    found = als_wr(csr_matrix((stars[rated], rated)), csr_matrix((np.ones(len(rated[0])), rated)))

    np.testing.assert_allclose(found[0], persons, atol=1e-8)
    np.testing.assert_allclose(found[1], products, atol=1e-8)


@pytest.mark.parametrize("kind", ENGINES)
def test_stars_are_predicted_from_others_stars_beside_their_mean(engines, kind, tmp_path):
    """Half of the persons like A and dislike B, the others the other way; everyone's last product is kept apart."""
    steps = []
    for person in range(1, 61):
        for number in range(12):
            product = f"{'AB'[number % 2]}{number:02}"
            stars = 5.0 if "AB"[person % 2] == product[0] else 1.0
            on = MONDAY if number == person // 2 % 12 else BEFORE
            steps += did(person, [product], on=on, kind="rating", rating=stars)
    steps += did(1, ["A02"], kind="rating", rating=5.0, on=BEFORE - timedelta(days=1))  # changed since
    steps += did(77, ["new", "A00"], on=MONDAY, kind="rating", rating=3.0)  # nothing is known: the mean

    [told] = run_module(MODULE, read(engines(kind), tmp_path, steps))[METRICS].to_pylist()

    assert (told["metric"], told["k"], told["evaluated_persons"]) == ("rmse", None, 61)
    assert told["value"] < 0.35
    assert told["baseline"] == pytest.approx(np.sqrt(60 * 4 / 62), rel=0.002)
    assert told["note"] is None


# --- the metrics --------------------------------------------------------------------------------------------------


def lists(by_person):
    rows = [(person, rank, product) for person, listed in by_person.items() for rank, product in enumerate(listed, 1)]
    person, rank, product = zip(*rows, strict=True)
    return pa.table({"person_id": person, "rank": pa.array(rank, pa.int32()), "product_id": product})


def test_metrics_are_those_worked_out_by_hand():
    taken = {1: ["a", "b"], 2: ["c"], 3: ["x", "y", "z"]}
    pairs = [(person, product) for person, products in taken.items() for product in products]
    relevant = Relevant.of(pa.table({"person_id": [p for p, _ in pairs], "product_id": [p for _, p in pairs]}))
    given = relevant.lists(lists({1: ["a", "q", "b"], 2: ["q", "c", "r"], 3: ["q", "r"]}), most=3)

    found = relevant.scores(given, 3)

    gain = 1 / np.log2(np.array([2, 3, 4]))
    expected = {
        "precision": [2 / 3, 1 / 3, 0], "recall": [1, 1, 0], "hit_rate": [1, 1, 0],
        "map": [(1 + 2 / 3) / 2, 1 / 2, 0], "ndcg": [(gain[0] + gain[2]) / (gain[0] + gain[1]), gain[1], 0],
    }  # fmt: skip
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, err_msg=name)
    np.testing.assert_allclose(relevant.scores(given, 1)["recall"], [0.5, 0, 0])
    np.testing.assert_allclose(relevant.scores(given, 1)["ndcg"], [1, 0, 0])
    assert given.coverage(3, products=10) == 0.5  # a, q, b, c, r
    assert given.coverage(1, products=10) == 0.2  # a, q


@pytest.mark.parametrize("products", [10, 16, 23, 40, 60, 87])
def test_a_perfect_list_of_any_length_has_1_and_not_more(products):
    names = [f"p{number:02}" for number in range(products)]
    relevant = Relevant.of(pa.table({"person_id": [1] * products, "product_id": names}))
    found = relevant.scores(relevant.lists(lists({1: names}), most=products), products)
    assert {name: float(values[0]) for name, values in found.items()} == dict.fromkeys(found, 1.0)


def test_the_interval_of_a_mean_holds_it_in_95_of_100():
    chance = np.random.default_rng(10)
    held = [low <= 0.1 <= high for low, high in (mean_interval(chance.normal(0.1, 1, 40)) for _ in range(2_000))]
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)


def test_it_reads_the_weeks_before_that_it_learns_from():
    assert MODULE.days_back(load_settings(clickstream_window_weeks=12)) == 77
    assert (MODULE.every, MODULE.tables) == ("week", (RECOMMENDATION, RECOMMENDER))
    assert date.weekday(MONDAY) == 0
