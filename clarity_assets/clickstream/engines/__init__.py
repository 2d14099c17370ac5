"""Where the heavy queries run: DuckDB on one machine, Spark on one or many; the same tables come out of both."""
