"""Facts in; sessions of the whole site day by day, and shares of them, out."""

from datetime import date

import numpy as np

from clarity_assets.reports.facts import Facts
from clarity_assets.reports.marts import SITE
from clarity_assets.statistics.series import DailySeries

MIN_SESSIONS = 30  # fewer say little of the next ones; as in statistics/contrast.py


def site_sessions(facts: Facts, start: date) -> DailySeries:
    """Sessions of the whole site from `start` to the end of the period."""
    return facts.marts.series(SITE, ["sessions"], start=start, end=facts.period.end)["sessions"][()]


def share_series(own: DailySeries, site: DailySeries) -> DailySeries:
    """Its sessions on the site's, of days that both are known of; both series begin and end on the same days."""
    known = own.is_known & site.is_known
    values, exposure = (np.where(known, series.values, np.nan) for series in (own, site))
    return DailySeries(own.first, values, exposure, "rate")
