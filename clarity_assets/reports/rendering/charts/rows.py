"""A chart in, its numbers as a table of words out, for those who read or copy rather than look."""

from clarity_assets.reports.document import BarChart, BubbleChart, Chart, FlowChart, HeatChart, Name, TrendChart
from clarity_assets.reports.rendering.charts.words import amount, date_text, is_weekly, plain

Cell = Name | str
NOT_TOLD = "unknown"


def chart_rows(chart: Chart) -> tuple[list[str], list[list[Cell]]]:
    """Titles of columns, and rows; the first cell of a row says what it is about."""
    match chart:
        case TrendChart():
            return _trend(chart)
        case BarChart():
            return _bars(chart)
        case HeatChart():
            titles = [chart.unit, *chart.columns]
            return titles, [
                [
                    name,
                    *(
                        chart.nothing if value is None and chart.nothing else amount(value, "", decimals=chart.decimals)
                        for value in row
                    ),
                ]
                for name, row in zip(chart.rows, chart.values, strict=True)
            ]
        case BubbleChart():
            titles = ["", chart.x_title, chart.y_title, chart.size_title]
            return titles, [[p.label, plain(p.x), plain(p.y), plain(p.size)] for p in chart.points]
        case FlowChart():
            return _flows(chart)


def _trend(chart: TrendChart) -> tuple[list[str], list[list[Cell]]]:
    weekly = is_weekly(chart.dates)
    titles = ["Week" if weekly else "Day (UTC)", *(f"{line.label} ({chart.unit})" for line in chart.lines)]
    rows = []
    for i, day in enumerate(chart.dates):
        missing = "lost" if day in chart.lost else NOT_TOLD
        values = [
            missing
            if line.values[i] is None and not line.is_forecast
            else ""
            if line.values[i] is None
            else amount(line.values[i], "", decimals=chart.decimals, low=_at(line.low, i), high=_at(line.high, i))
            for line in chart.lines
        ]
        rows.append([date_text(day, weekly=weekly), *values])
    return titles, rows


def _at(values: tuple[float | None, ...] | None, i: int) -> float | None:
    return values[i] if values else None


def _bars(chart: BarChart) -> tuple[list[str], list[list[Cell]]]:
    has_groups = any(bar.group for bar in chart.bars)
    titles = ["", *(["Group"] if has_groups else []), chart.unit]
    rows = []
    for bar in chart.bars:
        shown = amount(bar.value, "", decimals=chart.decimals, low=bar.low, high=bar.high)
        rows.append([bar.label, *([bar.group] if has_groups else []), shown])
    return titles, rows


def _flows(chart: FlowChart) -> tuple[list[str], list[list[Cell]]]:
    """The largest first."""
    rows = [
        [flow.start, flow.end, chart.columns[flow.place], amount(flow.value, "", decimals=0)]
        for flow in sorted(chart.flows, key=lambda flow: (-flow.value, flow.place))
    ]
    return ["From", "To", "Place", chart.unit], rows
