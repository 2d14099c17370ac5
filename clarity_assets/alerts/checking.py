"""The results of checks in; the tables that fail them out."""

from collections import defaultdict
from datetime import datetime, timedelta

import duckdb

from clarity_assets.alerts.causes import Cause, Found, key_of, of_kind
from clarity_assets.settings import Settings

REACH = timedelta(days=8)  # older days are no news: whoever builds them anew sees their checks
NAMED_CHECKS = 3
LONGEST_EXAMPLE = 160  # characters

FAILING = """
with recent as (
    select *,
        coalesce(partition_end, cast(checked_at as date) + 1) as until_date,
        row_number() over (partition by table_name, check_name order by checked_at, rowid) as place,
    from ops.check_result
    where coalesce(partition_end, cast(checked_at as date) + 1) > $since and checked_at <= $now
)

select table_name, check_name, column_name, severity, outcome, partition_start, partition_end, rows_checked,
    failing_rows, observed, examples, error
from recent as failed
where outcome <> 'passed' and (severity = 'error' or outcome = 'error' or $warn)
    and not exists (
        select 1 from recent as passed
        where passed.table_name = failed.table_name and passed.check_name = failed.check_name
            and passed.outcome = 'passed' and passed.place > failed.place and passed.until_date >= failed.until_date
    )
qualify row_number() over (partition by table_name, check_name order by place desc) = 1
order by table_name, severity, check_name
"""
"""The newest failure of each check that no later pass (of that day, or of a newer one) has put right."""


def checks_failed(
    con: duckdb.DuckDBPyConnection, *, settings: Settings, now: datetime, open_ids: frozenset[str]
) -> Found:
    """One cause a table. Critical where a blocking check fails, or one is broken and tells nothing."""
    about = {"since": (now - REACH).date(), "now": now.replace(tzinfo=None), "warn": settings.alert_checks == "warn"}
    cursor = con.execute(FAILING, about)
    names = [column[0] for column in cursor.description]
    failing: dict[str, list[dict]] = defaultdict(list)
    for row in cursor.fetchall():
        told = dict(zip(names, row, strict=True))
        failing[told["table_name"]].append(told)
    over = {i: "its newest results pass" for i in of_kind(open_ids, "checks_failed") if key_of(i) not in failing}
    return Found(tuple(_cause(table, checks) for table, checks in failing.items()), over)


def _cause(table: str, checks: list[dict]) -> Cause:
    blocking = any(check["severity"] == "error" or check["outcome"] == "error" for check in checks)
    more = f"; and {len(checks) - NAMED_CHECKS} more" if len(checks) > NAMED_CHECKS else ""
    count = "1 check fails" if len(checks) == 1 else f"{len(checks)} checks fail"
    return Cause(
        f"checks_failed:{table}", "checks_failed", "critical" if blocking else "warning", f"{count} on {table}",
        "; ".join(_told(check) for check in checks[:NAMED_CHECKS]) + more + ".",
        "Look at the rows in Dagster (the asset's checks) or in ops.check_result; when the cause is mended, "
        "clarity-assets build makes the days anew and checks them",
    )  # fmt: skip


def _told(check: dict) -> str:
    from clarity_assets.reports.rendering.texts import printable, shorten  # here: all of statistics comes with it

    where = f"{check['check_name']} ({check['column_name']})" if check["column_name"] else check["check_name"]
    start, end = check["partition_start"], check["partition_end"]
    days = (
        ""
        if start is None
        else f" of {start}"
        if end - start == timedelta(days=1)
        else f" of {start} to {end - timedelta(days=1)}"
    )
    if check["outcome"] == "error":
        return f"{where}{days} is broken: {shorten(printable(check['error'] or 'no reason'), length=LONGEST_EXAMPLE)}"
    if check["failing_rows"] is None:
        return f"{where}{days}: seen {shorten(printable(check['observed'] or 'nothing'), length=LONGEST_EXAMPLE)}"
    example = check["examples"] if check["examples"] not in (None, "[]") else ""
    such = f", such as {shorten(printable(example), length=LONGEST_EXAMPLE)}" if example else ""
    return f"{where}{days}: {check['failing_rows']:,} of {check['rows_checked']:,} rows{such}"
