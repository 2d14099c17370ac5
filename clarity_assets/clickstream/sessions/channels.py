"""Sources, mediums and campaigns in, their channels by the seeds' rules out; worked out by DuckDB for both engines."""

from collections.abc import Mapping

import duckdb
import pyarrow as pa

from clarity_assets.clickstream.schema import CHANNEL_OF
from clarity_assets.project_models import project_models
from clarity_assets.settings import Settings
from clarity_assets.warehouse.columns import ARROW_TYPES
from clarity_assets.warehouse.models.model import Model
from clarity_assets.warehouse.models.run import ensure_models

SEEDS = ("seeds.channel_rules", "seeds.source_categories")
TOLD = ("source", "medium", "campaign")

# Blanks and case do not count, and NULL is ''. One text with a source a line: a pattern is compiled once, not once for
# each source.
CHANNELS = """
with pair_key as (
    select
        source,
        medium,
        campaign,
        lower(trim(coalesce(source, ''))) as source_key,
        lower(trim(coalesce(medium, ''))) as medium_key,
        lower(trim(coalesce(campaign, ''))) as campaign_key,
    from told
),

source_list as (
    select string_agg(distinct source_key, chr(10)) as text
    from pair_key
),

categorised as (
    select distinct
        unnest(regexp_extract_all(source_list.text, '(?m)^(?:' || known.source_pattern || ')$')) as source_key,
        known.category,
    from source_list
    cross join seeds.source_categories as known
),

medium_match as (
    select medium.medium_key, rule.rule_order,
    from (select distinct medium_key from pair_key) as medium
    join seeds.channel_rules as rule
        on rule.medium_pattern is null or regexp_full_match(medium.medium_key, rule.medium_pattern)
)

select
    pair_key.source,
    pair_key.medium,
    pair_key.campaign,
    arg_min(rule.channel, rule.rule_order) as channel,
from pair_key
left join categorised on categorised.source_key = pair_key.source_key
join medium_match on medium_match.medium_key = pair_key.medium_key
join seeds.channel_rules as rule
    on rule.rule_order = medium_match.rule_order
    and (rule.source_category is null or rule.source_category = categorised.category)
    and (rule.source_pattern is null or regexp_full_match(pair_key.source_key, rule.source_pattern))
    and (rule.campaign_pattern is null or regexp_full_match(pair_key.campaign_key, rule.campaign_pattern))
group by pair_key.source, pair_key.medium, pair_key.campaign
"""


class Channels:
    """The channels of what was asked so far; each combination is worked out once."""

    def __init__(self, settings: Settings) -> None:
        self._models = project_models(settings)
        self._known: dict[tuple, str] = {}

    def of(self, told: pa.Table) -> pa.Table:
        """Rows of source, medium, campaign (no two the same) with their channel."""
        asked = [tuple(row[name] for name in TOLD) for row in told.to_pylist()]
        if new := [row for row in asked if row not in self._known]:
            self._known |= _channels_of(new, self._models)
        schema = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in CHANNEL_OF])
        rows = [dict(zip(schema.names, (*row, self._known[row]), strict=True)) for row in asked]
        return pa.Table.from_pylist(rows, schema=schema)


def rules_version(settings: Settings) -> str:
    """The same until the rules change."""
    models = project_models(settings)
    return "-".join(models[seed].code_version for seed in SEEDS)


def _channels_of(told: list[tuple], models: Mapping[str, Model]) -> dict[tuple, str]:
    with duckdb.connect() as con:
        ensure_models(con, SEEDS, models=models)
        con.execute("create temp table told (source varchar, medium varchar, campaign varchar)")
        con.executemany("insert into told values (?, ?, ?)", told)
        return {tuple(row[:3]): row[3] for row in con.execute(CHANNELS).fetchall()}
