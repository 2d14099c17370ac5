"""The tables of schema `ops` that the collection keeps: columns, types and meanings."""

from clarity_assets.warehouse.columns import Column

CLARITY_ANSWER = (
    Column("answer_id", "VARCHAR", "Names project, request, length, window end and the start of the hash."),
    Column("project_id", "VARCHAR", "Clarity project."),
    Column("request", "VARCHAR", "Which request it answers (its landing table is landing.clarity_<request>)."),
    Column("num_of_days", "INTEGER", "Length of the window: 1, 2 or 3 times 24 h."),
    Column("window_start", "TIMESTAMP", "Start of the window (UTC, included)."),
    Column("window_end", "TIMESTAMP", "End of the window (UTC, excluded)."),
    Column(
        "window_end_source",
        "VARCHAR",
        "What told the end: server (its Date header), local clock, file, or given.",
    ),
    Column("received_at", "TIMESTAMP", "When it was stored (UTC)."),
    Column("origin", "VARCHAR", "api, or the file it was imported from."),
    Column("request_id", "VARCHAR", "Its row in ops.api_request; NULL for imports."),
    Column("sha256", "VARCHAR", "Hash of the stored form (before compression)."),
    Column("byte_count", "BIGINT", "Bytes of the stored form (before compression)."),
    Column("row_count", "BIGINT", "Rows of the nine metrics."),
    Column("truncated_blocks", "VARCHAR[]", "Metrics that the API cut at 1,000 rows."),
    Column("warnings", "VARCHAR[]", "Unknown or missing metrics and fields."),
    Column("quarantine_reason", "VARCHAR", "Why no day is solved from it; NULL where it is used."),
    Column(
        "body",
        "BLOB",
        "The answer's JSON without query strings, fragments and credentials in URLs; zstd. NULL: deleted.",
    ),
)

API_REQUEST = (
    Column("request_id", "VARCHAR", "Drawn when the slot is reserved."),
    Column("project_id", "VARCHAR", "Clarity project."),
    Column("request", "VARCHAR", "Name of the request."),
    Column("num_of_days", "INTEGER", "1, 2 or 3."),
    Column("purpose", "VARCHAR", "plan (the newest day's six requests) or reserve (missed days, extra requests)."),
    Column("for_date", "DATE", "UTC day that was to become known."),
    Column("reserved_at", "TIMESTAMP", "When the slot was reserved, before anything was sent (UTC)."),
    Column("finished_at", "TIMESTAMP", "When the outcome was stored (UTC)."),
    Column(
        "outcome",
        "VARCHAR",
        "reserved (maybe spent), answered, quarantined, not_sent (given back), or the error's kind.",
    ),
    Column("http_status", "INTEGER", "Status of the response, if there was one."),
    Column("error", "VARCHAR", "The error's message."),
    Column("first_bytes", "VARCHAR", "Start of an unusable body, without token and query strings."),
    Column("token_hash", "VARCHAR", "sha256 of the token that was used."),
    Column("run_id", "VARCHAR", "Dagster run, or NULL."),
)

CLARITY_REFUSAL = (
    Column("project_id", "VARCHAR", "Clarity project."),
    Column("request", "VARCHAR", "Name of the request."),
    Column("for_date", "DATE", "UTC day that was to become known."),
    Column("refused_at", "TIMESTAMP", "When it was refused (UTC)."),
    Column("reason", "VARCHAR", "What refused it (budget, token); nothing was sent."),
)

CLARITY_DAY = (
    Column("project_id", "VARCHAR", "Clarity project."),
    Column("request", "VARCHAR", "Name of the request."),
    Column("date", "DATE", "UTC day."),
    Column("status", "VARCHAR", "measured, derived, pending (can still be asked) or lost."),
    Column(
        "method",
        "VARCHAR",
        "window (one), difference (several), rolled_up (from a finer request); NULL if unknown.",
    ),
    Column("coverage", "DOUBLE", "Share (0-1) of the UTC day inside the windows used; 0 if unknown."),
    Column("cause", "VARCHAR", "Why it is pending or lost, or what was refused in it."),
    Column("window_start", "TIMESTAMP", "Start of the hours that the rows tell of (UTC)."),
    Column("window_end", "TIMESTAMP", "End of the hours that the rows tell of (UTC)."),
    Column("answers", "VARCHAR[]", "The path: +answer_id added, -answer_id subtracted."),
    Column("rolled_up_from", "VARCHAR", "The finer request that it was rolled up from."),
    Column("skew_s", "BIGINT", "Seconds of gaps along the path between edges taken for one."),
    Column("is_truncated", "BOOLEAN", "Whether its answer was cut at 1,000 rows."),
    Column(
        "is_final",
        "BOOLEAN",
        "Whether no later answer can change it: one straight window at the day's edges.",
    ),
    Column("refused_keys", "BIGINT", "Keys whose difference was below zero; their rows are NULL."),
    Column("row_count", "BIGINT", "Rows in the landing table."),
)

CLARITY_PROJECT = (
    Column("project_id", "VARCHAR", "Clarity project."),
    Column(
        "token_subject_hash",
        "VARCHAR",
        "sha256 of the token's `sub`: the same project must answer every time.",
    ),
    Column("first_seen_at", "TIMESTAMP", "When the token was first used (UTC)."),
)

RETENTION = (
    Column("project_id", "VARCHAR", "Clarity project."),
    Column("what", "VARCHAR", "answers (the bodies of ops.clarity_answer) or landing (rows of all landing tables)."),
    Column("before_date", "DATE", "All of UTC days before it were deleted; of answers, those whose window ended then."),
    Column("deleted_at", "TIMESTAMP", "When (UTC)."),
    Column("deleted_count", "BIGINT", "How many answers or rows."),
)

OPS_TABLES = {
    "ops.clarity_answer": (
        CLARITY_ANSWER,
        "Every answer of the API, as received but for redacted URLs; never changed. Retention may take its body.",
    ),
    "ops.api_request": (API_REQUEST, "The quota ledger: one row a request, reserved before it is sent."),
    "ops.clarity_refusal": (CLARITY_REFUSAL, "Requests that were refused before a slot was taken; they count nothing."),
    "ops.clarity_day": (CLARITY_DAY, "What is known of each request and UTC day, and how."),
    "ops.clarity_project": (CLARITY_PROJECT, "Which token subject each project was collected with."),
    "ops.retention": (RETENTION, "What was deleted because its time was over (CLARITY_KEEP_*)."),
}
