"""A week's run in; its itemsets, rules and the search's own figures out, as rows of three tables.

Both engines give the same rows: what is counted is counted by their SQL, what is searched is complete, and rules are
made of it here. Only `seconds` differ, and where the time budget ends a try, what is left.
"""

from datetime import timedelta

from clarity_assets.clickstream.modules.module import Rows, Run
from clarity_assets.clickstream.modules.patterns.baskets import LEAST_BASKETS, Baskets, both, make_baskets
from clarity_assets.clickstream.modules.patterns.growth import itemsets_of_duckdb
from clarity_assets.clickstream.modules.patterns.rules import Names, rules_of
from clarity_assets.clickstream.modules.patterns.search import LEAST_COUNT, MOST_ITEMSETS, Found, least_count, search
from clarity_assets.clickstream.modules.patterns.spark_growth import itemsets_of_spark
from clarity_assets.clickstream.modules.typed_rows import columns_of, typed_rows

ITEMSET, RULE, PATTERN_RUN = (f"fct_clickstream_{what}_weekly" for what in ("itemset", "rule", "pattern_run"))
TABLES = (ITEMSET, RULE, PATTERN_RUN)

# Grain: one row per product that enough baskets hold.
FREQUENT = """
select product_id, count(*) as baskets
from {schema}basket_item
group by product_id
having count(*) >= {mark}least
order by baskets desc, product_id
"""


def compute(run: Run) -> Rows:
    """The three tables' rows of the week, from the baskets of CLICKSTREAM_WINDOW_WEEKS weeks; no basket: no rows."""
    settings = run.settings
    first = run.end - timedelta(weeks=settings.clickstream_window_weeks)
    baskets = make_baskets(run.engine, first, run.end, most=settings.clickstream_max_basket)
    if baskets is None:
        return _tables(run, [], [], [])
    names, found = _searched(run, baskets)
    itemsets = [
        {"itemset": names.text(places), "size": len(places), "baskets": count, "support": count / baskets.baskets}
        for places, count in found.itemsets
    ]
    rules = [
        {
            "antecedent": names.text(rule.antecedent), "consequent": names.text([rule.consequent]),
            "baskets": rule.baskets, "support": rule.baskets / baskets.baskets,
            "confidence": rule.confidence, "lift": rule.lift,
        }
        for rule in rules_of(
            found.itemsets, baskets=baskets.baskets, min_confidence=settings.clickstream_min_confidence
        )
    ]  # fmt: skip
    return _tables(run, itemsets, rules, [_told(run, baskets, found)])


def _searched(run: Run, baskets: Baskets) -> tuple[Names, Found]:
    """The names of the frequent products, and what was found of them; nothing where baskets are too few."""
    engine, settings = run.engine, run.settings
    least = least_count(settings.clickstream_min_support, baskets.baskets)
    if not baskets.is_enough:
        return Names([]), Found([], least, least, 0, False, 0.0)
    frequent = engine.rows(both(FREQUENT), {"least": least})
    # the engines sort; what they sort by is unique, so places are the same
    frequent = frequent.append_column("place", [list(range(frequent.num_rows))])
    engine.take("frequent", frequent.select(["product_id", "place"]))
    counts = frequent["baskets"].to_pylist()
    of_engine = itemsets_of_duckdb if engine.name == "duckdb" else itemsets_of_spark
    found = search(
        lambda asked, seconds: of_engine(engine, counts, asked, seconds),
        counts,
        least,
        budget_s=settings.clickstream_pattern_budget_s,
    )
    return Names(frequent["product_id"].to_pylist()), found


def _told(run: Run, baskets: Baskets, found: Found) -> dict[str, object]:
    asked = run.settings.clickstream_min_support
    used = asked if found.least == least_count(asked, baskets.baskets) > LEAST_COUNT else found.least / baskets.baskets
    return {
        "basket_of": baskets.kind,
        "baskets": baskets.baskets,
        "products": baskets.products,
        "baskets_cut": baskets.cut,
        "items_cut": baskets.items_cut,
        "max_basket_size": baskets.most,
        "min_support_asked": asked,
        "min_support_used": used,
        "is_cut": bool(baskets.cut or found.tries),
        "seconds": found.seconds,
        "note": _note(run, baskets, found, used) or None,
    }


def _note(run: Run, baskets: Baskets, found: Found, used: float) -> str:
    asked = run.settings.clickstream_min_support
    said = []
    if not baskets.is_enough:
        said.append(f"too few: {baskets.of_two} baskets hold two products or more, {LEAST_BASKETS} are needed")
    if baskets.cut:
        lost = f"{baskets.items_cut:,} products in {baskets.cut:,} baskets"
        said.append(f"baskets cut to the {baskets.most} commonest products: {lost} were not looked at")
    if found.is_singles:
        said.append(
            f"no search ended within {run.settings.clickstream_pattern_budget_s:g} s or {MOST_ITEMSETS:,} itemsets: "
            "single products alone"
        )
    elif found.tries:
        limits = f"{run.settings.clickstream_pattern_budget_s:g} s or {MOST_ITEMSETS:,} itemsets"
        said.append(f"min support raised from {asked:g} to {used:.3g}: less would have passed {limits}")
    elif baskets.is_enough and used > asked:
        said.append(f"min support raised from {asked:g} to {used:.3g}: less than {LEAST_COUNT} baskets are chance")
    return "; ".join(said)


def _tables(run: Run, itemsets: list[dict], rules: list[dict], told: list[dict]) -> Rows:
    rows = {ITEMSET: itemsets, RULE: rules, PATTERN_RUN: told}
    return {f"marts.{table}": typed_rows(run, table, columns_of(found)) for table, found in rows.items()}
