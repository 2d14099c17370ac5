"""How much wider than chance days spread: worked out by hand, and found again where it is known."""

import numpy as np
import pytest

from clarity_assets.statistics.spread import (
    AUTOCORRELATIONS,
    MOST_PRIOR_DF,
    Calendar,
    Spread,
    design_of,
    estimate_spread,
    steady_correlation,
    steady_dispersion,
)

DAYS = np.arange(35)
FIVE_WEEKS = Calendar(DAYS, DAYS % 7, DAYS >= 28)


def residuals_of(correlation: float, *, series: int, variance: float = 1.0) -> np.ndarray:
    """What is left of normal AR(1) days after a fit of weekdays and a step in the last week."""
    rng = np.random.default_rng([3, int(100 * correlation)])
    noise = rng.normal(0, 1, (series, 35))
    for day in range(1, 35):
        noise[:, day] = correlation * noise[:, day - 1] + np.sqrt(1 - correlation**2) * noise[:, day]
    columns = np.column_stack([np.eye(7)[DAYS % 7], DAYS >= 28])
    return np.sqrt(variance) * (noise - noise @ columns @ np.linalg.pinv(columns))


def spread_of(residuals: np.ndarray, *, floor: float = 1.0) -> Spread:
    series = len(residuals)
    return estimate_spread(
        residuals,
        np.ones(residuals.shape, bool),
        FIVE_WEEKS,
        floor=np.full(series, floor),
        groups=np.full(series, "one"),
    )


def at(correlation: float) -> int:
    return int(np.flatnonzero(correlation == AUTOCORRELATIONS)[0])


def test_independent_days_lose_a_degree_of_freedom_for_each_weekday_and_the_step():
    design, place = design_of(FIVE_WEEKS), at(0.0)
    assert design.df[place] == pytest.approx(35 - 7 - 1)
    assert design.kept[place] == pytest.approx(1.0)
    assert design.inflation[place] == pytest.approx(1.0)


@pytest.mark.parametrize("correlation", [0.3, 0.6])
def test_a_design_tells_what_residuals_of_days_with_memory_show(correlation):
    design, residuals = design_of(FIVE_WEEKS), residuals_of(correlation, series=5_000)
    squares = np.sum(residuals**2, axis=1)
    lag_1 = np.sum(residuals[:, 1:] * residuals[:, :-1], axis=1)
    assert lag_1.mean() / squares.mean() == pytest.approx(design.lag_1[at(correlation)], abs=0.015)
    assert squares.mean() / 27 == pytest.approx(design.kept[at(correlation)], rel=0.03)


@pytest.mark.parametrize(("correlation", "variance"), [(0.0, 3.0), (0.3, 3.0), (0.6, 8.0)])
def test_dispersion_and_memory_are_found_again(correlation, variance):
    spread, design = spread_of(residuals_of(correlation, series=2_000, variance=variance)), design_of(FIVE_WEEKS)
    assert np.median(spread.dispersion) == pytest.approx(variance, rel=0.1)
    assert np.mean(spread.inflation) == pytest.approx(design.inflation[at(correlation)], rel=0.1)


def test_what_is_no_wider_than_chance_has_no_memory():
    spread = spread_of(residuals_of(0.6, series=50, variance=0.5))
    assert spread.dispersion == pytest.approx(1.0)
    assert np.median(spread.inflation) == 1.0


def test_what_is_beyond_chance_grows_with_the_level():
    # dispersion 3 = chance 1 + 2 over 28 days before and 7 after. At ratio 2: 1.2 x = 2, so x = 1.6667 before, 3.3333 after;
    # with equal sums on both sides the log ratio's variance is half of each: 1 + 2.5
    spread = Spread(*(np.array([x]) for x in (3.0, 1.0, 1.0, 27.0)))
    half, fifth = np.array([0.5]), np.array([0.2])
    assert spread.scale_at(np.array([2.0]), share_after=half, days_share_after=fifth) == pytest.approx(3.5)
    assert spread.scale_at(np.array([1.0]), share_after=half, days_share_after=fifth) == pytest.approx(spread.scale)


def test_correlations_that_differ_by_chance_become_their_mean():
    rng = np.random.default_rng(4)
    seen = 0.2 + rng.normal(0, np.sqrt(1 / 27), 400)
    steadied = steady_correlation(seen, np.full(400, 27.0))
    assert steadied == pytest.approx(0.2, abs=0.08)
    differing = steady_correlation(np.repeat([0.0, 0.8], 200), np.full(400, 27.0))
    assert differing[0] < 0.1 < 0.7 < differing[-1]


def test_usual_spreads_are_steadied_as_the_prior_they_were_drawn_from():
    # Smyth (2004): dispersions of 27 degrees of freedom around 2 x d0 / chi-square(d0), d0 = 12
    rng = np.random.default_rng(6)
    dispersions = 2 * 12 / rng.chisquare(12, 5_000) * rng.chisquare(27, 5_000) / 27
    steadied, df = steady_dispersion(dispersions, np.full(5_000, 27.0))
    usual = dispersions < 6
    assert df[usual][0] - 27 == pytest.approx(12, rel=0.15)
    expected = (12 * 2 + 27 * dispersions[usual]) / (12 + 27)
    assert steadied[usual] == pytest.approx(expected, rel=0.05)


def test_a_spread_unlike_all_others_stays_its_own():
    dispersions = np.append(np.random.default_rng(7).chisquare(27, 200) / 27, 9.0)
    steadied, df = steady_dispersion(dispersions, np.full(201, 27.0))
    assert (steadied[-1], df[-1]) == (9.0, 27.0)
    assert np.std(steadied[:-1]) < np.std(dispersions[:-1])
    assert df[0] <= 27 + MOST_PRIOR_DF
