"""Steps of a window of weeks in; products that go together in baskets out: itemsets, rules, and what was cut for it."""

from clarity_assets.clickstream.modules.module import Module
from clarity_assets.clickstream.modules.patterns.weekly import TABLES, compute

MODULE = Module(
    "patterns",
    "Products bought together",
    every="week",
    tables=TABLES,
    compute=compute,
    days_back=lambda settings: 7 * (settings.clickstream_window_weeks - 1),
)
