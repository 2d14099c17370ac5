"""Facts in, the section that says how far the period's numbers can be trusted out: days, budget, gaps, checks."""

import json
from datetime import timedelta

from clarity_assets.quality.results import NEWEST_RESULTS, ensure_results
from clarity_assets.reports.document import Column, Finding, Name, Section, Sentence, Table
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.figures import Figure, Source
from clarity_assets.reports.marts import COLLECTION, SITE
from clarity_assets.reports.period import day_name

REQUESTS_A_DAY = 10  # Clarity's limit (Data Export docs, 2025-12)
EXAMPLES = 3  # failing rows that a check keeps
FRESH_DAYS = 2  # as the freshness of the daily assets: later, something has stopped


def data_quality(facts: Facts) -> Section:
    """Days known, requests used, bot share, freshness; gaps and failed checks by name."""
    return Section(
        "data",
        "How far to trust these numbers",
        findings=tuple(_gap_findings(facts)),
        blocks=(_measures(facts), _gaps(facts), _failed_checks(facts)),
        cannot_tell=(
            "A UTC day to the minute: Clarity tells rolling windows, so a day collected at 01:00 runs from 01:00 to "
            "01:00. Its share of the day is in the table of days.",
            "What happened on a lost day: it is left out, never filled in.",
        ),
    )


def _measures(facts: Facts) -> Table:
    period = facts.period
    [site] = facts.marts.totals(SITE, ["bot_share", "sessions"])
    used = Figure(
        facts.requests_used, "requests", Source("ops.api_request", "requests_sent", (), period.start, period.end)
    )
    newest = facts.newest_known_day
    is_fresh = newest is not None and (facts.made_at.date() - newest).days <= FRESH_DAYS
    rows = [
        ("Days known", facts.known_days, f"of the {period.noun}; the others are named below"),
        ("Hours covered", _coverage(facts), "of the hours of the known days"),
        ("Requests used", used, f"of {REQUESTS_A_DAY * period.day_count} that Clarity allows"),
        ("Bot share", site["bot_share"], "of all sessions; every other number here is without bots, unless it says so"),
        (
            "Newest day known",
            Name(f"{day_name(newest)} {newest.year}" if newest else "none", "day"),
            "as of this report, up to date" if is_fresh else "not up to date: see clarity-assets status",
        ),
    ]
    columns = (Column("What"), Column("Number", True), Column("Meaning"))
    return Table("data_measures", "What the numbers rest on", columns, tuple(rows))


def _coverage(facts: Facts) -> Figure:
    [line] = facts.marts.totals(COLLECTION, ["day_coverage"], where={"request": "base", "is_gap": False})
    return line["day_coverage"]


def _gap_findings(facts: Facts) -> list[Finding]:
    unknown = [day for day in facts.days if not day.is_known]
    known = facts.known_days
    if facts.period.day_count == 1:
        return [_fact(Sentence("The day is not known." if unknown else "The day is known."))]
    if not unknown:
        return [_fact(Sentence("{known} are known.", {"known": known}))]
    names = ", ".join(f"{day_name(day.date)} ({day.status})" for day in unknown[:10])
    more = f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""
    return [_fact(Sentence(f"{{known}} are known. Not known: {names}{more}.", {"known": known}))]


def _fact(sentence: Sentence) -> Finding:
    return Finding("known_days", {}, sentence)


def _gaps(facts: Facts) -> Table:
    """Gaps of any request that touch the period."""
    rows = facts.marts.con.execute(
        """select request, first_date, last_date, day_count, status, cause from marts.collection_gap
           where project_id = ? and first_date < ? and last_date >= ? order by first_date, request""",
        [facts.project_id, facts.period.end, facts.period.start],
    ).fetchall()
    shown = tuple(
        (
            request,
            Name(day_name(first) if first == last else f"{day_name(first)} – {day_name(last)}", "days"),
            Figure(count, "days", Source(COLLECTION, "gap_days", (("request", request),), first,
                                         last + timedelta(days=1))),
            status,
            Name(cause, "cause"),
        )
        for request, first, last, count, status, cause in rows
    )  # fmt: skip
    columns = (Column("Request"), Column("Days"), Column("How many", True), Column("Status"), Column("Why"))
    return Table("data_gaps", "Gaps", columns, shown, note="" if shown else _no_gaps(facts))


def _no_gaps(facts: Facts) -> str:
    if facts.known_day_count == facts.period.day_count:
        return "No day is missing."
    return "No gap is on record: the days that are not known were never collected, or their marts are not made."


def _failed_checks(facts: Facts) -> Table:
    """The newest result of every check that did not pass, unless its failing rows are all of other days or projects."""
    con, period = facts.marts.con, facts.period
    ensure_results(con)
    rows = con.execute(
        f"""with of_period as (
                select * from ({NEWEST_RESULTS})
                where partition_start is null or (partition_start < ? and partition_end > ?)
                qualify row_number() over (partition by table_name, check_name order by checked_at desc) = 1
            )
            select table_name, check_name, severity, outcome, failing_rows, examples
            from of_period where outcome <> 'passed' order by severity, table_name, check_name""",  # noqa: S608
        [period.end, period.start],
    ).fetchall()
    shown = []
    for table, check, severity, outcome, failing_rows, examples in rows:
        own = [row for row in json.loads(examples or "[]") if _is_own(row, facts)]
        if own or failing_rows is None or failing_rows > EXAMPLES:
            days = ", ".join(sorted({str(row["date"]) for row in own if row.get("date")}))
            shown.append((table, check, "blocks" if severity == "error" else "warns", outcome, days or "see the check"))
    columns = (Column("Table"), Column("Check"), Column("Severity"), Column("Outcome"), Column("Days, up to three"))
    note = "" if shown else "Every check of these days passed, or none has run yet: clarity-assets build runs them."
    return Table("data_checks", "Checks that failed", columns, tuple(shown), note=note)


def _is_own(row: dict, facts: Facts) -> bool:
    """Whether a failing row is of the project and the period, as far as it says."""
    if row.get("project_id", facts.project_id) != facts.project_id:
        return False
    return "date" not in row or str(facts.period.start) <= str(row["date"])[:10] < str(facts.period.end)
