-- Grain: one row per project_id and recommendation_id.
with newest as (
    select
        project_id,
        recommendation_id,
        rule,
        audience,
        place,
        page,
        device,
        segment,
        signal,
        title,
        statement,
        table_name,
        measure,
        mart_rows,
        unit,
        own,
        other,
        ratio,
        low,
        high,
        affected_sessions,
        site_sessions,
        reach,
        strength,
        severity,
        level,
        evidence,
        period_kind,
        period_start,
        period_end,
        found_at,
    from ops.recommendation_found
    -- of those that end on one day the shortest: a week tells of now, its month also of then
    qualify row_number() over (
        partition by project_id, recommendation_id
        order by period_end desc, period_start desc, found_at desc
    ) = 1
),

periods as (
    select
        project_id,
        recommendation_id,
        min(period_start) as first_period_start,
        count(*) as times_found,
    from ops.recommendation_found
    group by project_id, recommendation_id
),

decisions as (
    select
        project_id,
        recommendation_id,
        state,
        decided_on,
        decided_by,
        note,
    from ops.recommendation_decision
    qualify row_number() over (
        partition by project_id, recommendation_id
        order by decision_no desc
    ) = 1
)

select
    newest.project_id,
    newest.recommendation_id,
    newest.rule,
    newest.audience,
    newest.place,
    newest.page,
    newest.device,
    newest.segment,
    newest.signal,
    newest.title,
    newest.statement,
    newest.table_name,
    newest.measure,
    newest.mart_rows,
    newest.unit,
    newest.own,
    newest.other,
    newest.ratio,
    newest.low,
    newest.high,
    newest.affected_sessions,
    newest.site_sessions,
    newest.reach,
    newest.strength,
    newest.severity,
    newest.level,
    newest.evidence,
    periods.first_period_start,
    newest.period_kind as last_period_kind,
    newest.period_start as last_period_start,
    newest.period_end as last_period_end,
    periods.times_found,
    newest.found_at,
    coalesce(decisions.state, 'open') as state,
    decisions.decided_on,
    decisions.decided_by,
    decisions.note,
from newest
join periods using (project_id, recommendation_id)
left join decisions using (project_id, recommendation_id)
