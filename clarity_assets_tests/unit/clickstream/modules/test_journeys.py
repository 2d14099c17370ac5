"""Steps of sessions in; paths, transitions, ngrams and the funnel out, worked out by hand and by plain loops."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from clarity_assets.clickstream.modules.journeys import MODULE, funnel_steps
from clarity_assets.clickstream.modules.module import Rows, Run
from clarity_assets.errors import SettingsError
from clarity_assets.project_models import project_models
from clarity_assets.settings import load_settings
from clarity_assets_tests.fixtures.clickstream import engine_with, step_rows
from clarity_assets_tests.fixtures.engines import assert_same, needs_spark

PATH, LENGTH, TRANSITION, NGRAM, FUNNEL = MODULE.tables
KEYS = {
    PATH: ["date", "path", "is_converted"],
    LENGTH: ["date", "path_length", "is_converted"],
    TRANSITION: ["date", "step_from", "from_node", "to_node"],
    NGRAM: ["date", "n", "ngram"],
    FUNNEL: ["date", "device", "step_number"],
}
DAY = date(2026, 10, 5)
NEXT_DAY = DAY + timedelta(days=1)
NOON = datetime(2026, 10, 5, 12)
FUNNEL_OF_THREE = {"clickstream_funnel": "view, cart, purchase"}


def walk(key: int, way: str, at: datetime = NOON, *, seconds: float = 10.0, **told) -> list[dict]:
    """A session's steps, `seconds` apart: event types, and pages (with a slash, or `pageview` for one without a page)."""
    return [
        {
            "date": at.date(),
            "session_key": key,
            "step": number,
            "event_at": at + timedelta(seconds=seconds * (number - 1)),
            "event_type": "pageview" if "/" in node else node,
            "page": node if "/" in node else None,
        }
        | told
        for number, node in enumerate(way.split(), start=1)
    ]


def run(engine, folder, *walks: Iterable[dict], start: date = DAY, end: date = NEXT_DAY, **settings) -> Rows:
    """What the module makes of the days."""
    settings = load_settings(**settings)
    engine_with(engine, folder, step=step_rows(step for steps in walks for step in steps))
    return MODULE.compute(Run(engine, start, end, settings, project_models(settings)))


def told(rows: Rows, table: str, *names: str) -> list[tuple]:
    """The named columns of a table, in the order of its keys, NULL first."""
    found = rows[f"marts.{table}"].to_pylist()
    found.sort(key=lambda row: [(row[key] is not None, row[key]) for key in KEYS[table]])
    return [tuple(row[name] for name in names or row) for row in found]


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
        ("products/42", "products"),
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
def test_a_path_has_eight_nodes_and_says_where_more_follow(engine, tmp_path, nodes, end):
    ways = [f"n{number}" for number in range(nodes)]
    rows = run(engine, tmp_path, walk(1, " ".join(ways)))
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


def test_a_path_is_common_by_all_its_sessions_whether_they_bought_or_not(engine, tmp_path):
    # cart is bought in another way than by an event purchase nowhere, so both kinds share a path by its first 8 nodes
    way = "a b a b a b a b"
    rows = run(engine, tmp_path, walk(1, f"{way} c"), walk(2, f"{way} purchase"), walk(3, f"{way} c"))
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


def test_nodes_beyond_the_50_that_are_reached_most_are_other(engine, tmp_path):
    walks = [walk(number, f"n{number:02}") for number in range(53)] + [walk(90, "n51 n51 n52"), walk(91, "n52 n51")]
    rows = run(engine, tmp_path, *walks)
    assert {to for _, to in told(rows, TRANSITION, "from_node", "to_node")} == {
        *(f"n{number:02}" for number in range(48)), "n51", "n52", "(other)", "(exit)"
    }  # fmt: skip
    others = [row for row in told(rows, TRANSITION, "step_from", "from_node", "to_node", "transitions") if "(other)" in row]
    assert others == [(0, "(start)", "(other)", 3), (1, "(other)", "(exit)", 3)]


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


# --- the funnel ---------------------------------------------------------------------------------------------------


def funnel(rows: Rows) -> list[tuple]:
    """(persons, dropped, seconds_sum, persons_any_order) of each step, of the only day and device."""
    assert len({(row[0], row[1]) for row in told(rows, FUNNEL, "date", "device")}) <= 1
    return told(rows, FUNNEL, "persons", "dropped", "seconds_sum", "persons_any_order")


def test_the_funnel_is_worked_out_by_hand(engine, tmp_path):
    rows = run(
        engine,
        tmp_path,
        walk(1, "view cart purchase"),
        walk(2, "view view search cart"),  # the attempt begins with the first view: 30 s to the cart
        walk(3, "cart view purchase"),  # the cart came before
        walk(4, "view"),
        walk(5, "purchase"),  # nothing before it
        walk(6, "view cart purchase", is_bot=True),
        walk(7, "search"),
        **FUNNEL_OF_THREE,
    )
    assert told(rows, FUNNEL) == [
        (DAY, None, 1, "view", 4, 2, None, 4),
        (DAY, None, 2, "cart", 2, 1, 10.0 + 30.0, 3),
        (DAY, None, 3, "purchase", 1, None, 10.0, 3),
    ]


