"""A mart's rows by page, source or campaign in; since when each was there, and which of them are new, out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from clarity_assets.reports.facts import Facts
from clarity_assets.reports.marts import Keys
from clarity_assets.reports.period import FOUR_WEEKS
from clarity_assets.reports.site_shares import MIN_SESSIONS
from clarity_assets.statistics.series import DailySeries

LEAST_DAYS_BEFORE = 7  # known ones, once around the week: sooner, everything would be new to a young collection
FIRST_DAY_SHARE = 0.1  # of its middle day: a UTC day's windows reach some minutes into the next one
LEAST_DAYS_AWAY = 2  # known ones without any session, up to the period's end: it has stopped


@dataclass(frozen=True)
class Presence:
    """When one page, source or campaign had sessions: first and last day up to the period's end."""

    key: Keys
    first: date
    last: date


@dataclass(frozen=True)
class Arrival:
    """What is new. `since`: the first UTC day that it was there all day; `sessions` from then on, on `day_count` days.

    `stopped`: the last day with sessions, where known days without any follow it; None where it still comes.
    """

    key: Keys
    since: date
    sessions: float
    day_count: int
    stopped: date | None = None


def presences(
    facts: Facts, table: str, by: Sequence[str], *, where: Mapping[str, str | None], since: date | None = None
) -> list[Presence]:
    """Everything that ever had sessions (`since`: from that day on), before the period's end."""
    keys = ", ".join(by)
    rules = "".join(f" and {column} is not distinct from ${column}" for column in where)
    rows = facts.marts.con.execute(
        f"""select {keys}, min(date), max(date) from {table}
            where project_id = $project_id and date < $until and date >= $since and sessions > 0
                and not is_remainder{rules}
            group by {keys} order by {keys}""",  # noqa: S608 - columns come from the code, values are bound
        {"project_id": facts.project_id, "until": facts.period.end, "since": since or date.min} | dict(where),
    ).fetchall()
    return [Presence(tuple(row[: len(by)]), *row[len(by) :]) for row in rows]


def is_new(facts: Facts, presence: Presence, *, known: frozenset[date]) -> bool:
    """Whether it came in the period or the four weeks before, and was certainly not there on the days before."""
    if presence.first < facts.period.start - FOUR_WEEKS or presence.last < facts.period.start:
        return False
    before = sum(day < presence.first for day in known)
    return presence.first - timedelta(days=1) in known and before >= LEAST_DAYS_BEFORE


def arrival(key: Keys, series: DailySeries) -> Arrival | None:
    """When the series begins in earnest, and whether it stopped; None where its sessions are too few to tell.

    `series`: from the first day with sessions to the period's end, or longer.
    """
    values = np.nan_to_num(series.values)
    some = values[values > 0]
    if not some.size:
        return None
    start = int(np.argmax(values >= FIRST_DAY_SHARE * np.median(some)))
    known = np.flatnonzero(series.is_known[start:]) + start
    sessions = float(values[start:].sum())
    if sessions < MIN_SESSIONS:
        return None
    last = int(np.flatnonzero(values >= FIRST_DAY_SHARE * np.median(some))[-1])
    away = known[known > last]
    stopped = series.dates[last] if len(away) >= LEAST_DAYS_AWAY and not values[away].any() else None
    return Arrival(key, series.dates[start], sessions, len(known), stopped)
