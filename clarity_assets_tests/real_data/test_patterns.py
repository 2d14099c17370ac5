"""The baskets of a real grocery: the itemsets and rules that others published and recomputed, on both engines."""

from collections import Counter
from datetime import timedelta

import pytest

from clarity_assets.clickstream.modules.module import Rows, Run
from clarity_assets.clickstream.modules.patterns import MODULE
from clarity_assets.project_models import project_models
from clarity_assets.settings import load_settings
from clarity_assets_tests.fixtures.engines import ENGINES, _spark, engines
from clarity_assets_tests.real_data.archives import MONDAY, read_archive

__all__ = ["_spark", "engines"]

ITEMSETS, RULES, RUNS = (f"marts.{table}" for table in MODULE.tables)


@pytest.fixture(params=ENGINES)
def shop(request, engines, tmp_path):
    """What the module finds at a support, on each engine in turn."""
    engine = read_archive(engines(request.param), tmp_path, "groceries")

    def at(support: float) -> Rows:
        settings = load_settings(clickstream_min_support=support)
        return MODULE.compute(Run(engine, MONDAY, MONDAY + timedelta(days=7), settings, project_models(settings)))

    return at


def test_itemsets_and_rules_of_groceries_are_as_many_as_published(shop):
    found = shop(0.01)
    [run] = found[RUNS].to_pylist()
    single = [row["baskets"] for row in found[ITEMSETS].to_pylist() if row["size"] == 1]

    assert (run["basket_of"], run["baskets"], run["products"]) == ("purchase", 9_835, 169)
    assert (run["is_cut"], run["note"], run["min_support_used"]) == (False, None, 0.01)
    assert Counter(found[ITEMSETS]["size"].to_pylist()) == {1: 88, 2: 213, 3: 32}
    assert max(single) == 2_513  # whole milk
    assert shop(0.05)[ITEMSETS].num_rows == 31
    assert shop(0.005)[ITEMSETS].num_rows == 1_001
    assert shop(0.006)[RULES].num_rows == 463
