"""All analyses by name, in the order of reports."""

from clarity_assets.clickstream.modules import (
    carts,
    cohorts,
    conversion,
    journeys,
    patterns,
    purchase,
    recommendations,
    segments,
    traffic,
)
from clarity_assets.clickstream.modules.module import Module

MODULES: dict[str, Module] = {
    part.MODULE.name: part.MODULE
    for part in (traffic, carts, cohorts, journeys, recommendations, segments, conversion, purchase, patterns)
}
"""Name -> analysis."""

MODULE_OF: dict[str, Module] = {table: module for module in MODULES.values() for table in module.models}
"""Table (`marts.…`) -> the analysis that makes it."""
