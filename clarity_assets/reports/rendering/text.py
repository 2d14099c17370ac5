"""A report in, plain text for a terminal out: 100 columns, no colours, no control characters."""

from collections.abc import Iterable

from clarity_assets.reports.document import Chart, DayState, Finding, Report, Section, Table
from clarity_assets.reports.rendering.numbers import SAMPLE_MARK, SAMPLE_NOTE, figure_text, marked
from clarity_assets.reports.rendering.text_blocks import WIDTH, chart_lines, table_lines, wrapped
from clarity_assets.reports.rendering.texts import (
    STATUSES,
    basis_parts,
    day_notes,
    known_text,
    printable,
    sentence_text,
    untold_title,
)

DAY_SIGNS = dict(zip(STATUSES, "█▓░×·", strict=True))
LEVEL_WIDTH = 8


def render_text(report: Report) -> str:
    """The report as lines of text; long tables are left out and named."""
    head = f"{report.title} · {report.period.name} (UTC) · project {report.project_id}"
    lines = [*wrapped(head), "═" * WIDTH, *_days(report.days), ""]
    if report.lead:
        lines += [*wrapped(" ".join(sentence_text(sentence) for sentence in report.lead)), ""]
    for section in report.sections:
        lines += [*_section(section, untold_title(report)), ""]
    if any(SAMPLE_MARK in line for line in lines):
        lines += [*wrapped(SAMPLE_NOTE), ""]
    lines += [*wrapped(f"Made {report.made_at:%Y-%m-%d %H:%M} UTC.")]
    if report.dashboard_url:
        lines.append(f"Clarity's dashboard: {report.dashboard_url}")
    return "".join(f"{printable(line).rstrip()}\n" for line in lines)


def _days(days: tuple[DayState, ...]) -> list[str]:
    """One sign a day with its legend, and what is not whole."""
    if not days:
        return []
    signs = [DAY_SIGNS.get(day.status, "?") for day in days]
    strip = "".join(f" {sign}" if i and day.date.weekday() == 0 else sign
                    for i, (day, sign) in enumerate(zip(days, signs, strict=True)))  # fmt: skip
    used = {day.status for day in days}
    legend = "  ".join(f"{sign} {status}" for status, sign in DAY_SIGNS.items() if status in used)
    lines = [*wrapped(strip, indent="Days  "), *wrapped(f"{legend}  (a sign a day)", indent="      ")]
    lines += wrapped(known_text(days), indent="      ")
    return lines + [line for note in day_notes(days) for line in wrapped(note, indent="      ")]


def _section(section: Section, untold: str) -> list[str]:
    lines = [section.title, "─" * WIDTH]
    for finding in section.findings:
        lines += _finding(finding)
    for note in section.notes:
        lines += wrapped(sentence_text(note), indent="  ")
    for block in section.blocks:
        lines += ["", *_block(block)]
    if section.cannot_tell:
        lines += ["", f"  {untold}"]
        lines += [line for text in section.cannot_tell for line in wrapped(text, indent="  - ")]
    return lines


def _finding(finding: Finding) -> list[str]:
    basis = "; ".join(marked(figure, figure_text(figure, interval=True)) for figure in basis_parts(finding))
    text = sentence_text(finding.sentence) + (f" [{basis}]" if basis else "")
    return wrapped(text, indent=f"  {finding.level or '·':<{LEVEL_WIDTH}}")


def _block(block: Table | Chart) -> list[str]:
    if not isinstance(block, Table):
        return _indented(chart_lines(block))
    if block.is_long:
        rows = f"{len(block.rows):,} row{'' if len(block.rows) == 1 else 's'}"
        return wrapped(f"{block.title}: {rows}, in the report as HTML and as JSON.", indent="  ")
    return _indented(table_lines(block))


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" for line in lines]
