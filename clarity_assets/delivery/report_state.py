"""A summary and the open warehouse in; whether it is whole and as new as the data out, in words."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import duckdb

from clarity_assets.clarity.quota import naive
from clarity_assets.delivery.report_files import Summary
from clarity_assets.reports.period import Period, day_name
from clarity_assets.warehouse.query import one

MART = "marts.fct_collection_daily"
NAMED_DAYS = 7
LEAST_CHANGE = 1e-6  # of coverage: the file rounds it


@dataclass(frozen=True)
class ReportState:
    """`incomplete` and `stale` say why; None where it is not. `mark` begins the subject of what goes out anyway."""

    incomplete: str | None
    stale: str | None
    mark: str = ""

    @property
    def is_whole(self) -> bool:
        return self.incomplete is None and self.stale is None

    @property
    def told(self) -> str:
        """Both, as sentences."""
        return " ".join(f"{why[:1].upper()}{why[1:]}." for why in (self.incomplete, self.stale) if why)


def state_of(con: duckdb.DuckDBPyConnection, summary: Summary, *, project_id: str, now: datetime) -> ReportState:
    """How the summary stands against the warehouse as it is now."""
    incomplete, mark = _incomplete(summary, now=now)
    stale = _stale(con, summary, project_id=project_id)
    if stale and not mark:
        mark = "[stale]"
    return ReportState(incomplete, stale, mark)


def _incomplete(summary: Summary, *, now: datetime) -> tuple[str | None, str]:
    period, known = summary.period, summary.known_days
    mark = f"[incomplete: {len(known)} of {period.day_count} days known]"
    if min(now, summary.made_at) < _end(period):
        whose = "when this report was made" if now >= _end(period) else "yet"
        return f"the {period.noun} was not over {whose}; {len(known)} of {period.day_count} days are known", mark
    missing = [day for day in period.dates if day not in known]
    if not missing:
        return None, ""
    return f"{len(known)} of {period.day_count} days are known; nothing is known of {_named(missing)}", mark


def _end(period: Period) -> datetime:
    return datetime.combine(period.end, time(), UTC)


def _named(days: list[date]) -> str:
    more = f" and {len(days) - NAMED_DAYS} more" if len(days) > NAMED_DAYS else ""
    return ", ".join(day_name(day) for day in days[:NAMED_DAYS]) + more


def _stale(con: duckdb.DuckDBPyConnection, summary: Summary, *, project_id: str) -> str | None:
    """Why the report does not tell what is known now: its marts are behind, or it is older than them."""
    if not _has_table(con, "ops.clarity_day"):
        return None
    behind = _days_behind(con, summary.period, project_id=project_id)
    if behind:
        return f"more is known of {_named(behind)} than the marts tell; `clarity-assets build` makes them anew"
    changed = _days_changed(con, summary, project_id=project_id)
    if changed:
        return (
            f"more is known of {_named(changed)} than when this report was made ({summary.made_at:%Y-%m-%d %H:%M} UTC)"
        )
    return None


def _has_table(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    return one(con, "select 1 from duckdb_tables() where schema_name || '.' || table_name = ?", [table]) is not None


def _days_behind(con: duckdb.DuckDBPyConnection, period: Period, *, project_id: str) -> list[date]:
    """The period's days whose marts were made from other windows than those known now; pending and lost are alike."""
    made = MART if _has_table(con, MART) else "(select * from ops.clarity_day limit 0)"
    rows = con.execute(
        f"""select distinct d.date
            from ops.clarity_day d left join {made} m
              on m.project_id = d.project_id and m.date = d.date and m.request = d.request
            where d.project_id = $project and d.date >= $start and d.date < $end
              and (if(d.status in ('pending', 'lost'), 'unknown', d.status)
                     is distinct from if(coalesce(m.status, 'lost') in ('pending', 'lost'), 'unknown', m.status)
                   or d.coverage is distinct from coalesce(m.coverage, 0) or d.window_end is distinct from m.window_end)
            order by d.date""",  # noqa: S608 - constants
        {"project": project_id, "start": period.start, "end": period.end},
    ).fetchall()
    return [row[0] for row in rows]


def _days_changed(con: duckdb.DuckDBPyConnection, summary: Summary, *, project_id: str) -> list[date]:
    """The period's days that an answer tells of which came after the report, or that are known otherwise than it says.

    When marts were made is not kept; what they were made from is.
    """
    rows = con.execute(
        """with used as (select date, request, coverage, status, unnest(answers)[2:] as answer_id from ops.clarity_day
                         where project_id = $project and date >= $start and date < $end)
           select distinct used.date from used join ops.clarity_answer using (answer_id)
           where received_at > $made_at""",
        {"project": project_id, "start": summary.period.start, "end": summary.period.end,
         "made_at": naive(summary.made_at)},
    ).fetchall()  # fmt: skip
    found = {row[0] for row in rows}
    now_known = dict(
        con.execute(
            """select date, coverage from ops.clarity_day where project_id = ? and date >= ? and date < ?
               and request = 'base' and status in ('measured', 'derived')""",
            [project_id, summary.period.start, summary.period.end],
        ).fetchall()
    )
    for day in summary.period.dates:
        before, after = summary.known_days.get(day), now_known.get(day)
        if (before is None) != (after is None) or (before is not None and abs(before - after) > LEAST_CHANGE):
            found.add(day)
    return sorted(found)
