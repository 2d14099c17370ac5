"""The marts of the clickstream by name, which analysis makes each, and which of them have rows by week."""

SITE, SOURCE, LANDING, HOUR = (
    f"marts.fct_clickstream_{name}_daily" for name in ("site", "source", "landing_page", "hour")
)
CART, CART_PRODUCT, CART_SIZE = (
    f"marts.fct_clickstream_{name}_daily" for name in ("cart", "cart_product", "cart_size")
)
COHORT, STATUS, RECENCY = (f"marts.fct_clickstream_{name}_weekly" for name in ("cohort", "visitor_status", "recency"))
PATH, PATH_LENGTH, TRANSITION, NGRAM, FUNNEL = (
    f"marts.fct_clickstream_{name}_daily" for name in ("path", "path_length", "transition", "ngram", "funnel")
)
RECOMMENDATION, RECOMMENDER = (f"marts.fct_clickstream_{name}_weekly" for name in ("recommendation", "recommender"))
SEGMENT, SEGMENTATION, SEGMENT_PERSON = (
    f"marts.fct_clickstream_{name}_weekly" for name in ("segment", "segmentation", "segment_person")
)
CONVERSION_MODEL, CONVERSION_FEATURE, CONVERSION_CALIBRATION = (
    f"marts.fct_clickstream_conversion_{name}_weekly" for name in ("model", "feature", "calibration")
)
PURCHASE_MODEL, PURCHASE_FEATURE, PURCHASE_CALIBRATION, PURCHASE_PERSON = (
    f"marts.fct_clickstream_purchase_{name}_weekly" for name in ("model", "feature", "calibration", "person")
)
ITEMSET, RULE, PATTERN_RUN = (f"marts.fct_clickstream_{name}_weekly" for name in ("itemset", "rule", "pattern_run"))

MODULES = {
    "traffic": (SITE, SOURCE, LANDING, HOUR),
    "carts": (CART, CART_PRODUCT, CART_SIZE),
    "cohorts": (COHORT, STATUS, RECENCY),
    "journeys": (PATH, PATH_LENGTH, TRANSITION, NGRAM, FUNNEL),
    "recommendations": (RECOMMENDATION, RECOMMENDER),
    "segments": (SEGMENT, SEGMENTATION, SEGMENT_PERSON),
    "conversion": (CONVERSION_MODEL, CONVERSION_FEATURE, CONVERSION_CALIBRATION),
    "purchase": (PURCHASE_MODEL, PURCHASE_FEATURE, PURCHASE_CALIBRATION, PURCHASE_PERSON),
    "patterns": (ITEMSET, RULE, PATTERN_RUN),
}
"""Analysis -> the marts it makes, in the order of the report's sections."""

MODULE_OF = {table: module for module, tables in MODULES.items() for table in tables}
"""Mart -> the analysis that makes it."""

EVENT_DAYS = "ops.clickstream_day"


def is_weekly(table: str) -> bool:
    """Whether the mart's `date` is the Monday of a week."""
    return table.endswith("_weekly")
