"""A year of an article site's events in; two segments that stay the same from week to week out.

Deskdrop; nothing is published of its segments: the figures are those of this code, held by bounds.
"""

from datetime import date, timedelta

import numpy as np
import pytest

from clarity_assets.clickstream.engines.duckdb_engine import DuckDBEngine
from clarity_assets.clickstream.modules.module import Run
from clarity_assets.clickstream.modules.prediction.features import matrix, person_features
from clarity_assets.clickstream.modules.segments import MODULE
from clarity_assets.clickstream.modules.segments.clustering import agreement, by_sklearn, cluster_persons
from clarity_assets.clickstream.modules.segments.weekly import BEHAVIOUR
from clarity_assets.project_models import project_models
from clarity_assets.settings import load_settings
from clarity_assets_tests.real_data.article_site import read_site

MONDAY = date(2016, 7, 11)
END = MONDAY + timedelta(days=7)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with DuckDBEngine(threads=2) as engine:
        yield read_site(engine, tmp_path_factory.mktemp("site"), start=date(2016, 5, 9), end=END)


def test_readers_of_a_real_site_are_few_who_do_much_and_many_who_do_little(site):
    settings = load_settings(clickstream_window_weeks=8)
    rows = MODULE.compute(Run(site, MONDAY, END, settings, project_models(settings)))
    [about] = rows["marts.fct_clickstream_segmentation_weekly"].to_pylist()
    assert (about["k"], about["persons"], about["is_default_k"]) == (2, 1_250, False)
    assert about["silhouette"] == pytest.approx(0.472, abs=0.01)
    assert about["stability"] > 0.8
    casual, keen = rows["marts.fct_clickstream_segment_weekly"].to_pylist()
    assert casual["share"] == pytest.approx(0.77, abs=0.02)
    assert keen["sessions"] > 4 * casual["sessions"]
    assert keen["recency_days"] < casual["recency_days"] / 2
    assert "few product views" in casual["name"]
    assert "many product views" in keen["name"]


def test_halves_of_real_persons_give_the_same_segments(site):
    values = matrix(person_features(site, first=END - timedelta(weeks=8), cutoff=END), BEHAVIOUR)
    whole = cluster_persons(values, by_sklearn)
    half = np.random.default_rng(1).permutation(len(values))[: len(values) // 2]
    assert agreement(whole.labels[half], cluster_persons(values[half], by_sklearn).labels) > 0.9
