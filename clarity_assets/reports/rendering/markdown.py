"""A report in, Markdown out, as Dagster's UI shows it with the materialization: every text from outside is escaped."""

from urllib.parse import quote

from clarity_assets.reports.document import Chart, Finding, FlowChart, Part, Report, Section, Table
from clarity_assets.reports.figures import Figure
from clarity_assets.reports.rendering.charts.rows import chart_rows
from clarity_assets.reports.rendering.numbers import SAMPLE_MARK, SAMPLE_NOTE, cell_text, figure_text, marked
from clarity_assets.reports.rendering.texts import (
    basis_parts,
    day_notes,
    known_text,
    markdown_table,
    markdown_text,
    name_text,
    part_text,
    sentence_text,
    untold_title,
)

MOST_FLOWS = 12


def render_markdown(report: Report) -> str:
    """The report as Markdown. Of charts only their summaries are told, of flows the largest too.

    Long tables are left out and named.
    """
    lead = markdown_text(" ".join(sentence_text(sentence) for sentence in report.lead))
    parts = [
        f"## {markdown_text(report.title)}: {report.period.name} (UTC)",
        f"**{lead.strip()}**" if lead.strip() else "",
        markdown_text(known_text(report.days)),
        _bullets(map(markdown_text, day_notes(report.days))),
        *(part for section in report.sections for part in _section(section, untold_title(report))),
    ]
    if any(SAMPLE_MARK in part for part in parts):
        parts.append(markdown_text(SAMPLE_NOTE))
    made = f"Project {markdown_text(report.project_id)}, made {report.made_at:%Y-%m-%d %H:%M} UTC."
    parts.append(f"{made}{_dashboard(report.dashboard_url)}")
    return "\n\n".join(filter(None, parts)) + "\n"


def _dashboard(url: str) -> str:
    return f" [Clarity's dashboard]({quote(url, safe=':/?&=%-._~')})" if url.startswith("https://") else ""


def _section(section: Section, untold: str) -> list[str]:
    return [
        f"### {markdown_text(section.title)}",
        _bullets(map(_finding, section.findings)),
        *(markdown_text(sentence_text(note)) for note in section.notes),
        *(part for block in section.blocks for part in _block(block)),
        f"#### {untold}" if section.cannot_tell else "",
        _bullets(map(markdown_text, section.cannot_tell)),
    ]


def _bullets(lines) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _finding(finding: Finding) -> str:
    level = f"**{finding.level}** " if finding.level else ""
    basis = "; ".join(marked(figure, figure_text(figure, interval=True)) for figure in basis_parts(finding))
    return level + markdown_text(sentence_text(finding.sentence) + (f" ({basis})" if basis else ""))


def _block(block: Table | Chart) -> list[str]:
    if isinstance(block, FlowChart):
        titles, rows = chart_rows(block)
        told = [[name_text(cell) for cell in row] for row in rows[:MOST_FLOWS]]
        return [f"*{markdown_text(block.title)}.* {markdown_text(block.summary)}",
                markdown_table(titles, told, numbers={len(titles) - 1})]  # fmt: skip
    if not isinstance(block, Table):
        return [f"*{markdown_text(block.title)}.* {markdown_text(block.summary)}"]
    title = f"**{markdown_text(block.title)}**"
    if block.is_long:
        rows = f"{len(block.rows):,} row{'' if len(block.rows) == 1 else 's'}"
        return [f"{title}: {rows}, in the report as HTML and as JSON."]
    note = markdown_text(block.note)
    if not block.rows:
        return [f"{title}: no rows.", note]
    numbers = {i for i, column in enumerate(block.columns) if column.is_number}
    titles = [column.title for column in block.columns]
    return [title, markdown_table(titles, [map(_cell, row) for row in block.rows], numbers=numbers), note]


def _cell(part: Part) -> str:
    return " ".join(filter(None, cell_text(part))) if isinstance(part, Figure) else part_text(part)
