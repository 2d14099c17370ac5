"""Steps before a cut-off in, one row of behaviour per person out: the same numbers by either engine's SQL.

Features read events, not sessions: a session that began before the cut-off may go on after it, and what happened then
must not be known.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pyarrow as pa

from clarity_assets.clickstream.engines.engine import Engine, EngineSql

RECENT_DAYS = 7  # a week, so that every weekday is in it once

FEATURES: Mapping[str, str] = {
    "sessions": "sessions",
    "active_days": "UTC days on which a session began",
    "recent_sessions": f"sessions that began in the last {RECENT_DAYS} days",
    "events_per_session": "events / sessions",
    "seconds_per_session": "seconds from the first to the last event, mean over sessions",
    "product_views": "events view",
    "searches": "events search",
    "cart_adds": "events cart",
    "cart_removes": "events remove",
    "open_carts": "sessions with a cart event and without a purchase",
    "checkouts": "events checkout",
    "purchases": "events purchase",
    "revenue": "price x quantity of purchases, in the source's currency; those without a price count 0",
    "recency_days": "days from the last event to the cut-off",
    "tenure_days": "days from the first event to the cut-off",
    "mobile_share": "share (0-1) of sessions on Mobile",
}
"""What is known of a person at a cut-off, from the days looked back on; in the order of the matrix."""

DATED = ("recency_days", "tenure_days")
"""Features that are a day's date, seen from the cut-off. In a short history most persons came once, both name that
day, and neither can reach further back than the events: what is learnt is which days were good, the calendar."""


def features_told(*, is_short: bool) -> tuple[str, ...]:
    """FEATURES that a model may learn from; without DATED where events begin later than the window looks back."""
    return tuple(name for name in FEATURES if not (is_short and name in DATED))


# Sums of money are rounded: the engines add in different orders, and the last digits would differ.
_FEATURES_SQL = """
with of_session as (
    select
        session_key,
        person_id,
        cast(min(event_at) as date) as first_date,
        {first_us} as first_us,
        {last_us} as last_us,
        count(*) as events,
        count(*) filter (where event_type = 'view') as product_views,
        count(*) filter (where event_type = 'search') as searches,
        count(*) filter (where event_type = 'cart') as cart_adds,
        count(*) filter (where event_type = 'remove') as cart_removes,
        count(*) filter (where event_type = 'checkout') as checkouts,
        count(*) filter (where event_type = 'purchase') as purchases,
        sum(case when event_type = 'purchase' then price * quantity end) as revenue,
        max(case when device = 'Mobile' then 1 else 0 end) as is_mobile
    from {step}
    where date >= {mark}first and date < {mark}cutoff and event_at < cast({mark}cutoff as {timestamp}) and not is_bot
    group by session_key, person_id
)
select
    person_id,
    cast(count(*) as double) as sessions,
    cast(count(distinct first_date) as double) as active_days,
    cast(count(*) filter (where first_date >= {mark}recent) as double) as recent_sessions,
    cast(sum(events) as double) / cast(count(*) as double) as events_per_session,
    cast(sum(last_us - first_us) as double) / 1e6 / cast(count(*) as double) as seconds_per_session,
    cast(sum(product_views) as double) as product_views,
    cast(sum(searches) as double) as searches,
    cast(sum(cart_adds) as double) as cart_adds,
    cast(sum(cart_removes) as double) as cart_removes,
    cast(count(*) filter (where cart_adds > 0 and purchases = 0) as double) as open_carts,
    cast(sum(checkouts) as double) as checkouts,
    cast(sum(purchases) as double) as purchases,
    round(coalesce(sum(revenue), cast(0 as double)), 4) as revenue,
    cast({mark}cutoff_us - max(last_us) as double) / 86400e6 as recency_days,
    cast({mark}cutoff_us - min(first_us) as double) / 86400e6 as tenure_days,
    cast(sum(is_mobile) as double) / cast(count(*) as double) as mobile_share
from of_session
group by person_id
order by person_id
"""

# The session that a purchase belongs to began on the day before the cut-off at the earliest.
_BUYERS_SQL = """
select distinct person_id
from {step}
where
    date >= {mark}before and date < {mark}until and not is_bot and event_type = 'purchase'
    and event_at >= cast({mark}cutoff as {timestamp}) and event_at < cast({mark}until as {timestamp})
order by person_id
"""

_DAYS_SQL = "select distinct date from {session} where date >= {mark}first and date < {mark}until order by date"

_DUCKDB = {
    "step": "clickstream.step",
    "session": "clickstream.session",
    "mark": "$",
    "timestamp": "timestamp",
    "first_us": "epoch_us(min(event_at))",
    "last_us": "epoch_us(max(event_at))",
}
_SPARK = {
    "step": "clickstream_step",
    "session": "clickstream_session",
    "mark": ":",
    "timestamp": "timestamp_ntz",
    "first_us": "unix_micros(cast(min(event_at) as timestamp_ltz))",
    "last_us": "unix_micros(cast(max(event_at) as timestamp_ltz))",
}


def _for_both(text: str) -> EngineSql:
    return EngineSql(duckdb=text.format_map(_DUCKDB), spark=text.format_map(_SPARK))


def person_features(engine: Engine, *, first: date, cutoff: date) -> pa.Table:
    """`person_id` and every one of FEATURES (DOUBLE), by person_id; who had an event on the UTC days [first, cutoff).

    Bots are left out. Sessions that began before `first` are too, with all their events.
    """
    midnight = datetime.combine(cutoff, time(), tzinfo=UTC)
    cutoff_us = int(midnight.timestamp()) * 1_000_000
    recent = cutoff - timedelta(days=RECENT_DAYS)
    days = {"first": first, "cutoff": cutoff, "cutoff_us": cutoff_us, "recent": recent}
    return engine.rows(_for_both(_FEATURES_SQL), days)


def buyers(engine: Engine, *, cutoff: date, until: date) -> np.ndarray:
    """Persons with a purchase on the UTC days [cutoff, until), ascending; bots left out."""
    days = {"before": cutoff - timedelta(days=1), "cutoff": cutoff, "until": until}
    return engine.rows(_for_both(_BUYERS_SQL), days).column("person_id").to_numpy()


def days_told(engine: Engine, *, first: date, until: date) -> list[date]:
    """UTC days of [first, until) on which any session began, bots' too, ascending."""
    return engine.rows(_for_both(_DAYS_SQL), {"first": first, "until": until}).column("date").to_pylist()


def matrix(rows: pa.Table, names: Sequence[str]) -> np.ndarray:
    """Rows x names (float64); a number that is none (an event's price of NaN, say) counts 0."""
    columns = [rows.column(name).to_numpy().astype(float) for name in names]
    return np.nan_to_num(np.column_stack(columns), nan=0.0, posinf=0.0, neginf=0.0)


def log_scaled(values: np.ndarray) -> np.ndarray:
    """sign(x) log(1 + |x|): counts and money are skewed, and a refund is below 0."""
    return np.sign(values) * np.log1p(np.abs(values))
