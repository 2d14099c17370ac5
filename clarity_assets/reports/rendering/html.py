"""A report in, one self-contained HTML page out: nothing is loaded, every text from outside is escaped."""

import base64
import hashlib
import math
import re
from collections.abc import Sequence
from functools import cache
from itertools import groupby
from pathlib import Path

from markupsafe import Markup, escape

from clarity_assets.reports.document import Chart, DayState, Name, Part, Report, Section, Sentence, Table
from clarity_assets.reports.figures import ChangeFigure, Figure
from clarity_assets.reports.period import MONTHS, Period, day_name
from clarity_assets.reports.rendering.charts import SCREEN, chart_note, chart_rows, chart_svg
from clarity_assets.reports.rendering.charts.palette import DARK, LIGHT
from clarity_assets.reports.rendering.numbers import (
    MEASURING_UNITS,
    SAMPLE_NOTE,
    cell_text,
    figure_text,
    interval_text,
    marked,
    number_text,
)
from clarity_assets.reports.rendering.texts import (
    SHOWN_LENGTH,
    STATUSES,
    basis_parts,
    day_notes,
    evidence_words,
    known_text,
    name_text,
    origin_name,
    printable,
    untold_title,
)
from clarity_assets.statistics.change import Outcome

TEMPLATES = Path(__file__).parent / "templates"
WIDE_PX, NARROW_PX = 900, 340  # two drawings of each chart: a scaled one could not be read on a phone
WHOLE_LENGTH = 24  # a number and its unit of this length stay on one line
NOTES_SHOWN = 4  # more notes on days are folded
STRIP_DAYS = 62  # two months; more days do not fit one line and are shown by month


def render_html(report: Report) -> str:
    """The page as text. Its only script is named by its hash in the page's Content-Security-Policy."""
    script, figures = _read("report.js"), report.figures
    return _template().render(
        report=report,
        sections=[_section(section, place) for place, section in enumerate(report.sections)],
        months=_months(report.days) if len(report.days) > STRIP_DAYS else [],
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        style=Markup(_read("report.css")),
        light=_variables(LIGHT),
        dark=_variables(DARK),
        dashboard_url=report.dashboard_url if re.match(r"https://[^\s]+$", report.dashboard_url) else "",
        sample_note=SAMPLE_NOTE if any(figure.is_sample for figure in figures) else "",
        origin=origin_name(report),
        untold=untold_title(report, of_clarity="What Clarity’s export does not tell"),
        evidence=evidence_words(report),
        first_id=figures[0].id if figures else "ID",
    )


@cache
def _read(name: str) -> str:
    return (TEMPLATES / name).read_text()


@cache
def _template():
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True)  # fmt: skip
    environment.globals |= {
        "known_text": known_text, "day_notes": day_notes, "day_tip": _day_tip, "statuses": STATUSES,
        "basis_parts": basis_parts, "notes_shown": NOTES_SHOWN, "is_figure": lambda part: isinstance(part, Figure),
    }  # fmt: skip
    environment.filters |= {
        "part": part_html, "sentence": sentence_html, "cell": cell_html, "printable": printable,
        "basis": basis_html,
    }  # fmt: skip
    return environment.get_template("report.html")


def _variables(colours: dict[str, str]) -> Markup:
    return Markup("; ".join(f"--{name}: {value}" for name, value in colours.items()))


# --- sections and blocks ------------------------------------------------------------------------------------------


def _section(section: Section, place: int) -> dict:
    """What the template shows of a section; `id`s are unique in the page."""
    slug = re.sub(r"[^a-z0-9]+", "-", section.name.lower()).strip("-") or "section"
    blocks = [
        _table(block, f"b{place}-{i}") if isinstance(block, Table) else _chart(block, f"b{place}-{i}")
        for i, block in enumerate(section.blocks)
    ]
    return {"section": section, "id": f"s{place + 1}-{slug}", "blocks": blocks}


def _table(table: Table, block_id: str) -> dict:
    meanings = [(column.title, column.meaning) for column in table.columns if column.meaning]
    return {"kind": "table", "id": block_id, "table": table, "meanings": meanings}


def _chart(chart: Chart, block_id: str) -> dict:
    titles, rows = chart_rows(chart)
    drawn = {
        name: Markup(chart_svg(chart, width_px=width_px, prefix=f"{block_id}-{name}", palette=SCREEN))
        for name, width_px in (("wide", WIDE_PX), ("narrow", NARROW_PX))
    }
    return {
        "kind": "chart",
        "id": block_id,
        "chart": chart,
        "note": chart_note(chart),
        "titles": titles,
        "rows": rows,
        **drawn,
    }


# --- names and numbers --------------------------------------------------------------------------------------------


def sentence_html(sentence: Sentence) -> Markup:
    """The sentence with its names kept apart and its numbers traceable."""
    return Markup("").join(part_html(part) for part in sentence.parts())


