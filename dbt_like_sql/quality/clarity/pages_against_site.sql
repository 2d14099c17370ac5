-- Grain: one row per project_id, date (UTC day) and signal of which both the page and the no-dimension request tell counts.
with pages as (
    select
        project_id,
        date,
        signal,
        sum(count)::bigint as page_count,
        bool_or(is_truncated) as is_truncated,
    from marts.fct_frustration_daily
    where not is_remainder
    group by project_id, date, signal
    having count(count) = count(*) or bool_or(is_truncated)
),

window_of as (
    select project_id, date, request, window_start, window_end,
    from ops.clarity_day
    where request in ('base', 'url_device')
),

compared as (
    select
        site.project_id,
        site.date,
        site.signal,
        site.count as site_count,
        pages.page_count,
        pages.is_truncated,
        -- a sample may have less than the site, but not more
        if(pages.is_truncated, greatest(0, pages.page_count - site.count), pages.page_count - site.count)
            as difference_count,
    from marts.fct_signal_daily as site
    join pages on pages.project_id = site.project_id and pages.date = site.date and pages.signal = site.signal
    where site.dimension = 'site' and site.count is not null and pages.page_count is not null
)

select
    compared.project_id,
    compared.date,
    compared.signal,
    compared.site_count,
    compared.page_count,
    compared.is_truncated,
    compared.difference_count,
    abs(compared.difference_count) / nullif(greatest(compared.page_count, compared.site_count), 0) as difference_share,
    greatest(
        abs(epoch(of_site.window_start) - epoch(of_pages.window_start)),
        abs(epoch(of_site.window_end) - epoch(of_pages.window_end))
    ) as window_difference_s,
from compared
left join window_of as of_site
    on of_site.project_id = compared.project_id and of_site.date = compared.date and of_site.request = 'base'
left join window_of as of_pages
    on of_pages.project_id = compared.project_id
    and of_pages.date = compared.date
    and of_pages.request = 'url_device'
