"""Models of the warehouse: a file under `dbt_like_sql/` and its contract in, one table (or view) out."""
