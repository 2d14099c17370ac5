"""Values and names of charts in, the short words for them out."""

from datetime import date

from clarity_assets.reports.document import BarChart, Chart, FlowChart, HeatChart, Name, TrendChart
from clarity_assets.reports.figures import Figure, Source
from clarity_assets.reports.period import day_name
from clarity_assets.reports.rendering.numbers import figure_text
from clarity_assets.reports.rendering.texts import name_text, printable, shorten

WIDE_PX = 600  # a drawing as wide as this has room for names at the left
LABEL_LENGTH = 40  # characters of a name in a drawing
ID_MARK = "\u2063"  # in a mark's words: its numbers' ids follow; no text from outside has it (`printable`)


def label_text(name: Name | str, *, length: int = LABEL_LENGTH) -> str:
    """A name as it stands in a drawing: one printable line, short."""
    return shorten(printable(name_text(name)), length=length)


def amount(
    value: float | None, unit: str, *, decimals: int, low: float | None = None, high: float | None = None
) -> str:
    """Such as `812 sessions`, or `900 sessions (700–1,150)`."""
    return figure_text(Figure(value, unit, low=low, high=high, decimals=decimals), interval=True)


def with_ids(tip: str, *sources: Source | None) -> str:
    """A mark's words, with its numbers' ids for `drawing` to take out again."""
    ids = " ".join(source.id for source in sources if source)
    return f"{tip}{ID_MARK}{ids}" if ids else tip


def plain(value: float) -> str:
    """A number without unit: whole where it is large or whole, else with one decimal."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.1f}"


def is_weekly(dates: tuple[date, ...]) -> bool:
    return len(dates) > 1 and (dates[1] - dates[0]).days == 7


def date_text(day: date, *, weekly: bool) -> str:
    return f"week of {day_name(day)}" if weekly else day_name(day)


def chart_note(chart: Chart) -> str:
    """What hatching, shading and numbers of this chart mean, where its title does not say it; "" where nothing is."""
    match chart:
        case TrendChart():
            said = _trend_notes(chart)
        case HeatChart():
            is_gappy = any(value is None for row in chart.values for value in row)
            gap = f"empty: {chart.nothing}" if chart.nothing else "hatched: unknown"
            said = [*_unit_note(chart), *([gap] if is_gappy else [])]
        case BarChart():
            said = [
                *_unit_note(chart),
                *(["thin lines: 95 % intervals"] if any(b.low is not None for b in chart.bars) else []),
            ]
        case FlowChart():
            said = [f"height: {chart.unit}", "the smallest are drawn together"]
        case _:
            said = [f"area: {chart.size_title}"]
    note = "; ".join(said)
    return f"{note[0].upper()}{note[1:]}." if note else ""


def _unit_note(chart: BarChart | HeatChart) -> list[str]:
    return [f"in {chart.unit}"] if " " in chart.unit and chart.unit.lower() not in chart.title.lower() else []


def _trend_notes(chart: TrendChart) -> list[str]:
    said, noun = [], "weeks" if is_weekly(chart.dates) else "days"
    if set(chart.lost) & set(chart.dates):
        said.append(f"hatched: lost {noun}")
    if chart.marked and any(chart.marked[0] <= day < chart.marked[1] for day in chart.dates):
        said.append("shaded: the period of this report")
    if any(line.low for line in chart.lines if not line.is_forecast):
        said.append("band: 95 % interval")
    if any(line.is_forecast for line in chart.lines):
        said.append("dashed: forecast with its 95 % range")
    return said
