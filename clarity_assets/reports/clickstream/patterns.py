"""Facts of events in, the section on products that go together: rules, itemsets and what was cut, out."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from clarity_assets.reports.clickstream.facts import EventFacts
from clarity_assets.reports.clickstream.parts import bars, missing, of_week
from clarity_assets.reports.clickstream.tables import ITEMSET, PATTERN_RUN, RULE
from clarity_assets.reports.document import (
    BubbleChart,
    Chart,
    Column,
    Finding,
    Name,
    Part,
    Point,
    Section,
    Sentence,
    Table,
)
from clarity_assets.reports.figures import Figure
from clarity_assets.reports.marts import Total
from clarity_assets.reports.product.parts import MOST, TOP
from clarity_assets.statistics.together import chance_of_together

TITLE = "Patterns"
JOINED = " + "  # between the products of a set, as the analysis writes it
OF = {"purchase": "bought", "cart": "put into carts", "view": "viewed"}
TOO_FEW, CUT, RAISED, SINGLES = "too few", "baskets cut to", "min support raised", "no search ended"
"""How the parts of a run's note begin, as the analysis writes them."""

LEAST_LIFT = 1.2  # below, two products are hardly more together than chance would have it
LARGEST_P = 0.05  # of all sets that could have been found together: none of them by chance alone, in 19 of 20 weeks
LOOKED_AT = 1_000  # rules, the highest lift first
BUBBLES = 30
CANNOT_TELL = (
    "Whether showing one product beside the other sells more: they may be bought together anyway.",
    "How strong a tie is: the strongest are picked from very many, so their lift is partly luck.",
)


def patterns(facts: EventFacts) -> Section:
    """Which products are bought together, how strongly, and what the search left out."""
    week = facts.marts.newest_week(PATTERN_RUN)
    if week is None:
        return missing(facts, PATTERN_RUN, title=TITLE)
    measures = ["baskets", "products", "baskets_cut", "items_cut", "min_support_used", "min_support_asked"]
    [run] = facts.marts.totals(PATTERN_RUN, measures, period=week)
    [told] = facts.marts.rows(PATTERN_RUN, ["basket_of", "is_cut", "note", "max_basket_size"], period=week)
    rules = facts.marts.totals(RULE, ["lift", "confidence", "support", "baskets"], by=("antecedent", "consequent"),
                               period=week, top=LOOKED_AT)  # fmt: skip
    found = facts.marts.totals(ITEMSET, ["baskets", "support"], by=("itemset", "size"), period=week)
    sets = [one for one in found if one.keys["size"] > 1][:MOST]
    tested = _Tested.of(run, found)
    return Section(
        "patterns", TITLE, findings=tuple(_findings(run, told, rules, found, tested)),
        blocks=() if _parts(told, TOO_FEW) else tuple(_blocks(rules[:MOST], sets, told, tested)),
        notes=(of_week(week),), cannot_tell=CANNOT_TELL,
    )  # fmt: skip


@dataclass(frozen=True)
class _Tested:
    """Which rules are more than chance, of all that could be made of the products that are frequent by themselves."""

    baskets: int
    frequent: int
    largest: int

    @classmethod
    def of(cls, run: Total, found: Sequence[Total]) -> "_Tested":
        sizes = [one.keys["size"] for one in found]
        return cls(round(run.value("baskets")), max(2, sizes.count(1)), max(sizes, default=2))

    def is_more_than_chance(self, rule: Total) -> bool:
        """By the exact test, times the rules of its size that were possible, times the sizes (Bonferroni)."""
        confidence, both = rule.value("confidence") / 100, round(rule.value("baskets"))
        p = chance_of_together(
            both=both, first=round(both / confidence), second=round(self.baskets * confidence / rule.value("lift")),
            of=self.baskets,
        )  # fmt: skip
        size = rule.keys["antecedent"].count(JOINED) + 2
        return p * size * math.comb(max(self.frequent, size), size) * max(1, self.largest - 1) < LARGEST_P


# --- findings ----------------------------------------------------------------------------------------------------


def _findings(
    run: Total, told: Mapping, rules: Sequence[Total], found: Sequence[Total], tested: _Tested
) -> Iterator[Finding]:
    if few := _parts(told, TOO_FEW):
        words = "Too few baskets to say what goes together: {why}."
        why = few[0].removeprefix(TOO_FEW).lstrip(": ")
        yield Finding("baskets", {}, Sentence(words, {"why": why or "hardly any"}), run["baskets"])
        return
    strong = [one for one in rules if one.value("lift") >= LEAST_LIFT]
    sure = [one for one in strong if tested.is_more_than_chance(one)]
    if strong and not sure:
        yield _only_chance(run, strong)
    else:
        yield _first_rule(sure, told) if sure else _no_rule(run, rules, found)
    yield _cut(run, told)


