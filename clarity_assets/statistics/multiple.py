"""Many p-values of one report in, the same after Benjamini-Hochberg out; what was not tested stays out."""

import numpy as np

from clarity_assets.errors import RequestRefused


def false_discovery_adjusted(p_values: np.ndarray) -> np.ndarray:
    """Adjusted p-values (0-1) in the same order; NaN is "not tested": it stays NaN and does not count.

    Formula: sorted p(1) <= ... <= p(m); adjusted p(i) = min over j >= i of p(j) m / j. Naming what has
    adjusted p <= q keeps the expected share of false names among the names at q or below.
    Source: Benjamini & Hochberg (1995), J. R. Stat. Soc. B 57, 289-300; step-up as
    `scipy.stats.false_discovery_control`.
    Assumptions: each p is uniform or larger without a change; the tests are independent or positively dependent (a page
    and its total rise together): Benjamini & Yekutieli (2001), Ann. Stat. 29, 1165-1188.
    Raises RequestRefused for a p outside 0-1.
    """
    from scipy.stats import false_discovery_control

    p_values = np.asarray(p_values, float)
    is_tested = ~np.isnan(p_values)
    tested = p_values[is_tested]
    if len(tested) and not (tested.min() >= 0 and tested.max() <= 1):
        raise RequestRefused(f"p-values from {tested.min()} to {tested.max()}; they lie in 0-1, NaN for not tested")
    adjusted = np.full(p_values.shape, np.nan)
    if len(tested):
        adjusted[is_tested] = false_discovery_control(tested, method="bh")
    return adjusted