def test_the_default_funnel_has_every_step_also_where_nobody_did_it(engine, tmp_path):
    rows = run(engine, tmp_path, walk(1, "view cart"))
    assert told(rows, FUNNEL, "step", "persons", "dropped", "seconds_sum", "persons_any_order") == [
        ("pageview", 0, 0, None, 0),
        ("view", 0, 0, 0.0, 1),
        ("cart", 0, 0, 0.0, 1),
        ("checkout", 0, 0, 0.0, 0),
        ("purchase", 0, None, 0.0, 0),
    ]


def test_a_person_is_followed_through_all_sessions_and_over_midnight(engine, tmp_path):
    late = datetime(2026, 10, 5, 23, 59)
    rows = run(
        engine,
        tmp_path,
        walk(1, "view", person_id=7),
        walk(2, "cart", at=late, person_id=7),
        walk(3, "purchase", at=datetime(2026, 10, 6, 11, 59, 59), person_id=7),
        **FUNNEL_OF_THREE,
    )
    whole = 24 * 3600.0 - 1
    first = (late - NOON).total_seconds()
    assert funnel(rows) == [(1, 0, None, 1), (1, 0, first, 1), (1, None, whole - first, 1)]


def test_a_session_that_began_the_day_before_begins_the_funnel_after_midnight(engine, tmp_path):
    before = datetime(2026, 10, 4, 23, 59, 50)
    rows = run(engine, tmp_path, walk(1, "view view cart", at=before, seconds=10), **FUNNEL_OF_THREE)
    assert funnel(rows) == [(1, 0, None, 1), (1, 1, 10.0, 1), (0, None, 0.0, 0)]
    assert told(rows, PATH) == []  # the session is of the day before


@pytest.mark.parametrize(("late_us", "persons"), [(-1, 1), (0, 1), (1, 0)])
def test_the_window_ends_with_its_last_microsecond(engine, tmp_path, late_us, persons):
    at_limit = NOON + timedelta(hours=1.5, microseconds=late_us)
    rows = run(
        engine,
        tmp_path,
        walk(1, "view", person_id=7),
        walk(2, "purchase", at=at_limit, person_id=7),
        clickstream_funnel="view, purchase",
        clickstream_funnel_window_h=1.5,
    )
    assert [row[0] for row in funnel(rows)] == [1, persons]
    assert funnel(rows)[1][3] == 1  # in any order, and at any time of the day


def test_the_window_counts_from_the_first_step_not_from_the_one_before(engines, tmp_path):
    steps = [walk(n, kind, at=NOON + timedelta(hours=n), person_id=7) for n, kind in enumerate(["view", "cart", "purchase"])]
    told_of = [
        [row[0] for row in funnel(run(engines("duckdb"), tmp_path / f"{hours}", *steps, **FUNNEL_OF_THREE, clickstream_funnel_window_h=hours))]
        for hours in (0.5, 1.0, 1.5, 2.0)
    ]
    assert told_of == [[1, 0, 0], [1, 1, 0], [1, 1, 0], [1, 1, 1]]


def test_at_one_instant_the_place_in_the_session_decides(engine, tmp_path):
    rows = run(
        engine,
        tmp_path,
        walk(1, "view cart purchase", seconds=0),
        walk(2, "purchase cart view", seconds=0),
        **FUNNEL_OF_THREE,
    )
    assert funnel(rows) == [(2, 1, None, 2), (1, 0, 0.0, 2), (1, None, 0.0, 2)]


def test_the_device_is_that_of_the_first_step_else_of_the_first_event(engine, tmp_path):
    rows = run(
        engine,
        tmp_path,
        walk(1, "cart", person_id=7, device="Tablet"),
        walk(2, "view", at=NOON + timedelta(minutes=5), person_id=7, device="PC"),
        walk(3, "cart", at=NOON + timedelta(minutes=9), person_id=7, device="Mobile"),
        walk(4, "cart", person_id=8, device="Mobile"),
        walk(5, "purchase", at=NOON + timedelta(minutes=5), person_id=8, device="Tablet"),
        **FUNNEL_OF_THREE,
    )
    assert told(rows, FUNNEL, "device", "step", "persons", "persons_any_order") == [
        ("Mobile", "view", 0, 0),
        ("Mobile", "cart", 0, 1),
        ("Mobile", "purchase", 0, 1),
        ("PC", "view", 1, 1),
        ("PC", "cart", 1, 1),
        ("PC", "purchase", 0, 0),
    ]


def test_a_funnel_of_too_many_steps_is_refused_before_anything_is_computed():
    steps = ", ".join(f"s{number}" for number in range(31))
    with pytest.raises(SettingsError, match="CLICKSTREAM_FUNNEL has 31 steps; a funnel has 30 at most"):
        funnel_steps(load_settings(clickstream_funnel=steps))


