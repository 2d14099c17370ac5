-- Grain: one row per project_id and date (UTC day): what of the day's totals would be odd.
with days as (
    select
        project_id,
        date,
        coverage,
        sessions,
        bot_sessions,
        visitors,
        list(sessions) filter (sessions is not null) over same_weekday as earlier_sessions,
    from marts.fct_site_daily
    window same_weekday as (
        partition by project_id, isodow(date) order by date
        range between interval 56 days preceding and interval 7 days preceding
    )
)

select
    project_id,
    date,
    coverage,
    sessions,
    bot_sessions / nullif(sessions + bot_sessions, 0) as bot_session_share,
    visitors / nullif(sessions + bot_sessions, 0) as visitors_per_session,
    len(coalesce(earlier_sessions, [])) as same_weekday_count,
    list_median(earlier_sessions) as same_weekday_sessions,
    sessions / nullif(list_median(earlier_sessions), 0) as sessions_against_same_weekdays,
from days
