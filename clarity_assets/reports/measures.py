"""What reports count and divide, by name: SQL over a mart's row in, value with unit and meaning out."""

from clarity_assets.clarity.columns import SIGNALS
from clarity_assets.reports.clickstream.measures import clickstream_measures
from clarity_assets.reports.measure import Better, Measure

__all__ = ["MEASURES", "SIGNAL_RATES", "SIGNAL_TITLES", "Better", "Measure"]

SIGNAL_TITLES = {
    "rage_click": "Rage clicks",
    "dead_click": "Dead clicks",
    "quick_back": "Quick backs",
    "excessive_scroll": "Excessive scrolls",
    "script_error": "Script errors",
    "error_click": "Error clicks",
}
"""The six frustration signals in the order of reports: signal -> title."""


SIGNAL_RATES = tuple(f"{signal}_session_rate" for signal in SIGNAL_TITLES)
"""Of a mart with a column for each signal: the measure of each, in the same order."""


def _signal_measures(signal: str) -> list[Measure]:
    """Of a mart with a column for each signal."""
    title = SIGNAL_TITLES[signal]
    unit = title.lower()
    return [
        Measure(f"{signal}_count", title, unit, f"{signal}_count", better="low"),
        Measure(f"{signal}_sessions", f"Sessions with {unit}", "sessions", f"{signal}_sessions", better="low"),
        Measure(f"{signal}_session_rate", f"Sessions with {unit}", "%", f"{signal}_sessions", "sessions", per=100,
                kind="rate", decimals=1, better="low"),
        Measure(f"{signal}_per_100_sessions", f"{title} per 100 sessions", f"{unit} per 100 sessions",
                f"{signal}_count", "sessions", per=100, kind="rate", decimals=1, better="low"),
    ]  # fmt: skip


MEASURES = {
    measure.name: measure
    for measure in (
        Measure("sessions", "Sessions", "sessions", "sessions"),
        Measure("bot_sessions", "Bot sessions", "bot sessions", "bot_sessions"),
        Measure("bot_share", "Bot share", "%", "bot_sessions", "(sessions + bot_sessions)", per=100, kind="rate",
                decimals=1, better="low"),
        Measure("site_share", "Share of sessions", "%", "sessions", "site_sessions", per=100, kind="rate", decimals=1),
        Measure("visitors_per_day", "Visitors a day", "visitors", "visitors", "if(visitors is null, null, 1)",
                kind="mean"),
        Measure("pageviews", "Page views", "page views", "pageviews"),
        Measure("pages_per_session", "Pages per session", "pages", "pageviews", "(sessions + bot_sessions)",
                kind="mean", decimals=2, better="high"),
        Measure("total_time_s", "Engagement time", "s", "total_time_sum_s", "sessions", kind="mean", better="high"),
        Measure("active_time_s", "Active time", "s", "active_time_sum_s", "sessions", kind="mean", better="high"),
        Measure("active_share", "Active share of time", "%", "active_time_sum_s", "total_time_sum_s", per=100,
                kind="mean", decimals=1, better="high"),
        Measure("scroll_depth_pct", "Scroll depth", "%", "scroll_depth_sum_pct", "sessions", kind="mean", decimals=1,
                better="high"),
        # of a mart with a row for each signal (`where` names the signal)
        Measure("count", "Occurrences", "occurrences", "count", better="low"),
        Measure("affected_sessions", "Affected sessions", "sessions", "affected_sessions", better="low"),
        Measure("affected_session_rate", "Affected sessions", "%", "affected_sessions", "sessions", per=100,
                kind="rate", decimals=1, better="low"),
        Measure("count_per_100_sessions", "Per 100 sessions", "per 100 sessions", "count", "sessions", per=100,
                kind="rate", decimals=1, better="low"),
        *(measure for signal in SIGNALS for measure in _signal_measures(signal)),
        # of the collection
        Measure("known_days", "Days known", "days", "if(is_gap, 0, 1)", better="high"),
        Measure("gap_days", "Days missing", "days", "if(is_gap, 1, 0)", better="low"),
        Measure("day_coverage", "Hours covered", "%", "coverage", "1", per=100, kind="mean", decimals=1,
                better="high"),
        Measure("requests_sent", "Requests used", "requests", "1"),
        # of recommendations
        Measure("recommendations", "Recommendations", "", "1"),
        Measure("implemented_share", "Done, of all not dismissed", "%", "if(state = 'done', 1, 0)",
                "if(state = 'dismissed', null, 1)", per=100, kind="rate"),
        *clickstream_measures(),
    )
}  # fmt: skip
"""Every measure by name."""
