"""Marts and a period in; files that other tools read out (CSV, JSON, Parquet, Excel), each folder with its manifest.

    <exports>/
        <period>/                        2026-10-05 (a week), 2026-10 (a month), 2026-10-05_2026-10-09 (another span)
            traffic_<period>.csv         and engagement, frustration, geography, attribution: every column of the mart
            traffic_<period>.parquet     the same five, with types and the columns' meanings
            clarity_<period>.xlsx        one workbook: read_me, the five (frustration: a column a signal), dictionary
            powerbi_feed_<period>.json   a row a day and device
            weekly_summary_<period>.json (a month: monthly_summary_…), where a report has been exported
            manifest.json                name, size, sha256, rows, period and project of each
        latest/week|month|range/         traffic.csv, …: names that stay, for tools that look at one place; the period
                                         that ends last of its kind, so a backfill of an old week leaves it alone

A file is there whole or not at all: all are made in a hidden folder beside, then moved, and a manifest goes last.
The same rows and `made_at` give the same bytes; CSV and Parquet do not even hold `made_at`.
"""
