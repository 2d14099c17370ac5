"""Persons of planted kinds in; the kinds found again, named in words, numbered by size and compared with last week's."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from clarity_assets.clickstream.modules.segments import MODULE
from clarity_assets.clickstream.modules.segments.clustering import agreement, by_sklearn, cluster_persons
from clarity_assets.clickstream.modules.segments.weekly import BEHAVIOUR, PERSON, SEGMENT, SEGMENTATION, days_back
from clarity_assets.clickstream.modules.segments.words import names_of
from clarity_assets.settings import load_settings
from clarity_assets_tests.fixtures.engines import needs_spark
from clarity_assets_tests.unit.clickstream.modules.shoppers import (
    END,
    Event,
    Habit,
    days_before,
    events_of,
    failed_checks,
    read_events,
    run_module,
    week_of,
)

WEEKS = {"clickstream_window_weeks": 4}
KINDS = {
    "lookers": (80, Habit(session=0.1, views=2, cart=0, purchase=0)),
    "cart fillers": (50, Habit(session=0.4, views=10, cart=1, purchase=0)),
    "buyers": (30, Habit(session=0.8, views=4, cart=1, purchase=0.9)),
}
TRUTH = np.repeat(np.arange(3), [count for count, _ in KINDS.values()])  # by person, who are numbered from 1
SEGMENTS, SEGMENTATIONS, PERSONS = (f"marts.{name}" for name in (SEGMENT, SEGMENTATION, PERSON))


@pytest.fixture(scope="module")
def shop():
    habits = [habit for count, habit in KINDS.values() for _ in range(count)]
    return events_of(habits, days_before(END, 35), np.random.default_rng(2))


@pytest.fixture
def week(shop, engines, tmp_path):
    return run_module(MODULE, read_events(engines("duckdb"), tmp_path, shop), **WEEKS)


def truth_of(rows):
    """Planted kind and found segment of everyone who came."""
    people = rows[PERSONS]
    return TRUTH[people.column("person_id").to_numpy() - 1], people.column("segment").to_numpy()


def test_planted_kinds_of_persons_are_found_without_saying_how_many(week):
    [about] = week[SEGMENTATIONS].to_pylist()
    assert (about["k"], about["is_default_k"], about["note"]) == (3, False, None)
    assert agreement(*truth_of(week)) > 0.97
    assert about["silhouette"] > 0.5


def test_segments_are_named_in_words_the_largest_first(week):
    lookers, fillers, buyers = week[SEGMENTS].to_pylist()
    assert lookers["persons"] > fillers["persons"] > buyers["persons"]
    assert [row["segment"] for row in (lookers, fillers, buyers)] == [1, 2, 3]
    assert "no cart add" in lookers["name"]
    assert "many cart adds" in fillers["name"]
    assert "no purchase" in fillers["name"]
    assert "much revenue" in buyers["name"] or "many purchases" in buyers["name"]
    assert all("came" in row["name"] for row in (lookers, fillers, buyers))


def test_a_segments_figures_are_the_means_of_its_persons(week, shop):
    bought = {event.person for event in shop if event.event_type == "purchase" and event.at >= datetime(2026, 9, 14)}
    *_, buyers = week[SEGMENTS].to_pylist()
    assert buyers["persons"] == len(bought)
    assert buyers["revenue"] == pytest.approx(20 * buyers["purchases"])
    assert 0.8 * 28 * 0.7 < buyers["sessions"] < 0.8 * 28 * 1.3
    assert sum(row["share"] for row in week[SEGMENTS].to_pylist()) == pytest.approx(1)


def test_the_same_persons_stay_in_their_segments_from_week_to_week(week):
    [about] = week[SEGMENTATIONS].to_pylist()
    assert about["stability"] > 0.9
    assert 140 < about["compared_persons"] <= about["persons"] <= 160


def test_nothing_is_compared_where_nobody_came_before(shop, engines, tmp_path):
    recent = [event for event in shop if event.at >= datetime(2026, 10, 5)]
    [about] = run_module(MODULE, read_events(engines("duckdb"), tmp_path, recent), **WEEKS)[SEGMENTATIONS].to_pylist()
    assert (about["stability"], about["compared_persons"]) == (None, 0)


def test_the_rows_keep_their_contracts(week, engines):
    assert failed_checks(week, week_of(engines("duckdb"))) == []


def test_the_window_of_the_week_before_is_read_too():
    assert days_back(load_settings(clickstream_window_weeks=4)) == 28


def test_the_number_of_segments_may_be_set(shop, engines, tmp_path):
    engine = read_events(engines("duckdb"), tmp_path, shop)
    rows = run_module(MODULE, engine, **WEEKS, clickstream_segments=5)
    assert rows[SEGMENTATIONS].to_pylist()[0]["k"] == 5
    assert len({row["name"] for row in rows[SEGMENTS].to_pylist()}) == 5


def test_where_no_number_stands_out_there_are_three_and_it_is_said():
    found = cluster_persons(np.random.default_rng(3).exponential(size=(2_000, 8)), by_sklearn)
    assert (found.k, found.is_default_k) == (3, True)
    assert found.note == "no number of groups from 2 to 8 stands out (silhouette below 0.25): 3"


def test_persons_who_behave_alike_are_one_segment():
    found = cluster_persons(np.ones((50, 8)), by_sklearn)
    assert (found.k, found.silhouette, found.note) == (1, None, "all persons behave alike")
    assert set(found.labels) == {0}


def test_no_more_segments_are_made_than_there_are_ways_to_behave():
    values = np.repeat([[0.0, 0.0], [5.0, 1.0]], 20, axis=0)
    found = cluster_persons(values, by_sklearn, k=6)
    assert (found.k, found.note) == (2, "6 groups were asked for; persons behave in 2 ways only")
    assert cluster_persons(values, by_sklearn, k=1).k == 1


def test_numbers_go_by_size_whatever_the_order_of_persons():
    chance = np.random.default_rng(4)
    values = np.concatenate(
        [chance.normal(centre, 0.3, size=(count, 3)) for centre, count in ((2, 40), (9, 90), (30, 60))]
    )
    order = chance.permutation(len(values))
    found, mixed = cluster_persons(values, by_sklearn), cluster_persons(values[order], by_sklearn)
    assert np.bincount(found.labels).tolist() == [90, 60, 40]
    assert (found.labels[order] == mixed.labels).all()


def test_segments_that_would_have_one_name_get_different_ones():
    means = [dict.fromkeys(BEHAVIOUR, 1.0), dict.fromkeys(BEHAVIOUR, 1.0)]
    names = names_of(means, np.zeros((2, len(BEHAVIOUR))), BEHAVIOUR)
    assert names == ["like most, came 1 day ago", "like most, came 1 day ago (2)"]
    centres = np.array([[3.0, 0, 2.5, 0, 1.6, 0, 0, 0], [3.0, 0, 2.5, 1.5, 1.6, 0, 0, 0]])
    assert names_of(means, centres, BEHAVIOUR) == [
        "many cart adds, many sessions, long sessions, came 1 day ago",
        "many cart adds, many sessions, long sessions, many product views, came 1 day ago",
    ]


def test_words_say_what_is_far_from_the_mean_and_what_is_never_done():
    mean = dict.fromkeys(BEHAVIOUR, 3.0) | {"purchases": 0.0, "revenue": 0.0, "recency_days": 20.2}
    centre = dict.fromkeys(BEHAVIOUR, 0.0) | {"cart_adds": 1.6, "purchases": -0.5, "revenue": -0.6}
    [name] = names_of([mean], np.array([[centre[feature] for feature in BEHAVIOUR]]), BEHAVIOUR)
    assert name == "many cart adds, no purchase, came 20 days ago"


NOON = datetime(2026, 10, 8, 12)
ODD = {
    "nothing": ([], None),
    "one event": ([Event(1, NOON)], 1),
    "one person": ([Event(1, NOON - timedelta(days=i), visit=i) for i in range(20)], 1),
    "29 persons": ([Event(i, NOON) for i in range(29)], 29),
    "bots alone": ([Event(i, NOON, is_bot=True) for i in range(50)], None),
}


@pytest.mark.parametrize(("events", "persons"), ODD.values(), ids=ODD)
def test_too_few_persons_are_told_and_not_grouped(events, persons, engines, tmp_path):
    rows = run_module(MODULE, read_events(engines("duckdb"), tmp_path, events), **WEEKS)
    told = [(row["k"], row["persons"], row["note"]) for row in rows[SEGMENTATIONS].to_pylist()]
    assert told == ([(0, persons, f"too few: {persons} persons, 30 are needed")] if persons else [])
    assert rows[SEGMENTS].num_rows == rows[PERSONS].num_rows == 0


def test_thirty_persons_alike_without_any_price_are_one_segment(engines, tmp_path):
    events = [Event(i, NOON, "purchase", None, 1.0) for i in range(30)]
    rows = run_module(MODULE, read_events(engines("duckdb"), tmp_path, events), **WEEKS)
    [segment] = rows[SEGMENTS].to_pylist()
    assert (segment["persons"], segment["revenue"], segment["purchases"]) == (30, 0.0, 1.0)
    assert segment["name"] == "like most, came 4 days ago"


@needs_spark
def test_spark_groups_persons_as_scikit_learn_does(shop, engines, tmp_path):
    duck, spark = (
        run_module(MODULE, read_events(engines(kind), tmp_path / kind, shop), **WEEKS) for kind in ("duckdb", "spark")
    )
    people = [rows[PERSONS].column("segment").to_numpy() for rows in (duck, spark)]
    assert agreement(*people) >= 0.95
    [ours], [theirs] = (rows[SEGMENTATIONS].to_pylist() for rows in (duck, spark))
    assert (ours["k"], ours["persons"], ours["compared_persons"]) == (
        theirs["k"],
        theirs["persons"],
        theirs["compared_persons"],
    )
    assert theirs["stability"] == pytest.approx(ours["stability"], abs=0.05)


@needs_spark
def test_spark_has_nothing_to_say_of_nothing(engines, tmp_path):
    rows = run_module(MODULE, read_events(engines("spark"), tmp_path, []), **WEEKS)
    assert {found.num_rows for found in rows.values()} == {0}
