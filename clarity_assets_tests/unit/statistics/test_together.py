"""How likely chance brings two things together: against counting, against Fisher's exact test, and impossible counts."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import fisher_exact

from clarity_assets.errors import RequestRefused
from clarity_assets.statistics.together import chance_of_together


def test_it_is_the_share_of_all_ways_to_fill_the_baskets():
    ways = [len({0, 1, 2} & set(chosen)) for chosen in combinations(range(7), 4)]
    for both in range(4):
        expected = sum(held >= both for held in ways) / len(ways)
        assert chance_of_together(both=both, first=3, second=4, of=7) == pytest.approx(expected)


def test_it_is_fishers_one_sided_test():
    rng = np.random.default_rng(5)
    for _ in range(50):
        of = int(rng.integers(5, 400))
        first, second = (int(rng.integers(1, of + 1)) for _ in range(2))
        both = int(rng.integers(max(0, first + second - of), min(first, second) + 1))
        table = [[both, first - both], [second - both, of - first - second + both]]
        expected = fisher_exact(table, alternative="greater").pvalue
        assert chance_of_together(both=both, first=first, second=second, of=of) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("counts", [(5, 4, 9, 20), (1, 9, 9, 10), (3, 5, 30, 20), (-1, 2, 2, 10)])
def test_counts_that_no_baskets_can_have_are_refused(counts):
    with pytest.raises(RequestRefused, match="no baskets can do that"):
        chance_of_together(**dict(zip(("both", "first", "second", "of"), counts, strict=True)))
