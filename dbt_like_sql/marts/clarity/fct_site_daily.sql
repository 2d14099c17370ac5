-- Grain: one row per project_id and date, for every UTC day that the collection names.
with site_days as (
    select project_id, date, status, method, coverage, cause, window_start, window_end, is_truncated,
    from ops.clarity_day
    where request = 'base' and date >= $start and date < $end
),

page_days as (
    select project_id, date, status, coverage, cause, row_count,
    from ops.clarity_day
    where request = 'url_device' and date >= $start and date < $end
)

select
    site_days.project_id,
    site_days.date,
    site_days.status,
    site_days.method,
    site_days.coverage,
    site_days.cause,
    site_days.window_start,
    site_days.window_end,
    site_days.is_truncated,
    told.sessions,
    told.bot_sessions,
    told.visitors,
    told.pages_per_session,
    told.total_time_s,
    told.active_time_s,
    told.scroll_depth_pct,
    told.pageviews,
    told.total_time_sum_s,
    told.active_time_sum_s,
    told.scroll_depth_sum_pct,
    told.dead_click_count,
    told.dead_click_pageviews,
    told.dead_click_sessions,
    told.rage_click_count,
    told.rage_click_pageviews,
    told.rage_click_sessions,
    told.quick_back_count,
    told.quick_back_pageviews,
    told.quick_back_sessions,
    told.excessive_scroll_count,
    told.excessive_scroll_pageviews,
    told.excessive_scroll_sessions,
    told.script_error_count,
    told.script_error_pageviews,
    told.script_error_sessions,
    told.error_click_count,
    told.error_click_pageviews,
    told.error_click_sessions,
    page_days.status as page_status,
    page_days.coverage as page_coverage,
    page_days.cause as page_cause,
    page_days.row_count as page_row_count,
from site_days
left join staging.stg_clarity__base as told
    on told.project_id = site_days.project_id and told.date = site_days.date
left join page_days
    on page_days.project_id = site_days.project_id and page_days.date = site_days.date
