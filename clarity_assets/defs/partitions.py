"""The partitions of all assets: UTC days from CLARITY_FIRST_DATE, and weeks from Monday."""

import dagster as dg

from clarity_assets.settings import load_settings

TIMEZONE = "UTC"  # daily and weekly partitions must share it, or their mapping fails

FIRST_DATE = load_settings().first_date

daily = dg.DailyPartitionsDefinition(start_date=FIRST_DATE.isoformat(), timezone=TIMEZONE)
weekly = dg.WeeklyPartitionsDefinition(start_date=FIRST_DATE.isoformat(), timezone=TIMEZONE, day_offset=1)
