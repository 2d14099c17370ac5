"""The DuckDB file: one writer at a time, and tables replaced a partition at a time."""
