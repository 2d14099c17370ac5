"""Charts of a report in, static SVG out; `SCREEN` follows the page's light and dark, `PRINT` has literal colours."""

from clarity_assets.reports.document import BarChart, BubbleChart, Chart, FlowChart, HeatChart, TrendChart
from clarity_assets.reports.rendering.charts.bars import bar_drawing
from clarity_assets.reports.rendering.charts.bubbles import bubble_drawing
from clarity_assets.reports.rendering.charts.drawing import svg_of
from clarity_assets.reports.rendering.charts.flows import flow_drawing
from clarity_assets.reports.rendering.charts.heat import heat_drawing
from clarity_assets.reports.rendering.charts.palette import PRINT, SCREEN, Palette
from clarity_assets.reports.rendering.charts.rows import chart_rows
from clarity_assets.reports.rendering.charts.trend import trend_drawing
from clarity_assets.reports.rendering.charts.words import chart_note, label_text

__all__ = ["PRINT", "SCREEN", "Palette", "chart_note", "chart_rows", "chart_svg", "has_values"]


def chart_svg(chart: Chart, *, width_px: int, prefix: str, palette: Palette) -> str:
    """The chart as an SVG element about `width_px` wide; "" where nothing of it is known (see `has_values`).

    `prefix` makes ids unique among the drawings of one document.
    """
    if not has_values(chart):
        return ""
    label = f"{label_text(chart.title, length=200)}. {label_text(chart.summary, length=1000)}"
    return svg_of(SPECS[type(chart)](chart, width_px=width_px), palette=palette, prefix=prefix, label=label)


def has_values(chart: Chart) -> bool:
    """Whether there is anything to draw."""
    match chart:
        case TrendChart():
            return any(value is not None for line in chart.lines for value in line.values)
        case HeatChart():
            return any(value is not None for row in chart.values for value in row)
        case BarChart():
            return bool(chart.bars)
        case BubbleChart():
            return bool(chart.points)
        case FlowChart():
            return bool(chart.flows)


SPECS = {
    TrendChart: trend_drawing,
    BarChart: bar_drawing,
    HeatChart: heat_drawing,
    BubbleChart: bubble_drawing,
    FlowChart: flow_drawing,
}
"""Which function draws which kind."""
