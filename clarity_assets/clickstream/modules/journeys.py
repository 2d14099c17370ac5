"""Steps of sessions in; the ways they went out: paths, transitions, what often follows what, and the funnel."""

import pyarrow as pa

from clarity_assets.clickstream.engines.engine import EngineSql
from clarity_assets.clickstream.modules.module import Module, Rows, Run, rows_of_sql
from clarity_assets.clickstream.modules.views import rows_of_view
from clarity_assets.errors import SettingsError
from clarity_assets.settings import Settings

TABLES = (
    "fct_clickstream_path_daily",
    "fct_clickstream_path_length_daily",
    "fct_clickstream_transition_daily",
    "fct_clickstream_ngram_daily",
    "fct_clickstream_funnel_daily",
)
MOST_STEPS = 30  # of a funnel: DuckDB's query keeps the step in 5 bits
HOUR_US = 3_600_000_000

JOURNEY = EngineSql(
    duckdb="""
        with named as not materialized (
            select
                date,
                session_key,
                step,
                event_type = 'purchase' as is_purchase,
                case
                    when event_type <> 'pageview' then event_type
                    when page is null then 'page'
                    else coalesce(
                        nullif(
                            case
                                when starts_with(page, '/') then split_part(page, '/', 2)
                                when contains(page, '://') then split_part(page, '/', 4)
                                else split_part(page, '/', 2)
                            end,
                            ''
                        ),
                        'home'
                    )
                end as node,
            from clickstream.step
            where date >= $start and date < $end and not is_bot
        ),
        known as materialized (
            select node, row_number() over (order by node) as node_id from (select distinct node from named)
        ),
        walked as (
            -- step and node in one number: numbers are sorted much faster than pairs, or than `list(… order by …)`
            select
                date,
                session_key,
                bool_or(is_purchase) as is_converted,
                list_sort(list((cast(step as bigint) << 32) | known.node_id)) as places,
            from named
            inner join known on known.node = named.node
            group by date, session_key
        ),
        collapsed as (
            select
                date,
                is_converted,
                list_transform(
                    list_filter(
                        places, lambda place, i: i = 1 or (place & 4294967295) <> (places[i - 1] & 4294967295)
                    ),
                    lambda place: place & 4294967295
                ) as node_ids,
            from walked
        ),
        counted as (
            select date, is_converted, node_ids, count(*) as sessions
            from collapsed
            group by date, is_converted, node_ids
        )
        select date, is_converted, list_select(names.names, node_ids) as nodes, sessions
        from counted
        cross join (select list(replace(node, '>', '%3E') order by node_id) as names from known) as names
    """,
    spark="""
        with named as (
            select
                date,
                session_key,
                step,
                event_type = 'purchase' as is_purchase,
                case
                    when event_type <> 'pageview' then event_type
                    when page is null then 'page'
                    else coalesce(
                        nullif(
                            case
                                when startswith(page, '/') then split_part(page, '/', 2)
                                when contains(page, '://') then split_part(page, '/', 4)
                                else split_part(page, '/', 2)
                            end,
                            ''
                        ),
                        'home'
                    )
                end as node
            from clickstream_step
            where date >= :start and date < :end and not is_bot
        ),
        walked as (
            select
                date,
                bool_or(is_purchase) as is_converted,
                transform(array_sort(collect_list(struct(step, node))), place -> place.node) as nodes
            from named
            group by date, session_key
        ),
        collapsed as (
            select
                date,
                is_converted,
                transform(
                    filter(nodes, (node, i) -> i = 0 or node <> nodes[i - 1]), node -> replace(node, '>', '%3E')
                ) as nodes
            from walked
        )
        select date, is_converted, nodes, count(*) as sessions
        from collapsed
        group by date, is_converted, nodes
    """,
)
"""The view `journey`: sessions by the way they went. Four tables read it, so it is made once.

A node is the event's type, or of a pageview the first part of the page's path. `>` stands between nodes, so that it is
written %3E in a node.
"""


def compute(run: Run) -> Rows:
    """The five tables' rows of the run's days: both engines' queries stand beside the contracts."""
    run.engine.take("funnel_step", funnel_steps(run.settings))
    run.engine.keep("journey", JOURNEY, {"start": run.start, "end": run.end})
    return rows_of_sql(run, *TABLES)


def funnel_steps(settings: Settings) -> pa.Table:
    """The view `funnel_step`: a row a step, in order. Raises SettingsError for a funnel of too many."""
    steps, window_us = settings.funnel, round(settings.clickstream_funnel_window_h * HOUR_US)
    if len(steps) > MOST_STEPS:
        raise SettingsError(
            f"CLICKSTREAM_FUNNEL has {len(steps)} steps; a funnel has {MOST_STEPS} at most: leave some out"
        )
    told = [{"step_number": n, "step": step, "window_us": window_us} for n, step in enumerate(steps, start=1)]
    return rows_of_view("funnel_step", told)


MODULE = Module(
    "journeys",
    "Journeys and the funnel",
    every="day",
    tables=TABLES,
    compute=compute,
    days_back=lambda settings: 1,  # a session of the day before may go on after midnight, and begin the funnel there
    looks_ahead=True,  # the funnel's window ends on the next day
)
