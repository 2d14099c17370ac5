"""Steps of a window of weeks in; what to offer each person next, and how good that is, out."""

from clarity_assets.clickstream.modules.module import Module
from clarity_assets.clickstream.modules.recommendations.weekly import TABLES, compute

MODULE = Module(
    "recommendations",
    "What to offer next",
    every="week",
    tables=TABLES,
    compute=compute,
    days_back=lambda settings: 7 * (settings.clickstream_window_weeks - 1),
    version="2",  # ndcg is at most 1
)