def test_a_funnel_of_the_most_steps_is_followed_to_its_end(engine, tmp_path):
    steps = [f"s{number}" for number in range(30)]
    rows = run(engine, tmp_path, walk(1, " ".join(steps)), clickstream_funnel=", ".join(steps))
    assert [row[0] for row in funnel(rows)] == [1] * 30


# --- everything ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("walks", [[], [walk(1, "/ view cart purchase", is_bot=True)], [walk(1, "/", at=NOON + timedelta(days=9))]])
def test_of_nothing_of_bots_and_of_other_days_there_are_no_rows(engine, tmp_path, walks):
    rows = run(engine, tmp_path, *walks)
    assert {table: found.num_rows for table, found in rows.items()} == dict.fromkeys(MODULE.models, 0)


def test_a_single_event_is_enough(engine, tmp_path):
    rows = run(engine, tmp_path, walk(1, "/"))
    assert told(rows, PATH) == [(DAY, "home", False, 1)]
    assert told(rows, LENGTH) == [(DAY, 1, False, 1)]
    steps = told(rows, TRANSITION, "from_node", "to_node", "step_from", "transitions")
    assert steps == [("(start)", "home", 0, 1), ("home", "(exit)", 1, 1)]
    assert told(rows, NGRAM) == []
    assert [row[0] for row in funnel(rows)] == [1, 0, 0, 0, 0]


def test_columns_and_types_are_the_contracts(engine, tmp_path):
    types = {
        "DATE": "date32[day]", "BIGINT": "int64", "INTEGER": "int32", "DOUBLE": "double", "VARCHAR": "string",
        "BOOLEAN": "bool",
    }  # fmt: skip
    rows, models = run(engine, tmp_path, walk(1, "/ view cart")), project_models(load_settings())
    for table in MODULE.models:
        contract = {name: types[type_] for name, type_ in models[table].column_types.items() if name != "project_id"}
        assert {field.name: str(field.type) for field in rows[table].schema} == contract


NODES = ["/", "/p/1", "https://s.example/p/2", "pageview", "view", "view", "cart", "checkout", "purchase", "search", "ü"]


def random_walks(seed: int, *, count: int, days: int) -> list[list[dict]]:
    """Sessions of few persons at few instants, so that they overlap, tie, and go on over midnight; some are bots'."""
    chance, walks = np.random.default_rng(seed), []
    for key in range(1, count + 1):
        way = " ".join(chance.choice(NODES, size=int(chance.geometric(0.18))))
        at = datetime(2026, 10, 4) + timedelta(minutes=15 * int(chance.integers(0, 96 * (days + 2))))
        gap = float(chance.choice([0.0, 0.000001, 60.0, 900.0, 1500.0]))
        if at + timedelta(seconds=gap * way.count(" ")) < datetime.combine(at.date(), datetime.min.time()) + timedelta(days=2):
            told = {"person_id": int(chance.integers(0, count // 5)), "is_bot": bool(chance.random() < 0.08)}
            told["device"] = chance.choice([None, "PC", "Mobile"])
            walks.append(walk(key, way, at=at, seconds=gap, **told))
    return walks


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


def funnel_by_loops(walks: list[list[dict]], steps: tuple[str, ...], window: timedelta, days: list[date]) -> dict:
    """(day, device, step) -> persons, seconds, persons in any order: each person's events, one after the other."""
    events = defaultdict(list)
    for step in (step for steps_ in walks for step in steps_ if step["event_type"] in steps and not step["is_bot"]):
        number = steps.index(step["event_type"]) + 1
        events[step["person_id"]].append((step["event_at"], step["step"], number, step["device"] or ""))
    found = defaultdict(lambda: [0, 0.0, 0])
    for own in events.values():
        own.sort()
        for day in days:
            of_day = [event for event in own if event[0].date() == day]
            if not of_day:
                continue
            first = next((event for event in of_day if event[2] == 1), None)
            reached = {1: first[0]} if first else {}
            for event in own[own.index(first) + 1 :] if first else []:
                if event[2] == len(reached) + 1 and event[0] - first[0] <= window:
                    reached[event[2]] = event[0]
            did = {event[2] for event in of_day} | set(reached)
            for number in range(1, len(steps) + 1):
                row = found[day, (first or of_day[0])[3] or None, number]
                row[0] += number in reached
                row[1] += (reached[number] - reached[number - 1]).total_seconds() if number > 1 and number in reached else 0
                row[2] += number in did
    return found


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("hours", [24.0, 3.1])
def test_the_funnel_of_random_streams_is_that_of_plain_loops(engines, tmp_path, seed, hours):
    walks, days = random_walks(seed, count=500, days=3), [DAY + timedelta(days=n) for n in range(3)]
    rows = run(engines("duckdb"), tmp_path, *walks, end=days[-1] + timedelta(days=1), clickstream_funnel_window_h=hours)
    names = ("persons", "seconds_sum", "persons_any_order")
    found = {row[:3]: [row[3], row[4] or 0.0, row[5]] for row in told(rows, FUNNEL, *KEYS[FUNNEL], *names)}
    assert found == funnel_by_loops(walks, load_settings().funnel, timedelta(hours=hours), days)
    assert max(row[0] for key, row in found.items() if key[2] == 4) > 0
