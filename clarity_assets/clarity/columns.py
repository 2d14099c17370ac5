"""The columns of every landing table: one list of names, DuckDB types and meanings, in table order."""

from clarity_assets.clarity.requests import DIMENSIONS, ClarityRequest
from clarity_assets.warehouse.columns import Column

SIGNALS = {
    "dead_click": "dead clicks (clicks without any effect)",
    "rage_click": "rage clicks (rapid clicks on one spot)",
    "quick_back": "quick backs (a page left again at once for the one before)",
    "excessive_scroll": "excessive scrolling",
    "script_error": "script errors",
    "error_click": "error clicks (clicks followed by a script error)",
}
"""The six frustration signals and what they are."""

MEASURES = (
    Column(
        "sessions",
        "BIGINT",
        "Sessions without bots. Adds up over days, device, browser and OS only. NULL: not told.",
    ),
    Column("bot_sessions", "BIGINT", "Sessions of bots. NULL: not told."),
    Column(
        "visitors",
        "BIGINT",
        "Distinct users, bots included; never adds up. NULL where the day is derived or several URLs make one page.",
    ),
    Column("pages_per_session", "DOUBLE", "Pages per session, bots included. NULL without sessions."),
    Column("total_time_s", "DOUBLE", "Average seconds per session, idle time included. NULL without sessions."),
    Column("active_time_s", "DOUBLE", "Average active seconds per session. NULL without sessions."),
    Column("scroll_depth_pct", "DOUBLE", "Average scroll depth, 0-100. NULL without sessions."),
) + tuple(
    Column(f"{signal}_{suffix}", "BIGINT", meaning.format(what) + " NULL: not told.")
    for signal, what in SIGNALS.items()
    for suffix, meaning in (
        ("count", "Number of {}."),
        ("pageviews", "Page views with {}."),
        ("sessions", "Sessions with {}."),
    )
)
"""The nine metrics of an answer as columns."""

STATE = (
    Column(
        "status",
        "VARCHAR",
        "How the day is known: measured (one window) or derived (several windows, or rolled up).",
    ),
    Column(
        "is_truncated",
        "BOOLEAN",
        "Whether the API cut one of the answer's blocks at 1,000 rows: the rows are a sample.",
    ),
    Column(
        "sessions_is_upper_bound",
        "BOOLEAN",
        "Whether several URLs make this page, so that a session may be counted more than once.",
    ),
)


def landing_columns(request: ClarityRequest) -> tuple[Column, ...]:
    """All columns of `landing.clarity_<request>`, in table order; grain: project_id, date and the dimensions."""
    keys = (
        Column("project_id", "VARCHAR", "Clarity project."),
        Column(
            "date",
            "DATE",
            "UTC day that the row tells of (as far as its windows cover it: ops.clarity_day.coverage).",
        ),
    )
    dimensions = tuple(Column(DIMENSIONS[d].column, "VARCHAR", DIMENSIONS[d].meaning) for d in request.dimensions)
    return keys + dimensions + MEASURES + STATE
