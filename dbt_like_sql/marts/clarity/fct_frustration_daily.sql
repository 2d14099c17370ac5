-- Grain: one row per project_id, date (UTC day), page, device and signal.
select
    project_id,
    date,
    page,
    device,
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
    ]) as pageviews,
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
    sessions_is_upper_bound,
from landing.clarity_url_device
where date >= $start and date < $end
