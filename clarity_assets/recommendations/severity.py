"""How many sessions a problem touches, and how much worse it is there, in; how much it matters out."""

import math

import numpy as np

from clarity_assets.reports.contrasts import Difference
from clarity_assets.reports.document import Level
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.figures import Figure, Where
from clarity_assets.reports.measures import MEASURES, Better

HIGH_FROM = 1 / 200  # of the site's sessions hit without need: at 1,000 a day, five people every day
MEDIUM_FROM = 1 / 500  # below, even a perfect repair is hardly seen in the site's own numbers of a week

ORDER = (Level.HIGH, Level.MEDIUM, Level.LOW)


def strength_of(ratio: Figure, *, better: Better | None) -> float:
    """How much worse it is for certain, 0-1: from the end of the interval that is nearest to "the same".

    A share of sessions: 1 - 1 / low, the part of the affected sessions that would not be affected at the others' rate
    (attributable fraction among the exposed: Miettinen 1974, Am. J. Epidemiol. 99, 325-332; Hanley 2001, J. Epidemiol.
    Community Health 55, 508-514). A mean of which more is better: 1 - high, the part of it that each session lacks.
    0 without an interval, or where it holds "the same". Not a cause: the others may differ in more than one thing.
    """
    if better == "high":
        return min(1.0, max(0.0, 1 - ratio.high)) if ratio.high is not None else 0.0
    return max(0.0, 1 - 1 / ratio.low) if ratio.low is not None and ratio.low > 0 else 0.0


def severity(reach: float, strength: float) -> float:
    """reach (sessions it touches / sessions of the site) x strength: sessions hit without need, of all sessions; 0-1.

    For shares of sessions, the population's attributable fraction (Levin 1953, Acta Unio Int. Cancrum 9, 531-541, in
    Miettinen's form) times the share of all sessions that are affected.
    """
    return reach * strength


def level_of(severity: float, *, highest: Level = Level.HIGH) -> Level:
    """HIGH from 1 of 200 sessions, MEDIUM from 1 of 500; never above `highest`."""
    level = Level.HIGH if severity >= HIGH_FROM else Level.MEDIUM if severity >= MEDIUM_FROM else Level.LOW
    return max(level, highest, key=ORDER.index)


def reach_of(facts: Facts, table: str, where: Where, *, sessions: float) -> float | None:
    """`sessions` (of the mart's known days in the period) / the site's on the same days, 0-1; None where unknown.

    Pages and sources share sessions, so reaches do not add up.
    """
    site = facts.period_sessions
    told = facts.marts.known_dates(table, dict(where))
    of_all = np.nansum([n for day, n in zip(site.dates, site.values, strict=True) if day in told])
    return min(1.0, sessions / float(of_all)) if of_all else None


def affected_of(difference: Difference) -> float:
    """Sessions of the group that the measure counts; of a mean, all of its sessions."""
    measure, own = MEASURES[difference.measure], difference.own.value
    sessions = difference.sessions.value or 0.0
    return sessions * own / measure.per if measure.is_share and own is not None else sessions


def severity_of(facts: Facts, difference: Difference) -> float | None:
    """How much a difference matters; None where it is none for the worse, or the site's sessions are unknown."""
    source = difference.own.source
    if not difference.is_worse or source is None:
        return None
    reach = reach_of(facts, source.table, source.where, sessions=affected_of(difference))
    strength = strength_of(difference.ratio, better=MEASURES[difference.measure].better)
    return None if reach is None or not math.isfinite(strength) else severity(reach, strength)


def level_of_difference(facts: Facts, difference: Difference) -> Level | None:
    """The level of a finding about a difference: None unless it is named and for the worse; a mean is MEDIUM at most.

    A mean does not tell which sessions are hit, and a short visit can be a good one.
    """
    found = severity_of(facts, difference)
    if found is None:
        return None
    return level_of(found, highest=Level.HIGH if MEASURES[difference.measure].is_share else Level.MEDIUM)
