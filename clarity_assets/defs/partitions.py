"""The partitions of all assets (UTC days, weeks from Monday, months); how fresh daily ones must be."""

import math
from datetime import UTC, datetime, timedelta

import dagster as dg

from clarity_assets.settings import load_settings

TIMEZONE = "UTC"  # daily and weekly partitions must share it, or their mapping fails

_settings = load_settings()

FIRST_DATE = _settings.first_date

# Dagster ends partitions by the system clock; a drill (CLARITY_NOW) may be ahead of it, and its clock may run fast.
_DAYS_AHEAD = max(0, (_settings.clock().date() - datetime.now(UTC).date()).days) + (366 if _settings.clock_speed else 0)

daily = dg.DailyPartitionsDefinition(start_date=FIRST_DATE.isoformat(), timezone=TIMEZONE, end_offset=_DAYS_AHEAD)
weekly = dg.WeeklyPartitionsDefinition(
    start_date=FIRST_DATE.isoformat(), timezone=TIMEZONE, day_offset=1, end_offset=math.ceil(_DAYS_AHEAD / 7)
)
monthly = dg.MonthlyPartitionsDefinition(
    start_date=FIRST_DATE.isoformat(), timezone=TIMEZONE, end_offset=math.ceil(_DAYS_AHEAD / 28)
)

# A day comes once every 24 h, an hour after midnight; after 72 h without a collection its figures would be lost.
DAILY_FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=48), warn_window=timedelta(hours=27))
