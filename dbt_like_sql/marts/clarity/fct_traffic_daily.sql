-- Grain: one row per project_id, date (UTC day), dimension (device, browser, os, country) and segment; of a truncated day a remainder besides.
with site as (
    select project_id, date, sessions as site_sessions,
    from staging.stg_clarity__base
    where date >= $start and date < $end
),

segments as (
    select project_id, date, dimension, segment, sessions, bot_sessions, visitors, pageviews, status, is_truncated, is_remainder,
    from intermediate.int_clarity__segment_daily
    where date >= $start and date < $end and dimension <> 'site'
)

select
    segments.project_id,
    segments.date,
    segments.dimension,
    segments.segment,
    segments.sessions,
    site.site_sessions,
    segments.bot_sessions,
    segments.visitors,
    segments.pageviews,
    segments.status,
    segments.is_truncated,
    segments.is_remainder,
from segments
left join site on site.project_id = segments.project_id and site.date = segments.date
