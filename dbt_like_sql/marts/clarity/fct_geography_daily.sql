-- Grain: one row per project_id, date (UTC day) and country; of a truncated day a remainder besides.
with site as (
    select project_id, date, sessions as site_sessions,
    from staging.stg_clarity__base
    where date >= $start and date < $end
),

countries as (
    select *
    from intermediate.int_clarity__segment_daily
    where date >= $start and date < $end and dimension = 'country'
)

select
    countries.project_id,
    countries.date,
    countries.segment as country,
    countries.sessions,
    site.site_sessions,
    countries.bot_sessions,
    countries.visitors,
    countries.pageviews,
    countries.total_time_sum_s,
    countries.active_time_sum_s,
    countries.scroll_depth_sum_pct,
    countries.pageviews / nullif(countries.sessions + countries.bot_sessions, 0) as pages_per_session,
    countries.total_time_sum_s / nullif(countries.sessions, 0) as total_time_s,
    countries.active_time_sum_s / nullif(countries.sessions, 0) as active_time_s,
    countries.scroll_depth_sum_pct / nullif(countries.sessions, 0) as scroll_depth_pct,
    countries.dead_click_count,
    countries.dead_click_pageviews,
    countries.dead_click_sessions,
    countries.rage_click_count,
    countries.rage_click_pageviews,
    countries.rage_click_sessions,
    countries.quick_back_count,
    countries.quick_back_pageviews,
    countries.quick_back_sessions,
    countries.excessive_scroll_count,
    countries.excessive_scroll_pageviews,
    countries.excessive_scroll_sessions,
    countries.script_error_count,
    countries.script_error_pageviews,
    countries.script_error_sessions,
    countries.error_click_count,
    countries.error_click_pageviews,
    countries.error_click_sessions,
    countries.status,
    countries.is_truncated,
    countries.is_remainder,
from countries
left join site on site.project_id = countries.project_id and site.date = countries.date
