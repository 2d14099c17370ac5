-- Grain: one row per project_id, date (UTC day), page, device and signal; of a truncated day a remainder a signal besides.
with pages as (
    select
        project_id,
        date,
        page,
        device,
        sessions,
        dead_click_count,
        dead_click_pageviews,
        dead_click_sessions,
        rage_click_count,
        rage_click_pageviews,
        rage_click_sessions,
        quick_back_count,
        quick_back_pageviews,
        quick_back_sessions,
        excessive_scroll_count,
        excessive_scroll_pageviews,
        excessive_scroll_sessions,
        script_error_count,
        script_error_pageviews,
        script_error_sessions,
        error_click_count,
        error_click_pageviews,
        error_click_sessions,
        status,
        is_truncated,
        sessions_is_upper_bound,
        false as is_remainder,
    from staging.stg_clarity__url_device
    where date >= $start and date < $end
),

truncated_days as (
    select
        project_id,
        date,
        max(status) as status,
        sum(dead_click_count) as dead_click_count,
        sum(dead_click_pageviews) as dead_click_pageviews,
        sum(rage_click_count) as rage_click_count,
        sum(rage_click_pageviews) as rage_click_pageviews,
        sum(quick_back_count) as quick_back_count,
        sum(quick_back_pageviews) as quick_back_pageviews,
        sum(excessive_scroll_count) as excessive_scroll_count,
        sum(excessive_scroll_pageviews) as excessive_scroll_pageviews,
        sum(script_error_count) as script_error_count,
        sum(script_error_pageviews) as script_error_pageviews,
        sum(error_click_count) as error_click_count,
        sum(error_click_pageviews) as error_click_pageviews,
    from staging.stg_clarity__url_device
    where date >= $start and date < $end and is_truncated
    group by project_id, date
),

remainder as (
    select
        cut.project_id,
        cut.date,
        null::varchar as page,
        null::varchar as device,
        null::bigint as sessions,
        if(site.dead_click_count is null, null, greatest(0, site.dead_click_count - coalesce(cut.dead_click_count, 0)))::bigint as dead_click_count,
        if(site.dead_click_pageviews is null, null, greatest(0, site.dead_click_pageviews - coalesce(cut.dead_click_pageviews, 0)))::bigint as dead_click_pageviews,
        null::bigint as dead_click_sessions,
        if(site.rage_click_count is null, null, greatest(0, site.rage_click_count - coalesce(cut.rage_click_count, 0)))::bigint as rage_click_count,
        if(site.rage_click_pageviews is null, null, greatest(0, site.rage_click_pageviews - coalesce(cut.rage_click_pageviews, 0)))::bigint as rage_click_pageviews,
        null::bigint as rage_click_sessions,
        if(site.quick_back_count is null, null, greatest(0, site.quick_back_count - coalesce(cut.quick_back_count, 0)))::bigint as quick_back_count,
        if(site.quick_back_pageviews is null, null, greatest(0, site.quick_back_pageviews - coalesce(cut.quick_back_pageviews, 0)))::bigint as quick_back_pageviews,
        null::bigint as quick_back_sessions,
        if(site.excessive_scroll_count is null, null, greatest(0, site.excessive_scroll_count - coalesce(cut.excessive_scroll_count, 0)))::bigint as excessive_scroll_count,
        if(site.excessive_scroll_pageviews is null, null, greatest(0, site.excessive_scroll_pageviews - coalesce(cut.excessive_scroll_pageviews, 0)))::bigint as excessive_scroll_pageviews,
        null::bigint as excessive_scroll_sessions,
        if(site.script_error_count is null, null, greatest(0, site.script_error_count - coalesce(cut.script_error_count, 0)))::bigint as script_error_count,
        if(site.script_error_pageviews is null, null, greatest(0, site.script_error_pageviews - coalesce(cut.script_error_pageviews, 0)))::bigint as script_error_pageviews,
        null::bigint as script_error_sessions,
        if(site.error_click_count is null, null, greatest(0, site.error_click_count - coalesce(cut.error_click_count, 0)))::bigint as error_click_count,
        if(site.error_click_pageviews is null, null, greatest(0, site.error_click_pageviews - coalesce(cut.error_click_pageviews, 0)))::bigint as error_click_pageviews,
        null::bigint as error_click_sessions,
        if(site.status = 'derived', site.status, cut.status) as status,
        true as is_truncated,
        false as sessions_is_upper_bound,
        true as is_remainder,
    from truncated_days as cut
    left join staging.stg_clarity__base as site
        on site.project_id = cut.project_id and site.date = cut.date
),

all_rows as (
    select * from pages
    union all
    select * from remainder
)

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
    sessions_is_upper_bound,
from all_rows
