"""Itemsets in, rules "who has these has that too" out: baskets, support, confidence and lift of each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from clarity_assets.clickstream.modules.patterns.search import Itemsets

JOINED = " + "
ALONE = re.compile(r"(?<!\S)(\\*\+)(?!\S)")
"""A plus sign of a product's own id that could be read as one between two products."""


@dataclass(frozen=True)
class Rule:
    """One basket in `lift` times as many as by chance: places of products, and the baskets that hold all of them."""

    antecedent: tuple[int, ...]
    consequent: int
    baskets: int
    confidence: float
    lift: float


def rules_of(itemsets: Itemsets, *, baskets: int, min_confidence: float) -> list[Rule]:
    """Every rule with one product as its consequence. `baskets`: all there are, those of one product too.

    confidence = baskets with both / baskets with the antecedent; lift = confidence / share of baskets with the
    consequent: Agrawal, Imielinski & Swami 1993; Brin, Motwani, Ullman & Tsur 1997.
    """
    counts = dict(itemsets)
    found = []
    for places, count in itemsets:
        for consequent in places if len(places) > 1 else ():
            antecedent = tuple(place for place in places if place != consequent)
            confidence = count / counts[antecedent]
            if confidence >= min_confidence:
                lift = confidence / (counts[(consequent,)] / baskets)
                found.append(Rule(antecedent, consequent, count, confidence, lift))
    return found


class Names:
    """Products by place; sets of them as one text that tells them apart.

    Sorted, with ` + ` between. A plus sign that stands alone in a product's own id gets a backslash before it (`a + b`
    is written `a \\+ b`), so that no two sets have the same text.
    """

    def __init__(self, products: Sequence[str]) -> None:
        self._products = products
        self._written = [ALONE.sub(r"\\\1", product) for product in products]

    def text(self, places: Sequence[int]) -> str:
        return JOINED.join(self._written[place] for place in sorted(places, key=self._products.__getitem__))
