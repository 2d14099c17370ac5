-- Grain: one row per project_id, date (UTC day), dimension (site, device, browser, os, country) and segment; of a truncated day a remainder besides.
select
    project_id,
    date,
    dimension,
    segment,
    sessions,
    bot_sessions,
    pageviews,
    total_time_sum_s,
    active_time_sum_s,
    scroll_depth_sum_pct,
    pageviews / nullif(sessions + bot_sessions, 0) as pages_per_session,
    total_time_sum_s / nullif(sessions, 0) as total_time_s,
    active_time_sum_s / nullif(sessions, 0) as active_time_s,
    scroll_depth_sum_pct / nullif(sessions, 0) as scroll_depth_pct,
    status,
    is_truncated,
    is_remainder,
from intermediate.int_clarity__segment_daily
where date >= $start and date < $end