def part_html(part: Part) -> Markup:
    """A part of running text; of a long name its beginning and end, all of it in a tip."""
    if isinstance(part, Figure):
        limits = interval_text(part)
        shown = _whole(marked(part, figure_text(part)))
        return _data(part, shown + " " + _whole(f"({limits})") if limits else shown)
    if isinstance(part, Name):
        tip = Markup(' data-tip="{}"').format(printable(part.text)) if _is_long(part) else ""
        return Markup("<bdi{}>{}</bdi>").format(tip, name_text(part))
    return escape(printable(part or ""))


def cell_html(part: Part) -> Markup:
    """A cell of a table; a long name can be unfolded."""
    if isinstance(part, Figure):
        shown, limits = cell_text(part)
        return _data(part, shown) + (Markup(" <small>{}</small>").format(limits) if limits else "")
    if isinstance(part, Name) and not _is_long(part):
        return Markup("<bdi>{}</bdi>").format(_breakable(name_text(part)))
    if isinstance(part, Name):
        return Markup('<details class="name"><summary><bdi>{}</bdi></summary><p><bdi>{}</bdi></p></details>').format(
            name_text(part), printable(part.text)
        )
    return part_html(part)


def basis_html(figure: Figure) -> Markup:
    """A number behind a finding, with the name of its measure where its unit does not tell it."""
    from clarity_assets.reports.measures import MEASURES

    measure = MEASURES.get(figure.source.measure) if figure.source else None
    title = f"{measure.title}: " if measure and figure.unit in MEASURING_UNITS else ""
    return escape(title) + part_html(figure)


def _whole(text: str) -> Markup:
    """A short text that stays on one line, such as a number and its unit."""
    return Markup('<span class="whole">{}</span>').format(text) if len(text) <= WHOLE_LENGTH else escape(text)


def _breakable(text: str) -> Markup:
    """The text, which may go on in a new line after each slash."""
    return Markup("/<wbr>").join(text.split("/"))


def _is_long(name: Name) -> bool:
    return len(name.text or "") > SHOWN_LENGTH


def _data(figure: Figure, shown: str | Markup) -> Markup:
    """A number with its id, its value for sorting, and its tip."""
    value = (
        "" if figure.value is None or math.isnan(figure.value) else f"{figure.value:.10g}".replace("inf", "Infinity")
    )
    names = ["n", *(_change_classes(figure) if isinstance(figure, ChangeFigure) else [])]
    named = Markup(f' data-id="{figure.id}"') if figure.source else ""  # an id is hexadecimal
    return Markup('<data class="{}"{} value="{}" data-tip="{}">{}</data>').format(
        " ".join(names), named, value, "\n".join(_tip_lines(figure)), shown
    )


def _change_classes(change: ChangeFigure) -> list[str]:
    if not change.is_named:
        return ["change", "quiet"]
    return ["change", {True: "better", False: "worse", None: "neutral"}[change.is_good]]


def _tip_lines(figure: Figure) -> list[str]:
    """What is known of a number: limits, days, bounds, where it comes from."""
    lines = []
    if limits := interval_text(figure):
        unit = "" if isinstance(figure, ChangeFigure) or limits.endswith(("min", "h")) else f" {figure.unit}"
        lines.append(f"95 % interval: {limits}{unit}".rstrip())
    if isinstance(figure, ChangeFigure):
        lines += _change_lines(figure)
    if figure.is_at_most:
        lines.append("An upper bound: the true number may be smaller.")
    if figure.is_at_least:
        lines.append("A lower bound: the true number may be larger.")
    if figure.is_sample:
        lines.append("Of a sample: answers of some days were cut at 1,000 rows.")
    if figure.day_count is not None:
        lines.append(f"Told by {figure.day_count} UTC day{'' if figure.day_count == 1 else 's'}.")
    if figure.source:
        period = Period(figure.source.start, figure.source.end)
        lines.append(f"{figure.source.measure} of {figure.source.table}, {period.name}")
    return [line if line.isprintable() else printable(line) for line in lines]


def _change_lines(change: ChangeFigure) -> list[str]:
    lines = []
    if change.before is not None and change.after is not None:
        lines.append(f"Before {_level(change.before)}, after {_level(change.after)}.")
    if change.is_named and change.is_good is not None:
        lines.append("For the better." if change.is_good else "For the worse.")
    if change.outcome is Outcome.TOO_FEW and change.reason:
        lines.append(f"Too few: {change.reason}.")
    if change.p_adjusted is not None:
        lines.append(f"p = {change.p_adjusted:.2g}, corrected for how many were compared.")
    return lines


def _level(value: float) -> str:
    return (
        number_text(value, 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2)
        if math.isfinite(value)
        else "unknown"
    )


def _months(days: Sequence[DayState]) -> list[tuple[str, list[DayState]]]:
    """The days by month, such as `Oct 2024`."""
    months = groupby(days, key=lambda day: f"{MONTHS[day.date.month - 1]} {day.date.year}")
    return [(name, list(those)) for name, those in months]


def _day_tip(day: DayState) -> str:
    notes = day_notes([day])
    return "\n".join(notes) if notes else f"{day_name(day.date)}: {day.status}"
