"""Facts of events in, the section on products that go together: rules, itemsets and what was cut, out."""

from collections.abc import Iterator, Mapping, Sequence

from clarity_assets.reports.clickstream.facts import EventFacts
from clarity_assets.reports.clickstream.parts import bars, missing, of_week
from clarity_assets.reports.clickstream.tables import ITEMSET, PATTERN_RUN, RULE
from clarity_assets.reports.document import BubbleChart, Chart, Column, Finding, Name, Point, Section, Sentence, Table
from clarity_assets.reports.marts import Total
from clarity_assets.reports.product.parts import MOST, TOP

TITLE = "Patterns"
OF = {"purchase": "bought", "cart": "put into carts", "view": "viewed"}
LEAST_LIFT = 1.2  # below, two products are hardly more together than chance would have it
BUBBLES = 30
CANNOT_TELL = (
    "Whether showing one product beside the other sells more: they may be bought together anyway.",
    "Rules are picked from very many, so the strongest are partly luck: trust those with many baskets.",
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
                               period=week, top=MOST)  # fmt: skip
    sets = [one for one in facts.marts.totals(ITEMSET, ["baskets", "support"], by=("itemset", "size"), period=week)
            if one.keys["size"] > 1][:MOST]  # fmt: skip
    return Section(
        "patterns", TITLE, findings=tuple(_findings(run, told, rules)), blocks=tuple(_blocks(rules, sets, told)),
        notes=(of_week(week),), cannot_tell=CANNOT_TELL,
    )  # fmt: skip


# --- findings ----------------------------------------------------------------------------------------------------


def _findings(run: Total, told: Mapping, rules: Sequence[Total]) -> Iterator[Finding]:
    strong = [one for one in rules if one.value("lift") >= LEAST_LIFT]
    if not strong:
        words = "No two products are {of} together clearly more often than chance, in {baskets} of {products}."
        values = {"of": OF.get(told["basket_of"], "together"), "baskets": run["baskets"], "products": run["products"]}
        yield Finding("lift", {}, Sentence(words, values), run["baskets"])
    else:
        yield _first_rule(strong, told)
    yield _cut(run, told)


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
    values = {"baskets": run["baskets"], "of": f"products {OF.get(told['basket_of'], 'together')} in one session",
              "products": run["products"], "support": run["min_support_used"]}  # fmt: skip
    if told["is_cut"]:
        words += " Left out: {cut} beyond the {size} products of a basket that are looked at ({items})"
        values |= {"cut": run["baskets_cut"], "size": f"{told['max_basket_size']}", "items": run["items_cut"]}
        if run.value("min_support_used") > run.value("min_support_asked"):
            words += "; and rarer sets, since the search would have passed its time ({asked} were asked for)"
            values["asked"] = run["min_support_asked"]
        words += "."
    else:
        words += " Nothing was left out."
    if told["note"]:
        words += " Note: {note}."
        values["note"] = told["note"].rstrip(".")
    return Finding("baskets", {}, Sentence(words, values), run["baskets"])


def _items(text: str) -> Name:
    return Name(text, "product")


# --- pictures and tables -----------------------------------------------------------------------------------------


def _blocks(rules: Sequence[Total], sets: Sequence[Total], told: Mapping) -> Iterator[Chart | Table]:
    of = OF.get(told["basket_of"], "together")
    if len(rules) > 1:
        yield _bubbles(rules)
    if sets:
        yield bars("patterns_sets", f"Products {of} together", sets[:TOP], "baskets",
                   label=lambda one: _items(one.keys["itemset"]))  # fmt: skip
    yield _rules("patterns_rules", "Rules", rules[:TOP])
    if len(rules) > TOP:
        yield _rules("patterns_more_rules", "More rules", rules[TOP:], is_long=True)
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


def _rules(name: str, title: str, rules: Sequence[Total], *, is_long: bool = False) -> Table:
    columns = (Column("Who has"), Column("Has too"), Column("Baskets", True, "That hold all of them"),
               Column("Support", True, "Of all baskets"), Column("Confidence", True, "Of baskets with the first"),
               Column("Lift", True, "Confidence / share of all baskets with the second; 1 is chance"))  # fmt: skip
    rows = tuple(
        (_items(one.keys["antecedent"]), _items(one.keys["consequent"]), one["baskets"], one["support"],
         one["confidence"], one["lift"])
        for one in rules
    )  # fmt: skip
    note = "Highest lift first." if rows else "No rule has enough support and confidence."
    return Table(name, title, columns, rows, note=note, is_long=is_long)
