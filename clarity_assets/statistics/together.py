"""Baskets that hold one thing, another, and both in; how likely chance alone brings so many together, out."""

from clarity_assets.errors import RequestRefused


def chance_of_together(*, both: int, first: int, second: int, of: int) -> float:
    """Probability (0-1) that `both` or more of `of` baskets hold the first and the second, if they are independent.

    `first`, `second`: baskets that hold the one, and the other. Exact, however few baskets.
    Formula: upper tail of the hypergeometric distribution: sum over k >= both of C(first, k) C(of - first, second - k)
    / C(of, second). Source: Fisher (1935), The Design of Experiments, one-sided exact test of a 2 x 2 table.
    Raises RequestRefused where no baskets can have these counts.
    """
    from scipy.stats import hypergeom

    if not max(0, first + second - of) <= both <= min(first, second) or max(first, second) > of:
        raise RequestRefused(
            f"{both} of {of} baskets hold both, {first} the first and {second} the second: no baskets can do that"
        )
    return float(hypergeom.sf(both - 1, of, first, second))
