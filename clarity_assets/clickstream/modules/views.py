"""The small views that analyses hand to the engine besides steps and sessions: name and columns."""

from collections.abc import Iterable, Mapping

import pyarrow as pa

from clarity_assets.warehouse.columns import ARROW_TYPES, Column

PERSON = (
    Column("person_id", "BIGINT", "As in the session."),
    Column("first_date", "DATE", "UTC day of the first session ever."),
    Column("last_date", "DATE", "UTC day of the last session up to the week's end."),
    Column("sessions", "BIGINT", "All sessions up to the week's end, without bots'."),
    Column("is_buyer", "BOOLEAN", "Whether any of them has a purchase."),
    Column("revenue", "DOUBLE", "Sum of their revenue."),
)
STATUS_LIMIT = (
    Column("active_days", "INTEGER", "CLICKSTREAM_ACTIVE_DAYS."),
    Column("churned_days", "INTEGER", "CLICKSTREAM_CHURNED_DAYS."),
)
JOURNEY = (
    Column("date", "DATE", "UTC day that the sessions began."),
    Column("is_converted", "BOOLEAN", "Whether they have a purchase."),
    Column("nodes", "VARCHAR[]", "Nodes in order, equal neighbours as one; never empty."),
    Column("sessions", "BIGINT", "Sessions that went this way, without bots'."),
)
FUNNEL_STEP = (
    Column("step_number", "INTEGER", "Place in the funnel, from 1."),
    Column("step", "VARCHAR", "Event type."),
    Column("window_us", "BIGINT", "Microseconds from the first step in which the others must follow."),
)

EXTRA_VIEWS: dict[str, tuple[Column, ...]] = {
    "person": PERSON,
    "status_limit": STATUS_LIMIT,
    "journey": JOURNEY,
    "funnel_step": FUNNEL_STEP,
}


def rows_of_view(view: str, rows: Iterable[Mapping[str, object]]) -> pa.Table:
    """Rows of a small view, with the types of its columns."""
    schema = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in EXTRA_VIEWS[view]])
    return pa.Table.from_pylist(list(rows), schema=schema)
