"""Real readers, customers and film lovers: what they did next, and the stars they gave, foretold beside what is naive."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pytest

from clarity_assets.clickstream.engines.engine import EngineSql
from clarity_assets.clickstream.modules.module import Run
from clarity_assets.clickstream.modules.recommendations import MODULE
from clarity_assets.clickstream.modules.recommendations.evaluate import evaluate
from clarity_assets.clickstream.modules.recommendations.queries import POPULAR_LISTS, both, keep_interactions
from clarity_assets.clickstream.modules.recommendations.ranking import Relevant
from clarity_assets.project_models import project_models
from clarity_assets.settings import load_settings
from clarity_assets_tests.fixtures.engines import ENGINES, _spark, engines
from clarity_assets_tests.real_data.archives import MONDAY, read_archive

__all__ = ["_spark", "engines"]

WEEK = timedelta(days=7)
READING = "view=1, like=2, bookmark=3, follow=3, comment_created=4"
ALL_EVENTS = dict.fromkeys(("view", "like", "bookmark", "follow", "comment_created"), 1.0)
READERS = EngineSql(
    """
    with reader as (
        select person_id from clickstream.interaction group by person_id having count(*) >= 5
    )
    select
        count(distinct step.person_id) as persons,
        count(*) as interactions,
        (select count(*) from clickstream.interaction semi join reader using (person_id)) as pairs
    from clickstream.step as step
    semi join reader using (person_id)
    """,
    "",
)
# of all weeks alike, one vote a person: popularity as it is mostly taken
PLAIN = EngineSql(
    """
    select product_id, row_number() over (order by count(*) desc, product_id) as place, 0.0 as score
    from clickstream.interaction
    group by product_id
    """,
    "",
)


@dataclass(frozen=True)
class Over:
    """Means over the persons of many weeks: ALS, popularity of late, and half their difference's interval."""

    persons: int
    als: float
    popular: float
    error: float


def over(rows: Iterable[dict], metric: str, k: int) -> Over:
    told = [row for row in rows if (row["metric"], row["k"]) == (metric, k)]
    persons = np.array([row["evaluated_persons"] for row in told])
    als, popular = (np.average([row[name] for row in told], weights=persons) for name in ("value", "baseline"))
    half = np.array([(row["difference_high"] - row["difference_low"]) / 2 for row in told])
    return Over(int(persons.sum()), als, popular, float(np.sqrt(((persons * half) ** 2).sum()) / persons.sum()))


def judged(engine, settings, ends: Iterable[date]) -> tuple[list[dict], list[np.ndarray]]:
    """The metrics of each week up to these ends; recall@10 by person of plain popularity beside."""
    rows, plain = [], []
    for end in ends:
        rows += evaluate(engine, settings, end - 12 * WEEK, end - WEEK, end).rows
        relevant = Relevant.of(engine.rows(both("select person_id, product_id from {schema}relevant")))
        engine.keep("popular", PLAIN)
        lists = relevant.lists(engine.rows(both(POPULAR_LISTS), {"most": 10}), most=10)
        plain.append(relevant.scores(lists, 10)["recall"])
    return rows, plain


def test_readers_and_their_interactions_are_as_many_as_published(engines, tmp_path):
    engine = read_archive(engines("duckdb"), tmp_path, "deskdrop")
    keep_interactions(engine, ALL_EVENTS, date(2016, 3, 14), date(2017, 3, 1))

    assert engine.rows(READERS).to_pylist() == [{"persons": 1_140, "interactions": 69_868, "pairs": 39_106}]


def test_als_foretells_what_readers_read_next_better_than_popularity(engines, tmp_path):
    """Every third week of a year. News age: popularity of late is nearly as good, plain popularity far off."""
    engine = read_archive(engines("duckdb"), tmp_path, "deskdrop")
    ends = [date(2016, 6, 6) + WEEK * number for number in range(0, 38, 3)]

    rows, plain = judged(engine, load_settings(clickstream_weights=READING), ends)

    recall, ndcg = over(rows, "recall", 10), over(rows, "ndcg", 10)
    assert recall.persons == len(np.concatenate(plain)) > 3_000
    assert recall.als > 2 * np.concatenate(plain).mean()
    assert recall.als > recall.popular
    assert ndcg.als - ndcg.popular > ndcg.error


def test_als_foretells_what_customers_buy_next_twice_as_well_as_popularity(engines, tmp_path):
    engine = read_archive(engines("duckdb"), tmp_path, "retail")
    ends = [date(2010, 3, 1) + WEEK * number for number in range(0, 40, 8)]

    rows, plain = judged(engine, load_settings(), ends)

    recall, ndcg = over(rows, "recall", 10), over(rows, "ndcg", 10)
    assert recall.als > 1.6 * max(recall.popular, np.concatenate(plain).mean())
    assert ndcg.als > 1.5 * ndcg.popular
    assert recall.als - recall.popular > recall.error


@pytest.mark.parametrize("kind", ENGINES)
def test_stars_of_movielens_are_foretold_to_094(engines, kind, tmp_path):
    """The u1 split; 10 factors, lambda 0.12, 10 rounds. A mean for everything is off by 1.154."""
    settings = load_settings()
    run = Run(
        read_archive(engines(kind), tmp_path, "movielens"), MONDAY, MONDAY + WEEK, settings, project_models(settings)
    )

    [told] = MODULE.compute(run)["marts.fct_clickstream_recommender_weekly"].to_pylist()

    assert told["metric"] == "rmse"
    assert told["value"] <= 0.94
    assert told["baseline"] == pytest.approx(1.154, abs=0.001)
    assert told["evaluated_persons"] == 459
