-- Grain: one row per project_id, date (UTC day) and signal of which both the page and the no-dimension request tell counts.
with pages as (
    select
        project_id,
        date,
        signal,
        sum(count)::bigint as page_count,
    from marts.fct_frustration_daily
    where not is_truncated
    group by project_id, date, signal
    having count(count) = count(*)
),

window_of as (
    select project_id, date, request, window_start, window_end,
    from ops.clarity_day
    where request in ('base', 'url_device')
)

select
    site.project_id,
    site.date,
    site.signal,
    site.count as site_count,
    pages.page_count,
    pages.page_count - site.count as difference_count,
    abs(pages.page_count - site.count) / nullif(site.count, 0) as difference_share,
    greatest(
        abs(epoch(of_site.window_start) - epoch(of_pages.window_start)),
        abs(epoch(of_site.window_end) - epoch(of_pages.window_end))
    ) as window_difference_s,
from marts.fct_signal_daily as site
join pages on pages.project_id = site.project_id and pages.date = site.date and pages.signal = site.signal
left join window_of as of_site
    on of_site.project_id = site.project_id and of_site.date = site.date and of_site.request = 'base'
left join window_of as of_pages
    on of_pages.project_id = site.project_id and of_pages.date = site.date and of_pages.request = 'url_device'
where site.dimension = 'site' and site.count is not null
