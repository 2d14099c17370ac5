"""A TrendChart in, its Vega-Lite specification out: lines that never cross an unknown day."""

from collections.abc import Iterator
from datetime import date

from clarity_assets.reports.document import Line, TrendChart
from clarity_assets.reports.period import MONTHS
from clarity_assets.reports.rendering.charts.palette import DASHES, SERIES, colour
from clarity_assets.reports.rendering.charts.words import amount, date_text, is_weekly, label_text, looked_up

WIDE_PX = 600  # from here on, a chart has room
TICK_PX = 58  # one label such as `28 Sep` with air
AXIS_PX = 52
FORECAST_DASH = [3, 3]


def trend_spec(chart: TrendChart, *, width_px: int) -> dict:
    """One picture, or a small one for each line where `is_split`."""
    if chart.is_split and len(chart.lines) > 1:
        return _split(chart, width_px=width_px)
    height_px = 220 if width_px >= WIDE_PX else 190
    return {
        "width": width_px, "height": height_px, "autosize": {"type": "fit", "contains": "padding"},
        **_picture(chart, chart.lines, width_px=width_px - AXIS_PX, height_px=height_px),
    }  # fmt: skip


def _split(chart: TrendChart, *, width_px: int) -> dict:
    column_count = min(3, len(chart.lines)) if width_px >= WIDE_PX else 1
    each_px = width_px // column_count - AXIS_PX
    height_px = 130 if column_count > 1 else 100
    pictures = [
        {"width": each_px, "height": height_px, "title": label_text(line.label),
         **_picture(chart, (line,), width_px=each_px, height_px=height_px)}
        for line in chart.lines
    ]  # fmt: skip
    return {"concat": pictures, "columns": column_count, "spacing": {"row": 14, "column": 16}}


