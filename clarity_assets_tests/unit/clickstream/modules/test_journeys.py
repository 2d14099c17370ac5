"""Steps of sessions in; paths, transitions and ngrams out, worked out by hand and by plain loops."""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest

from clarity_assets.clickstream.modules.module import Rows
from clarity_assets.project_models import project_models
from clarity_assets.settings import load_settings
from clarity_assets_tests.fixtures.engines import assert_same, needs_spark
from clarity_assets_tests.unit.clickstream.modules.walks import (
    DAY,
    FUNNEL,
    FUNNEL_OF_THREE,
    KEYS,
    LENGTH,
    MODULE,
    NGRAM,
    NOON,
    PATH,
    TRANSITION,
    random_walks,
    run,
    told,
    walk,
)


def paths(rows: Rows) -> dict[str, int]:
    return {path: sessions for path, sessions in told(rows, PATH, "path", "sessions")}


# --- nodes, paths and lengths -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "node"),
    [
        ("https://shop.example/", "home"),
        ("https://shop.example", "home"),
        ("/", "home"),
        ("https://shop.example/products/42", "products"),
        ("/products/42", "products"),
        ("shop.example/products/42", "products"),  # as ingest names a page, unless CLARITY_PAGE_KEEP_HOST is false
        ("shop.example/", "home"),
        ("shop.example/index", "index"),
        ("/Über/uns", "Über"),
        ("/out/https://other.example/x", "out"),
        ("https://shop.example//products", "home"),
        ("/a>b/c", "a%3Eb"),
        ("pageview", "page"),
    ],
)
def test_a_pageviews_node_is_the_first_part_of_its_path(engines, tmp_path, page, node):
    assert paths(run(engines("duckdb"), tmp_path, walk(1, f"search {page} search"))) == {f"search > {node} > search": 1}


def test_paths_and_lengths_are_worked_out_by_hand(engine, tmp_path):
    rows = run(
        engine,
        tmp_path,
        walk(1, "/ /products/1 /products/2 view cart"),  # the second page of products is the same node
        walk(2, "/ /products/7 view view cart"),
        walk(3, "/ /products/1 view cart purchase"),
        walk(4, "/ / /"),
        walk(5, "pageview"),
        walk(6, "/blog /blog/1 / /blog/2"),  # neighbours alone are one: blog comes again
        walk(7, "/ purchase", is_bot=True),
        walk(8, "/ view", at=NOON + timedelta(days=1)),
    )
    assert told(rows, PATH, "path", "is_converted", "sessions") == [
        ("blog > home > blog", False, 1),
        ("home", False, 1),
        ("home > products > view > cart", False, 2),
        ("home > products > view > cart > purchase", True, 1),
        ("page", False, 1),
    ]
    assert told(rows, LENGTH) == [
        (DAY, 1, False, 2),
        (DAY, 3, False, 1),
        (DAY, 4, False, 2),
        (DAY, 5, True, 1),
    ]


@pytest.mark.parametrize(("nodes", "end"), [(7, ""), (8, ""), (9, " > …"), (10, " > …")])
def test_a_path_has_eight_nodes_and_says_where_more_follow(engines, tmp_path, nodes, end):
    ways = [f"n{number}" for number in range(nodes)]
    rows = run(engines("duckdb"), tmp_path, walk(1, " ".join(ways)))
    assert paths(rows) == {" > ".join(ways[:8]) + end: 1}
    assert told(rows, LENGTH, "path_length") == [(nodes,)]


@pytest.mark.parametrize("count", [499, 500, 501, 502])
def test_paths_beyond_the_500_commonest_of_a_day_are_told_together(engines, tmp_path, count):
    walks = [walk(number, f"n{number:04}") for number in range(count)]
    walks += [walk(9_000, "n0499"), walk(9_001, "n0499 purchase"), walk(9_002, "n0500 purchase")]
    rows = run(engines("duckdb"), tmp_path, *walks)
    # n0499 is the commonest where it comes twice; of the others, equally common, the first by name are told
    names = [f"n{number:04}" for number in range(count)] + ["n0499 > purchase", "n0500 > purchase"]
    commonest = sorted(set(names) | {"n0499"}, key=lambda name: (not (name == "n0499" and count > 499), name))[:500]
    found = paths(rows)
    assert set(found) - {"(other)"} == set(commonest)
    assert sum(sessions for (sessions,) in told(rows, PATH, "sessions")) == len(walks)


def test_a_path_is_common_by_all_its_sessions_whether_they_bought_or_not(engines, tmp_path):
    # what sets the two ways apart is their ninth node
    way = "a b a b a b a b"
    rows = run(engines("duckdb"), tmp_path, walk(1, f"{way} c"), walk(2, f"{way} purchase"), walk(3, f"{way} c"))
    assert told(rows, PATH, "path", "is_converted", "sessions") == [
        (" > ".join(way.split()) + " > …", False, 2),
        (" > ".join(way.split()) + " > …", True, 1),
    ]


