-- Grain: one row per project_id, date (UTC day), breakdown and its source and medium, campaign, or channel; of a truncated day a remainder besides.
with figures as (
    select
        project_id,
        date,
        'source_medium' as breakdown,
        source as source,
        medium as medium,
        null::varchar as campaign,
        null::varchar as clarity_channel,
        sessions,
        bot_sessions,
        visitors,
        pageviews,
        total_time_sum_s,
        active_time_sum_s,
        scroll_depth_sum_pct,
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
    from staging.stg_clarity__source_medium
    where date >= $start and date < $end
    union all
    select
        project_id,
        date,
        'campaign' as breakdown,
        null::varchar as source,
        null::varchar as medium,
        campaign as campaign,
        null::varchar as clarity_channel,
        sessions,
        bot_sessions,
        visitors,
        pageviews,
        total_time_sum_s,
        active_time_sum_s,
        scroll_depth_sum_pct,
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
    from staging.stg_clarity__campaign
    where date >= $start and date < $end
    union all
    select
        project_id,
        date,
        'clarity_channel' as breakdown,
        null::varchar as source,
        null::varchar as medium,
        null::varchar as campaign,
        channel as clarity_channel,
        sessions,
        bot_sessions,
        visitors,
        pageviews,
        total_time_sum_s,
        active_time_sum_s,
        scroll_depth_sum_pct,
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
    from staging.stg_clarity__channel
    where date >= $start and date < $end
),

pairs as (
    select distinct
        source,
        medium,
        lower(trim(coalesce(source, ''))) as source_key,
        lower(trim(coalesce(medium, ''))) as medium_key,
    from figures
    where breakdown = 'source_medium'
),

-- one text with a source a line: a pattern is compiled once, not once a source
source_list as (
    select string_agg(distinct source_key, chr(10)) as text
    from pairs
),

categorised as (
    select distinct
        unnest(regexp_extract_all(source_list.text, '(?m)^(?:' || known.source_pattern || ')$')) as source_key,
        known.category,
    from source_list
    cross join seeds.source_categories as known
),

medium_rules as (
    select mediums.medium_key, rule.rule_order,
    from (select distinct medium_key from pairs) as mediums
    join seeds.channel_rules as rule
        on rule.medium_pattern is null or regexp_full_match(mediums.medium_key, rule.medium_pattern)
),

-- the campaign is not known beside source and medium, so rules that ask for one do not apply
channel_of as (
    select
        pairs.source,
        pairs.medium,
        arg_min(rule.channel, rule.rule_order) as channel,
    from pairs
    left join categorised on categorised.source_key = pairs.source_key
    join medium_rules on medium_rules.medium_key = pairs.medium_key
    join seeds.channel_rules as rule
        on rule.rule_order = medium_rules.rule_order
        and (rule.source_category is null or rule.source_category = categorised.category)
        and (rule.source_pattern is null or regexp_full_match(pairs.source_key, rule.source_pattern))
        and rule.campaign_pattern is null
    group by pairs.source, pairs.medium
),

truncated_days as (
    select
        project_id,
        date,
        breakdown,
        max(status) as status,
        sum(pageviews) as pageviews,
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
    from figures
    where is_truncated
    group by project_id, date, breakdown
),

remainder as (
    select
        cut.project_id,
        cut.date,
        cut.breakdown,
        null::varchar as source,
        null::varchar as medium,
        null::varchar as campaign,
        null::varchar as clarity_channel,
        null::bigint as sessions,
        null::bigint as bot_sessions,
        null::bigint as visitors,
        if(site.pageviews is null, null, greatest(0, site.pageviews - coalesce(cut.pageviews, 0))) as pageviews,
        null::double as total_time_sum_s,
        null::double as active_time_sum_s,
        null::double as scroll_depth_sum_pct,
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
    from truncated_days as cut
    left join staging.stg_clarity__base as site
        on site.project_id = cut.project_id and site.date = cut.date
),

all_rows as (
    select *, false as is_remainder from figures
    union all
    select *, true as is_remainder from remainder
)

select
    all_rows.project_id,
    all_rows.date,
    all_rows.breakdown,
    all_rows.source,
    all_rows.medium,
    all_rows.campaign,
    if(all_rows.is_remainder, null, coalesce(channel_of.channel, all_rows.clarity_channel)) as channel,
    all_rows.sessions,
    all_rows.bot_sessions,
    all_rows.visitors,
    all_rows.pageviews,
    all_rows.total_time_sum_s,
    all_rows.active_time_sum_s,
    all_rows.scroll_depth_sum_pct,
    all_rows.pageviews / nullif(all_rows.sessions + all_rows.bot_sessions, 0) as pages_per_session,
    all_rows.total_time_sum_s / nullif(all_rows.sessions, 0) as total_time_s,
    all_rows.active_time_sum_s / nullif(all_rows.sessions, 0) as active_time_s,
    all_rows.scroll_depth_sum_pct / nullif(all_rows.sessions, 0) as scroll_depth_pct,
    all_rows.dead_click_count,
    all_rows.dead_click_pageviews,
    all_rows.dead_click_sessions,
    all_rows.rage_click_count,
    all_rows.rage_click_pageviews,
    all_rows.rage_click_sessions,
    all_rows.quick_back_count,
    all_rows.quick_back_pageviews,
    all_rows.quick_back_sessions,
    all_rows.excessive_scroll_count,
    all_rows.excessive_scroll_pageviews,
    all_rows.excessive_scroll_sessions,
    all_rows.script_error_count,
    all_rows.script_error_pageviews,
    all_rows.script_error_sessions,
    all_rows.error_click_count,
    all_rows.error_click_pageviews,
    all_rows.error_click_sessions,
    all_rows.status,
    all_rows.is_truncated,
    all_rows.is_remainder,
from all_rows
left join channel_of
    on all_rows.breakdown = 'source_medium'
    and channel_of.source is not distinct from all_rows.source
    and channel_of.medium is not distinct from all_rows.medium
