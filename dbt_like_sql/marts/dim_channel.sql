-- Grain: one row per channel.
select
    channel,
    min(rule_order) as first_rule_order,
    bool_or(is_paid) as is_paid,
    string_agg(definition, ' ' order by rule_order) as definition,
    string_agg(distinct published_by, ' | ' order by published_by) as published_by,
from seeds.channel_rules
group by channel
