"""Events of a site or shop: landed by UTC day, made into sessions, analysed on DuckDB or Spark."""