def test_the_order_is_that_of_steps_also_at_one_instant_and_after_midnight(engine, tmp_path):
    night = datetime(2026, 10, 5, 23, 59, 59, 999_999)
    steps = walk(1, "/ view cart purchase", seconds=0) + walk(2, "b a c", at=night, seconds=60)
    rows = run(engine, tmp_path, reversed(steps))
    assert paths(rows) == {"b > a > c": 1, "home > view > cart > purchase": 1}
    assert {row[0] for row in told(rows, PATH, "date")} == {DAY}


# --- transitions and ngrams ---------------------------------------------------------------------------------------


def test_transitions_are_worked_out_by_hand(engine, tmp_path):
    rows = run(engine, tmp_path, walk(1, "a b c"), walk(2, "a c c"), walk(3, "b"), walk(4, "1 2 3 4 5 6 7 8"))
    assert told(rows, TRANSITION, "step_from", "from_node", "to_node", "transitions") == [
        (0, "(start)", "1", 1),
        (0, "(start)", "a", 2),
        (0, "(start)", "b", 1),
        (1, "1", "2", 1),
        (1, "a", "b", 1),
        (1, "a", "c", 1),
        (1, "b", "(exit)", 1),
        (2, "2", "3", 1),
        (2, "b", "c", 1),
        (2, "c", "(exit)", 1),
        (3, "3", "4", 1),
        (3, "c", "(exit)", 1),
        (4, "4", "5", 1),
        (5, "5", "6", 1),  # what follows the sixth node is not told
    ]


def test_nodes_beyond_the_50_that_are_reached_most_are_other(engines, tmp_path):
    walks = [walk(number, f"n{number:02}") for number in range(53)] + [walk(90, "n51 n51 n52"), walk(91, "n52 n51")]
    rows = run(engines("duckdb"), tmp_path, *walks)
    assert {to for _, to in told(rows, TRANSITION, "from_node", "to_node")} == {
        *(f"n{number:02}" for number in range(48)), "n51", "n52", "(other)", "(exit)"
    }  # fmt: skip
    found = told(rows, TRANSITION, "step_from", "from_node", "to_node", "transitions")
    assert [row for row in found if "(other)" in row] == [(0, "(start)", "(other)", 3), (1, "(other)", "(exit)", 3)]


def test_ngrams_are_worked_out_by_hand(engine, tmp_path):
    rows = run(engine, tmp_path, walk(1, "a b a b"), walk(2, "a b purchase"), walk(3, "a a"), walk(4, "a b"))
    assert told(rows, NGRAM, "n", "ngram", "occurrences", "sessions", "conversions") == [
        (2, "a > b", 4, 3, 1),  # twice in the 1st, once in the 2nd and 4th
        (2, "b > a", 1, 1, 0),
        (2, "b > purchase", 1, 1, 1),
        (3, "a > b > a", 1, 1, 0),
        (3, "a > b > purchase", 1, 1, 1),
        (3, "b > a > b", 1, 1, 0),
    ]


def test_the_500_commonest_ngrams_of_each_length_are_told(engines, tmp_path):
    walks = [walk(number, f"n{number:03} end{number % 2} last") for number in range(600)]
    found = told(run(engines("duckdb"), tmp_path, *walks), NGRAM, "n", "ngram", "occurrences")
    assert Counter(n for n, _, _ in found) == {2: 500, 3: 500}
    assert [row[1:] for row in found[:3]] == [("end0 > last", 300), ("end1 > last", 300), ("n000 > end0", 1)]
    assert (2, "n497 > end1", 1) in found
    assert (2, "n498 > end0", 1) not in found


# --- everything ---------------------------------------------------------------------------------------------------


def test_of_nothing_of_bots_and_of_other_days_there_are_no_rows(engine, tmp_path):
    of_bots, of_later = walk(1, "/ view cart purchase", is_bot=True), walk(2, "/", at=NOON + timedelta(days=9))
    for name, walks in {"nothing": [], "bots": [of_bots], "days": [of_later]}.items():
        rows = run(engine, tmp_path / name, *walks)
        assert {table: found.num_rows for table, found in rows.items()} == dict.fromkeys(MODULE.models, 0)


def test_a_single_event_is_enough(engines, tmp_path):
    rows = run(engines("duckdb"), tmp_path, walk(1, "/"))
    assert told(rows, PATH) == [(DAY, "home", False, 1)]
    assert told(rows, LENGTH) == [(DAY, 1, False, 1)]
    steps = told(rows, TRANSITION, "from_node", "to_node", "step_from", "transitions")
    assert steps == [("(start)", "home", 0, 1), ("home", "(exit)", 1, 1)]
    assert told(rows, NGRAM) == []
    assert told(rows, FUNNEL, "persons") == [(1,), (0,), (0,), (0,), (0,)]


