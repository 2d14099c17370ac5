"""A warehouse and a period in; reports, what they told remembered, and their files out."""

from collections.abc import Callable, Iterable
from pathlib import Path

import duckdb

from clarity_assets.errors import RequestRefused
from clarity_assets.exports.exporting import export_report_json
from clarity_assets.recommendations.evidence import find_recommendations
from clarity_assets.recommendations.store import store_found
from clarity_assets.reports.clickstream.facts import EventFacts
from clarity_assets.reports.clickstream.sections import clickstream_lead, clickstream_sections
from clarity_assets.reports.document import Report
from clarity_assets.reports.facts import Facts, read_facts
from clarity_assets.reports.files import write_atomically
from clarity_assets.reports.lead import lead_of
from clarity_assets.reports.period import Period
from clarity_assets.reports.product import product_sections
from clarity_assets.reports.summary import summary_lead, summary_sections
from clarity_assets.reports.ux import ux_sections
from clarity_assets.settings import Settings
from clarity_assets.trace.registry import remember_numbers

OF_CLARITY = ("summary", "ux", "product")
"""The kinds that are made of Clarity's answers, together."""

TITLES = {
    "summary": "Summary",
    "ux": "UX report",
    "product": "Product report",
    "clickstream": "Clickstream report",
}
"""Kind -> title of its report. `clickstream` is made of events, and only where it is asked for."""

ENDINGS = {"html": "html", "pdf": "pdf", "json": "json", "markdown": "md", "text": "txt"}
"""Format -> ending of its files."""

DASHBOARD = "https://clarity.microsoft.com/projects/view/{project_id}/dashboard"


def make_reports(
    con: duckdb.DuckDBPyConnection, *, settings: Settings, period: Period, kinds: Iterable[str] = OF_CLARITY
) -> dict[str, Report]:
    """The reports of the settings' project and period by kind, in one reading of the marts.

    Remembers every number that they tell (for `trace`); of a week or a month also what was recommended. Marts that
    were never made are empty. Raises RequestRefused for an unknown kind, SettingsError without a project.
    """
    kinds = tuple(kinds)
    for kind in kinds:
        if kind not in TITLES:
            raise RequestRefused(f"{kind!r} is no report; there are {', '.join(TITLES)}")
    facts = read_facts(con, settings=settings, period=period, made_at=settings.clock())
    made = _of_clarity(con, facts, [kind for kind in kinds if kind in OF_CLARITY])
    if "clickstream" in kinds:
        made["clickstream"] = _of_events(EventFacts(facts.marts, facts.made_at))
    for kind, report in made.items():
        remember_numbers(
            con, project_id=facts.project_id, report=f"{kind} {period.slug}", figures=report.figures,
            reported_at=facts.made_at,
        )  # fmt: skip
    return {kind: made[kind] for kind in kinds}


def _of_clarity(con: duckdb.DuckDBPyConnection, facts: Facts, kinds: list[str]) -> dict[str, Report]:
    """The reports of Clarity's answers; what was recommended is kept."""
    if not kinds:
        return {}
    found = find_recommendations(facts)
    if facts.period.kind != "range":
        store_found(con, project_id=facts.project_id, period=facts.period, found=found, found_at=facts.made_at)
    ux = ux_sections(facts) if {"ux", "summary"} & set(kinds) else ()
    product = product_sections(facts) if {"product", "summary"} & set(kinds) else ()
    reports = {}
    for kind in kinds:
        if kind == "summary":
            lead = summary_lead(facts, found)
            sections = summary_sections(facts, found, ux=ux, product=product)
        else:
            sections = ux if kind == "ux" else product
            lead = lead_of(facts, sections)
        reports[kind] = _report(kind, facts, lead, sections, url=DASHBOARD.format(project_id=facts.project_id))
    return reports


def _of_events(facts: EventFacts) -> Report:
    """The report of events."""
    sections = clickstream_sections(facts)
    return _report("clickstream", facts, clickstream_lead(facts, sections), sections)


def _report(kind: str, facts: Facts, lead: tuple, sections: tuple, *, url: str = "") -> Report:
    whole = {"week": "Weekly ", "month": "Monthly "}.get(facts.period.kind, "")
    title = f"{whole}{TITLES[kind] if kind == 'ux' or not whole else TITLES[kind].lower()}"
    return Report(
        kind=kind, title=title, project_id=facts.project_id, period=facts.period, made_at=facts.made_at,
        days=facts.days, lead=lead, sections=sections, dashboard_url=url,
    )  # fmt: skip


def report_path(folder: Path, report: Report, format_: str) -> Path:
    """Where a report's file lies: `<folder>/weekly_ux/2026-10-05.html`, `monthly_summary/2026-10.pdf`."""
    every = {"week": "weekly_", "month": "monthly_"}.get(report.period.kind, "")
    return folder / f"{every}{report.kind}" / f"{report.period.slug}.{ENDINGS[format_]}"


def write_report(report: Report, *, folder: Path, formats: Iterable[str] = tuple(ENDINGS)) -> dict[str, Path]:
    """Render the report and write its files, each there whole or not at all; their paths by format.

    The JSON of a weekly or monthly summary goes to the exports too. Raises RequestRefused for an unknown format,
    ReportUnwritable where a file cannot be written.
    """
    formats = tuple(formats)
    for format_ in formats:
        if format_ not in ENDINGS:
            raise RequestRefused(f"{format_!r} is no format; there are {', '.join(ENDINGS)}")
    paths = {}
    for format_ in formats:
        content = renderer(format_)(report)
        paths[format_] = write_atomically(report_path(folder, report, format_), content)
        if format_ == "json" and report.kind == "summary" and report.period.kind != "range":
            _export_summary(report, content, folder=folder / "exports")
    return paths


def _export_summary(report: Report, text: str, *, folder: Path) -> None:
    every = "weekly" if report.period.kind == "week" else "monthly"
    export_report_json(
        folder, every, period=report.period, text=text, project_id=report.project_id, made_at=report.made_at
    )


def renderer(format_: str) -> Callable[[Report], str | bytes]:
    """The function that renders a report in a format; imported when needed, since charts and PDF are heavy."""
    if format_ == "html":
        from clarity_assets.reports.rendering.html import render_html as render
    elif format_ == "pdf":
        from clarity_assets.reports.rendering.pdf import render_pdf as render
    elif format_ == "json":
        from clarity_assets.reports.rendering.as_json import render_json as render
    elif format_ == "markdown":
        from clarity_assets.reports.rendering.markdown import render_markdown as render
    else:
        from clarity_assets.reports.rendering.text import render_text as render
    return render
