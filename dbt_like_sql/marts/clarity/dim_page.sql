-- Grain: one row per project_id and page.
with pages as (
    select
        project_id,
        page,
        min(date) as first_seen_date,
        max(date) as last_seen_date,
        count(*) as day_count,
    from marts.fct_page_daily
    where page is not null
    group by project_id, page
),

-- what follows the host, up to `?` or `#`, in the three ways that pages are named in
raw_paths as (
    select distinct
        page,
        regexp_extract(page, '^([a-zA-Z][a-zA-Z0-9+.-]*:(//)?)?[^/?#]*([^?#]*)', 3) as path,
    from pages
),

-- percent-decoded, where that is text
paths as (
    select
        page,
        coalesce(nullif(lower(replace(coalesce(try(url_decode(path)), path), chr(10), ' ')), ''), '/') as path,
    from raw_paths
),

-- one text with a path a line: a pattern is compiled once, not once a path
path_list as (
    select string_agg(distinct path, chr(10)) as text
    from paths
),

matches as (
    select
        unnest(regexp_extract_all(path_list.text, '(?m)^(?:' || rule.path_pattern || ')$')) as path,
        rule.rule_order,
        rule.content_type,
    from path_list
    cross join seeds.content_type_rules as rule
),

types as (
    select
        path,
        arg_min(content_type, rule_order) as content_type,
    from matches
    group by path
)

select
    pages.project_id,
    pages.page,
    paths.path,
    types.content_type,
    pages.first_seen_date,
    pages.last_seen_date,
    pages.day_count,
    coalesce(not before.is_gap and not before.is_truncated, false) as is_first_seen_certain,
from pages
join paths on paths.page = pages.page
left join types on types.path = paths.path
left join marts.fct_collection_daily as before
    on before.project_id = pages.project_id
    and before.request = 'url_device'
    and before.date = pages.first_seen_date - 1