def test_columns_and_types_are_the_contracts(engine, tmp_path):
    types = {
        "DATE": "date32[day]", "BIGINT": "int64", "INTEGER": "int32", "DOUBLE": "double", "VARCHAR": "string",
        "BOOLEAN": "bool",
    }  # fmt: skip
    rows, models = run(engine, tmp_path, walk(1, "/ view cart")), project_models(load_settings())
    for table in MODULE.models:
        contract = {name: types[type_] for name, type_ in models[table].column_types.items() if name != "project_id"}
        assert {field.name: str(field.type) for field in rows[table].schema} == contract


@needs_spark
@pytest.mark.parametrize("settings", [{}, FUNNEL_OF_THREE | {"clickstream_funnel_window_h": 7.25}])
def test_both_engines_give_the_same_of_random_streams(engines, tmp_path, settings):
    walks, end = random_walks(5, count=700, days=4), DAY + timedelta(days=4)
    duck, spark = (run(engines(kind), tmp_path / kind, *walks, end=end, **settings) for kind in ("duckdb", "spark"))
    for table in MODULE.tables:
        assert duck[f"marts.{table}"].num_rows >= 12
        assert_same(duck[f"marts.{table}"], spark[f"marts.{table}"], keys=KEYS[table])


def test_a_range_gives_what_its_days_give_from_the_days_around_them_alone(engines, tmp_path):
    walks = random_walks(6, count=500, days=4)
    whole = run(engines("duckdb"), tmp_path / "whole", *walks, end=DAY + timedelta(days=4))
    singly = defaultdict(list)
    for number in range(4):
        day = DAY + timedelta(days=number)
        around = [steps for steps in walks if abs((steps[0]["date"] - day).days) <= 1]
        assert MODULE.days_back(load_settings()) == 1
        assert MODULE.looks_ahead
        rows = run(engines("duckdb"), tmp_path / f"{number}", *around, start=day, end=day + timedelta(days=1))
        for table in MODULE.tables:
            singly[table] += told(rows, table)
    for table in MODULE.tables:
        assert told(whole, table) == singly[table]


def node_of(step: dict) -> str:
    if step["event_type"] != "pageview":
        return step["event_type"]
    return "page" if step["page"] is None else (step["page"].split("//")[-1].split("/")[1] or "home")


def journeys_by_loops(walks: list[list[dict]]) -> dict[str, Counter]:
    """The four tables of journeys, one session after the other."""
    found = {table: Counter() for table in (PATH, LENGTH, TRANSITION, NGRAM)}
    for steps in walks:
        if steps[0]["is_bot"]:
            continue
        day, nodes = steps[0]["date"], [node_of(step) for step in steps]
        bought = "purchase" in nodes
        nodes = nodes[:1] + [b for a, b in pairwise(nodes) if a != b]
        found[PATH][day, " > ".join(nodes[:8]) + (" > …" if len(nodes) > 8 else ""), bought] += 1
        found[LENGTH][day, len(nodes), bought] += 1
        for number, (a, b) in enumerate(pairwise(["(start)", *nodes, "(exit)"][:7])):
            found[TRANSITION][day, number, a, b] += 1
        for n in (2, 3):
            grams = [" > ".join(nodes[i : i + n]) for i in range(len(nodes) - n + 1)]
            found[NGRAM].update((day, n, gram, "occurrences") for gram in grams)
            found[NGRAM].update((day, n, gram, "sessions") for gram in set(grams))
            found[NGRAM].update((day, n, gram, "conversions") for gram in set(grams) if bought)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_journeys_of_random_streams_are_those_of_plain_loops(engines, tmp_path, seed):
    walks = random_walks(seed, count=400, days=1)
    rows = run(engines("duckdb"), tmp_path, *walks, start=date(2026, 10, 4), end=date(2026, 10, 8))
    expected = journeys_by_loops(walks)
    for table, value in ((PATH, "sessions"), (LENGTH, "sessions"), (TRANSITION, "transitions")):
        assert {row[:-1]: row[-1] for row in told(rows, table, *KEYS[table], value)} == expected[table]
    names = ("occurrences", "sessions", "conversions")
    for *key, occurrences, sessions, conversions in told(rows, NGRAM, *KEYS[NGRAM], *names):
        assert (occurrences, sessions, conversions) == tuple(expected[NGRAM][(*key, name)] for name in names)
    grams = {key[:3] for key in expected[NGRAM]}
    assert len(told(rows, NGRAM)) == sum(min(500, count) for count in Counter(key[:2] for key in grams).values())
