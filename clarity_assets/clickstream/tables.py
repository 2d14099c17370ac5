"""The tables that keep what was ingested and made: files, days, rejected rows; each with its columns and comment."""

from clarity_assets.warehouse.columns import Column

FILE = (
    Column("project_id", "VARCHAR", "Clarity project."),
    Column("file_hash", "VARCHAR", "sha256 of the file as delivered."),
    Column("mapping", "VARCHAR", "Name of the mapping it was read through."),
    Column("name", "VARCHAR", "Its name when it was ingested first."),
    Column("rows_read", "BIGINT", "Rows in it."),
    Column("events_new", "BIGINT", "Events that were not there before, those added by `ingest --again` included."),
    Column("events_known", "BIGINT", "Rows whose event was there before, or stands in it twice."),
    Column("rows_rejected", "BIGINT", "Rows in landing.clickstream_rejected."),
    Column("days", "BIGINT", "UTC days that it changed."),
    Column("first_date", "DATE", "First UTC day that it tells of. NULL: no event."),
    Column("last_date", "DATE", "Last UTC day that it tells of. NULL: no event."),
    Column("mapping_hash", "VARCHAR", "Hash of what the ids and days of its events follow from. NULL: not kept then."),
    Column("ingested_at", "TIMESTAMP", "When (UTC)."),
)
DAY = (
    Column("project_id", "VARCHAR", "Clarity project."),
    Column("date", "DATE", "UTC day."),
    Column("file", "VARCHAR", "Its Parquet file, below the clickstream folder."),
    Column("content_hash", "VARCHAR", "Hash of its events, whatever their order or file."),
    Column("events", "BIGINT", "Events."),
    Column("bot_events", "BIGINT", "Events of bots' user agents."),
    Column("byte_count", "BIGINT", "Size of the file."),
    Column("changed_at", "TIMESTAMP", "When its events last changed (UTC)."),
)
SESSION_DAY = (
    Column("project_id", "VARCHAR", "Clarity project."),
    Column("date", "DATE", "UTC day that the sessions began."),
    Column("session_files", "VARCHAR[]", "Parquet files of its sessions, below the clickstream folder."),
    Column("step_files", "VARCHAR[]", "Parquet files of their steps."),
    Column("sessions", "BIGINT", "Sessions, bots' too."),
    Column("steps", "BIGINT", "Events in them."),
    Column(
        "made_of", "VARCHAR", "Hash of the events of the day, the day before and the day after, and of the settings."
    ),
    Column("engine", "VARCHAR", "duckdb or spark."),
    Column("built_at", "TIMESTAMP", "When (UTC)."),
)
BUILT = (
    Column("project_id", "VARCHAR", "Clarity project."),
    Column("module", "VARCHAR", "Name of the analysis."),
    Column("date", "DATE", "UTC day, or Monday of the week."),
    Column("made_of", "VARCHAR", "Hash of the sessions it read, and of its settings."),
    Column("engine", "VARCHAR", "duckdb or spark."),
    Column("built_at", "TIMESTAMP", "When (UTC)."),
)
REJECTED = (
    Column("project_id", "VARCHAR", "Clarity project."),
    Column("file_hash", "VARCHAR", "sha256 of the file as delivered."),
    Column("mapping", "VARCHAR", "Name of the mapping it was read through."),
    Column("name", "VARCHAR", "Its name."),
    Column("row_number", "BIGINT", "Row in the file, from 1, the header not counted."),
    Column("reason", "VARCHAR", "Which rule it broke, with the value."),
    Column("row", "VARCHAR", "The row as JSON, ids as pseudonyms, URLs without query strings. NULL: no row at all."),
    Column("rejected_at", "TIMESTAMP", "When (UTC)."),
)

FILE_TABLE, DAY_TABLE, SESSION_DAY_TABLE = "ops.clickstream_file", "ops.clickstream_day", "ops.clickstream_session_day"
BUILT_TABLE, REJECTED_TABLE = "ops.clickstream_built", "landing.clickstream_rejected"

CLICKSTREAM_TABLES = {
    FILE_TABLE: (FILE, "Every file of events that was ingested, once for each mapping."),
    DAY_TABLE: (DAY, "Every UTC day that has events, and the file that holds them."),
    SESSION_DAY_TABLE: (SESSION_DAY, "Every UTC day whose sessions are made, and the files that hold them."),
    BUILT_TABLE: (BUILT, "What each analysis was last made of."),
    REJECTED_TABLE: (REJECTED, "Rows that are no events, and why: nothing is dropped in silence."),
}
