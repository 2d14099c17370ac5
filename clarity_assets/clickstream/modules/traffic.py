"""Sessions in, where they came from and when out: the site, sources, landing pages and hours of each day."""

from clarity_assets.clickstream.modules.module import Module, Rows, Run, rows_of_sql

TABLES = (
    "fct_clickstream_site_daily",
    "fct_clickstream_source_daily",
    "fct_clickstream_landing_page_daily",
    "fct_clickstream_hour_daily",
)


def compute(run: Run) -> Rows:
    """The four tables' rows of the run's days: both engines' queries stand beside the contracts."""
    return rows_of_sql(run, *TABLES)


MODULE = Module("traffic", "Traffic sources, landing pages and hours", every="day", tables=TABLES, compute=compute)
