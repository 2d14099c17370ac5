"""The tables of alerts in the operations file: columns, types and meanings."""

from clarity_assets.warehouse.columns import Column

ALERT = (
    Column("project_id", "VARCHAR", "Clarity project."),
    Column("alert_id", "VARCHAR", "Names this opening of the cause; `clarity-assets alerts ack` takes it."),
    Column("cause_id", "VARCHAR", "What is wrong, the same for as long as it lasts; begins with the kind."),
    Column("kind", "VARCHAR", "One of the kinds that docs/runbook.md has a section on."),
    Column("severity", "VARCHAR", "critical or warning, as it was seen last."),
    Column("title", "VARCHAR", "One line."),
    Column("detail", "VARCHAR", "What was known when it was seen last."),
    Column("next_step", "VARCHAR", "What to do."),
    Column("opened_at", "TIMESTAMP", "When it was found first (UTC)."),
    Column("updated_at", "TIMESTAMP", "When it was seen last, or resolved (UTC)."),
    Column("resolved_at", "TIMESTAMP", "When it was over (UTC). NULL: it is open."),
    Column("resolution", "VARCHAR", "How it ended. NULL: it is open."),
    Column("told_severity", "VARCHAR", "Severity it was told with, the highest. NULL: not told yet."),
    Column("reopened_at", "TIMESTAMP", "When it came back the last time (UTC). NULL: it never did."),
    Column("reopened_count", "INTEGER", "How often it came back soon after it was resolved."),
    Column("told_count", "INTEGER", "How often it was told that the cause came back and stays."),
    Column("is_silent", "BOOLEAN", "Whether it came back and nobody was told of that (yet)."),
    Column("acknowledged_at", "TIMESTAMP", "When somebody said that it is known (UTC). NULL: nobody did."),
)

ALERT_MEMORY = (
    Column("project_id", "VARCHAR", "Clarity project."),
    Column("topic", "VARCHAR", "What is remembered, such as warehouse_busy."),
    Column("since", "TIMESTAMP", "Since when (UTC)."),
)

ALERT_TABLES: dict[str, tuple] = {
    "ops.alert": (ALERT, "Every alert that was ever opened; never deleted."),
    "ops.alert_memory": (ALERT_MEMORY, "What a look at the project must remember until the next one."),
}
