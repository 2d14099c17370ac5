"""Files of events in, through a mapping; Parquet by UTC day out, and every row that is no event with its reason."""
