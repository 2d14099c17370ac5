"""Baskets in, all products that stand together in enough of them out; more support is asked where time runs out."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

Itemsets = list[tuple[tuple[int, ...], int]]
"""Places of products (0: the product that most baskets hold), ascending; and the baskets that hold them all."""

Mine = Callable[[int, float], Itemsets | None]
"""(baskets that an itemset must stand in, seconds) -> every such itemset; None: too many, or the time is over."""

LEAST_COUNT = 5  # baskets; what fewer hold is chance, and their number explodes
MOST_ITEMSETS = 100_000  # nobody reads more, and both engines stop at the same number
SHARE_OF_TIME = 0.5  # of what is left for each try, so that the next, with twice the support, has as much


@dataclass(frozen=True)
class Found:
    """`least_asked`, `least`: the baskets that an itemset had to stand in as asked, and as it came to be. `tries` that
    were given up before. `is_singles`: no try ended in time, so that single products alone are told."""

    itemsets: Itemsets
    least_asked: int
    least: int
    tries: int
    is_singles: bool
    seconds: float


def least_count(min_support: float, baskets: int) -> int:
    """The fewest baskets that an itemset of this support (0-1) stands in: never less than LEAST_COUNT."""
    return max(LEAST_COUNT, math.ceil(min_support * baskets - 1e-9))  # 0.07 x 100 is 7.000000000000001


def search(
    mine: Mine, counts: list[int], least: int, *, budget_s: float, clock: Callable[[], float] = time.monotonic
) -> Found:
    """All itemsets in `least` baskets or more; in twice as many, and so on, where time or MOST_ITEMSETS ends a try.

    `counts`: baskets of each product, descending, those below `least` left out. A try takes half of the seconds that
    are left, so all of them end within the budget (but for the moment that it takes to stop one).
    """
    start, asked, tries = clock(), least, 0
    while counts and least <= counts[0]:
        left_s = budget_s - (clock() - start)
        if left_s <= 0:
            break
        itemsets = mine(least, left_s * SHARE_OF_TIME)
        if itemsets is not None:
            return Found(sorted(itemsets, key=_by_size), asked, least, tries, False, clock() - start)
        least, tries = 2 * least, tries + 1
    singles = [((place,), count) for place, count in enumerate(counts)] if tries else []
    return Found(singles, asked, asked if tries else least, tries, bool(tries), clock() - start)


def _by_size(itemset: tuple[tuple[int, ...], int]) -> tuple[int, tuple[int, ...]]:
    """The engines find them in different orders."""
    return len(itemset[0]), itemset[0]
