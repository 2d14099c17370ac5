"""The two tables that recommendations are kept in: what each period's evaluation found, and what people decided."""

from clarity_assets.warehouse.columns import Column

FOUND_TABLE, DECISION_TABLE = "ops.recommendation_found", "ops.recommendation_decision"

RECOMMENDATION_FOUND = (
    Column("project_id", "VARCHAR", "Clarity project."),
    Column("recommendation_id", "VARCHAR", "r and 8 hexadecimal digits of project, rule and place: stays the same."),
    Column("period_kind", "VARCHAR", "week, month or range: what was evaluated."),
    Column("period_start", "DATE", "First UTC day of the period."),
    Column("period_end", "DATE", "Day after its last (excluded)."),
    Column("rule", "VARCHAR", "Name of the rule that found it (recommendations/rules.py)."),
    Column("audience", "VARCHAR", "Whom it is for: ux or product."),
    Column("place", "JSON", "Where it is: page, device, browser, source, medium, country, signal."),
    Column("page", "VARCHAR", "Page of the place. NULL where it is of no single page."),
    Column("device", "VARCHAR", "Device of the place. NULL where it is of no single device."),
    Column("segment", "VARCHAR", "Browser, country, or source / medium of the place. NULL where it has none."),
    Column("signal", "VARCHAR", "Frustration signal. NULL where it is about none."),
    Column("title", "VARCHAR", "What it is, in a few words; long names are shortened."),
    Column("statement", "VARCHAR", "What was found, in a sentence; long names are shortened."),
    Column("table_name", "VARCHAR", "Mart that the numbers are of, as schema.table."),
    Column("measure", "VARCHAR", "Measure that is compared (reports/measures.py)."),
    Column("mart_rows", "JSON", "Column = value of the mart's rows that `own` is of."),
    Column("unit", "VARCHAR", "Unit of own and other."),
    Column("own", "DOUBLE", "The number there, in the period."),
    Column("other", "DOUBLE", "The number that it is held against. NULL where there is none."),
    Column("ratio", "DOUBLE", "own / other (by the test's model). NULL without other, or where other is 0."),
    Column("low", "DOUBLE", "Lower end of the ratio's 95 % interval. NULL without ratio."),
    Column("high", "DOUBLE", "Upper end of the ratio's 95 % interval. NULL without ratio, or where it has no end."),
    Column("affected_sessions", "BIGINT", "Sessions it touches in the period; of a mean, all sessions of the group."),
    Column("site_sessions", "BIGINT", "Sessions of the whole site in the period."),
    Column("reach", "DOUBLE", "Sessions it touches / the site's, on days that both are known (0-1)."),
    Column("strength", "DOUBLE", "How much worse for certain (0-1), from the interval's careful end."),
    Column("severity", "DOUBLE", "reach x strength: share (0-1) of all sessions that are hit without need."),
    Column("level", "VARCHAR", "HIGH, MEDIUM or LOW, by severity."),
    Column("evidence", "JSON", "The numbers behind it: id (for trace), measure, value, low, high, unit."),
    Column("found_at", "TIMESTAMP", "When the period was evaluated (UTC)."),
)

RECOMMENDATION_DECISION = (
    Column("project_id", "VARCHAR", "Clarity project."),
    Column("recommendation_id", "VARCHAR", "Recommendation that was decided on."),
    Column("decision_no", "BIGINT", "1, 2, ... in the order in which decisions were told; the last one counts."),
    Column("state", "VARCHAR", "open, accepted, done or dismissed."),
    Column("decided_on", "DATE", "UTC day on which it was decided, or done."),
    Column("decided_by", "VARCHAR", "Who decided. NULL: not told."),
    Column("note", "VARCHAR", "Why, or what was done. NULL: not told."),
    Column("recorded_at", "TIMESTAMP", "When it was told (UTC)."),
)

VALID_DECISIONS = f"""(
    select * from {DECISION_TABLE}
    qualify lead(state) over (partition by project_id, recommendation_id order by decision_no) is distinct from state
)"""  # noqa: S608 - a constant
"""SQL of the decisions that count: one that the next one corrects (the same state, another day or note) does not."""

RECOMMENDATION_TABLES = {
    FOUND_TABLE: (RECOMMENDATION_FOUND, "What every evaluated period recommends; replaced by period."),
    DECISION_TABLE: (RECOMMENDATION_DECISION, "What people decided on recommendations; only added to."),
}
