"""What the clickstream report counts and divides: SQL over a row of its marts in, value with unit and meaning out."""

from collections.abc import Iterator

from clarity_assets.reports.measure import Better, Measure


def _sum(
    name: str, title: str, unit: str = "", *, of: str = "", decimals: int = 0, better: Better | None = None
) -> Measure:
    return Measure(name, title, unit, of or name, decimals=decimals, better=better)


def _share(name: str, title: str, part: str, whole: str, *, better: Better | None = None) -> Measure:
    """Of things that count once each, in percent; has an interval."""
    return Measure(name, title, "%", part, whole, per=100, kind="rate", decimals=1, better=better)


def _mean(
    name: str, title: str, unit: str, part: str, whole: str, *, per: float = 1, decimals: int = 1,
    better: Better | None = None,
) -> Measure:  # fmt: skip
    """A mean of amounts; its interval comes from its days."""
    return Measure(name, title, unit, part, whole, per=per, kind="mean", decimals=decimals, better=better)


def _told(name: str, title: str, unit: str = "", *, per: float = 1, decimals: int = 3, better=None) -> Measure:
    """A number of a model, as it stands in its one row."""
    return Measure(name, title, unit, f"{per:g} * {name}" if per != 1 else name, decimals=decimals, better=better)


TRAFFIC = (
    _sum("users", "Known users", "users"),
    _mean("users_per_day", "Known users a day", "users", "users", "if(users is null, null, 1)", decimals=0),
    _sum("events", "Events", "events"),
    _sum("bounces", "Bounces", "sessions", better="low"),
    _share("bounce_rate", "Bounce rate", "bounces", "sessions", better="low"),
    _sum("conversions", "Sessions with a purchase", "sessions", better="high"),
    _share("conversion_rate", "Conversion rate", "conversions", "sessions", better="high"),
    _sum("orders", "Orders", "orders", better="high"),
    _sum("revenue", "Revenue", better="high"),
    _mean("revenue_per_session", "Revenue a session", "", "revenue", "sessions", decimals=2, better="high"),
    _mean("visit_duration_s", "Time from first to last event", "s", "duration_sum_s", "sessions", decimals=0,
          better="high"),
    _mean("events_per_session", "Events a session", "events", "events", "sessions", better="high"),
    _mean("pageviews_per_session", "Page views a session", "page views", "pageviews", "sessions", decimals=2,
          better="high"),
    _share("local_time_share", "Sessions whose local time is known", "local_time_sessions", "sessions"),
    _sum("event_days", "Days with events", "days", of="1"),
)  # fmt: skip
CARTS = (
    _sum("cart_sessions", "Carts", "carts"),
    _sum("completed_carts", "Completed carts", "carts", better="high"),
    _sum("abandoned_carts", "Abandoned carts", "carts", better="low"),
    _share("abandonment_rate", "Abandonment rate", "abandoned_carts", "cart_sessions", better="low"),
    _sum("abandoned_value", "Value left in carts", better="low"),
    _sum("completed_value", "Value of completed carts", better="high"),
    _mean("abandoned_value_per_cart", "Value of an abandoned cart", "", "abandoned_value", "abandoned_carts",
          decimals=2),
    _mean("completed_value_per_cart", "Value of a completed cart", "", "completed_value", "completed_carts",
          decimals=2),
    _sum("cart_events", "Cart events", "cart events"),
    _sum("removed_events", "Removals", "removals"),
    _sum("purchase_events", "Purchase events", "purchase events"),
    _sum("purchase_sessions", "Sessions with a purchase", "sessions", better="high"),
    _sum("purchases_without_cart", "Purchases without a cart event", "sessions", better="low"),
    _share("purchases_without_cart_share", "Purchase sessions without a cart event", "purchases_without_cart",
           "purchase_sessions", better="low"),
    _sum("carted_sessions", "Sessions that put it into the cart", "sessions"),
    _sum("bought_sessions", "Sessions that bought it", "sessions", better="high"),
    _sum("abandoned_sessions", "Sessions that left it in the cart", "sessions", better="low"),
    _sum("removed_sessions", "Sessions that took it out", "sessions", better="low"),
    _share("product_abandonment_rate", "Left in the cart", "abandoned_sessions", "carted_sessions", better="low"),
    _sum("carts", "Carts", "carts"),
    _share("size_abandonment_rate", "Abandonment rate", "abandoned_carts", "carts", better="low"),
    _mean("cart_value", "Value of a cart", "", "value", "carts", decimals=2),
)  # fmt: skip
COHORTS = (
    _sum("visitors", "Visitors", "visitors"),
    _sum("retained", "Visitors who came again", "visitors", better="high"),
    _share("retention_rate", "Retention", "retained", "visitors", better="high"),
    _sum("buyers", "Buyers", "visitors", better="high"),
    _share("buyer_rate", "Visitors who bought", "buyers", "visitors", better="high"),
    _mean("revenue_per_visitor", "Revenue a visitor", "", "revenue", "visitors", decimals=2, better="high"),
    _mean("recency_days", "Days since the last visit", "days", "days_since_last_visit * visitors", "visitors"),
)
JOURNEYS = (
    _mean("path_length", "Steps of a path", "steps", "path_length * sessions", "sessions", decimals=1),
    _sum("transitions", "Transitions", "transitions"),
    _sum("occurrences", "Occurrences", "occurrences"),
    _sum("persons", "Persons", "persons"),
    _sum("persons_any_order", "Persons, in any order", "persons"),
    _sum("dropped", "Persons who went no further", "persons", better="low"),
    _share("drop_off_rate", "Drop-off", "dropped", "if(dropped is null, null, persons)", better="low"),
    _mean("step_time_s", "Time since the step before", "s", "seconds_sum", "persons", decimals=0, better="low"),
)
SEGMENTS = (
    _mean("segment_share", "Share of persons", "%", "share * persons", "persons", per=100),
    _mean("segment_sessions", "Sessions", "", "sessions * persons", "persons"),
    _mean("segment_active_days", "Active days", "", "active_days * persons", "persons"),
    _mean("segment_events", "Events a session", "", "events_per_session * persons", "persons"),
    _mean("segment_views", "Products viewed", "", "product_views * persons", "persons"),
    _mean("segment_cart_adds", "Put into the cart", "", "cart_adds * persons", "persons", decimals=2),
    _mean("segment_purchases", "Purchases", "", "purchases * persons", "persons", decimals=2),
    _mean("segment_revenue", "Revenue", "", "revenue * persons", "persons", decimals=2, better="high"),
    _mean("segment_recency_days", "Days since the last visit", "", "recency_days * persons", "persons", better="low"),
    _sum("segment_revenue_sum", "Revenue of all", of="revenue * persons", better="high"),
    _told("k", "Segments", "segments", decimals=0),
    _told("silhouette", "Silhouette", decimals=2, better="high"),
    _told("stability", "Adjusted Rand index", decimals=2, better="high"),
    _sum("compared_persons", "Persons compared", "persons"),
)
RECOMMENDATIONS = (
    Measure("recommender_score", "Score", "", "value", decimals=3, better="high"),
    Measure("recommender_baseline", "The same by the plain rule", "", "baseline", decimals=3, better="high"),
    _sum("evaluated_persons", "Persons held out", "persons"),
    Measure("offer_score", "Score", "", "score", decimals=3),
    _sum("recommended_persons", "Persons with recommendations", "persons",
         of="if(rank = 1 and person_id is not null, 1, 0)"),
    _sum("recommended_to", "Persons it is recommended to", "persons", of="if(person_id is null, 0, 1)"),
)  # fmt: skip
MODELS = (
    _told("auc", "AUC", better="high"),
    _told("baseline_auc", "AUC of the best single feature", better="high"),
    _told("shuffled_auc", "AUC on shuffled labels"),
    _told("shuffled_auc_high", "AUC on shuffled labels, 95th percentile"),
    _told("average_precision", "Average precision", better="high"),
    _told("brier", "Brier score", decimals=5, better="low"),
    _told("baseline_brier", "Brier score of the base rate", decimals=5, better="low"),
    _sum("persons_train", "Persons learnt from", "persons"),
    _sum("persons_test", "Persons tested on", "persons"),
    _sum("buyers_train", "Buyers learnt from", "persons"),
    _sum("buyers_test", "Buyers tested on", "persons"),
    _share("learnt_rate", "Persons learnt from who bought", "buyers_train", "persons_train"),
    _mean("guessed_precision", "Average precision of guessing", "", "buyers_test", "persons_test", decimals=3),
    _told("importance", "Importance in the tree"),
    _told("permutation_importance", "AUC lost where it is mixed up"),
    _told("coefficient", "Coefficient", decimals=2),
    _told("odds_ratio", "Odds ratio", "times", decimals=2),
    _mean("predicted_rate", "Predicted", "%", "predicted_mean * persons", "persons", per=100),
    _mean("observed_rate", "Observed", "%", "observed_rate * persons", "persons", per=100),
    _sum("persons_scored", "Persons scored", "persons", of="1"),
    _mean("purchase_probability", "Probability of a purchase", "%", "probability", "1", per=100),
    _sum("expected_buyers", "Expected buyers", "persons", of="probability", decimals=1),
)
PATTERNS = (
    _sum("baskets", "Baskets", "baskets"),
    Measure("support", "Support", "%", "100 * support", decimals=2),
    Measure("confidence", "Confidence", "%", "100 * confidence", decimals=1),
    _told("lift", "Lift", "times", decimals=2),
    _sum("products", "Products", "products"),
    _sum("baskets_cut", "Baskets that were cut", "baskets"),
    _sum("items_cut", "Products left out of them", "products"),
    Measure("min_support_used", "Least support used", "%", "100 * min_support_used", decimals=2),
    Measure("min_support_asked", "Least support asked for", "%", "100 * min_support_asked", decimals=2),
)


def clickstream_measures() -> Iterator[Measure]:
    """All of them, besides those that they share with Clarity's marts (`sessions`, `bot_share`, `pageviews`, …)."""
    for those in (TRAFFIC, CARTS, COHORTS, JOURNEYS, SEGMENTS, RECOMMENDATIONS, MODELS, PATTERNS):
        yield from those
