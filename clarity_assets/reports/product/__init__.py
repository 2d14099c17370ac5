"""Facts in; the sections of the product report out: traffic, feature usage, geography, attribution."""

from clarity_assets.reports.document import Section
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.product.attribution import attribution
from clarity_assets.reports.product.features import feature_usage
from clarity_assets.reports.product.geography import geography
from clarity_assets.reports.product.traffic import traffic


def product_sections(facts: Facts) -> tuple[Section, ...]:
    """The four sections in their order; each says itself what it lacks."""
    return (traffic(facts), feature_usage(facts), geography(facts), attribution(facts))