def _parts(told: Mapping, *begin: str) -> list[str]:
    """The parts of the run's note that begin so."""
    return [part for part in (told["note"] or "").rstrip(".").split("; ") if part.startswith(begin)]


def _no_rule(run: Total, rules: Sequence[Total], found: Sequence[Total]) -> Finding:
    """That no rule is strong: what was asked of one, and what comes nearest. Weaker ties may be there."""
    words = "No rule has the confidence asked for (CLICKSTREAM_MIN_CONFIDENCE), in {baskets} of {products}"
    values = {"baskets": run["baskets"], "products": run["products"]}
    if rules:
        words = (
            "No rule has both the confidence asked for (CLICKSTREAM_MIN_CONFIDENCE) and a lift of {least} or more, in "
            "{baskets} of {products}: the highest lift is {lift}, and 1 is chance"
        )
        values |= {"least": f"{LEAST_LIFT:g}", "lift": max((one["lift"] for one in rules), key=lambda f: f.value or 0)}
    elif nearest := _nearest(run, found):
        words += "; of {pairs} nearest to it is {pair} with {confidence} (lift {lift}, {both})"
        values |= nearest
    words += ". That is not to say that no products go together: with less confidence asked for, weaker rules are told."
    return Finding("lift", {}, Sentence(words, values), run["baskets"])


def _only_chance(run: Total, rules: Sequence[Total]) -> Finding:
    """That so many combinations were looked at that the strongest may be luck."""
    words = (
        "No rule is shown to be more than chance: among all rules on {products} in {baskets}, chance alone could "
        "bring one like the strongest ({lift}, {both}). More baskets tell: a longer CLICKSTREAM_WINDOW_WEEKS."
    )
    first = rules[0]
    values = {"products": run["products"], "baskets": run["baskets"], "lift": first["lift"], "both": first["baskets"]}
    return Finding("lift", {}, Sentence(words, values), run["baskets"])


def _nearest(run: Total, found: Sequence[Total]) -> dict[str, Part]:
    """The pair of the highest confidence, either way round; nothing where no pair is frequent."""
    alone = {one.keys["itemset"]: one.value("baskets") for one in found if one.keys["size"] == 1}
    pairs = [(one, one.keys["itemset"].split(JOINED)) for one in found if one.keys["size"] == 2]
    known = [(one, [alone[name] for name in of]) for one, of in pairs if set(of) <= set(alone)]
    if not known:
        return {}
    pair, (a, b) = max(known, key=lambda one: one[0].value("baskets") / min(one[1]))
    both, source = pair.value("baskets"), replace(pair["baskets"].source, statistic="ratio", against=())
    return {
        "pairs": f"{len(pairs):,} frequent pair{'' if len(pairs) == 1 else 's'}", "pair": _items(pair.keys["itemset"]),
        "confidence": Figure(100 * both / min(a, b), "%", source, decimals=1),
        "lift": Figure(both * run.value("baskets") / (a * b), "times", source, decimals=2), "both": pair["baskets"],
    }  # fmt: skip


def _first_rule(rules: Sequence[Total], told: Mapping) -> Finding:
    """The rule that concerns most baskets among the strong ones."""
    first = max(rules, key=lambda one: (one.value("baskets"), one.value("confidence")))
    words = (
        "Who has {a} {of} has {b} too in {confidence}: {lift} as often as chance would have it, in {baskets} "
        "({support} of all). To try: show them together, or as a set."
    )
    values = {
        "a": _items(first.keys["antecedent"]),
        "b": _items(first.keys["consequent"]),
        "of": OF.get(told["basket_of"], "together"),
        "confidence": first["confidence"],
        "lift": first["lift"],
        "baskets": first["baskets"],
        "support": first["support"],
    }
    where = {"antecedent": first.keys["antecedent"], "consequent": first.keys["consequent"]}
    return Finding("lift", where, Sentence(words, values), first["baskets"])