def _picture(chart: TrendChart, lines: tuple[Line, ...], *, width_px: int, height_px: int) -> dict:
    """Spans below, then bands, lines and points; every picture of a chart has the same scales."""
    ticks, labels = _ticks(chart.dates, room=max(2, width_px // TICK_PX))
    x = {"field": "i", "type": "quantitative", "title": None,
         "scale": {"domain": [-0.5, len(chart.dates) - 0.5], "nice": False, "zero": False},
         "axis": {"values": ticks, "grid": False, "labelExpr": looked_up(labels), "labelBound": False,
                  "labelFlush": True, "labelOverlap": True}}  # fmt: skip
    layers = [*_spans(chart), *_bands(chart, lines), *_strokes(chart, lines)]
    return {"layer": layers, "encoding": {"x": x, "y": _y(chart, height_px=height_px)}}


def _y(chart: TrendChart, *, height_px: int) -> dict:
    told = [v for line in chart.lines for values in (line.values, line.low, line.high) for v in values or () if v is not None]
    top, bottom = max([*told, 0]), min([*told, 0])
    domain = [bottom, top if top > bottom else bottom + 1]
    axis = {"title": chart.unit, "titleAngle": 0, "titleAlign": "left", "titleAnchor": "end", "titleY": -8,
            "titleX": -28, "titleBaseline": "bottom", "domain": False, "ticks": False, "tickCount": max(2, height_px // 50),
            "labelPadding": 6, "format": ",.10~g" if chart.decimals else ",d"}  # fmt: skip
    if not chart.decimals:
        axis["tickMinStep"] = 1
    return {"field": "v", "type": "quantitative", "scale": {"domain": domain, "nice": True}, "axis": axis}


def _spans(chart: TrendChart) -> Iterator[dict]:
    """The shaded period, and the hatched lost days over the whole height."""
    edges = {"x": {"field": "a"}, "x2": {"field": "b"}, "y": {"value": 0}, "y2": {"value": "height"}}
    marked = [i for i, day in enumerate(chart.dates) if chart.marked and chart.marked[0] <= day < chart.marked[1]]
    if marked:
        span = {"a": marked[0] - 0.5, "b": marked[-1] + 0.5}
        yield {"data": {"values": [span]}, "mark": {"type": "rect", "color": colour("mark"), "aria": False}, "encoding": edges}
    weekly = is_weekly(chart.dates)
    lost = [{"a": i - 0.5, "b": i + 0.5, "tip": f"{date_text(day, weekly=weekly)}: lost"}
            for i, day in enumerate(chart.dates) if day in chart.lost]  # fmt: skip
    if lost:
        yield {"data": {"values": lost}, "mark": {"type": "rect", "color": colour("pattern-lost")},
               "encoding": {**edges, "description": {"field": "tip"}}}  # fmt: skip


def _bands(chart: TrendChart, lines: tuple[Line, ...]) -> Iterator[dict]:
    """Where a line has a low and a high value."""
    for line in lines:
        if line.low is None or line.high is None:
            continue
        rows = [{"i": i, "v": low, "w": high, "run": run} for i, run in _runs(line)
                if (low := line.low[i]) is not None and (high := line.high[i]) is not None]  # fmt: skip
        if rows:
            yield {"data": {"values": rows}, "mark": {"type": "area", "color": _colour(chart, line), "opacity": 0.18},
                   "encoding": {"y2": {"field": "w"}, "detail": {"field": "run"}}}  # fmt: skip


def _strokes(chart: TrendChart, lines: tuple[Line, ...]) -> Iterator[dict]:
    """The lines, and a point for each known day, which tells its number."""
    weekly = is_weekly(chart.dates)
    rows = [
        {"i": i, "v": line.values[i], "run": f"{n} {run}", "line": label_text(line.label), "colour": _colour(chart, line),
         "tip": _tip(chart, line, i, many=len(lines) > 1, weekly=weekly)}
        for n, line in enumerate(lines) for i, run in _runs(line)
    ]  # fmt: skip
    names = [label_text(line.label) for line in lines]
    legend = {"symbolType": "stroke", "symbolSize": 500, "symbolStrokeWidth": 2} if len(lines) > 1 else None
    dashes = [FORECAST_DASH if line.is_forecast else DASHES[chart.lines.index(line) % len(DASHES)] for line in lines]
    if chart.is_split:
        dashes = [[1, 0]]
    data = {"data": {"values": rows}}
    yield {
        **data,
        "mark": {"type": "line", "strokeWidth": 2, "strokeJoin": "round"},
        "encoding": {
            "color": {"field": "line", "type": "nominal", "legend": legend,
                      "scale": {"domain": names, "range": [_colour(chart, line) for line in lines]}},
            "strokeDash": {"field": "line", "type": "nominal", "legend": legend, "scale": {"domain": names, "range": dashes}},
            "detail": {"field": "run"},
        },
    }  # fmt: skip
    is_dense = len(chart.dates) > 70
    yield {
        **data,
        "mark": {"type": "point", "filled": True, "size": 9 if is_dense else 22, "opacity": 1},
        "encoding": {"color": {"field": "colour", "type": "nominal", "scale": None, "legend": None}, "description": {"field": "tip"}},
    }  # fmt: skip


def _runs(line: Line) -> Iterator[tuple[int, int]]:
    """Places of known values, each with the number of its run of days without a gap."""
    run = 0
    for i, value in enumerate(line.values):
        if value is None:
            run += 1
        else:
            yield i, run


def _tip(chart: TrendChart, line: Line, i: int, *, many: bool, weekly: bool) -> str:
    low, high = (values[i] if values else None for values in (line.low, line.high))
    shown = amount(line.values[i], chart.unit, decimals=chart.decimals, low=low, high=high)
    who = f"{label_text(line.label)}, " if many or chart.is_split else ""
    return f"{who}{date_text(chart.dates[i], weekly=weekly)}: {shown}"


def _colour(chart: TrendChart, line: Line) -> str:
    """A forecast has the colour of the line that it carries on."""
    lines = [one for one in chart.lines if not one.is_forecast]
    return colour(SERIES[lines.index(line) % len(SERIES) if line in lines else 0])


def _ticks(dates: tuple[date, ...], *, room: int) -> tuple[list[int], list[str]]:
    """Places that get a label (Mondays, or firsts of months where those are too many) and all labels by place."""
    labels = [f"{day.day} {MONTHS[day.month - 1]}" for day in dates]
    if len(dates) <= room:
        return list(range(len(dates))), labels
    mondays = [i for i, day in enumerate(dates) if day.weekday() == 0]
    if len(mondays) <= 3 * room and mondays:
        return mondays[:: -(-len(mondays) // room)], labels
    firsts = [i for i, day in enumerate(dates) if i and day.month != dates[i - 1].month]
    labels = [f"{MONTHS[day.month - 1]} {day.year}" if day.month == 1 else MONTHS[day.month - 1] for day in dates]
    return firsts[:: -(-len(firsts) // room) or 1], labels
