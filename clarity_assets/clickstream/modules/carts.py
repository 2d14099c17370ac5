"""Sessions and their steps in, carts out: abandoned and completed, by product and by size, of each day."""

from clarity_assets.clickstream.modules.module import Module, Rows, Run, rows_of_sql

TABLES = (
    "fct_clickstream_cart_daily",
    "fct_clickstream_cart_product_daily",
    "fct_clickstream_cart_size_daily",
)


def compute(run: Run) -> Rows:
    """The three tables' rows of the run's days: both engines' queries stand beside the contracts."""
    return rows_of_sql(run, *TABLES)


MODULE = Module("carts", "Carts: abandoned and completed", every="day", tables=TABLES, compute=compute)
