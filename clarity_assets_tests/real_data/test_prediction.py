"""Real sessions of a shop and a year of an article site in; the models' figures as they are, held by bounds.

Online Shoppers (Sakar et al. 2019): 12,330 sessions, 15.47 % bought; published AUC .937 (PMC10121810).
Deskdrop: who likes an article within a week, from eight weeks before; nothing is published of that.
"""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from clarity_assets.clickstream.engines.duckdb_engine import DuckDBEngine
from clarity_assets.clickstream.modules import conversion, purchase
from clarity_assets.clickstream.modules.module import Module, Run
from clarity_assets.clickstream.modules.prediction.evaluate import evaluate
from clarity_assets.clickstream.modules.prediction.learners import SEED, Learner
from clarity_assets.clickstream.modules.prediction.samples import Samples
from clarity_assets.clickstream.modules.prediction.scores import auc
from clarity_assets.clickstream.modules.prediction.sklearn_models import SklearnLogistic, SklearnTree
from clarity_assets.project_models import project_models
from clarity_assets.settings import load_settings
from clarity_assets_tests.real_data.article_site import read_site

FILE = Path(__file__).parents[3] / "shared" / "data" / "online_shoppers" / "online_shoppers_intention.csv"
KINDS = ("Month", "OperatingSystems", "Browser", "Region", "TrafficType", "VisitorType")  # numbers that name, not count
BEST = "PageValues"  # Google Analytics' worth of the pages seen, which knows of the transaction


@pytest.fixture(scope="module")
def shoppers() -> Samples:
    if not FILE.is_file():
        pytest.skip(f"{FILE} is not there: the real sessions are not part of the project")
    import pandas as pd

    rows = pd.read_csv(FILE, sep=";")
    assert (len(rows), int(rows.duplicated().sum())) == (12_330, 125)
    is_buyer = rows.pop("Revenue").to_numpy(bool)
    x = pd.get_dummies(rows, columns=list(KINDS)).astype(float)
    return Samples(tuple(x.columns), x.to_numpy(), is_buyer)


def without(samples: Samples, name: str) -> Samples:
    kept = [i for i, each in enumerate(samples.names) if each != name]
    return Samples(tuple(samples.names[i] for i in kept), samples.x[:, kept], samples.is_buyer)


def folds(samples: Samples) -> list[tuple[np.ndarray, np.ndarray]]:
    from sklearn.model_selection import StratifiedKFold

    return list(StratifiedKFold(5, shuffle=True, random_state=SEED).split(samples.x, samples.is_buyer))


def mean_auc(samples: Samples, told: Callable[[Samples, np.ndarray], np.ndarray]) -> float:
    """Of five folds; `told`: probabilities of rows by what was learnt from the others."""
    parts = [(samples.take(learnt), samples.take(tested)) for learnt, tested in folds(samples)]
    with threadpool_limits(1):
        return float(np.mean([auc(tested.is_buyer, told(learnt, tested.x)) for learnt, tested in parts]))


def by(learner: Learner) -> Callable[[Samples, np.ndarray], np.ndarray]:
    return lambda s, x: learner.tuned(s.x, s.is_buyer).fit(s.x, s.is_buyer).probabilities(x)


def boosted(samples: Samples, x: np.ndarray) -> np.ndarray:
    """Gradient boosting, which the product does without: a person reads a tree of six levels, not a hundred trees."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(max_iter=60, random_state=SEED)
    return model.fit(samples.x, samples.is_buyer).predict_proba(x)[:, 1]


def test_a_sixth_of_real_sessions_bought(shoppers):
    assert shoppers.buyers / len(shoppers) == pytest.approx(0.1547, abs=0.00005)


@pytest.mark.parametrize(
    ("told", "whole", "poorer"),
    [
        pytest.param(by(SklearnTree()), 0.926, 0.753, id="tree"),
        pytest.param(by(SklearnLogistic()), 0.915, 0.755, id="logistic"),
        pytest.param(boosted, 0.935, 0.785, id="gradient boosting"),
    ],
)
def test_real_sessions_are_ranked_as_well_as_published(told, whole, poorer, shoppers):
    """.92 asked for: the tree has .926, gradient boosting .935 (published .937); logistic regression alone is below."""
    assert mean_auc(shoppers, told) == pytest.approx(whole, abs=0.004)
    assert mean_auc(without(shoppers, BEST), told) == pytest.approx(poorer, abs=0.008)


@pytest.mark.parametrize("learner", [SklearnTree(), SklearnLogistic()], ids=["tree", "logistic"])
def test_the_verdict_on_real_sessions_names_the_feature_that_does_most_of_it(learner, shoppers):
    learnt, tested = folds(shoppers)[0]
    found = evaluate(learner, shoppers.take(learnt), shoppers.take(tested))
    assert found.verdict == "signal"
    assert found.baseline_name == f"{BEST} (more)"
    assert 0.85 < found.baseline_auc < found.auc.low
    assert found.brier < 0.75 * found.baseline_brier


@pytest.mark.parametrize("learner", [SklearnTree(), SklearnLogistic()], ids=["tree", "logistic"])
def test_real_sessions_with_labels_of_others_give_no_signal(learner, shoppers):
    learnt, tested = folds(shoppers)[0]
    mixed = Samples(shoppers.names, shoppers.x, np.random.default_rng(1).permutation(shoppers.is_buyer))
    assert evaluate(learner, mixed.take(learnt), mixed.take(tested)).verdict == "no signal"


def week(engine: DuckDBEngine, module: Module, monday: date) -> dict:
    """The model's row of a week of the article site."""
    settings = load_settings(clickstream_window_weeks=8, clickstream_horizon_days=7)
    run = Run(engine, monday, monday + timedelta(days=7), settings, project_models(settings))
    return module.compute(run)[f"marts.fct_clickstream_{module.name}_model_weekly"].to_pylist()[0]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with DuckDBEngine(threads=2) as engine:
        folder = tmp_path_factory.mktemp("site")
        yield read_site(engine, folder, start=date(2016, 4, 18), end=date(2016, 12, 19))


def test_who_likes_an_article_next_week_is_foretold_from_real_events(site):
    tree, logistic = (week(site, module.MODULE, date(2016, 7, 11)) for module in (conversion, purchase))
    assert (tree["persons_test"], tree["buyers_train"], tree["buyers_test"]) == (1_224, 85, 108)
    assert (tree["verdict"], logistic["verdict"]) == ("signal", "signal")
    assert tree["auc"] == pytest.approx(0.761, abs=0.01)
    assert logistic["auc"] == pytest.approx(0.813, abs=0.005)
    assert logistic["baseline_auc"] == pytest.approx(0.806, abs=0.001)
    assert logistic["brier"] < logistic["baseline_brier"] == pytest.approx(0.081, abs=0.001)
    assert tree["note"] == "one feature alone, purchases (more), ranks as well"


def test_a_quiet_season_of_real_events_is_refused(site):
    found = week(site, purchase.MODULE, date(2016, 12, 12))
    assert (found["verdict"], found["note"]) == ("too few", "19 buyers to learn from, 30 are needed")
