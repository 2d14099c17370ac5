"""Three marts in; `powerbi_feed.json` out: a row a day and device.

    {"last_updated": "2026-10-12T06:00:00Z",                      when the file was made, UTC
     "date_range": {"start": "2026-10-05", "end": "2026-10-11"},  first and last day, both included
     "unknown_dates": ["2026-10-07"],                             days without rows: pending, lost, not made
     "metrics": [{"date", "device", "total_sessions", "distinct_users", "avg_engagement_time", "rage_clicks",
                  "dead_clicks"}, …]}

Sessions are without bots; users are with them, of one day and device, and never add up; time is in seconds, idle time
included. `null` is what is not known, never 0. A day of which nothing is known has no rows (which devices it had is not
known either). Device `null`: Clarity names none; `(remainder)`: what a truncated day lacks against the site's total.
"""

import orjson

from clarity_assets.exports.tables import FINITE, Source, days_sql, read_mart

REMAINDER = "(remainder)"

KEY = "date, segment, is_remainder"
BY_DEVICE = """
    with traffic as ({traffic}),
    engagement as ({engagement}),
    signals as ({signals}),

    devices as (
        select {key}, sessions, visitors,
        from traffic
        where dimension = 'device'
    ),

    times as (
        select {key}, {time} as total_time_s,
        from engagement
        where dimension = 'device'
    ),

    clicks as (
        select
            {key},
            max(count) filter (signal = 'rage_click') as rage_clicks,
            max(count) filter (signal = 'dead_click') as dead_clicks,
        from signals
        where dimension = 'device'
        group by {key}
    )

    select
        cast(devices.date as varchar) as date,
        if(devices.is_remainder, $remainder, devices.segment) as device,
        devices.sessions as total_sessions,
        devices.visitors as distinct_users,
        times.total_time_s as avg_engagement_time,
        clicks.rage_clicks,
        clicks.dead_clicks,
    from devices
    left join times
        on times.date = devices.date
        and times.segment is not distinct from devices.segment
        and times.is_remainder = devices.is_remainder
    left join clicks
        on clicks.date = devices.date
        and clicks.segment is not distinct from devices.segment
        and clicks.is_remainder = devices.is_remainder
    order by devices.date, devices.is_remainder, devices.segment nulls last
"""


def power_bi_feed(source: Source) -> tuple[bytes, int]:
    """The file's JSON, and its rows in `metrics`."""
    marts = {"traffic": "fct_traffic_daily", "engagement": "fct_engagement_daily", "signals": "fct_signal_daily"}
    days = {name: days_sql(source, read_mart(table)) for name, table in marts.items()}
    query = BY_DEVICE.format(key=KEY, time=FINITE.format("total_time_s"), **days)
    result = source.con.execute(query, source.parameters | {"remainder": REMAINDER})
    names = [column[0] for column in result.description]
    metrics = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    told = {row["date"] for row in metrics}
    feed = {
        "last_updated": source.made_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "date_range": {"start": source.period.start, "end": source.period.last},
        "unknown_dates": [day for day in source.period.dates if day.isoformat() not in told],
        "metrics": metrics,
    }
    return orjson.dumps(feed, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE), len(metrics)