def _cut(run: Total, told: Mapping) -> Finding:
    """What was searched, and what was left out of it."""
    words = "Searched: {baskets} ({of}) of {products}, sets in {support} of baskets or more."
    within = "one order or session" if told["basket_of"] == "purchase" else "one session"
    values = {"baskets": run["baskets"], "of": f"products {OF.get(told['basket_of'], 'together')} in {within}",
              "products": run["products"], "support": run["min_support_used"]}  # fmt: skip
    left, more = _left_out(run, told)
    words += f" Left out: {'; '.join(left)}." if left else "" if told["is_cut"] else " Nothing was left out."
    known = _parts(told, CUT, RAISED, SINGLES)
    if note := "; ".join(part for part in _parts(told, "") if part and part not in known):
        words += " Note: {note}."
        values["note"] = note
    return Finding("baskets", {}, Sentence(words, values | more), run["baskets"])


def _left_out(run: Total, told: Mapping) -> tuple[list[str], dict[str, Part]]:
    """What the search did not look at, and why as the run itself tells it; with its numbers."""
    left, values = [], {}
    if run.value("baskets_cut") or run.value("items_cut"):
        left.append("{items} of {cut} with more than the {size} that are looked at")
        values |= {"cut": run["baskets_cut"], "size": f"{told['max_basket_size']}", "items": run["items_cut"]}
    if single := _parts(told, SINGLES):
        left.append("every set of two products or more, for {single}")
        values["single"] = single[0]
    elif run.value("min_support_used") > run.value("min_support_asked"):
        left.append("rarer sets ({asked} were asked for{why})")
        reason = "".join(_parts(told, RAISED)[:1]).partition(": ")[2]
        values |= {"asked": run["min_support_asked"], "why": f"; {reason}" if reason else ""}
    return left, values


def _items(text: str) -> Name:
    return Name(text, "product")


# --- pictures and tables -----------------------------------------------------------------------------------------


def _blocks(rules: Sequence[Total], sets: Sequence[Total], told: Mapping, tested: _Tested) -> Iterator[Chart | Table]:
    of = OF.get(told["basket_of"], "together")
    if len(rules) > 1:
        yield _bubbles(rules)
    if sets:
        yield bars("patterns_sets", f"Products {of} together", sets[:TOP], "baskets",
                   label=lambda one: _items(one.keys["itemset"]), is_part=len(sets) > TOP)  # fmt: skip
    yield _rules("patterns_rules", "Rules", rules[:TOP], tested)
    if len(rules) > TOP:
        yield _rules("patterns_more_rules", "More rules", rules[TOP:], tested, is_long=True)
    if len(sets) > TOP:
        columns = (Column("Products"), Column("Baskets", True), Column("Support", True))
        rows = tuple((_items(one.keys["itemset"]), one["baskets"], one["support"]) for one in sets)
        yield Table("patterns_all_sets", "All sets of two products or more", columns, rows, is_long=True)


def _bubbles(rules: Sequence[Total]) -> BubbleChart:
    points = tuple(
        Point(_items(f"{one.keys['antecedent']} → {one.keys['consequent']}"), one.value("support"),
              one.value("confidence"), one.value("lift"), one["support"].source, one["confidence"].source,
              one["lift"].source)
        for one in rules[:BUBBLES]
    )  # fmt: skip
    first = max(points, key=lambda point: point.size)
    summary = f"Of {len(points)} rules, {first.label.text} has the highest lift: {first.size:.1f} times chance."
    return BubbleChart("patterns_map", "Rules by support, confidence and lift", summary, "Support (% of baskets)",
                       "Confidence (%)", "Lift", points)  # fmt: skip


def _rules(name: str, title: str, rules: Sequence[Total], tested: _Tested, *, is_long: bool = False) -> Table:
    columns = (Column("Who has"), Column("Has too"), Column("Baskets", True, "That hold all of them"),
               Column("Support", True, "Of all baskets"), Column("Confidence", True, "Of baskets with the first"),
               Column("Lift", True, "Confidence / share of all baskets with the second; 1 is chance"),
               Column("More than chance", False, "By the exact test, of all rules that were possible"))  # fmt: skip
    rows = tuple(
        (_items(one.keys["antecedent"]), _items(one.keys["consequent"]), one["baskets"], one["support"],
         one["confidence"], one["lift"], "yes" if tested.is_more_than_chance(one) else "not shown")
        for one in rules
    )  # fmt: skip
    note = "Highest lift first." if rows else "No rule has enough support and confidence."
    return Table(name, title, columns, rows, note=note, is_long=is_long)
