"""Facts of events in, the section on carts: how many are left, what is in them, which products and sizes, out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from clarity_assets.reports.clickstream.facts import EventFacts
from clarity_assets.reports.clickstream.parts import (
    MOST_FINDINGS,
    bars,
    difference_words,
    level_of_event_difference,
    missing,
    named_differences,
)
from clarity_assets.reports.clickstream.tables import CART, CART_PRODUCT, CART_SIZE
from clarity_assets.reports.contrasts import Difference
from clarity_assets.reports.document import Chart, Column, Finding, Level, Name, Section, Sentence, Table, TrendChart
from clarity_assets.reports.figures import Figure, in_hundredths
from clarity_assets.reports.known import EVENTS
from clarity_assets.reports.marts import Total
from clarity_assets.reports.measures import MEASURES
from clarity_assets.reports.period import Period
from clarity_assets.reports.product.parts import (
    INTERVALS,
    MOST,
    TOP,
    baseline_words,
    change_cells,
    change_columns,
    chart_start,
    line,
    lost_dates,
)

TITLE = "Carts"
MEASURED = (
    "cart_sessions",
    "completed_carts",
    "abandoned_carts",
    "abandonment_rate",
    "abandoned_value",
    "completed_value",
    "abandoned_value_per_cart",
    "completed_value_per_cart",
    "cart_events",
    "removed_events",
    "purchase_events",
    "purchase_sessions",
    "purchases_without_cart",
    "purchases_without_cart_share",
)
WATCHED = ("cart_sessions", "abandonment_rate", "abandoned_value_per_cart")
OF_PRODUCTS = (
    "carted_sessions",
    "abandoned_sessions",
    "product_abandonment_rate",
    "abandoned_value",
    "removed_sessions",
)
OF_SIZES = ("carts", "size_abandonment_rate", "cart_value")
LARGEST_SIZE = 6  # and more
CANNOT_TELL = (
    "Carts that are kept and bought in a later session: a cart is one session's here, so that one counts as left, and "
    "its purchase as one without a cart event.",
)


def carts(facts: EventFacts) -> Section:
    """Whether carts are logged whole; then abandonment, its value, products and sizes."""
    if not facts.marts.has_rows(CART):
        return missing(facts, CART, title=TITLE)
    [told] = facts.marts.totals(CART, MEASURED)
    products = facts.marts.totals(CART_PRODUCT, OF_PRODUCTS, by=("product_id",), order_by="abandoned_value", top=MOST)
    sizes = sorted(facts.marts.totals(CART_SIZE, OF_SIZES, by=("cart_size",)), key=lambda size: size.keys["cart_size"])
    return Section(
        "carts", TITLE,
        findings=tuple(_findings(facts, told, products, sizes))[:MOST_FINDINGS],
        blocks=tuple(_blocks(facts, told, products, sizes)),
        cannot_tell=CANNOT_TELL,
    )  # fmt: skip


# --- findings ----------------------------------------------------------------------------------------------------


def _findings(facts: EventFacts, told: Total, products, sizes) -> Iterator[Finding]:
    if facts.is_cart_logging_incomplete:
        yield _incomplete(told)
    if not told["cart_sessions"].value:
        words = "No session put anything into a cart: {events}. Does the shop send events of that type?"
        yield Finding("cart_sessions", {}, Sentence(words, {"events": told["cart_events"]}))
        return
    yield _abandonment(facts, told)
    if finding := _first_product(facts, products):
        yield finding
    if finding := _size_effect(facts, sizes):
        yield finding
    yield _value(told)


def _incomplete(told: Total) -> Finding:
    """Said first: nothing below can be taken at its word then."""
    values = {"purchases": told["purchase_events"], "carts": told["cart_events"],
              "share": told["purchases_without_cart_share"], "stray": told["purchases_without_cart"]}  # fmt: skip
    is_more = told.value("purchase_events") > told.value("cart_events")
    words = "Cart events are missing: {share} of the sessions that bought ({stray}) have none"
    words += ", and there are more purchases than carts ({purchases}, {carts})." if is_more else "."
    words += (
        " So abandonment is of the logged carts alone, and the funnel is a lower bound from the cart on. Look first at "
        "what sends the event: quick-buy buttons, the app, the consent banner."
    )
    return Finding("purchases_without_cart_share", {}, Sentence(words, values), told["purchase_sessions"],
                   level=Level.HIGH)  # fmt: skip


def _abandonment(facts: EventFacts, told: Total) -> Finding:
    compared = facts.compared(CART, "abandonment_rate")
    words = (
        "{rate} of {carts} were left without a purchase ({left}). Against the four weeks before: {four_weeks}; against "
        "the {noun} before: {before}."
    )
    values = {"rate": told["abandonment_rate"], "carts": told["cart_sessions"], "left": told["abandoned_carts"],
              "four_weeks": compared.four_weeks, "before": compared.before, "noun": facts.period.noun}  # fmt: skip
    return Finding("abandonment_rate", {}, Sentence(words, values), told["cart_sessions"],
                   is_change=compared.named is not None)  # fmt: skip


def _first_product(facts: EventFacts, products: Sequence[Total]) -> Finding | None:
    """Of the products that are left more often than the others: the one with the largest value left."""
    for product in products:
        found = [d for d in named_differences(facts, CART_PRODUCT, ["product_abandonment_rate"], [product.keys])
                 if d.is_worse]  # fmt: skip
        if found:
            told, values = difference_words(found)
            words = (
                f"Look first at {{product}}: {told}; {{left}} left it, worth {{value}}. To try: its price, delivery "
                "time and stock as the cart shows them."
            )
            values |= {"product": _product(product.keys), "left": product["abandoned_sessions"],
                       "value": product["abandoned_value"]}  # fmt: skip
            return Finding("product_abandonment_rate", dict(product.keys), Sentence(words, values),
                           product["carted_sessions"], level=level_of_event_difference(facts, found[0]))  # fmt: skip
    return _changed_product(facts, products)


def _changed_product(facts: EventFacts, products: Sequence[Total]) -> Finding | None:
    for product in products:
        compared = facts.changes.of(CART_PRODUCT, "product_abandonment_rate", **product.keys)
        if compared and compared.named:
            words = (
                f"{{product}} is left in the cart by {{rate}}: {{change}} against {baseline_words(facts, compared)}."
            )
            values = {"product": _product(product.keys), "rate": product["product_abandonment_rate"],
                      "change": compared.named}  # fmt: skip
            return Finding("product_abandonment_rate", dict(product.keys), Sentence(words, values),
                           product["carted_sessions"], is_change=True)  # fmt: skip
    if not products:
        return None
    words = "No product is shown to be left in carts more often than the others."
    return Finding("product_abandonment_rate", {}, Sentence(words))


def _size_effect(facts: EventFacts, sizes: Sequence[Total]) -> Finding | None:
    found = named_differences(facts, CART_SIZE, ["size_abandonment_rate"], [size.keys for size in sizes])
    if not found:
        return None
    first = max(found, key=lambda d: abs((d.ratio.value or 1) - 1))
    words = "Size matters: carts with {size} are left by {own}, {ratio} as often as the others ({other})."
    values = {"size": _size(first.where), "own": first.own, "ratio": in_hundredths(first.ratio), "other": first.other}
    those = next(size["carts"] for size in sizes if size.keys == first.where)
    return Finding("size_abandonment_rate", {"cart_size": f"{first.where['cart_size']}"}, Sentence(words, values),
                   those, level=level_of_event_difference(facts, first))  # fmt: skip


def _value(told: Total) -> Finding:
    words = (
        "A cart that was left was worth {left} on average, a completed one {bought}; {all} were left in carts in all, "
        "{sold} were bought from them (in the shop's currency)."
    )
    values = {"left": told["abandoned_value_per_cart"], "bought": told["completed_value_per_cart"],
              "all": told["abandoned_value"], "sold": told["completed_value"]}  # fmt: skip
    return Finding("abandoned_value", {}, Sentence(words, values), told["abandoned_carts"])


def _product(keys: Mapping) -> Name:
    return Name(keys["product_id"], "product")


def _size(keys: Mapping) -> str:
    size = keys["cart_size"]
    return f"{size} or more products" if size >= LARGEST_SIZE else f"{size} product{'' if size == 1 else 's'}"


# --- pictures and tables -----------------------------------------------------------------------------------------


def _blocks(facts: EventFacts, told: Total, products, sizes) -> Iterator[Chart | Table]:
    yield _trend(facts)
    if products:
        chart = bars("carts_products", "Value left in carts by product", products[:TOP], "abandoned_value",
                     label=lambda one: _product(one.keys), unit="in the shop's currency",
                     is_part=len(products) > TOP)  # fmt: skip
        yield chart
        yield _products(facts, "carts_abandoned_products", "Products that are left in carts", products[:TOP])
    if sizes:
        yield bars("carts_sizes", "Abandoned carts by size", sizes, "size_abandonment_rate",
                   label=lambda one: _size(one.keys))  # fmt: skip
        yield _sizes(facts, sizes)
    yield _measures(facts, told)
    if len(products) > TOP:
        yield _products(facts, "carts_more_products", "More products", products[TOP:], is_long=True)


def _trend(facts: EventFacts) -> TrendChart:
    start, period = chart_start(facts), facts.period
    series = facts.marts.series(CART, ["abandonment_rate"], start=start, end=period.end)["abandonment_rate"][()]
    source = facts.marts.source(CART, "abandonment_rate", {}, Period(start, period.end))
    shown = line("Abandoned", series, source=source, per=100)
    own = [value for day, value in zip(series.dates, shown.values, strict=True)
           if value is not None and day >= period.start]  # fmt: skip
    summary = f"No cart is known of this {period.noun}."
    if own:
        summary = f"Between {min(own):.0f} and {max(own):.0f} % of carts a day on {len(own)} days of the {period.noun}."
    return TrendChart("carts_abandonment", "Abandoned carts a day", summary, "% of carts", tuple(series.dates),
                      (shown,), lost_dates(facts, EVENTS, start), (period.start, period.end), decimals=1)  # fmt: skip


def _products(facts, name: str, title: str, products: Sequence[Total], *, is_long: bool = False) -> Table:
    columns = (Column("Product"), Column("Put into carts", True, "Sessions"), Column("Left in them", True, "Sessions"),
               Column("Share left", True), Column("Against the others", True, "Its share / that of the other products"),
               Column("Value left", True), Column("Taken out", True, "Sessions"),
               change_columns(facts, of="Share left")[1])  # fmt: skip
    rows = tuple(
        (_product(one.keys), one["carted_sessions"], one["abandoned_sessions"], one["product_abandonment_rate"],
         _ratio(facts.contrasts.of(CART_PRODUCT, "product_abandonment_rate", **one.keys)), one["abandoned_value"],
         one["removed_sessions"], change_cells(facts.compared(CART_PRODUCT, "product_abandonment_rate", **one.keys))[1])
        for one in products
    )  # fmt: skip
    note = f"Changes are those of the share left. {NAMED_ALONE} {INTERVALS}"
    return Table(name, title, columns, rows, note=note, is_long=is_long)


NAMED_ALONE = "“Against the others” is empty where no difference is shown, or too few sessions are known."


def _ratio(difference: Difference | None) -> Figure | None:
    return in_hundredths(difference.ratio) if difference and difference.is_named else None


def _sizes(facts: EventFacts, sizes: Sequence[Total]) -> Table:
    columns = (Column("Cart"), Column("Carts", True), Column("Left", True), Column("Against the others", True),
               Column("Value of a cart", True))  # fmt: skip
    rows = tuple(
        (_size(one.keys), one["carts"], one["size_abandonment_rate"],
         _ratio(facts.contrasts.of(CART_SIZE, "size_abandonment_rate", **one.keys)), one["cart_value"])
        for one in sizes
    )  # fmt: skip
    return Table("carts_by_size", "Carts by number of products", columns, rows, note=NAMED_ALONE)


def _measures(facts: EventFacts, told: Total) -> Table:
    rows = tuple(
        (MEASURES[name].title, _bounded(facts, name, told[name]),
         *change_cells(facts.changes.of(CART, name) if name in WATCHED else None))
        for name in MEASURED
    )  # fmt: skip
    columns = (Column("Of all carts"), Column("Number", True), *change_columns(facts, of="Each measure"))
    return Table("carts_measures", "Carts in numbers", columns, rows,
                 note=f"{INTERVALS} Empty: not among the measures compared.")  # fmt: skip


def _bounded(facts: EventFacts, name: str, figure: Figure) -> Figure:
    """Carts that were not logged are not counted."""
    is_bound = facts.is_cart_logging_incomplete and name in ("cart_sessions", "completed_carts", "cart_events")
    return replace(figure, is_at_least=is_bound)
