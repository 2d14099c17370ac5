"""All sessions up to a week's end in; who came back, who is active, at risk or churned, and since when, out."""

import pyarrow as pa

from clarity_assets.clickstream.engines.engine import EngineSql
from clarity_assets.clickstream.modules.module import Module, Rows, Run, rows_of_sql
from clarity_assets.clickstream.modules.views import rows_of_view
from clarity_assets.settings import Settings

TABLES = (
    "fct_clickstream_cohort_weekly",
    "fct_clickstream_visitor_status_weekly",
    "fct_clickstream_recency_weekly",
)

PERSON = EngineSql(
    duckdb="""
        select
            person_id,
            min(date) as first_date,
            max(date) as last_date,
            count(*) as sessions,
            bool_or(is_converted) as is_buyer,
            sum(revenue) as revenue,
        from clickstream.session
        where date < $end and not is_bot
        group by person_id
    """,
    spark="""
        select
            person_id,
            min(date) as first_date,
            max(date) as last_date,
            count(*) as sessions,
            bool_or(is_converted) as is_buyer,
            sum(revenue) as revenue
        from clickstream_session
        where date < :end and not is_bot
        group by person_id
    """,
)
"""The view `person`: everybody who ever came, up to the week's end. All three tables read it, so it is made once."""


def compute(run: Run) -> Rows:
    """The three tables' rows as of the end of the run's week: both engines' queries stand beside the contracts."""
    run.engine.take("status_limit", status_limits(run.settings))
    run.engine.keep("person", PERSON, {"end": run.end})
    return rows_of_sql(run, *TABLES)


def status_limits(settings: Settings) -> pa.Table:
    """The view `status_limit`: one row."""
    limits = {"active_days": settings.clickstream_active_days, "churned_days": settings.clickstream_churned_days}
    return rows_of_view("status_limit", [limits])


MODULE = Module(
    "cohorts",
    "Cohorts and retention",
    every="week",
    tables=TABLES,
    compute=compute,
    days_back=lambda settings: None,
)
