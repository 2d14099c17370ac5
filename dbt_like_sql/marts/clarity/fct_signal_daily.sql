-- Grain: one row per project_id, date (UTC day), dimension (site, device, browser, os, country), segment and signal; of a truncated day a remainder besides.
select
    project_id,
    date,
    dimension,
    segment,
    unnest([
        'dead_click',
        'rage_click',
        'quick_back',
        'excessive_scroll',
        'script_error',
        'error_click'
    ]) as signal,
    unnest([
        dead_click_count,
        rage_click_count,
        quick_back_count,
        excessive_scroll_count,
        script_error_count,
        error_click_count
    ]) as count,
    unnest([
        dead_click_pageviews,
        rage_click_pageviews,
        quick_back_pageviews,
        excessive_scroll_pageviews,
        script_error_pageviews,
        error_click_pageviews
    ]) as signal_pageviews,
    unnest([
        dead_click_sessions,
        rage_click_sessions,
        quick_back_sessions,
        excessive_scroll_sessions,
        script_error_sessions,
        error_click_sessions
    ]) as affected_sessions,
    sessions,
    status,
    is_truncated,
    is_remainder,
from intermediate.int_clarity__segment_daily
where date >= $start and date < $end
