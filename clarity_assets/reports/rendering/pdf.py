"""A report in, a tagged A4 PDF out: typeset by typst, the same bytes for the same report and the same fonts.

Texts go into the document as data, never as markup. The fonts are those that typst brings (Libertinus Serif), so that
a report looks the same everywhere; letters that it does not have (Arabic, Chinese, emoji, ...) are taken from the
machine's fonts, and show as boxes where no installed font has them.
"""

from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path

import orjson

from clarity_assets.reports.document import Chart, Finding, Name, Part, Report, Section, Sentence, Table
from clarity_assets.reports.figures import Figure
from clarity_assets.reports.period import WEEKDAYS
from clarity_assets.reports.rendering.charts import PRINT, chart_note, chart_svg
from clarity_assets.reports.rendering.numbers import SAMPLE_MARK, SAMPLE_NOTE, figure_text, interval_text, marked
from clarity_assets.reports.rendering.pdf_tables import breakable, glued, table_data
from clarity_assets.reports.rendering.texts import (
    STATUSES,
    basis_parts,
    day_notes,
    evidence_words,
    known_text,
    name_text,
    origin_name,
    part_text,
    printable,
    shorten,
    untold_title,
)

TEMPLATE = Path(__file__).with_name("pdf_template.typ")
FONT = "Libertinus Serif"
CHART_WIDTH_PX = 720  # the text is 640 px wide: a drawing's words of 9 pt become 8 pt, and more charts fit a page
INTERVALS = (
    "Round brackets hold 95 % intervals. The same report as HTML and as JSON gives every number an id; "
    "“clarity-assets trace ID” leads from it to the {evidence} it came from."
)


def render_pdf(report: Report) -> bytes:
    """The report as PDF with title, author, keywords, language, bookmarks and texts for its pictures.

    It declares PDF/UA-1 (universal accessibility) where a font has every letter. Long tables are left out and named.
    """
    import typst

    inputs = typst_inputs(report)
    try:
        return _typeset(inputs, report.made_at, format="pdf", pdf_standards="ua-1")
    except typst.TypstError:  # a letter without a font, which PDF/UA-1 forbids; any other error comes again
        return _typeset(inputs, report.made_at, format="pdf")


def render_pages(report: Report, *, ppi: float) -> list[bytes]:
    """The same pages as PNG."""
    pages = _typeset(typst_inputs(report), report.made_at, format="png", ppi=ppi)
    return pages if isinstance(pages, list) else [pages]


def typst_inputs(report: Report) -> dict[str, str]:
    """What the template reads: the report as JSON, texts as strings, charts as SVG."""
    return {"report": orjson.dumps(_document(report)).decode()}


def _typeset(inputs: dict[str, str], made_at: datetime, **output) -> bytes | list[bytes]:
    import typst

    return typst.compile(str(TEMPLATE), sys_inputs=inputs, font_paths=_fonts(), timestamp=made_at, **output)


@cache
def _fonts():
    """typst's own fonts and the machine's, looked up once."""
    import typst

    return typst.Fonts()


# --- the report as the template reads it ---------------------------------------------------------------------------


def _document(report: Report) -> dict:
    made = report.made_at
    sections = [_section(section, i) for i, section in enumerate(report.sections)]
    document = {
        "title": printable(report.title),
        "period": report.period.name,
        "project_short": shorten(printable(report.project_id), length=40),
        "overline": f"{origin_name(report)} · project {name_text(Name(report.project_id))}",
        "author": "clarity-assets",
        "description": f"{printable(report.title)} of project {name_text(Name(report.project_id))}",
        "keywords": [origin_name(report), printable(report.kind), report.period.slug],
        "made": {name: getattr(made, name) for name in ("year", "month", "day", "hour", "minute", "second")},
        "made_text": f"Made {made:%Y-%m-%d %H:%M} UTC",
        "days": [{"status": day.status, "weekday": WEEKDAYS[day.date.weekday()], "number": f"{day.date.day}"}
                 for day in report.days],
        "statuses": [status for status in STATUSES if any(day.status == status for day in report.days)],
        "known": known_text(report.days),
        "day_notes": [breakable(f"{note}.") for note in day_notes(report.days)],
        "lead": [piece for sentence in report.lead for piece in (*_pieces(sentence), _piece(" "))][:-1],
        "sections": sections,
        "untold": untold_title(report),
        "dashboard": report.dashboard_url if report.dashboard_url.startswith("https://") else "",
    }  # fmt: skip
    closing = [INTERVALS.format(evidence=evidence_words(report))]
    if SAMPLE_MARK in orjson.dumps(document).decode():
        closing.append(SAMPLE_NOTE)
    return {**document, "closing": closing}


def _section(section: Section, place: int) -> dict:
    return {
        "title": printable(section.title),
        "findings": [_finding(finding) for finding in section.findings],
        "notes": [_pieces(note) for note in section.notes],
        "blocks": [_block(block, f"s{place}-{i}") for i, block in enumerate(section.blocks)],
        "cannot_tell": [breakable(printable(text)) for text in section.cannot_tell],
    }


def _finding(finding: Finding) -> dict:
    return {
        "level": finding.level,
        "sentence": _pieces(finding.sentence),
        "basis": [_piece(figure) for figure in basis_parts(finding)],
    }


def _pieces(sentence: Sentence) -> list[dict]:
    return [_piece(part) for part in sentence.parts()]


def _piece(part: Part) -> dict:
    """Words, a name or a number of a sentence."""
    if isinstance(part, Figure):
        limits = interval_text(part)
        return {"kind": "figure", "text": glued(marked(part, figure_text(part))),
                "interval": glued(f"({limits})") if limits else ""}  # fmt: skip
    if isinstance(part, Name):
        return {"kind": "name", "text": breakable(part_text(part)), "interval": ""}
    return {"kind": "words", "text": breakable(part_text(part)), "interval": ""}


def _block(block: Table | Chart, prefix: str) -> dict:
    if not isinstance(block, Table):
        return _chart(block, prefix)
    if not block.is_long:
        return table_data(block)
    rows = f"{len(block.rows):,} row{'' if len(block.rows) == 1 else 's'}"
    return {"kind": "left-out", "title": printable(block.title), "words": f"{rows}, in the report as HTML and as JSON."}


def _chart(chart: Chart, prefix: str) -> dict:
    title, summary = printable(chart.title), printable(chart.summary)
    svg = chart_svg(chart, width_px=CHART_WIDTH_PX, prefix=prefix, palette=replace(PRINT, font=FONT))
    return {"kind": "chart", "title": title, "summary": breakable(summary), "svg": svg, "alt": f"{title}. {summary}",
            "note": chart_note(chart)}  # fmt: skip
