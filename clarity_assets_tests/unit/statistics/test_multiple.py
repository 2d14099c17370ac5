"""Benjamini-Hochberg against the example of the paper that proposed it."""

import numpy as np
import pytest

from clarity_assets.errors import RequestRefused
from clarity_assets.statistics.multiple import false_discovery_adjusted

# Benjamini & Hochberg (1995), section 4.1: 15 endpoints of a study of myocardial infarction; at 0.05 the first four are named
PAPER = [
    0.0001,
    0.0004,
    0.0019,
    0.0095,
    0.0201,
    0.0278,
    0.0298,
    0.0344,
    0.0459,
    0.3240,
    0.4262,
    0.5719,
    0.6528,
    0.7590,
    1.0,
]


def test_the_papers_example_names_four_of_fifteen():
    adjusted = false_discovery_adjusted(np.array(PAPER))
    assert list(adjusted <= 0.05) == [True] * 4 + [False] * 11
    assert adjusted[:4] == pytest.approx([0.0015, 0.003, 0.0095, 0.035625])  # p x 15 / rank


def test_an_adjusted_p_is_never_above_that_of_a_larger_p():
    # 0.0298 x 15 / 7 = 0.06386 is less than 0.0278 x 15 / 6 = 0.0695, so rank 6 takes rank 7's
    adjusted = false_discovery_adjusted(np.array(PAPER))
    assert adjusted[5] == adjusted[6] == pytest.approx(0.0298 * 15 / 7)


def test_the_order_of_the_p_values_does_not_matter():
    shuffled = np.random.default_rng(3).permutation(len(PAPER))
    adjusted = false_discovery_adjusted(np.array(PAPER))
    assert false_discovery_adjusted(np.array(PAPER)[shuffled]) == pytest.approx(adjusted[shuffled])


def test_what_was_not_tested_stays_unknown_and_does_not_count():
    adjusted = false_discovery_adjusted(np.array([0.01, np.nan, 0.04, np.nan]))
    assert adjusted[[0, 2]] == pytest.approx([0.02, 0.04])
    assert np.isnan(adjusted[[1, 3]]).all()


def test_nothing_tested_names_nothing():
    assert np.isnan(false_discovery_adjusted(np.array([np.nan, np.nan]))).all()
    assert false_discovery_adjusted(np.array([])).shape == (0,)


def test_a_p_outside_0_to_1_is_refused():
    with pytest.raises(RequestRefused, match=r"p-values from 0.2 to 1.2"):
        false_discovery_adjusted(np.array([0.2, 1.2]))
